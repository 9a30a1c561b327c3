//! Bringing a directory of documents into the store.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::json;
use store::documents::{self, About, NewVersion};
use store::{ReadTx, Tx};

use super::check::{content_error, format_of, kind_of};
use super::create::create;
use super::name::check_name;
use super::put::same_kind;
use super::update::add_version;
use crate::Services;
use crate::actor::Actor;
use crate::change::Deed;
use crate::error::ServiceError;

/// Files of one call.
pub const FILES_MAX: usize = 1_000;

/// A document of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentFile {
    /// The name of the document.
    pub name: String,
    pub content: String,
    /// The text of the lock file beside it.
    pub lock: Option<String>,
}

/// What is done with one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "action")]
pub enum SyncAction {
    /// There is no document of the name: it is made.
    Create,
    /// No version holds the content: one is added and becomes the default.
    Update,
    /// A version holds the content: it becomes the default.
    MakeDefault { version: u64 },
    /// The default version holds the content.
    Leave,
}

/// A file and what is done with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SyncStep {
    pub name: String,
    /// SSM's document type.
    pub kind: String,
    #[serde(flatten)]
    pub action: SyncAction,
}

/// What a directory makes of the store, in the order of the names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncPlan {
    pub steps: Vec<SyncStep>,
}

/// What the store has of a name, as far as a plan depends on it.
struct Known {
    default_version: u64,
    /// The newest version that holds the file's content and lock.
    same: Option<u64>,
}

impl Services {
    /// Says what [`Services::apply_sync`] would do, and does nothing.
    ///
    /// # Errors
    /// All that is wrong with the files, at once, as `InvalidDocumentContent`; or the first thing that keeps one from being stored.
    pub async fn plan_sync(
        &self,
        actor: &Actor,
        files: Vec<DocumentFile>,
    ) -> Result<SyncPlan, ServiceError> {
        let new = self.checked_files(actor, files).await?;
        self.store().read(move |tx: &ReadTx<'_>| plan(tx, &new)).await
    }

    /// Brings files into the store: all of them, or none. Done again with the same files, it changes nothing.
    ///
    /// Documents that have no file stay as they are.
    pub async fn apply_sync(
        &self,
        actor: &Actor,
        files: Vec<DocumentFile>,
    ) -> Result<SyncPlan, ServiceError> {
        let new = self.checked_files(actor, files).await?;
        let digests: BTreeMap<&str, &str> =
            new.iter().map(|new| (new.name.as_str(), new.digest.as_str())).collect();
        let deed = Deed::new("SyncDocuments", "document/*").details(json!({ "digests": digests }));
        self.change(actor, deed, move |tx: &mut Tx<'_>| {
            let plan = plan(tx, &new)?;
            for (new, step) in new.iter().zip(&plan.steps) {
                match step.action {
                    SyncAction::Create => create(tx, new, &[])?,
                    SyncAction::Update => {
                        let version = add_version(tx, new, &[])?;
                        documents::set_default(tx, &new.name, version)?;
                    }
                    SyncAction::MakeDefault { version } => {
                        documents::set_default(tx, &new.name, version)?;
                    }
                    SyncAction::Leave => {}
                }
            }
            Ok(plan)
        })
        .await
    }

    /// Checks all files, and returns what a version of each would be, in the order of their names.
    async fn checked_files(
        &self,
        actor: &Actor,
        mut files: Vec<DocumentFile>,
    ) -> Result<Vec<NewVersion>, ServiceError> {
        if files.len() > FILES_MAX {
            return Err(ServiceError::validation(format!(
                "at most {FILES_MAX} files are taken at once"
            )));
        }
        files.sort_by(|one, other| one.name.cmp(&other.name));
        let mut names = BTreeSet::new();
        let (mut checked, mut mistakes) = (Vec::with_capacity(files.len()), Vec::new());
        for DocumentFile { name, content, lock } in files {
            check_name(&name)?;
            if !names.insert(name.clone()) {
                return Err(ServiceError::validation(format!("two files have the name {name}")));
            }
            match self.checked_file(actor, &name, &content, lock).await {
                Ok(new) => checked.push(new),
                Err(error) if error.code == "InvalidDocumentContent" => {
                    mistakes.push(error.message);
                }
                Err(error) => return Err(error),
            }
        }
        if mistakes.is_empty() { Ok(checked) } else { Err(content_error(mistakes.join("\n"))) }
    }

    async fn checked_file(
        &self,
        actor: &Actor,
        name: &str,
        content: &str,
        lock: Option<String>,
    ) -> Result<NewVersion, ServiceError> {
        let kind = kind_of(name, content)?;
        let content = self
            .check_locked_content(name, kind, format_of(content), content, lock.as_deref())
            .await?;
        let about = About { lock, author: Some(actor.principal.to_string()), ..About::default() };
        content.version(name, about)
    }
}

fn plan(tx: &ReadTx<'_>, files: &[NewVersion]) -> Result<SyncPlan, ServiceError> {
    let steps = files.iter().map(|new| {
        let known = known(tx, new)?;
        let (name, kind) = (new.name.clone(), new.kind.clone());
        Ok(SyncStep { name, kind, action: action(known.as_ref()) })
    });
    Ok(SyncPlan { steps: steps.collect::<Result<_, ServiceError>>()? })
}

fn action(known: Option<&Known>) -> SyncAction {
    match known {
        None => SyncAction::Create,
        Some(Known { same: None, .. }) => SyncAction::Update,
        Some(Known { same: Some(same), default_version }) if same == default_version => {
            SyncAction::Leave
        }
        Some(Known { same: Some(same), .. }) => SyncAction::MakeDefault { version: *same },
    }
}

fn known(tx: &ReadTx<'_>, new: &NewVersion) -> Result<Option<Known>, ServiceError> {
    let Some(document) = documents::find(tx, &new.name)? else { return Ok(None) };
    same_kind(&document, &new.kind)?;
    let same = documents::with_content(tx, &new.name, &new.digest)?;
    let mut same = same.into_iter().filter(|same| same.lock == new.about.lock);
    let default_version = document.default_version;
    let newest = same.next().map(|same| same.version);
    let is_default = same.any(|same| same.version == default_version);
    Ok(Some(Known {
        default_version,
        same: if is_default { Some(default_version) } else { newest },
    }))
}
