//! Lists of runs.

use host_api::identifier::RunId;
use ssm_model::types::automation::AutomationExecutionMetadata;
use store::runs::{self, Page, RunRow};
use store::{ReadError, ReadTx};

use super::filter::Filter;
use super::page::{List, invalid_token, rows_max};
use super::shown::metadata;
use super::{DescribeAutomationExecutionsRequest, DescribeAutomationExecutionsResult};
use crate::Services;
use crate::error::ServiceError;

/// Runs that are looked at for one page; one with a filter for the current action may have fewer, and still lead on.
const LOOKED_AT_MAX: usize = 1_000;

/// What a request's filters say.
#[derive(Debug, Default)]
struct Wanted {
    rows: runs::Filter,
    /// Known only from a run's journal.
    current_actions: Vec<String>,
    /// Whether no run here can be meant.
    none: bool,
}

impl Services {
    /// Returns runs, newest first, those that steps began among them (SSM: `DescribeAutomationExecutions`).
    ///
    /// # Errors
    /// `InvalidFilterKey`, `InvalidFilterValue`, `InvalidNextToken`.
    pub async fn describe_automation_executions(
        &self,
        request: DescribeAutomationExecutionsRequest,
    ) -> Result<DescribeAutomationExecutionsResult, ServiceError> {
        let list = List::of(&request.filters)?;
        let position = list.position(request.next_token.as_deref())?.map(str::to_owned);
        let limit = rows_max(request.max_results);
        let wanted = wanted(&request)?;
        if wanted.none {
            let automation_execution_metadata_list = Some(Vec::new());
            return Ok(DescribeAutomationExecutionsResult {
                automation_execution_metadata_list,
                next_token: None,
            });
        }
        let read = move |tx: &ReadTx<'_>| read_page(tx, &wanted, position, limit);
        let (found, cursor) = self.store().read(read).await?;
        Ok(DescribeAutomationExecutionsResult {
            automation_execution_metadata_list: Some(found),
            next_token: cursor.map(|cursor| list.token(&cursor)),
        })
    }
}

fn read_page(
    tx: &ReadTx<'_>,
    wanted: &Wanted,
    mut cursor: Option<String>,
    limit: usize,
) -> Result<(Vec<AutomationExecutionMetadata>, Option<String>), ServiceError> {
    let mut found = Vec::new();
    let mut looked_at = 0;
    loop {
        let page = runs::list(tx, &wanted.rows, cursor.as_deref(), limit - found.len());
        let Page { runs, cursor: next } = match page {
            Err(ReadError::Cursor) => return Err(invalid_token()),
            page => page?,
        };
        looked_at += runs.len();
        for row in &runs {
            found.extend(matching(tx, wanted, row)?);
        }
        cursor = next;
        if cursor.is_none() || found.len() >= limit || looked_at >= LOOKED_AT_MAX {
            return Ok((found, cursor));
        }
    }
}

fn matching(
    tx: &ReadTx<'_>,
    wanted: &Wanted,
    row: &RunRow,
) -> Result<Option<AutomationExecutionMetadata>, ServiceError> {
    let shown = metadata(tx, row)?;
    let is_current =
        |actions: &[String]| shown.current_action.as_ref().is_some_and(|one| actions.contains(one));
    let holds = wanted.current_actions.is_empty() || is_current(&wanted.current_actions);
    Ok(holds.then_some(shown))
}

fn wanted(request: &DescribeAutomationExecutionsRequest) -> Result<Wanted, ServiceError> {
    let mut wanted = Wanted::default();
    for filter in request.filters.as_deref().unwrap_or_default() {
        wanted.narrow(Filter::from(filter))?;
    }
    Ok(wanted)
}

impl Wanted {
    fn narrow(&mut self, filter: Filter<'_>) -> Result<(), ServiceError> {
        let runs = |values: &[String]| values.iter().map(RunId::new).collect::<Vec<_>>();
        let rows = &mut self.rows;
        match filter.key {
            "DocumentNamePrefix" => {
                rows.document_name_prefixes = filter.has_values()?.values.to_vec();
            }
            "ExecutionStatus" => rows.statuses = filter.has_values()?.statuses()?,
            "ExecutionId" => rows.ids = runs(filter.has_values()?.values),
            "ParentExecutionId" => rows.parents = runs(filter.has_values()?.values),
            "TagKey" => rows.tag_keys = filter.has_values()?.values.to_vec(),
            "CurrentAction" => {
                rows.only_active = true;
                self.current_actions = filter.has_values()?.values.to_vec();
            }
            "StartTimeBefore" => rows.started_before_ms = Some(filter.time_ms()?),
            "StartTimeAfter" => rows.started_from_ms = Some(filter.time_ms()?),
            "AutomationType" => {
                let types = filter.has_values()?.words(&["CrossAccount", "Local"])?;
                self.none |= !types.iter().any(|one| one == "Local");
            }
            "AutomationSubtype" => {
                filter.has_values()?.words(&["ChangeRequest", "AccessRequest"])?;
                self.none = true;
            }
            // No run here belongs to a group of resources or to an OpsItem.
            "TargetResourceGroup" | "OpsItemId" => {
                filter.has_values()?;
                self.none = true;
            }
            _ => return Err(filter.unknown_key()),
        }
        Ok(())
    }
}
