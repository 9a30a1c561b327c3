//! What a killed shim leaves running.

use std::fs;
use std::io::Read as _;
use std::process::{Command, Stdio};

use agent::Cancellation;
use host_api::node::JobStatus;

use crate::fixture::{EXECUTABLE, Node, Pipe, kill_shim, shell};

/// A script of which three processes hold `alive`: its leader, which shed all of its environment, a child of that, and one
/// that left its group and its parent. Each says on a pipe of its own that it is there.
struct Stubborn {
    script: String,
    alive: Pipe,
    ready: [Pipe; 2],
}

impl Stubborn {
    fn new(node: &Node) -> Self {
        let alive = node.pipe("alive");
        let ready = [node.pipe("leader"), node.pipe("orphan")];
        let [leader, orphan] = [&ready[0], &ready[1]].map(|pipe| pipe.path().display());
        let script = format!(
            "exec 9>'{}'\n\
             (setsid sh -c 'echo > \"{orphan}\"; while :; do sleep 1000; done' &)\n\
             exec env -i /bin/sh -c 'trap \"\" TERM; echo > \"{leader}\"; while :; do /bin/sleep 1000; done'",
            alive.path().display()
        );
        Self { script, alive, ready }
    }

    fn until_ready(&self) {
        for ready in &self.ready {
            assert_eq!(ready.read_to_end(), "\n");
        }
    }
}

/// Blocks until nobody holds the other end.
fn until_dead(mut alive: fs::File) {
    let mut rest = String::new();
    alive.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
}

#[tokio::test]
async fn nothing_goes_on_under_a_job_that_is_unknown() {
    let node = Node::new();
    let stubborn = Stubborn::new(&node);
    let alive = stubborn.alive.reader();
    let handle = node.agent.run(shell("job", &stubborn.script)).unwrap();
    stubborn.until_ready();
    kill_shim(&node);
    assert_eq!(handle.report().await.unwrap().status, JobStatus::Unknown);
    until_dead(alive);
}

/// Starts the job under an agent of its own and kills that agent, then the shim.
fn abandon(node: &Node, stubborn: &Stubborn) {
    let job = shell("job", &stubborn.script);
    fs::write(node.path("job.json"), serde_json::to_vec(&job).unwrap()).unwrap();
    let mut process = Command::new(EXECUTABLE)
        .arg("run")
        .args([node.path("agent"), node.path("job.json")])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    stubborn.until_ready();
    process.kill().unwrap();
    process.wait().unwrap();
    kill_shim(node);
    // The lock is free when the shim is gone.
    fs::File::open(node.job_folder("job").join("lock")).unwrap().lock().unwrap();
}

#[test]
fn what_two_kills_left_is_ended_by_the_next_agent() {
    for recovers in [false, true] {
        let node = Node::new();
        let stubborn = Stubborn::new(&node);
        let alive = stubborn.alive.reader();
        abandon(&node, &stubborn);
        if recovers {
            assert_eq!(node.agent.recover().unwrap().len(), 1);
        } else {
            assert_eq!(node.agent.left_behind().unwrap()[0].status, JobStatus::Unknown);
        }
        until_dead(alive);
    }
}

#[test]
fn what_two_kills_left_can_be_cancelled() {
    let node = Node::new();
    let stubborn = Stubborn::new(&node);
    let alive = stubborn.alive.reader();
    abandon(&node, &stubborn);
    assert_eq!(node.agent.cancel("job").unwrap(), Cancellation::AlreadyEnded);
    until_dead(alive);
}
