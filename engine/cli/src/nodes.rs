//! The one node of an embedded engine: this machine, by the agent in this process.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use agent::{Agent, AgentError, JobState};
use async_trait::async_trait;
use host_api::failure::{Failure, FailureKind};
use host_api::identifier::NodeId;
use host_api::node::{Job, JobReport, JobStatus, JobStep, JobStepStatus};
use serde_json::Value;
use services::{ErrorKind, NodeInformation, Nodes, Services};
use tokio::sync::OnceCell;

/// How long a report that was not taken rests before it is given again; doubled up to [`PAUSE_MAX`].
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// The name by which the local node is meant without knowing its id.
pub(crate) const LOCAL: &str = "local";

/// Hands jobs to the agent of this process and its reports to the services.
pub(crate) struct LocalNodes {
    agent: Agent,
    /// What this machine is, gathered when it is asked for first: every dispatch asks.
    information: OnceCell<NodeInformation>,
    /// Set once the services exist; they hold this very value.
    services: OnceLock<Services>,
}

impl LocalNodes {
    pub(crate) fn new(agent: Agent) -> Arc<Self> {
        Arc::new(Self { agent, information: OnceCell::new(), services: OnceLock::new() })
    }

    pub(crate) fn node_id(&self) -> &NodeId {
        self.agent.node_id()
    }

    /// Names who is told of reports. Called once, before any job is delivered.
    pub(crate) fn report_to(&self, services: Services) {
        if self.services.set(services).is_err() {
            tracing::error!("the local node already has somebody to report to");
        }
    }

    /// Reports the jobs that ended while nobody was here, and forgets them with those that were only not forgotten.
    ///
    /// Called before anything is dispatched, for what is forgotten must not be delivered any more.
    pub(crate) async fn take_up(&self) -> anyhow::Result<()> {
        let agent = self.agent.clone();
        let left_behind = tokio::task::spawn_blocking(move || agent.left_behind()).await??;
        for report in left_behind {
            self.report(report).await;
        }
        Ok(())
    }

    async fn report(&self, report: JobReport) {
        if let Some(services) = self.services.get() {
            take_over(&self.agent, services, report).await;
        }
    }

    async fn gather_information(&self) -> Result<NodeInformation, Failure> {
        let node = self.agent.node_id();
        let facts = self.gather(node, &["AWS:InstanceInformation".to_owned()]).await?;
        let content = facts.first().map_or(&Value::Null, |item| &item["Content"][0]);
        let fact = |name: &str| content[name].as_str().unwrap_or_default().to_owned();
        Ok(NodeInformation {
            id: node.clone(),
            alias: Some(LOCAL.to_owned()),
            platform_type: "Linux".to_owned(),
            platform_name: fact("PlatformName"),
            platform_version: fact("PlatformVersion"),
            computer_name: fact("ComputerName"),
            tags: BTreeMap::new(),
        })
    }
}

/// Gives a report to the services, however often it takes; the agent keeps the job until they have it.
async fn take_over(agent: &Agent, services: &Services, report: JobReport) {
    let job = report.id.clone();
    let mut pause = PAUSE_AFTER_FAILURE;
    while let Err(error) = services.report(report.clone()).await {
        if error.kind != ErrorKind::Internal {
            tracing::warn!(job, %error, "a report is not wanted");
            break;
        }
        tracing::error!(job, %error, "a report was not taken yet");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
    let agent = agent.clone();
    let forgotten = tokio::task::spawn_blocking(move || agent.forget(&job)).await;
    if let Ok(Err(error)) = forgotten {
        tracing::debug!(%error, "a finished job's folder stays");
    }
}

/// Returns what is to be reported of a job of which the agent cannot tell the end.
fn report_of_failure(agent: &Agent, job: &str, error: &AgentError) -> JobReport {
    let is_begun = !matches!(agent.status(job), Ok(JobState::NeverSeen | JobState::Recorded));
    let (status, step) = if is_begun {
        (JobStatus::Unknown, JobStepStatus::Unknown)
    } else {
        (JobStatus::Failed, JobStepStatus::Failed)
    };
    let step = JobStep {
        name: "agent".to_owned(),
        plugin: String::new(),
        status: step,
        response_code: -1,
        standard_output: String::new(),
        standard_error: error.to_string(),
        started: None,
        ended: None,
    };
    JobReport { id: job.to_owned(), status, steps: vec![step] }
}

#[async_trait]
impl Nodes for LocalNodes {
    async fn deliver(&self, node: &NodeId, job: Job) -> Result<(), Failure> {
        if node != self.agent.node_id() {
            return Err(Failure::action(
                "InvalidInstanceId",
                format!("{node} is not reachable from here"),
            ));
        }
        let handle = self
            .agent
            .run(job)
            .map_err(|error| Failure::action("Undeliverable", error.to_string()).retryable())?;
        let Some(services) = self.services.get().cloned() else {
            return Err(Failure::new(FailureKind::Internal, "nobody takes reports"));
        };
        let (agent, id) = (self.agent.clone(), handle.id().to_owned());
        tokio::spawn(async move {
            let report = match handle.report().await {
                Ok(report) => report,
                Err(error) => {
                    tracing::error!(job = id, %error, "the node cannot say what became of a job");
                    report_of_failure(&agent, &id, &error)
                }
            };
            take_over(&agent, &services, report).await;
        });
        Ok(())
    }

    async fn cancel(&self, _node: &NodeId, job_id: &str) -> Result<(), Failure> {
        self.agent
            .cancel(job_id)
            .map(drop)
            .map_err(|error| Failure::action("Undeliverable", error.to_string()))
    }

    async fn gather(&self, node: &NodeId, types: &[String]) -> Result<Vec<Value>, Failure> {
        if node != self.agent.node_id() {
            return Err(Failure::action(
                "InvalidInstanceId",
                format!("{node} is not reachable from here"),
            ));
        }
        let (facts, types) = (self.agent.facts(), types.to_vec());
        tokio::task::spawn_blocking(move || facts.gather(types))
            .await
            .map_err(|error| Failure::new(FailureKind::Internal, error.to_string()))?
            .map_err(|error| Failure::action("InvalidTypeNameException", error.to_string()))
    }

    async fn list(&self) -> Vec<NodeInformation> {
        match self.information.get_or_try_init(|| self.gather_information()).await {
            Ok(information) => vec![information.clone()],
            Err(error) => {
                tracing::error!(%error, "this machine cannot say what it is");
                Vec::new()
            }
        }
    }
}
