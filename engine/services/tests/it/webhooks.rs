//! How webhooks are known to come from their senders; the vectors were made by programs that are not ours.

mod fixture;
mod signing;
mod tampering;

use serde::Deserialize;
use serde_json::Value;
use services::webhooks::scheme::{BODY_BYTES_MAX, Cause, Scheme};

use fixture::{Vector, read, scheme, secrets, vector, vectors};

#[test]
fn every_vector_is_accepted_and_described() {
    for vector in vectors() {
        let expected = vector.verified();
        assert_eq!(vector.verify(), Ok(expected), "{}", vector.name);
    }
}

#[test]
fn options_are_read_or_refused_with_a_reason() {
    #[derive(Deserialize)]
    struct Case {
        written: Value,
        error: Option<String>,
    }
    for Case { written, error } in read::<Vec<Case>>(include_str!("webhooks/options.json")) {
        match (serde_json::from_value::<Scheme>(written.clone()), error) {
            (Ok(_), None) => {}
            (Err(found), Some(expected)) => {
                let found = found.to_string();
                assert!(found.contains(&expected), "{written}: {found}");
                assert!(!found.contains("s3cret value"), "{written}: {found}");
            }
            (outcome, _) => panic!("{written} gave {outcome:?}"),
        }
    }
}

#[test]
fn secret_names_keep_their_order() {
    let scheme = scheme(r#"{ "scheme": "slack", "secret": ["/hooks/now", "/hooks/before"] }"#);
    assert_eq!(scheme.secret_names().as_slice(), ["/hooks/now", "/hooks/before"]);
}

#[test]
fn while_secrets_are_rotated_any_of_them_signs() {
    for vector in vectors() {
        let known = vector.secrets[0].clone();
        let other = vector.another_secret();
        for list in [[&known, &other], [&other, &known]] {
            let rotated = vector.with_secrets(&list.map(String::as_str));
            assert_eq!(rotated.verify(), Ok(vector.verified()), "{}", vector.name);
        }
    }
}

#[test]
fn a_stranger_is_refused() {
    for vector in vectors() {
        let other = vector.another_secret();
        assert_eq!(vector.with_secrets(&[&other]).cause(), Cause::Signature, "{}", vector.name);
        assert_eq!(vector.with_secrets(&[]).cause(), Cause::SecretCount, "{}", vector.name);
        let many = vector.with_secrets(&[vector.secrets[0].as_str(); 5]);
        assert_eq!(many.cause(), Cause::SecretCount, "{}", vector.name);
    }
}

#[test]
fn an_empty_secret_lets_nobody_in() {
    for vector in vectors() {
        let cause = vector.with_secrets(&[""]).cause();
        assert_eq!(cause, Cause::Secret { position: 1 }, "{}", vector.name);
        let beside = vector.with_secrets(&["", &vector.secrets[0]]);
        assert_eq!(beside.verify(), Ok(vector.verified()), "{}", vector.name);
    }
    let mut token = vector("gitlab, a token").with_secrets(&[""]);
    token.set_header("X-Gitlab-Token", "");
    assert_eq!(token.cause(), Cause::Secret { position: 1 });
    let mut bearer = vector("a bearer token").with_secrets(&[""]);
    bearer.set_header("Authorization", "Bearer ");
    assert_eq!(bearer.cause(), Cause::Secret { position: 1 });
}

#[test]
fn a_header_that_is_missing_or_stands_there_twice_is_refused() {
    for vector in vectors() {
        for header in vector.headers_needed() {
            let mut without = vector.clone();
            without.headers.remove(&header);
            let cause = without.cause();
            assert!(
                matches!(&cause, Cause::HeaderMissing { header: found } if found.eq_ignore_ascii_case(&header)),
                "{}: {cause:?}",
                vector.name
            );
        }
        for header in vector.headers.keys() {
            let mut twice = vector.clone();
            twice.repeated = Some(header.clone());
            let unread = vector.name == "gitlab, a token" && header == "X-Gitlab-Event-UUID";
            if unread {
                continue;
            }
            let cause = twice.cause();
            assert!(
                matches!(&cause, Cause::HeaderTwice { header: found } if found.eq_ignore_ascii_case(header)),
                "{}: {header} {cause:?}",
                vector.name
            );
        }
    }
}

#[test]
fn a_timestamp_far_from_now_is_refused() {
    let stamped = [
        ("slack tells of an event", 300),
        ("standard, as published", 300),
        ("standard, by a public key", 300),
        ("gitlab, signed", 300),
        ("stripe", 300),
        ("grafana with its own headers and a time", 60),
        ("hmac with a time", 300),
        ("hmac with a time after the body", 10),
    ];
    for (name, tolerance_s) in stamped {
        let mut vector = vector(name);
        let signed_ms = vector.signed_at_ms();
        for near_ms in [signed_ms - tolerance_s * 1_000, signed_ms + tolerance_s * 1_000 + 999] {
            vector.now_ms = near_ms;
            assert_eq!(vector.verify(), Ok(vector.verified()), "{name}");
        }
        let far_s = tolerance_s + 1;
        for far_ms in [signed_ms - far_s * 1_000, signed_ms + far_s * 1_000] {
            vector.now_ms = far_ms;
            assert_eq!(vector.cause(), Cause::TimestampFar { difference_s: far_s }, "{name}");
        }
        vector.now_ms = u64::MAX;
        assert!(matches!(vector.cause(), Cause::TimestampFar { .. }), "{name}");
    }
}

#[test]
fn a_timestamp_is_plain_seconds() {
    for text in [
        "",
        "-1",
        "+1531420618",
        " 1531420618",
        "1531420618.0",
        "0x5b48",
        "1531420618000",
        "9999999999999999999999",
    ] {
        let mut vector = vector("slack, as published");
        vector.set_header("X-Slack-Request-Timestamp", text);
        assert!(vector.verify().is_err(), "{text}");
        let header = "X-Slack-Request-Timestamp".to_owned();
        assert_eq!(vector.cause(), Cause::TimestampForm { header }, "{text}");
    }
}

#[test]
fn the_old_sha1_header_of_github_counts_for_nothing() {
    let mut vector = vector("github, as published");
    let signature = vector.headers.remove("X-Hub-Signature-256").unwrap();
    vector.set_header("X-Hub-Signature", &signature);
    assert_eq!(vector.cause(), Cause::HeaderMissing { header: "X-Hub-Signature-256".to_owned() });
}

#[test]
fn of_several_signatures_any_may_match() {
    let other = "0".repeat(64);
    let mut stripe = vector("stripe");
    let (time, signature) = stripe.header("Stripe-Signature").split_once(',').unwrap();
    let (time, signature) = (time.to_owned(), signature.to_owned());
    for accepted in [
        format!("{time},v1={other},{signature}"),
        format!("{time},{signature},v1={other},v0={other}"),
        format!("{signature}, {time}"),
    ] {
        stripe.set_header("Stripe-Signature", &accepted);
        assert_eq!(stripe.verify(), Ok(stripe.verified()), "{accepted}");
    }
    let only_v0 = format!("{time},{}", signature.replace("v1=", "v0="));
    let twice = format!("{time},{time},{signature}");
    for refused in [only_v0, twice, signature, time, String::new()] {
        stripe.set_header("Stripe-Signature", &refused);
        assert!(stripe.verify().is_err(), "{refused}");
    }

    let mut pagerduty = vector("pagerduty");
    let signature = pagerduty.header("X-PagerDuty-Signature").to_owned();
    pagerduty.set_header("X-PagerDuty-Signature", &format!("v1={other},{signature}"));
    assert_eq!(pagerduty.verify(), Ok(pagerduty.verified()));
    pagerduty.set_header("X-PagerDuty-Signature", &vec![signature; 17].join(","));
    assert!(matches!(pagerduty.cause(), Cause::SignatureCount { .. }));

    let mut standard = vector("standard, as published");
    let signature = standard.header("webhook-signature").to_owned();
    standard.set_header("webhook-signature", &format!("v1a,AAAA v2,x {signature} v1,AAAA"));
    assert_eq!(standard.verify(), Ok(standard.verified()));
    let as_v1a = signature.replace("v1,", "v1a,");
    standard.set_header("webhook-signature", &as_v1a);
    assert_eq!(standard.cause(), Cause::Signature);
}

#[test]
fn sizes_are_bounded() {
    let mut vector = vector("github, as published");
    vector.body = "x".repeat(BODY_BYTES_MAX + 1);
    assert_eq!(vector.cause(), Cause::BodyTooLarge);
    vector.body.pop();
    assert_eq!(vector.cause(), Cause::Signature);
    for (header, bytes) in
        [("X-Hub-Signature-256", 4_097), ("X-GitHub-Delivery", 257), ("X-GitHub-Event", 257)]
    {
        let mut long = fixture::vector("github, as published");
        long.set_header(header, &"x".repeat(bytes));
        assert_eq!(long.cause(), Cause::HeaderText { header: header.to_owned() });
    }
    let mut odd = fixture::vector("github, as published");
    odd.set_header("X-GitHub-Event", "pùsh");
    assert_eq!(odd.cause(), Cause::HeaderText { header: "X-GitHub-Event".to_owned() });
}

#[test]
fn a_secret_of_another_scheme_is_named_by_its_place() {
    let standard = vector("standard, as published");
    for wrong in
        ["whsec_", "whsec_c2hvcnQ=", "whsec_not base64", "whsk_AQID", "whpk_AQID", "github"]
    {
        let cause = standard.with_secrets(&[wrong]).cause();
        assert_eq!(cause, Cause::Secret { position: 1 }, "{wrong}");
    }
    let Vector { headers, .. } = &standard;
    let id = headers.keys().find(|name| *name == "webhook-id").unwrap();
    for wrong in ["", "msg.1", "msg 1"] {
        let mut named = standard.clone();
        named.headers.insert(id.clone(), wrong.to_owned());
        assert_eq!(named.cause(), Cause::IdentifierForm { header: id.clone() }, "{wrong}");
    }
}

#[test]
fn refusals_look_alike_and_hold_no_secret() {
    let vector = vector("github, as published");
    let mut without = vector.clone();
    without.headers.clear();
    let refused = [vector.with_secrets(&["other"]).verify(), without.verify()];
    for refused in refused.map(Result::unwrap_err) {
        assert_eq!(refused.to_string(), "the webhook is not accepted");
        let shown = format!("{refused:?} {}", refused.cause());
        assert!(!shown.contains("other") && !shown.contains("757107ea"), "{shown}");
    }
    assert!(!format!("{:?}", secrets(&["other"])).contains("other"));
}
