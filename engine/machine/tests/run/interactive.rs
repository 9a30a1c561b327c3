//! Runs whose steps wait for a person's word, steps that are stopped, and runs that are to end well early.

use std::sync::Arc;

use host_api::invocation::Outcome;
use machine::event::Signal;
use serde_json::json;

use crate::scenarios::plan;
use crate::world::World;

const TWO: &str = r#"
schemaVersion: "0.3"
mainSteps:
  - { name: First, action: "aws:invokeWebhook", inputs: { IntegrationName: D }, onFailure: Continue }
  - { name: Second, action: "aws:pause", inputs: {} }
"#;

const GRAPH: &str = r#"
schemaVersion: "0.4"
flow: graph
mainSteps:
  - { name: Left, action: invokeWebhook, dependsOn: [], inputs: { IntegrationName: D } }
  - { name: Right, action: invokeWebhook, dependsOn: [], inputs: { IntegrationName: D } }
  - { name: Last, action: invokeWebhook, dependsOn: [Left, Right], inputs: { IntegrationName: D } }
finally:
  - { name: After, action: invokeWebhook, inputs: { IntegrationName: D } }
"#;

const LOOP: &str = r#"
schemaVersion: "0.3"
mainSteps:
  - name: Over
    action: aws:loop
    inputs:
      Iterators: [a, b]
      Steps: [{ name: Body, action: "aws:invokeWebhook", inputs: { IntegrationName: D } }]
"#;

fn begun(text: &str, interactive: bool) -> World {
    let mut world = World::new(&Arc::new(plan(text)));
    if interactive {
        world.start_interactive();
    } else {
        world.start(std::collections::BTreeMap::new());
    }
    world
}

fn done(world: &mut World) {
    world.end(0, Ok(Outcome::Done(json!({}))));
}

fn statuses(world: &World) -> Vec<&'static str> {
    world.state.steps().map(|step| step.status.as_str()).collect()
}

#[test]
fn each_step_of_an_interactive_run_waits_for_its_start() {
    let mut world = begun(TWO, true);
    assert_eq!(statuses(&world), ["Waiting", "Pending"]);
    assert_eq!(world.state.status().as_str(), "Waiting");
    assert!(!world.signal(None, Signal::Approve { comment: None }, "ann"));
    assert!(!world.signal(Some("Second"), Signal::StartStep, "ann"));
    assert!(world.signal(Some("First"), Signal::StartStep, "ann"));
    assert_eq!(statuses(&world), ["InProgress", "Pending"]);
    assert!(!world.signal(Some("First"), Signal::StartStep, "ann"));
    done(&mut world);
    assert_eq!(statuses(&world), ["Success", "Waiting"]);
    assert!(world.signal(None, Signal::StartStep, "ann"));
    assert!(!world.signal(None, Signal::StartStep, "ann"), "a pause waits for Resume");
    assert!(world.signal(None, Signal::Resume, "ann"));
    assert_eq!(world.state.status().as_str(), "Success");
}

#[test]
fn resume_lets_an_interactive_run_go_on_by_itself() {
    let mut world = begun(GRAPH, true);
    assert_eq!(statuses(&world), ["Waiting", "Waiting", "Pending", "Pending"]);
    assert!(world.signal(Some("Left"), Signal::Resume, "ann"));
    assert_eq!(statuses(&world), ["InProgress", "InProgress", "Pending", "Pending"]);
    for _ in 0..4 {
        done(&mut world);
    }
    assert_eq!(world.state.status().as_str(), "Success");
}

#[test]
fn a_held_step_is_cancelled_and_gives_up_in_the_end() {
    let mut world = begun(TWO, true);
    world.cancel();
    assert_eq!(statuses(&world), ["Cancelled", "Pending"]);
    assert_eq!(world.state.status().as_str(), "Cancelled");
    let mut world = begun(LOOP, true);
    assert!(world.fire_next());
    assert_eq!(statuses(&world)[0], "TimedOut");
    assert_eq!(world.state.status().as_str(), "TimedOut");
}

#[test]
fn a_stopped_step_follows_its_on_failure() {
    let mut world = begun(TWO, false);
    assert!(!world.signal(Some("Second"), Signal::StopStep, "ann"));
    assert!(world.signal(Some("First"), Signal::StopStep, "ann"));
    assert!(world.invoked.is_empty(), "it is interrupted");
    world.settle(0);
    assert_eq!(statuses(&world), ["Cancelled", "Waiting"]);
    assert!(world.signal(Some("Second"), Signal::StopStep, "ann"));
    assert_eq!(statuses(&world), ["Cancelled", "Cancelled"]);
    assert_eq!(world.state.status().as_str(), "Cancelled");
}

#[test]
fn a_stopped_loop_stops_its_body() {
    let mut world = begun(LOOP, false);
    assert!(world.signal(Some("Over"), Signal::StopStep, "ann"));
    assert!(world.invoked.is_empty());
    world.settle(0);
    assert_eq!(statuses(&world), ["Cancelled", "Cancelled"]);
    assert!(world.finished);
}

#[test]
fn a_completed_run_ends_well_with_what_runs() {
    let mut world = begun(GRAPH, false);
    done(&mut world);
    world.complete();
    assert_eq!(statuses(&world), ["Success", "InProgress", "Pending", "Pending"]);
    done(&mut world);
    assert_eq!(statuses(&world), ["Success", "Success", "NotReached", "InProgress"]);
    done(&mut world);
    assert_eq!(world.state.status().as_str(), "Success");

    let mut world = begun(LOOP, false);
    world.complete();
    world.complete();
    done(&mut world);
    assert_eq!(statuses(&world), ["Success", "Success"], "no second pass");
    assert_eq!(world.state.status().as_str(), "Success");
}

#[test]
fn a_completed_run_waits_for_nobody() {
    let mut world = begun(TWO, true);
    world.complete();
    assert_eq!(statuses(&world), ["NotReached", "Pending"]);
    assert_eq!(world.state.status().as_str(), "Success");
    let mut world = begun(TWO, false);
    done(&mut world);
    world.complete();
    assert_eq!(statuses(&world), ["Success", "Cancelled"]);
    assert_eq!(world.state.status().as_str(), "Success");
    let mut world = begun(TWO, false);
    world.complete();
    world.cancel();
    world.settle(0);
    assert_eq!(world.state.status().as_str(), "Cancelled");
}
