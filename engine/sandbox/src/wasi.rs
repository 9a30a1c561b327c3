//! The harmless sliver of WASI that guests with a language runtime may import: io, clocks, random, stdio.
//!
//! All of it is the same whenever an activation is called again: time stands still at the recorded time while the
//! monotonic clock counts its own readings, and randomness flows from the run's seed.

use std::convert::Infallible;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rand_core::TryRng;
use sha2::{Digest as _, Sha256};
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxView, WasiView};

use crate::activation::Activation;
use crate::engine::HANDLES_MAX;
use crate::line_log::{LineLog, LogLevel};
use crate::wasi::output::Output;

mod output;

/// The interfaces that may be imported, without their version.
pub(crate) const SUBSET: [&str; 9] = [
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/random",
];
/// Bytes of the seed that the host is asked for.
pub(crate) const SEED_BYTES: u32 = 32;
const RANDOM_BYTES_MAX: u64 = 64 << 10;
/// What the monotonic clock advances by at each reading.
const TICK_NS: u64 = 1_000;

/// WASI's state in one store.
pub(crate) struct Wasi {
    context: WasiCtx,
    table: ResourceTable,
    stdout: Output,
    stderr: Output,
}

impl Wasi {
    pub(crate) fn new(now_ms: u64, seed: &[u8], log_bytes_max: u64) -> Self {
        let stdout = Output::new(log_bytes_max);
        let stderr = Output::new(log_bytes_max);
        let context = WasiCtx::builder()
            .wall_clock(Still(Duration::from_millis(now_ms)))
            .monotonic_clock(Counting(AtomicU64::new(0)))
            .secure_random(Stream::new(seed, b"secure"))
            .insecure_random(Stream::new(seed, b"insecure"))
            .insecure_random_seed(0)
            .max_random_size(RANDOM_BYTES_MAX)
            .stdout(stdout.clone())
            .stderr(stderr.clone())
            .allow_tcp(false)
            .allow_udp(false)
            .build();
        let mut table = ResourceTable::new();
        table.set_max_capacity(HANDLES_MAX);
        Self { context, table, stdout, stderr }
    }

    /// Moves what the guest printed into its log, one entry a line.
    pub(crate) fn drain(&self, log: &mut LineLog) {
        self.stdout.drain(LogLevel::Info, log);
        self.stderr.drain(LogLevel::Warn, log);
    }
}

impl WasiView for Activation {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let wasi = self.wasi.get_or_insert_with(|| Box::new(Wasi::new(0, &[], 0)));
        WasiCtxView { ctx: &mut wasi.context, table: &mut wasi.table }
    }
}

impl fmt::Debug for Wasi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wasi").finish_non_exhaustive()
    }
}

struct Still(Duration);

impl HostWallClock for Still {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn now(&self) -> Duration {
        self.0
    }
}

struct Counting(AtomicU64);

impl HostMonotonicClock for Counting {
    fn resolution(&self) -> u64 {
        TICK_NS
    }

    fn now(&self) -> u64 {
        self.0.fetch_add(TICK_NS, Ordering::Relaxed)
    }
}

/// SHA-256 of seed, purpose and a counter, block after block.
struct Stream {
    keyed: Sha256,
    block: [u8; 32],
    used: usize,
    counter: u64,
}

impl Stream {
    fn new(seed: &[u8], purpose: &[u8]) -> Self {
        let keyed = Sha256::new().chain_update(seed).chain_update(purpose);
        Self { keyed, block: [0; 32], used: 32, counter: 0 }
    }

    fn next_byte(&mut self) -> u8 {
        if self.used == self.block.len() {
            let hash = self.keyed.clone().chain_update(self.counter.to_le_bytes()).finalize();
            self.block.copy_from_slice(&hash);
            self.counter += 1;
            self.used = 0;
        }
        self.used += 1;
        self.block[self.used - 1]
    }
}

impl TryRng for Stream {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.fill_with(|| self.next_byte());
        Ok(())
    }
}
