//! Needs of a step that calls an operation of our own API by its name: what the operation touches beside itself.

use std::collections::BTreeMap;

use host_api::grant::Expansion;
use host_api::grant::access::parameter_names;
use host_api::grant::operation::{self, Touching};
use host_api::request::api::fold;
use serde_json::Value;

use super::input::{Input, Inputs};
use super::{Members, Need, Source, expanded, names_in, source};
use crate::template::Template;

/// The need of an action whose operation is an input.
const BY_NAME: &str = "api:{Service}:{Api}";

/// Adds what the operation of a step touches; of one that is not known yet, all that it may touch, which need not be listed.
pub(super) fn touched(inputs: &Inputs<'_>, manifest_needs: &[String], needs: &mut Vec<Need>) {
    if !manifest_needs.iter().any(|template| template == BY_NAME) {
        return;
    }
    let operation = inputs.named("Api");
    let Some(names) = operation.values() else {
        let source = source(std::iter::once(&operation));
        let possible = operation::all().iter().flat_map(|touching| touching.needs);
        needs.extend(possible.map(|template| possibly(template, source.clone())));
        needs.sort_by(|one, other| one.template.cmp(&other.template));
        needs.dedup();
        return;
    };
    for touching in names.iter().filter_map(|name| operation::touching_by(name)) {
        needs.extend(touching.needs.iter().map(|template| of_operation(template, inputs)));
    }
}

fn possibly(template: &str, source: Source) -> Need {
    let Ok(Expansion::Known(grants) | Expansion::Unknown { widest: grants, .. }) =
        host_api::grant::expand(template, &|_| None)
    else {
        return Need::invalid(template, source);
    };
    let template = template.to_owned();
    Need { template, grants, source, narrow: None, is_handle: false, is_possible: true }
}

fn of_operation(template: &str, inputs: &Inputs<'_>) -> Need {
    let found: BTreeMap<&str, Input> = names_in(template)
        .into_iter()
        .map(|name| (name, member(template, inputs.named(name))))
        .collect();
    expanded(template, &found)
}

/// Names of parameters stand in requests as ARNs, with versions, and paths with a last `/`.
fn member(template: &str, input: Input) -> Input {
    if !template.starts_with("parameters:") {
        return input;
    }
    input.each(|text| {
        parameter_names(text)
            .into_iter()
            .map(|name| name.trim_end_matches('/').to_owned())
            .collect()
    })
}

/// Returns the parameters whose secrets a step of aws:executeAwsApi may answer, as needs of the step that uses one.
pub(super) fn secrets_read(reader: &Members, inputs: &Inputs<'_>) -> Vec<Need> {
    if !reader.contains_key("WithDecryption") {
        return Vec::new();
    }
    let operation = match reader.get("Api") {
        Some(Template::Literal(Value::String(name))) => operation::touching_by(name),
        _ => None,
    };
    let read = |touching: &&Touching| fold(touching.operation).starts_with("getparameter");
    let needs = operation.filter(read).map_or(&["parameters:read:*"][..], |found| found.needs);
    let need = |template: &&str| {
        let named = |name| (name, member(template, inputs.resolve(reader.get(name))));
        expanded(template, &names_in(template).into_iter().map(named).collect())
    };
    needs.iter().map(need).collect()
}
