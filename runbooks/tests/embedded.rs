//! What is embedded.

use library::{DocumentKind, actions, documents};

#[test]
fn every_action_is_a_component() {
    const COMPONENT: [u8; 8] = [0, b'a', b's', b'm', 0x0d, 0, 1, 0];
    let names: Vec<_> = actions().iter().map(|action| action.name).collect();
    assert!(names.contains(&"assert-property") && names.is_sorted(), "{names:?}");
    for action in actions() {
        assert_eq!(action.bytes[..8], COMPONENT, "{}", action.name);
        let text = String::from_utf8_lossy(action.bytes);
        assert_eq!(text.matches("runwright:manifest").count(), 1, "{}", action.name);
    }
}

#[test]
fn documents_are_of_the_kind_that_they_state() {
    let names: Vec<_> = documents().iter().map(|document| document.name).collect();
    assert!(names.is_sorted(), "{names:?}");
    for document in documents() {
        let sections = match document.kind {
            DocumentKind::Automation => ["mainSteps", "mainSteps"],
            DocumentKind::Command => ["mainSteps", "runtimeConfig"],
        };
        assert!(
            sections.iter().any(|section| document.content.contains(section)),
            "{}",
            document.name
        );
    }
}
