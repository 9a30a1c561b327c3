//! `runwright runs logs`

use anyhow::Result;
use serde_json::Value;

use crate::exit::{Exit, Refusal};
use crate::operation::Operation;
use crate::render::{Printer, safe_line};
use crate::session::Session;

pub(super) async fn logs(
    run: String,
    step: Option<&str>,
    session: &Session,
    printer: Printer,
) -> Result<Exit> {
    let view = session.call(&Operation::ShowRun { run: run.clone() }).await?;
    let known = |step: &str| {
        view["steps"].as_array().into_iter().flatten().any(|known| is_of(&known["path"], step))
    };
    if let Some(step) = step.filter(|step| !known(step)) {
        let message = format!("the run has no step `{step}`");
        return Err(Refusal::bad_input(message).into());
    }
    let logs = session.call(&Operation::Logs { run }).await?;
    let logs: Vec<&Value> = (logs.as_array().into_iter().flatten())
        .filter(|log| step.is_none_or(|step| is_of(&log["step"], step)))
        .collect();
    printer.result(&logs, || logs.iter().map(|log| text(log)).collect())?;
    Ok(Exit::Done)
}

/// Returns whether a displayed path is that of a step, or lies within it: an item, a pass of a loop.
fn is_of(path: &Value, step: &str) -> bool {
    let path = path.as_str().unwrap_or_default();
    let last = path.rsplit('/').next().unwrap_or(path);
    path == step || last.split('[').next() == Some(step)
}

fn text(log: &Value) -> String {
    let step = safe_line(log["step"].as_str().unwrap_or_default());
    let mut text = String::new();
    for line in log["lines"].as_array().into_iter().flatten() {
        let level = line["level"].as_str().unwrap_or_default();
        let message = safe_line(line["message"].as_str().unwrap_or_default());
        text.push_str(&format!("{step}  {level}  {message}\n"));
    }
    text
}
