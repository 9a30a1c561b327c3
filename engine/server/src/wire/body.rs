//! The body of a request, which arrives before it is known who sends it: bounded in size, in time, and over all connections together.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use bytes::BytesMut;
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Fault;

/// Bytes of a request's body: an inventory of 1 MB, the greatest that SSM takes, and as much again.
pub(crate) const BODY_BYTES_MAX: usize = 2 << 20;
/// How long the body of a request may take to arrive.
const BODY_TIME_MAX: Duration = Duration::from_secs(30);
/// Bytes of a refused body that are taken in all the same, and for how long.
const PASSED_OVER_BYTES_MAX: usize = 8 << 20;
const PASSED_OVER_TIME_MAX: Duration = Duration::from_secs(1);
/// Bytes of a body that any connection may hold, so that large bodies never keep small ones out.
const FREE_BYTES: usize = 16 << 10;
/// Bytes beyond [`FREE_BYTES`] that all bodies together may hold.
const SHARED_BYTES: usize = 256 << 20;

/// What one body may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BodyLimits {
    pub(crate) bytes: usize,
    /// How long it may take to arrive.
    pub(crate) time: Duration,
}

const LIMITS: BodyLimits = BodyLimits { bytes: BODY_BYTES_MAX, time: BODY_TIME_MAX };

/// What all connections may hold of bodies.
#[derive(Debug)]
pub(crate) struct Budget(Arc<Semaphore>);

impl Default for Budget {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(SHARED_BYTES)))
    }
}

/// A body, and its share of the budget for as long as it is held.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) bytes: Bytes,
    _share: Option<OwnedSemaphorePermit>,
}

impl Budget {
    /// Reads the body of a request of the wire protocol, as [`Budget::read_within`] does.
    pub(crate) async fn read(&self, headers: &HeaderMap, body: Body) -> Result<Received, Fault> {
        self.read_within(headers, body, LIMITS).await
    }

    /// Reads a body to its end.
    ///
    /// # Errors
    /// One that is too large, takes too long, ends early, or for which there is no room at the moment.
    pub(crate) async fn read_within(
        &self,
        headers: &HeaderMap,
        body: Body,
        limits: BodyLimits,
    ) -> Result<Received, Fault> {
        let stated = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
        let stated: Option<usize> = stated.and_then(|length| length.parse().ok());
        let mut body = body;
        if stated.is_some_and(|bytes| bytes > limits.bytes) {
            pass_over(&mut body).await;
            return Err(too_large(limits.bytes));
        }
        match tokio::time::timeout(limits.time, self.collect(body, limits.bytes)).await {
            Ok(received) => received,
            Err(_) => Err(too_slow(limits.time)),
        }
    }

    async fn collect(&self, mut body: Body, bytes_max: usize) -> Result<Received, Fault> {
        let (mut bytes, mut share, mut charged) = (BytesMut::new(), None, FREE_BYTES);
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| {
                Fault::client("SerializationException", format!("the body ended early: {error}"))
            })?;
            let Ok(data) = frame.into_data() else { continue };
            let length = bytes.len() + data.len();
            if length > bytes_max {
                pass_over(&mut body).await;
                return Err(too_large(bytes_max));
            }
            if length > charged {
                self.charge(&mut share, length - charged)?;
                charged = length;
            }
            bytes.extend_from_slice(&data);
        }
        Ok(Received { bytes: bytes.freeze(), _share: share })
    }

    fn charge(&self, share: &mut Option<OwnedSemaphorePermit>, bytes: usize) -> Result<(), Fault> {
        let permits = u32::try_from(bytes).map_err(|_| too_large(bytes))?;
        let more = self.0.clone().try_acquire_many_owned(permits).map_err(|_| too_busy())?;
        match share {
            Some(share) => share.merge(more),
            None => *share = Some(more),
        }
        Ok(())
    }
}

/// Takes in what is left of a body that is refused, for a while: a client that still sends when the connection is closed may never see
/// the answer.
async fn pass_over(body: &mut Body) {
    let passing = async {
        let mut bytes = 0;
        while let Some(Ok(frame)) = body.frame().await {
            bytes += frame.data_ref().map_or(0, Bytes::len);
            if bytes > PASSED_OVER_BYTES_MAX {
                return;
            }
        }
    };
    // What comes later than this is not waited for.
    drop(tokio::time::timeout(PASSED_OVER_TIME_MAX, passing).await);
}

fn too_large(bytes_max: usize) -> Fault {
    Fault {
        status: StatusCode::PAYLOAD_TOO_LARGE,
        ..Fault::client(
            "RequestEntityTooLargeException",
            format!("a request has at most {bytes_max} bytes"),
        )
    }
}

fn too_slow(time: Duration) -> Fault {
    Fault {
        status: StatusCode::REQUEST_TIMEOUT,
        ..Fault::client(
            "RequestTimeoutException",
            format!("the body did not arrive within {} s", time.as_secs()),
        )
    }
}

fn too_busy() -> Fault {
    Fault {
        status: StatusCode::SERVICE_UNAVAILABLE,
        ..Fault::client(
            "ServiceUnavailable",
            "too many large requests are under way; try again later".to_owned(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn large_bodies_wait_for_room_and_small_ones_do_not() {
        let budget = Budget(Arc::new(Semaphore::new(10)));
        let read = |length: usize| budget.read_all(vec![b'x'; length]);
        let held = read(FREE_BYTES + 10).await.unwrap();
        assert_eq!(held.bytes.len(), FREE_BYTES + 10);
        assert_eq!(read(FREE_BYTES + 1).await.unwrap_err().code, "ServiceUnavailable");
        assert_eq!(read(FREE_BYTES).await.unwrap().bytes.len(), FREE_BYTES);
        drop(held);
        assert!(read(FREE_BYTES + 1).await.is_ok());
    }

    #[tokio::test]
    async fn a_body_that_does_not_state_its_length_is_bounded_too() {
        let refused = Budget::default().read_all(vec![b'x'; BODY_BYTES_MAX + 1]).await;
        assert_eq!(refused.unwrap_err().code, "RequestEntityTooLargeException");
    }

    impl Budget {
        async fn read_all(&self, bytes: Vec<u8>) -> Result<Received, Fault> {
            self.read(&HeaderMap::new(), Body::from(bytes)).await
        }
    }
}
