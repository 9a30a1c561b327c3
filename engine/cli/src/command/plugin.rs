//! `runwright plugin`

pub(crate) mod key;
mod signature;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use host_api::identifier::Digest;
use host_api::limits::COMPONENT_BYTES_MAX;
use runbook::lock::Lock;
use runbook::plan::PluginPin;
use serde_json::{Value, json};

use crate::arguments::Plugin;
use crate::catalogue::InstalledPlugin;
use crate::command::file::replace;
use crate::exit::{Exit, Refusal};
use crate::operation::Operation;
use crate::render::{self, Printer, safe_line, table};
use crate::session::Session;
use crate::source;
use signature::Claim;

/// How a component is admitted.
struct Adding<'a> {
    require_keys: &'a [PathBuf],
    unsigned: bool,
    lock: Option<&'a Path>,
}

pub(crate) async fn run(
    arguments: Plugin,
    session: &impl AsyncFn() -> Result<Session>,
    printer: Printer,
) -> Result<Exit> {
    match arguments {
        Plugin::Build { directory, out } => build(&directory, out.as_deref(), printer),
        Plugin::Inspect { file } => inspect(&file, printer),
        Plugin::Sign { file, key } => signature::make(&file, &key, printer),
        Plugin::Add { file, require_key, unsigned, lock } => {
            let request = Adding { require_keys: &require_key, unsigned, lock: lock.as_deref() };
            add(&file, request, &session().await?, printer).await
        }
        Plugin::List => list(&session().await?, printer).await,
        Plugin::Remove { plugin } => {
            let result =
                session().await?.call(&Operation::RemovePlugin { plugin: plugin.clone() }).await?;
            printer.result(&result, || format!("{} is removed", safe_line(&plugin)))?;
            Ok(Exit::Done)
        }
    }
}

fn build(directory: &Path, out: Option<&Path>, printer: Printer) -> Result<Exit> {
    let mut report = |text: &str| render::note(text);
    let toolchain = guest_build::Toolchain::find(directory, &mut report)
        .map_err(|error| Refusal::bad_input(format!("{:#}", anyhow::Error::from(error))))?;
    let request = guest_build::Build {
        manifest_dir: directory,
        out_dir: out.unwrap_or(directory),
        target_dir: None,
        locked: false,
        quiet: false,
    };
    let built = guest_build::build(&toolchain, &request)
        .map_err(|error| Refusal::bad_input(format!("{:#}", anyhow::Error::from(error))))?;
    let values: Vec<_> = built
        .iter()
        .map(|built| {
            json!({
                "name": built.manifest.name,
                "version": built.manifest.version,
                "file": built.path,
                "bytes": built.bytes,
                "digest": built.digest,
            })
        })
        .collect();
    printer.result(&values, || {
        let line = |value: &Value| {
            format!(
                "{}@{}  {}  {}",
                text(value, "name"),
                text(value, "version"),
                text(value, "file"),
                text(value, "digest")
            )
        };
        values.iter().map(line).collect::<Vec<_>>().join("\n")
    })?;
    Ok(Exit::Done)
}

fn text(value: &Value, key: &str) -> String {
    safe_line(value[key].as_str().unwrap_or_default())
}

fn component(file: &Path) -> Result<Vec<u8>> {
    source::bytes(file, COMPONENT_BYTES_MAX)
}

fn inspect(file: &Path, printer: Printer) -> Result<Exit> {
    let bytes = component(file)?;
    let manifest = sandbox::read_manifest(&bytes)
        .map_err(|error| Refusal::bad_input(format!("{}: {error}", file.display())))?;
    let signature = signature::text(file)?;
    let value = json!({
        "digest": Digest::of(&bytes),
        "bytes": bytes.len(),
        "signature": signature,
        "manifest": manifest,
    });
    printer.result(&value, || {
        let interfaces: Vec<_> =
            manifest.interfaces.iter().map(|interface| safe_line(interface)).collect();
        let mut shown = format!(
            "{}@{}\n  digest      {}\n  size        {} bytes\n  interfaces  {}\n  signature   {}\n",
            safe_line(&manifest.name),
            safe_line(&manifest.version),
            Digest::of(&bytes),
            bytes.len(),
            interfaces.join(" "),
            signature.as_deref().map_or("none".to_owned(), safe_line),
        );
        for action in &manifest.actions {
            shown.push_str(&format!(
                "\n  {}  {}\n",
                safe_line(&action.name),
                safe_line(&action.summary)
            ));
            for need in &action.needs {
                shown.push_str(&format!("    needs {}\n", safe_line(need)));
            }
        }
        shown
    })?;
    Ok(Exit::Done)
}

async fn add(
    file: &Path,
    request: Adding<'_>,
    session: &Session,
    printer: Printer,
) -> Result<Exit> {
    let bytes = component(file)?;
    let keys =
        request.require_keys.iter().map(|key| key::public(key)).collect::<Result<Vec<_>>>()?;
    let claim =
        if request.unsigned { Claim::default() } else { signature::check(file, &bytes, keys)? };
    let component = STANDARD.encode(bytes);
    let keys = claim.keys.iter().map(ToString::to_string).collect();
    let operation = Operation::AddPlugin { component, signature: claim.text, keys };
    let added: InstalledPlugin = serde_json::from_value(session.call(&operation).await?)?;
    if let Some(runbook) = request.lock {
        pin(runbook, &added)?;
    }
    printer.result(&added, || {
        format!("{}@{}  {}", safe_line(&added.name), safe_line(&added.version), added.digest)
    })?;
    Ok(Exit::Done)
}

/// Writes the plugin's pin into the lock file beside `runbook`, and leaves other pins.
fn pin(runbook: &Path, plugin: &InstalledPlugin) -> Result<()> {
    let path = runbook.with_extension("lock");
    let mut lock = Lock::default();
    if path.exists() {
        let source = source::document(&path).map_err(Refusal::from)?;
        let (parsed, diagnostics) = Lock::parse(&source);
        let shown: String = diagnostics
            .iter()
            .map(|diagnostic| runbook::diagnostic::render::plain(&source, diagnostic))
            .collect();
        match parsed {
            Some(parsed) => lock = parsed,
            None => bail!(Refusal::bad_input(shown)),
        }
    }
    let pin = PluginPin { version: plugin.version.clone(), digest: plugin.digest.clone() };
    lock.plugins.insert(plugin.name.clone(), pin);
    replace(&path, lock.to_text().as_bytes())
}

async fn list(session: &Session, printer: Printer) -> Result<Exit> {
    let plugins: Vec<InstalledPlugin> =
        serde_json::from_value(session.call(&Operation::ListPlugins).await?)?;
    printer.result(&plugins, || {
        let rows: Vec<_> = plugins
            .iter()
            .map(|plugin| {
                let actions: Vec<_> =
                    plugin.manifest.actions.iter().map(|action| safe_line(&action.name)).collect();
                let signer = plugin.signer_key_id.clone().unwrap_or_else(|| "unsigned".to_owned());
                vec![
                    safe_line(&plugin.name),
                    safe_line(&plugin.version),
                    signer,
                    plugin.digest.to_string(),
                    actions.join(" "),
                ]
            })
            .collect();
        table(&["PLUGIN", "VERSION", "SIGNED BY", "DIGEST", "ACTIONS"], &rows)
    })?;
    Ok(Exit::Done)
}
