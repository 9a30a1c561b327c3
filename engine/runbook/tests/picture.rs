//! Pictures of plans, beside the runbooks they are of.

#[path = "support/fixture.rs"]
mod fixture;
#[path = "support/snapshot.rs"]
mod snapshot;

use std::path::Path;

use runbook::picture;
use runbook::source::Source;

fn draw(path: &Path, text: String) -> datatest_stable::Result<()> {
    let source = Source::new(path.to_string_lossy(), text);
    let (plan, diagnostics) = fixture::load(&source);
    let plan = plan.ok_or_else(|| fixture::rendered(&source, &diagnostics))?;
    snapshot::snapshot(path, ".mermaid", &picture::mermaid(&plan));
    snapshot::snapshot(path, ".dot", &picture::dot(&plan));
    snapshot::snapshot(path, ".svg", &picture::svg(&plan));
    Ok(())
}

datatest_stable::harness! {
    { test = draw, root = "tests/data/pictures", pattern = r"\.yaml$" },
}
