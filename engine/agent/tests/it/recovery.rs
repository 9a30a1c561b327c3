//! What dies, and what is known afterwards.

use std::fs;
use std::process::{Command, Stdio};

use agent::{Agent, AgentError, JobState, Recovered, Settings};
use host_api::node::{JobReport, JobStatus, JobStepStatus};

use crate::fixture::{EXECUTABLE, Node, kill_shim, recorded, settings, shell};

async fn recover(agent: &Agent) -> Vec<JobReport> {
    let mut reports = Vec::new();
    for recovered in agent.recover().unwrap() {
        reports.push(match recovered {
            Recovered::Ended(report) => report,
            Recovered::Running(handle) => handle.report().await.unwrap(),
        });
    }
    reports
}

#[tokio::test]
async fn a_job_survives_the_kill_of_its_agent() {
    let node = Node::new();
    let (ready, go) = (node.pipe("ready"), node.pipe("go"));
    let count = node.path("count");
    let script = format!(
        "echo once >> '{}'; echo > '{}'; cat '{}'; exit 5",
        count.display(),
        ready.path().display(),
        go.path().display()
    );
    let job = shell("job", &script);
    fs::write(node.path("job.json"), serde_json::to_vec(&job).unwrap()).unwrap();
    let mut process = Command::new(EXECUTABLE)
        .arg("run")
        .args([node.path("agent"), node.path("job.json")])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    ready.read_to_end();
    process.kill().unwrap();
    process.wait().unwrap();

    assert_eq!(node.agent.status("job").unwrap(), JobState::Running);
    let recovered = node.agent.recover().unwrap();
    let [Recovered::Running(handle)] = &recovered[..] else { panic!("{recovered:?}") };
    let again = node.agent.run(job).unwrap();
    go.write("after");
    let report = handle.clone().report().await.unwrap();
    assert_eq!(again.report().await.unwrap(), report);
    assert_eq!(report.status, JobStatus::Failed);
    assert_eq!(report.steps[0].response_code, 5);
    assert_eq!(report.steps[0].standard_output, "after");
    assert_eq!(fs::read_to_string(count).unwrap(), "once\n");
    assert_eq!(recover(&node.reopened()).await, [report]);
}

#[tokio::test]
async fn a_job_whose_shim_is_killed_is_unknown_and_stays_so() {
    let node = Node::new();
    let (ready, go) = (node.pipe("ready"), node.pipe("go"));
    let count = node.path("count");
    let script = format!(
        "echo once >> '{}'; echo > '{}'; read line < '{}'",
        count.display(),
        ready.path().display(),
        go.path().display()
    );
    let handle = node.agent.run(shell("job", &script)).unwrap();
    ready.read_to_end();
    kill_shim(&node);
    let report = handle.report().await.unwrap();
    assert_eq!(report.status, JobStatus::Unknown);
    assert_eq!(report.steps[0].status, JobStepStatus::Unknown);
    let agent = node.reopened();
    assert_eq!(recover(&agent).await, std::slice::from_ref(&report));
    assert_eq!(agent.run(shell("job", &script)).unwrap().report().await.unwrap(), report);
    assert_eq!(fs::read_to_string(count).unwrap(), "once\n");
}

#[tokio::test]
async fn one_id_runs_once() {
    let node = Node::new();
    let count = node.path("count");
    let script = format!("echo once >> '{}'", count.display());
    let first = node.agent.run(shell("job", &script)).unwrap();
    let second = node.agent.run(shell("job", &script)).unwrap();
    let report = first.report().await.unwrap();
    assert_eq!(second.report().await.unwrap(), report);
    assert_eq!(node.run(shell("job", &script)).await, report);
    assert_eq!(
        node.reopened().run(shell("job", "exit 1")).unwrap().report().await.unwrap(),
        report
    );
    assert_eq!(fs::read_to_string(count).unwrap(), "once\n");
}

#[tokio::test]
async fn an_upgrade_in_the_meantime_does_not_matter() {
    for replaced in [false, true] {
        let directory = tempfile::tempdir().unwrap();
        let program = directory.path().join("program");
        fs::copy(EXECUTABLE, &program).unwrap();
        let node = Node::with(|settings| settings.executable = program.clone());
        fs::remove_file(&program).unwrap();
        if replaced {
            fs::copy("/bin/false", &program).unwrap();
        }
        let report = node.shell("cat /proc/$PPID/comm").await;
        assert_eq!(report.status, JobStatus::Success);
        assert_eq!(report.steps[0].standard_output, "runwright-shim\n");
    }
}

#[test]
fn an_agent_without_a_program_for_its_shims_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let none = Settings::new(directory.path().join("none"));
    let error = Agent::open(&directory.path().join("agent"), none).unwrap_err();
    assert!(matches!(error, AgentError::Executable { .. }), "{error}");
}

#[tokio::test]
async fn a_job_that_was_not_begun_is_begun() {
    let node = Node::new();
    recorded(&node, "echo now").await;
    let reports = recover(&node.agent).await;
    assert_eq!(reports.len(), 1);
    assert_eq!(reports[0].steps[0].standard_output, "now\n");
}

#[tokio::test]
async fn a_job_that_was_not_begun_can_be_cancelled() {
    let node = Node::new();
    let touched = node.path("touched");
    recorded(&node, &format!("touch '{}'", touched.display())).await;
    node.agent.cancel("job").unwrap();
    assert_eq!(recover(&node.agent).await[0].status, JobStatus::Cancelled);
    assert!(!touched.exists());
}

#[tokio::test]
async fn a_job_that_was_begun_and_nothing_more_is_unknown() {
    let node = Node::new();
    let touched = node.path("touched");
    let script = format!("touch '{}'", touched.display());
    recorded(&node, &script).await;
    fs::write(node.job_folder("job").join("started"), "1\n").unwrap();
    let JobState::Ended(report) = node.agent.status("job").unwrap() else { panic!("not ended") };
    assert_eq!(report.status, JobStatus::Unknown);
    assert_eq!(recover(&node.agent).await, std::slice::from_ref(&report));
    assert_eq!(node.run(shell("job", &script)).await, report);
    assert!(!touched.exists());
}

#[tokio::test]
async fn a_second_shim_of_a_job_does_nothing() {
    let node = Node::new();
    let count = node.path("count");
    let report = node.shell(&format!("echo once >> '{}'", count.display())).await;
    let shim = Command::new(EXECUTABLE).arg("shim").arg(node.job_folder("job")).status().unwrap();
    assert!(shim.success());
    assert_eq!(fs::read_to_string(count).unwrap(), "once\n");
    assert_eq!(node.agent.status("job").unwrap(), JobState::Ended(report));
}

#[tokio::test]
async fn a_folder_without_a_recorded_job_was_never_promised() {
    let node = Node::new();
    fs::create_dir(node.job_folder("job")).unwrap();
    assert_eq!(node.agent.status("job").unwrap(), JobState::NeverSeen);
    assert!(recover(&node.agent).await.is_empty());
    assert!(!node.job_folder("job").exists());
    assert_eq!(node.shell("true").await.status, JobStatus::Success);
}

#[tokio::test]
async fn what_ended_can_be_forgotten() {
    let node = Node::new();
    node.shell("true").await;
    node.agent.forget("job").unwrap();
    assert_eq!(node.agent.status("job").unwrap(), JobState::NeverSeen);
    assert!(matches!(node.agent.forget("job"), Err(AgentError::NeverSeen(_))));
}

#[test]
fn a_node_keeps_its_id() {
    let node = Node::new();
    let id = node.agent.node_id().as_str();
    assert!(id.starts_with("mi-") && id.len() == 20, "{id}");
    assert_eq!(node.reopened().node_id(), node.agent.node_id());
    let file = node.path("agent").join("node-id");
    let mode = std::os::unix::fs::MetadataExt::mode(&fs::metadata(&file).unwrap());
    assert_eq!(mode & 0o777, 0o600);
    fs::write(&file, "something else\n").unwrap();
    assert!(matches!(
        Agent::open(&node.path("agent"), settings()),
        Err(AgentError::Directory { .. })
    ));
}

#[tokio::test]
async fn what_an_earlier_agent_did_not_forget_is_left_behind() {
    let node = Node::new();
    let report = node.shell("echo done").await;
    let again = node.reopened();
    assert_eq!(again.left_behind().unwrap(), [report]);
    again.forget("job").unwrap();
    assert_eq!(again.left_behind().unwrap(), []);
    assert_eq!(again.status("job").unwrap(), JobState::NeverSeen);
}

/// Half a folder must not pass for that of a job not yet begun: it would run again.
#[test]
fn an_interrupted_removal_is_made_good() {
    let node = Node::new();
    let leaving = node.job_folder(".leaving-job");
    fs::create_dir(&leaving).unwrap();
    fs::write(leaving.join("job.json"), "{}").unwrap();
    assert_eq!(node.reopened().recover().unwrap().len(), 0);
    assert!(!leaving.exists());
}
