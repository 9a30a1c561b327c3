//! `runwright auth`

mod credentials_file;
mod environment;
mod key;
mod token;
mod user;

use std::path::Path;

use anyhow::Result;
use serde_json::Value;

use crate::arguments::Auth;
use crate::exit::Exit;
use crate::moment;
use crate::render::{self, Printer};
use crate::session::Session;

pub(crate) use credentials_file::{credentials_file, keep};

/// Carries out a command about who may use the server.
pub(crate) async fn run(
    arguments: Auth,
    session: &impl AsyncFn() -> Result<Session>,
    directory: &Path,
    printer: Printer,
) -> Result<Exit> {
    match arguments {
        Auth::Env => environment::print(directory, printer),
        Auth::User(user) => user::run(user, &session().await?, printer).await,
        Auth::Key(key) => key::run(key, &session().await?, directory, printer).await,
        Auth::Token(token) => token::run(token, &session().await?, printer).await,
    }
}

fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_default().to_owned()
}

fn texts(value: &Value, member: &str) -> String {
    let texts: Vec<&str> =
        value[member].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    texts.join(", ")
}

/// Returns the time that a member says, or nothing if it says none.
fn time(value: &Value, member: &str) -> String {
    value[member].as_u64().map(moment::shown).unwrap_or_default()
}

/// Says which roles no policy speaks of.
fn warn_of_roles(answer: &Value) {
    let unknown = texts(answer, "unknownRoles");
    if !unknown.is_empty() {
        render::note(format!("no policy speaks of {unknown}: it grants nothing yet"));
    }
}
