//! Phases of units, and the sets that are kept of them.

use runbook::plan::Action;

use crate::event::MachineWait;
use crate::key::Key;
use crate::state::{Node, Phase, State, Task, Unit};

impl State {
    /// Returns the unit, and makes it when it has not begun. The key was checked.
    pub(super) fn unit_mut(&mut self, key: Key) -> &mut Unit {
        let node = (self.core.nodes.entry((key.step, key.frame))).or_insert_with(|| Node {
            unit: Unit::pending(),
            items: None,
            pass: None,
        });
        match (key.item, &mut node.items) {
            (Some(item), Some(items)) => {
                let item = item as usize;
                if items.units.len() == item {
                    items.units.push(Unit::pending());
                }
                &mut items.units[item]
            }
            _ => &mut node.unit,
        }
    }

    /// Moves a unit to a phase and keeps the sets of active, waiting, busy and invoked units.
    pub(super) fn set_phase(&mut self, key: Key, phase: Phase) {
        let seq = self.core.seq;
        let component = self.is_component(key);
        let is_over = matches!(phase, Phase::Pending | Phase::Settled);
        let is_waiting = waits_for_person(&phase);
        self.core.busy += usize::from(is_busy(&phase));
        self.core.invoked += usize::from(is_invoked(&phase, component));
        let unit = self.unit_mut(key);
        unit.begun_seq = unit.begun_seq.or(Some(seq));
        let before = std::mem::replace(&mut unit.phase, phase);
        self.core.busy -= usize::from(is_busy(&before));
        self.core.invoked -= usize::from(is_invoked(&before, component));
        if is_waiting {
            self.core.waiting.insert(key);
        } else {
            self.core.waiting.remove(&key);
        }
        if is_over {
            self.core.active.remove(&key);
        } else {
            self.core.active.insert(key);
        }
        self.agenda.insert(Task::Unit(key));
    }

    /// Returns whether the unit's work is done by a component.
    pub(crate) fn is_component(&self, key: Key) -> bool {
        matches!(self.step(key).action, Action::Component { .. }) && !self.is_for_each(key)
    }

    /// Notes that a step, not an item, began in its frame.
    pub(super) fn note_begun(&mut self, key: Key) {
        if key.item.is_some() {
            return;
        }
        self.core.frames[key.frame as usize].current = Some(key.step);
        if self.core.finally.is_none()
            && let Some(path) = self.core.cancel.as_mut().and_then(|cancel| cancel.path.as_mut())
            && path.frame == key.frame
        {
            path.entered = true;
        }
    }
}

fn is_busy(phase: &Phase) -> bool {
    match phase {
        Phase::Running { .. } | Phase::Suspended { .. } | Phase::Backoff { .. } => true,
        Phase::Waiting { wait, .. } => matches!(**wait, MachineWait::Sleep { .. }),
        Phase::Pending | Phase::Held { .. } | Phase::Begun | Phase::Settled => false,
    }
}

fn is_invoked(phase: &Phase, component: bool) -> bool {
    component && matches!(phase, Phase::Running { .. } | Phase::Backoff { settled: false, .. })
}

fn waits_for_person(phase: &Phase) -> bool {
    match phase {
        Phase::Held { .. } => true,
        Phase::Waiting { wait, .. } => !matches!(**wait, MachineWait::Sleep { .. }),
        Phase::Pending
        | Phase::Begun
        | Phase::Running { .. }
        | Phase::Suspended { .. }
        | Phase::Backoff { .. }
        | Phase::Settled => false,
    }
}
