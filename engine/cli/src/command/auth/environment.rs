//! `runwright auth env`

use std::path::Path;

use anyhow::{Result, bail};
use serde_json::json;

use super::credentials_file::{CREDENTIALS_FILE, kept};
use crate::command::server::Address;
use crate::exit::{Exit, Refusal};
use crate::render::Printer;

/// Prints what a shell needs.
pub(super) fn print(directory: &Path, printer: Printer) -> Result<Exit> {
    let path = directory.join(CREDENTIALS_FILE);
    let Some((id, secret)) = kept(&path).map_err(Refusal::bad_input)? else {
        bail!(Refusal::bad_input(format!("there is no key in {}", path.display())).with_help(
            "`runwright server` makes one when it starts on a data directory without users; \
             `runwright auth key create` gives a user one"
        ));
    };
    let Some(Address { url, region, .. }) = Address::read(directory) else {
        bail!(Refusal::not_reachable("no server runs on this data directory"));
    };
    let variables = [
        ("AWS_ENDPOINT_URL_SSM", url.as_str()),
        ("AWS_ENDPOINT_URL_STS", url.as_str()),
        ("AWS_REGION", region.as_str()),
        ("AWS_DEFAULT_REGION", region.as_str()),
        ("AWS_ACCESS_KEY_ID", id.as_str()),
        ("AWS_SECRET_ACCESS_KEY", secret.as_str()),
    ];
    let value = variables.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    printer.result(&serde_json::Value::Object(value), || {
        let lines = variables.map(|(name, value)| format!("export {name}={value}"));
        lines.join("\n")
    })?;
    Ok(Exit::Done)
}
