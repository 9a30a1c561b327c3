//! `cargo xtask model`: the Rust types of the operations that have a service, written from the model file.

mod rust;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::workspace;

/// A module of types, and the operations that it is for. A shape stands in the first module that needs it.
const MODULES: &[(&str, &[&str])] = &[
    ("tags", &["AddTagsToResource", "RemoveTagsFromResource", "ListTagsForResource"]),
    (
        "parameters",
        &[
            "PutParameter",
            "GetParameter",
            "GetParameters",
            "GetParametersByPath",
            "GetParameterHistory",
            "DescribeParameters",
            "DeleteParameter",
            "DeleteParameters",
            "LabelParameterVersion",
            "UnlabelParameterVersion",
        ],
    ),
    (
        "documents",
        &[
            "CreateDocument",
            "UpdateDocument",
            "UpdateDocumentDefaultVersion",
            "DeleteDocument",
            "GetDocument",
            "DescribeDocument",
            "ListDocuments",
            "ListDocumentVersions",
            "DescribeDocumentPermission",
            "ModifyDocumentPermission",
        ],
    ),
    ("document_reviews", &["UpdateDocumentMetadata", "ListDocumentMetadataHistory"]),
    (
        "automation",
        &[
            "StartAutomationExecution",
            "DescribeAutomationExecutions",
            "SendAutomationSignal",
            "StopAutomationExecution",
        ],
    ),
    ("automation_steps", &["GetAutomationExecution", "DescribeAutomationStepExecutions"]),
    ("previews", &["StartExecutionPreview", "GetExecutionPreview"]),
    ("calendars", &["GetCalendarState"]),
    ("settings", &["GetServiceSetting", "UpdateServiceSetting", "ResetServiceSetting"]),
    ("resource_policies", &["PutResourcePolicy", "GetResourcePolicies", "DeleteResourcePolicy"]),
];

/// Writes the types, or with `--check` fails if they are not what the model says.
pub(crate) fn types(arguments: &[String]) -> Result<()> {
    let is_check = match arguments {
        [] => false,
        [only] if only == "--check" => true,
        _ => bail!("`model` takes --check or nothing, found {arguments:?}"),
    };
    let directory = workspace::root().join("engine/ssm-model");
    let model = fs::read_to_string(directory.join("model/ssm-model.json"))?;
    let model: Value = serde_json::from_str(&model).context("the model is not JSON")?;
    for (file, text) in modules(&model)? {
        let path = directory.join("src").join(file);
        if !is_check {
            fs::write(&path, text)?;
        } else if fs::read_to_string(&path).unwrap_or_default() != text {
            bail!("{} is not what `cargo xtask model` writes", path.display());
        }
    }
    Ok(())
}

/// Returns the name and the text of each file, formatted as rustfmt does.
fn modules(model: &Value) -> Result<BTreeMap<String, String>> {
    let mut placed = BTreeSet::new();
    let mut owners = BTreeMap::new();
    let mut files = BTreeMap::new();
    for (module, operations) in MODULES {
        let mut shapes = BTreeSet::new();
        for operation in *operations {
            let found = &model["operations"][operation];
            for side in ["input", "output"] {
                if let Some(shape) = found[side]["shape"].as_str() {
                    reach(model, shape, &mut shapes)?;
                }
            }
        }
        let own: Vec<&String> = shapes.iter().filter(|shape| !placed.contains(*shape)).collect();
        for shape in &own {
            owners.insert((*shape).clone(), *module);
        }
        let text = rust::module(model, module, &own, &owners)?;
        files.insert(format!("types/{module}.rs"), rust::formatted(&text)?);
        placed.extend(shapes);
    }
    let names: Vec<&str> = MODULES.iter().map(|(module, _)| *module).collect();
    files.insert("types.rs".to_owned(), rust::formatted(&rust::list(&names))?);
    Ok(files)
}

/// Adds the structures that a shape leads to, and itself.
fn reach(model: &Value, name: &str, shapes: &mut BTreeSet<String>) -> Result<()> {
    let shape = model["shapes"].get(name).with_context(|| format!("no shape {name}"))?;
    let next = |key: &str| shape[key]["shape"].as_str();
    match shape["type"].as_str() {
        Some("structure") if shapes.insert(name.to_owned()) => {
            let members = shape["members"].as_object().into_iter().flatten();
            for (_, member) in members {
                reach(model, member["shape"].as_str().unwrap_or_default(), shapes)?;
            }
        }
        Some("list") => reach(model, next("member").unwrap_or_default(), shapes)?,
        Some("map") => reach(model, next("value").unwrap_or_default(), shapes)?,
        _ => {}
    }
    Ok(())
}
