//! `runwright param`

use std::io::Read;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::arguments::{Param, ParameterType};
use crate::exit::Exit;
use crate::operation::{Operation, ParameterOperation};
use crate::render::{Printer, safe, table};
use crate::session::Session;

/// A value read from standard input.
const VALUE_BYTES_MAX: u64 = 64 << 10;

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
            printer.result(&result, || safe(result["Value"].as_str().unwrap_or_default()))?;
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
    let mut value = String::new();
    std::io::stdin()
        .take(VALUE_BYTES_MAX)
        .read_to_string(&mut value)
        .context("cannot read the value from standard input")?;
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
        Some(text) => safe(text),
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
