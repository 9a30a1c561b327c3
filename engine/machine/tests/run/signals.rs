//! Whom a signal reaches, and why it is refused.

use std::collections::BTreeMap;
use std::sync::Arc;

use host_api::identifier::Principal;
use machine::SignalRefused;
use machine::event::Signal;
use machine::input::Message;

use crate::scenarios::plan;
use crate::world::World;

const APPROVE: &str = r#"
schemaVersion: "0.3"
mainSteps:
  - name: Ask
    action: aws:approve
    inputs: { Approvers: [ann, bob], MinRequiredApprovals: 2 }
  - { name: Hold, action: "aws:pause", inputs: {} }
"#;

fn world() -> World {
    let mut world = World::new(&Arc::new(plan(APPROVE)));
    world.start(BTreeMap::new());
    world
}

#[track_caller]
fn check(world: &World, step: Option<&str>, signal: Signal, by: &str, expected: &str) {
    let (step, by) = (step.map(str::to_owned), Principal::new(by));
    let refused = world.state.check_signal(&Message::Signal { step, signal, by }).unwrap_err();
    assert_eq!(refused.to_string(), expected);
}

fn approve() -> Signal {
    Signal::Approve { comment: Some("looks good".to_owned()) }
}

#[test]
fn a_signal_is_refused_with_its_reason() {
    let mut world = world();
    check(&world, Some("Nobody"), approve(), "ann", "the run has no step `Nobody`");
    check(&world, Some("Hold"), approve(), "ann", "step `Hold` does not wait for a signal");
    check(&world, None, approve(), "eve", "`eve` is not an approver of step `Ask`");
    check(&world, None, Signal::Resume, "ann", "step `Ask` waits for Approve or Reject");
    assert!(world.signal(None, approve(), "ann"));
    check(&world, None, approve(), "ann", "`ann` has approved step `Ask` already");
    assert!(world.signal(Some("Ask"), approve(), "bob"));
    check(&world, Some("Hold"), approve(), "ann", "step `Hold` waits for Resume");
    assert!(world.signal(None, Signal::Resume, "eve"));
    let late = Message::Signal { step: None, signal: Signal::Resume, by: Principal::new("ann") };
    assert_eq!(world.state.check_signal(&late), Err(SignalRefused::RunEnded));
}

#[test]
fn who_approved_may_still_reject() {
    let mut world = world();
    assert!(world.signal(None, approve(), "ann"));
    assert!(world.signal(None, Signal::Reject { comment: None }, "ann"));
    assert_eq!(world.state.status().as_str(), "Failed");
}
