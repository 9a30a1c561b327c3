//! Documents: immutable versions in the store, files beside a runbook, and what is shipped.

pub(crate) mod beside;

use host_api::identifier::{Digest, RunId};
use runbook::compile::compile;
use runbook::diagnostic::{Diagnostic, Severity};
use runbook::document::Format;
use runbook::document::command::check_command;
use runbook::lock::Lock;
use runbook::plan::{DocumentIdentity, Plan};
use runbook::source::Source;
use serde_json::json;
use store::documents::{self, NewVersion, Version};
use store::{ReadTx, WriteError};

use crate::Services;
use crate::actor::{Actor, now_ms};
use crate::change::Deed;
use crate::error::ServiceError;

pub const AUTOMATION: &str = "Automation";
pub const COMMAND: &str = "Command";

/// Beginnings of names, in any case, that are those of shipped documents.
const RESERVED: &[&str] = &["aws", "amazon", "amzn", "runwright-"];
const LIST_MAX: u32 = 1_000;

/// A document that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub name: String,
    /// A number as text; `1` for what is not in the store.
    pub version: String,
    /// `Automation` or `Command`.
    pub kind: String,
    pub content: String,
    pub digest: Digest,
    /// The text of the lock file beside it.
    pub lock: Option<String>,
}

impl Services {
    /// Stores a new version of a document and returns its number. It is checked first. Content that a version holds already makes no
    /// new one.
    pub async fn put_document(
        &self,
        actor: &Actor,
        name: &str,
        kind: &str,
        content: &str,
    ) -> Result<u64, ServiceError> {
        check_name(name)?;
        let source = Source::new(name, content);
        let (document, mut diagnostics) = runbook::document::parse(&source);
        let format = match document.as_ref().map(|document| document.format) {
            Some(Format::Json) => "JSON",
            Some(Format::Yaml) | None => "YAML",
        };
        match kind {
            COMMAND => diagnostics.extend(check_command(&source).1),
            AUTOMATION => {
                if let Some(document) = &document {
                    let catalogue = self.catalogue().await?;
                    diagnostics.extend(runbook::check::check(document, &catalogue, None).1);
                }
            }
            other => {
                return Err(ServiceError::unavailable(format!(
                    "documents of the type {other:?} are not available: {AUTOMATION} and {COMMAND} are"
                )));
            }
        }
        if runbook::diagnostic::any_error(&diagnostics) {
            return Err(invalid(name, &diagnostics));
        }
        let new = NewVersion {
            name: name.to_owned(),
            kind: kind.to_owned(),
            format: format.to_owned(),
            content: content.to_owned(),
            digest: Digest::of(content.as_bytes()),
            created_ms: now_ms(),
        };
        let deed = Deed::new("PutDocument", format!("document/{name}"))
            .details(json!({ "digest": new.digest.as_str() }));
        self.change(actor, deed, move |tx| match documents::put_version(tx, &new) {
            Err(WriteError::Invalid { message, .. }) => {
                Err(ServiceError::request("InvalidDocument", message))
            }
            result => Ok(result?),
        })
        .await
    }

    /// Returns the documents of the store and the shipped ones, as name and type.
    pub async fn list_documents(&self) -> Result<Vec<(String, String)>, ServiceError> {
        let read = |tx: &ReadTx<'_>| documents::list(tx, "", None, LIST_MAX);
        let stored = self.store().read(read).await?;
        let mut all: std::collections::BTreeMap<String, String> =
            stored.into_iter().map(|document| (document.name, document.kind)).collect();
        for document in self.shipped().values() {
            let kind = kind_of(&document.name, &document.content)?;
            all.entry(document.name.clone()).or_insert(kind);
        }
        Ok(all.into_iter().collect())
    }

    /// Finds a document by name: in the store, then beside the runbook of the `run` that asks, then among the shipped ones.
    ///
    /// `name` may be an ARN. `version` is a number, `$DEFAULT` (the default) or `$LATEST`; outside the store there is only version 1. A
    /// document of another type than `kind` is `InvalidDocument`, and so is one that does not exist.
    pub async fn find_document(
        &self,
        name: &str,
        version: Option<&str>,
        kind: &str,
        run: Option<&RunId>,
    ) -> Result<Found, ServiceError> {
        let name = name_of(name, &self.place().account_id)?;
        let found = match self.stored_document(name, version).await? {
            Some(found) => found,
            None => self.document_outside(name, version, run).await?,
        };
        if found.kind != kind {
            return Err(ServiceError::request(
                "InvalidDocument",
                format!("the document {name} is of the type {}, not {kind}", found.kind),
            ));
        }
        Ok(found)
    }

    pub(crate) async fn stored_document(
        &self,
        name: &str,
        version: Option<&str>,
    ) -> Result<Option<Found>, ServiceError> {
        let text = version.unwrap_or("$DEFAULT").to_owned();
        let Some(version) = Version::parse(&text) else { return Err(no_version(name, &text)) };
        let name = name.to_owned();
        let read = move |tx: &ReadTx<'_>| -> Result<_, ServiceError> {
            if documents::find(tx, &name)?.is_none() {
                return Ok(None);
            }
            documents::get(tx, &name, version)?.map(Some).ok_or_else(|| no_version(&name, &text))
        };
        let found = self.store().read(read).await?;
        Ok(found.map(|found| Found {
            name: found.name,
            version: found.version.to_string(),
            kind: found.kind,
            content: found.content,
            digest: found.digest,
            lock: None,
        }))
    }

    async fn document_outside(
        &self,
        name: &str,
        version: Option<&str>,
        run: Option<&RunId>,
    ) -> Result<Found, ServiceError> {
        let beside = match run.cloned() {
            None => None,
            Some(run) => {
                let name = name.to_owned();
                self.store().read(move |tx| beside::find(tx, &run, &name)).await?
            }
        };
        let (content, lock) = match (beside, self.shipped().get(name)) {
            (Some(document), _) => (document.content, document.lock),
            (None, Some(document)) => (document.content.clone(), None),
            (None, None) => {
                return Err(ServiceError::request(
                    "InvalidDocument",
                    format!("there is no document {name}"),
                ));
            }
        };
        if !matches!(version, None | Some("$DEFAULT" | "$LATEST" | "1")) {
            return Err(no_version(name, version.unwrap_or_default()));
        }
        Ok(Found {
            name: name.to_owned(),
            version: "1".to_owned(),
            kind: kind_of(name, &content)?,
            digest: Digest::of(content.as_bytes()),
            content,
            lock,
        })
    }

    /// Compiles an Automation document.
    pub async fn compile_document(&self, found: &Found) -> Result<Plan, ServiceError> {
        let source = Source::new(found.name.as_str(), found.content.as_str());
        let (document, mut diagnostics) = runbook::document::parse(&source);
        let Some(document) = document else { return Err(invalid(&found.name, &diagnostics)) };
        let mut lock = None;
        if let Some(text) = &found.lock {
            let (parsed, found) = Lock::parse(&Source::new("lock", text.as_str()));
            diagnostics.extend(found);
            lock = parsed;
        }
        let catalogue = self.catalogue().await?;
        let (checked, found_diagnostics) =
            runbook::check::check(&document, &catalogue, lock.as_ref());
        diagnostics.extend(found_diagnostics);
        let identity = DocumentIdentity {
            name: found.name.clone(),
            version: found.version.clone(),
            digest: found.digest.clone(),
        };
        match checked {
            Some(checked) if !runbook::diagnostic::any_error(&diagnostics) => {
                Ok(compile(checked, identity))
            }
            _ => Err(invalid(&found.name, &diagnostics)),
        }
    }
}

/// Returns the name of a document that is called by its name or its ARN: `arn:aws:ssm:<region>:<account>:document/<name>`.
///
/// The region means nothing here, and the documents that are shipped have no account. Those of another account are not ours.
fn name_of<'n>(text: &'n str, account_id: &str) -> Result<&'n str, ServiceError> {
    let Some(rest) = text.strip_prefix("arn:") else { return Ok(text) };
    let parts: Vec<&str> = rest.splitn(5, ':').collect();
    let not_ours = |why: &str| {
        ServiceError::request("InvalidDocument", format!("there is no document {text}: {why}"))
    };
    let [partition, "ssm", _region, account, resource] = parts.as_slice() else {
        return Err(not_ours("this is not the ARN of a document"));
    };
    let name = resource.strip_prefix("document/").filter(|name| !name.is_empty());
    match name {
        Some(name) if partition.starts_with("aws") && !name.contains(['/', ':']) => {
            if account.is_empty() || *account == account_id {
                Ok(name)
            } else {
                Err(not_ours(&format!("documents here belong to the account {account_id}")))
            }
        }
        _ => Err(not_ours("this is not the ARN of a document")),
    }
}

fn check_name(name: &str) -> Result<(), ServiceError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    if !(3..=128).contains(&name.len()) || !name.bytes().all(plain) {
        return Err(ServiceError::validation(format!(
            "{name:?} is not the name of a document: 3 to 128 letters, digits and _ - . are allowed"
        )));
    }
    let lower = name.to_ascii_lowercase();
    if let Some(reserved) = RESERVED.iter().find(|reserved| lower.starts_with(**reserved)) {
        return Err(ServiceError::validation(format!(
            "the name {name:?} begins with {reserved:?}, which is reserved"
        )));
    }
    Ok(())
}

/// Tells the type from the schema version: 0.x is Automation, 1.2 and 2.x Command.
fn kind_of(name: &str, content: &str) -> Result<String, ServiceError> {
    let (document, diagnostics) = runbook::document::parse(&Source::new(name, content));
    let Some(document) = document else { return Err(invalid(name, &diagnostics)) };
    let schema = document.value.get("schemaVersion").map(runbook::value::text).unwrap_or_default();
    let kind = if schema.starts_with("0.") { AUTOMATION } else { COMMAND };
    Ok(kind.to_owned())
}

fn no_version(name: &str, version: &str) -> ServiceError {
    ServiceError::request(
        "InvalidDocumentVersion",
        format!("the document {name} has no version {version}"),
    )
}

/// Says everything that is wrong, with the places.
fn invalid(name: &str, diagnostics: &[Diagnostic]) -> ServiceError {
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
    let texts: Vec<String> = errors
        .map(|error| {
            let start = error.span.start;
            format!("{name}:{}:{}: {} [{}]", start.line, start.column, error.message, error.code)
        })
        .collect();
    ServiceError::request("InvalidDocumentContent", texts.join("\n"))
        .with_details(json!({ "diagnostics": diagnostics }))
}
