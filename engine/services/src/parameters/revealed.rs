//! Texts of secrets that left the store in this process.
//!
//! A parameter may be changed or deleted while a step works with its text; what the step then says must still be scrubbed of it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::ParameterName;
use crate::error::ServiceError;
use crate::scrub::{ScrubError, Scrubber};
use ssm_model::Sensitive;

/// Texts of all parameters together; beyond that those of the parameter go that was not used for longest.
const TEXTS_MAX: usize = 4_096;
/// Texts of one parameter, more than the versions that the store keeps.
const TEXTS_OF_ONE_MAX: usize = 256;
/// Prepared scrubbers: steps that run side by side mostly have different secrets, and one step asks again and again.
const SCRUBBERS_MAX: usize = 16;
/// A scrubber of more text than this is not kept: what it searches for is many times as long.
const SCRUBBER_BYTES_MAX: usize = 16 << 10;

/// The texts by the name of their parameter.
#[derive(Default)]
pub(crate) struct Revealed {
    kept: Mutex<Kept>,
    scrubbers: Mutex<VecDeque<(Vec<Sensitive>, Scrubber)>>,
}

#[derive(Default)]
struct Kept {
    names: BTreeMap<ParameterName, Texts>,
    count: usize,
    clock: u64,
}

#[derive(Default)]
struct Texts {
    texts: VecDeque<(u64, Sensitive)>,
    used: u64,
}

impl Revealed {
    /// Remembers the text of a version that is about to leave.
    pub(crate) fn remember(&self, name: &ParameterName, version: u64, text: &Sensitive) {
        let mut kept = lock(&self.kept);
        kept.clock += 1;
        let clock = kept.clock;
        let of_name = kept.names.entry(name.clone()).or_default();
        of_name.used = clock;
        let is_known = of_name.texts.iter().any(|(known, kept)| *known == version && kept == text);
        if is_known {
            return;
        }
        of_name.texts.push_back((version, text.clone()));
        let is_full = of_name.texts.len() > TEXTS_OF_ONE_MAX;
        if is_full {
            of_name.texts.pop_front();
        } else {
            kept.count += 1;
        }
        kept.forget_beyond(TEXTS_MAX);
    }

    /// Returns the texts of a parameter, each with its version.
    pub(crate) fn of(&self, name: &ParameterName) -> Vec<(u64, Sensitive)> {
        let kept = lock(&self.kept);
        kept.names.get(name).map(|found| found.texts.iter().cloned().collect()).unwrap_or_default()
    }

    /// Returns whether a text that left the store in this process is in one of `texts`.
    pub(crate) fn is_in(&self, texts: &[&[u8]]) -> Result<bool, ServiceError> {
        let all: Vec<Sensitive> = {
            let kept = lock(&self.kept);
            let texts = kept.names.values().flat_map(|found| &found.texts);
            texts.map(|(_, text)| text.clone()).collect()
        };
        let scrubber = Scrubber::noticing(all.iter().map(Sensitive::expose)).map_err(internal)?;
        Ok(texts.iter().any(|text| scrubber.finds(text)))
    }

    /// Returns a scrubber of these texts, made earlier if it was.
    pub(crate) fn scrubber(&self, texts: Vec<Sensitive>) -> Result<Scrubber, ServiceError> {
        let mut scrubbers = lock(&self.scrubbers);
        if let Some(position) = scrubbers.iter().position(|(known, _)| *known == texts)
            && let Some(found) = scrubbers.remove(position)
        {
            let scrubber = found.1.clone();
            scrubbers.push_back(found);
            return Ok(scrubber);
        }
        drop(scrubbers);
        let scrubber = Scrubber::new(texts.iter().map(Sensitive::expose)).map_err(internal)?;
        if texts.iter().map(|text| text.expose().len()).sum::<usize>() > SCRUBBER_BYTES_MAX {
            return Ok(scrubber);
        }
        let mut scrubbers = lock(&self.scrubbers);
        scrubbers.push_back((texts, scrubber.clone()));
        if scrubbers.len() > SCRUBBERS_MAX {
            scrubbers.pop_front();
        }
        Ok(scrubber)
    }
}

impl Kept {
    fn forget_beyond(&mut self, count_max: usize) {
        while self.count > count_max {
            let oldest = self.names.iter().min_by_key(|(_, found)| found.used);
            let Some(name) = oldest.map(|(name, _)| name.clone()) else { return };
            self.count -= self.names.remove(&name).map_or(0, |found| found.texts.len());
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err passes")]
fn internal(error: ScrubError) -> ServiceError {
    ServiceError::internal(error.to_string())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_used_for_longest_is_forgotten_first() {
        let revealed = Revealed::default();
        let name = |number: usize| ParameterName::for_reading(&format!("/n{number}")).ok();
        for number in 0..TEXTS_MAX {
            let text = Sensitive::new(format!("text-{number}"));
            if let Some(name) = name(number) {
                revealed.remember(&name, 1, &text);
            }
        }
        let remember = |number: usize| {
            let Some(name) = name(number) else { return };
            revealed.remember(&name, 1, &Sensitive::new(format!("text-{number}")));
        };
        remember(0);
        remember(TEXTS_MAX);
        let kept = |number: usize| name(number).map(|name| revealed.of(&name).len());
        assert_eq!(
            [kept(0), kept(1), kept(2), kept(TEXTS_MAX)],
            [Some(1), Some(0), Some(1), Some(1)]
        );
    }
}
