//! The log of one activation.

/// How serious a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    Debug,
    Info,
    Warn,
    Error,
}

/// One line that a guest wrote. It is foreign text: escape it before a terminal or a page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    pub level: LogLevel,
    pub message: String,
}

/// Keeps whole lines until a budget is used up, and counts what it drops.
#[derive(Debug)]
pub(crate) struct LineLog {
    lines: Vec<LogLine>,
    room_bytes: u64,
    dropped_bytes: u64,
}

impl LineLog {
    pub(crate) fn new(bytes_max: u64) -> Self {
        Self { lines: Vec::new(), room_bytes: bytes_max, dropped_bytes: 0 }
    }

    pub(crate) fn write(&mut self, level: LogLevel, message: String) {
        let bytes = message.len() as u64;
        if bytes <= self.room_bytes {
            self.room_bytes -= bytes;
            self.lines.push(LogLine { level, message });
        } else {
            self.dropped_bytes = self.dropped_bytes.saturating_add(bytes);
        }
    }

    pub(crate) fn drop_bytes(&mut self, bytes: u64) {
        self.dropped_bytes = self.dropped_bytes.saturating_add(bytes);
    }

    pub(crate) fn into_parts(self) -> (Vec<LogLine>, u64) {
        (self.lines, self.dropped_bytes)
    }
}
