//! What one activation of a step may use. Every limit is named here.

use serde::{Deserialize, Serialize};

/// The budgets of one activation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Limits {
    /// Processor budget in wasmtime's fuel, about one unit an instruction.
    pub fuel: u64,
    /// All linear memories and tables of the instance together.
    pub memory_bytes_max: u64,
    /// Wall-clock time of one activation, host calls included.
    pub wall_clock_ms_max: u64,
    pub host_calls_max: u32,
    /// Requests and answers of all host calls together.
    pub host_call_bytes_max: u64,
    /// The JSON text an activation returns: outputs, or suspended state.
    pub result_bytes_max: u64,
    /// Log lines kept, in bytes.
    pub log_bytes_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fuel: 2_000_000_000,
            memory_bytes_max: 64 << 20,
            wall_clock_ms_max: 600_000,
            host_calls_max: 10_000,
            host_call_bytes_max: 64 << 20,
            result_bytes_max: 1 << 20,
            log_bytes_max: 64 << 10,
        }
    }
}

/// A component's bytes at registration.
pub const COMPONENT_BYTES_MAX: usize = 32 << 20;
/// Random bytes of one call.
pub const RANDOM_BYTES_MAX: u32 = 4_096;
/// Things one suspension may wait for.
pub const WAITS_MAX: usize = 1_000;
/// The body of an HTTP answer; the rest is cut.
pub const HTTP_BODY_BYTES_MAX: usize = 4 << 20;
/// How long a step may wait when nothing shorter is said.
pub const WAIT_MS_MAX: u64 = 30 * 24 * 3_600_000;
