//! `aws:createTags`: adds tags to a resource.

use runwright_sdk::host::tags::{self, Tag};
use runwright_sdk::{Action, Call, Effect, Failure, Step, TextList, inputs, outputs, value};

#[inputs]
pub struct Inputs {
    /// SSM's default, EC2, does not exist here.
    resource_type: ResourceType,
    /// One: an id, or the name of a parameter.
    resource_ids: TextList,
    tags: Vec<Tag>,
}

#[value]
#[derive(Copy)]
pub enum ResourceType {
    ManagedInstance,
    MaintenanceWindow,
    Parameter,
    #[serde(rename = "EC2")]
    Ec2,
}

#[outputs]
pub struct Outputs {}

#[derive(Debug)]
pub enum CreateTags {}

impl Action for CreateTags {
    const NAME: &'static str = "aws:createTags";
    const SUMMARY: &'static str = "Adds tags to a node, a parameter or a maintenance window.";
    const EFFECT: Effect = Effect::Store;
    const NEEDS: &'static [&'static str] = &["tags:write:{ResourceType}/{ResourceIds}"];

    type Inputs = Inputs;
    type Outputs = Outputs;
    type State = ();

    fn run(inputs: Inputs, _call: &Call) -> Result<Step<Outputs, ()>, Failure> {
        let (kind, resource) = resource(&inputs)?;
        tags::add(kind, resource, &inputs.tags)?;
        Ok(Step::Done(Outputs {}))
    }
}

fn resource(inputs: &Inputs) -> Result<(&'static str, &str), Failure> {
    let kind = match inputs.resource_type {
        ResourceType::ManagedInstance => "ManagedInstance",
        ResourceType::MaintenanceWindow => "MaintenanceWindow",
        ResourceType::Parameter => "Parameter",
        ResourceType::Ec2 => {
            let message = "there are no EC2 resources here; a node is a ManagedInstance";
            return Err(Failure::new("Unavailable", message));
        }
    };
    if inputs.tags.is_empty() {
        return Err(Failure::invalid_inputs("Tags is empty"));
    }
    match inputs.resource_ids.as_slice() {
        [one] => Ok((kind, one)),
        several => {
            let message = format!("ResourceIds has {} entries, {kind} takes one", several.len());
            Err(Failure::invalid_inputs(message))
        }
    }
}

runwright_sdk::export!(
    package = "aws:createTags",
    version = env!("CARGO_PKG_VERSION"),
    interfaces = ["tags"],
    actions = [CreateTags],
);

#[cfg(test)]
mod tests {
    use runwright_sdk::serde_json::{self, json};

    use super::resource;

    #[test]
    fn one_resource_that_exists_here_is_tagged() {
        for (kind, ids, expected) in [
            ("Parameter", json!(["/a"]), Ok(("Parameter", "/a".to_owned()))),
            ("ManagedInstance", json!("mi-1"), Ok(("ManagedInstance", "mi-1".to_owned()))),
            ("Parameter", json!(["/a", "/b"]), Err("InvalidInputs".to_owned())),
            ("Parameter", json!([]), Err("InvalidInputs".to_owned())),
            ("EC2", json!(["i-1"]), Err("Unavailable".to_owned())),
        ] {
            let tags = json!([{ "Key": "k", "Value": "v" }]);
            let inputs = json!({ "ResourceType": kind, "ResourceIds": ids, "Tags": tags });
            let inputs = serde_json::from_value(inputs).unwrap();
            let found = resource(&inputs).map(|(kind, id)| (kind, id.to_owned()));
            assert_eq!(found.map_err(|failure| failure.code), expected, "{kind} {ids}");
        }
    }
}
