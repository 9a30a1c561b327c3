//! The whole engine in this process, as `runwright run` has it.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use host_api::identifier::RunId;
use machine::status::RunStatus;
use runbook::plan::Plan;
use runbook::source::Source;
use runwright::engine::{Engine, Openings};
use services::automation::Start;

pub(crate) async fn open(directory: &Path) -> Result<Engine> {
    Engine::open(directory, Openings::Driving).await
}

/// Compiles a runbook; a mistake in it is a mistake of the bench.
pub(crate) async fn plan(engine: &Engine, text: String) -> Result<Plan> {
    let catalogue = engine.services().catalogue().await?;
    let source = Source::new("Bench.yaml", text);
    let (plan, diagnostics) = runbook::compile::load(&source, &catalogue, None);
    let rendered = || {
        let render = |found| runbook::diagnostic::render::plain(&source, found);
        diagnostics.iter().map(render).collect::<String>()
    };
    plan.with_context(|| format!("the runbook is refused:\n{}", rendered()))
}

pub(crate) async fn start(engine: &Engine, plan: &Plan) -> Result<RunId> {
    let start = Start::by_hand(plan.clone(), BTreeMap::new());
    Ok(engine.services().start_plan(engine.actor(), start).await?)
}

/// Waits for a run's end, which must be a success.
pub(crate) async fn wait(engine: &Engine, run: &RunId) -> Result<()> {
    let status = engine.driver().await?.wait(run).await?;
    if status != RunStatus::Success {
        let view = engine.services().get_run(run).await?;
        bail!("run {run} ended as {status:?}: {:?}", view.failure);
    }
    Ok(())
}
