//! Filters of lists: keys and values as SSM has them.

use ssm_model::types::automation::AutomationExecutionFilter;
use ssm_model::types::automation_steps::StepExecutionFilter;

use crate::error::ServiceError;

/// SSM's statuses of executions and of their steps.
const STATUSES: &[&str] = &[
    "Pending",
    "InProgress",
    "Waiting",
    "Success",
    "TimedOut",
    "Cancelling",
    "Cancelled",
    "Failed",
    "PendingApproval",
    "Approved",
    "Rejected",
    "Scheduled",
    "RunbookInProgress",
    "PendingChangeCalendarOverride",
    "ChangeCalendarOverrideApproved",
    "ChangeCalendarOverrideRejected",
    "CompletedWithSuccess",
    "CompletedWithFailure",
    "Exited",
];

/// One filter: a key, and at least one value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Filter<'r> {
    pub(super) key: &'r str,
    pub(super) values: &'r [String],
}

impl<'r> From<&'r AutomationExecutionFilter> for Filter<'r> {
    fn from(filter: &'r AutomationExecutionFilter) -> Self {
        Self { key: &filter.key, values: &filter.values }
    }
}

impl<'r> From<&'r StepExecutionFilter> for Filter<'r> {
    fn from(filter: &'r StepExecutionFilter) -> Self {
        Self { key: &filter.key, values: &filter.values }
    }
}

impl Filter<'_> {
    pub(super) fn has_values(self) -> Result<Self, ServiceError> {
        if self.values.is_empty() { Err(self.invalid("has no value")) } else { Ok(self) }
    }

    pub(super) fn unknown_key(self) -> ServiceError {
        ServiceError::request("InvalidFilterKey", format!("there is no filter {:?}", self.key))
    }

    fn invalid(self, why: impl std::fmt::Display) -> ServiceError {
        ServiceError::request("InvalidFilterValue", format!("the filter {} {why}", self.key))
    }

    /// Returns the only value as a time: ISO 8601 with an offset.
    pub(super) fn time_ms(self) -> Result<u64, ServiceError> {
        let [text] = self.values else { return Err(self.invalid("takes one time")) };
        runbook::duration::timestamp(text).map_err(|error| {
            self.invalid(format!(
                "takes a time such as 2026-01-31T12:00:00Z, and {text:?} is none: {error}"
            ))
        })
    }

    pub(super) fn statuses(self) -> Result<Vec<String>, ServiceError> {
        self.words(STATUSES)
    }

    /// Returns the values, which have to be among these words.
    pub(super) fn words(self, known: &[&str]) -> Result<Vec<String>, ServiceError> {
        match self.values.iter().find(|value| !known.contains(&value.as_str())) {
            Some(value) => {
                Err(self
                    .invalid(format!("has the value {value:?}: there are {}", known.join(", "))))
            }
            None => Ok(self.values.to_vec()),
        }
    }

    /// Returns the values as whole numbers.
    pub(super) fn numbers(self) -> Result<Vec<i32>, ServiceError> {
        let number = |value: &String| {
            value.parse().map_err(|_| self.invalid(format!("takes numbers, {value:?} is none")))
        };
        self.values.iter().map(number).collect()
    }
}
