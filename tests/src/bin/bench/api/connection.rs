//! One kept connection: requests as bytes, answers read no further than needed.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const HEAD_END: &[u8] = b"\r\n\r\n";

pub(crate) struct Connection {
    address: SocketAddr,
    stream: TcpStream,
    /// The answer that was read last, and nothing after it: the next is asked for only then.
    buffer: Vec<u8>,
    is_closed: bool,
}

struct Head {
    status: u16,
    /// Where the body begins, and where it ends.
    body: std::ops::Range<usize>,
    closes: bool,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = connect(address).await?;
        Ok(Self { address, stream, buffer: Vec::with_capacity(16 << 10), is_closed: false })
    }

    /// Asks, and returns the body of the answer, which must be a success.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Result<&[u8]> {
        if self.is_closed {
            self.stream = connect(self.address).await?;
            self.is_closed = false;
        }
        self.buffer.clear();
        self.stream.write_all(request).await?;
        let head = loop {
            let read = self.stream.read_buf(&mut self.buffer).await?;
            ensure!(read > 0, "the connection ended within an answer");
            if let Some(head) = head(&self.buffer)?
                && self.buffer.len() >= head.body.end
            {
                break head;
            }
        };
        self.is_closed = head.closes;
        let body = &self.buffer[head.body];
        ensure!(
            (200..300).contains(&head.status),
            "{}: {}",
            head.status,
            String::from_utf8_lossy(body)
        );
        Ok(body)
    }
}

async fn connect(address: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect(address).await.context("cannot connect")?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Reads the head of an answer, once all of it is there.
fn head(buffer: &[u8]) -> Result<Option<Head>> {
    let Some(end) = buffer.windows(HEAD_END.len()).position(|bytes| bytes == HEAD_END) else {
        return Ok(None);
    };
    let text = std::str::from_utf8(&buffer[..end]).context("the head of an answer is not text")?;
    let mut lines = text.split("\r\n");
    let first = lines.next().unwrap_or_default();
    let status = first.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.with_context(|| format!("{first:?} has no status"))?;
    let mut length = None;
    let mut closes = first.starts_with("HTTP/1.0");
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        if name.eq_ignore_ascii_case("content-length") {
            length = Some(value.trim().parse::<usize>().context("the length of an answer")?);
        } else if name.eq_ignore_ascii_case("connection") {
            closes |= value.trim().eq_ignore_ascii_case("close");
        }
    }
    let Some(length) = length else { bail!("an answer has no length: {text}") };
    let begin = end + HEAD_END.len();
    Ok(Some(Head { status, body: begin..begin + length, closes }))
}
