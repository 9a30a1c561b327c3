//! Standard output and standard error of a guest, kept up to a budget.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};

use crate::line_log::{LineLog, LogLevel};

/// One stream; clones write to the same place.
#[derive(Clone)]
pub(crate) struct Output(Arc<Mutex<Kept>>);

struct Kept {
    bytes: Vec<u8>,
    bytes_max: usize,
    dropped_bytes: u64,
}

impl Output {
    pub(crate) fn new(bytes_max: u64) -> Self {
        let bytes_max = usize::try_from(bytes_max).unwrap_or(usize::MAX);
        Self(Arc::new(Mutex::new(Kept { bytes: Vec::new(), bytes_max, dropped_bytes: 0 })))
    }

    pub(crate) fn drain(&self, level: LogLevel, log: &mut LineLog) {
        let kept = std::mem::take(&mut self.kept().bytes);
        for line in String::from_utf8_lossy(&kept).lines() {
            log.write(level, line.to_owned());
        }
        log.drop_bytes(std::mem::take(&mut self.kept().dropped_bytes));
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Output {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn wasmtime_wasi::p2::OutputStream> {
        Box::new(self.clone())
    }
}

impl Output {
    fn keep(&self, bytes: &[u8]) {
        let mut kept = self.kept();
        let room = kept.bytes_max.saturating_sub(kept.bytes.len()).min(bytes.len());
        kept.bytes.extend_from_slice(&bytes[..room]);
        kept.dropped_bytes += (bytes.len() - room) as u64;
    }
}

impl AsyncWrite for Output {
    fn poll_write(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.keep(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[async_trait::async_trait]
impl wasmtime_wasi::p2::Pollable for Output {
    async fn ready(&mut self) {}
}

impl wasmtime_wasi::p2::OutputStream for Output {
    fn write(&mut self, bytes: bytes::Bytes) -> wasmtime_wasi::p2::StreamResult<()> {
        self.keep(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> wasmtime_wasi::p2::StreamResult<()> {
        Ok(())
    }

    /// Small, because WASI's `write-zeroes` allocates as much as is promised here.
    fn check_write(&mut self) -> wasmtime_wasi::p2::StreamResult<usize> {
        Ok(64 << 10)
    }
}
