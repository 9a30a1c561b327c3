//! Checking content before it is stored.

use host_api::identifier::Digest;
use runbook::diagnostic::{Diagnostic, Severity, any_error};
use runbook::document::command::check_command;
use runbook::lock::Lock;
use runbook::source::Source;
use serde_json::{Value, json};
use store::documents::{About, NewVersion};

use super::facts::Facts;
use super::kinds::{Format, check_kind, check_value};
use super::{AUTOMATION, CHANGE_CALENDAR, COMMAND, CONTENT_BYTES_MAX};
use crate::Services;
use crate::actor::now_ms;
use crate::calendars::Calendar;
use crate::error::ServiceError;

/// Content that may be stored.
#[derive(Debug, Clone)]
pub(super) struct Content {
    pub(super) kind: String,
    pub(super) format: Format,
    pub(super) text: String,
    pub(super) digest: Digest,
    pub(super) facts: Facts,
    /// Digests in hexadecimal that the content says its files have, by file.
    pub(super) checksums: Vec<(String, String)>,
}

impl Content {
    pub(super) fn version(&self, name: &str, about: About) -> Result<NewVersion, ServiceError> {
        Ok(NewVersion {
            name: name.to_owned(),
            kind: self.kind.clone(),
            format: self.format.name().to_owned(),
            content: self.text.clone(),
            digest: self.digest.clone(),
            created_ms: now_ms(),
            about: About { description: Some(self.facts.encoded()?), ..about },
        })
    }
}

impl Services {
    /// Checks content as its type asks. What is wrong with a runbook or a command document is said with line and column.
    pub(super) async fn check_content(
        &self,
        name: &str,
        kind: &str,
        format: Format,
        text: &str,
    ) -> Result<Content, ServiceError> {
        self.check_locked_content(name, kind, format, text, None).await
    }

    /// Checks content that a lock file lies beside, which pins the actions of a runbook.
    pub(super) async fn check_locked_content(
        &self,
        name: &str,
        kind: &str,
        format: Format,
        text: &str,
        lock: Option<&str>,
    ) -> Result<Content, ServiceError> {
        if text.len() > CONTENT_BYTES_MAX {
            return Err(ServiceError::request(
                "MaxDocumentSizeExceeded",
                format!(
                    "the content has {} bytes, at most {CONTENT_BYTES_MAX} are allowed",
                    text.len()
                ),
            ));
        }
        check_kind(kind, format)?;
        let value = match format {
            Format::Text => Value::Null,
            Format::Json => json_value(name, text)?,
            Format::Yaml => yaml_value(name, text)?,
        };
        let source = Source::new(name, text);
        let diagnostics = match kind {
            COMMAND => check_command(&source).1,
            AUTOMATION => self.check_automation(&source, lock).await?,
            CHANGE_CALENDAR => {
                Calendar::parse(text).map_err(|fault| content_error(fault.to_string()))?;
                Vec::new()
            }
            kind => {
                check_value(kind, &value)?;
                Vec::new()
            }
        };
        if any_error(&diagnostics) {
            return Err(invalid(name, &diagnostics));
        }
        Ok(Content {
            kind: kind.to_owned(),
            format,
            text: text.to_owned(),
            digest: Digest::of(text.as_bytes()),
            facts: Facts::of(kind, &value),
            checksums: checksums(&value),
        })
    }

    async fn check_automation(
        &self,
        source: &Source,
        lock: Option<&str>,
    ) -> Result<Vec<Diagnostic>, ServiceError> {
        let (document, mut diagnostics) = runbook::document::parse(source);
        let (lock, mistakes) = match lock {
            Some(text) => Lock::parse(&Source::new("lock", text)),
            None => (None, Vec::new()),
        };
        diagnostics.extend(mistakes);
        if let Some(document) = &document {
            let catalogue = self.catalogue().await?;
            diagnostics.extend(runbook::check::check(document, &catalogue, lock.as_ref()).1);
        }
        Ok(diagnostics)
    }
}

fn json_value(name: &str, text: &str) -> Result<Value, ServiceError> {
    serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| {
        content_error(format!(
            "JSON not well-formed. at Line: {}, Column: {} of {name}: {error}",
            error.line(),
            error.column()
        ))
    })
}

fn yaml_value(name: &str, text: &str) -> Result<Value, ServiceError> {
    let (document, diagnostics) = runbook::document::parse(&Source::new(name, text));
    document.map(|document| document.value).ok_or_else(|| invalid(name, &diagnostics))
}

/// Returns the value that a stored content holds; null for text.
pub(super) fn value_of(name: &str, format: &str, content: &str) -> Result<Value, ServiceError> {
    match Format::parse(Some(format))? {
        Format::Text => Ok(Value::Null),
        Format::Json => json_value(name, content),
        Format::Yaml => yaml_value(name, content),
    }
}

/// Tells type and format of a text that says neither: iCalendar text is a calendar, and the schema version tells the others apart.
pub(super) fn kind_of(name: &str, content: &str) -> Result<&'static str, ServiceError> {
    if is_calendar(content) {
        return Ok(CHANGE_CALENDAR);
    }
    let value = yaml_value(name, content)?;
    let schema = value.get("schemaVersion").map(runbook::value::text).unwrap_or_default();
    Ok(match schema.as_str() {
        schema if schema.starts_with("0.") => AUTOMATION,
        "1.0" if value.get("sessionType").is_some() => "Session",
        "2.0" if value.get("packages").is_some() => "Package",
        _ => COMMAND,
    })
}

/// Tells the format of a text of a type.
pub(super) fn format_of(content: &str) -> Format {
    let is_json = serde_json::from_str::<serde::de::IgnoredAny>(content).is_ok();
    match is_json {
        _ if is_calendar(content) => Format::Text,
        true => Format::Json,
        false => Format::Yaml,
    }
}

fn is_calendar(content: &str) -> bool {
    content.trim_start_matches('\u{feff}').trim_start().starts_with("BEGIN:VCALENDAR")
}

/// Returns what `files: { name: { checksums: { sha256 } } }` says.
fn checksums(value: &Value) -> Vec<(String, String)> {
    let files = value.get("files").and_then(Value::as_object).into_iter().flatten();
    let checksum = |(file, about): (&String, &Value)| {
        let digest = about.get("checksums")?.get("sha256")?.as_str()?;
        Some((file.clone(), digest.to_ascii_lowercase()))
    };
    files.filter_map(checksum).collect()
}

pub(super) fn content_error(message: impl Into<String>) -> ServiceError {
    ServiceError::request("InvalidDocumentContent", message)
}

/// Says everything that is wrong, with the places.
pub(super) fn invalid(name: &str, diagnostics: &[Diagnostic]) -> ServiceError {
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
    let texts: Vec<String> = errors
        .map(|error| {
            let start = error.span.start;
            format!("{name}:{}:{}: {} [{}]", start.line, start.column, error.message, error.code)
        })
        .collect();
    content_error(texts.join("\n")).with_details(json!({ "diagnostics": diagnostics }))
}
