//! The log on standard error, and traces to a collector of OpenTelemetry.

mod collector;

use std::io::IsTerminal;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

use crate::arguments::{Arguments, Command, LogFormat};
use crate::exit::Refusal;

/// Whose spans are traces: those of this program, not of what it is built from.
const TRACED: [&str; 3] = ["driver", "server", "services"];

/// Begins to log. What is returned sends the last traces when it is dropped.
///
/// # Errors
/// A collector that cannot be one.
pub(crate) fn start(arguments: &Arguments) -> Result<Option<collector::Traces>, Refusal> {
    let global = &arguments.global;
    let (endpoint, quiet) = if let Command::Server(server) = &arguments.command {
        // A variable that is set to nothing is one that is not set.
        (server.otlp_endpoint.as_deref().filter(|endpoint| !endpoint.is_empty()), "info")
    } else {
        (None, "error")
    };
    let default = match global.verbose {
        0 => quiet,
        1 => "warn",
        2 => "info",
        _ => "debug",
    };
    let filter =
        EnvFilter::try_from_env("RUNWRIGHT_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let written = match global.log_format {
        LogFormat::Text => {
            let text = fmt::layer().with_writer(std::io::stderr);
            text.with_ansi(std::io::stderr().is_terminal()).boxed()
        }
        LogFormat::Json => fmt::layer().with_writer(std::io::stderr).json().boxed(),
    };
    let traces = endpoint.map(collector::Traces::open).transpose()?;
    let sent = traces.as_ref().map(|traces| {
        let ours = TRACED.map(|name| (name, LevelFilter::DEBUG));
        traces.layer().with_filter(Targets::new().with_targets(ours))
    });
    tracing_subscriber::registry().with(written.with_filter(filter)).with(sent).init();
    Ok(traces)
}
