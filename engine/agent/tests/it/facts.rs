//! Facts of the machine the tests run on.

use crate::fixture::Node;

#[test]
fn facts_are_texts_in_the_shape_of_inventory_items() {
    let node = Node::new();
    let items = node.agent.facts().gather(agent::facts::TYPES).unwrap();
    assert_eq!(items.len(), 3);
    for (item, name) in items.iter().zip(agent::facts::TYPES) {
        assert_eq!(item["TypeName"], name);
        assert_eq!(item["SchemaVersion"], "1.0");
        let captured = item["CaptureTime"].as_str().unwrap();
        assert!(captured.len() == 20 && captured.ends_with('Z'), "{captured}");
        let content = item["Content"].as_array().unwrap();
        let texts = |item: &serde_json::Value| {
            item.as_object().unwrap().values().all(serde_json::Value::is_string)
        };
        assert!(content.iter().all(texts), "{item}");
    }
    let about = &items[0]["Content"][0];
    assert_eq!(about["InstanceId"], node.agent.node_id().as_str());
    assert_eq!(about["PlatformType"], "Linux");
    assert!(about["ComputerName"].as_str().is_some_and(|name| !name.is_empty()));
    let processors: u32 = items[1]["Content"][0]["CPUs"].as_str().unwrap().parse().unwrap();
    assert!(processors > 0);
}

#[test]
fn an_unknown_type_is_named() {
    let error = Node::new().agent.facts().gather(["AWS:Moon"]).unwrap_err().to_string();
    assert!(error.contains("AWS:Moon") && error.contains("AWS:Network"), "{error}");
}
