//! `aws:invokeWebhook`: posts to a URL that an administrator has set up as an integration.

mod integration;

use runwright_sdk::host::http::Request;
use runwright_sdk::host::parameters;
use runwright_sdk::serde_json::json;
use runwright_sdk::{Action, Call, Effect, Failure, Step, TextOrSecret, inputs, outputs};

use integration::Integration;

/// SSM's reserved path of webhook integrations.
const PATH: &str = "/d9d01087-4a3f-49e0-b0b4-d568d7826553/ssm/integrations/webhook/";

const BODY_BYTES_MAX: usize = 768 << 10;

#[inputs]
pub struct Inputs {
    /// The integration's name.
    integration_name: String,
    /// What to send; the integration's payload when absent.
    body: Option<String>,
}

#[outputs]
pub struct Outputs {
    /// The answer's body; of one over 786,432 bytes of JSON text its beginning.
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
        "http:POST:https://*:*/*",
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
        let (response_code, body) = (response.status, beginning(&response.body));
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

/// Returns a body as text, as far as it fits into the 1 MiB of a step's outputs as JSON.
fn beginning(body: &[u8]) -> String {
    let mut text = String::from_utf8_lossy(&body[..body.len().min(BODY_BYTES_MAX)]).into_owned();
    let mut bytes = "\"\"".len();
    let end = text.char_indices().find(|(_, character)| {
        bytes += match character {
            '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
            '\0'..' ' => "\\u0000".len(),
            _ => character.len_utf8(),
        };
        bytes > BODY_BYTES_MAX
    });
    if let Some((end, _)) = end {
        text.truncate(end);
    }
    text
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

#[cfg(test)]
mod tests {
    use runwright_sdk::Value;

    use super::{BODY_BYTES_MAX, beginning};

    #[test]
    fn an_answer_is_cut_to_what_outputs_hold() {
        for body in [vec![b'x'; 1 << 20], vec![0xff; 4 << 20], vec![1; 600 << 10]] {
            let bytes = Value::String(beginning(&body)).to_string().len();
            assert!(bytes <= BODY_BYTES_MAX && bytes > BODY_BYTES_MAX - 8, "{bytes}");
        }
        assert_eq!(beginning(b"short"), "short");
    }
}
