//! The operation that a request names.

use axum::http::HeaderMap;
use ssm_model::Service;

use super::Fault;

pub(super) const TARGET_HEADER: &str = "x-amz-target";

/// A service as its clients address it.
struct Addressed {
    service: Service,
    /// What targets begin with.
    prefix: &'static str,
    /// For what requests are signed.
    scope: &'static str,
}

const ADDRESSED: [Addressed; 2] = [
    Addressed { service: Service::Ssm, prefix: "AmazonSSM.", scope: "ssm" },
    Addressed { service: Service::EventBridge, prefix: "AWSEvents.", scope: "events" },
];

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Target {
    /// The service that a signature must be for.
    pub(super) service: &'static str,
    /// With the namespace of its service.
    pub(super) operation: &'static str,
}

/// Returns what the header names. AWS's error for any other target.
pub(super) fn read(headers: &HeaderMap) -> Result<Target, Fault> {
    let mut targets = headers.get_all(TARGET_HEADER).iter();
    let target = targets.next().and_then(|target| target.to_str().ok()).unwrap_or_default();
    let is_only = targets.next().is_none();
    let found = ADDRESSED.iter().filter(|_| is_only).find_map(|addressed| {
        let name = target.strip_prefix(addressed.prefix)?;
        let operation = addressed.service.operation(name)?.name();
        Some(Target { service: addressed.scope, operation })
    });
    found.ok_or_else(|| {
        Fault::client(
            "UnknownOperationException",
            format!(
                "the {TARGET_HEADER} header must name an operation, such as AmazonSSM.GetParameter or AWSEvents.PutEvents"
            ),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(texts: &[&'static str]) -> Result<Target, String> {
        let mut headers = HeaderMap::new();
        for text in texts {
            headers.append(TARGET_HEADER, text.parse().unwrap());
        }
        read(&headers).map_err(|fault| fault.code)
    }

    #[test]
    fn each_service_has_its_operations() {
        let tags = |service, operation| Ok(Target { service, operation });
        assert_eq!(target(&["AmazonSSM.ListTagsForResource"]), tags("ssm", "ListTagsForResource"));
        let found = target(&["AWSEvents.ListTagsForResource"]);
        assert_eq!(found, tags("events", "events:ListTagsForResource"));
        for none in [
            &["AmazonSSM.PutRule"][..],
            &["AWSEvents.GetParameter"],
            &["AmazonSSM.events:PutRule"],
            &["AWSEvents.events:PutRule"],
            &["PutRule"],
            &[],
            &["AWSEvents.PutRule", "AWSEvents.PutRule"],
        ] {
            assert_eq!(target(none), Err("UnknownOperationException".to_owned()), "{none:?}");
        }
    }
}
