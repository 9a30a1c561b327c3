//! The client's side.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};
use serde::Serialize;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

use super::{Answer, MESSAGE_BYTES_MAX, SocketPlace};
use crate::exit::{Exit, Refusal};

/// A connection to the owner.
#[derive(Debug)]
pub(crate) struct ControlClient {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
}

impl ControlClient {
    /// Connects to the owner of the data directory.
    pub(crate) async fn connect(directory: &Path) -> std::io::Result<Self> {
        let place = SocketPlace::of(directory)?;
        let (reader, writer) = UnixStream::connect(&place.address).await?.into_split();
        Ok(Self { reader: BufReader::new(reader), writer })
    }

    /// Asks, hands news to `on_news`, and returns the answer. An owner that does not say within `patience` that it has read the request
    /// does not answer at all.
    pub(crate) async fn ask(
        &mut self,
        request: &impl Serialize,
        patience: Duration,
        mut on_news: impl FnMut(Value),
    ) -> Result<Value> {
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        self.writer.write_all(&line).await.map_err(|error| lost(&error))?;
        let Ok(accepted) = tokio::time::timeout(patience, self.answer()).await else {
            bail!(Refusal {
                exit: Exit::NotReachable,
                message: "the process that owns the data directory does not answer".to_owned(),
                help: Some("it may be stopped: see its process".to_owned()),
            });
        };
        let mut answer = accepted?;
        loop {
            match answer {
                Answer::Accepted => {}
                Answer::News(value) => on_news(value),
                Answer::Done(value) => return Ok(value),
                Answer::Refused { exit, message, help } => {
                    bail!(Refusal { exit: exit_of(exit), message, help })
                }
            }
            answer = self.answer().await?;
        }
    }

    async fn answer(&mut self) -> Result<Answer> {
        let mut line = Vec::new();
        let limit = u64::try_from(MESSAGE_BYTES_MAX)?;
        let read = (&mut self.reader).take(limit).read_until(b'\n', &mut line).await;
        read.map_err(|error| lost(&error))?;
        // An owner that dies while it speaks leaves half a line.
        if line.last() != Some(&b'\n') {
            bail!(Refusal::not_reachable(LOST));
        }
        Ok(serde_json::from_slice(&line)?)
    }
}

const LOST: &str = "the process that owns the data directory has gone";

fn lost(error: &std::io::Error) -> Refusal {
    Refusal::not_reachable(format!("{LOST}: {error}"))
}

fn exit_of(code: u8) -> Exit {
    match code {
        1 => Exit::RunFailed,
        2 => Exit::BadInput,
        3 => Exit::NotReachable,
        4 => Exit::Denied,
        _ => Exit::Bug,
    }
}
