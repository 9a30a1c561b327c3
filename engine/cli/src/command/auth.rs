//! `runwright auth`

use std::fs;
use std::path::Path;

use anyhow::{Result, bail};
use serde_json::json;

use super::server::{Address, CREDENTIALS_FILE};
use crate::arguments::Auth;
use crate::exit::{Exit, Refusal};
use crate::render::Printer;

/// Carries out a command about who may use the server.
pub(crate) fn run(arguments: &Auth, directory: &Path, printer: Printer) -> Result<Exit> {
    match arguments {
        Auth::Env => environment(directory, printer),
    }
}

/// Prints what a shell needs.
fn environment(directory: &Path, printer: Printer) -> Result<Exit> {
    let path = directory.join(CREDENTIALS_FILE);
    let Ok(text) = fs::read_to_string(&path) else {
        bail!(
            Refusal::bad_input(format!("there is no key in {}", path.display())).with_help(
                "`runwright server` makes one when it starts on an empty data directory"
            )
        );
    };
    let member = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix('=').map(str::trim))
    };
    let (Some(id), Some(secret)) = (member("aws_access_key_id"), member("aws_secret_access_key"))
    else {
        bail!(Refusal::bad_input(format!("{} is not a credentials file", path.display())));
    };
    let address = fs::read(directory.join("server.json")).ok();
    let address: Option<Address> = address.and_then(|text| serde_json::from_slice(&text).ok());
    let Some(Address { url, .. }) = address else {
        bail!(Refusal::not_reachable("no server runs on this data directory"));
    };
    let variables = [
        ("AWS_ENDPOINT_URL_SSM", url.as_str()),
        ("AWS_ENDPOINT_URL_STS", url.as_str()),
        ("AWS_REGION", services::REGION),
        ("AWS_DEFAULT_REGION", services::REGION),
        ("AWS_ACCESS_KEY_ID", id),
        ("AWS_SECRET_ACCESS_KEY", secret),
    ];
    let value = variables.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    printer.result(&serde_json::Value::Object(value), || {
        let lines = variables.map(|(name, value)| format!("export {name}={value}"));
        lines.join("\n")
    })?;
    Ok(Exit::Done)
}
