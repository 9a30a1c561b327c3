//! `Service`, `Api`, and beside them the inputs of the operation.

use runwright_sdk::host::api;
use runwright_sdk::schema::{Field, Node};
use runwright_sdk::serde_json::Map;
use runwright_sdk::{Failure, Value};

/// The services whose operations can be called.
const SERVICES: [&str; 1] = ["ssm"];

pub(crate) const SERVICE: Field = Field {
    name: "Service",
    description: "`ssm`: only the services of this installation can be called.",
    required: true,
    default: None,
    node: &Node::Text,
};

pub(crate) const API: Field = Field {
    name: "Api",
    description: "The operation, such as `GetCalendarState` or `get_calendar_state`. Its own inputs stand beside it.",
    required: true,
    default: None,
    node: &Node::Text,
};

/// An operation to call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Request {
    service: String,
    pub(crate) operation: String,
    input: Map<String, Value>,
}

impl Request {
    /// Takes the request out of a step's inputs; `input` is what remains of them.
    pub(crate) fn take(mut input: Map<String, Value>) -> Result<Self, Failure> {
        let service = text(&mut input, SERVICE.name)?;
        let operation = text(&mut input, API.name)?;
        if !SERVICES.contains(&service.to_ascii_lowercase().as_str()) {
            let message = format!(
                "there is no service {service:?} here: only those of this installation can be called, {}",
                SERVICES.join(", ")
            );
            return Err(Failure::new("UnknownService", message));
        }
        Ok(Self { service, operation, input })
    }

    pub(crate) fn call(self) -> Result<Value, Failure> {
        api::call(&self.service, &self.operation, self.input)
    }

    /// Returns whether the operation changes nothing, by its name.
    pub(crate) fn reads(&self) -> bool {
        let name = self.operation.to_ascii_lowercase().replace('_', "");
        ["get", "describe", "list"].iter().any(|beginning| name.starts_with(beginning))
    }
}

fn text(input: &mut Map<String, Value>, name: &str) -> Result<String, Failure> {
    match input.remove(name) {
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(Failure::invalid_inputs(format!("{name} is not text"))),
        None => Err(Failure::invalid_inputs(format!("{name} is missing"))),
    }
}

#[cfg(test)]
mod tests {
    use runwright_sdk::serde_json::{self, json};
    use runwright_sdk::{Failure, Value};

    use super::Request;

    fn taken(inputs: Value) -> Result<Request, Failure> {
        Request::take(serde_json::from_value(inputs).unwrap())
    }

    #[test]
    fn what_stands_beside_the_operation_is_its_input() {
        let inputs = json!({ "Service": "SSM", "Api": "get_parameter", "Name": "/a", "WithDecryption": true });
        let request = taken(inputs).unwrap();
        assert_eq!(
            Value::from(request.input.clone()),
            json!({ "Name": "/a", "WithDecryption": true })
        );
        assert_eq!(request.operation, "get_parameter");
        assert!(request.reads());
        assert!(!taken(json!({ "Service": "ssm", "Api": "PutParameter" })).unwrap().reads());
    }

    #[test]
    fn other_services_and_inputs_are_refused() {
        for (inputs, expected) in [
            (json!({ "Service": "ec2", "Api": "DescribeInstances" }), "UnknownService"),
            (json!({ "Service": "ssm" }), "InvalidInputs"),
            (json!({ "Api": "GetParameter" }), "InvalidInputs"),
            (json!({ "Service": 1, "Api": "GetParameter" }), "InvalidInputs"),
        ] {
            assert_eq!(taken(inputs.clone()).unwrap_err().code, expected, "{inputs}");
        }
    }
}
