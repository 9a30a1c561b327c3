use host_api::identifier::{CommandId, NodeId, Principal};
use store::commands::{self, CommandRow, CommandStatus};
use store::invocations::{self, InvocationRow};
use store::{Notice, WriteError};

use crate::scene::Scene;

fn status(status: &str, ended_ms: Option<u64>) -> CommandStatus {
    CommandStatus { status: status.to_owned(), details: status.to_owned(), ended_ms }
}

fn command(id: &str, created_ms: u64) -> CommandRow {
    CommandRow {
        id: CommandId::new(id),
        document_name: "AWS-RunShellScript".to_owned(),
        principal: Principal::new("os:1000"),
        request: "{}".to_owned(),
        status: status("Pending", None),
        created_ms,
        expires_ms: created_ms + 100,
    }
}

fn invocation(job: &str, command: &str, node: &str) -> InvocationRow {
    InvocationRow {
        job_id: job.to_owned(),
        command: CommandId::new(command),
        node: NodeId::new(node),
        job: "{\"id\":1}".to_owned(),
        status: status("Pending", None),
        report: None,
        created_ms: 1,
        delivered_ms: None,
    }
}

fn scene() -> Scene {
    let scene = Scene::new();
    scene
        .store
        .write_blocking(|tx| {
            commands::insert(tx, &command("c1", 1))?;
            commands::insert(tx, &command("c2", 2))?;
            invocations::insert(tx, &invocation("j1", "c1", "mi-1"))?;
            invocations::insert(tx, &invocation("j2", "c1", "mi-2"))?;
            invocations::insert(tx, &invocation("j3", "c2", "mi-1"))
        })
        .unwrap();
    scene
}

fn ids(rows: Vec<InvocationRow>) -> Vec<String> {
    rows.into_iter().map(|row| row.job_id).collect()
}

#[test]
fn a_job_is_in_the_outbox_until_it_is_delivered() {
    let scene = scene();
    let node = NodeId::new("mi-1");
    let mut notices = scene.store.subscribe();
    let more = invocation("j4", "c2", "mi-2");
    scene.store.write_blocking(move |tx| invocations::insert(tx, &more)).unwrap();
    assert_eq!(notices.try_recv().unwrap(), Notice::Job("j4".to_owned()));
    let pending =
        || ids(scene.store.read_blocking(|tx| invocations::jobs_pending(tx, &node, 9)).unwrap());
    let open =
        || ids(scene.store.read_blocking(|tx| invocations::jobs_open(tx, &node, 9)).unwrap());
    assert_eq!((pending(), open()), (vec!["j1".to_owned(), "j3".to_owned()], vec![]));
    let deliver = |job: &'static str, now_ms| {
        scene.store.write_blocking(move |tx| invocations::mark_delivered(tx, job, now_ms))
    };
    deliver("j1", 7).unwrap();
    deliver("j1", 9).unwrap();
    assert!(deliver("none", 1).is_err());
    assert_eq!((pending(), open()), (vec!["j3".to_owned()], vec!["j1".to_owned()]));
    let report = |text: &'static str| {
        scene.store.write_blocking(move |tx| {
            invocations::set_report(tx, "j1", &status(text, Some(8)), Some("{}"))
        })
    };
    assert_eq!((report("Success"), report("Failed")), (Ok(true), Ok(false)));
    let row = scene.store.read_blocking(|tx| invocations::find(tx, "j1")).unwrap().unwrap();
    assert_eq!(row.status, status("Success", Some(8)));
    assert_eq!((row.report.as_deref(), row.delivered_ms), (Some("{}"), Some(7)));
    assert!(open().is_empty());
}

#[test]
fn commands_and_jobs_are_unique() {
    let scene = scene();
    for twin in [invocation("j1", "c2", "mi-9"), invocation("j9", "c1", "mi-1")] {
        let result = scene.store.write_blocking(move |tx| invocations::insert(tx, &twin));
        assert!(matches!(result, Err(WriteError::Exists { what: "invocation", .. })));
    }
    let result = scene.store.write_blocking(|tx| commands::insert(tx, &command("c1", 5)));
    assert!(matches!(result, Err(WriteError::Exists { what: "command", .. })));
}

#[test]
fn commands_are_listed_expire_and_are_deleted() {
    let scene = scene();
    let list = |before: Option<(u64, &CommandId)>| {
        let rows = scene.store.read_blocking(|tx| commands::list(tx, before, 9)).unwrap();
        rows.into_iter().map(|row| row.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(list(None), ["c2", "c1"]);
    assert_eq!(list(Some((2, &CommandId::new("c2")))), ["c1"]);
    let expired = |now_ms| {
        let rows = scene.store.read_blocking(|tx| commands::expired(tx, now_ms, 9)).unwrap();
        rows.into_iter().map(|row| row.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(expired(101), ["c1"]);
    let id = CommandId::new("c1");
    scene
        .store
        .write_blocking(move |tx| commands::set_status(tx, &id, &status("Success", Some(50))))
        .unwrap();
    assert_eq!(expired(102), ["c2"]);
    assert_eq!(scene.store.write_blocking(|tx| commands::delete_ended(tx, 50, 9)), Ok(0));
    assert_eq!(scene.store.write_blocking(|tx| commands::delete_ended(tx, 51, 9)), Ok(1));
    assert_eq!(list(None), ["c2"]);
    let id = CommandId::new("c1");
    assert!(scene.store.read_blocking(|tx| invocations::of_command(tx, &id)).unwrap().is_empty());
    assert_eq!(scene.store.read_blocking(|tx| commands::find(tx, &id)), Ok(None));
}
