//! Events, and rules and what they did.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};

/// Matches that are printed at once.
const MATCHES_MAX: i64 = 10_000;

#[derive(Debug, Subcommand)]
pub enum Events {
    /// What happened lately
    Tail {
        /// Print events as they come
        #[arg(long, short)]
        follow: bool,
        /// From when on: how long ago, such as 1h, or a time such as 2030-01-31T08:00:00Z
        #[arg(long, value_name = "WHEN", default_value = "1h")]
        since: String,
        /// An event pattern that the events must match
        #[arg(long, value_name = "JSON")]
        pattern: Option<String>,
        /// How many events are printed at first
        #[arg(short = 'n', long = "lines", value_name = "N", default_value_t = 20)]
        count: usize,
    },
    /// Tell of an event; the answer names the runs that it started
    Send(SendEvent),
    /// Have the events of a time come once more, for rules to act upon anew
    Replay(ReplayEvents),
}

#[derive(Debug, Args)]
pub struct SendEvent {
    /// A file with the event, or - for standard input: source, detail-type, detail, resources
    #[arg(value_hint = ValueHint::FilePath, conflicts_with_all = ["source", "detail_type", "detail"])]
    pub file: Option<String>,
    #[arg(long, value_name = "NAME", required_unless_present = "file")]
    pub source: Option<String>,
    #[arg(long, value_name = "NAME", required_unless_present = "file")]
    pub detail_type: Option<String>,
    /// A JSON object
    #[arg(long, value_name = "JSON", default_value = "{}")]
    pub detail: String,
}

#[derive(Debug, Args)]
pub struct ReplayEvents {
    /// From when on: how long ago, such as 24h, or a time such as 2030-01-31T08:00:00Z
    #[arg(long, value_name = "WHEN")]
    pub since: String,
    /// Before when; now if it is left out
    #[arg(long, value_name = "WHEN")]
    pub until: Option<String>,
    /// An event pattern that the events must match
    #[arg(long, value_name = "JSON")]
    pub pattern: Option<String>,
    /// A rule that they are for; all if it is left out; may be repeated
    #[arg(long = "rule", value_name = "NAME")]
    pub rules: Vec<String>,
    /// What the replay is called: no other replay may have had the name
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Say how many events would come, and stop
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Subcommand)]
pub enum Rules {
    /// Whether the rules of the server are those of its directory
    Status,
    /// Webhooks, rules, and schedules with when they come next
    List,
    /// Which rules match an event, and of the others the first field that failed
    Test {
        /// A file with the event as JSON, or - for standard input
        #[arg(value_hint = ValueHint::FilePath)]
        event: String,
        /// Rules of this directory, instead of those that the server has
        #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
        rules: Option<PathBuf>,
    },
    /// How often rules would have matched among the events of the past; nothing is started
    Backtest {
        /// From when on: how long ago, such as 7d, or a time such as 2030-01-31T08:00:00Z
        #[arg(long, value_name = "WHEN", default_value = "7d")]
        since: String,
        /// Rules of this directory, instead of those that the server has
        #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
        rules: Option<PathBuf>,
    },
    /// What events have led to, newest first; `--status dead` are the dead letters
    Matches {
        /// A rule's name
        #[arg(long, value_name = "NAME")]
        rule: Option<String>,
        #[arg(long, value_enum)]
        status: Option<MatchStatus>,
        #[arg(long, value_name = "N", default_value_t = 50)]
        #[arg(value_parser = clap::value_parser!(u32).range(1..=MATCHES_MAX))]
        limit: u32,
    },
    /// Have matches that are dead or stopped tried again: those that are named, or all of a rule
    Retry {
        /// Numbers that `rules matches` shows
        #[arg(value_name = "MATCH", required_unless_present_any = ["rule", "all"])]
        matches: Vec<u64>,
        /// A rule's name
        #[arg(long, value_name = "NAME", conflicts_with = "matches")]
        rule: Option<String>,
        /// Those of all rules
        #[arg(long, conflicts_with_all = ["matches", "rule"])]
        all: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MatchStatus {
    Pending,
    Done,
    Dead,
    Stopped,
}
