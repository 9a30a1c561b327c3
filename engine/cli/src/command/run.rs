//! `runwright run`

use anyhow::{Result, bail};
use machine::event::Entry;
use serde_json::Value;

use crate::arguments::{Output, Run};
use crate::exit::{Exit, Refusal};
use crate::operation::{Operation, Start};
use crate::progress::ProgressView;
use crate::render::{self, Printer, duration, safe, short, table};
use crate::session::Session;
use crate::source::{self, Found};

/// Documents beside a runbook that are sent along with it.
const BESIDE_MAX: usize = 200;
const BESIDE_BYTES_MAX: u64 = 64 << 10;

/// Returns what starts the runbook.
pub(crate) fn start(found: &Found, parameters: &[String]) -> Result<Start> {
    Ok(Start {
        name: found.source.name.clone(),
        text: found.source.text.to_string(),
        lock: found.lock.as_ref().map(|lock| (lock.name.clone(), lock.text.to_string())),
        beside: beside(found),
        parameters: parsed(parameters)?,
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

/// A step may name a document by the stem of a file in the runbook's folder.
fn beside(found: &Found) -> Vec<(String, String)> {
    let Some(entries) = found.directory.as_ref().and_then(|directory| {
        let directory =
            if directory.as_os_str().is_empty() { ".".as_ref() } else { directory.as_path() };
        std::fs::read_dir(directory).ok()
    }) else {
        return Vec::new();
    };
    let mut documents = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        let is_document = path
            .extension()
            .and_then(|extension| extension.to_str())
            .is_some_and(|extension| matches!(extension, "yaml" | "yml" | "json"));
        let small =
            path.metadata().is_ok_and(|file| file.is_file() && file.len() <= BESIDE_BYTES_MAX);
        if !is_document || !small || documents.len() >= BESIDE_MAX {
            continue;
        }
        if let (Some(stem), Ok(text)) =
            (path.file_stem().and_then(|stem| stem.to_str()), std::fs::read_to_string(&path))
        {
            documents.push((stem.to_owned(), text));
        }
    }
    documents.sort();
    documents
}

/// Starts a run, shows it while it happens, and prints what became of it.
pub(crate) async fn run(
    arguments: &Run,
    session: Session,
    reopen: &impl AsyncFn() -> Result<Session>,
    printer: Printer,
) -> Result<Exit> {
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
    let (session, view) = follow(&run, session, reopen, printer).await?;
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
    printer: Printer,
) -> Result<(Session, Value)> {
    let mut view = ProgressView::new(printer.terminal, printer.output == Output::Json);
    loop {
        match follow_once(run, &session, &mut view).await {
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

fn is_gone(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Refusal>().is_some_and(|refusal| refusal.exit == Exit::NotReachable)
}

async fn follow_once(run: &str, session: &Session, view: &mut ProgressView) -> Result<Value> {
    let follow = Operation::Follow { run: run.to_owned() };
    let followed = session.ask(&follow, |news| {
        let entries: Vec<Entry> = serde_json::from_value(news).unwrap_or_default();
        for entry in &entries {
            view.show(entry);
        }
    });
    tokio::pin!(followed);
    let mut interrupts = 0u32;
    loop {
        tokio::select! {
            result = &mut followed => {
                result?;
                return session.call(&Operation::ShowRun { run: run.to_owned() }).await;
            }
            interrupted = tokio::signal::ctrl_c() => {
                interrupted?;
                interrupts += 1;
                if interrupts > 1 {
                    bail!(Refusal {
                        exit: Exit::RunFailed,
                        message: format!("left run {run} as it was; `runwright runs resume {run}` goes on with it"),
                        help: None,
                    });
                }
                render::note("cancelling: onCancel and finally steps run now; press Ctrl-C again to leave at once");
                session.call(&Operation::Cancel { run: run.to_owned() }).await?;
            }
        }
    }
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
        text.push_str(&format!("{}\n", safe(message)));
    }
    text
}

fn steps(view: &Value) -> String {
    let rows: Vec<_> = view["steps"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|step| {
            let text = |key: &str| step[key].as_str().unwrap_or_default().to_owned();
            let took = step["ended"].as_u64().zip(step["started"].as_u64());
            let took = took.map(|(ended, started)| duration(ended.saturating_sub(started)));
            let result = match step["failure"]["message"].as_str() {
                Some(message) => safe(message),
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
