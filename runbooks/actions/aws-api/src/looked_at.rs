//! A property of what an operation answers, and what it should be.

use property::{Selector, is_desired, text};
use runwright_sdk::schema::{Field, Node};
use runwright_sdk::serde::Deserialize;
use runwright_sdk::serde_json::{Map, json};
use runwright_sdk::{Failure, Schema, Secret, Value, serde_json};

use crate::request::{API, Request, SERVICE};

const SELECTOR: Field = Field {
    name: "PropertySelector",
    description: "Where in the answer to look: `$.State`, `$.Parameters[0].Name`.",
    required: true,
    default: None,
    node: &Node::Text,
};

const DESIRED: Field = Field {
    name: "DesiredValues",
    description: "What it may be. Values of another type are compared as text, truth values as `True` and `False`.",
    required: true,
    default: None,
    node: &Node::List(&Node::Any),
};

#[derive(Debug, Clone, Deserialize)]
#[serde(crate = "::runwright_sdk::serde", transparent)]
pub struct Inputs(Map<String, Value>);

impl Schema for Inputs {
    const NODE: Node = Node::Open(&[SERVICE, API, SELECTOR, DESIRED]);
}

/// What is looked at.
#[derive(Debug)]
pub(crate) struct Property {
    request: Request,
    selector_text: String,
    selector: Selector,
    desired: Vec<Value>,
}

/// What was seen.
#[derive(Debug, PartialEq)]
pub(crate) enum Seen {
    Desired,
    Other(Value),
    Nothing,
}

impl Property {
    pub(crate) fn of(inputs: Inputs) -> Result<Self, Failure> {
        let Inputs(mut input) = inputs;
        let Some(Value::String(selector_text)) = input.remove(SELECTOR.name) else {
            return Err(Failure::invalid_inputs("PropertySelector is not text"));
        };
        let selector = Selector::parse(&selector_text)
            .map_err(|error| Failure::invalid_inputs(error.to_string()))?;
        let Some(Value::Array(desired)) = input.remove(DESIRED.name) else {
            return Err(Failure::invalid_inputs("DesiredValues is not a list"));
        };
        let request = Request::take(input)?;
        if !request.reads() {
            let message = format!(
                "{} changes something each time: only what reads is looked at",
                request.operation
            );
            return Err(Failure::invalid_inputs(message));
        }
        Ok(Self { request, selector_text, selector, desired })
    }

    pub(crate) fn look(&self) -> Result<Seen, Failure> {
        self.see(&self.request.clone().call()?)
    }

    fn see(&self, answer: &Value) -> Result<Seen, Failure> {
        match self.selector.select(answer) {
            None => Ok(Seen::Nothing),
            Some(value) if serde_json::from_value::<Secret>(value.clone()).is_ok() => {
                Err(Failure::new(
                    "SecretNotComparable",
                    format!("{} is a secret, whose text is not compared", self.selector_text),
                ))
            }
            Some(value) if is_desired(value, &self.desired) => Ok(Seen::Desired),
            Some(value) => Ok(Seen::Other(value.clone())),
        }
    }

    /// Says how what was seen differs from what is desired.
    pub(crate) fn mismatch(&self, seen: Seen) -> Failure {
        let desired = Value::from(self.desired.clone());
        let place = &self.selector_text;
        let (message, value) = match seen {
            Seen::Desired => (format!("{place} is one of {desired}"), Value::Null),
            Seen::Nothing => {
                let message =
                    format!("the answer has nothing at {place}, which should be one of {desired}");
                (message, Value::Null)
            }
            Seen::Other(value) => {
                (format!("{place} is {}, not one of {desired}", text(&value)), value)
            }
        };
        Failure::new("PropertyMismatch", message)
            .with_details(json!({ "Value": value, "DesiredValues": desired }))
    }
}

#[cfg(test)]
mod tests {
    use runwright_sdk::serde_json::{self, json};
    use runwright_sdk::{Failure, Value};

    use super::{Property, Seen};

    fn property(changes: &Value) -> Result<Property, Failure> {
        let mut inputs = json!({
            "Service": "ssm", "Api": "GetCalendarState", "CalendarNames": ["Open"],
            "PropertySelector": "$.State", "DesiredValues": ["OPEN"],
        });
        inputs.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        Property::of(serde_json::from_value(inputs).unwrap())
    }

    #[test]
    fn a_property_is_one_of_those_desired_or_not() {
        let calendar = property(&json!({})).unwrap();
        let see = |answer| calendar.see(&answer).unwrap();
        assert_eq!(see(json!({ "State": "OPEN" })), Seen::Desired);
        assert_eq!(see(json!({ "State": "CLOSED" })), Seen::Other(json!("CLOSED")));
        assert_eq!(see(json!({})), Seen::Nothing);
        let truth = property(&json!({ "DesiredValues": ["True"] })).unwrap();
        assert_eq!(truth.see(&json!({ "State": true })).unwrap(), Seen::Desired);
        let failure = calendar.mismatch(Seen::Other(json!("CLOSED")));
        assert_eq!(failure.message, r#"$.State is CLOSED, not one of ["OPEN"]"#);
        let failure = calendar.mismatch(Seen::Nothing);
        assert!(failure.message.starts_with("the answer has nothing at $.State"), "{failure}");
    }

    #[test]
    fn a_secret_is_not_compared() {
        let secret = json!({ "State": { "secret": "secret:00ff" } });
        let failure = property(&json!({})).unwrap().see(&secret).unwrap_err();
        assert_eq!(failure.code, "SecretNotComparable");
    }

    #[test]
    fn only_what_reads_is_looked_at_by_a_sound_selector() {
        for (changes, part) in [
            (json!({ "Api": "PutParameter" }), "changes something"),
            (json!({ "PropertySelector": "State" }), "must begin with"),
            (json!({ "PropertySelector": 1 }), "PropertySelector"),
            (json!({ "DesiredValues": "OPEN" }), "DesiredValues"),
            (json!({ "Service": "ec2" }), "no service"),
        ] {
            let failure = property(&changes).unwrap_err();
            assert!(failure.message.contains(part), "{failure}");
        }
    }
}
