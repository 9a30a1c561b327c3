//! `aws:waitForProperty`: polls a parameter or a URL. Between polls it is suspended and holds no instance.

mod poll;

use std::collections::BTreeMap;

use property::{Selector, is_desired, text};
use runwright_sdk::host::{clock, log};
use runwright_sdk::{
    Action, Call, Count, Effect, Ended, Failure, Step, TextOrSecret, Value, inputs, outputs, value,
};

#[inputs]
pub struct Inputs {
    /// The parameter to poll; this or `Url`.
    parameter: Option<String>,
    /// The URL to poll with GET; this or `Parameter`.
    url: Option<String>,
    /// Headers for `Url`.
    headers: Option<BTreeMap<String, TextOrSecret>>,
    /// The statuses of `Url` that count as an answer; any of 200 to 299 when absent. Polling goes on after another.
    expect_status: Option<Vec<u16>>,
    /// Where in the value, read as JSON, to look: `$.state`, `$.items[0].id`.
    selector: Option<String>,
    /// What the value may be. Values of another type are compared as text, truth values as `True` and `False`.
    desired_values: Vec<Value>,
    /// Between two polls, at least 1. The step's `timeoutSeconds` ends it.
    #[input(default = 10)]
    interval_seconds: Count,
}

#[outputs]
pub struct Outputs {
    /// The value that was waited for.
    value: Value,
    /// How often it was looked at.
    polls: u64,
}

#[value]
pub struct Polled {
    polls: u64,
}

#[derive(Debug)]
pub enum WaitForProperty {}

impl Action for WaitForProperty {
    const NAME: &'static str = "aws:waitForProperty";
    const SUMMARY: &'static str =
        "Waits until a parameter, or the answer of a URL, is one of those desired.";
    const EFFECT: Effect = Effect::External;
    const NEEDS: &'static [&'static str] = &["parameters:read:{Parameter}", "http:GET:{Url}"];

    type Inputs = Inputs;
    type Outputs = Outputs;
    type State = Polled;

    fn run(inputs: Inputs, _call: &Call) -> Result<Step<Outputs, Polled>, Failure> {
        next(&inputs, 0)
    }

    fn resume(
        inputs: Inputs,
        state: Polled,
        _ended: Ended,
        _call: &Call,
    ) -> Result<Step<Outputs, Polled>, Failure> {
        next(&inputs, state.polls)
    }
}

fn next(inputs: &Inputs, polls_before: u64) -> Result<Step<Outputs, Polled>, Failure> {
    let selector = inputs.selector.as_deref().map(Selector::parse).transpose();
    let selector = selector.map_err(|error| Failure::invalid_inputs(error.to_string()))?;
    if inputs.interval_seconds < Count(1) {
        return Err(Failure::invalid_inputs("IntervalSeconds is 0, at least 1 is possible"));
    }
    let source = poll::Source::of(inputs)?;
    let polls = polls_before + 1;
    match source.poll()?.and_then(|answer| poll::selected(&answer, selector.as_ref())) {
        Some(value) if is_desired(&value, &inputs.desired_values) => {
            return Ok(Step::Done(Outputs { value, polls }));
        }
        Some(value) => log::debug(&format!("poll {polls}: the value is {}", text(&value))),
        None => log::debug(&format!("poll {polls}: there is no value")),
    }
    let until_ms = clock::after_seconds(inputs.interval_seconds.0);
    Ok(Step::wait(Polled { polls }).until(until_ms))
}

runwright_sdk::export!(
    package = "aws:waitForProperty",
    version = env!("CARGO_PKG_VERSION"),
    interfaces = ["http", "parameters"],
    actions = [WaitForProperty],
);
