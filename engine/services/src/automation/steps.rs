//! Lists of a run's steps.

use host_api::identifier::RunId;
use ssm_model::types::automation_steps::StepExecution;
use store::ReadTx;

use super::filter::Filter;
use super::page::{List, invalid_token, rows_max};
use super::shown::{Shown, exists};
use super::{DescribeAutomationStepExecutionsRequest, DescribeAutomationStepExecutionsResult};
use crate::Services;
use crate::clock::seconds;
use crate::error::ServiceError;

impl Services {
    /// Returns the steps of a run, in the order in which they began, or with `ReverseOrder` the other way round (SSM:
    /// `DescribeAutomationStepExecutions`). A loop's body is there once for each pass.
    ///
    /// # Errors
    /// `AutomationExecutionNotFoundException`, `InvalidFilterKey`, `InvalidFilterValue`, `InvalidNextToken`.
    pub async fn describe_automation_step_executions(
        &self,
        request: DescribeAutomationStepExecutionsRequest,
    ) -> Result<DescribeAutomationStepExecutionsResult, ServiceError> {
        let run = RunId::new(request.automation_execution_id.as_str());
        let wanted = run.clone();
        self.store().read(move |tx: &ReadTx<'_>| exists(tx, &wanted)).await?;
        let reverse = request.reverse_order == Some(true);
        let list = List::of(&(&request.automation_execution_id, &request.filters, reverse))?;
        let after = match list.position(request.next_token.as_deref())? {
            Some(position) => Some(Position::parse(position)?),
            None => None,
        };
        let mut conditions = Vec::new();
        for filter in request.filters.as_deref().unwrap_or_default() {
            conditions.push(Condition::parse(Filter::from(filter))?);
        }
        let limit = rows_max(request.max_results);
        let read = move |tx: &ReadTx<'_>| -> Result<Vec<StepExecution>, ServiceError> {
            let shown = Shown::read(tx, &run)?;
            let entries = shown.entries();
            let steps = entries.iter().map(|entry| shown.step_execution(entry));
            Ok(steps.filter(|step| conditions.iter().all(|one| one.holds(step))).collect())
        };
        let mut steps = self.store().read(read).await?;
        if reverse {
            steps.reverse();
        }
        let first = after.map_or(0, |after| after.next_in(&steps));
        let rest = steps.len().saturating_sub(first);
        let page: Vec<StepExecution> = steps.into_iter().skip(first).take(limit).collect();
        let position = page.last().and_then(|step| step.step_execution_id.as_deref());
        let position = position.filter(|_| rest > limit);
        let next_token = position.map(|id| list.token(&format!("{}-{id}", first + limit)));
        Ok(DescribeAutomationStepExecutionsResult { next_token, step_executions: Some(page) })
    }
}

/// Where a page ended: after this step or, when there is none by that id any more, after so many. A step of a loop's body that has not
/// begun has no id that stays.
struct Position {
    count: usize,
    id: String,
}

impl Position {
    fn parse(text: &str) -> Result<Self, ServiceError> {
        let (count, id) = text.split_once('-').ok_or_else(invalid_token)?;
        let count = count.parse().map_err(|_| invalid_token())?;
        Ok(Self { count, id: id.to_owned() })
    }

    fn next_in(&self, steps: &[StepExecution]) -> usize {
        let found = steps
            .iter()
            .position(|step| step.step_execution_id.as_deref() == Some(self.id.as_str()));
        found.map_or(self.count, |index| index + 1)
    }
}

/// What a filter asks of each step.
enum Condition {
    Before(f64),
    From(f64),
    Status(Vec<String>),
    Id(Vec<String>),
    Name(Vec<String>),
    Action(Vec<String>),
    Parent(Vec<String>),
    Iteration(Vec<i32>),
    IteratorValue(Vec<String>),
}

impl Condition {
    fn parse(filter: Filter<'_>) -> Result<Self, ServiceError> {
        let values = || filter.has_values().map(|filter| filter.values.to_vec());
        Ok(match filter.key {
            "StartTimeBefore" => Self::Before(seconds(filter.time_ms()?)),
            "StartTimeAfter" => Self::From(seconds(filter.time_ms()?)),
            "StepExecutionStatus" => Self::Status(filter.has_values()?.statuses()?),
            "StepExecutionId" => Self::Id(values()?),
            "StepName" => Self::Name(values()?),
            "Action" => Self::Action(values()?),
            "ParentStepExecutionId" => Self::Parent(values()?),
            "ParentStepIteration" => Self::Iteration(filter.has_values()?.numbers()?),
            "ParentStepIteratorValue" => Self::IteratorValue(values()?),
            _ => return Err(filter.unknown_key()),
        })
    }

    fn holds(&self, step: &StepExecution) -> bool {
        let among = |values: &[String], text: &Option<String>| {
            text.as_ref().is_some_and(|text| values.contains(text))
        };
        let parent = step.parent_step_details.as_ref();
        let started = step.execution_start_time;
        match self {
            Self::Before(time) => started.is_some_and(|started| started < *time),
            Self::From(time) => started.is_some_and(|started| started >= *time),
            Self::Status(values) => among(values, &step.step_status),
            Self::Id(values) => among(values, &step.step_execution_id),
            Self::Name(values) => among(values, &step.step_name),
            Self::Action(values) => among(values, &step.action),
            Self::Parent(values) => {
                parent.is_some_and(|parent| among(values, &parent.step_execution_id))
            }
            Self::Iteration(values) => parent
                .and_then(|parent| parent.iteration)
                .is_some_and(|iteration| values.contains(&iteration)),
            Self::IteratorValue(values) => {
                parent.is_some_and(|parent| among(values, &parent.iterator_value))
            }
        }
    }
}
