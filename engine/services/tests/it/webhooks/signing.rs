//! What goes out is signed as Standard Webhooks have it.

use hyper::HeaderMap;
use hyper::header::HeaderValue;
use proptest::prelude::*;
use services::webhooks::scheme::{
    BODY_BYTES_MAX, ID_HEADER, Request, SIGNATURE_HEADER, SignError, SignedHeaders,
    TIMESTAMP_HEADER, sign,
};

use super::fixture::{scheme, secrets, vector};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// The seed of bytes 1 to 32, and the same with its public key.
const PRIVATE: [&str; 2] = [
    "whsk_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=",
    "whsk_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyB5tVYuj+ZU+UB4sRLoqYunkB+FOuaVvtfg45ELrQSWZA==",
];

fn headers(signed: &SignedHeaders) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(ID_HEADER, HeaderValue::from_str(&signed.id).unwrap());
    headers.insert(TIMESTAMP_HEADER, HeaderValue::from_str(&signed.timestamp).unwrap());
    headers.insert(SIGNATURE_HEADER, HeaderValue::from_str(&signed.signature).unwrap());
    headers
}

#[test]
fn the_published_delivery_is_signed_as_published() {
    for (name, secret) in [
        ("standard, as published", SECRET),
        ("standard, by a public key", PRIVATE[0]),
        ("standard, by a public key", PRIVATE[1]),
    ] {
        let vector = vector(name);
        let id = vector.header(ID_HEADER);
        let signed = sign(&secrets(&[secret]), id, 1_614_265_330, vector.body.as_bytes()).unwrap();
        assert_eq!(signed.id, id);
        assert_eq!(signed.timestamp, vector.header(TIMESTAMP_HEADER));
        assert_eq!(signed.signature, vector.header(SIGNATURE_HEADER), "{name}");
    }
}

#[test]
fn each_secret_signs() {
    let signed = sign(&secrets(&[SECRET, PRIVATE[0]]), "msg_1", 1_614_265_330, b"{}").unwrap();
    let versions: Vec<_> =
        signed.signature.split(' ').map(|one| one.split_once(',').unwrap().0).collect();
    assert_eq!(versions, ["v1", "v1a"]);
}

#[test]
fn what_cannot_be_signed_is_an_error() {
    let attempt = |texts: &[&str], id: &str, body: &[u8]| sign(&secrets(texts), id, 1, body);
    for id in ["", "a.b", "a b", "é", &"x".repeat(257)] {
        assert_eq!(attempt(&[SECRET], id, b""), Err(SignError::Id), "{id}");
    }
    assert_eq!(attempt(&[], "a", b""), Err(SignError::SecretCount { count: 0 }));
    assert_eq!(attempt(&[SECRET; 5], "a", b""), Err(SignError::SecretCount { count: 5 }));
    let flipped = PRIVATE[1].replace("ZA==", "ZQ==");
    for wrong in ["", "whsec_c2hvcnQ=", "whsk_AQID", "whpk_AQID", flipped.as_str()] {
        let outcome = attempt(&[SECRET, wrong], "a", b"");
        assert_eq!(outcome, Err(SignError::Secret { position: 2 }), "{wrong}");
    }
    let large = vec![0; BODY_BYTES_MAX + 1];
    assert_eq!(attempt(&[SECRET], "a", &large), Err(SignError::BodyTooLarge));
}

proptest! {
    #[test]
    fn what_is_signed_is_accepted_by_its_receiver_alone(
        id in "[!-\\-/-~]{1,256}",
        timestamp_s in 0..4_000_000_000_u64,
        body in any::<Vec<u8>>(),
        other in any::<Vec<u8>>(),
    ) {
        let signed = sign(&secrets(&[SECRET]), &id, timestamp_s, &body).unwrap();
        let receiver = scheme(r#"{ "scheme": "standard", "secret": "/hooks/one" }"#);
        let headers = headers(&signed);
        let accepted = |body: &[u8], secret: &str| {
            let request = Request { headers: &headers, body, now_ms: timestamp_s * 1_000 };
            receiver.verify(&request, &secrets(&[secret])).is_ok()
        };
        prop_assert!(accepted(&body, SECRET));
        prop_assert_eq!(accepted(&other, SECRET), other == body);
        prop_assert!(!accepted(&body, "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"));
    }
}
