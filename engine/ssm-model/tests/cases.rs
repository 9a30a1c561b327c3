//! Each file of `data/check` is a request or an answer, and what is said of it; each of `data/redact`, what is left of it.

use std::path::Path;

use serde_json::{Value, json};
use ssm_model::Operation;

fn operation(case: &Value) -> datatest_stable::Result<&'static Operation> {
    let name = case["operation"].as_str().ok_or("a case names an operation")?;
    Ok(ssm_model::operation(name).ok_or("SSM has no such operation")?)
}

#[expect(clippy::needless_pass_by_value, reason = "the harness asks for it")]
fn check(_: &Path, text: String) -> datatest_stable::Result<()> {
    let case: Value = serde_json::from_str(&text)?;
    let operation = operation(&case)?;
    let seen = match (case.get("input"), case.get("output")) {
        (Some(input), None) => operation.check_input(input),
        (None, Some(output)) => operation.check_output(output),
        _ => return Err("a case has an input or an output".into()),
    };
    let seen =
        seen.err().map(|refused| json!({ "code": refused.code(), "message": refused.to_string() }));
    assert_eq!(&json!(seen), case.get("error").ok_or("a case says what is wrong, or null")?);
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "the harness asks for it")]
fn redact(_: &Path, text: String) -> datatest_stable::Result<()> {
    let case: Value = serde_json::from_str(&text)?;
    let operation = operation(&case)?;
    let seen = match (case.get("input").cloned(), case.get("output").cloned()) {
        (Some(input), None) => operation.redacted_input(input),
        (None, Some(output)) => operation.redacted_output(output),
        _ => return Err("a case has an input or an output".into()),
    };
    assert_eq!(Some(&seen), case.get("redacted"));
    assert!(!seen.to_string().contains("secret"));
    Ok(())
}

datatest_stable::harness! {
    { test = check, root = "tests/data/check", pattern = r"\.json$" },
    { test = redact, root = "tests/data/redact", pattern = r"\.json$" },
}
