//! From a checked runbook to the plan that a run executes.

use std::collections::{BTreeMap, BTreeSet};

use host_api::identifier::Digest;

use crate::action::Catalogue;
use crate::check::{self, Checked};
use crate::diagnostic::Diagnostic;
use crate::document;
use crate::lock::Lock;
use crate::plan::{DocumentIdentity, Flow, Plan, Step, StepId};
use crate::source::Source;

/// Makes the plan. It cannot fail: what is checked is acyclic and whole.
///
/// The same document gives the same plan, and so the same [`Plan::digest`], with any catalogue that it checks with.
pub fn compile(checked: Checked, document: DocumentIdentity) -> Plan {
    let Checked {
        schema,
        flow,
        description,
        assume_role,
        parameters,
        variables,
        steps,
        outputs,
        capabilities,
        plugins,
    } = checked;
    let top = |finally: bool| top_level(&steps, finally);
    let main = match flow {
        Flow::Sequence => top(false),
        Flow::Graph => topological(&steps, &top(false)),
    };
    let finally = top(true);
    Plan {
        document,
        schema,
        flow,
        description,
        assume_role,
        parameters,
        variables,
        steps,
        main,
        finally,
        outputs,
        capabilities,
        plugins,
    }
}

/// Reads, checks and compiles: the whole way from text. Without a plan there is at least one error.
///
/// The document is named by the stem of its file and has version 1; what is stored under another name or version
/// takes [`check::check`] and [`compile`].
pub fn load(
    source: &Source,
    catalogue: &Catalogue,
    lock: Option<&Lock>,
) -> (Option<Plan>, Vec<Diagnostic>) {
    let (document, mut diagnostics) = document::parse(source);
    let Some(document) = document else { return (None, diagnostics) };
    let (checked, found) = check::check(&document, catalogue, lock);
    diagnostics.extend(found);
    if crate::diagnostic::any_error(&diagnostics) {
        return (None, diagnostics);
    }
    let identity = DocumentIdentity {
        name: source.stem().to_owned(),
        version: "1".to_owned(),
        digest: Digest::of(source.text.as_bytes()),
    };
    (checked.map(|checked| compile(checked, identity)), diagnostics)
}

fn top_level(steps: &[Step], finally: bool) -> Vec<StepId> {
    let ids = (0..steps.len()).filter_map(|number| u32::try_from(number).ok().map(StepId));
    ids.filter(|id| {
        let step = &steps[id.0 as usize];
        step.parent.is_none() && step.in_finally == finally
    })
    .collect()
}

/// Orders the steps so that each follows what it depends on; of those that could come next, the first in the document.
fn topological(steps: &[Step], ids: &[StepId]) -> Vec<StepId> {
    let mut waiting: BTreeMap<StepId, usize> =
        ids.iter().map(|id| (*id, steps[id.0 as usize].depends_on.len())).collect();
    let mut ready: BTreeSet<StepId> =
        waiting.iter().filter(|(_, count)| **count == 0).map(|(id, _)| *id).collect();
    let mut order = Vec::with_capacity(ids.len());
    while let Some(next) = ready.pop_first() {
        order.push(next);
        for id in ids {
            if steps[id.0 as usize].depends_on.binary_search(&next).is_ok()
                && let Some(count) = waiting.get_mut(id)
            {
                *count -= 1;
                if *count == 0 {
                    ready.insert(*id);
                }
            }
        }
    }
    order
}
