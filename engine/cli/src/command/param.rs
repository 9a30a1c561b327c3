//! `runwright param`

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::arguments::{Param, ParameterType};
use crate::exit::{Exit, Refusal};
use crate::operation::{Operation, ParameterOperation};
use crate::render::{Printer, table};
use crate::session::Session;
use crate::source::{Head, head_of};

/// A value read from standard input.
const VALUE_BYTES_MAX: usize = 64 << 10;

pub(crate) async fn run(arguments: Param, session: &Session, printer: Printer) -> Result<Exit> {
    match arguments {
        Param::Put { name, value, kind, overwrite, description } => {
            let value = match value {
                Some(value) => value,
                None => from_standard_input()?,
            };
            let kind = Some(kind_name(kind).to_owned());
            let operation =
                ParameterOperation::Put { name: name.clone(), value, kind, overwrite, description };
            let result = session.call(&Operation::Parameter(operation)).await?;
            printer
                .result(&result, || format!("{name} is now at version {}", result["Version"]))?;
        }
        Param::Get { name, with_decryption } => {
            let result = session
                .call(&Operation::Parameter(ParameterOperation::Get { name, with_decryption }))
                .await?;
            printer.exact(&result, result["Value"].as_str().unwrap_or_default())?;
        }
        Param::Ls { path } => {
            let result =
                session.call(&Operation::Parameter(ParameterOperation::List { path })).await?;
            printer.result(&result, || listed(&result))?;
        }
        Param::Rm { name } => {
            let operation = ParameterOperation::Delete { name: name.clone() };
            let result = session.call(&Operation::Parameter(operation)).await?;
            printer.result(&result, || format!("{name} is deleted"))?;
        }
    }
    Ok(Exit::Done)
}

fn from_standard_input() -> Result<String> {
    let head = head_of(std::io::stdin(), VALUE_BYTES_MAX)
        .context("cannot read the value from standard input")?;
    let Head::Whole(bytes) = head else {
        bail!(Refusal::bad_input(format!(
            "the value on standard input is too long: at most {VALUE_BYTES_MAX} bytes are read"
        )))
    };
    let value = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Refusal::bad_input(format!("the value on standard input is no UTF-8 text at byte {at}"))
            .with_help("a parameter holds text; encode other bytes, as base64 for example")
    })?;
    Ok(value.strip_suffix('\n').unwrap_or(&value).to_owned())
}

fn kind_name(kind: ParameterType) -> &'static str {
    match kind {
        ParameterType::String => "String",
        ParameterType::StringList => "StringList",
        ParameterType::SecureString => "SecureString",
    }
}

fn listed(result: &Value) -> String {
    let text = |value: &Value| match value.as_str() {
        Some(text) => text.to_owned(),
        None if value.is_null() => String::new(),
        None => value.to_string(),
    };
    let rows: Vec<_> = result
        .as_array()
        .into_iter()
        .flatten()
        .map(|row| ["Name", "Type", "Version"].iter().map(|key| text(&row[*key])).collect())
        .collect();
    table(&["NAME", "TYPE", "VERSION"], &rows)
}
