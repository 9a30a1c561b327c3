//! A response as outputs, or as a failure.

use std::collections::BTreeMap;

use runwright_sdk::host::http::Response;
use runwright_sdk::serde_json::{self, json};
use runwright_sdk::{Failure, Value};

use crate::Outputs;

/// What of a body becomes an output, as JSON text: with the headers, which are at most some 200 KiB so, it must be within the
/// 1 MiB of a step's outputs. A body in memory is several times its size, so no more than this is looked at.
const BODY_BYTES_MAX: usize = 768 << 10;
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
    let (body, is_cut) = body(&response);
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
    Ok(Outputs { status_code: status, headers, body, truncated: response.truncated || is_cut })
}

/// Returns the body, and whether it is cut here. A body that says it is JSON and is not, or is no longer, is text.
fn body(response: &Response) -> (Value, bool) {
    let bytes = &response.body;
    if response.is_json() && bytes.len() <= BODY_BYTES_MAX {
        let value: Option<Value> = serde_json::from_slice(bytes).ok();
        // Numbers may become longer: `1e9` is `1000000000.0`.
        if let Some(value) = value.filter(|value| value.to_string().len() <= BODY_BYTES_MAX) {
            return (value, false);
        }
    }
    let text = String::from_utf8_lossy(whole_characters(bytes));
    let kept = as_json_within(&text, BODY_BYTES_MAX);
    let is_cut = kept.len() < text.len() || bytes.len() > BODY_BYTES_MAX;
    (Value::String(kept.to_owned()), is_cut)
}

/// Returns the beginning of a body, not cut within a character.
fn whole_characters(bytes: &[u8]) -> &[u8] {
    let Some(next) = bytes.get(BODY_BYTES_MAX) else { return bytes };
    let mut end = BODY_BYTES_MAX;
    if is_continuation(*next) {
        let mut begun = bytes[..end].iter().rev().take(4);
        let begun = begun.position(|byte| !is_continuation(*byte)).unwrap_or_default();
        end -= begun + 1;
    }
    &bytes[..end]
}

fn is_continuation(byte: u8) -> bool {
    byte & 0xC0 == 0x80
}

/// Returns the longest beginning of a text that as a JSON string has at most so many bytes.
fn as_json_within(text: &str, bytes_max: usize) -> &str {
    let mut bytes = "\"\"".len();
    for (position, character) in text.char_indices() {
        bytes += match character {
            '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
            '\0'..' ' => "\\u0000".len(),
            _ => character.len_utf8(),
        };
        if bytes > bytes_max {
            return &text[..position];
        }
    }
    text
}

fn unexpected(response: &Response) -> Failure {
    let status = response.status;
    // As bytes first: a character has at most four.
    let beginning = &response.body[..response.body.len().min(4 * EXCERPT_CHARACTERS)];
    let excerpt: String =
        String::from_utf8_lossy(beginning).chars().take(EXCERPT_CHARACTERS).collect();
    let failure = Failure::new("HttpStatus", format!("the answer has status {status}"))
        .with_details(json!({ "StatusCode": status, "Body": excerpt }));
    if matches!(status, 408 | 429 | 500..) { failure.retryable() } else { failure }
}

#[cfg(test)]
mod tests {
    use runwright_sdk::host::http::Response;
    use runwright_sdk::serde_json::json;

    use super::{BODY_BYTES_MAX, outputs};

    fn response(status: u16, kind: &str, body: impl AsRef<[u8]>) -> Response {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Response {
            status,
            headers: vec![header("Content-Type", kind), header("X-A", "1"), header("x-a", "2")],
            body: body.as_ref().to_vec(),
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
    fn a_body_is_cut_to_what_outputs_hold() {
        let text = |character: &str, bytes: usize| character.repeat(bytes / character.len());
        for (kind, body, is_cut) in [
            ("text/plain", text("x", 1 << 20).into_bytes(), true),
            ("text/plain", text("\u{e9}", 1 << 20).into_bytes(), true),
            ("text/plain", format!("x{}", text("\u{1f511}", 1 << 20)).into_bytes(), true),
            ("text/plain", text("\u{1}", 600 << 10).into_bytes(), true),
            ("text/plain", text("\"", 600 << 10).into_bytes(), true),
            ("text/plain", text("x", 700 << 10).into_bytes(), false),
            ("application/octet-stream", vec![0xff; 4 << 20], true),
            ("application/octet-stream", vec![0x80; 4 << 20], true),
            ("application/json", format!("[{}1]", text("1,", 4 << 20)).into_bytes(), true),
            ("application/json", format!("[{}1]", text("1,", 700 << 10)).into_bytes(), false),
        ] {
            let outputs = outputs(response(200, kind, &body), None).unwrap();
            let bytes = outputs.body.to_string().len();
            assert!(bytes <= BODY_BYTES_MAX, "{kind}: {bytes}");
            assert_eq!(outputs.truncated, is_cut, "{kind}: {bytes}");
            assert_eq!(outputs.body.is_array(), kind == "application/json" && !is_cut, "{kind}");
            let at_the_cut = outputs.body.as_str().is_some_and(|text| text.ends_with('\u{fffd}'));
            assert_eq!(at_the_cut, kind == "application/octet-stream", "{kind}");
        }
        let longer_as_value = format!("[{}1]", text("1e9,", 700 << 10));
        let outputs = outputs(response(200, "application/json", &longer_as_value), None).unwrap();
        assert_eq!((outputs.body, outputs.truncated), (json!(longer_as_value), false));
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
