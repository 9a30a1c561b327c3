//! IAM's policies in Cedar's words: the same decisions as those of an evaluator written from IAM's rules.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};
use services::Resource;
use services::access::iam::{Holder, convert};
use services::access::{Acting, Asked, Circumstances, Policies};
use services::parameters::Place;

#[derive(Debug, Clone)]
struct Statement {
    allows: bool,
    actions: Vec<&'static str>,
    resources: Vec<&'static str>,
}

const ACTIONS: [&str; 10] = [
    "*",
    "ssm:*",
    "ssm:Get*",
    "ssm:get*s",
    "SSM:GetParameter",
    "ssm:GetParameter?",
    "ssm:*Parameter*",
    "ssm:PutParameter",
    "iam:*",
    "*:PassRole",
];
const RESOURCES: [&str; 9] = [
    "*",
    "arn:aws:ssm:*",
    "arn:aws:ssm:*:*:parameter/*",
    "arn:aws:ssm:us-east-1:000000000000:parameter/app/*",
    "arn:aws:ssm:us-east-1:000000000000:parameter/app",
    "arn:aws:ssm:us-west-1:*:parameter/app*",
    "arn:aws:ssm:*:*:*/a*b*",
    "arn:aws:ssm:us-east-1:000000000000:document/Deploy",
    "arn:aws:iam::*:role/*",
];
const OPERATIONS: [&str; 6] = [
    "GetParameter",
    "GetParameters",
    "GetDocument",
    "PutParameter",
    "StartAutomationExecution",
    "PassRole",
];

fn place() -> Place {
    Place { account_id: "000000000000".to_owned(), region: "us-east-1".to_owned() }
}

fn resources() -> Vec<Resource> {
    vec![
        Resource::Account,
        Resource::Parameter("/app".to_owned()),
        Resource::Parameter("/app/b".to_owned()),
        Resource::Parameter("/ab".to_owned()),
        Resource::Document("Deploy".to_owned()),
        Resource::Document("Deploy2".to_owned()),
        Resource::AutomationDefinition("aab".to_owned(), "1".to_owned()),
        Resource::Role("ops".to_owned()),
    ]
}

fn statement() -> impl Strategy<Value = Statement> {
    let actions = prop::collection::vec(prop::sample::select(&ACTIONS[..]), 1..3);
    let resources = prop::collection::vec(prop::sample::select(&RESOURCES[..]), 1..3);
    (prop::bool::weighted(0.7), actions, resources)
        .prop_map(|(allows, actions, resources)| Statement { allows, actions, resources })
}

/// IAM's wildcards, one character at a time.
fn is_match(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.first(), text.first()) {
        (None, None) => true,
        (Some(b'*'), _) => {
            is_match(&pattern[1..], text) || !text.is_empty() && is_match(pattern, &text[1..])
        }
        (Some(b'?'), Some(_)) => is_match(&pattern[1..], &text[1..]),
        (Some(one), Some(other)) => one == other && is_match(&pattern[1..], &text[1..]),
        (None, Some(_)) | (Some(_), None) => false,
    }
}

/// An explicit denial, then an allowance, then the denial of everything else.
fn evaluated(statements: &[Statement], action: &str, arn: &str) -> bool {
    let applies = |statement: &&Statement| {
        let action = action.to_ascii_lowercase();
        let is_action =
            |pattern: &&str| is_match(pattern.to_ascii_lowercase().as_bytes(), action.as_bytes());
        let is_resource = |pattern: &&str| is_match(pattern.as_bytes(), arn.as_bytes());
        statement.actions.iter().any(is_action) && statement.resources.iter().any(is_resource)
    };
    let applying: Vec<_> = statements.iter().filter(applies).collect();
    applying.iter().all(|statement| statement.allows) && !applying.is_empty()
}

fn document(statements: &[Statement]) -> String {
    let one = |statement: &Statement| {
        json!({
            "Effect": if statement.allows { "Allow" } else { "Deny" },
            "Action": statement.actions,
            "Resource": statement.resources,
        })
    };
    let statements: Vec<Value> = statements.iter().map(one).collect();
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

fn converted(text: &str) -> Policies {
    let cedar = convert(text, Holder::Role("ops")).unwrap_or_else(|refused| panic!("{refused:?}"));
    let mut policies = Policies::default();
    policies.add_file("iam", &cedar).unwrap_or_else(|wrong| panic!("{wrong:?}\n{cedar}"));
    policies
}

fn is_allowed(
    policies: &Policies,
    operation: &str,
    resource: &Resource,
    tags: &BTreeMap<String, String>,
    circumstances: &Circumstances,
) -> bool {
    let place = place();
    let roles = BTreeSet::from(["ops".to_owned()]);
    let acting = Acting::User { name: "ann", roles: &roles };
    let asked = Asked { place: &place, acting, operation, resource, tags, circumstances };
    let decision = policies.decide(&asked).unwrap();
    assert_eq!(decision.errors, Vec::<String>::new());
    decision.is_allowed
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn decisions_are_those_of_iam(statements in prop::collection::vec(statement(), 1..5)) {
        let policies = converted(&document(&statements));
        for operation in OPERATIONS {
            for resource in resources() {
                let service = if operation == "PassRole" { "iam" } else { "ssm" };
                let action = format!("{service}:{operation}");
                let expected = evaluated(&statements, &action, &resource.arn(&place()));
                let decided = is_allowed(
                    &policies, operation, &resource, &BTreeMap::new(), &Circumstances::default(),
                );
                prop_assert_eq!(decided, expected, "{} {:?}", action, resource);
            }
        }
    }
}

/// Decides about a resource with tags by a statement that allows under a condition.
fn under(condition: &Value, tags: &[(&str, &str)], circumstances: &Circumstances) -> bool {
    let text = json!({ "Statement": { "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition } });
    let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let resource = Resource::ManagedInstance("mi-1".to_owned());
    is_allowed(&converted(&text.to_string()), "SendCommand", &resource, &tags, circumstances)
}

#[test]
fn conditions_on_tags_hold_where_iams_would() {
    let none = Circumstances::default();
    for (condition, tags, expected) in [
        (json!({ "StringEquals": { "ssm:resourceTag/team": "a" } }), vec![("team", "a")], true),
        (
            json!({ "StringEquals": { "aws:ResourceTag/team": ["a", "b"] } }),
            vec![("team", "b")],
            true,
        ),
        (
            json!({ "StringEquals": { "aws:ResourceTag/team": ["a", "b"] } }),
            vec![("team", "c")],
            false,
        ),
        (json!({ "StringEquals": { "aws:ResourceTag/team": "a" } }), vec![], false),
        (json!({ "StringEquals": { "aws:ResourceTag/team": "a*" } }), vec![("team", "ab")], false),
        (json!({ "StringLike": { "aws:ResourceTag/team": "a*" } }), vec![("team", "ab")], true),
        (json!({ "StringLike": { "aws:ResourceTag/team": "a*" } }), vec![("team", "ba")], false),
        (
            json!({ "StringNotEquals": { "aws:ResourceTag/team": ["a", "b"] } }),
            vec![("team", "b")],
            false,
        ),
        (
            json!({ "StringNotEquals": { "aws:ResourceTag/team": ["a", "b"] } }),
            vec![("team", "c")],
            true,
        ),
        (json!({ "StringNotEquals": { "aws:ResourceTag/team": "a" } }), vec![], true),
        (
            json!({ "StringEquals": { "ssm:resourceTag/a\"b": "1", "ssm:resourceTag/c": "2" } }),
            vec![("a\"b", "1"), ("c", "2")],
            true,
        ),
        (
            json!({ "StringEquals": { "ssm:resourceTag/a": "1" }, "StringLike": { "ssm:resourceTag/c": "2" } }),
            vec![("a", "1")],
            false,
        ),
    ] {
        assert_eq!(under(&condition, &tags, &none), expected, "{condition} {tags:?}");
    }
}

#[test]
fn conditions_on_the_request_hold_where_iams_would() {
    let plain = Circumstances::default();
    let overwrites = Circumstances { overwrite: true, ..plain.clone() };
    let recursive = Circumstances { recursive: true, ..plain.clone() };
    let mfa = Circumstances { is_mfa: true, ..plain.clone() };
    let from = |address: &str| Circumstances {
        source_address: Some(address.parse().unwrap()),
        ..Circumstances::default()
    };
    let kind = Circumstances { document_type: Some("Command".to_owned()), ..plain.clone() };
    for (condition, circumstances, expected) in [
        (json!({ "Bool": { "ssm:Overwrite": "true" } }), &overwrites, true),
        (json!({ "Bool": { "ssm:overwrite": "false" } }), &overwrites, false),
        (json!({ "StringEquals": { "ssm:Recursive": ["true"] } }), &recursive, true),
        (json!({ "StringNotEquals": { "ssm:Recursive": "true" } }), &recursive, false),
        (json!({ "StringNotEquals": { "ssm:Recursive": "true" } }), &plain, true),
        (json!({ "Bool": { "aws:MultiFactorAuthPresent": true } }), &mfa, true),
        (json!({ "Bool": { "aws:MultiFactorAuthPresent": true } }), &plain, false),
        (
            json!({ "IpAddress": { "aws:SourceIp": ["10.0.0.0/8", "192.0.2.7"] } }),
            &from("192.0.2.7"),
            true,
        ),
        (
            json!({ "IpAddress": { "aws:SourceIp": ["10.0.0.0/8", "192.0.2.7"] } }),
            &from("192.0.2.8"),
            false,
        ),
        (json!({ "IpAddress": { "aws:SourceIp": "2001:db8::/32" } }), &from("2001:db8::1"), true),
        (json!({ "IpAddress": { "aws:SourceIp": "0.0.0.0/0" } }), &plain, false),
        (json!({ "StringEquals": { "ssm:DocumentType": "Command" } }), &kind, true),
        (json!({ "StringEquals": { "ssm:DocumentType": "Command" } }), &plain, false),
        (json!({ "StringNotEquals": { "ssm:DocumentType": "Command" } }), &plain, true),
    ] {
        assert_eq!(under(&condition, &[], circumstances), expected, "{condition}");
    }
}

#[test]
fn statements_keep_their_names_and_their_holder() {
    let text = r#"{ "Version": "2012-10-17", "Id": "x", "Statement": [
        { "Sid": "Read", "Effect": "Allow", "Action": "ssm:Get*", "Resource": "*" },
        { "Effect": "Deny", "Action": "*", "Resource": "arn:aws:ssm:*:*:parameter/keys/*" } ] }"#;
    let cedar = convert(text, Holder::User("a\"b")).unwrap();
    assert!(cedar.contains("@id(\"Read\")\npermit (principal == User::\"a\\\"b\", "), "{cedar}");
    assert!(cedar.contains("@id(\"2\")\nforbid ("), "{cedar}");
    assert!(cedar.contains("Action::\"ssm:GetParameter\""), "{cedar}");
    let all = convert(&text.replace("ssm:Get*", "ssm:*"), Holder::Role("ops")).unwrap();
    assert!(
        all.contains(r#"action in [Action::"ssm:read", Action::"ssm:write"], resource"#),
        "{all}"
    );
    assert!(
        convert(text, Holder::Everybody).unwrap().contains("forbid (principal, action, resource)")
    );
    assert_eq!(services::access::validate_policies(&cedar), []);
}

/// A policy of one statement, with more members.
fn statement_with(more: &str) -> String {
    format!(
        r#"{{ "Statement": [{{ "Effect": "Allow", "Action": "ssm:*", "Resource": "*"{more} }}] }}"#
    )
}

fn condition(text: &str) -> String {
    statement_with(&format!(r#", "Condition": {text}"#))
}

fn assert_refused(text: &str, place: &str) {
    let refused = convert(text, Holder::Everybody).unwrap_err();
    assert!(refused.iter().any(|one| one.place == place), "{text}: {refused:?}");
}

#[test]
fn statements_that_are_not_converted_are_named() {
    let cases = [
        ("{".to_owned(), ""),
        ("[]".to_owned(), ""),
        ("{}".to_owned(), "Statement"),
        (r#"{ "Statement": [], "Statment": 1 }"#.to_owned(), "Statment"),
        (r#"{ "Version": "2013-01-01", "Statement": [] }"#.to_owned(), "Version"),
        (r#"{ "Statement": [1] }"#.to_owned(), "Statement[0]"),
        (statement_with(r#", "Effect": "Deny""#), ""),
        (statement_with(r#", "Sid": 1"#), "Statement[0].Sid"),
        (statement_with(r#", "NotAction": "ssm:PutParameter""#), "Statement[0].NotAction"),
        (statement_with(r#", "Principal": "*""#), "Statement[0].Principal"),
        (statement_with("").replace("Allow", "Permit"), "Statement[0].Effect"),
        (statement_with("").replace("\"ssm:*\"", "[]"), "Statement[0].Action"),
        (statement_with("").replace("ssm:*", "kms:Decrypt"), "Statement[0].Action[0]"),
        (statement_with("").replace("\"ssm:*\"", "[\"ssm:*\", 1]"), "Statement[0].Action"),
        (statement_with("").replace("\"*\"", "\"parameter/x\""), "Statement[0].Resource[0]"),
        (
            statement_with("").replace("\"*\"", "\"arn:aws:ssm:*:*:parameter/?\""),
            "Statement[0].Resource[0]",
        ),
        (
            statement_with("").replace("\"*\"", "\"arn:aws:ssm:*:*:parameter/${aws:username}\""),
            "Statement[0].Resource[0]",
        ),
    ];
    for (text, place) in cases {
        assert_refused(&text, place);
    }
}

#[test]
fn conditions_that_are_not_converted_are_named() {
    let cases = [
        (condition("1"), "Statement[0].Condition"),
        (
            condition(r#"{ "DateLessThan": { "aws:CurrentTime": "x" } }"#),
            "Statement[0].Condition.DateLessThan",
        ),
        (
            condition(r#"{ "StringEqualsIfExists": { "ssm:Overwrite": "true" } }"#),
            "Statement[0].Condition.StringEqualsIfExists",
        ),
        (
            condition(r#"{ "StringEquals": { "aws:username": "ann" } }"#),
            "Statement[0].Condition.StringEquals.aws:username",
        ),
        (
            condition(r#"{ "StringLike": { "ssm:resourceTag/a": "?" } }"#),
            "Statement[0].Condition.StringLike.ssm:resourceTag/a",
        ),
        (
            condition(r#"{ "Bool": { "ssm:Overwrite": "maybe" } }"#),
            "Statement[0].Condition.Bool.ssm:Overwrite",
        ),
        (
            condition(r#"{ "StringEquals": { "ssm:resourceTag/a": "${x}" } }"#),
            "Statement[0].Condition.StringEquals.ssm:resourceTag/a",
        ),
        (
            condition(r#"{ "IpAddress": { "aws:SourceIp": "10.0.0.0/33" } }"#),
            "Statement[0].Condition.IpAddress.aws:SourceIp",
        ),
        (
            condition(r#"{ "StringEquals": { "aws:SourceIp": "10.0.0.1" } }"#),
            "Statement[0].Condition.StringEquals.aws:SourceIp",
        ),
        (
            condition(r#"{ "StringEquals": { "ssm:resourceTag/a": [] } }"#),
            "Statement[0].Condition.StringEquals.ssm:resourceTag/a",
        ),
    ];
    for (text, place) in cases {
        assert_refused(&text, place);
    }
    let two = condition(r#"{ "Null": {}, "NumericEquals": {} }"#);
    assert_eq!(convert(&two, Holder::Everybody).unwrap_err().len(), 2);
}
