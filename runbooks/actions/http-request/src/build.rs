//! Inputs as a request.

use runwright_sdk::host::http::Request;
use runwright_sdk::{Failure, Secret, Value};

use crate::Inputs;

const TIMEOUT_SECONDS_MAX: u64 = 600;

pub(crate) fn request(inputs: Inputs) -> Result<Request, Failure> {
    if inputs.method.is_empty() || !inputs.method.bytes().all(|byte| byte.is_ascii_uppercase()) {
        let message = format!("Method is {:?}, expected letters in upper case", inputs.method);
        return Err(Failure::invalid_inputs(message));
    }
    let mut request = Request::new(inputs.method, inputs.url)
        .timeout_ms(timeout_ms(inputs.timeout_seconds.0)?)
        .repeatable(inputs.repeatable);
    for (name, value) in inputs.query.unwrap_or_default() {
        request = request.query(&name, value.as_str());
    }
    for (name, value) in inputs.headers.unwrap_or_default() {
        request = request.header(name, value);
    }
    if let Some(bearer) = &inputs.bearer {
        if request.has_header("authorization") {
            return Err(Failure::invalid_inputs(
                "Bearer and a header Authorization are both given",
            ));
        }
        request = request.bearer(bearer);
    }
    match inputs.body {
        None | Some(Value::Null) => Ok(request),
        Some(mut body) => {
            Secret::place_handles(&mut body);
            if let Value::String(text) = body {
                Ok(request.body(text))
            } else {
                request.json(&body)
            }
        }
    }
}

fn timeout_ms(seconds: u64) -> Result<u32, Failure> {
    if !(1..=TIMEOUT_SECONDS_MAX).contains(&seconds) {
        let message = format!("TimeoutSeconds is {seconds}, not within 1 to {TIMEOUT_SECONDS_MAX}");
        return Err(Failure::invalid_inputs(message));
    }
    u32::try_from(seconds * 1_000)
        .map_err(|_| Failure::invalid_inputs("TimeoutSeconds is too large"))
}

#[cfg(test)]
mod tests {
    use runwright_sdk::serde_json::{self, Value, json};

    use super::request;

    fn built(inputs: Value) -> Result<String, String> {
        let request = request(serde_json::from_value(inputs).unwrap());
        request.map(|request| format!("{request:?}")).map_err(|failure| failure.message)
    }

    #[test]
    fn a_body_that_is_no_text_is_json() {
        let request = built(json!({
            "Method": "POST", "Url": "https://example.org/a?b=c#d", "Body": { "k": [1] },
            "Query": { "q": "a b&c", "n": 1 }, "Bearer": { "secret": "secret:00" }
        }));
        let request = request.unwrap();
        let body = format!("{:?}", br#"{"k":[1]}"#.to_vec());
        for part in ["https://example.org/a?b=c&n=1&q=a%20b%26c#d", "application/json", &body] {
            assert!(request.contains(part), "{part} in {request}");
        }
        let typed = built(json!({
            "Url": "https://example.org", "Body": [], "Headers": { "Content-Type": "application/ld+json" }
        }));
        assert!(!typed.unwrap().contains("application/json"));
        let text = built(json!({ "Url": "https://example.org", "Body": "plain" })).unwrap();
        assert!(!text.contains("content-type"), "{text}");
    }

    #[test]
    fn what_cannot_work_is_refused() {
        for (inputs, expected) in [
            (json!({ "Url": "u", "Method": "get" }), "Method is"),
            (json!({ "Url": "u", "TimeoutSeconds": 0 }), "TimeoutSeconds is 0"),
            (json!({ "Url": "u", "TimeoutSeconds": 601 }), "TimeoutSeconds is 601"),
            (
                json!({ "Url": "u", "Bearer": "t", "Headers": { "Authorization": "x" } }),
                "both given",
            ),
        ] {
            let message = built(inputs.clone()).unwrap_err();
            assert!(
                message.starts_with(expected) || message.ends_with(expected),
                "{inputs}: {message}"
            );
        }
    }
}
