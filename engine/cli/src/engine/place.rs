//! Account and region: they may be changed until secrets are bound to them.

use anyhow::{Result, bail};
use services::Services;
use services::audit::Filter;
use services::parameters::{DescribeParametersRequest, ParameterStringFilter, Place};

use super::perform::refused;
use crate::exit::Refusal;

/// Refuses another account or region than the one under whose ARNs secrets were sealed, since none of them would open. What was used
/// last is known from the end of the audit log.
pub(super) async fn check(services: &Services) -> Result<()> {
    let newest = services.audit_events(Filter::default(), None, 1).await.map_err(refused)?;
    let Some(event) = newest.0.first() else { return Ok(()) };
    let text = |member: &str| event.record[member].as_str().unwrap_or_default().to_owned();
    let used = Place { account_id: text("recipientAccountId"), region: text("awsRegion") };
    let set = services.place();
    if used == *set || !has_secrets(services).await? {
        return Ok(());
    }
    let shown = |place: &Place| format!("account {} in {}", place.account_id, place.region);
    bail!(
        Refusal::bad_input(format!(
            "the secure parameters here are bound to the {}, but this is set up as the {}",
            shown(&used),
            shown(set)
        ))
        .with_help(
            "set accountId and region in operator.json to what they were, or begin with another data directory"
        )
    )
}

async fn has_secrets(services: &Services) -> Result<bool> {
    let filter = ParameterStringFilter {
        key: "Type".to_owned(),
        option: Some("Equals".to_owned()),
        values: Some(vec!["SecureString".to_owned()]),
    };
    let mut next_token = None;
    loop {
        let request = DescribeParametersRequest {
            parameter_filters: Some(vec![filter.clone()]),
            next_token,
            ..DescribeParametersRequest::default()
        };
        let page = services.describe_parameters(request).await.map_err(refused)?;
        if page.parameters.is_some_and(|found| !found.is_empty()) {
            return Ok(true);
        }
        next_token = page.next_token;
        if next_token.is_none() {
            return Ok(false);
        }
    }
}
