//! `aws:getParameter`: reads a parameter. A `SecureString` comes as a handle.

use runwright_sdk::host::parameters::{self, Kind};
use runwright_sdk::{Action, Call, Effect, Failure, Step, TextOrSecret, inputs, outputs};

#[inputs]
pub struct Inputs {
    /// The parameter's name; `name:3` for a version.
    name: String,
}

#[outputs]
pub struct Outputs {
    name: String,
    #[serde(rename = "Type")]
    kind: Kind,
    version: u64,
    /// The text; of a `SecureString` a secret.
    value: TextOrSecret,
    /// The elements of a `StringList`.
    values: Option<Vec<String>>,
}

#[derive(Debug)]
pub enum GetParameter {}

impl Action for GetParameter {
    const NAME: &'static str = "aws:getParameter";
    const SUMMARY: &'static str = "Reads a parameter of Parameter Store.";
    const EFFECT: Effect = Effect::Read;
    const NEEDS: &'static [&'static str] = &["parameters:read:{Name}"];

    type Inputs = Inputs;
    type Outputs = Outputs;
    type State = ();

    fn run(inputs: Inputs, _call: &Call) -> Result<Step<Outputs, ()>, Failure> {
        let parameter = parameters::get(&inputs.name)?;
        let values = match (&parameter.value, parameter.kind) {
            (TextOrSecret::Text(text), Kind::StringList) => {
                Some(text.split(',').map(str::to_owned).collect())
            }
            _ => None,
        };
        Ok(Step::Done(Outputs {
            name: parameter.name,
            kind: parameter.kind,
            version: parameter.version,
            value: parameter.value,
            values,
        }))
    }
}

runwright_sdk::export!(
    package = "aws:getParameter",
    version = env!("CARGO_PKG_VERSION"),
    interfaces = ["parameters"],
    actions = [GetParameter],
);
