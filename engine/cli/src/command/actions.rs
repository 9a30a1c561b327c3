//! `runwright actions`

mod example;
mod flow;

use anyhow::{Result, bail};
use host_api::manifest::ActionManifest;
use runbook::action::{Catalogue, KNOWN, Kind};
use serde_json::{Value, json};

use crate::arguments::Actions;
use crate::exit::{Exit, Refusal};
use crate::render::{Printer, safe_line, table};

pub(crate) fn run(arguments: &Actions, catalogue: &Catalogue, printer: Printer) -> Result<Exit> {
    match arguments {
        Actions::List => list(catalogue, printer),
        Actions::Show { name } => show(name, catalogue, printer),
    }
}

struct Row {
    name: String,
    effect: String,
    summary: String,
}

fn list(catalogue: &Catalogue, printer: Printer) -> Result<Exit> {
    let mut rows: Vec<Row> = KNOWN.iter().map(|known| known_row(known, catalogue)).collect();
    for installed in catalogue.all_installed() {
        rows.push(Row {
            name: installed.manifest.name.clone(),
            effect: effect(&installed.manifest),
            summary: installed.manifest.summary.clone(),
        });
    }
    let values: Vec<_> = rows
        .iter()
        .map(|row| json!({ "name": row.name, "effect": row.effect, "summary": row.summary }))
        .collect();
    printer.result(&values, || {
        let rows: Vec<_> = rows
            .iter()
            .map(|row| vec![row.name.clone(), row.effect.clone(), row.summary.clone()])
            .collect();
        table(&["ACTION", "EFFECT", "SUMMARY"], &rows)
    })?;
    Ok(Exit::Done)
}

fn known_row(known: &runbook::action::Known, catalogue: &Catalogue) -> Row {
    let name = format!("aws:{}", known.name);
    if let Some(manifest) = catalogue.built_in(&name) {
        return Row { effect: effect(manifest), summary: manifest.summary.clone(), name };
    }
    let (effect, summary) = match &known.kind {
        Kind::Flow(action) => ("pure", flow::manifest(known.name, *action).summary),
        Kind::Unavailable(reason) => ("-", format!("not available: {reason}")),
        Kind::Component => ("-", "its component is missing from this build".to_owned()),
    };
    Row { name, effect: effect.to_owned(), summary }
}

fn effect(manifest: &ActionManifest) -> String {
    serde_json::to_value(manifest.effect)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

fn show(name: &str, catalogue: &Catalogue, printer: Printer) -> Result<Exit> {
    let full = if name.contains(':') { name.to_owned() } else { format!("aws:{name}") };
    let installed = catalogue.installed(&full).next().map(|installed| &installed.manifest);
    if let Some(manifest) = catalogue.built_in(&full).or(installed) {
        return describe(manifest, printer);
    }
    let Some(known) = full.strip_prefix("aws:").and_then(runbook::action::known) else {
        bail!(
            Refusal::bad_input(format!("there is no action `{name}`"))
                .with_help("`runwright actions list` shows all")
        );
    };
    if let Kind::Flow(action) = known.kind {
        return describe(&flow::manifest(known.name, action), printer);
    }
    let row = known_row(known, catalogue);
    printer.result(
        &json!({ "name": row.name, "effect": row.effect, "summary": row.summary }),
        || format!("{}\n  {}\n", row.name, row.summary),
    )?;
    Ok(Exit::Done)
}

fn describe(manifest: &ActionManifest, printer: Printer) -> Result<Exit> {
    let known = manifest.name.strip_prefix("aws:").and_then(runbook::action::known);
    let step = example::step(manifest, known.is_some_and(|known| known.in_ssm));
    let mut value = serde_json::to_value(manifest)?;
    value["step"] = json!(step);
    if let Some(beside) = example::beside(manifest) {
        value["beside"] = json!(beside);
    }
    printer.result(&value, || described(manifest, &step))?;
    Ok(Exit::Done)
}

fn described(manifest: &ActionManifest, step: &str) -> String {
    let (name, summary) = (safe_line(&manifest.name), safe_line(&manifest.summary));
    let mut text = format!("{name}\n  {summary}\n\n  effect  {}\n", effect(manifest));
    for need in &manifest.needs {
        text.push_str(&format!("  needs   {}\n", safe_line(need)));
    }
    for (title, schema) in [("inputs", &manifest.inputs), ("outputs", &manifest.outputs)] {
        text.push_str(&format!("\n  {title}\n"));
        text.push_str(&properties(schema));
    }
    text.push_str("\n  a step to paste\n");
    text.push_str(step);
    if let Some(beside) = example::beside(manifest) {
        text.push_str(&format!("\n  beside mainSteps\n{beside}\n"));
    }
    text
}

fn properties(schema: &Value) -> String {
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let Some(properties) = schema["properties"].as_object() else {
        return "    (any)\n".to_owned();
    };
    if properties.is_empty() {
        return "    (none)\n".to_owned();
    }
    let mut text = String::new();
    for (name, property) in properties {
        let mark = if required.contains(&name.as_str()) { "*" } else { " " };
        let kind = safe_line(property["type"].as_str().unwrap_or("any"));
        let default = property.get("default").filter(|default| !default.is_null());
        let default = default.map(|default| format!(" (default {default})")).unwrap_or_default();
        let (name, default) = (safe_line(name), safe_line(&default));
        let description = safe_line(property["description"].as_str().unwrap_or_default());
        text.push_str(&format!("   {mark}{name}: {kind}{default}  {description}\n"));
    }
    text
}
