//! The one node of an embedded engine: this machine, by the agent in this process.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use agent::Agent;
use async_trait::async_trait;
use host_api::failure::{Failure, FailureKind};
use host_api::identifier::NodeId;
use host_api::node::{Job, JobReport};
use serde_json::Value;
use services::{NodeInformation, Nodes, Services};

/// The name by which the local node is meant without knowing its id.
pub(crate) const LOCAL: &str = "local";

/// Hands jobs to the agent of this process and its reports to the services.
pub(crate) struct LocalNodes {
    agent: Agent,
    /// Set once the services exist; they hold this very value.
    services: OnceLock<Services>,
}

impl LocalNodes {
    pub(crate) fn new(agent: Agent) -> Arc<Self> {
        Arc::new(Self { agent, services: OnceLock::new() })
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
        let Some(services) = self.services.get() else { return };
        let job = report.id.clone();
        match services.report(report).await {
            Ok(()) => {
                let agent = self.agent.clone();
                let forgotten = tokio::task::spawn_blocking(move || agent.forget(&job)).await;
                if let Ok(Err(error)) = forgotten {
                    tracing::debug!(%error, "a finished job's folder stays");
                }
            }
            Err(error) => tracing::error!(job, %error, "a report was not taken"),
        }
    }
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
        let reporter = Self { agent, services: OnceLock::from(services) };
        tokio::spawn(async move {
            match handle.report().await {
                Ok(report) => reporter.report(report).await,
                Err(error) => {
                    tracing::error!(job = id, %error, "the node cannot say what became of a job");
                }
            }
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
        let facts =
            self.gather(self.agent.node_id(), &["AWS:InstanceInformation".to_owned()]).await;
        let content =
            facts.ok().and_then(|items| items.first().map(|item| item["Content"][0].clone()));
        let fact = |name: &str| {
            content
                .as_ref()
                .and_then(|content| content[name].as_str())
                .unwrap_or_default()
                .to_owned()
        };
        vec![NodeInformation {
            id: self.agent.node_id().clone(),
            alias: Some(LOCAL.to_owned()),
            platform_type: "Linux".to_owned(),
            platform_name: fact("PlatformName"),
            platform_version: fact("PlatformVersion"),
            computer_name: fact("ComputerName"),
            tags: BTreeMap::new(),
        }]
    }
}
