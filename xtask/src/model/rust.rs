//! Shapes as Rust.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Returns the text of a module with these structures.
pub(super) fn module(
    model: &Value,
    module: &str,
    shapes: &[&String],
    owners: &BTreeMap<String, &str>,
) -> Result<String> {
    let mut imports = BTreeSet::new();
    let mut body = String::new();
    for name in shapes {
        structure(model, name, &mut body, &mut imports)?;
    }
    let mut text = format!("//! Types of `{module}`. Written by `cargo xtask model`.\n\n");
    if imports.contains("BTreeMap") {
        text.push_str("use std::collections::BTreeMap;\n\n");
    }
    text.push_str("use serde::{Deserialize, Serialize};\n\n");
    for import in &imports {
        match import.as_str() {
            "BTreeMap" => {}
            "Sensitive" => text.push_str("use crate::Sensitive;\n"),
            "Timestamp" => text.push_str("use crate::Timestamp;\n"),
            shape => {
                let owner = owners.get(shape).with_context(|| format!("{shape} has no module"))?;
                if *owner != module {
                    writeln!(text, "use super::{owner}::{shape};")?;
                }
            }
        }
    }
    Ok(text + "\n" + &body)
}

/// Returns the list of modules.
pub(super) fn list(modules: &[&str]) -> String {
    let mut text =
        "//! Types of the operations that have a service. Written by `cargo xtask model`.\n\n"
            .to_owned();
    for module in modules {
        text.push_str(&format!("pub mod {module};\n"));
    }
    text
}

fn structure(
    model: &Value,
    name: &str,
    text: &mut String,
    imports: &mut BTreeSet<String>,
) -> Result<()> {
    let shape = &model["shapes"][name];
    let required: Vec<&str> =
        shape["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    text.push_str("#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]\n");
    text.push_str("#[serde(rename_all = \"PascalCase\", deny_unknown_fields, default)]\n");
    writeln!(text, "pub struct {name} {{")?;
    for (member, value) in shape["members"].as_object().into_iter().flatten() {
        let target = value["shape"].as_str().context("a member without a shape")?;
        let rust = rust_type(model, target, imports)?;
        let field = snake(member);
        if pascal(&field) != *member {
            writeln!(text, "    #[serde(rename = \"{member}\")]")?;
        }
        let field = if field == "type" { "r#type" } else { &field };
        if required.contains(&member.as_str()) {
            writeln!(text, "    pub {field}: {rust},")?;
        } else {
            text.push_str("    #[serde(skip_serializing_if = \"Option::is_none\")]\n");
            writeln!(text, "    pub {field}: Option<{rust}>,")?;
        }
    }
    text.push_str("}\n\n");
    Ok(())
}

fn rust_type(model: &Value, name: &str, imports: &mut BTreeSet<String>) -> Result<String> {
    let shape = &model["shapes"][name];
    let next = |key: &str| shape[key]["shape"].as_str().unwrap_or_default().to_owned();
    Ok(match shape["type"].as_str() {
        Some("string") if shape["sensitive"] == true => {
            imports.insert("Sensitive".to_owned());
            "Sensitive".to_owned()
        }
        Some("string") => "String".to_owned(),
        Some("boolean") => "bool".to_owned(),
        Some("integer") => "i32".to_owned(),
        Some("long") => "i64".to_owned(),
        Some("timestamp") => {
            imports.insert("Timestamp".to_owned());
            "Timestamp".to_owned()
        }
        Some("list") => format!("Vec<{}>", rust_type(model, &next("member"), imports)?),
        Some("map") => {
            imports.insert("BTreeMap".to_owned());
            format!("BTreeMap<String, {}>", rust_type(model, &next("value"), imports)?)
        }
        Some("structure") => {
            imports.insert(name.to_owned());
            name.to_owned()
        }
        other => bail!("the shape {name} has the type {other:?}, for which there is no Rust yet"),
    })
}

/// Writes `TargetLocationsURL` as `target_locations_url`.
fn snake(member: &str) -> String {
    let characters: Vec<char> = member.chars().collect();
    let mut text = String::new();
    for (index, character) in characters.iter().enumerate() {
        let after_lower = index > 0 && !characters[index - 1].is_uppercase();
        let before_lower =
            index > 0 && characters.get(index + 1).is_some_and(|next| next.is_lowercase());
        if character.is_uppercase() && index > 0 && (after_lower || before_lower) {
            text.push('_');
        }
        text.extend(character.to_lowercase());
    }
    text
}

/// What serde makes of a field for `rename_all = "PascalCase"`.
fn pascal(field: &str) -> String {
    let words = field.split('_').map(|word| {
        let mut characters = word.chars();
        characters.next().map(|first| first.to_uppercase().chain(characters).collect::<String>())
    });
    words.flatten().collect()
}

/// Returns the text as rustfmt writes it.
pub(super) fn formatted(text: &str) -> Result<String> {
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path"])
        .arg(crate::workspace::root())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start rustfmt")?;
    child.stdin.take().context("rustfmt has no input")?.write_all(text.as_bytes())?;
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("rustfmt refuses what was written");
    }
    Ok(String::from_utf8(output.stdout)?)
}
