//! Operations, and the errors they answer with.

use serde_json::Value;

use crate::check::Rules;
use crate::refused::Refused;
use crate::table::ShapeId;
use crate::{check, redact};

/// A service whose wire model is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    Ssm,
    EventBridge,
}

impl Service {
    /// Returns what the names of its operations begin with here, which tells those apart that two services have. SSM's have nothing.
    pub fn namespace(self) -> &'static str {
        match self {
            Self::Ssm => "",
            Self::EventBridge => "events:",
        }
    }

    /// Returns its operation of that name, which is without the namespace.
    pub fn operation(self, name: &str) -> Option<&'static Operation> {
        let plain = |operation: &Operation| &operation.name[self.namespace().len()..];
        let operations = &self.table().operations;
        let index = operations.binary_search_by(|operation| plain(operation).cmp(name)).ok()?;
        operations.get(index)
    }

    /// Returns all its operations, sorted by name.
    pub fn operations(self) -> impl ExactSizeIterator<Item = &'static Operation> {
        self.table().operations.iter()
    }

    /// Returns what its model says of the error with that code.
    pub fn error_shape(self, code: &str) -> Option<ErrorShape> {
        let errors = &self.table().errors;
        let index = errors.binary_search_by(|error| error.name.cmp(code)).ok()?;
        errors.get(index).copied()
    }
}

/// One operation of a service.
#[derive(Debug)]
pub struct Operation {
    pub(crate) service: Service,
    /// With the namespace of the service.
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

/// Returns the operation of that name: of SSM, or of another service by its namespace, as in `events:PutRule`.
pub fn operation(name: &str) -> Option<&'static Operation> {
    match name.strip_prefix(Service::EventBridge.namespace()) {
        Some(name) => Service::EventBridge.operation(name),
        None => Service::Ssm.operation(name),
    }
}

/// Returns all operations of SSM, sorted by name.
pub fn operations() -> impl ExactSizeIterator<Item = &'static Operation> {
    Service::Ssm.operations()
}

/// Returns what SSM's model says of the error with that code.
pub fn error_shape(code: &str) -> Option<ErrorShape> {
    Service::Ssm.error_shape(code)
}

impl Operation {
    /// Returns the name, as it stands in `X-Amz-Target` after the dot, after the namespace of its service.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Checks a request: its types, its constraints, and that it has no member which would be ignored.
    pub fn check_input(&self, input: &Value) -> Result<(), Refused> {
        check::check(self.service.table(), Rules::Request, self.input, input)
    }

    /// Checks an answer: its types, its members, and the values of its enumerations.
    pub fn check_output(&self, output: &Value) -> Result<(), Refused> {
        check::check(self.service.table(), Rules::Answer, self.output, output)
    }

    /// Returns a request without what must not be recorded: sensitive values, and all that the model does not describe.
    #[must_use]
    pub fn redacted_input(&self, input: Value) -> Value {
        redact::redacted(self.service.table(), self.input, input)
    }

    /// Returns an answer without what must not be recorded.
    #[must_use]
    pub fn redacted_output(&self, output: Value) -> Value {
        redact::redacted(self.service.table(), self.output, output)
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
