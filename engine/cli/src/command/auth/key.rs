//! `runwright auth key`

use std::path::Path;

use anyhow::Result;
use serde_json::Value;

use super::credentials_file::{CREDENTIALS_FILE, keep, kept};
use super::{text, time, warn_of_roles};
use crate::arguments::AccessKey;
use crate::exit::Exit;
use crate::moment;
use crate::operation::{AccessOperation, Operation};
use crate::render::{self, Printer, table};
use crate::session::Session;

pub(super) async fn run(
    arguments: AccessKey,
    session: &Session,
    directory: &Path,
    printer: Printer,
) -> Result<Exit> {
    let ask = async |operation| session.call(&Operation::Access(operation)).await;
    match arguments {
        AccessKey::Create { user, roles } => {
            let roles = roles.into_iter().collect();
            let key = ask(AccessOperation::CreateKey { user, roles }).await?;
            printer.result(&key, || secret(&key))?;
            render::note("the secret is not shown again");
            warn_of_roles(&key);
        }
        AccessKey::List { user } => {
            let keys = ask(AccessOperation::ListKeys { user }).await?;
            let now_ms = moment::now_ms()?;
            printer.result(&keys, || listed(&keys, now_ms))?;
        }
        AccessKey::Revoke { id, dry_run } => {
            let answer = ask(AccessOperation::RevokeKey { id, dry_run }).await?;
            printer.result(&answer, || match (text(&answer, "id"), text(&answer, "user")) {
                (id, user) if dry_run => format!("the access key {id} of {user} would be revoked"),
                (id, _) => format!("the access key {id} is revoked"),
            })?;
        }
        AccessKey::Rotate { id, grace } => {
            let grace_ms = moment::duration_ms("--grace", &grace)?;
            let key = ask(AccessOperation::RotateKey { id, grace_ms }).await?;
            printer.result(&key, || secret(&key))?;
            let old = text(&key, "replaces");
            render::note(format!("the secret is not shown again; {old} stays active for {grace}"));
            keep_administrators(directory, &key)?;
        }
        AccessKey::Disable { id } => {
            let answer = ask(AccessOperation::SetKeyStatus { id, is_active: false }).await?;
            printer.result(&answer, || {
                format!("the access key {} is disabled", text(&answer, "id"))
            })?;
        }
        AccessKey::Enable { id } => {
            let answer = ask(AccessOperation::SetKeyStatus { id, is_active: true }).await?;
            printer
                .result(&answer, || format!("the access key {} is enabled", text(&answer, "id")))?;
        }
    }
    Ok(Exit::Done)
}

/// The file of the administrator's key goes with the key: `runwright auth env` must not print one that ceases to be active.
fn keep_administrators(directory: &Path, key: &Value) -> Result<()> {
    let is_kept = matches!(
        kept(&directory.join(CREDENTIALS_FILE)),
        Ok(Some((id, _))) if id == text(key, "replaces")
    );
    if is_kept {
        let (id, secret) = (text(key, "accessKeyId"), text(key, "secretAccessKey"));
        let path = keep(directory, &id, &secret)?;
        render::note(format!("{} holds the new key", path.display()));
    }
    Ok(())
}

fn secret(key: &Value) -> String {
    format!(
        "access key id      {}\nsecret access key  {}\nuser               {} ({})",
        text(key, "accessKeyId"),
        text(key, "secretAccessKey"),
        text(key, "user"),
        text(key, "principal"),
    )
}

fn listed(keys: &Value, now_ms: u64) -> String {
    let row = |key: &Value| {
        let has_expired = key["expiresMs"].as_u64().is_some_and(|expires_ms| expires_ms <= now_ms);
        let state = match key["isActive"].as_bool() {
            Some(true) => "active",
            _ if has_expired => "expired",
            _ => "disabled",
        };
        vec![
            text(key, "id"),
            text(key, "user"),
            state.to_owned(),
            time(key, "createdMs"),
            time(key, "expiresMs"),
            time(key, "lastUsedMs"),
        ]
    };
    let rows: Vec<_> = keys.as_array().into_iter().flatten().map(row).collect();
    table(&["ACCESS KEY", "USER", "STATE", "CREATED", "EXPIRES", "LAST USED"], &rows)
}
