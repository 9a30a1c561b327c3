//! `aws:httpRequest`: sends an HTTP request.

mod answer;
mod build;

use std::collections::BTreeMap;

use runwright_sdk::{
    Action, Call, Count, Effect, Failure, Scalar, Step, TextOrSecret, Value, inputs, outputs,
};

#[inputs]
pub struct Inputs {
    /// In upper case.
    #[input(default = "GET")]
    method: String,
    /// Begins with `http:` or `https:`.
    url: String,
    headers: Option<BTreeMap<String, TextOrSecret>>,
    /// For `Authorization: Bearer`.
    bearer: Option<TextOrSecret>,
    /// Text as it is, anything else as JSON; `{ secret: NAME }` inside it is put in when it is sent.
    body: Option<Value>,
    /// Added to the URL. A secret has no place in a URL.
    query: Option<BTreeMap<String, Scalar>>,
    /// The statuses that are no failure; 200 to 299 when absent.
    expect_status: Option<Vec<u16>>,
    /// At most 600.
    #[input(default = 30)]
    timeout_seconds: Count,
    /// Whether it may be sent again when nobody can know whether it arrived. GET and HEAD always are.
    #[input(default = false)]
    repeatable: bool,
}

#[outputs]
pub struct Outputs {
    status_code: u16,
    /// Names in lower case; several of one name are joined by `, `.
    headers: BTreeMap<String, String>,
    /// The value, when the content type is JSON; text otherwise. At most 786,432 bytes of JSON text; the rest is cut.
    body: Value,
    /// Whether the body was too long, stalled or broke off, and is cut; it is text then.
    truncated: bool,
}

#[derive(Debug)]
pub enum HttpRequest {}

impl Action for HttpRequest {
    const NAME: &'static str = "aws:httpRequest";
    const SUMMARY: &'static str = "Sends an HTTP request.";
    const EFFECT: Effect = Effect::External;
    const NEEDS: &'static [&'static str] = &["http:{Method}:{Url}"];

    type Inputs = Inputs;
    type Outputs = Outputs;
    type State = ();

    fn run(inputs: Inputs, _call: &Call) -> Result<Step<Outputs, ()>, Failure> {
        let expect_status = inputs.expect_status.clone();
        let response = build::request(inputs)?.send()?;
        answer::outputs(response, expect_status.as_deref()).map(Step::Done)
    }
}

runwright_sdk::export!(
    package = "aws:httpRequest",
    version = env!("CARGO_PKG_VERSION"),
    interfaces = ["http"],
    actions = [HttpRequest],
);
