//! Looks once.

use std::collections::BTreeMap;

use property::Selector;
use runwright_sdk::host::http::Request;
use runwright_sdk::host::parameters;
use runwright_sdk::{Failure, TextOrSecret, Value, serde_json};

use crate::Inputs;

/// What is polled.
#[derive(Debug)]
pub(crate) enum Source<'a> {
    Parameter(&'a str),
    Url {
        url: &'a str,
        headers: Option<&'a BTreeMap<String, TextOrSecret>>,
        expect_status: Option<&'a [u16]>,
    },
}

impl<'a> Source<'a> {
    pub(crate) fn of(inputs: &'a Inputs) -> Result<Self, Failure> {
        let headers = inputs.headers.as_ref();
        let expect_status = inputs.expect_status.as_deref();
        match (inputs.parameter.as_deref(), inputs.url.as_deref()) {
            (Some(_), None) if headers.is_some() || expect_status.is_some() => Err(
                Failure::invalid_inputs("Headers and ExpectStatus go with Url, not with Parameter"),
            ),
            (Some(parameter), None) => Ok(Self::Parameter(parameter)),
            (None, Some(url)) => Ok(Self::Url { url, headers, expect_status }),
            (None, None) | (Some(_), Some(_)) => {
                Err(Failure::invalid_inputs("expected either Parameter or Url"))
            }
        }
    }

    /// Returns the value, if there is one yet.
    pub(crate) fn poll(&self) -> Result<Option<String>, Failure> {
        match self {
            Self::Parameter(name) => poll_parameter(name),
            Self::Url { url, headers, expect_status } => {
                let mut request = Request::get(*url);
                for (name, value) in headers.iter().copied().flatten() {
                    request = request.header(name, value.clone());
                }
                poll_url(request, *expect_status)
            }
        }
    }
}

fn poll_parameter(name: &str) -> Result<Option<String>, Failure> {
    match parameters::get(name) {
        Ok(parameter) => match parameter.value {
            TextOrSecret::Text(text) => Ok(Some(text)),
            TextOrSecret::Secret(_) => Err(Failure::new(
                "SecretNotComparable",
                format!("{name} is a SecureString, whose value is not compared"),
            )),
        },
        Err(failure) if failure.code == "ParameterNotFound" => Ok(None),
        Err(failure) => Err(failure),
    }
}

fn poll_url(request: Request, expect_status: Option<&[u16]>) -> Result<Option<String>, Failure> {
    match request.send() {
        Ok(response) => {
            let expected = expect_status.map_or((200..300).contains(&response.status), |list| {
                list.contains(&response.status)
            });
            Ok(expected.then(|| response.text()))
        }
        Err(failure) if failure.retryable => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Returns the answer, or what the selector finds in it as JSON.
pub(crate) fn selected(answer: &str, selector: Option<&Selector>) -> Option<Value> {
    match selector {
        None => Some(Value::String(answer.to_owned())),
        Some(selector) => {
            let value: Value = serde_json::from_str(answer).ok()?;
            selector.select(&value).cloned()
        }
    }
}

#[cfg(test)]
mod tests {
    use runwright_sdk::serde_json::{self, json};

    use super::{Selector, Source, selected};
    use crate::Inputs;

    #[test]
    fn exactly_one_source_is_polled() {
        for (inputs, expected) in [
            (json!({ "Parameter": "/a" }), true),
            (json!({ "Url": "https://example.org" , "ExpectStatus": [404] }), true),
            (json!({}), false),
            (json!({ "Parameter": "/a", "Url": "https://example.org" }), false),
            (json!({ "Parameter": "/a", "ExpectStatus": [200] }), false),
        ] {
            let mut whole = json!({ "DesiredValues": ["x"] });
            whole.as_object_mut().unwrap().extend(inputs.as_object().unwrap().clone());
            let inputs: Inputs = serde_json::from_value(whole).unwrap();
            assert_eq!(Source::of(&inputs).is_ok(), expected, "{inputs:?}");
        }
    }

    #[test]
    fn an_answer_that_is_no_json_has_nothing_to_select() {
        let selector = Selector::parse("$.state").unwrap();
        assert_eq!(selected("ready", None), Some(json!("ready")));
        assert_eq!(selected(r#"{"state":1}"#, Some(&selector)), Some(json!(1)));
        assert_eq!(selected("ready", Some(&selector)), None);
    }
}
