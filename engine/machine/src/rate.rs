//! Rate control, shared by every fan-out: ramp-up, `MaxConcurrency`, `MaxErrors` (SSM; ssm.md 16).
//!
//! - Work begins with one target, then 2, 4, 8 … at a time up to the greatest concurrency, refilled as targets end: twice as many as
//!   before once as many have ended.
//! - It stops when errors *exceed* the allowance: 0 stops after the first error, 10% of 50 after the sixth. What runs goes on.
//! - A percentage is of all targets and is rounded down, for concurrency to at least 1. SSM does not document its rounding; rounding down
//!   is the cautious side of both.

use runbook::plan::Amount;

/// The limits of one fan-out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateControl {
    pub targets: u32,
    /// At least 1.
    pub concurrency_max: u32,
    /// Errors that are borne.
    pub errors_max: u32,
}

/// How far a fan-out is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    pub started: u32,
    /// Of the started ones, with or without error.
    pub ended: u32,
    pub errors: u32,
}

impl RateControl {
    pub fn new(targets: u32, concurrency: Amount, errors: Amount) -> Self {
        Self {
            targets,
            concurrency_max: resolve(concurrency, targets).max(1),
            errors_max: resolve(errors, targets),
        }
    }

    /// Returns how many targets may run at a time after `ended` have ended.
    pub fn window(&self, ended: u32) -> u32 {
        let reached = ended.saturating_add(1);
        let power = 1 << (u32::BITS - 1 - reached.leading_zeros());
        self.concurrency_max.min(power)
    }

    /// Returns whether no further target may start.
    pub fn is_exceeded(&self, errors: u32) -> bool {
        errors > self.errors_max
    }

    /// Returns how many targets may start now.
    pub fn startable(&self, progress: Progress) -> u32 {
        if self.is_exceeded(progress.errors) {
            return 0;
        }
        let running = progress.started.saturating_sub(progress.ended);
        let left = self.targets.saturating_sub(progress.started);
        self.window(progress.ended).saturating_sub(running).min(left)
    }

    /// Returns whether nothing runs and nothing more will.
    pub fn is_over(&self, progress: Progress) -> bool {
        progress.started == progress.ended
            && (progress.started == self.targets || self.is_exceeded(progress.errors))
    }
}

fn resolve(amount: Amount, targets: u32) -> u32 {
    match amount {
        Amount::Count(count) => count,
        Amount::Percent(percent) => {
            let part = u64::from(targets) * u64::from(percent) / 100;
            u32::try_from(part).unwrap_or(u32::MAX)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_stop(targets: u32, errors: Amount, stops_after: u32) {
        let rate = RateControl::new(targets, Amount::Count(1), errors);
        assert!(!rate.is_exceeded(stops_after - 1), "stops before error {stops_after}");
        assert!(rate.is_exceeded(stops_after), "goes on after error {stops_after}");
    }

    #[test]
    fn errors_stop_when_they_exceed_the_allowance() {
        check_stop(50, Amount::Count(0), 1);
        check_stop(50, Amount::Count(3), 4);
        check_stop(50, Amount::Percent(10), 6);
        check_stop(15, Amount::Percent(10), 2);
        check_stop(5, Amount::Percent(10), 1);
        check_stop(7, Amount::Percent(100), 8);
    }

    #[test]
    fn the_window_doubles_as_targets_end() {
        let rate = RateControl::new(1_000, Amount::Count(50), Amount::Count(0));
        let windows: Vec<u32> =
            [0, 1, 2, 3, 6, 7, 30, 31, 62, 63, 900].map(|n| rate.window(n)).into();
        assert_eq!(windows, [1, 2, 2, 4, 4, 8, 16, 32, 32, 50, 50]);
        assert_eq!(rate.window(u32::MAX), 50);
    }

    #[test]
    fn a_percentage_is_rounded_down_and_concurrency_is_never_zero() {
        for (targets, percent, expected) in [(10, 25, 2), (3, 10, 1), (0, 50, 1), (200, 100, 200)] {
            let rate = RateControl::new(targets, Amount::Percent(percent), Amount::Count(0));
            assert_eq!(rate.concurrency_max, expected, "{percent}% of {targets}");
        }
    }

    #[test]
    fn a_fan_out_refills_and_ends() {
        let rate = RateControl::new(5, Amount::Count(2), Amount::Count(1));
        let at = |started, ended, errors| Progress { started, ended, errors };
        assert_eq!(rate.startable(at(0, 0, 0)), 1);
        assert_eq!(rate.startable(at(1, 0, 0)), 0);
        assert_eq!(rate.startable(at(1, 1, 1)), 2);
        assert_eq!(rate.startable(at(3, 2, 1)), 1);
        assert_eq!(rate.startable(at(3, 2, 2)), 0);
        assert!(!rate.is_over(at(3, 2, 2)));
        assert!(rate.is_over(at(3, 3, 2)));
        assert!(!rate.is_over(at(3, 3, 1)));
        assert!(rate.is_over(at(5, 5, 0)));
    }
}
