//! `log`.

use crate::activation::Activation;
use crate::bindings::runwright::host::log::{Host, Level};
use crate::host::CallError;
use crate::line_log::LogLevel;

impl Host for Activation {
    fn write(&mut self, level: Level, message: String) -> wasmtime::Result<()> {
        self.charge(message.len()).map_err(CallError::into_trap)?;
        let level = match level {
            Level::Debug => LogLevel::Debug,
            Level::Info => LogLevel::Info,
            Level::Warn => LogLevel::Warn,
            Level::Error => LogLevel::Error,
        };
        self.log.write(level, message);
        Ok(())
    }
}
