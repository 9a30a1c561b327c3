//! How each operation is carried out by the owner.

mod access;
mod audit;
mod documents;
mod keys;
mod policies;
pub(crate) mod triggers;

use std::str::FromStr;
use std::sync::Arc;

use anyhow::{Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use host_api::identifier::{Principal, RunId};
use host_api::limits::Limits;
use machine::event::Event;
use runbook::source::Source;
use runbook::value::bind::Supplied;
use sandbox::signature::{PublicKey, Signature};
use sandbox::{Origin, SignaturePolicy};
use serde_json::{Value, json};
use services::Sensitive;
use services::automation::Start as StartPlan;
use services::parameters::{
    DeleteParameterRequest, DescribeParametersRequest, GetParameterRequest, ParameterStringFilter,
    PutParameterRequest,
};
use services::{Actor, BesideDocument, ErrorKind, Nodes, ServiceError};

use super::Engine;
use crate::catalogue::InstalledPlugin;
use crate::command::run::beside::is_reserved;
use crate::exit::{Exit, Refusal};
use crate::operation::{Operation, ParameterOperation, Request, Start};
use crate::source::{self, Found};

/// SSM's resource type of a node.
const MANAGED_INSTANCE: &str = "ManagedInstance";
/// Rows of one page when all are wanted.
const PAGE: i32 = 50;

/// Told before the answer.
pub(crate) type OnNews<'a> = &'a mut (dyn FnMut(Value) + Send);

impl Engine {
    /// Carries out one operation.
    pub async fn perform(&self, request: Request, on_news: OnNews<'_>) -> Result<Value> {
        let actor = &self.actor().under_token(&request.token);
        match request.operation {
            Operation::Start(start) => self.start(actor, *start).await,
            Operation::Follow { run } => self.follow(&RunId::new(run), on_news).await,
            Operation::ListRuns { status, limit } => self.list_runs(status, limit).await,
            Operation::ShowRun { run } => {
                let view = self.services().get_run(&RunId::new(run)).await.map_err(refused)?;
                Ok(serde_json::to_value(view)?)
            }
            Operation::Events { run } => {
                let journal =
                    driver::export::journal(self.services().store(), &RunId::new(run)).await;
                Ok(serde_json::to_value(
                    journal.map_err(|error| Refusal::bad_input(error.to_string()))?,
                )?)
            }
            Operation::Resume { run } => {
                let runs = self.driver().await?.resume(run.map(RunId::new)).await?;
                Ok(json!({ "runs": runs }))
            }
            Operation::Cancel { run } => {
                let run = RunId::new(run);
                self.driver().await?.resume(Some(run.clone())).await?;
                self.services().cancel_run(actor, &run).await.map_err(refused)?;
                Ok(Value::Null)
            }
            Operation::Signal { run, step, signal, speaks_for } => {
                let (run, speaks_for) = (RunId::new(run), speaks_for.map(Principal::new));
                let sent = self.services().signal_run(actor, &run, step, signal, speaks_for).await;
                Ok(json!({ "run": run, "by": sent.map_err(refused)? }))
            }
            Operation::Logs { run } => {
                let logs = self.services().run_logs(&RunId::new(run)).await.map_err(refused)?;
                Ok(serde_json::to_value(logs)?)
            }
            Operation::Prune { before_ms, dry_run: true } => {
                let pruned = self.services().prunable_runs(before_ms).await.map_err(refused)?;
                Ok(serde_json::to_value(pruned)?)
            }
            Operation::Prune { before_ms, dry_run: false } => {
                let pruned = self.services().prune_runs(actor, before_ms).await;
                Ok(serde_json::to_value(pruned.map_err(refused)?)?)
            }
            Operation::Record { run } => {
                let recording = self.record(run).await?;
                Ok(serde_json::to_value(recording)?)
            }
            Operation::Replay { run } => self.replay(run).await,
            Operation::Verify { run } => crate::verify::verify(self, run.map(RunId::new)).await,
            Operation::ListNodes => self.nodes().await,
            Operation::Backup { file } => self.backup(file).await,
            Operation::Parameter(operation) => self.parameter(actor, operation).await,
            Operation::Access(operation) => self.access(actor, operation).await,
            Operation::Policy(operation) => self.policy(actor, operation).await,
            Operation::Key(operation) => self.key(actor, operation).await,
            Operation::Documents(operation) => self.documents(actor, operation).await,
            Operation::Audit(operation) => self.audit(operation).await,
            Operation::Bus(operation) => self.events(actor, operation).await,
            Operation::Rules(operation) => self.rules(actor, operation).await,
            Operation::AddPlugin { component, signature, keys } => {
                self.add_plugin(actor, &component, signature, &keys).await
            }
            Operation::ListPlugins => Ok(serde_json::to_value(self.plugins().await?)?),
            Operation::RemovePlugin { plugin } => self.remove_plugin(actor, &plugin).await,
        }
    }

    async fn start(&self, actor: &Actor, start: Start) -> Result<Value> {
        let lock = start.lock.map(|(name, text)| Source::new(name, text));
        let found = Found { source: Source::new(start.name, start.text), directory: None, lock };
        let catalogue = self.services().catalogue().await.map_err(refused)?;
        let loaded = source::load(&found, &catalogue)?;
        if let Some((name, _)) = start.beside.iter().find(|(name, _)| is_reserved(name)) {
            let message = format!("`{name}` beside the runbook has the name of a shipped document");
            bail!(Refusal::bad_input(message));
        }
        let lock = found.lock.as_ref().map(|lock| lock.text.to_string());
        let beside = start.beside.into_iter();
        let beside = beside
            .map(|(name, content)| (name, BesideDocument { content, lock: lock.clone() }))
            .collect();
        let parameters =
            start.parameters.into_iter().map(|(name, text)| (name, Supplied::Text(text))).collect();
        let mut starting = StartPlan::by_hand(loaded.plan, parameters);
        starting.beside = beside;
        starting.event = start.event;
        self.driver().await?;
        let run = self.services().start_plan(actor, starting).await.map_err(refused)?;
        let warnings: Vec<String> = loaded
            .warnings
            .iter()
            .map(|warning| runbook::diagnostic::render::plain(&found.source, warning))
            .collect();
        Ok(json!({ "id": run, "warnings": warnings }))
    }

    async fn follow(&self, run: &RunId, on_news: OnNews<'_>) -> Result<Value> {
        let driver = self.driver().await?;
        let mut progress = driver.subscribe(run);
        self.services().get_run(run).await.map_err(refused)?;
        // What happened before the subscription is told from the journal; the overlap is cut by the number of entries.
        let store = self.services().store();
        let past = driver::export::journal(store, run).await?;
        let mut seen = past.len();
        let mut ended = past.iter().any(|entry| matches!(entry.event, Event::RunFinished { .. }));
        on_news(serde_json::to_value(past)?);
        while !ended {
            if let Some(reason) = driver.trouble(run) {
                bail!("run {run} is put aside: {reason}");
            }
            // The end of the news is the run's, or trouble.
            let Some(news) = progress.recv().await else { continue };
            let first = usize::try_from(news.first_seq).unwrap_or(usize::MAX);
            let known = seen.saturating_sub(first).min(news.entries.len());
            let fresh = &news.entries[known..];
            seen = seen.max(first + news.entries.len());
            ended = fresh.iter().any(|entry| matches!(entry.event, Event::RunFinished { .. }));
            on_news(serde_json::to_value(fresh)?);
        }
        let view = self.services().get_run(run).await.map_err(refused)?;
        Ok(json!({ "status": view.status }))
    }

    async fn list_runs(&self, status: Option<String>, limit: u32) -> Result<Value> {
        if let Some(status) = &status
            && serde_json::from_value::<machine::status::RunStatus>(json!(status)).is_err()
        {
            bail!(Refusal::bad_input(format!("there is no status `{status}`")).with_help(
                "a run is Pending, InProgress, Waiting, Cancelling, Success, Failed, TimedOut or Cancelled"
            ));
        }
        let statuses = status.into_iter().collect();
        let filter = store::runs::Filter { statuses, ..Default::default() };
        let limit = usize::try_from(limit)?;
        let (mut all, mut cursor) = (Vec::new(), None);
        while all.len() < limit {
            let rows_max = limit - all.len();
            let page = self.services().list_runs(filter.clone(), cursor, rows_max).await;
            let (runs, next) = page.map_err(refused)?;
            all.extend(runs);
            cursor = next;
            if cursor.is_none() {
                break;
            }
        }
        Ok(serde_json::to_value(all)?)
    }

    pub(crate) async fn record(&self, run: String) -> Result<driver::export::Recording> {
        let recorded = driver::export::record(self.services().store(), &RunId::new(run)).await;
        Ok(recorded.map_err(|error| Refusal::bad_input(error.to_string()))?)
    }

    async fn replay(&self, run: String) -> Result<Value> {
        let recording = self.record(run).await?;
        let seed = match recording.journal.first().map(|entry| &entry.event) {
            Some(Event::RunStarted(started)) => Some(
                self.services()
                    .unseal_seed(&recording.run, &started.sealed_seed)
                    .map_err(refused)?,
            ),
            _ => None,
        };
        let limits = Limits::default();
        let report = driver::replay::replay(&recording, &self.inner.sandbox, &limits, seed).await?;
        Ok(serde_json::to_value(report)?)
    }

    async fn nodes(&self) -> Result<Value> {
        let mut nodes = self.inner.nodes.list().await;
        for node in &mut nodes {
            let id = node.id.to_string();
            let tags: Result<_, store::ReadError> = self
                .services()
                .store()
                .read(move |tx| store::tags::list(tx, MANAGED_INSTANCE, &id))
                .await;
            node.tags.extend(tags?);
        }
        let nodes: Vec<_> = nodes
            .into_iter()
            .map(|node| json!({ "id": node.id, "alias": node.alias, "tags": node.tags }))
            .collect();
        Ok(Value::from(nodes))
    }

    async fn backup(&self, file: std::path::PathBuf) -> Result<Value> {
        let (store, target) = (self.services().store().clone(), file.clone());
        let report = tokio::task::spawn_blocking(move || store.backup(&target))
            .await?
            .map_err(Refusal::caused)?;
        Ok(json!({ "file": file, "bytes": report.bytes, "keyIds": report.key_ids }))
    }

    async fn parameter(&self, actor: &Actor, operation: ParameterOperation) -> Result<Value> {
        let services = self.services();
        match operation {
            ParameterOperation::Put { name, value, kind, overwrite, description } => {
                let request = PutParameterRequest {
                    name,
                    value: Sensitive::new(value),
                    r#type: kind,
                    overwrite: Some(overwrite),
                    description,
                    ..PutParameterRequest::default()
                };
                Ok(serde_json::to_value(
                    services.put_parameter(actor, request).await.map_err(refused)?,
                )?)
            }
            ParameterOperation::Get { name, with_decryption } => {
                let request = GetParameterRequest { name, with_decryption: Some(with_decryption) };
                let result = services.get_parameter(actor, request).await.map_err(refused)?;
                Ok(serde_json::to_value(result.parameter.unwrap_or_default())?)
            }
            ParameterOperation::List { path } => self.list_parameters(path).await,
            ParameterOperation::Delete { name } => {
                services
                    .delete_parameter(actor, DeleteParameterRequest { name })
                    .await
                    .map_err(refused)?;
                Ok(Value::Null)
            }
        }
    }

    async fn list_parameters(&self, path: String) -> Result<Value> {
        let filter = ParameterStringFilter {
            key: "Name".to_owned(),
            option: Some("BeginsWith".to_owned()),
            values: Some(vec![path.clone()]),
        };
        let parameter_filters = (path != "/").then(|| vec![filter]);
        let (mut all, mut next_token) = (Vec::new(), None);
        loop {
            let request = DescribeParametersRequest {
                parameter_filters: parameter_filters.clone(),
                max_results: Some(PAGE),
                next_token,
                ..DescribeParametersRequest::default()
            };
            let page = self.services().describe_parameters(request).await.map_err(refused)?;
            all.extend(page.parameters.unwrap_or_default());
            next_token = page.next_token;
            if next_token.is_none() {
                return Ok(serde_json::to_value(all)?);
            }
        }
    }

    async fn add_plugin(
        &self,
        actor: &Actor,
        component: &str,
        signature: Option<String>,
        keys: &[String],
    ) -> Result<Value> {
        let bytes: Arc<[u8]> = STANDARD
            .decode(component)
            .map_err(|error| Refusal::bad_input(format!("the component is not base64: {error}")))?
            .into();
        let trusted = keys
            .iter()
            .map(|key| {
                PublicKey::from_str(key).map_err(|error| Refusal::bad_input(error.to_string()))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let signature = signature
            .map(|text| {
                Signature::from_str(&text).map_err(|error| Refusal::bad_input(error.to_string()))
            })
            .transpose()?;
        let policy = self.admission(trusted);
        if let Some(signature) = signature.as_ref().filter(|_| policy.trusted.is_empty()) {
            let message =
                format!("it is signed by the key {}, which is not at hand", signature.key);
            bail!(Refusal::bad_input(message).with_help("name the key's file by --require-key"));
        }
        let signer = signature.as_ref().map(|signature| signature.key.to_string());
        let registered = self
            .inner
            .sandbox
            .register_under(bytes.clone(), Origin::Foreign { signature }, &policy)
            .await
            .map_err(|error| Refusal::bad_input(format!("the component is refused: {error}")))?;
        let manifest = registered.manifest.as_ref().clone();
        let added = self
            .services()
            .add_plugin(actor, manifest.clone(), bytes.to_vec(), signer.clone())
            .await;
        let digest = added.map_err(refused)?;
        let plugin = InstalledPlugin {
            name: manifest.name.clone(),
            version: manifest.version.clone(),
            digest,
            signer_key_id: signer,
            manifest,
        };
        Ok(serde_json::to_value(plugin)?)
    }

    /// Returns whose component is admitted: keys that are asked for narrow those of the operator, and are required.
    fn admission(&self, asked: Vec<PublicKey>) -> SignaturePolicy {
        let operator = &self.inner.signatures;
        if asked.is_empty() {
            return operator.clone();
        }
        let is_trusted =
            |key: &PublicKey| operator.trusted.is_empty() || operator.trusted.contains(key);
        SignaturePolicy { required: true, trusted: asked.into_iter().filter(is_trusted).collect() }
    }

    async fn plugins(&self) -> Result<Vec<InstalledPlugin>> {
        let registered = self.services().list_plugins().await.map_err(refused)?;
        let plugins = registered.into_iter().map(|plugin| InstalledPlugin {
            name: plugin.manifest.name.clone(),
            version: plugin.version,
            digest: plugin.digest,
            signer_key_id: plugin.signer_key_id,
            manifest: plugin.manifest,
        });
        Ok(plugins.collect())
    }

    async fn remove_plugin(&self, actor: &Actor, plugin: &str) -> Result<Value> {
        let all = self.plugins().await?;
        let chosen = all.iter().find(|known| {
            known.digest.as_str() == plugin || format!("{}@{}", known.name, known.version) == plugin
        });
        let Some(chosen) = chosen else {
            bail!(
                Refusal::bad_input(format!("there is no plugin {plugin}"))
                    .with_help("name it as `vendor:name@version` or by its digest; `runwright plugin list` shows all")
            );
        };
        let removed =
            self.services().remove_plugin(actor, chosen.name.clone(), chosen.version.clone());
        removed.await.map_err(refused)?;
        Ok(Value::Null)
    }
}

/// Says a capability's error by the exit code that its kind stands for.
#[expect(clippy::needless_pass_by_value, reason = "it is given to map_err")]
pub(crate) fn refused(error: ServiceError) -> Refusal {
    let exit = match error.kind {
        ErrorKind::Request | ErrorKind::Unavailable => Exit::BadInput,
        ErrorKind::Denied => Exit::Denied,
        ErrorKind::Transient => Exit::NotReachable,
        ErrorKind::Unknown | ErrorKind::Nondeterminism | ErrorKind::Internal => Exit::Bug,
    };
    Refusal { exit, message: error.to_string(), help: None }
}
