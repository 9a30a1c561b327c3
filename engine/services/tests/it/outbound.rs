use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use host_api::grant::{GrantSet, Grants, Origin};
use host_api::identifier::Digest;
use host_api::request::{Body, Content, HttpResponse, HttpSend, Text};
use services::outbound::{OutboundSettings, Resolve, is_public};
use services::parameters::PutParameterRequest;
use services::{ErrorKind, ServiceError, Settings};
use tokio::net::TcpListener;

use crate::fixture::{Fixture, actor, granted};
use crate::server::{Server, certified};

/// Answers from a table; a name that is asked again gets the next answer.
#[derive(Default)]
pub(crate) struct Table {
    answers: BTreeMap<String, Vec<IpAddr>>,
    asked: Mutex<BTreeMap<String, usize>>,
}

impl Table {
    pub(crate) fn of(entries: &[(&str, &[&str])]) -> Arc<Self> {
        let answers = entries.iter().map(|(name, addresses)| {
            let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
            ((*name).to_owned(), addresses)
        });
        Arc::new(Self { answers: answers.collect(), asked: Mutex::default() })
    }
}

#[async_trait]
impl Resolve for Table {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let addresses = self.answers.get(name).ok_or(io::ErrorKind::NotFound)?;
        let mut asked = self.asked.lock().unwrap();
        let count = asked.entry(name.to_owned()).or_default();
        *count += 1;
        Ok(vec![addresses[(*count - 1).min(addresses.len() - 1)]])
    }
}

pub(crate) fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

pub(crate) fn redirect(status: u16, location: &str) -> String {
    format!("HTTP/1.1 {status} Elsewhere\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n")
}

pub(crate) fn send(method: &str, url: impl Into<String>) -> HttpSend {
    HttpSend {
        method: method.to_owned(),
        url: url.into(),
        headers: Vec::new(),
        body: None,
        timeout_ms: 10_000,
        repeatable: false,
    }
}

pub(crate) fn plain(text: &str) -> Text {
    Text(vec![Content::Plain(text.to_owned())])
}

pub(crate) fn fixture(resolver: Arc<Table>) -> Fixture {
    let outbound = OutboundSettings { resolver, ..OutboundSettings::default() };
    Fixture::with(Settings { outbound, ..Settings::default() }, 1)
}

pub(crate) async fn go(
    fixture: &Fixture,
    send: &HttpSend,
    grants: &[&str],
) -> Result<HttpResponse, ServiceError> {
    fixture.services.send_http(send, &Digest::of(b"effect"), &granted(grants)).await
}

pub(crate) fn text(response: &HttpResponse) -> &str {
    match &response.body {
        Body::Text(Text(parts)) => match parts.as_slice() {
            [Content::Plain(text)] => text,
            parts => panic!("{parts:?}"),
        },
        Body::Bytes(bytes) => panic!("{bytes:?}"),
    }
}

#[test]
fn only_public_addresses_are_public() {
    for text in [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.8.8.8",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "fe80::1",
        "fec0::1",
        "fc00::1",
        "fd12::1",
        "ff02::1",
        "2001:db8::1",
        "2001::1",
        "2002:7f00:1::",
        "100::1",
        "3fff::1",
    ] {
        assert!(!is_public(text.parse().unwrap()), "{text}");
    }
    for text in [
        "8.8.8.8",
        "100.63.0.1",
        "100.128.0.1",
        "172.32.0.1",
        "::ffff:8.8.8.8",
        "2606:4700::1",
        "2a00::1",
    ] {
        assert!(is_public(text.parse().unwrap()), "{text}");
    }
}

#[tokio::test]
async fn a_granted_request_is_sent_and_answered() {
    let server = Server::answering(&[&ok("hello")]).await;
    let fixture = fixture(Table::of(&[("api.test", &["127.0.0.1"])]));
    let mut request = send("POST", server.url("api.test", "/a?b=c#d"));
    request.headers.push(("X-One".to_owned(), plain("1")));
    request.body = Some(Body::Text(plain("body")));
    let grants = ["http:POST:http://api.test:*/*", "network:connect:127.0.0.0/8"];
    let response = go(&fixture, &request, &grants).await.unwrap();
    assert_eq!((response.status, text(&response), response.truncated), (200, "hello", false));
    let requests = server.requests();
    let request = requests[0].to_ascii_lowercase();
    assert!(request.starts_with("post /a?b=c http/1.1\r\n"), "{request}");
    let key = format!("idempotency-key: {}\r\n", Digest::of(b"effect"));
    for line in [&*format!("host: api.test:{}\r\n", server.port), "x-one: 1\r\n", &key] {
        assert!(request.contains(line), "{line} in {request}");
    }
    assert!(request.ends_with("\r\n\r\nbody"), "{request}");
}

#[tokio::test]
async fn private_addresses_need_a_grant_of_their_own() {
    let server = Server::answering(&[&ok("local"), &ok("literal"), &ok("localhost")]).await;
    let entries: &[(&str, &[&str])] =
        &[("api.test", &["127.0.0.1"]), ("localhost", &["127.0.0.1"])];
    let fixture = fixture(Table::of(entries));
    let literal = format!("http:GET:{}", server.url("127.0.0.1", "/*"));
    let localhost = format!("http:GET:{}", server.url("localhost", "/*"));
    let denied: &[(&str, &[&str])] = &[
        ("api.test", &["http:GET:http://api.test:*/*"]),
        ("api.test", &["http:GET:http://api.test:*/*", "network:connect:10.0.0.0/8"]),
        ("api.test", &["*"]),
        ("127.0.0.1", &["*"]),
        ("2130706433", &["*"]),
        ("[::ffff:127.0.0.1]", &["*"]),
    ];
    for (host, grants) in denied {
        let error = go(&fixture, &send("GET", server.url(host, "/")), grants).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Denied, "{host} {grants:?}: {error}");
    }
    assert_eq!(server.connections(), 0);
    let allowed: &[(&str, &[&str])] = &[
        ("api.test", &["http:GET:http://api.test:*/*", "network:connect:127.0.0.1"]),
        ("127.0.0.1", &[&literal]),
        ("localhost", &[&localhost]),
    ];
    for (host, grants) in allowed {
        let response = go(&fixture, &send("GET", server.url(host, "/")), grants).await;
        assert!(response.is_ok(), "{host} {grants:?}: {response:?}");
    }
}

#[tokio::test]
async fn what_an_action_derives_from_its_inputs_opens_no_private_range() {
    let server = Server::answering(&[]).await;
    let fixture = fixture(Table::of(&[]));
    let url = server.url("127.0.0.1", "/");
    let needed = GrantSet::parse([format!("http:GET:{url}")]).unwrap();
    let grants = Grants::new(Origin::Derived, needed)
        .under(Origin::Operator, GrantSet::everything())
        .under(Origin::Starter, GrantSet::everything());
    let effect = Digest::of(b"effect");
    let error = fixture.services.send_http(&send("GET", url), &effect, &grants).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied, "{error}");
}

#[tokio::test]
async fn a_name_is_resolved_once_for_each_connection() {
    let server = Server::answering(&[&ok("first")]).await;
    let table = Table::of(&[("rebind.test", &["127.0.0.1", "10.0.0.1"])]);
    let fixture = fixture(table.clone());
    let grants = ["http:GET:http://rebind.test:*/*", "network:connect:127.0.0.1"];
    let request = send("GET", server.url("rebind.test", "/"));
    assert_eq!(text(&go(&fixture, &request, &grants).await.unwrap()), "first");
    assert_eq!(table.asked.lock().unwrap()["rebind.test"], 1);
    let error = go(&fixture, &request, &grants).await.unwrap_err();
    assert!(error.message.contains("10.0.0.1"), "{error}");
}

#[tokio::test]
async fn redirects_are_matched_again() {
    let answers = [
        redirect(302, "/next"),
        redirect(307, "http://other.test:PORT/end"),
        ok("end"),
        redirect(302, "http://secret.test:PORT/"),
        redirect(302, "file:///etc/passwd"),
    ];
    let answers: Vec<&str> = answers.iter().map(String::as_str).collect();
    let server = Server::answering(&answers).await;
    let names = ["api.test", "other.test", "secret.test"];
    let fixture = fixture(Table::of(&names.map(|name| (name, &["127.0.0.1"][..]))));
    let grants = [
        "http:*:http://api.test:*/*",
        "http:*:http://other.test:*/end",
        "network:connect:127.0.0.1",
    ];
    let request = send("GET", server.url("api.test", "/"));
    assert_eq!(text(&go(&fixture, &request, &grants).await.unwrap()), "end");
    let error = go(&fixture, &request, &grants).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied, "{error}");
    assert_eq!(server.connections(), 4);
    let error = go(&fixture, &request, &grants).await.unwrap_err();
    assert_eq!(error.code, "InvalidRequest", "{error}");
}

#[tokio::test]
async fn redirects_end() {
    let again = redirect(302, "/again");
    let server = Server::answering(&[&*again; 6]).await;
    let fixture = fixture(Table::of(&[("api.test", &["127.0.0.1"])]));
    let grants = ["http:*:http://api.test:*/*", "network:connect:127.0.0.1"];
    let error = go(&fixture, &send("GET", server.url("api.test", "/")), &grants).await.unwrap_err();
    assert_eq!((&*error.code, server.connections()), ("TooManyRedirects", 6));
}

pub(crate) async fn put_secret(fixture: &Fixture, name: &str, value: &str) {
    let request = PutParameterRequest {
        name: name.to_owned(),
        value: value.into(),
        r#type: Some("SecureString".to_owned()),
        ..PutParameterRequest::default()
    };
    fixture.services.put_parameter(&actor(), request).await.unwrap();
}

pub(crate) fn secret(name: &str) -> Content {
    Content::Secret(name.to_owned())
}

#[tokio::test]
async fn secrets_are_put_in_at_the_edge_and_stay_with_their_origin() {
    let elsewhere = redirect(302, "http://other.test:PORT/");
    let answers =
        [&*ok("json"), &*elsewhere, &*ok("elsewhere"), &*redirect(307, "http://other.test:PORT/")];
    let server = Server::answering(&answers).await;
    let names = ["api.test", "other.test"];
    let fixture = fixture(Table::of(&names.map(|name| (name, &["127.0.0.1"][..]))));
    put_secret(&fixture, "/token", "s3cr\"t-token").await;
    let grants = ["http:*:http://*.test:*/*", "network:connect:127.0.0.1"];
    let mut request = send("POST", server.url("api.test", "/"));
    let bearer = Text(vec![Content::Plain("Bearer ".to_owned()), secret("/token")]);
    request.headers = vec![
        ("Authorization".to_owned(), bearer),
        ("X-Key".to_owned(), Text(vec![secret("/token:1")])),
        ("Content-Type".to_owned(), plain("application/json; charset=utf-8")),
    ];
    let json = ["{\"key\":\"", "\"}"].map(|part| Content::Plain(part.to_owned()));
    let [before, after] = json;
    request.body = Some(Body::Text(Text(vec![before, secret("/token"), after])));
    go(&fixture, &request, &grants).await.unwrap();
    let mut without_body = request.clone();
    without_body.body = None;
    assert_eq!(text(&go(&fixture, &without_body, &grants).await.unwrap()), "elsewhere");
    let error = go(&fixture, &request, &grants).await.unwrap_err();
    assert_eq!((error.kind, &*error.code), (ErrorKind::Unknown, "Redirected"), "{error}");

    let requests = server.requests();
    assert!(requests[0].contains("authorization: Bearer s3cr\"t-token\r\n"), "{}", requests[0]);
    assert!(requests[0].contains("x-key: s3cr\"t-token\r\n"), "{}", requests[0]);
    assert!(requests[0].ends_with(r#"{"key":"s3cr\"t-token"}"#), "{}", requests[0]);
    let (redirected, expected) = (&requests[2], "GET / HTTP/1.1\r\n");
    assert!(redirected.starts_with(expected) && !redirected.contains("s3cr"), "{redirected}");
    assert_eq!(requests.len(), 4);
}

#[tokio::test]
async fn an_unanswered_request_is_unknown_unless_it_may_be_repeated() {
    let server = Server::answering(&["", "", &ok("second"), "", ""]).await;
    let fixture = fixture(Table::of(&[("api.test", &["127.0.0.1"])]));
    let grants = ["http:*:http://api.test:*/*", "network:connect:127.0.0.1"];
    let mut request = send("POST", server.url("api.test", "/"));
    let error = go(&fixture, &request, &grants).await.unwrap_err();
    assert_eq!((error.kind, server.connections()), (ErrorKind::Unknown, 1));

    request.repeatable = true;
    assert_eq!(text(&go(&fixture, &request, &grants).await.unwrap()), "second");
    let requests = server.requests();
    assert_eq!(requests[1], requests[2]);

    let error = go(&fixture, &send("GET", server.url("api.test", "/")), &grants).await.unwrap_err();
    assert_eq!((error.kind, server.connections()), (ErrorKind::Transient, 5));
}

#[tokio::test]
async fn nothing_sent_may_be_retried() {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let fixture = fixture(Table::of(&[("api.test", &["127.0.0.1"])]));
    let grants = ["http:*:http://*.test:*/*", "network:connect:127.0.0.1"];
    for host in ["api.test", "unknown.test"] {
        let request = send("POST", format!("http://{host}:{port}/?token=x"));
        let error = go(&fixture, &request, &grants).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Transient, "{error}");
        assert!(!error.message.contains("token"), "{error}");
    }
}

#[tokio::test]
async fn a_slow_answer_times_out() {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let fixture = fixture(Table::of(&[("api.test", &["127.0.0.1"])]));
    let grants = ["http:*:http://api.test:*/*", "network:connect:127.0.0.1"];
    let mut request = send("POST", format!("http://api.test:{port}/"));
    request.timeout_ms = 1_000;
    let error = go(&fixture, &request, &grants).await.unwrap_err();
    assert_eq!((error.kind, &*error.code), (ErrorKind::Unknown, "Unanswered"));
}

#[tokio::test]
async fn malformed_requests_are_refused_before_anything_is_sent() {
    let server = Server::answering(&[]).await;
    let fixture = fixture(Table::of(&[("api.test", &["127.0.0.1"])]));
    let url = server.url("api.test", "/");
    let with_header = |name: &str, value: &str| {
        let mut request = send("GET", url.as_str());
        request.headers.push((name.to_owned(), plain(value)));
        request
    };
    let cases = [
        send("GET", "ftp://api.test/"),
        send("GET", "http://user:password@api.test/"),
        send("GET", "not a url"),
        send("get", url.as_str()),
        send("CONNECT", url.as_str()),
        with_header("X-A", "1\r\nX-B: 2"),
        with_header("X-A\r\nX-B", "1"),
        with_header("Host", "other"),
        with_header("Content-Length", "0"),
        with_header("Transfer-Encoding", "chunked"),
        with_header("Idempotency-Key", "mine"),
        with_header("X-Long", &"x".repeat(40_000)),
    ];
    for request in cases {
        let error = go(&fixture, &request, &["*", "network:connect:*"]).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Request, "{request:?}: {error}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_long_body_is_cut_and_said_to_be() {
    let server = Server::answering(&[
        &ok(&"x".repeat((4 << 20) + 1)),
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort",
    ])
    .await;
    let fixture = fixture(Table::of(&[("api.test", &["127.0.0.1"])]));
    let grants = ["http:*:http://api.test:*/*", "network:connect:127.0.0.1"];
    let request = send("GET", server.url("api.test", "/"));
    let long = go(&fixture, &request, &grants).await.unwrap();
    assert_eq!((text(&long).len(), long.truncated), (4 << 20, true));
    let broken = go(&fixture, &request, &grants).await.unwrap();
    assert_eq!((text(&broken), broken.truncated), ("short", true));
}

#[tokio::test]
async fn tls_is_checked_against_the_authorities() {
    let (acceptor, authority) = certified("api.test");
    let server = Server::start(&[&ok("tls"), "", ""], Some(acceptor)).await;
    let entries: &[(&str, &[&str])] =
        &[("api.test", &["127.0.0.1"]), ("wrong.test", &["127.0.0.1"])];
    let grants = ["http:*:https://*.test:*/*", "network:connect:127.0.0.1"];
    let trusting =
        OutboundSettings { resolver: Table::of(entries), extra_authorities: vec![authority] };
    let trusting = Fixture::with(Settings { outbound: trusting, ..Settings::default() }, 1);
    let url = |host: &str| format!("https://{host}:{}/", server.port);
    let response = go(&trusting, &send("GET", url("api.test")), &grants).await.unwrap();
    assert_eq!(text(&response), "tls");
    let error = go(&trusting, &send("GET", url("wrong.test")), &grants).await.unwrap_err();
    assert!(error.message.contains("TLS"), "{error}");
    let distrusting = fixture(Table::of(entries));
    let error = go(&distrusting, &send("POST", url("api.test")), &grants).await.unwrap_err();
    assert!(error.message.contains("TLS") && error.kind == ErrorKind::Transient, "{error}");
}
