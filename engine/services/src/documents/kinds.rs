//! The types of documents, and what each asks of its content.

use serde_json::Value;

use super::{AUTOMATION, CHANGE_CALENDAR, COMMAND};
use crate::error::ServiceError;

/// SSM's document types that are read but not run here.
const OTHERS: &[&str] = &[
    "Policy",
    "Session",
    "Package",
    "ApplicationConfiguration",
    "ApplicationConfigurationSchema",
    "DeploymentStrategy",
    "Automation.ChangeTemplate",
    "ProblemAnalysis",
    "ProblemAnalysisTemplate",
    "CloudFormation",
    "ConformancePackTemplate",
    "QuickSetup",
    "ManualApprovalPolicy",
    "AutoApprovalPolicy",
];
/// Types whose content may be plain text.
const TEXTS: &[&str] = &[CHANGE_CALENDAR, "ApplicationConfiguration"];

/// How a document is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Yaml,
    Text,
}

impl Format {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::Yaml => "YAML",
            Self::Text => "TEXT",
        }
    }

    /// Reads SSM's name of a format; none is JSON.
    pub(super) fn parse(text: Option<&str>) -> Result<Self, ServiceError> {
        match text {
            None | Some("JSON") => Ok(Self::Json),
            Some("YAML") => Ok(Self::Yaml),
            Some("TEXT") => Ok(Self::Text),
            Some(other) => Err(ServiceError::validation(format!(
                "{other:?} is not the format of a document: JSON, YAML and TEXT are"
            ))),
        }
    }
}

/// Checks that there is such a type and that its documents may be written so.
pub(super) fn check_kind(kind: &str, format: Format) -> Result<(), ServiceError> {
    if ![AUTOMATION, COMMAND, CHANGE_CALENDAR].contains(&kind) && !OTHERS.contains(&kind) {
        return Err(ServiceError::validation(format!("there is no document type {kind:?}")));
    }
    if format == Format::Text && !TEXTS.contains(&kind) {
        return Err(ServiceError::validation(format!(
            "documents of the type {kind} are written in JSON or YAML, not in the format TEXT"
        )));
    }
    if format != Format::Text && kind == CHANGE_CALENDAR {
        return Err(ServiceError::request(
            "InvalidDocumentContent",
            "a ChangeCalendar is iCalendar text: its document format is TEXT",
        ));
    }
    Ok(())
}

/// Checks what a type that is not run here asks of its content.
pub(super) fn check_value(kind: &str, value: &Value) -> Result<(), ServiceError> {
    let schema = || value.get("schemaVersion").map(runbook::value::text).unwrap_or_default();
    match kind {
        "Policy"
            if schema().split('.').next().and_then(|major| major.parse().ok()) < Some(2_u32) =>
        {
            Err(schema_version(kind, &schema(), "2.0 or later"))
        }
        "Session" if schema() != "1.0" => Err(schema_version(kind, &schema(), "1.0")),
        "Package" if schema() != "2.0" => Err(schema_version(kind, &schema(), "2.0")),
        "Package" => ["packages", "files"].into_iter().try_for_each(|member| {
            let is_map = value.get(member).is_some_and(Value::is_object);
            if is_map { Ok(()) } else { Err(no_map(member)) }
        }),
        _ => Ok(()),
    }
}

fn no_map(member: &str) -> ServiceError {
    ServiceError::request(
        "InvalidDocumentContent",
        format!("the manifest of a package has the map {member:?}; this one has not"),
    )
}

fn schema_version(kind: &str, found: &str, wanted: &str) -> ServiceError {
    ServiceError::request(
        "InvalidDocumentSchemaVersion",
        format!("the schemaVersion of a document of the type {kind} is {wanted}, not {found:?}"),
    )
}
