//! Triggers: webhooks, rules and schedules, and what follows from them.
//!
//! Events are stored first: by whoever takes them in, or with what they tell of. One dispatcher reads them in order, holds each against
//! the rules, folds windows, and commits the matches together with its cursor. Each match is then acted upon, once: what it leads to and
//! that it did are one transaction. So nothing is lost and nothing done twice whenever the process ends.

mod accept;
mod action;
mod call;
mod delivery;
mod dispatch;
mod matches;
mod page;
mod replay;
mod rule_set;
mod schedule;
mod source;
mod waiting;
mod window;

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

use crate::webhooks::HookSecrets;

pub use accept::Accepted;
pub(crate) use accept::RESERVED;
pub use matches::{MatchList, MatchView};
pub use replay::{Backtest, Replay, Replayed};
pub use rule_set::{Hook, RuleSet, ScheduleView, Verdict};
pub(crate) use source::RuleSource;
pub use source::{RuleDiagnostic, RuleStatus, check_file, check_files, read_files};
pub use store::rule_matches::{MatchFilter, MatchStatus};
pub use waiting::Led;
pub(crate) use waiting::Waiting;

/// The role that acts for rules that name none.
pub const ROLE_DEFAULT: &str = "operator";
/// How many runs of rules may lie between a match and what came from outside: a rule that starts itself is stopped there.
pub const DEPTH_MAX: u32 = 5;
/// How many matches of one rule within [`RATE_MS`] may come from what runs of rules did.
pub const RATE_MAX: u64 = 100;
/// The time in which such matches are counted, in milliseconds.
pub const RATE_MS: u64 = 60_000;
/// How many windows of one rule may be open at a time; beyond it those are forgotten that no event came to for the longest time.
pub const WINDOWS_MAX: u64 = 10_000;

/// What the triggers of one installation share.
#[derive(Debug)]
pub(crate) struct Triggers {
    pub(crate) source: RuleSource,
    pub(crate) waiting: Waiting,
    pub(crate) secrets: HookSecrets,
    woken: Notify,
    /// Whether something may be due earlier than the dispatcher knows.
    is_asked_to_look: AtomicBool,
}

impl Triggers {
    pub(crate) fn new(source: RuleSource) -> Self {
        Self {
            source,
            waiting: Waiting::default(),
            secrets: HookSecrets::default(),
            woken: Notify::new(),
            is_asked_to_look: AtomicBool::new(true),
        }
    }

    /// Has the dispatcher look at what is due.
    pub(crate) fn look(&self) {
        self.is_asked_to_look.store(true, Ordering::Release);
        self.woken.notify_one();
    }

    fn is_asked_to_look(&self) -> bool {
        self.is_asked_to_look.swap(false, Ordering::AcqRel)
    }
}
