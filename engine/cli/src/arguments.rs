//! The command line.

mod access;
mod audit;
mod documents;
mod keys;
mod triggers;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::OnceLock;

use clap::builder::{OsStr, Resettable};
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

pub use access::{
    AccessKey, Auth, Convert, GivenRoles, Holder, Policy, TestPolicies, Tested, Token, User,
};
pub use audit::{Audit, AuditDecision, AuditQuery};
pub use documents::Documents;
pub use keys::Key;
pub use triggers::{Events, MatchStatus, ReplayEvents, Rules, SendEvent};

/// Runbooks that run safely: sandboxed steps, deny by default, and a run survives anything.
#[derive(Debug, Parser)]
#[command(name = "runwright", version, max_term_width = 100, arg_required_else_help = true)]
pub struct Arguments {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Args)]
pub struct Global {
    #[arg(
        help = "Where the store, the keys and the node's jobs are kept [env: RUNWRIGHT_DATA_DIR]"
    )]
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    #[arg(default_value = data_directory_of_environment(), hide_default_value = true)]
    pub data_dir: Option<PathBuf>,
    /// How results are printed
    #[arg(long, global = true, value_enum, default_value_t = Output::Text, value_name = "FORMAT")]
    pub output: Output,
    /// Print more of what the engine does to standard error; repeat for more
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// How the log on standard error is written
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text, value_name = "FORMAT")]
    pub log_format: LogFormat,
}

/// Returns the default data directory. It is no `env` of clap's, which takes a variable that is set for an argument that was given:
/// then no help is shown to who gives none.
fn data_directory_of_environment() -> Resettable<OsStr> {
    static DIRECTORY: OnceLock<Option<OsString>> = OnceLock::new();
    let directory = DIRECTORY.get_or_init(|| {
        std::env::var_os("RUNWRIGHT_DATA_DIR").filter(|directory| !directory.is_empty())
    });
    directory.as_deref().map(OsStr::from).into()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    Text,
    /// One JSON document on standard output
    Json,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a runbook here, without a server
    Run(Run),
    /// Check runbooks, command documents and rule files; prints every mistake with its place
    Validate(Validate),
    /// Draw a runbook's steps
    Graph(Graph),
    /// Show what a run would do, before it does it
    Plan(Plan),
    /// Explain a diagnostic's code
    Explain {
        /// The code, such as RW0101
        code: String,
    },
    /// The actions a step can name
    #[command(subcommand)]
    Actions(Actions),
    /// Runs: look at them, go on with them, cancel, signal, replay, export, verify
    #[command(subcommand)]
    Runs(Runs),
    /// Parameters
    #[command(subcommand)]
    Param(Param),
    /// Third-party plugins
    #[command(subcommand)]
    Plugin(Plugin),
    /// Serve SSM's API: the AWS CLI and every AWS SDK are clients of it
    Server(Server),
    /// The server's users, their access keys and their tokens
    #[command(subcommand)]
    Auth(Auth),
    /// Who may do what
    #[command(subcommand)]
    Policy(Policy),
    /// Keys that secure parameters are sealed with
    #[command(subcommand)]
    Key(Key),
    /// Documents of the store
    #[command(subcommand)]
    Documents(Documents),
    /// The audit log
    #[command(subcommand)]
    Audit(Audit),
    /// What happened, and what is to happen
    #[command(subcommand)]
    Events(Events),
    /// Rules, and what they did
    #[command(subcommand)]
    Rules(Rules),
    /// Copy the store to a file while it is in use; never contains the keys
    Backup {
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,
    },
    /// Put a backup in place, into an empty data directory
    Restore {
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,
    },
    /// Print a completion script for a shell
    Completions { shell: clap_complete::Shell },
    /// Compiles a component from standard input (the engine calls this itself)
    #[command(hide = true)]
    CompileComponent,
}

#[expect(clippy::struct_field_names, reason = "`--dry-run` is what users know")]
#[derive(Debug, Args)]
pub struct Run {
    /// The runbook, or the name of a shipped one
    #[arg(value_hint = ValueHint::FilePath)]
    pub file: String,
    /// A parameter; lists are separated by commas or written as JSON, a Secret is a secure parameter's name
    #[arg(long = "param", value_name = "NAME=VALUE")]
    pub parameters: Vec<String>,
    /// Show the plan and stop
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Args)]
pub struct Server {
    /// Where to listen; other addresses than loopback need TLS
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8484")]
    pub listen: SocketAddr,
    /// Listen on a Unix socket too
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub unix_socket: Option<PathBuf>,
    /// The certificate and those that lead to its root, in PEM; read anew when it changes
    #[arg(long, value_name = "FILE", requires = "tls_key", value_hint = ValueHint::FilePath)]
    pub tls_cert: Option<PathBuf>,
    /// The certificate's key, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert", value_hint = ValueHint::FilePath)]
    pub tls_key: Option<PathBuf>,
    /// Who signs the certificates that clients must then have, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert", value_hint = ValueHint::FilePath)]
    pub tls_client_ca: Option<PathBuf>,
    /// A proxy that speaks TLS stands before this server
    #[arg(long)]
    pub behind_tls_proxy: bool,
    /// A name under which the server is called, beside addresses and localhost; may be repeated
    #[arg(long = "host-name", value_name = "NAME")]
    pub host_names: Vec<String>,
    /// Where files of rules, webhooks and schedules are; read anew when they change
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub rules: Option<PathBuf>,
    /// Requests that one user may begin in a second
    #[arg(long, value_name = "N", default_value = "50000")]
    pub rate_limit: NonZeroU32,
    /// Requests of one user that may be under way at the same time
    #[arg(long, value_name = "N", default_value = "512")]
    pub concurrency_limit: NonZeroU32,
    /// A collector of OpenTelemetry that traces are sent to, by OTLP over HTTP
    #[arg(long, value_name = "URL", env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    pub otlp_endpoint: Option<String>,
}

#[derive(Debug, Args)]
pub struct Validate {
    #[arg(required = true, value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Graph {
    #[arg(value_hint = ValueHint::FilePath)]
    pub file: String,
    #[arg(long, value_enum, default_value_t = Picture::Mermaid)]
    pub format: Picture,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Picture {
    Mermaid,
    Dot,
    Svg,
}

#[derive(Debug, Args)]
pub struct Plan {
    /// The runbook, or the name of a shipped one
    #[arg(value_hint = ValueHint::FilePath)]
    pub file: String,
    /// A parameter, as for `run`
    #[arg(long = "param", value_name = "NAME=VALUE")]
    pub parameters: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub enum Actions {
    /// All actions, with what each does to the world
    List,
    /// One action: inputs, outputs, needs, and a step to paste
    Show { name: String },
}

#[derive(Debug, Subcommand)]
pub enum Runs {
    /// Newest first
    List {
        /// Only those with this status
        #[arg(long)]
        status: Option<String>,
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// One run with its steps
    Show { run: String },
    /// The journal of a run
    Events { run: String },
    /// What the steps of a run wrote to their logs
    Logs {
        run: String,
        /// Only this step: its name or displayed path
        #[arg(long)]
        step: Option<String>,
    },
    /// Delete runs that ended long ago, with their journals and logs; the audit log stays
    Prune {
        /// How long ago a run must have ended: 30d, 12h
        #[arg(long, value_name = "DURATION")]
        older_than: String,
        /// Only count them
        #[arg(long)]
        dry_run: bool,
    },
    /// Go on with runs that were interrupted
    Resume {
        #[arg(required_unless_present = "all")]
        run: Option<String>,
        #[arg(long, conflicts_with = "run")]
        all: bool,
    },
    /// Cancel a run; its onCancel and finally steps still run
    Cancel { run: String },
    /// Answer a waiting step
    Signal(SignalArguments),
    /// Re-execute every step against the log, touching nothing, and compare
    Replay {
        /// A run's id, or a file made by `runs export`
        run: String,
    },
    /// Write a run with all that a replay needs to a file
    Export {
        run: String,
        /// RUN.run when absent; `-` is standard output
        #[arg(long, short, value_hint = ValueHint::FilePath)]
        file: Option<PathBuf>,
    },
    /// Check that a run's journal folds, that its view agrees, and that its plan and components are what they claim
    Verify {
        #[arg(required_unless_present = "all")]
        run: Option<String>,
        #[arg(long, conflicts_with = "run")]
        all: bool,
    },
}

#[derive(Debug, Args)]
pub struct SignalArguments {
    pub run: String,
    #[arg(value_enum)]
    pub signal: SignalName,
    /// The step, when more than one waits
    #[arg(long)]
    pub step: Option<String>,
    #[arg(long)]
    pub comment: Option<String>,
    /// The approver whose word this is; by default yourself where you are named, else the first who has not spoken
    #[arg(long = "as", value_name = "APPROVER")]
    pub speaks_for: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SignalName {
    Approve,
    Reject,
    Resume,
}

#[derive(Debug, Subcommand)]
pub enum Param {
    /// Create or, with --overwrite, change a parameter
    Put {
        name: String,
        /// The value; without it, it is read from standard input (best for secrets)
        value: Option<String>,
        #[arg(long = "type", value_enum, default_value_t = ParameterType::String)]
        kind: ParameterType,
        #[arg(long)]
        overwrite: bool,
        #[arg(long)]
        description: Option<String>,
    },
    /// Print a parameter; a secure one only with --with-decryption
    Get {
        /// `name`, or `name:version`
        name: String,
        #[arg(long)]
        with_decryption: bool,
    },
    /// List parameters below a path
    Ls {
        #[arg(default_value = "/")]
        path: String,
    },
    /// Delete a parameter with all its versions
    Rm { name: String },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "PascalCase")]
pub enum ParameterType {
    String,
    StringList,
    SecureString,
}

#[derive(Debug, Subcommand)]
pub enum Plugin {
    /// Build a plugin from its source
    Build {
        #[arg(default_value = ".", value_hint = ValueHint::DirPath)]
        directory: PathBuf,
        /// Where the component is put; beside the source when absent
        #[arg(long, short, value_hint = ValueHint::DirPath)]
        out: Option<PathBuf>,
    },
    /// Show what a component says of itself, and its digest
    Inspect {
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,
    },
    /// Sign a component; makes the key when it does not exist
    Sign {
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,
        /// The private key's file
        #[arg(long, value_hint = ValueHint::FilePath)]
        key: PathBuf,
    },
    /// Admit a component to the store
    Add {
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,
        /// Admit only if signed by the key in this file, one of those that are given; the signature is FILE.sig
        #[arg(long, value_hint = ValueHint::FilePath)]
        require_key: Vec<PathBuf>,
        /// Admit without looking at FILE.sig; a signature that is there is checked otherwise
        #[arg(long, conflicts_with = "require_key")]
        unsigned: bool,
        /// Write or update the lock file beside this runbook
        #[arg(long, value_name = "RUNBOOK", value_hint = ValueHint::FilePath)]
        lock: Option<PathBuf>,
    },
    /// The plugins in the store
    List,
    /// Remove a plugin that no run under way needs
    Remove {
        /// `vendor:name@version`, or a digest
        plugin: String,
    },
}
