//! Which nodes a command goes to.

use std::collections::BTreeSet;

use host_api::identifier::NodeId;

use super::{SendCommandRequest, Target};
use crate::Services;
use crate::error::ServiceError;
use crate::nodes::NodeInformation;
use crate::tags::MANAGED_INSTANCE;

const INSTANCE_IDS_MAX: usize = 50;
const TARGETS_MAX: usize = 5;
const TARGET_VALUES_MAX: usize = 50;

impl Services {
    /// Returns the nodes that a request names, in the order of their ids. Naming one that is not registered is an error; targets
    /// that match none are not.
    pub(crate) async fn target_nodes(
        &self,
        request: &SendCommandRequest,
    ) -> Result<Vec<NodeId>, ServiceError> {
        let nodes = self.nodes().list().await;
        match (request.instance_ids.is_empty(), request.targets.is_empty()) {
            (false, true) => named(&nodes, &request.instance_ids),
            (true, false) => self.matching(nodes, &request.targets).await,
            (true, true) => {
                Err(ServiceError::validation("either InstanceIds or Targets must be given"))
            }
            (false, false) => {
                Err(ServiceError::validation("InstanceIds and Targets cannot be given together"))
            }
        }
    }

    async fn matching(
        &self,
        nodes: Vec<NodeInformation>,
        targets: &[Target],
    ) -> Result<Vec<NodeId>, ServiceError> {
        check(targets)?;
        let mut matching = Vec::new();
        for node in self.with_stored_tags(nodes).await? {
            let holds = |target: &Target| match target.key.strip_prefix("tag:") {
                Some(key) => node.tags.get(key).is_some_and(|value| target.values.contains(value)),
                None if target.key == "tag-key" => {
                    target.values.iter().any(|key| node.tags.contains_key(key))
                }
                None => target.values.iter().any(|name| is_called(&node, name)),
            };
            if targets.iter().all(holds) {
                matching.push(node.id);
            }
        }
        Ok(matching)
    }

    /// Returns all nodes in the order of their ids, each with all its tags.
    pub(crate) async fn tagged_nodes(&self) -> Result<Vec<NodeInformation>, ServiceError> {
        let nodes = self.nodes().list().await;
        self.with_stored_tags(nodes).await
    }

    /// Adds the tags that the store has to those that the nodes state, which they replace.
    async fn with_stored_tags(
        &self,
        mut nodes: Vec<NodeInformation>,
    ) -> Result<Vec<NodeInformation>, ServiceError> {
        let read = move |tx: &store::ReadTx<'_>| -> Result<Vec<NodeInformation>, ServiceError> {
            for node in &mut nodes {
                node.tags.extend(store::tags::list(tx, MANAGED_INSTANCE, node.id.as_str())?);
            }
            Ok(nodes)
        };
        self.store().read(read).await
    }

    /// Returns the node that is called so: by its id or its alias.
    pub(crate) async fn node_named(&self, name: &str) -> Result<NodeId, ServiceError> {
        let nodes = self.nodes().list().await;
        let found = nodes.iter().find(|node| is_called(node, name));
        found.map(|node| node.id.clone()).ok_or_else(|| unknown(name))
    }
}

fn named(nodes: &[NodeInformation], names: &[String]) -> Result<Vec<NodeId>, ServiceError> {
    if names.len() > INSTANCE_IDS_MAX {
        return Err(ServiceError::validation(format!(
            "at most {INSTANCE_IDS_MAX} instance ids can be given, use targets for more"
        )));
    }
    let mut ids = BTreeSet::new();
    for name in names {
        let node = nodes.iter().find(|node| is_called(node, name)).ok_or_else(|| unknown(name))?;
        if !ids.insert(node.id.clone()) {
            return Err(ServiceError::request(
                "DuplicateInstanceId",
                format!("the node {} is named twice", node.id),
            ));
        }
    }
    Ok(ids.into_iter().collect())
}

fn check(targets: &[Target]) -> Result<(), ServiceError> {
    if targets.len() > TARGETS_MAX {
        return Err(ServiceError::validation(format!(
            "at most {TARGETS_MAX} targets can be given"
        )));
    }
    for target in targets {
        let known = target.key == "InstanceIds"
            || target.key == "tag-key"
            || target.key.strip_prefix("tag:").is_some_and(|key| !key.is_empty());
        if !known {
            return Err(ServiceError::unavailable(format!(
                "the target key {:?} is not available: InstanceIds, tag:<key> and tag-key are",
                target.key
            )));
        }
        if target.values.is_empty() || target.values.len() > TARGET_VALUES_MAX {
            return Err(ServiceError::validation(format!(
                "the target {} has {} values: 1 to {TARGET_VALUES_MAX} are allowed",
                target.key,
                target.values.len()
            )));
        }
    }
    Ok(())
}

/// Returns whether a node goes by this name: its id or its alias.
fn is_called(node: &NodeInformation, name: &str) -> bool {
    node.id.as_str() == name || node.alias.as_deref() == Some(name)
}

fn unknown(name: &str) -> ServiceError {
    ServiceError::request("InvalidInstanceId", format!("there is no node {name:?}"))
}
