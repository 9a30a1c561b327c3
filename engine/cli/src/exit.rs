//! Exit codes.

/// What the process says by its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Done = 0,
    RunFailed = 1,
    BadInput = 2,
    NotReachable = 3,
    Denied = 4,
    /// Our bug.
    Bug = 70,
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// An expected error: what to print, and the exit code.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    pub exit: Exit,
    pub message: String,
    pub help: Option<String>,
}

impl Refusal {
    pub fn bad_input(message: impl Into<String>) -> Self {
        Self { exit: Exit::BadInput, message: message.into(), help: None }
    }

    /// Bad input, with all that led to the error.
    pub fn caused(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::bad_input(format!("{:#}", anyhow::Error::new(error)))
    }

    pub fn not_reachable(message: impl Into<String>) -> Self {
        Self { exit: Exit::NotReachable, message: message.into(), help: None }
    }

    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
