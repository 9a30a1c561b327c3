//! Documents of the store.

use std::path::PathBuf;

use clap::{Subcommand, ValueHint};

#[derive(Debug, Subcommand)]
pub enum Documents {
    /// Bring a directory's documents into the store: all of them, or none
    Sync {
        /// Its *.yaml, *.yml and *.json files are documents of their names without extension; lock files beside them go along
        #[arg(value_hint = ValueHint::DirPath)]
        directory: PathBuf,
        /// Only show what would be done
        #[arg(long)]
        dry_run: bool,
    },
    /// The documents in the store and those that are shipped
    List,
}
