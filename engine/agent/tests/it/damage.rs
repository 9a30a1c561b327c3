//! Folders that a loss of power or a full disk damaged.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use agent::{JobState, Recovered};
use host_api::node::{JobReport, JobStatus};

use crate::fixture::{EXECUTABLE, Node, recorded, shell};

/// Makes the folder of a job with these files in it.
fn folder(node: &Node, id: &str, files: &[(&str, &str)]) {
    let folder = node.job_folder(id);
    fs::create_dir(&folder).unwrap();
    for (name, content) in files {
        fs::write(folder.join(name), content).unwrap();
    }
}

fn unknown(id: &str) -> JobReport {
    JobReport { id: id.to_owned(), status: JobStatus::Unknown, steps: Vec::new() }
}

#[tokio::test]
async fn one_damaged_folder_stops_no_other() {
    let node = Node::new();
    let whole = node.run(shell("z-whole", "echo done")).await;
    folder(&node, "begun", &[("job.json", ""), ("started", "")]);
    folder(&node, "begun-only", &[("started", "1\n")]);
    folder(&node, "ended", &[("job.json", ""), ("started", "1\n"), ("exit", "")]);
    folder(&node, "half-ended", &[("exit", "{\"id\":")]);
    folder(&node, "recorded", &[("job.json", "")]);
    folder(&node, "unreadable-recorded", &[]);
    fs::create_dir(node.job_folder("unreadable-recorded").join("job.json")).unwrap();
    folder(&node, "unreadable-end", &[("job.json", "{}"), ("started", "1\n")]);
    fs::create_dir(node.job_folder("unreadable-end").join("exit")).unwrap();
    fs::write(node.job_folder("no-folder"), "").unwrap();
    fs::write(node.job_folder(".leaving-no-folder"), "").unwrap();
    let lost = ["begun", "begun-only", "ended", "half-ended", "unreadable-end"];
    let expected: Vec<_> = lost.into_iter().map(unknown).chain([whole]).collect();

    let agent = node.reopened();
    assert_eq!(agent.left_behind().unwrap(), expected);
    let recovered = agent.recover().unwrap().into_iter().map(|recovered| match recovered {
        Recovered::Ended(report) => report,
        Recovered::Running(handle) => panic!("{} runs", handle.id()),
    });
    assert_eq!(recovered.collect::<Vec<_>>(), expected);
    for nothing_begun in ["recorded", "unreadable-recorded"] {
        assert!(!node.job_folder(nothing_begun).exists(), "{nothing_begun}");
    }
    for id in &lost[..4] {
        agent.forget(id).unwrap();
    }
    assert_eq!(
        agent.run(shell("recorded", "true")).unwrap().report().await.unwrap().status,
        JobStatus::Success
    );
}

/// A job that fails before it is begun must not be taken for one that was.
#[tokio::test]
async fn a_mark_that_cannot_be_written_is_no_mark() {
    let node = Node::new();
    recorded(&node, "echo later").await;
    let shim = Command::new("/bin/sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" shim \"$1\"", EXECUTABLE])
        .arg(node.job_folder("job"))
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(shim.status.code(), Some(1), "{shim:?}");
    assert!(!node.job_folder("job").join("started").exists());
    assert_eq!(node.agent.status("job").unwrap(), JobState::Recorded);
    assert_eq!(node.shell("echo later").await.steps[0].standard_output, "later\n");
}

/// The script makes the disk full for its own end, and leaves somebody behind who makes room when the spool is gone.
#[tokio::test]
async fn a_script_that_fills_the_disk_has_its_end_written_when_there_is_room() {
    let node = Node::new();
    let folder = node.job_folder("job");
    fs::create_dir(&folder).unwrap();
    for file in ["shim.log", "exit.new"] {
        symlink("/dev/full", folder.join(file)).unwrap();
    }
    let script = format!(
        "cd '{}'\necho out\nuntil test -e step-1/stdout; do sleep 0.05; done\n\
         (while test -e step-1/stdout; do sleep 0.05; done; rm exit.new) >/dev/null 2>&1 &",
        folder.display(),
    );
    let report = node.shell(&script).await;
    assert_eq!(report.status, JobStatus::Success, "{report:?}");
    assert_eq!(report.steps[0].standard_output, "out\n");
    assert!(!folder.join("step-1/stdout").exists());
}

#[test]
fn what_an_interrupted_creation_of_the_node_s_id_left_is_removed() {
    let node = Node::new();
    let own = format!("node-id.{}.new", std::process::id());
    for leaving in ["node-id.1.new", &own] {
        fs::write(node.path("agent").join(leaving), "mi-").unwrap();
    }
    fs::write(node.path("agent").join("node-id.kept"), "").unwrap();
    assert_eq!(node.reopened().node_id(), node.agent.node_id());
    let mut names: Vec<_> = fs::read_dir(node.path("agent"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["jobs", "node-id", "node-id.kept"]);
}
