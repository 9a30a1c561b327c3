//! Writes the tables of what is embedded.

use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);
    let mut tables = actions(&root.join("actions"))?;
    tables.push_str(&documents(&root.join("documents"))?);
    std::fs::write(PathBuf::from(std::env::var("OUT_DIR")?).join("embedded.rs"), tables)?;
    Ok(())
}

/// Every crate in `actions/` that makes a component must have one.
fn actions(directory: &Path) -> Result<String, Box<dyn Error>> {
    let mut table = String::from("static ACTIONS: &[Shipped] = &[\n");
    watch(directory);
    for path in entries(directory)? {
        let manifest = path.join("Cargo.toml");
        if !manifest.exists() || !std::fs::read_to_string(&manifest)?.contains("cdylib") {
            continue;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let component = directory.join("components").join(format!("{name}.wasm"));
        watch(&component);
        if !component.exists() {
            return Err(format!("action `{name}` is not built: run `cargo xtask setup`").into());
        }
        let component = component.to_str().ok_or("the path of this repository is not UTF-8")?;
        writeln!(table, "    Shipped {{ name: {name:?}, bytes: include_bytes!({component:?}) }},")?;
    }
    table.push_str("];\n");
    Ok(table)
}

fn documents(directory: &Path) -> Result<String, Box<dyn Error>> {
    let mut rows = Vec::new();
    let mut pending = vec![directory.to_owned()];
    while let Some(path) = pending.pop() {
        watch(&path);
        if path.is_dir() {
            pending.extend(entries(&path)?);
            continue;
        }
        let extension = path.extension().unwrap_or_default().to_string_lossy().into_owned();
        let format = match extension.as_str() {
            "yaml" | "yml" => "Yaml",
            "json" => "Json",
            _ => continue,
        };
        let kind = kind(&std::fs::read_to_string(&path)?)
            .ok_or_else(|| format!("{} states no schemaVersion that is known", path.display()))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        rows.push((name, path, format, kind));
    }
    rows.sort();
    if let Some(pair) = rows.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(format!("two documents are named {}", pair[0].0).into());
    }
    let mut table = String::from("static DOCUMENTS: &[ShippedDocument] = &[\n");
    for (name, path, format, kind) in rows {
        let path = path.to_str().ok_or("the path of this repository is not UTF-8")?;
        writeln!(
            table,
            "    ShippedDocument {{ name: {name:?}, content: include_str!({path:?}), \
             format: DocumentFormat::{format}, kind: DocumentKind::{kind} }},"
        )?;
    }
    table.push_str("];\n");
    Ok(table)
}

/// Returns the kind by the first schema version in the text.
fn kind(text: &str) -> Option<&'static str> {
    let (_, rest) = text.split_once("schemaVersion")?;
    let version = rest.trim_start_matches(['"', '\'', ':', ' ']);
    match version.get(..3)? {
        "0.3" | "0.4" => Some("Automation"),
        "1.2" | "2.0" | "2.2" => Some("Command"),
        _ => None,
    }
}

fn entries(directory: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut paths = Vec::new();
    if directory.exists() {
        for entry in std::fs::read_dir(directory)? {
            paths.push(entry?.path());
        }
    }
    paths.sort();
    Ok(paths)
}

fn watch(path: &Path) {
    println!("cargo::rerun-if-changed={}", path.display());
}
