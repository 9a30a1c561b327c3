use std::net::SocketAddr;

use host_api::grant::{GrantSet, Grants, Origin};
use host_api::identifier::Digest;
use host_api::port::Capabilities;
use host_api::request::{Body, Content, HostRequest, ParametersRequest, Text};
use services::ErrorKind;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::fixture::Fixture;
use crate::outbound::{Table, fixture, go, ok, plain, put_secret, redirect, secret, send, text};
use crate::server::Server;

const GRANTS: [&str; 2] = ["http:*:http://*.test:*/*", "network:connect:127.0.0.1"];

async fn reachable(answers: &[&str]) -> (Server, Fixture) {
    let server = Server::answering(answers).await;
    let names = ["api.test", "other.test"];
    let table = Table::of(&names.map(|name| (name, &["127.0.0.1"][..])));
    (server, fixture(table))
}

/// Nobody listens at port 1.
const DEAD_END: &str = "http://api.test:1/x?token=t";

#[tokio::test]
async fn a_redirected_request_is_not_made_again_when_the_redirect_cannot_be_followed() {
    let loops = redirect(307, "/again");
    for answers in [
        vec![redirect(307, DEAD_END)],
        vec![redirect(303, DEAD_END)],
        vec![redirect(307, "http://nowhere.test/")],
        vec![redirect(307, "https://elsewhere.example/")],
        vec![redirect(307, "file:///etc/passwd")],
        vec![redirect(307, "/again"), String::new()],
        vec![loops; 6],
    ] {
        let texts: Vec<&str> = answers.iter().map(String::as_str).collect();
        let (server, fixture) = reachable(&texts).await;
        let request = send("POST", server.url("api.test", "/first"));
        let error = go(&fixture, &request, &GRANTS).await.unwrap_err();
        assert_eq!((error.kind, &*error.code), (ErrorKind::Unknown, "Redirected"), "{error}");
        assert!(error.message.contains("/first answered the request by a redirect to "), "{error}");
        assert!(!error.message.contains("token"), "{error}");
    }
    let (server, fixture) = reachable(&[&redirect(307, DEAD_END)]).await;
    let request = send("GET", server.url("api.test", "/first"));
    let error = go(&fixture, &request, &GRANTS).await.unwrap_err();
    assert_eq!((error.kind, &*error.code), (ErrorKind::Transient, "Unreachable"), "{error}");
}

#[tokio::test]
async fn another_origin_gets_harmless_headers_only() {
    let elsewhere = redirect(302, "http://other.test:PORT/");
    let (server, fixture) = reachable(&[&elsewhere, &ok("end")]).await;
    let mut request = send("GET", server.url("api.test", "/"));
    for (name, value) in [
        ("Authorization", "Bearer x"),
        ("Cookie", "a=b"),
        ("X-Api-Key", "k"),
        ("X-Amz-Security-Token", "t"),
        ("Accept", "text/plain"),
        ("User-Agent", "test"),
    ] {
        request.headers.push((name.to_owned(), plain(value)));
    }
    assert_eq!(text(&go(&fixture, &request, &GRANTS).await.unwrap()), "end");
    let requests = server.requests();
    let names = |request: &str| -> Vec<String> {
        let lines = request.lines().skip(1).filter_map(|line| line.split_once(':'));
        lines.map(|(name, _)| name.to_ascii_lowercase()).collect()
    };
    assert_eq!(names(&requests[0]).len(), 8, "{}", requests[0]);
    let mut kept = names(&requests[1]);
    kept.sort();
    assert_eq!(kept, ["accept", "host", "idempotency-key", "user-agent"]);
}

#[tokio::test]
async fn a_body_does_not_follow_to_another_origin_when_the_request_holds_what_was_revealed() {
    let elsewhere = redirect(307, "http://other.test:PORT/");
    let again = redirect(307, "/again");
    let answers =
        [&*elsewhere, &*elsewhere, &*elsewhere, &*again, &ok("same"), &elsewhere, &ok("other")];
    let (server, fixture) = reachable(&answers).await;
    put_secret(&fixture, "/hook", r#"{"url":"https://x","headers":{"x-token":"t0psecret"}}"#).await;
    let run = fixture.run().await;
    let reveal = HostRequest::Parameters(ParametersRequest::Reveal { name: "/hook".to_owned() });
    fixture.services.perform(&Fixture::caller(&run, 0, &["*"]), &reveal).await.unwrap();

    let url = server.url("api.test", "/");
    let with = |header: Text, body: &str| {
        let mut request = send("POST", url.as_str());
        request.headers.push(("X-Token".to_owned(), header));
        request.body = Some(Body::Text(plain(body)));
        request
    };
    for request in [
        with(plain("t0psecret"), "harmless"),
        with(plain("harmless"), "a=t0psecret"),
        with(Text(vec![secret("/hook")]), "harmless"),
    ] {
        let error = go(&fixture, &request, &GRANTS).await.unwrap_err();
        assert_eq!(error.code, "Redirected", "{error}");
        assert!(error.message.contains("holds a secret"), "{error}");
    }
    let same_origin = with(plain("t0psecret"), "a=t0psecret");
    assert_eq!(text(&go(&fixture, &same_origin, &GRANTS).await.unwrap()), "same");
    let harmless = with(plain("harmless"), "harmless");
    assert_eq!(text(&go(&fixture, &harmless, &GRANTS).await.unwrap()), "other");
    let requests = server.requests();
    assert_eq!(requests.len(), 7);
    let followed = requests.iter().filter(|request| request.contains("host: other.test"));
    assert!(followed.clone().count() == 1 && !requests[6].contains("t0psecret"));
}

#[tokio::test]
async fn a_redirect_stays_within_the_manifest_and_leaves_only_what_inputs_derived() {
    let elsewhere = redirect(302, "http://other.test:PORT/end");
    for (origin, expected) in [(Origin::Manifest, Err(())), (Origin::Derived, Ok("end"))] {
        let (server, fixture) = reachable(&[&elsewhere, &ok("end")]).await;
        let set = |texts: &[&str]| GrantSet::parse(texts).unwrap();
        let grants = Grants::new(origin, set(&["http:GET:http://api.test:*/*"]))
            .under(Origin::Document, set(&GRANTS))
            .under(Origin::Operator, GrantSet::everything());
        let request = send("GET", server.url("api.test", "/"));
        let answer = fixture.services.send_http(&request, &Digest::of(b"effect"), &grants).await;
        match (&answer, expected) {
            (Ok(response), Ok(expected)) => assert_eq!(text(response), expected),
            (Err(error), Err(())) => {
                assert_eq!(error.kind, ErrorKind::Denied, "{error}");
                let reason = "is not granted: the action's manifest does not allow it";
                assert!(error.message.contains(reason), "{error}");
            }
            _ => panic!("{origin}: {answer:?}"),
        }
    }
}

#[tokio::test]
async fn a_body_that_stalls_is_a_shortened_answer() {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(stream.read_u8().await.unwrap());
        }
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nthe beginning";
        stream.write_all(answer).await.unwrap();
        // Reads until the client gives up.
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await
    });
    let fixture = fixture(Table::of(&[("api.test", &["127.0.0.1"])]));
    let mut request = send("POST", format!("http://api.test:{port}/"));
    request.timeout_ms = 1_000;
    let response = go(&fixture, &request, &GRANTS).await.unwrap();
    assert_eq!(
        (response.status, text(&response), response.truncated),
        (200, "the beginning", true)
    );
    drop(server.await.unwrap());
}

#[tokio::test]
async fn a_secret_in_a_form_is_percent_encoded() {
    let (server, fixture) = reachable(&[&ok("")]).await;
    put_secret(&fixture, "/token", "a&b=c d+e%\u{e9}").await;
    let mut request = send("POST", server.url("api.test", "/"));
    let kind = "Application/X-WWW-Form-Urlencoded; charset=utf-8";
    request.headers.push(("Content-Type".to_owned(), plain(kind)));
    let [before, after] = ["grant=x&secret=", "&y=a b"].map(|part| Content::Plain(part.to_owned()));
    request.body = Some(Body::Text(Text(vec![before, secret("/token"), after])));
    go(&fixture, &request, &GRANTS).await.unwrap();
    let expected = "\r\n\r\ngrant=x&secret=a%26b%3Dc%20d%2Be%25%C3%A9&y=a b";
    assert!(server.requests()[0].ends_with(expected), "{}", server.requests()[0]);
}
