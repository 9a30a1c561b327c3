//! `runwright param`

use serde_json::json;

use crate::run::scratch;

#[test]
fn parameters_are_put_read_listed_and_deleted() {
    let scratch = scratch();
    scratch.says(0, ["param", "put", "/app/mode", "fast", "--description", "how"]);
    scratch.says(0, ["param", "put", "/app/hosts", "a,b", "--type", "StringList"]);
    scratch.says(0, ["param", "put", "/other/name", "x"]);
    let exists = scratch.says(2, ["param", "put", "/app/mode", "slow"]);
    exists.with(&["ParameterAlreadyExists", "/app/mode"]);
    let put = scratch.json(0, ["param", "put", "/app/mode", "slow", "--overwrite"]);
    assert_eq!(put["Version"], 2);
    assert_eq!(scratch.says(0, ["param", "get", "/app/mode"]).stdout, "slow\n");
    assert_eq!(scratch.says(0, ["param", "get", "/app/mode:1"]).stdout, "fast\n");
    let listed = scratch.json(0, ["param", "ls", "/app/"]);
    let names: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["Name"].as_str().unwrap(), row["Type"].as_str().unwrap()))
        .collect();
    assert_eq!(names, [("/app/hosts", "StringList"), ("/app/mode", "String")]);
    scratch.says(0, ["param", "rm", "/app/mode"]).with(&["/app/mode is deleted"]);
    scratch.says(2, ["param", "get", "/app/mode"]).with(&["there is no parameter /app/mode"]);
    scratch.says(2, ["param", "rm", "/app/mode"]).with(&["there is no parameter /app/mode"]);
    assert_eq!(scratch.json(0, ["param", "ls", "/app/mode"]), json!([]));
}

#[test]
fn what_no_parameter_can_be_is_refused() {
    let scratch = scratch();
    scratch.says(2, ["param", "put", "bad name", "x"]).with(&["the character ' '"]);
    scratch.says(2, ["param", "put", "/a", "x", "--type", "Number"]).with(&["SecureString"]);
    let long = "x".repeat(4097);
    let refused = scratch.says(2, ["param", "put", "/a", &long]);
    assert!(refused.stderr.contains("4096"), "{}", refused.stderr);
    assert_eq!(scratch.json(0, ["param", "ls"]), json!([]));
}
