//! Whose components are let in.

use std::sync::Arc;

use sandbox::signature::{SecretKey, Signature, SignatureError, sign};
use sandbox::{Allocation, Origin, RegisterError, Sandbox, Settings, SignaturePolicy};

use crate::fixture::Case;

fn sandbox(required: bool, keys: &[&SecretKey]) -> Sandbox {
    let trusted = keys.iter().map(|key| key.public()).collect();
    let signatures = SignaturePolicy { required, trusted };
    let settings = Settings { allocation: Allocation::OnDemand, signatures, ..Settings::default() };
    Sandbox::new(settings).unwrap()
}

async fn register(
    sandbox: &Sandbox,
    bytes: &[u8],
    signature: Option<Signature>,
) -> Result<(), RegisterError> {
    sandbox.register(Arc::from(bytes), Origin::Foreign { signature }).await.map(drop)
}

#[tokio::test]
async fn a_required_signature_is_checked_before_anything_is_read() {
    let key = SecretKey::generate().unwrap();
    let sandbox = sandbox(true, &[&key]);
    let good = Case::named("echo").component();
    let signature = sign(&key, &good);

    let unsigned = register(&sandbox, b"not even WebAssembly", None).await;
    assert!(matches!(unsigned, Err(RegisterError::Unsigned)), "{unsigned:?}");

    let mut tampered = good.to_vec();
    let last = tampered.len() - 1;
    tampered[last] ^= 1;
    for bytes in [&tampered[..], b"not even WebAssembly"] {
        let refused = register(&sandbox, bytes, Some(signature.clone())).await;
        let mismatch = SignatureError::Mismatch(key.public().id());
        assert!(
            matches!(&refused, Err(RegisterError::Signature(error)) if *error == mismatch),
            "{refused:?}"
        );
    }
    register(&sandbox, &good, Some(signature)).await.unwrap();
}

#[tokio::test]
async fn a_key_that_is_not_trusted_signs_nothing() {
    let (mine, other) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
    let good = Case::named("echo").component();
    for required in [true, false] {
        let sandbox = sandbox(required, &[&mine]);
        let refused = register(&sandbox, &good, Some(sign(&other, &good))).await;
        assert!(
            matches!(refused, Err(RegisterError::Signature(SignatureError::UntrustedKey(_)))),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn a_registered_component_must_still_be_signed() {
    let key = SecretKey::generate().unwrap();
    let sandbox = sandbox(true, &[&key]);
    let good = Case::named("echo").component();
    register(&sandbox, &good, Some(sign(&key, &good))).await.unwrap();
    assert!(matches!(register(&sandbox, &good, None).await, Err(RegisterError::Unsigned)));
}
