use serde_json::{Value, json};
use services::scrub::Scrubber;

const SECRET: &str = "p\"a/s s+w=rd";

#[track_caller]
fn check(text: &str, expected: &str) {
    let scrubber = Scrubber::new([SECRET]).unwrap();
    assert_eq!(scrubber.text(text.to_owned()), expected);
}

#[test]
fn every_form_of_a_secret_goes() {
    check("plain p\"a/s s+w=rd!", "plain ***!");
    check("base64 cCJhL3Mgcyt3PXJk.", "base64 ***.");
    check("query p%22a%2Fs%20s%2Bw%3Drd&b", "query ***&b");
    check("lower p%22a%2fs%20s%2bw%3drd", "lower ***");
    check("form p%22a%2Fs+s%2Bw%3Drd", "form ***");
    check(r#"json "p\"a/s s+w=rd""#, r#"json "***""#);
    check(r#"json p\"a\/s s+w=rd"#, "json ***");
    check(r#"nested p\\\"a/s s+w=rd"#, "nested ***");
    check("nothing of it", "nothing of it");
}

#[test]
fn values_are_scrubbed_deeply_keys_and_numbers_too() {
    let scrubber = Scrubber::new(["hunter22", "12345678"]).unwrap();
    let value = json!({
        "hunter22": 1,
        "***": { "list": ["a hunter22 b", 12_345_678, 912_345_678_u64, 7, null, true] },
    });
    assert_eq!(
        scrubber.value(value),
        json!({ "***": 1, "****": { "list": ["a *** b", "***", "***", 7, null, true] } })
    );
}

#[test]
fn the_longer_of_two_secrets_goes_whole() {
    let scrubber = Scrubber::new(["secret", "secret-and-more"]).unwrap();
    assert_eq!(scrubber.text("x secret-and-more secret".to_owned()), "x *** ***");
}

#[test]
fn short_secrets_and_none_leave_everything() {
    for secrets in [vec![], vec!["", "a", "12345"]] {
        let scrubber = Scrubber::new(secrets).unwrap();
        let value = json!({ "a": "12345 a", "": [12_345] });
        assert_eq!(scrubber.value(value.clone()), value);
    }
    let scrubber = Scrubber::new(["ab\u{e9}\u{e9}\u{e9}f"]).unwrap();
    assert_eq!(scrubber.value(Value::from("ab\u{e9}\u{e9}\u{e9}f")), json!("***"));
}
