//! What a run would do, told before it is started.

use std::collections::BTreeMap;

use host_api::effect::EffectClass;
use runbook::plan::{Action, Plan};
use runbook::value::bind::{BindReason, Supplied, bind};
use serde::{Deserialize, Serialize};
use serde_json::json;
use ssm_model::types::previews::{
    AutomationExecutionInputs, AutomationExecutionPreview, ExecutionPreview, TargetPreview,
};
use store::previews::{self, PreviewRow};
use store::{ReadTx, Tx};

use super::shown::number;
use super::start::invalid;
use super::targets::Wanted;
use super::{
    GetExecutionPreviewRequest, GetExecutionPreviewResponse, StartExecutionPreviewRequest,
    StartExecutionPreviewResponse,
};
use crate::Services;
use crate::actor::{Actor, now_ms};
use crate::change::Deed;
use crate::clock::seconds;
use crate::documents::AUTOMATION;
use crate::error::{ErrorKind, ServiceError};
use crate::plugins::Component;

/// How long a preview is kept.
const KEPT_MS: u64 = 24 * 3_600_000;
/// What runs another document, which may do anything.
const EXECUTE_AUTOMATION: &str = "aws:executeAutomation";

/// A preview as it is stored.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    ended_ms: u64,
    preview: AutomationExecutionPreview,
}

impl Services {
    /// Works out what a run of a document would do to the world and how many targets it would have (SSM: `StartExecutionPreview`). It is
    /// done when this returns, and kept for a day.
    ///
    /// # Errors
    /// `ValidationException` for whatever a start would be refused for.
    pub async fn start_execution_preview(
        &self,
        actor: &Actor,
        request: StartExecutionPreviewRequest,
    ) -> Result<StartExecutionPreviewResponse, ServiceError> {
        let preview = self.previewed(&request).await.map_err(as_validation)?;
        let now_ms = now_ms();
        let kept = Kept { ended_ms: now_ms, preview };
        let encoded = serde_json::to_string(&kept).map_err(|error| {
            ServiceError::internal(format!("a preview cannot be encoded: {error}"))
        })?;
        let id = uuid::Uuid::new_v4().to_string();
        let row = PreviewRow {
            id: id.clone(),
            preview: encoded,
            created_ms: now_ms,
            expires_ms: now_ms.saturating_add(KEPT_MS),
        };
        let deed = Deed::new("StartExecutionPreview", format!("execution-preview/{id}"))
            .details(json!({ "document": request.document_name }));
        let keep = move |tx: &mut Tx<'_>| -> Result<String, ServiceError> {
            previews::insert(tx, &row)?;
            Ok(row.id.clone())
        };
        let id = self.change(actor, deed, keep).await?;
        Ok(StartExecutionPreviewResponse { execution_preview_id: Some(id) })
    }

    /// Returns a preview (SSM: `GetExecutionPreview`).
    ///
    /// # Errors
    /// `ResourceNotFoundException` for one that was never made, or has expired.
    pub async fn get_execution_preview(
        &self,
        request: GetExecutionPreviewRequest,
    ) -> Result<GetExecutionPreviewResponse, ServiceError> {
        let id = request.execution_preview_id;
        let wanted = id.clone();
        let now_ms = now_ms();
        let read = move |tx: &ReadTx<'_>| previews::find(tx, &wanted, now_ms);
        let row = self.store().read(read).await?.ok_or_else(|| {
            ServiceError::request(
                "ResourceNotFoundException",
                format!("there is no execution preview {id}"),
            )
        })?;
        let kept: Kept = serde_json::from_str(&row.preview).map_err(|error| {
            ServiceError::internal(format!("the preview {id} cannot be read: {error}"))
        })?;
        Ok(GetExecutionPreviewResponse {
            execution_preview_id: Some(id),
            status: Some("Success".to_owned()),
            ended_at: Some(seconds(kept.ended_ms)),
            execution_preview: Some(ExecutionPreview { automation: Some(kept.preview) }),
            status_message: None,
        })
    }

    async fn previewed(
        &self,
        request: &StartExecutionPreviewRequest,
    ) -> Result<AutomationExecutionPreview, ServiceError> {
        let version = request.document_version.as_deref();
        let found = self.find_document(&request.document_name, version, AUTOMATION, None).await?;
        let plan = self.compile_document(&found).await?;
        let inputs = request.execution_inputs.as_ref().and_then(|inputs| inputs.automation.clone());
        let inputs = inputs.unwrap_or_default();
        if inputs.target_locations.is_some() || inputs.target_locations_url.is_some() {
            return Err(ServiceError::unavailable(
                "TargetLocations are not available: runs stay in this installation's account and region",
            ));
        }
        Ok(AutomationExecutionPreview {
            step_previews: Some(self.impacts(&plan).await?),
            regions: Some(vec![self.place().region.clone()]),
            target_previews: Some(self.target_previews(&inputs, &plan).await?),
            total_accounts: Some(1),
        })
    }

    async fn target_previews(
        &self,
        inputs: &AutomationExecutionInputs,
        plan: &Plan,
    ) -> Result<Vec<TargetPreview>, ServiceError> {
        let parameters = inputs.parameters.clone().unwrap_or_default();
        let wanted = Wanted {
            parameter_name: inputs.target_parameter_name.as_deref(),
            targets: inputs.targets.as_deref().unwrap_or_default(),
            target_maps: inputs.target_maps.as_deref().unwrap_or_default(),
            parameters: &parameters,
        };
        let Some(children) = self.children(wanted, plan).await? else {
            check_given(plan, parameters)?;
            return Ok(Vec::new());
        };
        let key = wanted.targets.first().and_then(|target| target.key.as_deref());
        let target_type = match key {
            None | Some("ParameterValues") => "ParameterValues",
            Some(_) => "AWS::SSM::ManagedInstance",
        };
        Ok(vec![TargetPreview {
            count: Some(number(children.parameters.len())),
            target_type: Some(target_type.to_owned()),
        }])
    }

    /// Counts the steps by what they do: what reads only, what changes this installation, and what acts outside, where nobody can tell.
    async fn impacts(&self, plan: &Plan) -> Result<BTreeMap<String, i32>, ServiceError> {
        let catalogue = self.catalogue().await?;
        let words = ["Mutating", "NonMutating", "Undetermined"];
        let mut counts: BTreeMap<String, i32> =
            words.map(|word| (word.to_owned(), 0)).into_iter().collect();
        for step in &plan.steps {
            let impact = match &step.action {
                Action::Component { name, .. } if name == EXECUTE_AUTOMATION => "Undetermined",
                Action::Component { name, .. } => {
                    let Component { action, .. } = self.component_of(plan, &catalogue, name)?;
                    match action.effect {
                        EffectClass::Pure | EffectClass::Read => "NonMutating",
                        EffectClass::Store => "Mutating",
                        EffectClass::External => "Undetermined",
                    }
                }
                Action::Branch(_)
                | Action::Loop(_)
                | Action::Sleep(_)
                | Action::Pause
                | Action::Approve(_)
                | Action::UpdateVariable { .. } => "NonMutating",
            };
            *counts.entry(impact.to_owned()).or_default() += 1;
        }
        Ok(counts)
    }
}

/// What is given has to fit; a preview does not need all that a start does.
fn check_given(plan: &Plan, parameters: BTreeMap<String, Vec<String>>) -> Result<(), ServiceError> {
    let supplied = parameters.into_iter().map(|(name, values)| (name, Supplied::Wire(values)));
    let Err(mut errors) = bind(&plan.parameters, supplied.collect()) else { return Ok(()) };
    errors.retain(|error| error.reason != BindReason::Missing);
    if errors.is_empty() { Ok(()) } else { Err(invalid(&errors)) }
}

/// SSM declares one error for whatever is wrong with a preview.
fn as_validation(error: ServiceError) -> ServiceError {
    match error.kind {
        ErrorKind::Request => ServiceError { code: "ValidationException".into(), ..error },
        ErrorKind::Denied
        | ErrorKind::Unavailable
        | ErrorKind::Transient
        | ErrorKind::Unknown
        | ErrorKind::Nondeterminism
        | ErrorKind::Internal => error,
    }
}
