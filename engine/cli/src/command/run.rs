//! `runwright run`

pub(crate) mod beside;

use anyhow::{Context, Result, bail};
use futures_util::future::OptionFuture;
use machine::event::Entry;
use serde_json::Value;

use crate::arguments::{Output, Run};
use crate::exit::{Exit, Refusal};
use crate::interrupt::{Interrupt, Interrupts};
use crate::operation::{Operation, Start};
use crate::progress::ProgressView;
use crate::render::{self, Printer, duration, short, table};
use crate::session::{Session, is_gone};
use crate::source::{self, Found};

/// Returns what starts the runbook.
pub(crate) fn start(found: &Found, parameters: &[String]) -> Result<Start> {
    let parameters = parsed(parameters)?;
    Ok(Start {
        name: found.source.name.clone(),
        text: found.source.text.to_string(),
        lock: found.lock.as_ref().map(|lock| (lock.name.clone(), lock.text.to_string())),
        beside: beside::reached(found, &parameters)?,
        parameters,
        event: Value::Null,
    })
}

/// Parses `NAME=VALUE` arguments.
pub(crate) fn parsed(parameters: &[String]) -> Result<Vec<(String, String)>> {
    let mut parsed: Vec<(String, String)> = Vec::with_capacity(parameters.len());
    for text in parameters {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => (name, value),
            _ => bail!(Refusal::bad_input(format!("`--param {text}` is not NAME=VALUE"))),
        };
        if parsed.iter().any(|(known, _)| known == name) {
            bail!(
                Refusal::bad_input(format!("the parameter `{name}` is given twice"))
                    .with_help(format!("a list is one value: --param {name}=a,b"))
            );
        }
        parsed.push((name.to_owned(), value.to_owned()));
    }
    Ok(parsed)
}

/// Starts a run, shows it while it happens, and prints what became of it.
pub(crate) async fn run(
    arguments: &Run,
    session: Session,
    reopen: &impl AsyncFn() -> Result<Session>,
    printer: Printer,
) -> Result<Exit> {
    let mut interrupts = Interrupts::listen()?;
    let found = source::find(&arguments.file)?;
    let start = start(&found, &arguments.parameters)?;
    let started = session.call(&Operation::Start(Box::new(start))).await?;
    for warning in started["warnings"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        render::note(warning.trim_end());
    }
    let run = started["id"].as_str().unwrap_or_default().to_owned();
    if printer.output == Output::Text {
        render::note(format!("run {run}"));
    }
    let (session, view) = follow(&run, session, reopen, &mut interrupts, printer).await?;
    session.close().await;
    printer.result(&view, || finished(&view))?;
    Ok(exit_of(&view))
}

/// Shows a run until it has ended, and returns what became of it. When its owner goes away, this process becomes the
/// owner and goes on.
pub(crate) async fn follow(
    run: &str,
    mut session: Session,
    reopen: &impl AsyncFn() -> Result<Session>,
    interrupts: &mut Interrupts,
    printer: Printer,
) -> Result<(Session, Value)> {
    let mut view = ProgressView::new(printer.terminal, printer.output == Output::Json);
    let mut cancelling = false;
    loop {
        match follow_once(run, &session, interrupts, &mut cancelling, &mut view).await {
            Ok(ended) => {
                view.finish();
                return Ok((session, ended));
            }
            Err(error) if is_gone(&error) => {
                session = reopen().await?;
                let resume = Operation::Resume { run: Some(run.to_owned()) };
                // Another process may have become the owner and gone as well.
                if let Err(error) = session.call(&resume).await
                    && !is_gone(&error)
                {
                    return Err(error);
                }
            }
            Err(error) => return Err(error),
        }
    }
}

async fn follow_once(
    run: &str,
    session: &Session,
    interrupts: &mut Interrupts,
    cancelling: &mut bool,
    view: &mut ProgressView,
) -> Result<Value> {
    let follow = Operation::Follow { run: run.to_owned() };
    let followed = async {
        let mut strange = None;
        let shown = |news| match serde_json::from_value::<Vec<Entry>>(news) {
            Ok(entries) => entries.iter().for_each(|entry| view.show(entry)),
            Err(error) => strange = Some(error),
        };
        session.ask(&follow, shown).await?;
        strange
            .map_or(Ok(()), Err)
            .context("the owner of the data directory tells what is not understood")
    };
    let mut followed = Box::pin(followed);
    // Asked beside the following: a second Ctrl-C must not wait for the answer to the first.
    let mut asked = Box::pin(OptionFuture::default());
    loop {
        tokio::select! {
            result = &mut followed => {
                result?;
                break;
            }
            Some(result) = &mut asked => {
                drop::<Value>(result?);
                asked.set(OptionFuture::default());
            }
            interrupt = interrupts.next() => {
                if *cancelling || interrupt == Interrupt::Leave {
                    let message = format!("left run {run} as it was; `runwright runs resume {run}` goes on with it");
                    bail!(Refusal { exit: Exit::RunFailed, message, help: None });
                }
                *cancelling = true;
                render::note("cancelling: onCancel and finally steps run now; press Ctrl-C again to leave at once");
                let cancel = Operation::Cancel { run: run.to_owned() };
                asked.set(OptionFuture::from(Some(async move { session.call(&cancel).await })));
            }
        }
    }
    session.call(&Operation::ShowRun { run: run.to_owned() }).await
}

/// Returns the exit code that a run's status stands for.
pub(crate) fn exit_of(view: &Value) -> Exit {
    if view["status"] == "Success" { Exit::Done } else { Exit::RunFailed }
}

/// Returns what became of a run: a table of steps, then outputs.
pub(crate) fn finished(view: &Value) -> String {
    let mut text = steps(view);
    let outputs = view["outputs"].as_object();
    if let Some(outputs) = outputs.filter(|outputs| !outputs.is_empty()) {
        let rows: Vec<_> =
            outputs.iter().map(|(name, value)| vec![name.clone(), short(value, 100)]).collect();
        text.push('\n');
        text.push_str(&table(&["OUTPUT", "VALUE"], &rows));
    }
    let took = view["ended"].as_u64().zip(view["started"].as_u64());
    let took =
        took.map(|(ended, started)| format!(" in {}", duration(ended.saturating_sub(started))));
    text.push_str(&format!(
        "\n{} {}{}\n",
        view["id"].as_str().unwrap_or_default(),
        view["status"].as_str().unwrap_or_default(),
        took.unwrap_or_default()
    ));
    if let Some(message) = view["failure"]["message"].as_str() {
        // Only the table has lines that begin at the margin.
        text.push_str(&format!("{}\n", message.replace('\n', "\n  ")));
    }
    text
}

/// Puts the steps of a loop pass by pass, also in loops within; `from` is where the paths are to be looked at.
fn order_passes(steps: &mut [&Value], from: usize) {
    for passes in steps.chunk_by_mut(|one, next| loop_of(one, from) == loop_of(next, from)) {
        let Some(name) = passes.first().and_then(|step| loop_of(step, from)) else { continue };
        let at = name.len() + 1;
        passes.sort_by_key(|step| pass_of(step, at));
        for pass in passes.chunk_by_mut(|one, next| pass_of(one, at) == pass_of(next, at)) {
            order_passes(pass, at);
        }
    }
}

/// Returns the path of the loop that a step stands in, the first at or after `from`: `each` of `each#2/keep`.
fn loop_of(step: &Value, from: usize) -> Option<&str> {
    let path = step["path"].as_str()?;
    let end = from + path.get(from..)?.find('#')?;
    path.get(..end)
}

fn pass_of(step: &Value, at: usize) -> Option<u64> {
    let rest = step["path"].as_str()?.get(at..)?;
    rest.split(|character: char| !character.is_ascii_digit()).next()?.parse().ok()
}

fn steps(view: &Value) -> String {
    let mut steps: Vec<_> = view["steps"].as_array().into_iter().flatten().collect();
    order_passes(&mut steps, 0);
    let rows: Vec<_> = steps
        .into_iter()
        .map(|step| {
            let text = |key: &str| step[key].as_str().unwrap_or_default().to_owned();
            let took = step["ended"].as_u64().zip(step["started"].as_u64());
            let took = took.map(|(ended, started)| duration(ended.saturating_sub(started)));
            let result = match step["failure"]["message"].as_str() {
                Some(message) => message.to_owned(),
                None => match step["outputs"].as_object() {
                    Some(outputs) if !outputs.is_empty() => short(&step["outputs"], 70),
                    _ => String::new(),
                },
            };
            let name =
                step["path"].as_str().or(step["name"].as_str()).unwrap_or_default().to_owned();
            vec![name, text("action"), text("status"), took.unwrap_or_default(), result]
        })
        .collect();
    table(&["STEP", "ACTION", "STATUS", "TIME", "RESULT"], &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_of_loops_are_in_the_order_of_their_passes() {
        let paths = [
            "first",
            "o",
            "o#1/a",
            "o#10/a",
            "o#2/a",
            "o#1/i#1/x",
            "o#1/i#2/x",
            "o#1/i#1/y",
            "o#2/z",
            "last",
        ];
        let view: Vec<Value> =
            paths.iter().map(|path| serde_json::json!({ "path": path })).collect();
        let mut steps: Vec<_> = view.iter().collect();
        order_passes(&mut steps, 0);
        let ordered: Vec<_> = steps.iter().filter_map(|step| step["path"].as_str()).collect();
        let expected = [
            "first",
            "o",
            "o#1/a",
            "o#1/i#1/x",
            "o#1/i#1/y",
            "o#1/i#2/x",
            "o#2/a",
            "o#2/z",
            "o#10/a",
            "last",
        ];
        assert_eq!(ordered, expected);
    }
}
