//! Keys that stand in the environment.

use std::path::Path;

use super::{Key, KeyId, KeyringError, file};

/// The variable that holds keys.
pub(super) const VARIABLE: &str = "RUNWRIGHT_KEY";

/// Reads keys as a key file writes them: lines `k<n>:<64 hexadecimal digits>`. Lines may also be divided by commas, for what sets
/// variables seldom allows more than one line.
pub(super) fn read(text: &str) -> Result<Vec<(KeyId, Key)>, KeyringError> {
    file::parse(Path::new(VARIABLE), &text.replace(',', "\n"))
}
