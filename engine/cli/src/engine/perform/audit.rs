//! The audit log.

use anyhow::{Result, bail};
use serde_json::{Value, json};
use services::ErrorKind;
use services::audit::{AuditError, AuditEvent, Filter, PAGE_MAX, to_text};

use super::{Engine, refused};
use crate::exit::Refusal;
use crate::operation::{AuditFilter, AuditOperation};

impl Engine {
    pub(super) async fn audit(&self, operation: AuditOperation) -> Result<Value> {
        let services = self.services();
        match operation {
            AuditOperation::Newest { count } => {
                let mut records = self.newest_records(Filter::default(), count.max(1)).await?;
                records.reverse();
                let next = records.last().map_or(1, |record| record.seq + 1);
                records.truncate(usize::try_from(count)?);
                Ok(json!({ "records": records, "nextSeq": next }))
            }
            AuditOperation::From { seq } => {
                let tail = services.audit_tail(Filter::default(), seq, PAGE_MAX).await;
                let (records, next) = tail.map_err(refused)?;
                Ok(json!({ "records": records, "nextSeq": next }))
            }
            AuditOperation::Query { filter, limit } => {
                let filter = self.filter(filter);
                Ok(serde_json::to_value(self.newest_records(filter, limit).await?)?)
            }
            AuditOperation::Verify { checkpoint } => {
                match services.verify_audit(checkpoint.as_deref()).await {
                    Ok(verified) => Ok(json!({ "valid": true, "verified": verified })),
                    Err(AuditError::NotACheckpoint) => bail!(
                        Refusal::bad_input("--checkpoint: the line is not a checkpoint").with_help(
                            "give the whole line that `runwright audit checkpoint` printed"
                        )
                    ),
                    Err(AuditError::Service(error)) if error.kind != ErrorKind::Internal => {
                        bail!(refused(error))
                    }
                    Err(error) => Ok(json!({ "valid": false, "error": error.to_string() })),
                }
            }
            AuditOperation::Checkpoint => {
                services.flush_records().await.map_err(refused)?;
                let checkpoint = services.checkpoint_audit().await.map_err(refused)?;
                Ok(json!({
                    "line": to_text(&checkpoint), "seq": checkpoint.head.seq,
                    "hash": checkpoint.head.hash, "timeMs": checkpoint.time_ms,
                    "publicKey": checkpoint.public_key,
                }))
            }
        }
    }

    /// Returns up to `count` records, newest first.
    async fn newest_records(&self, filter: Filter, count: u32) -> Result<Vec<AuditEvent>> {
        let count = usize::try_from(count)?;
        let (mut all, mut cursor) = (Vec::new(), None);
        while all.len() < count {
            let left = u32::try_from(count - all.len())?;
            let page = self.services().audit_events(filter.clone(), cursor.as_deref(), left).await;
            let (records, next) = page.map_err(refused)?;
            all.extend(records);
            cursor = next;
            if cursor.is_none() {
                break;
            }
        }
        Ok(all)
    }

    /// Returns the filter in the log's terms. A user is called by the name; a resource by its ARN or its end.
    fn filter(&self, filter: AuditFilter) -> Filter {
        let AuditFilter { user, event, resource, decision, since_ms, until_ms, request_id } =
            filter;
        let services = self.services();
        let principal = user.map(|user| match user.contains(':') {
            true => user,
            false => services.user_principal(&user).to_string(),
        });
        // What stands at the end of an ARN is SSM's or IAM's; what is no ARN, such as an alias, is in the log as it is.
        let place = services.place();
        let account_id = &place.account_id;
        let region = &place.region;
        let ends = |end: String| {
            if end.starts_with("arn:") {
                return vec![end];
            }
            let ssm = format!("arn:aws:ssm:{region}:{account_id}:{end}");
            vec![ssm, format!("arn:aws:iam::{account_id}:{end}"), end]
        };
        Filter {
            from_ms: since_ms,
            before_ms: until_ms,
            principal,
            action: event,
            resources: resource.map(ends).unwrap_or_default(),
            decision,
            request_id,
        }
    }
}
