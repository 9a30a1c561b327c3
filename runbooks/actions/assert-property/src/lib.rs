//! `aws:assertProperty`: the plainest step there is.

use runwright_sdk::serde_json::json;
use runwright_sdk::{Action, Call, Effect, Failure, Step, Value, inputs, outputs};

#[inputs]
pub struct Inputs {
    /// The value to look at; anything.
    value: Value,
    /// What it may be. Values of another type are compared as text, truth values as `True` and `False`.
    desired_values: Vec<Value>,
}

#[outputs]
pub struct Outputs {
    /// The value, as it was given.
    value: Value,
}

#[derive(Debug)]
pub enum AssertProperty {}

impl Action for AssertProperty {
    const NAME: &'static str = "aws:assertProperty";
    const SUMMARY: &'static str = "Fails unless a value is one of those desired.";
    const EFFECT: Effect = Effect::Pure;

    type Inputs = Inputs;
    type Outputs = Outputs;
    type State = ();

    fn run(inputs: Inputs, _call: &Call) -> Result<Step<Outputs, ()>, Failure> {
        let Inputs { value, desired_values } = inputs;
        if property::is_desired(&value, &desired_values) {
            return Ok(Step::Done(Outputs { value }));
        }
        let message =
            format!("the value is {value}, not one of {}", Value::from(desired_values.clone()));
        let details = json!({ "Value": value, "DesiredValues": desired_values });
        Err(Failure::new("PropertyMismatch", message).with_details(details))
    }
}

runwright_sdk::export!(
    package = "aws:assertProperty",
    version = env!("CARGO_PKG_VERSION"),
    interfaces = [],
    actions = [AssertProperty],
);

#[cfg(test)]
mod tests {
    use runwright_sdk::serde_json::{self, json};
    use runwright_sdk::{Action, Call, Step};

    use super::AssertProperty;

    #[test]
    fn a_mismatch_says_both_sides() {
        let call = Call { run_id: String::new(), step: String::new(), attempt: 1 };
        let inputs = |value| {
            serde_json::from_value(json!({ "Value": value, "DesiredValues": ["a", 1] })).unwrap()
        };
        assert!(matches!(AssertProperty::run(inputs(json!("1")), &call), Ok(Step::Done(_))));
        let failure = AssertProperty::run(inputs(json!("b")), &call).unwrap_err();
        assert_eq!(failure.code, "PropertyMismatch");
        assert_eq!(failure.message, r#"the value is "b", not one of ["a",1]"#);
    }
}
