//! `runwright key`

use anyhow::Result;
use serde_json::Value;

use crate::arguments::Key;
use crate::exit::Exit;
use crate::moment;
use crate::operation::{KeyOperation, Operation};
use crate::render::{Printer, safe_line, table};
use crate::session::Session;

pub(crate) async fn run(arguments: Key, session: &Session, printer: Printer) -> Result<Exit> {
    let ask = async |operation| session.call(&Operation::Key(operation)).await;
    match arguments {
        Key::Create { alias } => {
            let key = ask(KeyOperation::Create { alias }).await?;
            printer.result(&key, || {
                format!("{} is there, with the id {}", text(&key, "Alias"), text(&key, "KeyId"))
            })?;
        }
        Key::Rotate { key: None, .. } => {
            let made = ask(KeyOperation::RotateInstallation).await?;
            printer.result(&made, || {
                format!(
                    "{} is made, and seals from the next start on; `runwright key rewrap` then moves what older keys seal\n\
                     keep the older keys: backups and runs need them",
                    text(&made, "primary")
                )
            })?;
        }
        Key::Rewrap => {
            let moved = ask(KeyOperation::Rewrap).await?;
            printer.result(&moved, || {
                let Value::Object(counts) = &moved["Rewrapped"] else { return String::new() };
                let (parameters, keys) = (&counts["parameters"], &counts["accessKeys"]);
                format!("moved {parameters} sealed values of parameters, and {keys} access keys")
            })?;
        }
        Key::Rotate { key: Some(key), .. } => {
            let key = ask(KeyOperation::Rotate { name: key }).await?;
            printer.result(&key, || {
                format!(
                    "{} is at version {}; {} sealed values were moved",
                    text(&key, "Alias"),
                    key["Version"],
                    key["Rewrapped"]["parameters"]
                )
            })?;
        }
        Key::List => {
            let keys = ask(KeyOperation::List).await?;
            printer.result(&keys, || listed(&keys))?;
        }
    }
    Ok(Exit::Done)
}

fn text(value: &Value, member: &str) -> String {
    safe_line(value[member].as_str().unwrap_or_default())
}

fn listed(keys: &Value) -> String {
    let row = |key: &Value| {
        let created = key["CreatedDate"].as_f64().unwrap_or_default();
        vec![
            text(key, "Alias"),
            text(key, "KeyId"),
            key["Version"].to_string(),
            moment::shown_seconds(created),
        ]
    };
    let rows: Vec<_> = keys["keys"].as_array().into_iter().flatten().map(row).collect();
    let named = table(&["ALIAS", "KEY", "VERSION", "CREATED"], &rows);
    let installation = &keys["installation"];
    let primary = installation["primary"].as_str().unwrap_or_default();
    let ids = installation["ids"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let row = |id: &str| {
        let seals = if id == primary { "seals and opens" } else { "opens" };
        vec![id.to_owned(), seals.to_owned()]
    };
    let rows: Vec<_> = ids.map(row).collect();
    format!("{named}\n{}", table(&["INSTALLATION'S KEY", "USE"], &rows))
}
