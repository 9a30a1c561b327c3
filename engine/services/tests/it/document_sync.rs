use services::documents::{DocumentFile, SyncAction, SyncPlan};

use crate::fixture::{Fixture, SHELL, SMALLEST, actor};

fn file(name: &str, content: &str) -> DocumentFile {
    DocumentFile { name: name.to_owned(), content: content.to_owned(), lock: None }
}

fn actions(plan: &SyncPlan) -> Vec<(&str, SyncAction)> {
    plan.steps.iter().map(|step| (step.name.as_str(), step.action)).collect()
}

#[tokio::test]
async fn a_directory_is_brought_into_the_store_once() {
    let fixture = Fixture::new();
    let services = &fixture.services;
    let calendar = "BEGIN:VCALENDAR\nVERSION:2.0\nX-CALENDAR-TYPE:DEFAULT_OPEN\nBEGIN:VTODO\nUID:a\nEND:VTODO\nEND:VCALENDAR\n";
    let files = vec![file("Run", SMALLEST), file("Cmd", SHELL), file("Cal", calendar)];
    let planned = services.plan_sync(&actor(), files.clone()).await.unwrap();
    let create = |name| (name, SyncAction::Create);
    assert_eq!(actions(&planned), ["Cal", "Cmd", "Run"].map(create));
    assert_eq!(
        planned.steps.iter().map(|step| &*step.kind).collect::<Vec<_>>(),
        ["ChangeCalendar", "Command", "Automation"]
    );
    assert_eq!(services.document_names().await.unwrap().len(), 1, "a plan changes nothing");
    assert_eq!(services.apply_sync(&actor(), files.clone()).await.unwrap(), planned);
    let again = services.apply_sync(&actor(), files).await.unwrap();
    assert!(again.steps.iter().all(|step| step.action == SyncAction::Leave));

    let changed = SMALLEST.replace("Check", "Changed");
    let plan = services.apply_sync(&actor(), vec![file("Run", &changed)]).await.unwrap();
    assert_eq!(actions(&plan), [("Run", SyncAction::Update)]);
    let found = services.find_document("Run", None, "Automation", None).await.unwrap();
    assert_eq!((&*found.version, found.content), ("2", changed));
    let plan = services.apply_sync(&actor(), vec![file("Run", SMALLEST)]).await.unwrap();
    assert_eq!(actions(&plan), [("Run", SyncAction::MakeDefault { version: 1 })]);
    let found = services.find_document("Run", None, "Automation", None).await.unwrap();
    assert_eq!(found.version, "1");
}

#[tokio::test]
async fn a_lock_belongs_to_the_version() {
    let fixture = Fixture::new();
    let services = &fixture.services;
    let lock = "plugins: {}\n";
    let locked = DocumentFile { lock: Some(lock.to_owned()), ..file("Run", SMALLEST) };
    services.apply_sync(&actor(), vec![file("Run", SMALLEST)]).await.unwrap();
    let plan = services.apply_sync(&actor(), vec![locked.clone()]).await.unwrap();
    assert_eq!(actions(&plan), [("Run", SyncAction::Update)]);
    let found = services.find_document("Run", None, "Automation", None).await.unwrap();
    assert_eq!(found.lock.as_deref(), Some(lock));
    let again = services.apply_sync(&actor(), vec![locked]).await.unwrap();
    assert_eq!(actions(&again), [("Run", SyncAction::Leave)]);
    let broken = DocumentFile { lock: Some("plugins: [".to_owned()), ..file("Run", SMALLEST) };
    let error = services.apply_sync(&actor(), vec![broken]).await.unwrap_err();
    assert_eq!(error.code, "InvalidDocumentContent");
}

#[tokio::test]
async fn one_bad_file_keeps_all_out() {
    let fixture = Fixture::new();
    let services = &fixture.services;
    let bad = vec![
        file("Good", SMALLEST),
        file("Bad-1", "a: ["),
        file("Bad-2", "schemaVersion: \"0.3\"\n"),
    ];
    let error = services.apply_sync(&actor(), bad).await.unwrap_err();
    assert_eq!(error.code, "InvalidDocumentContent");
    assert!(error.message.contains("Bad-1:") && error.message.contains("Bad-2:"), "{error}");
    let twice = vec![file("Good", SMALLEST), file("Good", SHELL)];
    assert_eq!(services.apply_sync(&actor(), twice).await.unwrap_err().code, "ValidationException");
    let reserved = vec![file("AWS-Mine", SMALLEST)];
    assert_eq!(
        services.plan_sync(&actor(), reserved).await.unwrap_err().code,
        "ValidationException"
    );
    assert_eq!(services.document_names().await.unwrap().len(), 1);
    services.apply_sync(&actor(), vec![file("Good", SMALLEST)]).await.unwrap();
    let other =
        services.apply_sync(&actor(), vec![file("Aaa", SMALLEST), file("Good", SHELL)]).await;
    assert_eq!(other.unwrap_err().code, "InvalidDocument");
    assert_eq!(services.document_names().await.unwrap().len(), 2, "and Aaa was not made");
}
