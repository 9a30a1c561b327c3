use proptest::prelude::*;
use runbook::plan::Schema;
use runbook::template::{Reference, Template};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::fixture::{Fixture, scope, table};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    value: Value,
    schema: Option<Schema>,
    #[serde(default, deserialize_with = "present")]
    is: Option<Value>,
    /// Part of the message with which it is refused when it is read.
    error: Option<String>,
    offset: Option<usize>,
    help: Option<String>,
    /// Part of the message with which resolving fails.
    fails: Option<String>,
}

fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

#[test]
fn every_case_of_the_table_holds() {
    let cases: Vec<Case> = table(include_str!("../data/template/cases.yaml"));
    for case in cases {
        for schema in case.schema.map_or(vec![Schema::V0_3, Schema::V0_4], |schema| vec![schema]) {
            check(&case, schema, &scope());
        }
    }
}

fn check(case: &Case, schema: Schema, scope: &Fixture) {
    let template = match (Template::from_value(case.value.clone(), schema), &case.error) {
        (Ok(template), None) => template,
        (Ok(template), Some(_)) => panic!("{case:?} in {schema:?} was read as {template:?}"),
        (Err(errors), None) => panic!("{case:?} in {schema:?} was refused: {errors:?}"),
        (Err(errors), Some(message)) => {
            let (_, error) = &errors[0];
            assert!(error.message.contains(message.as_str()), "{case:?}: {error:?}");
            if let Some(offset) = case.offset {
                assert_eq!(error.offset, offset, "{case:?}: {error:?}");
            }
            if let Some(help) = &case.help {
                assert!(error.help.as_ref().is_some_and(|text| text.contains(help)), "{error:?}");
            }
            return;
        }
    };
    let stored = serde_json::to_string(&template).unwrap();
    let template_again: Template = serde_json::from_str(&stored).unwrap();
    assert_eq!(template_again, template, "{case:?}");
    let resolved = template_again.resolve(scope);
    match (&case.is, &case.fails) {
        (Some(expected), None) => {
            assert_eq!(resolved.as_ref(), Ok(expected), "{case:?} in {schema:?}");
        }
        (None, Some(message)) => {
            let error = resolved.unwrap_err().to_string();
            assert!(error.contains(message.as_str()), "{case:?}: {error}");
        }
        _ => panic!("{case:?} states no single outcome"),
    }
    let prepared = template.prepare(scope).and_then(|part| part.resolve(scope));
    assert_eq!(prepared.ok(), template.resolve(scope).ok(), "prepared: {case:?}");
}

#[test]
fn all_mistakes_of_a_value_come_with_their_paths() {
    let value =
        json!({ "a": ["ok", "{{ x y }}"], "b/c": { "d": "{{ ssm:x }}" }, "e": "${{ 1 + }}" });
    let errors = Template::from_value(value, Schema::V0_4).unwrap_err();
    let paths: Vec<&str> = errors.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["/a/1", "/b~1c/d", "/e"]);
}

#[test]
fn references_are_found_in_every_form() {
    let value = json!({
        "a": "{{ Tier }} {{ Nodes.Ids }}",
        "b": ["{{ variable:v }}", "{{ global:DATE }}", "{{ automation:EXECUTION_ID }}"],
        "c": "${{ steps.Other.outputs.X == parameters.P && item.index > 0 }}",
        "d": { "secret": "{{ Token }}" },
    });
    let found = Template::from_value(value, Schema::V0_4).unwrap().references();
    assert_eq!(Vec::from_iter(&found.parameters), ["P", "Tier", "Token"]);
    assert_eq!(Vec::from_iter(&found.steps), ["Nodes", "Other"]);
    let outputs = [("Nodes".to_owned(), "Ids".to_owned()), ("Other".to_owned(), "X".to_owned())];
    assert_eq!(Vec::from_iter(found.outputs), outputs);
    assert_eq!(Vec::from_iter(&found.variables), ["v"]);
    assert_eq!(found.globals.len(), 1);
    assert!(found.execution_id && found.item && !found.run && !found.event);
}

#[test]
fn only_what_reads_the_item_is_left_to_the_items() {
    let value = json!({ "a": "{{ Tier }}", "b": "${{ item.index }} of ${{ size(parameters.Names) }}", "c": ["{{ Names }}", "${{ item.index }}"] });
    let template = Template::from_value(value, Schema::V0_4).unwrap();
    let prepared = template.prepare(&scope()).unwrap();
    assert!(prepared.references().parameters.is_empty());
    let item = Fixture { item: Some(json!({ "index": 9 })), ..Fixture::default() };
    assert_eq!(
        prepared.resolve(&item),
        Ok(json!({ "a": "web", "b": "9 of 2", "c": ["a", "b", 9] }))
    );
}

#[test]
fn a_text_that_grows_too_large_is_refused() {
    let big = "x".repeat(600 << 10);
    let scope =
        Fixture { parameters: [("P".to_owned(), Value::String(big))].into(), ..Fixture::default() };
    let template = Template::parse_text("{{ P }}{{ P }}", Schema::V0_3).unwrap();
    assert!(template.resolve(&scope).unwrap_err().to_string().contains("too large"));
}

#[test]
fn a_whole_value_that_grows_too_large_is_refused() {
    let scope = Fixture {
        parameters: [("P".to_owned(), Value::String("x".repeat(1 << 20)))].into(),
        ..Fixture::default()
    };
    let value = Value::from(vec!["{{ P }}"; 9]);
    let template = Template::from_value(value, Schema::V0_3).unwrap();
    assert!(template.resolve(&scope).unwrap_err().to_string().contains("too large"));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in ".{0,80}") {
        for schema in [Schema::V0_3, Schema::V0_4] {
            match Template::parse_text(&text, schema) {
                Ok(template) => { let _resolved = template.resolve(&scope()); }
                Err(error) => prop_assert!(error.offset <= text.len(), "{error:?}"),
            }
        }
    }

    #[test]
    fn text_of_braces_is_read_or_refused(text in r#"[{}$a.:'" \\]{0,24}"#) {
        for schema in [Schema::V0_3, Schema::V0_4] {
            match Template::parse_text(&text, schema) {
                Ok(template) => { let _resolved = template.resolve(&scope()); }
                Err(error) => prop_assert!(error.offset <= text.len(), "{error:?}"),
            }
        }
    }

    #[test]
    fn text_without_braces_stands_for_itself(text in "[^{]{0,60}") {
        prop_assert_eq!(
            Template::parse_text(&text, Schema::V0_4).unwrap(),
            Template::Literal(Value::String(text))
        );
    }

    #[test]
    fn a_displayed_reference_reads_back(step in "[A-Za-z0-9_]{1,8}", output in "[A-Za-z0-9_]{1,8}") {
        for reference in [
            Reference::Parameter(step.clone()),
            Reference::Variable(output.clone()),
            Reference::StepOutput { step: step.clone(), output: output.clone() },
        ] {
            let text = format!("{{{{ {reference} }}}}");
            prop_assert_eq!(
                Template::parse_text(&text, Schema::V0_3).unwrap(),
                Template::Reference(reference)
            );
        }
    }
}
