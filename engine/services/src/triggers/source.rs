//! Where rules come from: the files of a directory that is watched.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{fs, io};

use arc_swap::ArcSwap;
use host_api::identifier::{Digest, Principal};
use rules::file::RuleFile;
use runbook::diagnostic::{Diagnostic, Severity, any_error, render};
use runbook::source::Source;
use serde::Serialize;
use serde_json::json;
use store::{Tx, rule_files};

use super::RESERVED;
use super::rule_set::RuleSet;
use crate::Services;
use crate::actor::{Actor, now_ms};
use crate::change::Deed;
use crate::error::ServiceError;
use crate::webhooks::scheme::Scheme;

/// What a file of rules is called.
const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];
/// Files of rules in one directory.
const FILES_MAX: usize = 1_000;
/// How often the directory is looked at.
const LOOK_EACH: Duration = Duration::from_secs(1);

/// The texts of files by their names, or why there are none.
type Files = Result<BTreeMap<String, String>, String>;

/// The rules that events are held against, and what they were made of.
#[derive(Debug)]
pub(crate) struct RuleSource {
    directory: Option<PathBuf>,
    /// What the files say.
    files: ArcSwap<RuleSet>,
    /// What the files say, and what clients of `EventBridge` have made.
    current: ArcSwap<RuleSet>,
    /// One set at a time is made ready and put in place.
    publishing: tokio::sync::Mutex<()>,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    files: Option<Files>,
    status: RuleStatus,
}

/// What is wrong in a file, or may not be as it was meant.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleDiagnostic {
    pub file: String,
    #[serde(flatten)]
    pub diagnostic: Diagnostic,
    /// For people: with the line and a caret.
    #[serde(skip)]
    pub shown: String,
}

/// How the rules stand.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleStatus {
    pub directory: Option<PathBuf>,
    /// When the rules that hold were read, in milliseconds since the Unix epoch.
    pub loaded_ms: u64,
    pub webhooks: usize,
    pub rules: usize,
    pub schedules: usize,
    /// Why what is in the directory now does not hold: while there are errors, the rules that were last good do.
    pub diagnostics: Vec<RuleDiagnostic>,
    /// Why the directory cannot be read.
    pub unreadable: Option<String>,
    pub is_broken: bool,
}

/// Files whose rules are good.
struct Good {
    files: BTreeMap<String, String>,
    set: RuleSet,
}

impl RuleSource {
    /// Reads the rules. This blocks the thread.
    ///
    /// # Errors
    /// A directory that cannot be read, or has a mistake: nothing was good before.
    pub(crate) fn open(directory: Option<PathBuf>) -> Result<Self, ServiceError> {
        let status = RuleStatus { directory: directory.clone(), ..RuleStatus::default() };
        let source = Self {
            directory,
            files: ArcSwap::default(),
            current: ArcSwap::default(),
            publishing: tokio::sync::Mutex::default(),
            seen: Mutex::new(Seen { files: None, status }),
        };
        if let Some(good) = source.look() {
            let set = Arc::new(good.set);
            source.files.store(set.clone());
            source.current.store(set);
        }
        let status = source.status();
        if status.is_broken {
            let said = status.diagnostics.iter().map(|said| said.shown.trim_end());
            let said: Vec<&str> = said.chain(status.unreadable.as_deref()).collect();
            let said = said.join("\n");
            return Err(ServiceError::validation(format!("the rules cannot be used:\n{said}")));
        }
        Ok(source)
    }

    pub(crate) fn current(&self) -> Arc<RuleSet> {
        self.current.load_full()
    }

    /// Returns the rules of files.
    pub(crate) fn files(&self) -> Arc<RuleSet> {
        self.files.load_full()
    }

    fn status(&self) -> RuleStatus {
        self.lock().status.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the directory, and returns its rules if they have changed and are good. This blocks the thread.
    fn look(&self) -> Option<Good> {
        // Kept while reading, so that no older reading comes after a newer one.
        let mut seen = self.lock();
        let files = match &self.directory {
            Some(directory) => read_files(directory)
                .map_err(|error| format!("{} cannot be read: {error}", directory.display())),
            None => Ok(BTreeMap::new()),
        };
        if seen.files.as_ref() == Some(&files) {
            return None;
        }
        let (set, diagnostics) = match &files {
            Ok(files) => check_files(files),
            Err(_) => (None, Vec::new()),
        };
        seen.status.is_broken = set.is_none();
        seen.status.diagnostics = diagnostics;
        seen.status.unreadable = files.as_ref().err().cloned();
        seen.files = Some(files.clone());
        let set = set?;
        seen.status.loaded_ms = now_ms();
        seen.status.webhooks = set.hook_names().count();
        seen.status.rules = set.rule_names().count();
        seen.status.schedules = set.schedules().count();
        files.ok().map(|files| Good { files, set })
    }

    /// Has the directory looked at as if for the first time.
    fn forget(&self) {
        self.lock().files = None;
    }
}

impl Services {
    /// Returns the rules that hold.
    pub fn rules(&self) -> Arc<RuleSet> {
        self.triggers().source.current()
    }

    /// Returns how the rules stand.
    pub fn rule_status(&self) -> RuleStatus {
        self.triggers().source.status()
    }

    /// Looks at the directory of rules now. Good changes hold from then on, and are in the store and in the audit log.
    pub async fn reload_rules(&self) -> Result<RuleStatus, ServiceError> {
        let services = self.clone();
        let look = move || {
            let source = &services.triggers().source;
            let before = source.status();
            (source.look(), before, source.status())
        };
        let (taken, before, after) = tokio::task::spawn_blocking(look).await.map_err(|error| {
            ServiceError::internal(format!("the reading of rules was cut off: {error}"))
        })?;
        if let Some(Good { files, set }) = taken {
            let taken = async {
                self.keep_rule_files(files).await?;
                self.publish_rules(Some(set)).await
            };
            if let Err(error) = taken.await {
                self.triggers().source.forget();
                return Err(error);
            }
        }
        if after.is_broken && after != before {
            for wrong in &after.diagnostics {
                tracing::error!(
                    file = wrong.file,
                    "rules are broken; those that were last good hold: {}",
                    wrong.shown
                );
            }
            if let Some(reason) = &after.unreadable {
                tracing::error!(reason, "rules cannot be read; those that were last good hold");
            }
        }
        Ok(after)
    }

    /// Has the store ready for the rules that were read when the services were put together. To be awaited before anything is taken in.
    pub async fn begin_triggers(&self) -> Result<(), ServiceError> {
        let source = &self.triggers().source;
        let files = source.lock().files.clone().and_then(Result::ok).unwrap_or_default();
        if !files.is_empty() {
            self.keep_rule_files(files).await?;
        }
        self.publish_rules(None).await
    }

    /// Puts rules in place: those of files, which are others now if they are given, and those that clients of `EventBridge` have made.
    pub(crate) async fn publish_rules(&self, files: Option<RuleSet>) -> Result<(), ServiceError> {
        let source = &self.triggers().source;
        let _turn = source.publishing.lock().await;
        let files = files.map_or_else(|| source.files(), Arc::new);
        let mut set = files.as_ref().clone();
        set.add_event_rules(self.event_rules().await?);
        // What the rules need is in the store before the first event is held against them.
        self.prepare_for(&set).await?;
        source.files.store(files);
        source.current.store(Arc::new(set));
        self.triggers().look();
        Ok(())
    }

    /// Looks at the directory of rules each second, as long as the future is polled.
    pub async fn watch_rules(&self) {
        loop {
            if let Err(error) = self.reload_rules().await {
                if error.is_store_closed() {
                    return;
                }
                tracing::error!(%error, "the rules could not be looked at");
            }
            tokio::time::sleep(LOOK_EACH).await;
        }
    }

    /// Keeps the files whose rules hold, in the transaction that tells of it.
    async fn keep_rule_files(&self, files: BTreeMap<String, String>) -> Result<(), ServiceError> {
        let files: Vec<(String, Digest, String)> = files
            .into_iter()
            .map(|(name, text)| (name, Digest::of(text.as_bytes()), text))
            .collect();
        let digests: BTreeMap<&str, &str> =
            files.iter().map(|(name, digest, _)| (name.as_str(), digest.as_str())).collect();
        let directory = self.rule_status().directory;
        let resource = directory.map(|path| path.display().to_string()).unwrap_or_default();
        let deed = Deed::new("LoadRules", resource).details(json!({ "files": digests }));
        let now_ms = now_ms();
        let keep = move |tx: &mut Tx<'_>| -> Result<(), ServiceError> {
            for (name, digest, text) in &files {
                rule_files::keep(tx, digest, name, text, now_ms)?;
            }
            Ok(())
        };
        self.change(&self.installation(), deed, keep).await
    }

    /// Returns the installation itself as an actor: what its operator wrote in files acts as it.
    pub(crate) fn installation(&self) -> Actor {
        let account = &self.place().account_id;
        Actor::owner(Principal::new(format!("arn:aws:iam::{account}:root")))
    }
}

impl RuleDiagnostic {
    fn new(source: &Source, diagnostic: Diagnostic) -> Self {
        let shown = render::plain(source, &diagnostic);
        Self { file: source.name.clone(), diagnostic, shown }
    }
}

/// Checks files, and returns their rules if none has a mistake; and what is to be said about them.
pub fn check_files(files: &BTreeMap<String, String>) -> (Option<RuleSet>, Vec<RuleDiagnostic>) {
    let (mut set, mut said, mut is_wrong) = (RuleSet::default(), Vec::new(), false);
    let sources: Vec<Source> =
        files.iter().map(|(name, text)| Source::new(name.as_str(), text.as_str())).collect();
    let all: Vec<&Source> = sources.iter().collect();
    let mut duplicates = rules::file::duplicates_between(&all);
    for (number, source) in sources.iter().enumerate() {
        let (file, mut diagnostics) = check_file(source);
        let of_file = duplicates.extract_if(.., |(place, _)| *place == number);
        diagnostics.extend(of_file.map(|(_, duplicate)| duplicate));
        is_wrong |= any_error(&diagnostics);
        said.extend(diagnostics.into_iter().map(|found| RuleDiagnostic::new(source, found)));
        match file {
            Some((file, schemes)) => set.add(file, schemes),
            None => is_wrong = true,
        }
    }
    said.sort_by_key(|diagnostic| diagnostic.diagnostic.severity != Severity::Error);
    ((!is_wrong).then_some(set), said)
}

/// Checks one file: what it says, how deliveries are verified, and everything that is to be said about it.
pub fn check_file(source: &Source) -> (Option<(RuleFile, Vec<Scheme>)>, Vec<Diagnostic>) {
    let (file, mut diagnostics) = rules::file::parse(source);
    let Some(file) = file else { return (None, diagnostics) };
    let (document, _) = rules::file::document(source);
    let span = |number: usize, path: &str| {
        let node = document.as_ref().map(|document| document.root());
        let node = node.map(|root| root.descend(&format!("webhooks/{number}/{path}")));
        node.map(|node| node.focus()).unwrap_or_default()
    };
    let mut schemes = Vec::with_capacity(file.webhooks.len());
    for (number, webhook) in file.webhooks.iter().enumerate() {
        match serde_json::from_value(webhook.verify.clone()) {
            Ok(scheme) => schemes.push(scheme),
            Err(error) => diagnostics.push(Diagnostic::error(
                runbook::codes::INVALID_VALUE,
                span(number, "verify"),
                format!("the webhook `{}` cannot be verified so: {error}", webhook.name),
            )),
        }
        if webhook.event.source.starts_with(RESERVED) {
            let message = format!(
                "a webhook cannot tell of `{RESERVED}*`: such events tell what happens here"
            );
            let span = span(number, "event/source");
            diagnostics.push(Diagnostic::error(runbook::codes::INVALID_VALUE, span, message));
        }
    }
    ((!any_error(&diagnostics)).then_some((file, schemes)), diagnostics)
}

/// Reads the files of rules in a directory, by their names: those that end in `.yaml`, `.yml` or `.json`.
///
/// # Errors
/// A directory or a file that cannot be read, is too large, or is one of too many.
pub fn read_files(directory: &Path) -> io::Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        if !extension.is_some_and(|extension| EXTENSIONS.contains(&extension)) {
            continue;
        }
        let invalid = |reason: &str| {
            let message = format!("{} {reason}", path.display());
            io::Error::new(io::ErrorKind::InvalidData, message)
        };
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.ok_or_else(|| invalid("has a name that is not UTF-8"))?;
        let bytes_max = rules::file::TEXT_BYTES_MAX as u64;
        if fs::metadata(&path)?.len() > bytes_max {
            return Err(invalid(&format!("has more than {bytes_max} bytes")));
        }
        files.insert(name.to_owned(), fs::read_to_string(&path)?);
        if files.len() > FILES_MAX {
            return Err(invalid(&format!("is one of more than {FILES_MAX} files of rules")));
        }
    }
    Ok(files)
}
