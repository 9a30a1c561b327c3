//! Services over a fresh store, with one node that keeps what it is given.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use host_api::effect::{Activation, EffectClass, StepPath};
use host_api::failure::Failure;
use host_api::grant::{GrantSet, Grants, Origin};
use host_api::identifier::{Digest, NodeId, Principal, RunId};
use host_api::manifest::{ActionManifest, Manifest};
use host_api::node::{Job, JobReport, JobStatus, JobStep, JobStepStatus};
use host_api::port::Caller;
use runbook::document::Format;
use serde_json::{Value, json};
use services::keyring::Sources;
use services::{
    Actor, BuiltIn, Keyring, NodeInformation, Nodes, Services, Settings, Shipped, ShippedDocument,
};
use store::{OpenOptions, Store};
use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

pub(crate) const SHELL: &str = r#"
schemaVersion: "2.2"
parameters:
  commands: { type: StringList }
  executionTimeout: { type: String, default: "3600" }
mainSteps:
  - action: aws:runShellScript
    name: shell
    inputs: { runCommand: "{{ commands }}", timeoutSeconds: "{{ executionTimeout }}" }
"#;

pub(crate) struct Fixture {
    pub(crate) services: Services,
    pub(crate) store: Store,
    pub(crate) nodes: Arc<FakeNodes>,
    pub(crate) delivered: UnboundedReceiver<Job>,
    pub(crate) directory: TempDir,
}

/// Nodes that take every job and run none.
pub(crate) struct FakeNodes {
    count: usize,
    jobs: UnboundedSender<Job>,
    pub(crate) cancelled: Mutex<Vec<String>>,
}

#[async_trait]
impl Nodes for FakeNodes {
    async fn deliver(&self, _node: &NodeId, job: Job) -> Result<(), Failure> {
        self.jobs.send(job).map_err(|error| Failure::action("Undeliverable", error.to_string()))
    }

    async fn cancel(&self, _node: &NodeId, job_id: &str) -> Result<(), Failure> {
        self.cancelled.lock().unwrap().push(job_id.to_owned());
        Ok(())
    }

    async fn gather(&self, _node: &NodeId, types: &[String]) -> Result<Vec<Value>, Failure> {
        Ok(types.iter().map(|name| json!({ "TypeName": name })).collect())
    }

    async fn list(&self) -> Vec<NodeInformation> {
        (0..self.count).map(information).collect()
    }
}

fn information(number: usize) -> NodeInformation {
    NodeInformation {
        id: node(number),
        alias: (number == 0).then(|| "local".to_owned()),
        platform_type: "Linux".to_owned(),
        platform_name: "Debian".to_owned(),
        platform_version: "12".to_owned(),
        computer_name: format!("host-{number}"),
        tags: BTreeMap::from([("Role".to_owned(), "web".to_owned())]),
    }
}

pub(crate) fn node(number: usize) -> NodeId {
    NodeId::new(format!("mi-{number:017x}"))
}

pub(crate) fn actor() -> Actor {
    Actor::new(Principal::new("os:1000"))
}

impl Fixture {
    pub(crate) fn new() -> Self {
        Self::with(Settings::default(), 1)
    }

    pub(crate) fn with(settings: Settings, node_count: usize) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path().join("data");
        let store = Store::open(&data, &OpenOptions::default()).unwrap();
        let keyring = Keyring::open(&data, &Sources::default(), &[]).unwrap();
        let (jobs, delivered) = unbounded_channel();
        let nodes = Arc::new(FakeNodes { count: node_count, jobs, cancelled: Mutex::default() });
        let shipped = Shipped { components: vec![built_in()], documents: vec![shell()] };
        let services =
            Services::new(settings, store.clone(), keyring, nodes.clone(), shipped).unwrap();
        Self { services, store, nodes, delivered, directory }
    }

    /// The caller of the first host call of a step of `run`.
    pub(crate) fn caller(run: &RunId, ordinal: u32, grants: &[&str]) -> Caller {
        Caller {
            principal: Principal::new("os:1000"),
            activation: Activation {
                run: run.clone(),
                path: StepPath::top("Step"),
                attempt: 1,
                activation: 1,
            },
            ordinal,
            prior: Vec::new(),
            depth: 0,
            grants: Arc::new(granted(grants)),
        }
    }

    /// Starts the smallest run there is.
    pub(crate) async fn run(&self) -> RunId {
        let source = runbook::source::Source::new("smallest.yaml", SMALLEST);
        let catalogue = self.services.catalogue().await.unwrap();
        let (plan, diagnostics) = runbook::compile::load(&source, &catalogue, None);
        let plan = plan.unwrap_or_else(|| panic!("{diagnostics:?}"));
        let start = services::automation::Start::by_hand(plan, BTreeMap::new());
        self.services.start_plan(&actor(), start).await.unwrap()
    }

    pub(crate) fn audit_actions(&self) -> Vec<(String, String)> {
        let entries = self.store.read_blocking(|tx| store::audit::list(tx, 0, 1_000)).unwrap();
        entries.into_iter().map(|entry| (entry.event.action, entry.event.decision)).collect()
    }
}

pub(crate) const SMALLEST: &str = r#"
schemaVersion: "0.4"
mainSteps:
  - name: Check
    action: aws:assertProperty
    inputs: { Value: a, DesiredValues: [a] }
"#;

pub(crate) fn granted(texts: &[&str]) -> Grants {
    Grants::new(Origin::Document, GrantSet::parse(texts).unwrap())
}

pub(crate) fn report(job: &Job, status: JobStatus, output: &str) -> JobReport {
    let step_status = match status {
        JobStatus::Success => JobStepStatus::Success,
        JobStatus::Failed => JobStepStatus::Failed,
        JobStatus::ExecutionTimedOut => JobStepStatus::TimedOut,
        JobStatus::Cancelled => JobStepStatus::Cancelled,
        JobStatus::Unknown => JobStepStatus::Unknown,
    };
    JobReport {
        id: job.id.clone(),
        status,
        steps: vec![JobStep {
            name: "shell".to_owned(),
            plugin: "aws:runShellScript".to_owned(),
            status: step_status,
            response_code: i32::from(status != JobStatus::Success),
            standard_output: output.to_owned(),
            standard_error: String::new(),
            started: Some(1_000),
            ended: Some(2_000),
        }],
    }
}

fn shell() -> ShippedDocument {
    ShippedDocument {
        name: "AWS-RunShellScript".to_owned(),
        content: SHELL.to_owned(),
        format: Format::Yaml,
    }
}

fn built_in() -> BuiltIn {
    let action = |name: &str, effect, needs: &[&str], inputs: Value| ActionManifest {
        name: name.to_owned(),
        summary: "for tests".to_owned(),
        effect,
        needs: needs.iter().map(|need| (*need).to_owned()).collect(),
        inputs,
        outputs: json!({ "type": "object", "properties": { "Value": {} } }),
    };
    let object = |properties: Value| json!({ "type": "object", "properties": properties, "additionalProperties": false });
    let component: Arc<[u8]> = Arc::from(&b"a component"[..]);
    BuiltIn {
        digest: Digest::of(&component),
        component,
        manifest: Manifest {
            name: "aws:fixture".to_owned(),
            version: "1.0.0".to_owned(),
            wit: "0.1.0".to_owned(),
            interfaces: BTreeSet::from(["parameters".to_owned()]),
            actions: vec![
                action(
                    "aws:assertProperty",
                    EffectClass::Pure,
                    &[],
                    object(json!({ "Value": {}, "DesiredValues": { "type": "array" } })),
                ),
                action(
                    "aws:executeAutomation",
                    EffectClass::Store,
                    &["automation:start:{DocumentName}"],
                    object(json!({
                        "DocumentName": { "type": "string" },
                        "DocumentVersion": { "type": "string" },
                        "RuntimeParameters": { "type": "object" },
                    })),
                ),
                action(
                    "aws:getParameter",
                    EffectClass::Read,
                    &["parameters:read:{Name}"],
                    object(json!({ "Name": { "type": "string" } })),
                ),
            ],
        },
    }
}
