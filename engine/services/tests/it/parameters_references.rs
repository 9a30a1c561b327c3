//! References to secrets that are kept elsewhere.

use std::sync::Arc;

use services::outbound::OutboundSettings;
use services::parameters::GetParametersRequest;
use services::parameters::secret_backend::{
    SecretBackend, SecretsManager, SecretsManagerSettings, Vault, VaultSettings,
};
use services::{ErrorKind, Settings};
use url::Url;

use crate::fixture::{Fixture, actor};
use crate::outbound::{Table, ok};
use crate::parameters::put;
use crate::server::Server;

const PREFIX: &str = "/aws/reference/secretsmanager/";
const SECRET: &str = r#"{"ARN":"arn:aws:secretsmanager:us-east-1:000000000000:secret:db/main-AbCdEf","Name":"db/main",
    "VersionId":"11111111-2222-3333-4444-555555555555","SecretString":"hunter2","VersionStages":["AWSCURRENT"],
    "CreatedDate":1530801945.5}"#;

fn with(backend: impl SecretBackend) -> Fixture {
    let resolver = Table::of(&[("backend.test", &["127.0.0.1"])]);
    let outbound = OutboundSettings { resolver, ..OutboundSettings::default() };
    let settings =
        Settings { outbound, secret_backend: Some(Arc::new(backend)), ..Settings::default() };
    Fixture::with(settings, 1)
}

fn secrets_manager(server: &Server) -> Fixture {
    let settings = SecretsManagerSettings {
        endpoint: Url::parse(&server.url("backend.test", "/")).unwrap(),
        region: "eu-west-1".to_owned(),
        access_key_id: "AKIDEXAMPLE".to_owned(),
        secret_access_key: "a-signing-secret".into(),
        session_token: Some("a-session-token".into()),
    };
    assert!(!format!("{settings:?}").contains("a-signing-secret"));
    with(SecretsManager::new(settings))
}

fn vault(server: &Server) -> Fixture {
    with(Vault::new(VaultSettings {
        address: Url::parse(&server.url("backend.test", "/")).unwrap(),
        mount: "team/secret".to_owned(),
        namespace: Some("ns".to_owned()),
        token: "a-vault-token".into(),
    }))
}

fn refused(status: u16, body: &str) -> String {
    format!("HTTP/1.1 {status} No\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

#[tokio::test]
async fn a_secret_is_read_from_secrets_manager() {
    let answers = [ok(SECRET), ok(SECRET), ok(SECRET)];
    let answers: Vec<&str> = answers.iter().map(String::as_str).collect();
    let server = Server::answering(&answers).await;
    let fixture = secrets_manager(&server);
    let name = format!("{PREFIX}db/main");
    let found = fixture.get(&name, true).await.unwrap();
    assert_eq!(found.name.as_deref(), Some(&*name));
    assert_eq!(found.r#type.as_deref(), Some("SecureString"));
    assert_eq!(found.value.unwrap().expose(), "hunter2");
    assert_eq!((found.version, found.data_type, found.selector), (Some(0), None, None));
    assert_eq!(found.last_modified_date, Some(1_530_801_945.5));
    assert_eq!(
        found.source_result.unwrap(),
        r#"{"ARN":"arn:aws:secretsmanager:us-east-1:000000000000:secret:db/main-AbCdEf","name":"db/main","#.to_owned()
            + r#""versionId":"11111111-2222-3333-4444-555555555555","secretString":"hunter2","#
            + r#""versionStages":["AWSCURRENT"],"createdDate":"Jul 5, 2018 2:45:45 PM"}"#
    );
    assert_eq!(fixture.audit_actions().last().unwrap().0, "DecryptParameter");

    let stage = fixture.get(&format!("{name}:AWSPREVIOUS"), true).await.unwrap();
    assert_eq!(stage.selector.as_deref(), Some(":AWSPREVIOUS"));
    fixture.get(&format!("{name}:11111111-2222-3333-4444-555555555555"), true).await.unwrap();
    let requests = server.requests();
    for (request, body) in requests.iter().zip([
        r#"{"SecretId":"db/main"}"#,
        r#"{"SecretId":"db/main","VersionStage":"AWSPREVIOUS"}"#,
        r#"{"SecretId":"db/main","VersionId":"11111111-2222-3333-4444-555555555555"}"#,
    ]) {
        assert!(request.starts_with("POST / HTTP/1.1\r\n") && request.ends_with(body), "{request}");
        for expected in [
            "x-amz-target: secretsmanager.GetSecretValue",
            "content-type: application/x-amz-json-1.1",
            "x-amz-security-token: a-session-token",
            "authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/",
            "/eu-west-1/secretsmanager/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature=",
        ] {
            assert!(request.contains(expected), "{expected}: {request}");
        }
        assert!(!request.contains("a-signing-secret"));
    }
}

#[tokio::test]
async fn what_secrets_manager_refuses_is_told_as_ssm_tells_it() {
    let refusal = |status, kind: &str| {
        refused(status, &format!(r#"{{"__type":"{kind}","Message":"because"}}"#))
    };
    let answers = [
        refusal(400, "ResourceNotFoundException"),
        refusal(400, "com.amazonaws#InvalidRequestException"),
        refusal(400, "AccessDeniedException"),
        refusal(500, "InternalServiceError"),
        ok("not json"),
    ];
    let answers: Vec<&str> = answers.iter().map(String::as_str).collect();
    let server = Server::answering(&answers).await;
    let fixture = secrets_manager(&server);
    let ask = || fixture.get("/aws/reference/secretsmanager/none", true);
    let error = ask().await.unwrap_err();
    assert_eq!(
        (&*error.code, error.message.as_str()),
        (
            "ParameterNotFound",
            "An error occurred (ParameterNotFound) when referencing Secrets Manager: Secret \
             /aws/reference/secretsmanager/none not found."
        )
    );
    let error = ask().await.unwrap_err();
    assert_eq!(error.code, "ValidationException");
    assert!(error.message.starts_with("Invalid Request to Secrets Manager"), "{error}");
    assert_eq!(ask().await.unwrap_err().kind, ErrorKind::Denied);
    for _ in 0..2 {
        assert_eq!(ask().await.unwrap_err().kind, ErrorKind::Transient);
    }
}

#[tokio::test]
async fn a_secret_is_read_from_vault() {
    let answer = |data: &str| {
        ok(&format!(
            r#"{{"data":{{"data":{data},"metadata":{{"version":3,"created_time":"2018-07-05T14:45:45.5Z"}}}}}}"#
        ))
    };
    let deleted = r#"{"data":{"data":null,"metadata":{"version":3,"created_time":"2018-07-05T14:45:45.5Z"}}}"#;
    let answers = [
        answer(r#"{"value":"hunter2"}"#),
        answer(r#"{"user":"u","value":"p"}"#),
        refused(404, r#"{"errors":[]}"#),
        refused(404, deleted),
        refused(403, r#"{"errors":["permission denied"]}"#),
        refused(503, ""),
    ];
    let answers: Vec<&str> = answers.iter().map(String::as_str).collect();
    let server = Server::answering(&answers).await;
    let fixture = vault(&server);
    let name = format!("{PREFIX}db/a b");
    let found = fixture.get(&name, true).await.unwrap();
    assert_eq!(found.value.unwrap().expose(), "hunter2");
    assert_eq!(found.last_modified_date, Some(1_530_801_945.5));
    let source = found.source_result.unwrap();
    assert!(source.contains(r#""versionId":"3""#) && source.contains("AWSCURRENT"), "{source}");
    let found = fixture.get(&format!("{name}:2"), true).await.unwrap();
    assert_eq!(found.value.unwrap().expose(), r#"{"user":"u","value":"p"}"#);
    let requests = server.requests();
    assert!(
        requests[0].starts_with("GET /v1/team/secret/data/db/a%20b HTTP/1.1\r\n"),
        "{requests:?}"
    );
    assert!(requests[0].contains("x-vault-token: a-vault-token\r\nx-vault-namespace: ns"));
    assert!(requests[1].starts_with("GET /v1/team/secret/data/db/a%20b?version=2 HTTP/1.1\r\n"));
    for (code, kind) in [
        ("ParameterNotFound", ErrorKind::Request),
        ("ValidationException", ErrorKind::Request),
        ("AccessDeniedException", ErrorKind::Denied),
        ("InternalServerError", ErrorKind::Transient),
    ] {
        let error = fixture.get(&name, true).await.unwrap_err();
        assert_eq!((&*error.code, error.kind), (code, kind), "{error}");
    }
    for bad in ["../x", "a/../../x", "a//b", "a:AWSPREVIOUS", "a:0"] {
        let error = fixture.get(&format!("{PREFIX}{bad}"), true).await.unwrap_err();
        assert_eq!(error.code, "ParameterNotFound", "{bad}");
    }
    assert_eq!(server.connections(), 6, "what can be no secret is not asked for");
}

#[tokio::test]
async fn a_reference_needs_decryption_and_the_right_form() {
    let fixture = Fixture::new();
    fixture.put(put("/plain", "v", "String")).await;
    let error = fixture.get(&format!("{PREFIX}sth"), false).await.unwrap_err();
    assert_eq!(
        (&*error.code, error.message.as_str()),
        (
            "ValidationException",
            "WithDecryption flag must be True for retrieving a Secret Manager secret."
        )
    );
    for bad in ["a:b:c", "a:", "arn:aws:secretsmanager:us-east-1:000000000000:secret:a"] {
        let error = fixture.get(&format!("{PREFIX}{bad}"), false).await.unwrap_err();
        assert_eq!(
            error.message,
            "Invalid parameter name. Please use correct syntax for referencing a version/label  <name>:<version/label>"
        );
    }
    let error = fixture.get(&format!("{PREFIX}sth"), true).await.unwrap_err();
    assert_eq!(error.code, "ParameterNotFound");
    assert!(error.message.ends_with("not found."), "{error}");
    assert_eq!(error.details["reason"], "this installation has no secret backend");
}

#[tokio::test]
async fn references_are_asked_for_beside_parameters() {
    let answers = [ok(SECRET), refused(400, r#"{"__type":"ResourceNotFoundException"}"#)];
    let answers: Vec<&str> = answers.iter().map(String::as_str).collect();
    let server = Server::answering(&answers).await;
    let fixture = secrets_manager(&server);
    fixture.put(put("/plain", "v", "String")).await;
    let names =
        ["/plain".to_owned(), format!("{PREFIX}a"), format!("{PREFIX}b"), format!("{PREFIX}c:1:2")];
    let ask = |with_decryption| GetParametersRequest { names: names.to_vec(), with_decryption };
    let result = fixture.services.get_parameters(&actor(), ask(Some(true))).await.unwrap();
    let found: Vec<_> = result.parameters.unwrap().into_iter().filter_map(|one| one.name).collect();
    assert_eq!(found, [names[1].as_str(), "/plain"]);
    assert_eq!(result.invalid_parameters.unwrap(), [names[2].as_str(), names[3].as_str()]);
    let result = fixture.services.get_parameters(&actor(), ask(None)).await.unwrap();
    assert_eq!(result.parameters.unwrap().len(), 1);
    assert_eq!(result.invalid_parameters.unwrap(), names[1..]);
}
