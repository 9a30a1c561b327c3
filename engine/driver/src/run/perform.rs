//! What follows a commit: activations are called or stopped, attempts settled.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;

use futures_util::FutureExt;
use futures_util::stream::FuturesUnordered;
use host_api::effect::StepPath;
use machine::effect::{Effect, Invoke};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use super::Loop;
use crate::activation::{self, Ended};

/// An activation that runs in a task of its own.
pub(super) struct Spawned {
    pub(super) path: StepPath,
    pub(super) attempt: u32,
    pub(super) activation: u32,
    abort: AbortHandle,
    /// Ends when the task is gone.
    gone: oneshot::Receiver<()>,
}

pub(super) type Inline = Pin<Box<dyn Future<Output = Ended> + Send>>;

impl Loop {
    pub(super) fn perform(&mut self, effects: Vec<Effect>, repeated: bool) {
        let alone = !self.busy()
            && effects.iter().filter(|effect| matches!(effect, Effect::Invoke(_))).count() == 1;
        for effect in effects {
            match effect {
                Effect::Invoke(invoke) => self.invoke(*invoke, repeated, alone),
                Effect::Interrupt { path } => self.interrupt(&path),
                Effect::Settle { path, attempt } => self.settle(path, attempt),
                Effect::Finish
                | Effect::Await { .. }
                | Effect::SetTimer { .. }
                | Effect::ClearWaits { .. } => {}
            }
        }
    }

    fn invoke(&mut self, invoke: Invoke, repeated: bool, alone: bool) {
        // A draining driver starts nothing; the next owner finds the step begun and calls it.
        if *self.shared.draining.borrow() {
            return;
        }
        let Some(fixed) = self.loaded.fixed.clone() else { return };
        let shared = self.shared.clone();
        let (path, attempt, number) = (invoke.path.clone(), invoke.attempt, invoke.activation);
        let (alive, gone) = oneshot::channel();
        let activation = {
            let path = path.clone();
            async move {
                let permit = shared.activations.acquire().await;
                let running = activation::run(shared.clone(), fixed, invoke, repeated);
                // A panic is our bug; the run goes on with a failed step.
                let ended = AssertUnwindSafe(running).catch_unwind().await;
                drop((permit, alive));
                ended.unwrap_or_else(|_| activation::broken(&path, attempt, number))
            }
        };
        if alone {
            self.inline_path = Some(path);
            self.inline.push(Box::pin(activation));
            return;
        }
        let abort = self.tasks.spawn(activation);
        let spawned = Spawned { path, attempt, activation: number, abort, gone };
        self.spawned.insert(spawned.abort.id(), spawned);
    }

    /// Drops the running activation; the machine has already settled the step.
    fn interrupt(&mut self, path: &StepPath) {
        if self.inline_path.as_ref() == Some(path) {
            self.inline = FuturesUnordered::new();
            self.inline_path = None;
        }
        let running = self.spawned.iter().find(|(_, spawned)| spawned.path == *path);
        if let Some(id) = running.map(|(id, _)| *id)
            && let Some(spawned) = self.spawned.remove(&id)
        {
            spawned.abort.abort();
            self.interrupted.insert(spawned.path, spawned.gone);
        }
    }

    fn settle(&mut self, path: StepPath, attempt: u32) {
        let Some(fixed) = self.loaded.fixed.clone() else { return };
        let (shared, sender) = (self.shared.clone(), self.sender.clone());
        let interrupted = self.interrupted.remove(&path);
        self.settling += 1;
        tokio::spawn(async move {
            let settling = crate::settle::settle(shared, fixed, path.clone(), attempt, interrupted);
            if AssertUnwindSafe(settling).catch_unwind().await.is_err() {
                tracing::error!(step = %path, attempt, "the engine broke while an attempt was settled");
            }
            drop(sender.send((path, attempt)));
        });
    }
}
