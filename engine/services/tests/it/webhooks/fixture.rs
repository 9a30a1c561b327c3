//! Deliveries as data.

use std::collections::BTreeMap;

use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use services::Sensitive;
use services::webhooks::scheme::{Cause, Refused, Request, Scheme, Verified};

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Vector {
    pub(crate) name: String,
    pub(crate) scheme: Scheme,
    pub(crate) secrets: Vec<String>,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
    pub(crate) now_ms: u64,
    /// The headers of which no bit may change.
    pub(crate) signed: Vec<String>,
    pub(crate) body_signed: bool,
    verified: Expected,
    /// A header that stands there twice.
    #[serde(skip)]
    pub(crate) repeated: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Expected {
    delivery_id: Option<String>,
    event_type: Option<String>,
    challenge: Option<String>,
}

pub(crate) fn vectors() -> Vec<Vector> {
    let published: Vec<Vector> = read(include_str!("vectors.json"));
    let by_libraries: Vec<Vector> = read(include_str!("libraries.json"));
    published.into_iter().chain(by_libraries).collect()
}

pub(crate) fn vector(name: &str) -> Vector {
    vectors().into_iter().find(|vector| vector.name == name).expect("the vector is in the table")
}

pub(crate) fn read<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).expect("the table has the shape of its cases")
}

pub(crate) fn scheme(text: &str) -> Scheme {
    read(text)
}

pub(crate) fn secrets(texts: &[&str]) -> Vec<Sensitive> {
    texts.iter().map(|text| Sensitive::new(*text)).collect()
}

impl Vector {
    pub(crate) fn verified(&self) -> Verified {
        let Expected { delivery_id, event_type, challenge } = self.verified.clone();
        Verified { delivery_id, event_type, challenge }
    }

    pub(crate) fn verify(&self) -> Result<Verified, Refused> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let name: HeaderName = name.parse().unwrap();
            headers.append(&name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        if let Some(name) = &self.repeated {
            let name: HeaderName = name.parse().unwrap();
            headers.append(&name, headers[&name].clone());
        }
        self.verify_with(&headers, self.body.as_bytes())
    }

    pub(crate) fn verify_with(
        &self,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Verified, Refused> {
        let texts: Vec<&str> = self.secrets.iter().map(String::as_str).collect();
        let request = Request { headers, body, now_ms: self.now_ms };
        self.scheme.verify(&request, &secrets(&texts))
    }

    pub(crate) fn cause(&self) -> Cause {
        self.verify().expect_err("this delivery is to be refused").cause().clone()
    }

    pub(crate) fn with_secrets(&self, texts: &[&str]) -> Self {
        let secrets = texts.iter().map(|text| (*text).to_owned()).collect();
        Self { secrets, ..self.clone() }
    }

    /// A secret of the same form that signed nothing here.
    pub(crate) fn another_secret(&self) -> String {
        match self.secrets[0].get(..5) {
            Some("whsec" | "MfKQ9") => "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX".to_owned(),
            Some("whpk_") => "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=".to_owned(),
            _ => "another".to_owned(),
        }
    }

    /// The headers without which nothing is accepted.
    pub(crate) fn headers_needed(&self) -> Vec<String> {
        if matches!(self.scheme, Scheme::Bearer(_)) {
            return vec!["Authorization".to_owned()];
        }
        self.signed.clone()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        &self.headers[name]
    }

    pub(crate) fn set_header(&mut self, name: &str, value: &str) {
        self.headers.insert(name.to_owned(), value.to_owned());
    }

    /// When it was signed: the ten digits of a header.
    pub(crate) fn signed_at_ms(&self) -> u64 {
        let texts = self.signed.iter().map(|name| self.headers[name].trim_start_matches("t="));
        let mut times = texts.filter_map(|text| text.split(',').next()?.parse::<u64>().ok());
        times.next().expect("a signed header is a time") * 1_000
    }
}
