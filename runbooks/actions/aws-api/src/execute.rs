//! `aws:executeAwsApi`: calls an operation, and gives what it answers.

use runwright_sdk::schema::Node;
use runwright_sdk::serde::Deserialize;
use runwright_sdk::serde_json::Map;
use runwright_sdk::{Action, Call, Effect, Failure, Schema, Step, Value};

use crate::request::{API, Request, SERVICE};

#[derive(Debug, Clone, Deserialize)]
#[serde(crate = "::runwright_sdk::serde", transparent)]
pub struct Inputs(Map<String, Value>);

impl Schema for Inputs {
    const NODE: Node = Node::Open(&[SERVICE, API]);
}

#[derive(Debug)]
pub enum ExecuteAwsApi {}

impl Action for ExecuteAwsApi {
    const NAME: &'static str = "aws:executeAwsApi";
    const SUMMARY: &'static str = "Calls an operation of this installation's own API.";
    const EFFECT: Effect = Effect::Store;
    const NEEDS: &'static [&'static str] = &["api:{Service}:{Api}"];

    type Inputs = Inputs;
    type Outputs = Map<String, Value>;
    type State = ();

    fn run(inputs: Inputs, _call: &Call) -> Result<Step<Self::Outputs, ()>, Failure> {
        match Request::take(inputs.0)?.call()? {
            Value::Object(answer) => Ok(Step::Done(answer)),
            // Some operations answer nothing.
            Value::Null => Ok(Step::Done(Map::new())),
            other @ (Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
                Err(Failure::new("BadAnswer", format!("the answer is no object: {other}")))
            }
        }
    }
}
