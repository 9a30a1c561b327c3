//! Many connections, each asking again as soon as it was answered.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::task::JoinSet;

use super::connection::Connection;
use super::source::Source;
use crate::sample::{Sample, per_second};

/// What was answered within the time.
pub(super) struct Load {
    pub(super) sample: Sample,
    answered: usize,
    time: Duration,
}

impl Load {
    pub(super) fn per_second(&self) -> f64 {
        per_second(self.answered, self.time)
    }
}

/// Asks what each source has, one connection for each, and measures for `time` after a tenth of it.
pub(super) async fn drive(
    address: SocketAddr,
    sources: Vec<Box<dyn Source>>,
    time: Duration,
) -> Result<Load> {
    let mut connections = Vec::with_capacity(sources.len());
    for source in sources {
        connections.push((Connection::open(address).await?, source));
    }
    let begin = Instant::now() + time / 10;
    let end = begin + time;
    let mut tasks = JoinSet::new();
    for (connection, source) in connections {
        tasks.spawn(ask(connection, source, begin, end));
    }
    let mut times = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        times.extend(ended??);
    }
    let answered = times.len();
    Ok(Load { sample: times.into_iter().collect(), answered, time })
}

/// Returns how long each request took that was asked and answered between the two moments.
async fn ask(
    mut connection: Connection,
    mut source: Box<dyn Source>,
    begin: Instant,
    end: Instant,
) -> Result<Vec<Duration>> {
    let mut times = Vec::new();
    loop {
        let request = source.next()?;
        let asked = Instant::now();
        connection.exchange(request).await?;
        let answered = Instant::now();
        if answered > end {
            return Ok(times);
        }
        if asked >= begin {
            times.push(answered.duration_since(asked));
        }
    }
}
