//! `runwright auth token`

use anyhow::Result;
use serde_json::Value;

use super::{text, time, warn_of_roles};
use crate::arguments::Token;
use crate::exit::Exit;
use crate::moment;
use crate::operation::{AccessOperation, Operation};
use crate::render::{self, Printer, table};
use crate::session::Session;

pub(super) async fn run(arguments: Token, session: &Session, printer: Printer) -> Result<Exit> {
    let ask = async |operation| session.call(&Operation::Access(operation)).await;
    match arguments {
        Token::Create { user, roles, expires, description } => {
            let roles = roles.into_iter().collect();
            let expires_ms = expires.map(|when| moment::future("--expires", &when)).transpose()?;
            let operation = AccessOperation::CreateToken { user, roles, expires_ms, description };
            let token = ask(operation).await?;
            printer.result(&token, || {
                let mut shown = format!(
                    "token    {}\nid       {}\nuser     {} ({})",
                    text(&token, "token"),
                    text(&token, "id"),
                    text(&token, "user"),
                    text(&token, "principal"),
                );
                if expires_ms.is_some() {
                    shown.push_str(&format!("\nexpires  {}", time(&token, "expiresMs")));
                }
                shown
            })?;
            render::note("the token is not shown again");
            warn_of_roles(&token);
        }
        Token::List { user } => {
            let tokens = ask(AccessOperation::ListTokens { user }).await?;
            printer.result(&tokens, || listed(&tokens))?;
        }
        Token::Revoke { id, dry_run } => {
            let answer = ask(AccessOperation::RevokeToken { id, dry_run }).await?;
            printer.result(&answer, || match (text(&answer, "id"), text(&answer, "user")) {
                (id, user) if dry_run => format!("the token {id} of {user} would be revoked"),
                (id, _) => format!("the token {id} is revoked"),
            })?;
        }
    }
    Ok(Exit::Done)
}

fn listed(tokens: &Value) -> String {
    let row = |token: &Value| {
        vec![
            text(token, "id"),
            text(token, "user"),
            time(token, "createdMs"),
            time(token, "expiresMs"),
            time(token, "lastUsedMs"),
            text(token, "description"),
        ]
    };
    let rows: Vec<_> = tokens.as_array().into_iter().flatten().map(row).collect();
    table(&["TOKEN", "USER", "CREATED", "EXPIRES", "LAST USED", "DESCRIPTION"], &rows)
}
