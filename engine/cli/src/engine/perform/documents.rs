//! Documents of the store.

use anyhow::Result;
use serde_json::{Value, json};
use services::Actor;
use services::documents::DocumentFile;

use super::{Engine, PAGE, refused};
use crate::operation::{DocumentOperation, SyncedFile};

impl Engine {
    pub(super) async fn documents(
        &self,
        actor: &Actor,
        operation: DocumentOperation,
    ) -> Result<Value> {
        let services = self.services();
        match operation {
            DocumentOperation::Sync { files, dry_run } => {
                let files = files.into_iter();
                let files = files
                    .map(|SyncedFile { name, content, lock }| DocumentFile { name, content, lock })
                    .collect();
                let plan = if dry_run {
                    services.plan_sync(actor, files).await
                } else {
                    services.apply_sync(actor, files).await
                };
                Ok(serde_json::to_value(plan.map_err(refused)?)?)
            }
            DocumentOperation::List => self.list_documents(actor).await,
        }
    }

    async fn list_documents(&self, actor: &Actor) -> Result<Value> {
        let (mut all, mut next_token) = (Vec::new(), Value::Null);
        loop {
            let mut request = json!({ "MaxResults": PAGE });
            if !next_token.is_null() {
                request["NextToken"] = next_token;
            }
            let page = self.services().call(actor.clone(), "ListDocuments", request).await;
            let mut page = page.map_err(refused)?;
            if let Value::Array(documents) = page["DocumentIdentifiers"].take() {
                all.extend(documents);
            }
            next_token = page["NextToken"].take();
            if next_token.is_null() {
                return Ok(Value::Array(all));
            }
        }
    }
}
