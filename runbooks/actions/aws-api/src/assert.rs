//! `aws:assertAwsResourceProperty`: looks once.

use runwright_sdk::{Action, Call, Effect, Failure, Step, outputs};

use crate::looked_at::{Inputs, Property, Seen};

#[outputs]
pub struct Outputs {}

#[derive(Debug)]
pub enum AssertAwsResourceProperty {}

impl Action for AssertAwsResourceProperty {
    const NAME: &'static str = "aws:assertAwsResourceProperty";
    const SUMMARY: &'static str =
        "Fails unless what an operation of our own API answers is one of those desired.";
    const EFFECT: Effect = Effect::Read;
    const NEEDS: &'static [&'static str] = &["api:{Service}:{Api}"];

    type Inputs = Inputs;
    type Outputs = Outputs;
    type State = ();

    fn run(inputs: Inputs, _call: &Call) -> Result<Step<Outputs, ()>, Failure> {
        let property = Property::of(inputs)?;
        match property.look()? {
            Seen::Desired => Ok(Step::Done(Outputs {})),
            seen @ (Seen::Other(_) | Seen::Nothing) => Err(property.mismatch(seen)),
        }
    }
}
