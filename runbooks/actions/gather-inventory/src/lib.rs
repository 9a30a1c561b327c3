//! `aws:gatherInventory`: gathers facts from a node now.

use std::collections::BTreeMap;

use runwright_sdk::host::inventory::{self, InventoryItem};
use runwright_sdk::{Action, Call, Effect, Failure, Step, inputs, outputs};

#[inputs]
pub struct Inputs {
    /// The node's id, or `local`.
    #[input(default = "local")]
    node: String,
    /// SSM's inventory types.
    #[input(default = ["AWS:InstanceInformation"])]
    types: Vec<String>,
}

#[outputs]
pub struct Outputs {
    /// What is known, one item for each type.
    items: Vec<InventoryItem>,
    /// The attributes of the first entry of each type in one object; where two types have the same, the first wins.
    facts: BTreeMap<String, String>,
}

#[derive(Debug)]
pub enum GatherInventory {}

impl Action for GatherInventory {
    const NAME: &'static str = "aws:gatherInventory";
    const SUMMARY: &'static str = "Gathers facts from a node.";
    const EFFECT: Effect = Effect::Read;
    const NEEDS: &'static [&'static str] = &["inventory:read:{Node}"];

    type Inputs = Inputs;
    type Outputs = Outputs;
    type State = ();

    fn run(inputs: Inputs, _call: &Call) -> Result<Step<Outputs, ()>, Failure> {
        let items = inventory::gather(&inputs.node, &inputs.types)?;
        Ok(Step::Done(Outputs { facts: facts(&items), items }))
    }
}

fn facts(items: &[InventoryItem]) -> BTreeMap<String, String> {
    let mut facts = BTreeMap::new();
    for attributes in items.iter().filter_map(|item| item.content.as_ref()?.first()) {
        for (name, value) in attributes {
            facts.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    facts
}

runwright_sdk::export!(
    package = "aws:gatherInventory",
    version = env!("CARGO_PKG_VERSION"),
    interfaces = ["inventory"],
    actions = [GatherInventory],
);

#[cfg(test)]
mod tests {
    use runwright_sdk::serde_json::{self, Value, json};

    use super::facts;

    #[test]
    fn the_first_entry_of_each_type_is_a_fact() {
        let item = |content: Value| json!({ "TypeName": "T", "SchemaVersion": "1.0", "CaptureTime": "t", "Content": content });
        let items = json!([
            item(json!([{ "Name": "a", "Kernel": "6" }, { "Name": "b" }])),
            item(json!([])),
            item(json!([{ "Name": "c", "Address": "::1" }])),
        ]);
        let facts = facts(&serde_json::from_value::<Vec<_>>(items).unwrap());
        assert_eq!(json!(facts), json!({ "Name": "a", "Kernel": "6", "Address": "::1" }));
    }
}
