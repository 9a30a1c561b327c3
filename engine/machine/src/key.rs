//! Where work stands, as small numbers; [`StepPath`] is the same for the world outside.

use runbook::plan::StepId;

/// The frame of the top level.
pub(crate) const TOP: u32 = 0;

/// A step in a frame, or one item of it. Frames are the top level and each pass of each loop, in the order they began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) step: StepId,
    pub(crate) frame: u32,
    pub(crate) item: Option<u32>,
}

impl Key {
    pub(crate) fn step(frame: u32, step: StepId) -> Self {
        Self { step, frame, item: None }
    }

    pub(crate) fn of_item(self, item: u32) -> Self {
        Self { item: Some(item), ..self }
    }

    /// The step that an item belongs to; a step itself.
    pub(crate) fn whole(self) -> Self {
        Self { item: None, ..self }
    }
}
