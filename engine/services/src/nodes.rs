//! The port to the nodes. `cli` wires the agent of this process, `server` the socket of an agent elsewhere.

use std::collections::BTreeMap;

use async_trait::async_trait;
use host_api::failure::Failure;
use host_api::identifier::NodeId;
use host_api::node::Job;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What is known of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeInformation {
    pub id: NodeId,
    /// Another name it answers to within this process, such as `local`. Not known on the wire.
    pub alias: Option<String>,
    /// `Linux`.
    pub platform_type: String,
    pub platform_name: String,
    pub platform_version: String,
    pub computer_name: String,
    /// Tags that the node itself states; those of the store come on top.
    pub tags: BTreeMap<String, String>,
}

/// Reaches the nodes.
#[async_trait]
pub trait Nodes: Send + Sync + 'static {
    /// Hands a job over. The node keeps it before this returns, and later reports to [`crate::Services::report`].
    ///
    /// Asked again with the same job, it changes nothing. An error says that the node did not take the job; it is tried again.
    async fn deliver(&self, node: &NodeId, job: Job) -> Result<(), Failure>;

    /// Asks a node to end a job; the report follows. A job that the node does not run is not an error.
    async fn cancel(&self, node: &NodeId, job_id: &str) -> Result<(), Failure>;

    /// Gathers inventory now: SSM's `InventoryItem`s.
    async fn gather(&self, node: &NodeId, types: &[String]) -> Result<Vec<Value>, Failure>;

    /// Returns all nodes, in the order of their ids.
    async fn list(&self) -> Vec<NodeInformation>;
}
