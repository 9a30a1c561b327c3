//! Whatever bit of what is signed changes, the delivery is refused.

use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};
use proptest::prelude::*;

use super::fixture::{Vector, vectors};

fn headers(vector: &Vector) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in &vector.headers {
        let name: HeaderName = name.parse().unwrap();
        headers.insert(&name, HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn flipped(bytes: &[u8], bit: usize) -> Vec<u8> {
    let mut flipped = bytes.to_vec();
    flipped[bit / 8] ^= 1 << (bit % 8);
    flipped
}

#[test]
fn no_bit_of_the_body_may_change() {
    for vector in vectors().iter().filter(|vector| vector.body_signed) {
        let headers = headers(vector);
        let body = vector.body.as_bytes();
        for bit in 0..body.len() * 8 {
            let outcome = vector.verify_with(&headers, &flipped(body, bit));
            assert!(outcome.is_err(), "{}: bit {bit} of the body", vector.name);
        }
        let longer = [body, b"\n"].concat();
        for other in [&body[1..], &body[..body.len() - 1], &longer, b""] {
            assert!(vector.verify_with(&headers, other).is_err(), "{}", vector.name);
        }
    }
}

#[test]
fn no_bit_of_a_signature_or_a_timestamp_may_change() {
    for vector in vectors() {
        for name in &vector.signed {
            let value = vector.header(name).as_bytes();
            let mut tried = 0;
            for bit in 0..value.len() * 8 {
                // What cannot stand in a header never arrives.
                let Ok(other) = HeaderValue::from_bytes(&flipped(value, bit)) else { continue };
                let mut headers = headers(&vector);
                headers.insert(name.parse::<HeaderName>().unwrap(), other);
                let outcome = vector.verify_with(&headers, vector.body.as_bytes());
                assert!(outcome.is_err(), "{}: bit {bit} of {name}", vector.name);
                tried += 1;
            }
            assert!(tried > value.len(), "{}: {name}", vector.name);
        }
    }
}

#[test]
fn no_part_of_a_signature_is_enough() {
    for vector in vectors() {
        for name in &vector.signed {
            let value = vector.header(name);
            for length in 0..value.len() {
                let mut headers = headers(&vector);
                let name: HeaderName = name.parse().unwrap();
                headers.insert(&name, HeaderValue::from_str(&value[..length]).unwrap());
                let outcome = vector.verify_with(&headers, vector.body.as_bytes());
                assert!(outcome.is_err(), "{}: {length} bytes of {name}", vector.name);
            }
        }
    }
}

#[test]
fn hexadecimal_has_one_spelling() {
    for name in ["github, as published", "stripe", "slack, as published", "pagerduty", "grafana"] {
        let mut vector = super::fixture::vector(name);
        let header = vector.signed[0].clone();
        let (before, after) = vector.header(&header).rsplit_once('=').unwrap_or(("", ""));
        let upper = match after {
            "" => vector.header(&header).to_ascii_uppercase(),
            _ => format!("{before}={}", after.to_ascii_uppercase()),
        };
        vector.set_header(&header, &upper);
        assert!(vector.verify().is_err(), "{name}");
    }
}

proptest! {
    #[test]
    fn no_made_up_header_is_accepted(
        index in 0..vectors().len(),
        value in "[ -~]{0,80}|(v0=|v1=|v1,|v1a,|sha256=|t=1700000000,v1=|Bearer )[0-9a-f]{64}",
    ) {
        let vector = &vectors()[index];
        for name in vector.headers_needed() {
            let mut headers = headers(vector);
            let name: HeaderName = name.parse().unwrap();
            headers.insert(&name, HeaderValue::from_str(&value).unwrap());
            prop_assert!(vector.verify_with(&headers, vector.body.as_bytes()).is_err());
        }
    }

    #[test]
    fn any_body_is_judged(body in any::<Vec<u8>>()) {
        for vector in vectors() {
            let outcome = vector.verify_with(&headers(&vector), &body);
            let same = !vector.body_signed || body == vector.body.as_bytes();
            prop_assert_eq!(outcome.is_ok(), same);
        }
    }
}
