//! The API as its clients meet it: the AWS CLI and boto3 against `runwright server`. The tests are Python, in `tests/python`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use e2e::python;

/// Makes a test of each Python file.
macro_rules! files {
    ($($name:ident)*) => {
        const FILES: &[&str] = &[$(stringify!($name)),*];
        $(
            #[test]
            fn $name() {
                passes(stringify!($name));
            }
        )*
    };
}

files! {
    test_addresses
    test_approvals
    test_authentication
    test_automation
    test_automation_targets
    test_calendars
    test_certificate_renewal
    test_cli
    test_cloud_events
    test_document_sharing
    test_documents
    test_durability
    test_event_bridge
    test_event_bridge_runs
    test_hostile
    test_identity
    test_key_wrapping
    test_labels
    test_limits
    test_listening
    test_operations_list
    test_pages
    test_parameter_lists
    test_parameter_policies
    test_parameters
    test_previews
    test_resource_policies
    test_rule_actions
    test_rules
    test_schedules
    test_secure_strings
    test_settings
    test_shutdown
    test_slow_clients
    test_stream_ends
    test_stream_kills
    test_stream_refusals
    test_stream_resumption
    test_streams
    test_tags
    test_telemetry
    test_transport
    test_trigger_examples
    test_trigger_kills
    test_webhook_signers
    test_webhooks
}

#[track_caller]
fn passes(name: &str) {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let python = python::interpreter("requirements.txt", target).unwrap();
    let output = Command::new(python)
        .args(["-m", "pytest", "-x", &format!("{name}.py")])
        .current_dir(python::directory())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("RUNWRIGHT_BINARY", env!("CARGO_BIN_EXE_runwright-e2e"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn every_python_file_is_run() {
    let there: BTreeSet<_> = fs::read_dir(python::directory())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".py").map(str::to_owned))
        .filter(|name| name.starts_with("test_"))
        .collect();
    assert_eq!(there, FILES.iter().map(|name| (*name).to_owned()).collect());
}
