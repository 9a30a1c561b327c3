//! Random plans, outcomes, timings and crash points, against invariants; and every prefix of every journal.

use std::collections::BTreeMap;
use std::sync::Arc;

use host_api::failure::{Failure, FailureKind};
use host_api::invocation::{Outcome, Suspension, Wait, WaitKind};
use machine::event::{Event, Signal};
use machine::status::StepStatus;
use proptest::prelude::*;
use runbook::plan::{Flow, Plan};
use serde_json::json;

use crate::draw::plans;
use crate::world::World;

/// More turns than any drawn run takes.
const TURNS_MAX: usize = 5_000;

/// Decides every turn by the next bytes of a tape; at its end all goes well and nothing breaks.
struct Tape<'t> {
    bytes: std::slice::Iter<'t, u8>,
}

impl Tape<'_> {
    fn next(&mut self) -> Option<u8> {
        self.bytes.next().copied()
    }

    fn choose(&mut self, count: usize) -> usize {
        usize::from(self.next().unwrap_or(0)) % count
    }
}

fn drive(mut world: World, bytes: &[u8]) -> World {
    let mut tape = Tape { bytes: bytes.iter() };
    for _ in 0..TURNS_MAX {
        if world.finished {
            return world;
        }
        match tape.next() {
            Some(byte) if byte % 16 == 0 => {
                world = World::recovered(&world.plan, &world.journal, world.now_ms);
            }
            Some(byte) if byte % 32 == 1 => world.cancel(),
            Some(byte) if byte % 64 == 17 => world.complete(),
            Some(byte) if byte % 64 == 49 => stop_one(&mut world, &mut tape),
            Some(byte) if byte % 16 == 2 => world.now_ms += 20_000,
            Some(byte) if byte % 4 == 3 && world.fire_next() => {}
            byte => turn(&mut world, &mut tape, byte),
        }
    }
    panic!("the run does not end: {:?}", world.journal.last());
}

fn stop_one(world: &mut World, tape: &mut Tape<'_>) {
    let steps: Vec<String> = (world.state.steps())
        .filter(|step| matches!(step.status, StepStatus::InProgress | StepStatus::Waiting))
        .map(|step| step.path.to_string())
        .collect();
    if !steps.is_empty() {
        let step = &steps[tape.choose(steps.len())];
        world.signal(Some(step), Signal::StopStep, "os:1000");
    }
}

fn turn(world: &mut World, tape: &mut Tape<'_>, byte: Option<u8>) {
    let waiting = world.waiting();
    if !world.settling.is_empty() && byte.is_none_or(|byte| byte % 2 == 0) {
        world.settle(tape.choose(world.settling.len()));
    } else if !world.invoked.is_empty() {
        let position = tape.choose(world.invoked.len());
        let result = outcome(tape.next(), world);
        world.end(position, result);
    } else if !waiting.is_empty() {
        let step = waiting[tape.choose(waiting.len())].clone();
        let signal = match (tape.next(), world.journal.len() % 3) {
            (Some(byte), _) if byte % 3 == 0 => Signal::Reject { comment: None },
            (_, 0) => Signal::Resume,
            _ => Signal::Approve { comment: None },
        };
        let taken = ["os:1000", "os:1001", "os:1002"]
            .into_iter()
            .any(|by| world.signal(Some(&step), signal.clone(), by));
        if !taken && !world.signal(Some(&step), Signal::Resume, "os:1000") {
            let approval = Signal::Approve { comment: None };
            let _approved = world.signal(Some(&step), approval.clone(), "os:1000")
                || world.signal(Some(&step), approval, "os:1001");
        }
    } else if !world.settling.is_empty() {
        world.settle(0);
    } else if let Some(path) = world.dues.iter().find(|(_, due)| !due.on.is_empty()) {
        let path = path.0.clone();
        world.end_awaited(&path);
    } else {
        assert!(world.fire_next(), "the run hangs: {:?}", world.journal);
    }
}

fn outcome(byte: Option<u8>, world: &World) -> Result<Outcome, Failure> {
    let suspended = |until, on| {
        Ok(Outcome::Suspended(Suspension { state: json!(world.journal.len()), until, on }))
    };
    let wait = Wait { kind: WaitKind::Command, id: "c".to_owned() };
    match byte.map_or(0, |byte| byte % 12) {
        1 | 2 => Err(Failure::action("Boom", "it failed").retryable()),
        3 => Err(Failure::new(FailureKind::Timeout, "too late")),
        4 => Err(Failure::new(FailureKind::Unknown, "who knows")),
        5 => Err(Failure::new(FailureKind::Denied, "no")),
        6 => suspended(Some(world.now_ms + 5_000), Vec::new()),
        7 => suspended(None, vec![wait]),
        8 => suspended(None, Vec::new()),
        9 => Ok(Outcome::Done(json!("not an object"))),
        _ => Ok(Outcome::Done(json!({ "Answer": 42 }))),
    }
}

fn check_end(world: &World) {
    let plan = &world.plan;
    let status = |step: &str| {
        world.state.steps().find(|view| view.name == step).map(|view| view.status).unwrap()
    };
    let cancelled = world.state.cancelled_by().is_some();
    let begun_finally =
        |entry: &machine::event::Entry| matches!(entry.event, Event::FinallyStarted { .. });
    assert_eq!(world.journal.iter().any(begun_finally), !plan.finally.is_empty());
    if let Some(first) = plan.finally.first() {
        assert!(status(&plan.step(*first).name).is_settled(), "finally always runs");
    }
    if plan.flow == Flow::Graph {
        for id in &plan.main {
            assert!(status(&plan.step(*id).name).is_settled(), "a graph's steps all settle");
        }
    }
    let critical = world.state.steps().any(|view| {
        let step = plan.step(plan.step_named(view.name).unwrap());
        step.is_critical && matches!(view.status, StepStatus::Failed | StepStatus::TimedOut)
    });
    let stopped: Vec<String> = (world.journal.iter())
        .filter_map(|entry| match &entry.event {
            Event::SignalReceived { path, signal: Signal::StopStep, .. } => Some(path.to_string()),
            _ => None,
        })
        .collect();
    // Once a cancel came, what was stopped before no longer counts by itself.
    let critical_stop = world.state.steps().any(|view| {
        let step = plan.step(plan.step_named(view.name).unwrap());
        step.is_critical
            && view.status == StepStatus::Cancelled
            && stopped.contains(&view.path.to_string())
    });
    let run = world.state.status();
    assert!(!cancelled || run.as_str() == "Cancelled");
    assert!(run.as_str() != "Cancelled" || cancelled || critical_stop);
    assert_eq!(run.as_str() == "Success", !cancelled && !critical && !critical_stop);
}

fn begin(plan: Plan, interactive: bool) -> World {
    let mut world = World::new(&Arc::new(plan));
    if interactive {
        world.start_interactive();
    } else {
        world.start(BTreeMap::new());
    }
    world
}

proptest! {
    #[test]
    fn every_run_ends_and_keeps_the_rules(
        plan in plans(),
        interactive: bool,
        tape in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        check_end(&drive(begin(plan, interactive), &tape));
    }

    #[test]
    fn every_prefix_of_a_journal_continues_to_an_end(
        plan in plans(),
        interactive: bool,
        tape in prop::collection::vec(any::<u8>(), 0..60),
        rest in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let whole = drive(begin(plan, interactive), &tape);
        for length in 1..=whole.journal.len() {
            let prefix = &whole.journal[..length];
            let now_ms = prefix.last().unwrap().at_ms;
            let world = World::recovered(&whole.plan, prefix, now_ms);
            check_end(&drive(world, &rest));
        }
    }
}
