//! The operation that a request names.

use axum::http::HeaderMap;
use ssm_model::{Operation, Service};

use super::Fault;

pub(super) const TARGET_HEADER: &str = "x-amz-target";

/// A service as its clients address it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Addressed {
    pub(super) service: Service,
    /// What targets begin with.
    prefix: &'static str,
    /// For what requests are signed.
    pub(super) scope: &'static str,
}

const SSM: Addressed = Addressed { service: Service::Ssm, prefix: "AmazonSSM.", scope: "ssm" };
const EVENT_BRIDGE: Addressed =
    Addressed { service: Service::EventBridge, prefix: "AWSEvents.", scope: "events" };

/// Returns the service that a request is for; SSM when it says nothing that is known.
pub(super) fn addressed(headers: &HeaderMap) -> &'static Addressed {
    if target(headers).starts_with(EVENT_BRIDGE.prefix) { &EVENT_BRIDGE } else { &SSM }
}

impl Addressed {
    /// Returns the operation that the header names, with the namespace of its service. AWS's error for any other target.
    pub(super) fn operation(&self, headers: &HeaderMap) -> Result<&'static str, Fault> {
        let name = target(headers).strip_prefix(self.prefix);
        let operation = name.and_then(|name| self.service.operation(name));
        operation.map(Operation::name).ok_or_else(|| {
            Fault::client(
                "UnknownOperationException",
                format!(
                    "the {TARGET_HEADER} header must name an operation, such as AmazonSSM.GetParameter or AWSEvents.PutEvents"
                ),
            )
        })
    }
}

/// Returns the target; empty when there is none, or more than one.
fn target(headers: &HeaderMap) -> &str {
    let mut targets = headers.get_all(TARGET_HEADER).iter();
    let target = targets.next().and_then(|target| target.to_str().ok());
    target.filter(|_| targets.next().is_none()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(texts: &[&'static str]) -> Result<(&'static str, &'static str), String> {
        let mut headers = HeaderMap::new();
        for text in texts {
            headers.append(TARGET_HEADER, text.parse().unwrap());
        }
        let addressed = addressed(&headers);
        let operation = addressed.operation(&headers).map_err(|fault| fault.code)?;
        Ok((addressed.scope, operation))
    }

    #[test]
    fn each_service_has_its_operations() {
        let tags = asked(&["AmazonSSM.ListTagsForResource"]);
        assert_eq!(tags, Ok(("ssm", "ListTagsForResource")));
        let tags = asked(&["AWSEvents.ListTagsForResource"]);
        assert_eq!(tags, Ok(("events", "events:ListTagsForResource")));
        for none in [
            &["AmazonSSM.PutRule"][..],
            &["AWSEvents.GetParameter"],
            &["AmazonSSM.events:PutRule"],
            &["AWSEvents.events:PutRule"],
            &["PutRule"],
            &[],
            &["AWSEvents.PutRule", "AWSEvents.PutRule"],
        ] {
            assert_eq!(asked(none), Err("UnknownOperationException".to_owned()), "{none:?}");
        }
    }
}
