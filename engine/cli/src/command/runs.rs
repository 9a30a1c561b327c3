//! `runwright runs`

mod logs;
mod prune;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use machine::event::Signal;
use serde_json::{Value, json};

use crate::arguments::{Output, Runs, SignalArguments, SignalName};
use crate::command::file::write_new;
use crate::command::run::{exit_of, finished, follow};
use crate::exit::{Exit, Refusal};
use crate::interrupt::Interrupts;
use crate::moment;
use crate::operation::Operation;
use crate::render::{self, Printer, safe_line, short, table};
use crate::session::Session;

pub(crate) async fn run(
    arguments: Runs,
    session: Session,
    reopen: &impl AsyncFn() -> Result<Session>,
    printer: Printer,
) -> Result<Exit> {
    match arguments {
        Runs::List { status, limit } => list(status, limit, &session, printer).await,
        Runs::Show { run } => {
            let view = session.call(&Operation::ShowRun { run }).await?;
            printer.result(&view, || finished(&view))?;
            Ok(Exit::Done)
        }
        Runs::Events { run } => events(run, &session, printer).await,
        Runs::Logs { run, step } => logs::logs(run, step.as_deref(), &session, printer).await,
        Runs::Prune { older_than, dry_run } => {
            prune::prune(&older_than, dry_run, &session, printer).await
        }
        Runs::Resume { run, .. } => resume(run, session, reopen, printer).await,
        Runs::Cancel { run } => cancel(run, session, reopen, printer).await,
        Runs::Signal(arguments) => signal(arguments, &session, printer).await,
        Runs::Replay { run } => replay(run, &session, printer).await,
        Runs::Export { run, file } => export(run, file, &session, printer).await,
        Runs::Verify { run, .. } => verify(run, &session, printer).await,
    }
}

async fn list(
    status: Option<String>,
    limit: u32,
    session: &Session,
    printer: Printer,
) -> Result<Exit> {
    let runs = session.call(&Operation::ListRuns { status, limit }).await?;
    printer.result(&runs, || {
        let rows: Vec<_> = runs
            .as_array()
            .into_iter()
            .flatten()
            .map(|run| {
                let text = |key: &str| safe_line(run[key].as_str().unwrap_or_default());
                let created = run["created"].as_u64().unwrap_or_default();
                vec![text("id"), text("document"), text("status"), moment::shown(created)]
            })
            .collect();
        table(&["RUN", "DOCUMENT", "STATUS", "CREATED"], &rows)
    })?;
    Ok(Exit::Done)
}

async fn events(run: String, session: &Session, printer: Printer) -> Result<Exit> {
    exists(&run, session).await?;
    let events = session.call(&Operation::Events { run }).await?;
    printer.result(&events, || {
        let rows: Vec<_> = events
            .as_array()
            .into_iter()
            .flatten()
            .enumerate()
            .map(|(seq, entry)| {
                let path =
                    entry["path"].as_object().map(|_| path(&entry["path"])).unwrap_or_default();
                let mut rest = entry.clone();
                if let Some(rest) = rest.as_object_mut() {
                    for key in ["at", "event", "path"] {
                        rest.shift_remove(key);
                    }
                }
                vec![
                    seq.to_string(),
                    moment::shown(entry["at"].as_u64().unwrap_or_default()),
                    entry["event"].as_str().unwrap_or_default().to_owned(),
                    path,
                    short(&rest, 90),
                ]
            })
            .collect();
        table(&["SEQ", "TIME", "EVENT", "STEP", "DETAILS"], &rows)
    })?;
    Ok(Exit::Done)
}

fn path(value: &Value) -> String {
    serde_json::from_value::<host_api::effect::StepPath>(value.clone())
        .map(|path| path.to_string())
        .unwrap_or_default()
}

async fn resume(
    run: Option<String>,
    mut session: Session,
    reopen: &impl AsyncFn() -> Result<Session>,
    printer: Printer,
) -> Result<Exit> {
    let mut interrupts = Interrupts::listen()?;
    let resumed = session.call(&Operation::Resume { run: run.clone() }).await?;
    if let Some(run) = run
        && resumed["runs"].as_array().is_none_or(Vec::is_empty)
    {
        let view = session.call(&Operation::ShowRun { run: run.clone() }).await?;
        let status = view["status"].as_str().unwrap_or_default();
        bail!(Refusal::bad_input(format!("the run {run} has ended as {status}")));
    }
    let (mut views, mut all_followed) = (Vec::new(), true);
    for run in resumed["runs"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if printer.output == Output::Text {
            render::note(format!("run {run}"));
        }
        match follow(run, session, reopen, &mut interrupts, printer).await {
            Ok((next, view)) => {
                session = next;
                views.push(view);
            }
            Err(error) if error.is::<Refusal>() => return Err(error),
            Err(error) => {
                // One run that is damaged does not keep the others from going on.
                render::note(format!("error: {}", safe_line(&format!("{error:#}"))));
                all_followed = false;
                session = reopen().await?;
            }
        }
    }
    session.close().await;
    let all_succeeded = all_followed && views.iter().all(|view| exit_of(view) == Exit::Done);
    printer.result(&views, || {
        if views.is_empty() {
            return "no run was interrupted".to_owned();
        }
        views.iter().map(finished).collect::<Vec<_>>().join("\n")
    })?;
    Ok(if all_succeeded { Exit::Done } else { Exit::RunFailed })
}

async fn cancel(
    run: String,
    session: Session,
    reopen: &impl AsyncFn() -> Result<Session>,
    printer: Printer,
) -> Result<Exit> {
    let mut interrupts = Interrupts::listen()?;
    session.call(&Operation::Cancel { run: run.clone() }).await?;
    let (session, view) = follow(&run, session, reopen, &mut interrupts, printer).await?;
    session.close().await;
    printer.result(&view, || finished(&view))?;
    Ok(Exit::Done)
}

async fn signal(arguments: SignalArguments, session: &Session, printer: Printer) -> Result<Exit> {
    let SignalArguments { run, signal, step, comment, speaks_for } = arguments;
    let signal = match signal {
        SignalName::Approve => Signal::Approve { comment },
        SignalName::Reject => Signal::Reject { comment },
        SignalName::Resume => Signal::Resume,
    };
    let result = session.call(&Operation::Signal { run, step, signal, speaks_for }).await?;
    printer.result(&result, || {
        let by = safe_line(result["by"].as_str().unwrap_or_default());
        format!("the signal is in the run's inbox, as the word of {by}")
    })?;
    Ok(Exit::Done)
}

async fn replay(run: String, session: &Session, printer: Printer) -> Result<Exit> {
    exists(&run, session).await?;
    let report = session.call(&Operation::Replay { run }).await?;
    compared(&report, printer)
}

/// Replays a file made by `runs export`, which needs no data directory.
pub(crate) async fn replay_file(file: &Path, printer: Printer) -> Result<Exit> {
    compared(&crate::replay::of_file(file).await?, printer)
}

fn compared(report: &Value, printer: Printer) -> Result<Exit> {
    printer.result(report, || replayed(report))?;
    Ok(if report["equal"] == true { Exit::Done } else { Exit::RunFailed })
}

/// Returns a replay's findings; the first difference is shown whole.
pub(crate) fn replayed(report: &Value) -> String {
    let mut text = String::new();
    let (mut equal, mut not_comparable, mut total) = (0, 0, 0);
    for activation in report["activations"].as_array().into_iter().flatten() {
        total += 1;
        let verdict = &activation["verdict"];
        let step = format!(
            "{} attempt {} activation {}",
            safe_line(activation["step"].as_str().unwrap_or_default()),
            activation["attempt"],
            activation["activation"]
        );
        match verdict["kind"].as_str() {
            Some("equal") => equal += 1,
            Some("notComparable") => {
                not_comparable += 1;
                let reason = verdict["reason"].as_str().unwrap_or_default();
                text.push_str(&format!("not comparable: {step}: {}\n", safe_line(reason)));
            }
            _ => {
                text.push_str(&format!(
                    "different: {step}\n  recorded  {}\n  replayed  {}\n",
                    short(&verdict["recorded"], 2_000),
                    short(&verdict["replayed"], 2_000)
                ));
            }
        }
    }
    text.push_str(&format!(
        "{equal} of {total} activations equal, {not_comparable} not comparable\n"
    ));
    text
}

async fn export(
    run: String,
    file: Option<PathBuf>,
    session: &Session,
    printer: Printer,
) -> Result<Exit> {
    exists(&run, session).await?;
    let recording = session.call(&Operation::Record { run: run.clone() }).await?;
    let file = file.unwrap_or_else(|| PathBuf::from(format!("{run}.run")));
    let text = serde_json::to_string(&recording)?;
    if file.as_os_str() == "-" {
        printer.exact(&recording, &text)?;
        return Ok(Exit::Done);
    }
    write_new(&file, text.as_bytes())?;
    let value = json!({ "file": file, "bytes": text.len() });
    printer.result(&value, || format!("{} ({} bytes)", file.display(), text.len()))?;
    Ok(Exit::Done)
}

/// Refuses a run that does not exist, whatever is asked about it, with the same words.
async fn exists(run: &str, session: &Session) -> Result<()> {
    session.call(&Operation::ShowRun { run: run.to_owned() }).await.map(drop)
}

async fn verify(run: Option<String>, session: &Session, printer: Printer) -> Result<Exit> {
    if let Some(run) = &run {
        exists(run, session).await?;
    }
    let report = session.call(&Operation::Verify { run }).await?;
    printer.result(&report, || {
        let mut text = String::new();
        for run in report["runs"].as_array().into_iter().flatten() {
            let id = run["id"].as_str().unwrap_or_default();
            match run["problems"].as_array() {
                Some(problems) if !problems.is_empty() => {
                    for problem in problems.iter().filter_map(Value::as_str) {
                        text.push_str(&format!("{id}: {}\n", safe_line(problem)));
                    }
                }
                _ => text.push_str(&format!("{id}: ok, {} entries\n", run["entries"])),
            }
        }
        text
    })?;
    Ok(if report["ok"] == true { Exit::Done } else { Exit::RunFailed })
}
