//! `aws:putParameter`: writes a parameter.

use runwright_sdk::host::parameters::{self, Kind};
use runwright_sdk::{Action, Call, Effect, Failure, Step, TextOrSecret, inputs, outputs};

#[inputs]
pub struct Inputs {
    name: String,
    /// Text, or `{ secret: NAME }`, which makes a `SecureString` of the same value.
    value: TextOrSecret,
    /// Needed when the parameter does not exist yet and the value is text.
    #[serde(rename = "Type")]
    kind: Option<Kind>,
    /// Whether a value that is there is replaced.
    #[input(default = false)]
    overwrite: bool,
    description: Option<String>,
}

#[outputs]
pub struct Outputs {
    /// The version that was written.
    version: u64,
}

#[derive(Debug)]
pub enum PutParameter {}

impl Action for PutParameter {
    const NAME: &'static str = "aws:putParameter";
    const SUMMARY: &'static str = "Writes a parameter of Parameter Store.";
    const EFFECT: Effect = Effect::Store;
    const NEEDS: &'static [&'static str] = &["parameters:write:{Name}"];

    type Inputs = Inputs;
    type Outputs = Outputs;
    type State = ();

    fn run(inputs: Inputs, _call: &Call) -> Result<Step<Outputs, ()>, Failure> {
        let kind = kind(&inputs)?;
        let mut request = parameters::put(inputs.name, inputs.value).overwrite(inputs.overwrite);
        if let Some(kind) = kind {
            request = request.kind(kind);
        }
        if let Some(description) = inputs.description {
            request = request.description(description);
        }
        Ok(Step::Done(Outputs { version: request.send()? }))
    }
}

/// A secret must not become text that anybody can read.
fn kind(inputs: &Inputs) -> Result<Option<Kind>, Failure> {
    match (&inputs.value, inputs.kind) {
        (TextOrSecret::Secret(_), Some(Kind::String | Kind::StringList)) => {
            Err(Failure::invalid_inputs("a secret is written as a SecureString only"))
        }
        (TextOrSecret::Secret(_), None) => Ok(Some(Kind::SecureString)),
        (TextOrSecret::Secret(_) | TextOrSecret::Text(_), kind) => Ok(kind),
    }
}

runwright_sdk::export!(
    package = "aws:putParameter",
    version = env!("CARGO_PKG_VERSION"),
    interfaces = ["parameters"],
    actions = [PutParameter],
);

#[cfg(test)]
mod tests {
    use runwright_sdk::host::parameters::Kind;
    use runwright_sdk::serde_json::{self, json};

    use super::kind;

    #[test]
    fn a_secret_stays_one() {
        let secret = json!({ "secret": "secret:0" });
        for (value, given, expected) in [
            (json!("x"), None, Ok(None)),
            (json!("x"), Some("StringList"), Ok(Some(Kind::StringList))),
            (json!("x"), Some("SecureString"), Ok(Some(Kind::SecureString))),
            (secret.clone(), None, Ok(Some(Kind::SecureString))),
            (secret.clone(), Some("SecureString"), Ok(Some(Kind::SecureString))),
            (secret, Some("String"), Err("InvalidInputs".to_owned())),
        ] {
            let mut inputs = json!({ "Name": "/a", "Value": value });
            if let Some(given) = given {
                inputs["Type"] = json!(given);
            }
            let inputs = serde_json::from_value(inputs).unwrap();
            assert_eq!(kind(&inputs).map_err(|failure| failure.code), expected, "{inputs:?}");
        }
    }
}
