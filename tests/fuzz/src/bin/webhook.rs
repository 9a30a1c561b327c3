//! Webhooks: the options of a scheme as JSON, a line end, headers a line each, an empty line, and a body. Nothing is accepted, for no
//! input knows the secret, and whatever is refused is refused without a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use services::Sensitive;
use services::webhooks::scheme::{Request, Scheme};

/// No input that is found by chance signs with it.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fuzz_target!(|data: &[u8]| {
    let mut lines = data.splitn(2, |byte| *byte == b'\n');
    let (options, rest) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let Ok(scheme) = serde_json::from_slice::<Scheme>(options) else { return };
    let mut headers = http::HeaderMap::new();
    let mut rest = rest;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let (line, after) = (&rest[..end], &rest[end + 1..]);
        rest = after;
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { break };
        let name = http::HeaderName::from_bytes(&line[..colon]);
        let value = http::HeaderValue::from_bytes(&line[colon + 1..]);
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    let request = Request { headers: &headers, body: rest, now_ms: 1_614_265_330_000 };
    let refused = scheme.verify(&request, &[Sensitive::new(SECRET)]);
    assert!(refused.is_err(), "{scheme:?} was convinced");
});
