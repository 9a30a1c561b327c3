//! Operations, and the errors they answer with.

use serde_json::Value;

use crate::check::Rules;
use crate::refused::Refused;
use crate::table::{ShapeId, table};
use crate::{check, redact};

/// One operation of SSM.
#[derive(Debug)]
pub struct Operation {
    pub(crate) name: &'static str,
    pub(crate) input: ShapeId,
    pub(crate) output: ShapeId,
    pub(crate) errors: Box<[&'static str]>,
    pub(crate) pagination: Option<Pagination>,
}

/// The members by which a client pages through an operation's answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pagination {
    /// The input member that says where the page begins.
    pub input_token: &'static str,
    /// The input member that says how much a page may hold.
    pub limit_key: &'static str,
    /// The output member that says where the next page begins.
    pub output_token: &'static str,
    /// The output member that holds the page.
    pub result_key: &'static str,
}

/// An error that the model knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorShape {
    /// The code, as it stands in `__type`.
    pub name: &'static str,
    /// The member with the text: `Message`, `message`, or none.
    pub message_member: Option<&'static str>,
    /// The server is at fault, not the request.
    pub server_fault: bool,
}

/// Returns the operation of that name.
pub fn operation(name: &str) -> Option<&'static Operation> {
    let operations = &table().operations;
    let index = operations.binary_search_by(|operation| operation.name.cmp(name)).ok()?;
    operations.get(index)
}

/// Returns all operations, sorted by name.
pub fn operations() -> impl ExactSizeIterator<Item = &'static Operation> {
    table().operations.iter()
}

/// Returns what the model says of the error with that code.
pub fn error_shape(code: &str) -> Option<ErrorShape> {
    let errors = &table().errors;
    let index = errors.binary_search_by(|error| error.name.cmp(code)).ok()?;
    errors.get(index).copied()
}

impl Operation {
    /// Returns the name, as it stands in `X-Amz-Target` after the dot.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Checks a request: its types, its constraints, and that it has no member which would be ignored.
    pub fn check_input(&self, input: &Value) -> Result<(), Refused> {
        check::check(table(), Rules::Request, self.input, input)
    }

    /// Checks an answer: its types, its members, and the values of its enumerations.
    pub fn check_output(&self, output: &Value) -> Result<(), Refused> {
        check::check(table(), Rules::Answer, self.output, output)
    }

    /// Returns a request without what must not be recorded: sensitive values, and all that the model does not describe.
    #[must_use]
    pub fn redacted_input(&self, input: Value) -> Value {
        redact::redacted(table(), self.input, input)
    }

    /// Returns an answer without what must not be recorded.
    #[must_use]
    pub fn redacted_output(&self, output: Value) -> Value {
        redact::redacted(table(), self.output, output)
    }

    /// Returns the codes of the errors that the model lists for the operation.
    pub fn errors(&self) -> impl ExactSizeIterator<Item = &'static str> {
        self.errors.iter().copied()
    }

    /// Returns how a client pages through the answers, if it does.
    pub fn pagination(&self) -> Option<&Pagination> {
        self.pagination.as_ref()
    }
}
