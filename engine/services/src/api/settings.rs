//! Operations on settings.

use super::Operation;

pub(super) fn operations() -> Vec<Operation> {
    Vec::new()
}
