//! Where policies come from: those of the program, and the files of a directory that is watched.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{fs, io};

use arc_swap::ArcSwap;
use host_api::identifier::{Digest, Principal};
use serde::Serialize;
use serde_json::json;

use super::diagnostic::PolicyDiagnostic;
use super::policies::{Policies, ShownPolicy};
use super::remembered::Remembering;
use crate::Services;
use crate::actor::{Actor, now_ms};
use crate::change::Deed;
use crate::error::ServiceError;

/// What a file of policies is called.
const EXTENSION: &str = "cedar";
/// Files of policies.
const FILES_MAX: usize = 1_000;
/// The size of a file of policies.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// How often the directory is looked at.
const LOOK_EACH: Duration = Duration::from_secs(1);

/// The policies that are asked, and what they were made of.
#[derive(Debug)]
pub(crate) struct PolicySource {
    directory: Option<PathBuf>,
    current: ArcSwap<Remembering>,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    /// The texts that were looked at last, good or not, by file name without extension; or why there were none.
    files: Option<Result<BTreeMap<String, String>, String>>,
    status: PolicyStatus,
}

/// How the policies stand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyStatus {
    pub directory: Option<PathBuf>,
    /// When the policies that are asked were read, in milliseconds since the Unix epoch.
    pub loaded_ms: u64,
    /// How many are asked.
    pub count: usize,
    /// Why what is in the directory now is not asked: while there are errors, the policies that were last good are. Without errors,
    /// what may not be as it was meant.
    pub diagnostics: Vec<PolicyDiagnostic>,
    pub is_broken: bool,
}

impl PolicySource {
    /// Reads the policies. This blocks the thread.
    ///
    /// # Errors
    /// A directory that cannot be read or has a mistake: there is no last good set that could be asked instead, and to go on without
    /// what the directory forbids would allow it.
    pub(crate) fn open(directory: Option<PathBuf>) -> Result<Self, ServiceError> {
        let shipped = Policies::shipped().map_err(ServiceError::internal)?;
        let status = PolicyStatus { directory: directory.clone(), ..PolicyStatus::default() };
        let source = Self {
            directory,
            current: ArcSwap::from_pointee(Remembering::new(shipped)),
            seen: Mutex::new(Seen { files: None, status }),
        };
        source.look()?;
        let status = source.status();
        if status.is_broken {
            let lines: Vec<String> = status.diagnostics.iter().map(ToString::to_string).collect();
            return Err(ServiceError::validation(format!(
                "the policies cannot be used: {}",
                lines.join("; ")
            )));
        }
        Ok(source)
    }

    pub(super) fn current(&self) -> Arc<Remembering> {
        self.current.load_full()
    }

    fn status(&self) -> PolicyStatus {
        self.lock().status.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the directory, and takes its policies if they have changed and are good. Returns the digests of the files that were
    /// taken. This blocks the thread.
    fn look(&self) -> Result<Option<BTreeMap<String, Digest>>, ServiceError> {
        // Kept while reading, so that no older reading comes after a newer one.
        let mut seen = self.lock();
        let files = match &self.directory {
            Some(directory) => read(directory)
                .map_err(|error| format!("{} cannot be read: {error}", directory.display())),
            None => Ok(BTreeMap::new()),
        };
        if seen.files.as_ref() == Some(&files) {
            return Ok(None);
        }
        let (policies, diagnostics) = assembled(&files)?;
        seen.status.is_broken = policies.is_none();
        seen.status.diagnostics = diagnostics;
        let taken = policies.map(|policies| {
            seen.status.count = policies.shown().len();
            seen.status.loaded_ms = now_ms();
            self.current.store(Arc::new(Remembering::new(policies)));
            let files = files.iter().flatten();
            files.map(|(name, text)| (name.clone(), Digest::of(text.as_bytes()))).collect()
        });
        seen.files = Some(files);
        Ok(taken)
    }
}

impl Services {
    /// Looks at the directory of policies now. Good changes are asked from then on, and are in the audit log.
    pub async fn reload_policies(&self) -> Result<PolicyStatus, ServiceError> {
        let services = self.clone();
        let look = move || {
            let before = services.policies().status();
            (services.policies().look(), before, services.policies().status())
        };
        let (taken, before, after) = tokio::task::spawn_blocking(look).await.map_err(|error| {
            ServiceError::internal(format!("the reading of policies was cut off: {error}"))
        })?;
        if let Some(files) = taken? {
            let account = &self.place().account_id;
            let root = Actor::owner(Principal::new(format!("arn:aws:iam::{account}:root")));
            let directory = after.directory.as_ref().map(|path| path.display().to_string());
            let deed = Deed::new("LoadPolicies", directory.unwrap_or_default())
                .details(json!({ "files": files }));
            self.record(&root, deed, "allow").await?;
        }
        if after.is_broken && after.diagnostics != before.diagnostics {
            for wrong in &after.diagnostics {
                tracing::error!(%wrong, "policies are broken; those that were last good are asked");
            }
        }
        Ok(after)
    }

    /// Looks at the directory of policies each second, as long as the future is polled.
    pub async fn watch_policies(&self) {
        loop {
            if let Err(error) = self.reload_policies().await {
                if error.is_store_closed() {
                    return;
                }
                tracing::error!(%error, "the policies could not be looked at");
            }
            tokio::time::sleep(LOOK_EACH).await;
        }
    }

    /// Returns how the policies stand.
    pub fn policy_status(&self) -> PolicyStatus {
        self.policies().status()
    }

    /// Returns the policies that are asked.
    pub fn list_policies(&self) -> Vec<ShownPolicy> {
        self.policies().current().policies().shown().to_vec()
    }
}

/// Returns the policies of the program and of the files, unless some file has a mistake; and what is to be said about the files.
fn assembled(
    files: &Result<BTreeMap<String, String>, String>,
) -> Result<(Option<Policies>, Vec<PolicyDiagnostic>), ServiceError> {
    let files = match files {
        Ok(files) => files,
        Err(reason) => return Ok((None, vec![PolicyDiagnostic::of_file("", reason.as_str())])),
    };
    let mut policies = Policies::shipped().map_err(ServiceError::internal)?;
    let (mut wrong, mut warnings) = (Vec::new(), Vec::new());
    for (name, text) in files {
        match policies.add_file(name, text) {
            Ok(more) => warnings.extend(more),
            Err(more) => wrong.extend(more),
        }
    }
    Ok(if wrong.is_empty() { (Some(policies), warnings) } else { (None, wrong) })
}

/// Reads the files of policies in a directory, by their names without extension.
fn read(directory: &Path) -> io::Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != EXTENSION) {
            continue;
        }
        let invalid = |reason: &str| {
            let message = format!("{} {reason}", path.display());
            io::Error::new(io::ErrorKind::InvalidData, message)
        };
        let name = path.file_stem().and_then(|name| name.to_str());
        let name = name.ok_or_else(|| invalid("has a name that is not UTF-8"))?;
        if fs::metadata(&path)?.len() > FILE_BYTES_MAX {
            return Err(invalid(&format!("has more than {FILE_BYTES_MAX} bytes")));
        }
        files.insert(name.to_owned(), fs::read_to_string(&path)?);
        if files.len() > FILES_MAX {
            return Err(invalid(&format!("is one of more than {FILES_MAX} files of policies")));
        }
    }
    Ok(files)
}
