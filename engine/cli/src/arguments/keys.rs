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
        key: String,
    },
    /// The keys that parameters can name, and those of the installation
    List,
}
