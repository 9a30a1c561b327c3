//! `aws:invokeWebhook`: posts to a URL that an administrator has set up as an integration.

mod integration;

use runwright_sdk::host::http::Request;
use runwright_sdk::host::parameters;
use runwright_sdk::serde_json::json;
use runwright_sdk::{Action, Call, Effect, Failure, Step, TextOrSecret, inputs, outputs};

use integration::Integration;

/// SSM's reserved path of webhook integrations.
const PATH: &str = "/d9d01087-4a3f-49e0-b0b4-d568d7826553/ssm/integrations/webhook/";

#[inputs]
pub struct Inputs {
    /// The integration's name.
    integration_name: String,
    /// What to send; the integration's payload when absent.
    body: Option<String>,
}

#[outputs]
pub struct Outputs {
    /// The answer's body.
    response: String,
    /// The answer's status.
    response_code: u16,
}

#[derive(Debug)]
pub enum InvokeWebhook {}

impl Action for InvokeWebhook {
    const NAME: &'static str = "aws:invokeWebhook";
    const SUMMARY: &'static str = "Posts to a webhook integration.";
    const EFFECT: Effect = Effect::External;
    const NEEDS: &'static [&'static str] = &[
        "parameters:read:/d9d01087-4a3f-49e0-b0b4-d568d7826553/ssm/integrations/webhook/{IntegrationName}",
        "parameters:reveal:/d9d01087-4a3f-49e0-b0b4-d568d7826553/ssm/integrations/webhook/{IntegrationName}",
        "http:POST:https://*/*",
    ];

    type Inputs = Inputs;
    type Outputs = Outputs;
    type State = ();

    fn run(inputs: Inputs, _call: &Call) -> Result<Step<Outputs, ()>, Failure> {
        let name = &inputs.integration_name;
        let text = match parameters::get(&format!("{PATH}{name}"))?.value {
            TextOrSecret::Text(text) => text,
            TextOrSecret::Secret(secret) => parameters::reveal(&secret)?,
        };
        let integration = Integration::parse(name, &text)?;
        let response = request(integration, inputs.body).send()?;
        let (response_code, body) = (response.status, response.text());
        if (200..300).contains(&response_code) {
            return Ok(Step::Done(Outputs { response: body, response_code }));
        }
        let failure =
            Failure::new("HttpStatus", format!("webhook {name} answered {response_code}"))
                .with_details(json!({ "ResponseCode": response_code }));
        let again = matches!(response_code, 408 | 429 | 500..);
        Err(if again { failure.retryable() } else { failure })
    }
}

fn request(integration: Integration, body: Option<String>) -> Request {
    let mut request = Request::post(integration.url);
    for (name, value) in integration.headers {
        request = request.header(name, value);
    }
    if !request.has_header("content-type") {
        request = request.header("content-type", "application/json");
    }
    match body.or(integration.payload) {
        Some(body) => request.body(body),
        None => request,
    }
}

runwright_sdk::export!(
    package = "aws:invokeWebhook",
    version = env!("CARGO_PKG_VERSION"),
    interfaces = ["http", "parameters"],
    actions = [InvokeWebhook],
);
