//! Timeouts, retries and delays.

use crate::check::Checker;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::document::node::Node;
use crate::duration;
use crate::plan::Backoff;

/// The longest timeout of a step, in seconds: SSM's for approvals.
const TIMEOUT_SECONDS_MAX: u64 = 2_592_000;
/// The most attempts of a step.
const ATTEMPTS_MAX: u64 = 100;
/// SSM's longest sleep, in milliseconds.
pub(crate) const SLEEP_MS_MAX: u64 = 604_799_000;

/// A step tries again at once: SSM's `maxAttempts` knows no delay.
const AT_ONCE: Backoff = Backoff { delay_ms: 0, factor: 1.0, delay_ms_max: 0 };

impl<'d> Checker<'d> {
    /// Reads `timeoutSeconds`, and `timeout` of 0.4; in milliseconds.
    pub(crate) fn timeout(&mut self, step: &Node<'d>) -> Option<u64> {
        let seconds = step.get("timeoutSeconds");
        let duration = step.get("timeout");
        if let (Some(_), Some(duration)) = (&seconds, &duration) {
            let message = "`timeout` and `timeoutSeconds` say the same thing: state one";
            self.error(codes::KEY_CONFLICT, duration.key_span(), message);
        }
        if let Some(node) = duration {
            let timeout_ms = self.duration(&node)?;
            if !(1..=TIMEOUT_SECONDS_MAX * 1_000).contains(&timeout_ms) {
                self.error(
                    codes::INVALID_VALUE,
                    node.span(),
                    "a timeout is longer than nothing and at most 30 days",
                );
            }
            return Some(timeout_ms);
        }
        Some(self.integer(&seconds?, 1..=TIMEOUT_SECONDS_MAX)? * 1_000)
    }

    /// Reads a duration, in milliseconds.
    pub(crate) fn duration(&mut self, node: &Node<'d>) -> Option<u64> {
        let text = match node.value.as_number() {
            Some(number) => number.to_string(),
            None => self.text(node)?.to_owned(),
        };
        match duration::parse(&text) {
            Ok(duration_ms) => Some(duration_ms),
            Err(error) => {
                self.error(codes::DURATION, node.span(), error.to_string());
                None
            }
        }
    }

    /// Reads `maxAttempts` of 0.3, or `retry` of 0.4.
    pub(crate) fn attempts(&mut self, step: &Node<'d>) -> (u32, Backoff) {
        let attempts = step.get("maxAttempts");
        let Some(retry) = step.get("retry") else {
            let number = attempts.and_then(|node| self.integer(&node, 1..=ATTEMPTS_MAX));
            return (count(number.unwrap_or(1)), AT_ONCE);
        };
        if let Some(attempts) = attempts {
            let diagnostic = Diagnostic::error(
                codes::KEY_CONFLICT,
                attempts.key_span(),
                "`maxAttempts` and `retry` say the same thing: state one",
            )
            .label(retry.key_span(), "`retry` is here");
            self.report(diagnostic);
        }
        self.retry(&retry)
    }

    fn retry(&mut self, node: &Node<'d>) -> (u32, Backoff) {
        let mut backoff = Backoff { delay_ms: 1_000, factor: 2.0, delay_ms_max: 60_000 };
        if self.map(node).is_none() {
            return (1, backoff);
        }
        self.keys(node, "`retry`", &["maxAttempts", "delay", "factor", "maxDelay"]);
        let attempts = self.required(node, "`retry`", "maxAttempts");
        let attempts = attempts.and_then(|node| self.integer(&node, 1..=ATTEMPTS_MAX));
        if let Some(delay_ms) = node.get("delay").and_then(|node| self.duration(&node)) {
            backoff.delay_ms = delay_ms;
        }
        if let Some(factor) = node.get("factor") {
            match factor.value.as_f64().filter(|factor| (1.0..=100.0).contains(factor)) {
                Some(number) => backoff.factor = number,
                None => {
                    self.error(
                        codes::INVALID_VALUE,
                        factor.focus(),
                        "a number from 1 to 100 is wanted here",
                    );
                }
            }
        }
        match node.get("maxDelay") {
            Some(most) => {
                if let Some(most_ms) = self.duration(&most) {
                    backoff.delay_ms_max = most_ms;
                    if most_ms < backoff.delay_ms {
                        self.error(
                            codes::INVALID_VALUE,
                            most.span(),
                            "`maxDelay` is shorter than `delay`",
                        );
                    }
                }
            }
            None => backoff.delay_ms_max = backoff.delay_ms_max.max(backoff.delay_ms),
        }
        (count(attempts.unwrap_or(1)), backoff)
    }
}

fn count(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
