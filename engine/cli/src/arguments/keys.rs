//! Keys that parameters are sealed with.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub enum Key {
    /// Make a key that secure parameters can name
    Create {
        /// alias/NAME
        alias: String,
    },
    /// Give a key new material and move what it seals to it
    Rotate {
        /// alias/NAME, or the key's id
        #[arg(required_unless_present = "installation")]
        key: Option<String>,
        /// Make a new key of the installation instead, which seals from the next start on
        #[arg(long, conflicts_with = "key")]
        installation: bool,
    },
    /// Move what older keys seal to the newest ones
    Rewrap,
    /// The keys that parameters can name, and those of the installation
    List,
}
