//! Finding documents by name, for those who run them.

use std::sync::Arc;

use host_api::identifier::{Digest, RunId};
use runbook::compile::compile;
use runbook::lock::Lock;
use runbook::plan::{DocumentIdentity, Plan};
use runbook::source::Source;
use store::ReadTx;
use store::documents::{self, Version};

use super::check::{invalid, kind_of};
use super::name::name_of;
use super::{beside, select};
use crate::Services;
use crate::error::ServiceError;

/// Plans that are remembered.
pub(crate) const COMPILED_MAX: usize = 256;

/// What a plan follows from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct CompiledKey {
    name: String,
    version: String,
    digest: Digest,
    lock: Option<Digest>,
    /// How often the plugins of this store were changed by this process, which alone does.
    plugins: u64,
}

/// A document that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub name: String,
    /// A number as text; `1` for what is not in the store.
    pub version: String,
    /// SSM's document type.
    pub kind: String,
    pub content: String,
    pub digest: Digest,
    /// The text of the lock file beside it.
    pub lock: Option<String>,
}

impl Services {
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
        let Some(version) = Version::parse(&text) else {
            return Err(select::no_version(name, &text));
        };
        let name = name.to_owned();
        let read = move |tx: &ReadTx<'_>| -> Result<_, ServiceError> {
            if documents::find(tx, &name)?.is_none() {
                return Ok(None);
            }
            documents::get(tx, &name, version)?
                .map(Some)
                .ok_or_else(|| select::no_version(&name, &text))
        };
        let found = self.store().read(read).await?;
        Ok(found.map(|found| Found {
            name: found.name,
            version: found.version.to_string(),
            kind: found.kind,
            content: found.content,
            digest: found.digest,
            lock: found.about.lock,
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
            return Err(select::no_version(name, version.unwrap_or_default()));
        }
        Ok(Found {
            name: name.to_owned(),
            version: "1".to_owned(),
            kind: kind_of(name, &content)?.to_owned(),
            digest: Digest::of(content.as_bytes()),
            content,
            lock,
        })
    }

    /// Compiles an Automation document, or takes what it was compiled to before: that follows from the document and the plugins.
    pub async fn compile_document(&self, found: &Found) -> Result<Plan, ServiceError> {
        let key = CompiledKey {
            name: found.name.clone(),
            version: found.version.clone(),
            digest: found.digest.clone(),
            lock: found.lock.as_ref().map(|lock| Digest::of(lock.as_bytes())),
            plugins: self.plugin_changes(),
        };
        if let Some(plan) = self.compiled().get(&key) {
            return Ok(plan.as_ref().clone());
        }
        let plan = self.compile_anew(found).await?;
        self.compiled().insert(key, Arc::new(plan.clone()));
        Ok(plan)
    }

    async fn compile_anew(&self, found: &Found) -> Result<Plan, ServiceError> {
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
