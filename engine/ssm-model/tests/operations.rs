//! What holds for each of the operations.

#[path = "support/model.rs"]
mod model;

use serde_json::json;
use ssm_model::Refused;

#[test]
fn all_operations_are_there_and_sorted() {
    let names: Vec<_> = ssm_model::operations().map(ssm_model::Operation::name).collect();
    assert_eq!(names.len(), 154);
    assert!(names.is_sorted());
    for name in names {
        assert_eq!(ssm_model::operation(name).map(ssm_model::Operation::name), Some(name));
    }
    assert!(ssm_model::operation("getParameter").is_none());
    assert!(ssm_model::operation("").is_none());
}

#[test]
fn an_empty_request_lacks_exactly_what_is_required() {
    for (name, operation) in model::operations() {
        let shape = model::shape(model::target(&operation["input"]));
        let mut required = model::texts(&shape["required"]);
        required.sort_unstable();
        let expected: Vec<_> = required.iter().map(|member| model::lower_first(member)).collect();
        let refused = ssm_model::operation(name).expect("it is there").check_input(&json!({}));
        let found: Vec<_> = match &refused {
            Ok(()) => Vec::new(),
            Err(Refused::Malformed { path, reason }) => panic!("{name}: {reason} at {path}"),
            Err(Refused::Invalid { violations, total }) => {
                assert_eq!(*total, violations.len(), "{name}");
                violations.iter().map(|violation| violation.path.clone()).collect()
            }
        };
        assert_eq!(found, expected, "{name}");
        for violation in refused.err().into_iter().map(|refused| refused.to_string()) {
            assert_eq!(
                violation.matches("Member must not be null").count(),
                expected.len(),
                "{name}: {violation}"
            );
        }
    }
}

#[test]
fn a_request_that_is_no_structure_is_malformed() {
    for operation in ssm_model::operations() {
        for (input, text) in [
            (json!([]), "Start of list found where not expected"),
            (json!(null), "Expected structure"),
            (json!("{}"), "Expected structure"),
        ] {
            let refused = operation.check_input(&input).expect_err("it is no structure");
            assert_eq!(
                (refused.code(), refused.to_string().as_str()),
                ("SerializationException", text)
            );
        }
    }
}

#[test]
fn the_errors_of_operations_are_known() {
    let mut server_faults = Vec::new();
    for operation in ssm_model::operations() {
        for code in operation.errors() {
            let error = ssm_model::error_shape(code).expect("a listed error is in the model");
            assert_eq!(error.name, code);
            if error.server_fault && !server_faults.contains(&code) {
                server_faults.push(code);
            }
        }
    }
    assert_eq!(server_faults, ["InternalServerError"]);
}

#[test]
fn the_text_of_an_error_has_the_name_that_clients_read() {
    let member = |code| ssm_model::error_shape(code).map(|error| error.message_member);
    assert_eq!(member("ParameterNotFound"), Some(Some("message")));
    assert_eq!(member("ResourcePolicyConflictException"), Some(Some("Message")));
    assert_eq!(member("InvalidCommandId"), Some(None));
    assert_eq!(member("GetParameterRequest"), None);
    let exceptions = model::shapes().filter(|(_, shape)| shape["exception"] == true).count();
    let counted = |wanted| {
        model::shapes()
            .filter_map(|(name, _)| ssm_model::error_shape(name))
            .filter(|error| error.message_member == wanted)
            .count()
    };
    assert_eq!((counted(Some("Message")), counted(Some("message")), counted(None)), (100, 25, 15));
    assert_eq!(exceptions, 140);
}

#[test]
fn pages_are_named_by_members_of_requests_and_answers() {
    let mut paged = 0;
    for (name, operation) in model::operations() {
        let input = &model::shape(model::target(&operation["input"]))["members"];
        let output = &model::shape(model::target(&operation["output"]))["members"];
        if let Some(page) = ssm_model::operation(name).expect("it is there").pagination() {
            assert!(
                input[page.input_token].is_object() && input[page.limit_key].is_object(),
                "{name}"
            );
            assert!(
                output[page.output_token].is_object() && output[page.result_key].is_object(),
                "{name}"
            );
            paged += 1;
        }
    }
    assert_eq!(paged, 52);
}
