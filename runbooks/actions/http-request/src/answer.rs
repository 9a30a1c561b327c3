//! A response as outputs, or as a failure.

use std::collections::BTreeMap;

use runwright_sdk::host::http::Response;
use runwright_sdk::serde_json::{self, json};
use runwright_sdk::{Failure, Value};

use crate::Outputs;

const EXCERPT_CHARACTERS: usize = 2_000;

pub(crate) fn outputs(
    response: Response,
    expect_status: Option<&[u16]>,
) -> Result<Outputs, Failure> {
    let status = response.status;
    let expected =
        expect_status.map_or((200..300).contains(&status), |list| list.contains(&status));
    if !expected {
        return Err(unexpected(&response));
    }
    let body = body(&response);
    let mut headers = BTreeMap::<String, String>::new();
    for (name, value) in response.headers {
        headers
            .entry(name.to_ascii_lowercase())
            .and_modify(|joined| {
                joined.push_str(", ");
                joined.push_str(&value);
            })
            .or_insert_with(|| value.clone());
    }
    Ok(Outputs { status_code: status, headers, body, truncated: response.truncated })
}

/// A body that says it is JSON and is not, or is no longer, is text.
fn body(response: &Response) -> Value {
    let value = if response.is_json() { serde_json::from_slice(&response.body).ok() } else { None };
    value.unwrap_or_else(|| Value::String(response.text()))
}

fn unexpected(response: &Response) -> Failure {
    let status = response.status;
    let excerpt: String = response.text().chars().take(EXCERPT_CHARACTERS).collect();
    let failure = Failure::new("HttpStatus", format!("the answer has status {status}"))
        .with_details(json!({ "StatusCode": status, "Body": excerpt }));
    if matches!(status, 408 | 429 | 500..) { failure.retryable() } else { failure }
}

#[cfg(test)]
mod tests {
    use runwright_sdk::host::http::Response;
    use runwright_sdk::serde_json::json;

    use super::outputs;

    fn response(status: u16, kind: &str, body: &str) -> Response {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Response {
            status,
            headers: vec![header("Content-Type", kind), header("X-A", "1"), header("x-a", "2")],
            body: body.as_bytes().to_vec(),
            truncated: false,
        }
    }

    #[test]
    fn a_body_is_read_by_its_content_type() {
        for (kind, body, expected) in [
            ("application/json; charset=utf-8", r#"{"a":1}"#, json!({ "a": 1 })),
            ("application/problem+json", "[]", json!([])),
            ("text/plain", "[]", json!("[]")),
            ("application/json", "{", json!("{")),
        ] {
            let outputs = outputs(response(200, kind, body), None).unwrap();
            assert_eq!(outputs.body, expected, "{kind}");
            assert_eq!(outputs.headers["x-a"], "1, 2");
        }
    }

    #[test]
    fn a_status_is_a_failure_unless_expected() {
        for (status, expect, expected) in [
            (204, None, None),
            (404, Some([404].as_slice()), None),
            (200, Some([404].as_slice()), Some(false)),
            (301, None, Some(false)),
            (404, None, Some(false)),
            (408, None, Some(true)),
            (429, None, Some(true)),
            (503, None, Some(true)),
        ] {
            let failure = outputs(response(status, "text/plain", "why"), expect).err();
            assert_eq!(failure.as_ref().map(|failure| failure.retryable), expected, "{status}");
            if let Some(failure) = failure {
                assert_eq!(*failure.details, json!({ "StatusCode": status, "Body": "why" }));
            }
        }
    }
}
