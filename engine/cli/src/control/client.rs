//! The client's side.

use std::path::Path;

use anyhow::{Result, bail};
use serde::Serialize;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

use super::{Answer, socket_path};
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
        let (reader, writer) = UnixStream::connect(socket_path(directory)).await?.into_split();
        Ok(Self { reader: BufReader::new(reader), writer })
    }

    /// Asks, hands news to `on_news`, and returns the answer.
    pub(crate) async fn ask(
        &mut self,
        request: &impl Serialize,
        mut on_news: impl FnMut(Value),
    ) -> Result<Value> {
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        self.writer.write_all(&line).await.map_err(|error| lost(&error))?;
        loop {
            let mut line = String::new();
            self.reader.read_line(&mut line).await.map_err(|error| lost(&error))?;
            // An owner that dies while it speaks leaves half a line.
            if !line.ends_with('\n') {
                bail!(Refusal::not_reachable(LOST));
            }
            match serde_json::from_str(&line)? {
                Answer::News(value) => on_news(value),
                Answer::Done(value) => return Ok(value),
                Answer::Refused { exit, message, help } => {
                    bail!(Refusal { exit: exit_of(exit), message, help })
                }
            }
        }
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
