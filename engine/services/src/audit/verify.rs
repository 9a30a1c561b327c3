//! Looking whether the log is what was written.

use serde::Serialize;
use store::audit::checkpoints::{self, Checkpoint};
use store::audit::{self, Head, VerifyError};
use store::{ReadError, ReadTx};

use super::checkpoint;
use crate::Services;
use crate::error::ServiceError;

/// A log that is what was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verified {
    pub entries: u64,
    /// That of the last entry.
    pub hash: String,
    pub checkpoints: usize,
    /// The last entry that a checkpoint covers: those after it could have been cut off unseen. 0 without a checkpoint.
    pub signed_entries: u64,
}

/// Why a log is not what was written.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum AuditError {
    #[error(transparent)]
    Log(#[from] VerifyError),
    #[error("the checkpoint at audit entry {seq} is not as it was signed")]
    Checkpoint { seq: u64 },
    #[error(
        "the checkpoint at audit entry {seq} was signed with the key {public_key}, which is not of this installation"
    )]
    ForeignKey { seq: u64, public_key: String },
    #[error("the line is not a checkpoint")]
    NotACheckpoint,
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl From<ReadError> for AuditError {
    fn from(error: ReadError) -> Self {
        Self::Service(error.into())
    }
}

impl Services {
    /// Checks every entry of the log and every checkpoint, and the checkpoint that was kept elsewhere, if one is given.
    ///
    /// Whoever can write the database could cut off the last entries together with their checkpoints: only a `kept` checkpoint shows it.
    ///
    /// # Errors
    /// The first thing that is not as it was written, by the number of its entry.
    pub async fn verify_audit(&self, kept: Option<&str>) -> Result<Verified, AuditError> {
        let kept = kept
            .map(|text| checkpoint::from_text(text).ok_or(AuditError::NotACheckpoint))
            .transpose()?;
        let read = |tx: &ReadTx<'_>| -> Result<_, ReadError> {
            Ok((checkpoints::list(tx)?, checkpoints::keys(tx)?))
        };
        let (mut all, keys) = self.store().read(read).await?;
        let count = all.len();
        all.extend(kept);
        let mut own = Vec::new();
        for key in &keys {
            checkpoint::open(self.keyring(), key)?;
            own.push(key.public_key.as_str());
        }
        for checkpoint in &all {
            check(checkpoint, &own)?;
        }
        let mut known: Vec<Head> = all.into_iter().map(|checkpoint| checkpoint.head).collect();
        known.sort_by_key(|head| head.seq);
        let signed_entries = known.last().map_or(0, |head| head.seq);
        let verify = move |tx: &ReadTx<'_>| audit::verify_against(tx, &known);
        let Head { seq, hash } = self.store().read(verify).await?;
        Ok(Verified { entries: seq, hash, checkpoints: count, signed_entries })
    }
}

fn check(checkpoint: &Checkpoint, own: &[&str]) -> Result<(), AuditError> {
    let seq = checkpoint.head.seq;
    if !checkpoint::is_signed(checkpoint) {
        return Err(AuditError::Checkpoint { seq });
    }
    if !own.contains(&checkpoint.public_key.as_str()) {
        let public_key = checkpoint.public_key.clone();
        return Err(AuditError::ForeignKey { seq, public_key });
    }
    Ok(())
}
