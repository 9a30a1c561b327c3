//! Why a delivery is refused: nothing to the sender, a cause to the log.

/// A delivery that is not accepted. Its text is the same whatever is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the webhook is not accepted")]
pub struct Refused {
    cause: Cause,
}

impl Refused {
    /// Returns what is wrong, for the log and never for the sender. It holds no part of a secret, a signature or a body.
    pub fn cause(&self) -> &Cause {
        &self.cause
    }
}

impl From<Cause> for Refused {
    fn from(cause: Cause) -> Self {
        Self { cause }
    }
}

/// What is wrong with a delivery, or with how it is checked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    #[error("the body is larger than a webhook may be")]
    BodyTooLarge,
    #[error("a scheme needs one to four secrets")]
    SecretCount,
    #[error("none of the signatures is by a secret that is known")]
    Signature,
    #[error("no signature matches, and secret {position} of the list is not one of this scheme")]
    Secret {
        /// From 1.
        position: usize,
    },
    #[error("the header {header} is missing")]
    HeaderMissing { header: String },
    #[error("the header {header} stands there twice")]
    HeaderTwice { header: String },
    #[error("the header {header} is too long, or is not visible ASCII")]
    HeaderText { header: String },
    #[error("the header {header} has no signature that this scheme reads")]
    SignatureForm { header: String },
    #[error("the header {header} has more signatures than are tried")]
    SignatureCount { header: String },
    #[error("the timestamp in the header {header} is not seconds since the Unix epoch")]
    TimestampForm { header: String },
    #[error("the timestamp is {difference_s} s from now, more than is tolerated")]
    TimestampFar { difference_s: u64 },
    #[error("the identifier in the header {header} is empty or has a full stop")]
    IdentifierForm { header: String },
}
