//! Each file of `data/err` has mistakes; what is said of them stands beside it.

#[path = "support/diagnose.rs"]
mod diagnose;
#[path = "../../runbook/tests/support/snapshot.rs"]
mod snapshot;

use std::path::Path;

use runbook::diagnostic::any_error;
use runbook::source::Source;

#[expect(clippy::unnecessary_wraps, reason = "the harness asks for it")]
fn check(path: &Path, text: String) -> datatest_stable::Result<()> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let source = Source::new(name, text);
    let (file, diagnostics) = rules::file::parse(&source);
    assert!(!diagnostics.is_empty(), "the case has no mistake");
    assert_eq!(file.is_none(), any_error(&diagnostics));
    snapshot::snapshot(path, "", &diagnose::rendered(&source, &diagnostics));
    Ok(())
}

datatest_stable::harness! {
    { test = check, root = "tests/data/err", pattern = r"\.(yaml|json)$" },
}
