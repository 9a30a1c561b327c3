use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
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
fn a_secret_within_an_encoded_text_goes() {
    let scrubber = Scrubber::new(["s3cr\u{e9}t-t\u{f6}ken/+"]).unwrap();
    let secret = "s3cr\u{e9}t-t\u{f6}ken/+";
    // Two secrets' characters at each end share theirs with a neighbour.
    let middle: String = secret.chars().skip(2).take(8).collect();
    for before in ["", "u", "u:", "u::", "user:"] {
        for after in ["", "t", ":t", "::t"] {
            let text = format!("{before}{secret}{after}");
            for engine in [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD] {
                let encoded = engine.encode(&text);
                let masked = scrubber.text(format!("Basic {encoded}."));
                assert!(masked.contains("***"), "{text}: {masked}");
                let kept = masked.len() - "Basic ***.".len();
                let neighbours = (before.len() + after.len()) * 4 / 3 + 6;
                assert!(kept <= neighbours, "{text}: {encoded} became {masked}");
            }
        }
    }
    let hexadecimal = |text: &str, upper: bool| -> String {
        let digits = |byte: u8| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") };
        text.bytes().map(digits).collect()
    };
    let units = |upper: bool| {
        let digits = |unit| if upper { format!("\\u{unit:04X}") } else { format!("\\u{unit:04x}") };
        secret.encode_utf16().map(digits).collect::<String>()
    };
    let percent = |upper: bool| {
        let digits = |byte| if upper { format!("%{byte:02X}") } else { format!("%{byte:02x}") };
        secret.bytes().map(digits).collect::<String>()
    };
    for encoded in [
        hexadecimal(secret, false),
        hexadecimal(secret, true),
        hexadecimal(&format!("user:{secret}"), false),
        units(false),
        units(true),
        "s3cr\\u00e9t-t\\u00f6ken/+".to_owned(),
        "s3cr\\u00E9t-t\\u00F6ken/\\u002B".to_owned(),
        r"s3cr\u00e9t-t\u00f6ken\/+".to_owned(),
        "s3cr%C3%A9t-t%C3%B6ken%2F%2B".to_owned(),
        "s3cr%c3%a9t-t%c3%b6ken%2f%2b".to_owned(),
        percent(true),
        percent(false),
    ] {
        let masked = scrubber.text(format!("[{encoded}]"));
        assert!(masked.contains("***"), "{encoded}");
        assert!(!masked.contains(&middle) && masked.len() < 30, "{encoded}: {masked}");
    }
}

#[test]
fn members_of_a_structured_secret_go_from_six_characters_on() {
    let secret =
        r#"{"url":"https://example.org/h","headers":{"x-key":"abc123"},"n":["short","sixsix"]}"#;
    let scrubber = Scrubber::new([secret]).unwrap();
    let text = "abc123 short sixsix https://example.org/h https".to_owned();
    assert_eq!(scrubber.text(text), "*** short *** *** https");
    assert_eq!(scrubber.text(format!("a {secret} b")), "a *** b");
}

#[test]
fn long_secrets_are_found_whole_and_those_that_begin_alike_apart() {
    let long = |end: &str| format!("{}{end}", "0123456789".repeat(400));
    let (one, other) = (long("one"), long("other"));
    let scrubber = Scrubber::new([one.as_str(), other.as_str()]).unwrap();
    let text = format!("{one} {other} {}", long("third"));
    assert_eq!(scrubber.text(text), format!("*** *** {}", long("third")));
}

#[test]
fn secrets_that_overlap_go_together() {
    let scrubber = Scrubber::new(["abcdef", "defghi"]).unwrap();
    assert_eq!(scrubber.text("xabcdefghix abcdefdefghi".to_owned()), "x***x ******");
}

#[test]
fn bytes_are_scrubbed_as_bytes() {
    let scrubber = Scrubber::new(["hunter22"]).unwrap();
    let bytes = [b"\xff\xfehunter22\x80".as_slice(), b"aHVudGVyMjI="].concat();
    assert!(scrubber.finds(&bytes));
    assert_eq!(scrubber.bytes(bytes), b"\xff\xfe***\x80***");
    assert!(!scrubber.finds(b"hunter2"));
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
