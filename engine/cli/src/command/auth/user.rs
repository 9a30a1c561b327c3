//! `runwright auth user`

use anyhow::Result;
use serde_json::Value;

use super::{text, texts, time, warn_of_roles};
use crate::arguments::User;
use crate::exit::Exit;
use crate::operation::{AccessOperation, Operation};
use crate::render::{Printer, table};
use crate::session::Session;

pub(super) async fn run(arguments: User, session: &Session, printer: Printer) -> Result<Exit> {
    let ask = async |operation| session.call(&Operation::Access(operation)).await;
    match arguments {
        User::List => {
            let users = ask(AccessOperation::ListUsers).await?;
            printer.result(&users, || {
                let row = |user: &Value| {
                    vec![text(user, "name"), texts(user, "roles"), time(user, "createdMs")]
                };
                let rows: Vec<_> = users.as_array().into_iter().flatten().map(row).collect();
                table(&["USER", "ROLES", "CREATED"], &rows)
            })?;
        }
        User::Set { name, roles } => {
            let roles = roles.roles.into_iter().collect();
            let answer = ask(AccessOperation::PutUser { name, roles }).await?;
            printer.result(&answer, || match (text(&answer, "name"), texts(&answer, "roles")) {
                (name, roles) if roles.is_empty() => format!("{name} has no roles"),
                (name, roles) => format!("{name} has the roles {roles}"),
            })?;
            warn_of_roles(&answer);
        }
        User::Remove { name, dry_run } => {
            let answer = ask(AccessOperation::RemoveUser { name, dry_run }).await?;
            printer.result(&answer, || {
                let verb = if dry_run { "would be removed" } else { "is removed" };
                let mut lines = vec![format!("{} {verb}", text(&answer, "name"))];
                for (what, member) in [("access keys", "accessKeys"), ("tokens", "tokens")] {
                    let gone = texts(&answer, member);
                    if !gone.is_empty() {
                        lines.push(format!("  with the {what} {gone}"));
                    }
                }
                lines.join("\n")
            })?;
        }
    }
    Ok(Exit::Done)
}
