//! The audit log.

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub enum Audit {
    /// The last records
    Tail {
        /// Print records as they come
        #[arg(long, short)]
        follow: bool,
        /// How many records are printed at first
        #[arg(short = 'n', long = "lines", value_name = "N", default_value_t = 10)]
        count: u32,
    },
    /// Records that were written so, newest first
    Query(AuditQuery),
    /// Check that no record was changed, cut off or written anew; exit code 1 names the first that was
    Verify {
        /// A line that `audit checkpoint` printed and that was kept elsewhere
        #[arg(long, value_name = "LINE")]
        checkpoint: Option<String>,
    },
    /// Sign the end of the log and print it as one line, to be kept elsewhere
    Checkpoint,
}

#[derive(Debug, Args)]
pub struct AuditQuery {
    /// Who asked: a user's name, an ARN, or os:UID
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// What was asked for, such as PutParameter
    #[arg(long, value_name = "OPERATION")]
    pub event: Option<String>,
    /// What it was done to: an ARN, or its end, such as parameter/app/x
    #[arg(long, value_name = "RESOURCE")]
    pub resource: Option<String>,
    #[arg(long, value_enum)]
    pub decision: Option<AuditDecision>,
    /// From when on: how long ago, such as 24h, or a time such as 2030-01-31T08:00:00Z
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
    /// Before when
    #[arg(long, value_name = "WHEN")]
    pub until: Option<String>,
    /// What the answer's x-amzn-RequestId said
    #[arg(long, value_name = "ID")]
    pub request_id: Option<String>,
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub limit: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AuditDecision {
    Allow,
    Deny,
}
