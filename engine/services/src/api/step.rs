//! Operations that steps call by their names: as on the wire, but that secrets come and go as references, that the pages of a list are
//! gathered, and that no credential is handed out.

use std::collections::BTreeMap;
use std::time::Duration;

use host_api::request::api::{ApiAnswer, ApiCall, ApiRequest, SERVICES, fold, reads};
use host_api::request::{Content, ParameterKind, PutParameter};
use serde_json::Value;
use ssm_model::Pagination;

use crate::Services;
use crate::actor::Actor;
use crate::error::{ErrorKind, ServiceError, decode, encode};

/// How long one call may read, all pages together; SSM's limit for a call of `aws:executeAwsApi`. What is changed is one transaction,
/// which is not cut off.
const READ_TIME_MAX: Duration = Duration::from_secs(25);
/// Items that are gathered from pages; the page that reaches it is the last.
const ITEMS_MAX: usize = 1_000;
/// Bytes of JSON that are gathered from pages; the page that reaches it is the last.
const BYTES_MAX: usize = 100 << 10;

/// Operations that answer a credential: it would stand in the run's record.
const CREDENTIALS: [&str; 5] =
    ["CreateActivation", "GetAccessToken", "ResumeSession", "StartAccessRequest", "StartSession"];

impl Services {
    /// Carries out an operation for a step.
    ///
    /// # Errors
    /// `UnknownService`, `UnknownOperationException`, `AccessDeniedException` for an operation that answers a credential, `Timeout`, and
    /// those of the operation.
    pub(crate) async fn call_api(
        &self,
        actor: &Actor,
        request: &ApiRequest,
    ) -> Result<Value, ServiceError> {
        let ApiRequest::Call(call) = request;
        let model = modelled(call)?;
        let input = self.input_with_secrets(model.name(), call).await?;
        let is_decrypted = input.get("WithDecryption") == Some(&Value::Bool(true));
        let mut answer = if reads(model.name()) {
            let read = self.read_pages(actor, model, input);
            tokio::time::timeout(READ_TIME_MAX, read).await.map_err(|_| {
                let message = format!("{} took more than {READ_TIME_MAX:?}", model.name());
                ServiceError::new(ErrorKind::Transient, "Timeout", message)
            })??
        } else {
            self.call(actor.clone(), model.name(), input).await?
        };
        let mut secrets = BTreeMap::new();
        if is_decrypted {
            hide(&mut answer, &mut String::new(), &mut secrets)?;
        }
        encode(&ApiAnswer { answer, secrets })
    }

    /// Puts the texts of secrets in their places: the value of a parameter that is a `SecureString` is the only one.
    async fn input_with_secrets(
        &self,
        operation: &str,
        call: &ApiCall,
    ) -> Result<Value, ServiceError> {
        let mut input = call.input.clone();
        for (pointer, reference) in &call.secrets {
            if operation != "PutParameter" || pointer != "/Value" {
                return Err(ServiceError::validation(format!(
                    "a secret can only be the Value of PutParameter: {operation} would keep it in clear at {pointer}"
                )));
            }
            let text = |name| input.get(name).and_then(Value::as_str).unwrap_or_default();
            let kind: Option<ParameterKind> = input.get("Type").cloned().map(decode).transpose()?;
            let put = PutParameter {
                name: text("Name").to_owned(),
                kind,
                content: Content::Secret(reference.clone()),
                overwrite: false,
                description: None,
            };
            let value = self.secret_for(&put, reference).await?;
            self.note_copy(&put.name, reference).await?;
            input["Value"] = Value::from(value.expose());
        }
        Ok(input)
    }

    /// Reads all pages, up to the limits, unless the request itself says which page it wants.
    async fn read_pages(
        &self,
        actor: &Actor,
        model: &ssm_model::Operation,
        mut input: Value,
    ) -> Result<Value, ServiceError> {
        let is_asked = |name| input.get(name).is_some_and(|member| !member.is_null());
        let pagination = model
            .pagination()
            .filter(|paged| !is_asked(paged.input_token) && !is_asked(paged.limit_key));
        let mut answer = self.call(actor.clone(), model.name(), input.clone()).await?;
        let Some(pagination) = pagination else { return Ok(answer) };
        let mut bytes = answer.to_string().len();
        while let Some(token) = next_page(&answer, pagination, bytes) {
            input[pagination.input_token] = token;
            let page = self.call(actor.clone(), model.name(), input.clone()).await?;
            bytes += page.to_string().len();
            append(&mut answer, page, pagination);
        }
        Ok(answer)
    }
}

fn modelled(call: &ApiCall) -> Result<&'static ssm_model::Operation, ServiceError> {
    let ApiCall { service, operation, .. } = call;
    if !SERVICES.contains(&service.to_ascii_lowercase().as_str()) {
        return Err(ServiceError::request(
            "UnknownService",
            format!(
                "there is no service {service:?} here: a step can call operations of this installation's own services, {}",
                SERVICES.join(", ")
            ),
        ));
    }
    let folded = fold(operation);
    let found = ssm_model::operations().find(|known| fold(known.name()) == folded);
    let found = found.ok_or_else(|| {
        let message = format!("SSM has no operation {operation:?}");
        ServiceError::request("UnknownOperationException", message)
    })?;
    if CREDENTIALS.contains(&found.name()) {
        return Err(ServiceError::denied(format!(
            "{} answers a credential, which would stand in the run's record: no step can call it",
            found.name()
        )));
    }
    Ok(found)
}

/// Returns where the next page begins, if there is one and it still fits.
fn next_page(answer: &Value, pagination: &Pagination, bytes: usize) -> Option<Value> {
    let token = answer.get(pagination.output_token)?.as_str().filter(|token| !token.is_empty())?;
    let items = answer.get(pagination.result_key).and_then(Value::as_array).map_or(0, Vec::len);
    (items < ITEMS_MAX && bytes < BYTES_MAX).then(|| Value::from(token))
}

fn append(answer: &mut Value, mut page: Value, pagination: &Pagination) {
    let token = page.get_mut(pagination.output_token).map(Value::take).unwrap_or_default();
    if let Some(members) = answer.as_object_mut() {
        if token.is_null() {
            members.remove(pagination.output_token);
        } else {
            members.insert(pagination.output_token.to_owned(), token);
        }
    }
    let more = page.get_mut(pagination.result_key).map(Value::take);
    if let (Some(Value::Array(items)), Some(Value::Array(more))) =
        (answer.get_mut(pagination.result_key), more)
    {
        items.extend(more);
    }
}

/// Takes the texts of `SecureString`s out of an answer, and notes by their places what they are of.
fn hide(
    value: &mut Value,
    pointer: &mut String,
    secrets: &mut BTreeMap<String, String>,
) -> Result<(), ServiceError> {
    let length = pointer.len();
    match value {
        Value::Array(list) => {
            for (index, element) in list.iter_mut().enumerate() {
                pointer.push_str(&format!("/{index}"));
                hide(element, pointer, secrets)?;
                pointer.truncate(length);
            }
        }
        Value::Object(members) => {
            let is_secret = members.get("Type").is_some_and(|kind| kind == "SecureString");
            if is_secret && members.contains_key("Value") {
                let name = members.get("Name").and_then(Value::as_str);
                let version = members.get("Version").and_then(Value::as_u64);
                let (Some(name), Some(version)) = (name, version) else {
                    let message = "a SecureString was answered without its name or version";
                    return Err(ServiceError::internal(message));
                };
                secrets.insert(format!("{pointer}/Value"), format!("{name}:{version}"));
                members.insert("Value".to_owned(), Value::Null);
            }
            for (name, member) in members {
                pointer.push('/');
                pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
                hide(member, pointer, secrets)?;
                pointer.truncate(length);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn paged() -> &'static Pagination {
        let operation = ssm_model::operation("DescribeParameters");
        operation.and_then(ssm_model::Operation::pagination).expect("SSM pages through it")
    }

    #[test]
    fn pages_are_put_together_until_the_last() {
        let mut answer = json!({ "Parameters": [1], "NextToken": "a" });
        assert_eq!(next_page(&answer, paged(), 10), Some(json!("a")));
        append(&mut answer, json!({ "Parameters": [2, 3], "NextToken": "b" }), paged());
        assert_eq!(answer, json!({ "Parameters": [1, 2, 3], "NextToken": "b" }));
        append(&mut answer, json!({ "Parameters": [] }), paged());
        assert_eq!(answer, json!({ "Parameters": [1, 2, 3] }));
        assert_eq!(next_page(&answer, paged(), 10), None);
        assert_eq!(next_page(&json!({ "Parameters": [], "NextToken": "" }), paged(), 10), None);
    }

    #[test]
    fn what_is_gathered_is_bounded() {
        let mut answer = json!({ "Parameters": vec![0; ITEMS_MAX - 1], "NextToken": "a" });
        assert!(next_page(&answer, paged(), BYTES_MAX - 1).is_some());
        assert_eq!(next_page(&answer, paged(), BYTES_MAX), None);
        append(&mut answer, json!({ "Parameters": [1], "NextToken": "b" }), paged());
        assert_eq!(next_page(&answer, paged(), 10), None);
        assert_eq!(answer["NextToken"], "b", "the author can go on");
    }

    #[test]
    fn secrets_are_hidden_wherever_they_stand() {
        let secret = |name: &str| json!({ "Name": name, "Type": "SecureString", "Value": "x", "Version": 2 });
        let mut answer = json!({ "a/b": [secret("/one"), { "Type": "String", "Value": "y" }], "c": secret("two") });
        let mut secrets = BTreeMap::new();
        hide(&mut answer, &mut String::new(), &mut secrets).unwrap();
        assert_eq!(
            Value::from_iter(secrets.clone()),
            json!({ "/a~1b/0/Value": "/one:2", "/c/Value": "two:2" })
        );
        assert!(secrets.keys().all(|pointer| answer.pointer(pointer) == Some(&Value::Null)));
        assert_eq!(answer["a/b"][1]["Value"], "y");
        let mut nameless = json!({ "Type": "SecureString", "Value": "x" });
        assert!(hide(&mut nameless, &mut String::new(), &mut secrets).is_err());
    }
}
