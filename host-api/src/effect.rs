//! What a host call does to the world, and the identity of one effect.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::identifier::{Digest, RunId};

/// What a call, or a whole action, does to the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EffectClass {
    /// Nothing at all.
    Pure,
    /// Reads; performing it twice changes nothing.
    Read,
    /// Changes our own store, in one transaction with its `once` row: nothing can be unknown.
    Store,
    /// Changes something outside: intent, perform, outcome.
    External,
}

/// Where a step's work stands within its run: which step, and which item of a `forEach` or pass of a loop.
///
/// Displayed as `Backup`, `Backup[3]`, `Loop#2/Body` or `Loop#2/Body[0]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StepPath {
    /// The loops around the step from the outside in, each with its pass, counting from 1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passes: Vec<LoopPass>,
    pub step: String,
    /// The index of the item, counting from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<u32>,
}

/// One pass of a loop.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LoopPass {
    pub step: String,
    pub iteration: u32,
}

impl StepPath {
    /// Returns the path of a step outside any loop.
    pub fn top(step: impl Into<String>) -> Self {
        Self { passes: Vec::new(), step: step.into(), item: None }
    }
}

impl fmt::Display for StepPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for pass in &self.passes {
            write!(f, "{}#{}/", pass.step, pass.iteration)?;
        }
        f.write_str(&self.step)?;
        match self.item {
            Some(item) => write!(f, "[{item}]"),
            None => Ok(()),
        }
    }
}

/// The text is not a displayed [`StepPath`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the path of a step")]
pub struct StepPathError(pub String);

impl FromStr for StepPath {
    type Err = StepPathError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || StepPathError(text.to_owned());
        let mut parts: Vec<&str> = text.split('/').collect();
        let last = parts.pop().filter(|last| !last.is_empty()).ok_or_else(wrong)?;
        let passes = parts
            .into_iter()
            .map(|part| {
                let (step, iteration) = part.split_once('#').ok_or_else(wrong)?;
                let iteration = iteration.parse().map_err(|_| wrong())?;
                Ok(LoopPass { step: step.to_owned(), iteration })
            })
            .collect::<Result<_, _>>()?;
        let (step, item) = match last.strip_suffix(']').and_then(|rest| rest.split_once('[')) {
            Some((step, item)) => (step, Some(item.parse().map_err(|_| wrong())?)),
            None => (last, None),
        };
        Ok(Self { passes, step: step.to_owned(), item })
    }
}

/// One guest call of one attempt. A crash changes none of it.
#[expect(clippy::struct_field_names, reason = "an activation is counted by its own word")]
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Activation {
    pub run: RunId,
    pub path: StepPath,
    /// Counts from 1.
    pub attempt: u32,
    /// Counts from 1 within an attempt: one, plus one for each wake.
    pub activation: u32,
}

impl Activation {
    /// Returns the identity of the effect at `ordinal` within this activation.
    pub fn effect_id(&self, ordinal: u32) -> Digest {
        let text = format!(
            "effect\0{}\0{}\0{}\0{}\0{ordinal}",
            self.run, self.path, self.attempt, self.activation
        );
        Digest::of(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_back_as_it_is_shown() {
        for text in ["Backup", "Backup[3]", "Loop#2/Body", "Outer#1/Inner#9/Body[0]"] {
            assert_eq!(text.parse::<StepPath>().unwrap().to_string(), text);
        }
        for text in ["", "/", "Loop/Body", "Loop#x/Body", "Body[x]", "Loop#1/"] {
            assert!(text.parse::<StepPath>().is_err(), "{text}");
        }
    }
}
