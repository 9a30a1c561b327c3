//! What holds of every set of policies and every request.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use services::Resource;
use services::access::{Acting, Asked, Circumstances, Decision, Policies};
use services::parameters::Place;

const OPERATIONS: [&str; 4] =
    ["GetParameter", "GetParametersByPath", "PutParameter", "StartAutomationExecution"];
const PRINCIPALS: [&str; 4] = [
    "principal",
    r#"principal == User::"ann""#,
    r#"principal in Role::"ops""#,
    r#"principal == User::"bob""#,
];
const ACTIONS: [&str; 4] = [
    "action",
    r#"action in Action::"ssm:read""#,
    r#"action == Action::"ssm:PutParameter""#,
    r#"action in [Action::"ssm:GetParametersByPath", Action::"ssm:StartAutomationExecution"]"#,
];
const RESOURCES: [&str; 5] = [
    "resource",
    r#"resource in Parameter::"/a""#,
    r#"resource == Parameter::"/a/b""#,
    r#"resource in Document::"Deploy""#,
    "resource is Parameter",
];
const CONDITIONS: [&str; 4] = [
    "",
    "when { context.recursive }",
    "unless { context.withDecryption }",
    r#"when { resource.arn like "*/a/*" }"#,
];

#[derive(Debug, Clone)]
struct Rule {
    principal: usize,
    action: usize,
    resource: usize,
    condition: usize,
}

impl Rule {
    fn text(&self, effect: &str) -> String {
        let Self { principal, action, resource, condition } = self;
        format!(
            "{effect} ({}, {}, {}) {};\n",
            PRINCIPALS[*principal], ACTIONS[*action], RESOURCES[*resource], CONDITIONS[*condition]
        )
    }
}

#[derive(Debug, Clone)]
struct Request {
    operation: &'static str,
    resource: Resource,
    is_member: bool,
    recursive: bool,
    with_decryption: bool,
}

fn rule() -> impl Strategy<Value = Rule> {
    (0..PRINCIPALS.len(), 0..ACTIONS.len(), 0..RESOURCES.len(), 0..CONDITIONS.len()).prop_map(
        |(principal, action, resource, condition)| Rule { principal, action, resource, condition },
    )
}

fn request() -> impl Strategy<Value = Request> {
    let name =
        prop::collection::vec("[ab]", 1..4).prop_map(|parts| format!("/{}", parts.join("/")));
    let resource = prop_oneof![
        name.prop_map(Resource::Parameter),
        Just(Resource::Account),
        Just(Resource::AutomationDefinition("Deploy".to_owned(), "1".to_owned())),
    ];
    (prop::sample::select(&OPERATIONS[..]), resource, any::<[bool; 3]>()).prop_map(
        |(operation, resource, [is_member, recursive, with_decryption])| Request {
            operation,
            resource,
            is_member,
            recursive,
            with_decryption,
        },
    )
}

fn decide(policies: &[String], request: &Request) -> Decision {
    let mut set = Policies::default();
    let text: String = policies.concat();
    set.add_file("site", &text).unwrap_or_else(|wrong| panic!("{wrong:?} in {text}"));
    let place = Place { account_id: "000000000000".to_owned(), region: "us-east-1".to_owned() };
    let roles: BTreeSet<String> = request.is_member.then(|| "ops".to_owned()).into_iter().collect();
    let circumstances = Circumstances {
        recursive: request.recursive,
        with_decryption: request.with_decryption,
        ..Circumstances::default()
    };
    let asked = Asked {
        place: &place,
        acting: Acting::User { name: "ann", roles: &roles },
        operation: request.operation,
        resource: &request.resource,
        tags: &BTreeMap::new(),
        circumstances: &circumstances,
    };
    set.decide(&asked).unwrap()
}

fn texts(effect: &str, rules: &[Rule]) -> Vec<String> {
    rules.iter().map(|rule| rule.text(effect)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn without_a_permit_everything_is_denied(
        forbids in prop::collection::vec(rule(), 0..4), request in request(),
    ) {
        prop_assert!(!decide(&[], &request).is_allowed);
        prop_assert!(!decide(&texts("forbid", &forbids), &request).is_allowed);
    }

    #[test]
    fn what_matches_a_forbid_is_denied_whatever_permits(
        permits in prop::collection::vec(rule(), 0..4), forbid in rule(), request in request(),
    ) {
        // A rule matches a request if it alone, as a permit, allows it.
        let matches = decide(&texts("permit", std::slice::from_ref(&forbid)), &request).is_allowed;
        let mut all = texts("permit", &permits);
        let before = decide(&all, &request);
        all.insert(0, forbid.text("forbid"));
        let after = decide(&all, &request);
        prop_assert_eq!(after.is_allowed, before.is_allowed && !matches);
        if matches {
            prop_assert_eq!(after.policies, ["site:1"]);
        }
    }

    #[test]
    fn another_permit_takes_nothing_away(
        permits in prop::collection::vec(rule(), 0..4),
        forbids in prop::collection::vec(rule(), 0..2),
        more in rule(),
        request in request(),
    ) {
        let mut all = texts("permit", &permits);
        all.extend(texts("forbid", &forbids));
        let before = decide(&all, &request).is_allowed;
        all.push(more.text("permit"));
        prop_assert!(decide(&all, &request).is_allowed >= before);
    }

    #[test]
    fn a_path_is_judged_by_itself(permits in prop::collection::vec(rule(), 0..4), request in request()) {
        // What lies below a path has no say, nor does a slash at its end.
        let Resource::Parameter(name) = &request.resource else { return Ok(()) };
        let slash = Request {
            resource: Resource::Parameter(format!("{name}/")),
            ..request.clone()
        };
        let below = format!(r#"forbid (principal, action, resource) when {{ resource.arn like "*parameter{name}/*" }};"#);
        let mut all = texts("permit", &permits);
        let before = decide(&all, &request);
        prop_assert_eq!(&before, &decide(&all, &slash));
        all.push(below);
        prop_assert_eq!(before.is_allowed, decide(&all, &slash).is_allowed);
    }
}

#[test]
fn a_forbid_that_cannot_be_evaluated_forbids() {
    let text = r#"
        permit (principal, action, resource);
        @id("overflow") forbid (principal, action, resource)
        when { context.recursive && 9223372036854775807 + 1 > 0 };"#;
    let request = |recursive| Request {
        operation: "GetParametersByPath",
        resource: Resource::Parameter("/a".to_owned()),
        is_member: false,
        recursive,
        with_decryption: false,
    };
    let decision = decide(&[text.to_owned()], &request(true));
    assert!(!decision.is_allowed && !decision.errors.is_empty(), "{decision:?}");
    assert_eq!(decision.policies, ["site:overflow"]);
    assert!(decide(&[text.to_owned()], &request(false)).is_allowed);
}

#[test]
fn policies_that_come_with_the_program_hold_against_the_schema() {
    for policy in services_policies() {
        let said = services::access::validate_policies(&policy);
        assert_eq!(said, [], "{policy}");
    }
}

fn services_policies() -> Vec<String> {
    let fixture = crate::fixture::Fixture::new();
    fixture.services.list_policies().into_iter().map(|policy| policy.text).collect()
}
