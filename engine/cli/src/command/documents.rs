//! `runwright documents`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use serde_json::{Value, json};

use crate::arguments::{Documents, Output};
use crate::command::run::beside::documents_in;
use crate::exit::{Exit, Refusal};
use crate::operation::{DocumentOperation, Operation, SyncedFile};
use crate::render::{self, Printer, table};
use crate::session::Session;
use crate::source;

/// What is done with a file, and how that is said.
const ACTIONS: [(&str, &str); 4] = [
    ("create", "create"),
    ("update", "update"),
    ("makeDefault", "make default"),
    ("leave", "leave"),
];

pub(crate) async fn run(
    arguments: Documents,
    session: &impl AsyncFn() -> Result<Session>,
    printer: Printer,
) -> Result<Exit> {
    match arguments {
        Documents::Sync { directory, dry_run } => {
            // Files that cannot be read are told before a store is opened or made.
            let files = Files::read(&directory)?;
            sync(&files, dry_run, &session().await?, printer).await
        }
        Documents::List => list(&session().await?, printer).await,
    }
}

/// The documents of a directory.
struct Files {
    paths: BTreeMap<String, PathBuf>,
    files: Vec<SyncedFile>,
}

impl Files {
    /// Reads all, or says everything that keeps one from being read.
    fn read(directory: &Path) -> Result<Self> {
        let found = documents_in(directory).map_err(|error| {
            Refusal::bad_input(format!("cannot read {}: {error}", directory.display()))
        })?;
        let (mut paths, mut files, mut wrong) = (BTreeMap::new(), Vec::new(), Vec::new());
        for (name, same) in found {
            if same.len() > 1 {
                let shown: Vec<_> = same.iter().map(|path| path.display().to_string()).collect();
                wrong.push(format!("{} would all be the document {name}", shown.join(", ")));
                continue;
            }
            for path in same {
                match source::read(&path) {
                    Ok(found) => files.push(SyncedFile {
                        name: name.clone(),
                        content: found.source.text.to_string(),
                        lock: found.lock.map(|lock| lock.text.to_string()),
                    }),
                    Err(unreadable) => wrong.push(unreadable.text.trim_end().to_owned()),
                }
                paths.insert(name.clone(), path);
            }
        }
        if !wrong.is_empty() {
            bail!(Refusal::bad_input(wrong.join("\n")));
        }
        Ok(Self { paths, files })
    }
}

async fn sync(files: &Files, dry_run: bool, session: &Session, printer: Printer) -> Result<Exit> {
    let ask = async |dry_run| {
        let files = files.files.clone();
        session.call(&Operation::Documents(DocumentOperation::Sync { files, dry_run })).await
    };
    let planned = ask(true).await?;
    if printer.output == Output::Text && !files.files.is_empty() {
        render::line(shown(&planned, &files.paths).trim_end())?;
    }
    let is_needed = steps(&planned).any(|step| step["action"] != "leave");
    let done = if dry_run || !is_needed { planned } else { ask(false).await? };
    let mut value = json!({ "dryRun": dry_run, "steps": done["steps"] });
    for step in value["steps"].as_array_mut().into_iter().flatten() {
        let path = step["name"].as_str().and_then(|name| files.paths.get(name));
        step["file"] = json!(path);
    }
    printer.result(&value, || summary(&value, dry_run))?;
    Ok(Exit::Done)
}

fn steps(plan: &Value) -> impl Iterator<Item = &Value> {
    plan["steps"].as_array().into_iter().flatten()
}

fn shown(plan: &Value, paths: &BTreeMap<String, PathBuf>) -> String {
    let row = |step: &Value| {
        let text = |member: &str| step[member].as_str().unwrap_or_default();
        let said = ACTIONS.iter().find(|(action, _)| *action == text("action"));
        let mut action = said.map_or(text("action"), |(_, said)| said).to_owned();
        if let Some(version) = step["version"].as_u64() {
            action.push_str(&format!(" (version {version})"));
        }
        let path = paths.get(text("name")).map(|path| path.display().to_string());
        vec![text("name").to_owned(), text("kind").to_owned(), action, path.unwrap_or_default()]
    };
    let rows: Vec<_> = steps(plan).map(row).collect();
    table(&["DOCUMENT", "TYPE", "ACTION", "FILE"], &rows)
}

fn summary(value: &Value, dry_run: bool) -> String {
    let count = |action: &str| steps(value).filter(|step| step["action"] == action).count();
    let counts: Vec<String> = ACTIONS
        .iter()
        .map(|(action, said)| (count(action), said))
        .filter(|(count, _)| *count > 0)
        .map(|(count, said)| format!("{count} {said}"))
        .collect();
    match counts.join(", ") {
        none if none.is_empty() => "there are no documents in the directory".to_owned(),
        counts if dry_run => format!("nothing was done; to do: {counts}"),
        counts => format!("done: {counts}"),
    }
}

async fn list(session: &Session, printer: Printer) -> Result<Exit> {
    let documents = session.call(&Operation::Documents(DocumentOperation::List)).await?;
    printer.result(&documents, || {
        let row = |document: &Value| {
            let text = |member: &str| document[member].as_str().unwrap_or_default().to_owned();
            ["Name", "DocumentType", "DocumentFormat", "DocumentVersion", "Owner"]
                .iter()
                .map(|member| text(member))
                .collect()
        };
        let rows: Vec<_> = documents.as_array().into_iter().flatten().map(row).collect();
        table(&["DOCUMENT", "TYPE", "FORMAT", "VERSION", "OWNER"], &rows)
    })?;
    Ok(Exit::Done)
}
