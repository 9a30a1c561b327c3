//! Each file of `data/ok` is sound; what is read of it stands beside it.

#[path = "support/diagnose.rs"]
mod diagnose;
#[path = "support/dump.rs"]
mod dump;
#[path = "../../runbook/tests/support/snapshot.rs"]
mod snapshot;

use std::path::Path;

use runbook::source::Source;

#[expect(clippy::unnecessary_wraps, reason = "the harness asks for it")]
fn accept(path: &Path, text: String) -> datatest_stable::Result<()> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let source = Source::new(name, text);
    assert!(rules::file::is_rule_file(&source));
    let (file, diagnostics) = rules::file::parse(&source);
    assert!(diagnostics.is_empty(), "{}", diagnose::rendered(&source, &diagnostics));
    let file = file.expect("a file without mistakes is read");
    snapshot::snapshot(path, "", &dump::dump(&file));
    Ok(())
}

datatest_stable::harness! {
    { test = accept, root = "tests/data/ok", pattern = r"\.(yaml|json)$" },
}
