//! `aws:waitForAwsResourceProperty`: looks again and again. Between looks it is suspended and holds no instance.

use property::text;
use runwright_sdk::host::{clock, log};
use runwright_sdk::{Action, Call, Effect, Ended, Failure, Step, outputs, value};

use crate::looked_at::{Inputs, Property, Seen};

/// Between the first two looks; each pause after it is twice as long.
const PAUSE_SECONDS: u64 = 1;
/// The longest pause.
const PAUSE_SECONDS_MAX: u64 = 15;

#[outputs]
pub struct Outputs {}

#[value]
pub struct Looked {
    /// How often.
    looks: u32,
}

#[derive(Debug)]
pub enum WaitForAwsResourceProperty {}

impl Action for WaitForAwsResourceProperty {
    const NAME: &'static str = "aws:waitForAwsResourceProperty";
    const SUMMARY: &'static str =
        "Waits until what an operation of our own API answers is one of those desired.";
    const EFFECT: Effect = Effect::Read;
    const NEEDS: &'static [&'static str] = &["api:{Service}:{Api}"];

    type Inputs = Inputs;
    type Outputs = Outputs;
    type State = Looked;

    fn run(inputs: Inputs, _call: &Call) -> Result<Step<Outputs, Looked>, Failure> {
        next(inputs, 0)
    }

    fn resume(
        inputs: Inputs,
        state: Looked,
        _ended: Ended,
        _call: &Call,
    ) -> Result<Step<Outputs, Looked>, Failure> {
        next(inputs, state.looks)
    }
}

fn next(inputs: Inputs, looks_before: u32) -> Result<Step<Outputs, Looked>, Failure> {
    let looks = looks_before.saturating_add(1);
    match Property::of(inputs)?.look() {
        Ok(Seen::Desired) => return Ok(Step::Done(Outputs {})),
        Ok(Seen::Other(value)) => log::debug(&format!("look {looks}: it is {}", text(&value))),
        Ok(Seen::Nothing) => log::debug(&format!("look {looks}: there is nothing")),
        Err(failure) if failure.retryable => log::debug(&format!("look {looks}: {failure}")),
        Err(failure) => return Err(failure),
    }
    let until_ms = clock::after_seconds(pause_seconds(looks_before));
    Ok(Step::wait(Looked { looks }).until(until_ms))
}

fn pause_seconds(looks_before: u32) -> u64 {
    PAUSE_SECONDS
        .checked_shl(looks_before.min(32))
        .map_or(PAUSE_SECONDS_MAX, |pause| pause.min(PAUSE_SECONDS_MAX))
}

#[cfg(test)]
mod tests {
    use super::pause_seconds;

    #[test]
    fn pauses_grow_to_a_bound() {
        let pauses: Vec<u64> = [0, 1, 2, 3, 4, 40, u32::MAX].map(pause_seconds).into();
        assert_eq!(pauses, [1, 2, 4, 8, 15, 15, 15]);
    }
}
