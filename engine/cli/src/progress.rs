//! A run's progress while it happens: live on a terminal, plain lines elsewhere.

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use machine::event::{Entry, Event, MachineWait};
use machine::status::StepStatus;

use crate::render::{self, safe_line};

/// Steps shown live at the same time; the items of a large forEach are counted, not shown.
const LIVE_MAX: usize = 12;

/// Shows entries as they are committed.
#[derive(Debug)]
pub(crate) struct ProgressView {
    live: Option<MultiProgress>,
    bars: BTreeMap<String, ProgressBar>,
    started: BTreeMap<String, u64>,
    quiet: bool,
}

impl ProgressView {
    /// Live when `terminal`; nothing at all when `quiet`.
    pub(crate) fn new(terminal: bool, quiet: bool) -> Self {
        Self {
            live: (terminal && !quiet).then(MultiProgress::new),
            bars: BTreeMap::new(),
            started: BTreeMap::new(),
            quiet,
        }
    }

    /// Shows one entry.
    pub(crate) fn show(&mut self, entry: &Entry) {
        if self.quiet {
            return;
        }
        let at_ms = entry.at_ms;
        match &entry.event {
            Event::StepStarted { path, attempt, .. } => {
                self.begin(&path.to_string(), *attempt, at_ms);
            }
            Event::StepWaiting { path, wait, .. } => {
                let on = match wait {
                    MachineWait::Sleep { .. } => "sleeps",
                    MachineWait::Pause => "waits for `runs signal … resume`",
                    MachineWait::Approve { .. } => "waits for `runs signal … approve` or `reject`",
                    MachineWait::UnknownOutcome { .. } => {
                        "outcome unknown: `runs signal … approve` tries again, `reject` fails it"
                    }
                };
                self.say(&path.to_string(), on);
            }
            Event::AttemptFailed { path, failure, attempt, .. } => {
                let text = format!("attempt {attempt} failed: {failure}");
                self.line("!", &path.to_string(), &text);
            }
            Event::StepSucceeded { path, .. } => self.end("✓", &path.to_string(), "Success", at_ms),
            Event::StepFailed { path, status, failure, .. } => {
                let text = format!("{status}: {failure}");
                self.end("✗", &path.to_string(), &text, at_ms);
            }
            Event::StepSkipped { path } => {
                self.end("-", &path.to_string(), StepStatus::Skipped.as_str(), at_ms);
            }
            Event::StepNotReached { path } => {
                self.end("-", &path.to_string(), StepStatus::NotReached.as_str(), at_ms);
            }
            Event::StepRestarted { path, .. } => self.begin(&path.to_string(), 1, at_ms),
            Event::StepHeld { path, .. } => {
                self.say(&path.to_string(), "waits for a person's word to start");
            }
            Event::CancelRequested { .. } => self.line("!", "run", "cancelling"),
            Event::CompleteRequested { .. } => {
                self.line("!", "run", "ends with what runs now");
            }
            Event::RunStarted(_)
            | Event::StepSuspended { .. }
            | Event::StepWoken { .. }
            | Event::AttemptSettled { .. }
            | Event::ItemsExpanded { .. }
            | Event::PassStarted { .. }
            | Event::VariableUpdated { .. }
            | Event::SignalReceived { .. }
            | Event::FinallyStarted { .. }
            | Event::RunFinished { .. } => {}
        }
    }

    /// Takes what is live off the terminal.
    pub(crate) fn finish(&mut self) {
        for bar in self.bars.values() {
            bar.finish_and_clear();
        }
        self.bars.clear();
    }

    fn begin(&mut self, step: &str, attempt: u32, at_ms: u64) {
        self.started.insert(step.to_owned(), at_ms);
        let Some(live) = &self.live else { return };
        if self.bars.len() >= LIVE_MAX {
            return;
        }
        let bar = live.add(ProgressBar::new_spinner());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}") {
            bar.set_style(style);
        }
        bar.set_message(if attempt > 1 {
            format!("{step} (attempt {attempt})")
        } else {
            step.to_owned()
        });
        bar.enable_steady_tick(Duration::from_millis(120));
        self.bars.insert(step.to_owned(), bar);
    }

    fn say(&mut self, step: &str, text: &str) {
        match self.bars.get(step) {
            Some(bar) => bar.set_message(format!("{step} {text}")),
            None => self.line("…", step, text),
        }
    }

    fn end(&mut self, mark: &str, step: &str, text: &str, at_ms: u64) {
        if let Some(bar) = self.bars.remove(step) {
            bar.finish_and_clear();
        }
        let took = self
            .started
            .remove(step)
            .map(|started| render::duration(at_ms.saturating_sub(started)));
        self.line(mark, step, &format!("{text}  {}", took.unwrap_or_default()));
    }

    fn line(&self, mark: &str, step: &str, text: &str) {
        let shown = safe_line(&format!("{mark} {step}  {}", text.trim_end()));
        match &self.live {
            Some(terminal) => {
                if terminal.println(&shown).is_err() {
                    tracing::trace!("standard error is closed");
                }
            }
            None => render::note(shown),
        }
    }
}
