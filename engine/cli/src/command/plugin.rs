//! `runwright plugin`

use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use host_api::identifier::Digest;
use runbook::lock::Lock;
use runbook::plan::PluginPin;
use runbook::source::Source;
use sandbox::signature::{SecretKey, sign};
use serde_json::{Value, json};

use crate::arguments::Plugin;
use crate::catalogue::InstalledPlugin;
use crate::exit::{Exit, Refusal};
use crate::operation::Operation;
use crate::render::{self, Printer, safe, table};
use crate::session::Session;

pub(crate) async fn run(
    arguments: Plugin,
    session: &impl AsyncFn() -> Result<Session>,
    printer: Printer,
) -> Result<Exit> {
    match arguments {
        Plugin::Build { directory, out } => build(&directory, out.as_deref(), printer),
        Plugin::Inspect { file } => inspect(&file, printer),
        Plugin::Sign { file, key } => sign_file(&file, &key, printer),
        Plugin::Add { file, require_key, lock } => {
            add(&file, &require_key, lock.as_deref(), &session().await?, printer).await
        }
        Plugin::List => list(&session().await?, printer).await,
        Plugin::Remove { plugin } => {
            let result =
                session().await?.call(&Operation::RemovePlugin { plugin: plugin.clone() }).await?;
            printer.result(&result, || format!("{} is removed", safe(&plugin)))?;
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
    safe(value[key].as_str().unwrap_or_default())
}

fn read(file: &Path) -> Result<Vec<u8>> {
    std::fs::read(file).map_err(|error| {
        Refusal::bad_input(format!("cannot read {}: {error}", file.display())).into()
    })
}

fn inspect(file: &Path, printer: Printer) -> Result<Exit> {
    let bytes = read(file)?;
    let manifest = sandbox::read_manifest(&bytes)
        .map_err(|error| Refusal::bad_input(format!("{}: {error}", file.display())))?;
    let signature = std::fs::read_to_string(signature_path(file)).ok();
    let value = json!({
        "digest": Digest::of(&bytes),
        "bytes": bytes.len(),
        "signature": signature.as_deref().map(str::trim),
        "manifest": manifest,
    });
    printer.result(&value, || {
        let interfaces: Vec<_> = manifest.interfaces.iter().map(String::as_str).collect();
        let mut shown = format!(
            "{}@{}\n  digest      {}\n  size        {} bytes\n  interfaces  {}\n  signature   {}\n",
            safe(&manifest.name),
            safe(&manifest.version),
            Digest::of(&bytes),
            bytes.len(),
            interfaces.join(" "),
            signature.as_deref().map_or("none", str::trim),
        );
        for action in &manifest.actions {
            shown.push_str(&format!("\n  {}  {}\n", safe(&action.name), safe(&action.summary)));
            for need in &action.needs {
                shown.push_str(&format!("    needs {}\n", safe(need)));
            }
        }
        shown
    })?;
    Ok(Exit::Done)
}

/// A signature lies beside its file.
fn signature_path(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".sig");
    PathBuf::from(name)
}

fn sign_file(file: &Path, key_file: &Path, printer: Printer) -> Result<Exit> {
    let bytes = read(file)?;
    let key = if key_file.exists() {
        let text = crate::source::text(key_file)?;
        SecretKey::from_str(&text)
            .map_err(|error| Refusal::bad_input(format!("{}: {error}", key_file.display())))?
    } else {
        let key = SecretKey::generate()?;
        crate::command::runs::write_new(key_file, format!("{}\n", *key.to_hex()).as_bytes())?;
        let public = key_file.with_extension("pub");
        std::fs::write(&public, format!("{}\n", key.public()))
            .with_context(|| format!("cannot write {}", public.display()))?;
        render::note(format!("made a key: {} and {}", key_file.display(), public.display()));
        key
    };
    let signature = sign(&key, &bytes);
    let path = signature_path(file);
    std::fs::write(&path, format!("{signature}\n"))
        .with_context(|| format!("cannot write {}", path.display()))?;
    let value = json!({ "file": path, "keyId": key.public().id().to_string(), "digest": Digest::of(&bytes) });
    printer.result(&value, || format!("{} by key {}", path.display(), key.public().id()))?;
    Ok(Exit::Done)
}

async fn add(
    file: &Path,
    require_keys: &[PathBuf],
    lock: Option<&Path>,
    session: &Session,
    printer: Printer,
) -> Result<Exit> {
    let component = STANDARD.encode(read(file)?);
    let signature = std::fs::read_to_string(signature_path(file)).ok();
    let keys =
        require_keys.iter().map(|key| crate::source::text(key)).collect::<Result<Vec<_>>>()?;
    let operation = Operation::AddPlugin { component, signature, keys };
    let added: InstalledPlugin = serde_json::from_value(session.call(&operation).await?)?;
    if let Some(runbook) = lock {
        pin(runbook, &added)?;
    }
    printer.result(&added, || {
        format!("{}@{}  {}", safe(&added.name), safe(&added.version), added.digest)
    })?;
    Ok(Exit::Done)
}

/// Writes the plugin's pin into the lock file beside `runbook`, and leaves other pins.
fn pin(runbook: &Path, plugin: &InstalledPlugin) -> Result<()> {
    let path = runbook.with_extension("lock");
    let mut lock = Lock::default();
    if path.exists() {
        let source = Source::new(path.display().to_string(), crate::source::text(&path)?);
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
    std::fs::write(&path, lock.to_text())
        .with_context(|| format!("cannot write {}", path.display()))
}

async fn list(session: &Session, printer: Printer) -> Result<Exit> {
    let plugins: Vec<InstalledPlugin> =
        serde_json::from_value(session.call(&Operation::ListPlugins).await?)?;
    printer.result(&plugins, || {
        let rows: Vec<_> = plugins
            .iter()
            .map(|plugin| {
                let actions: Vec<_> =
                    plugin.manifest.actions.iter().map(|action| safe(&action.name)).collect();
                let signer = plugin.signer_key_id.clone().unwrap_or_else(|| "unsigned".to_owned());
                vec![
                    safe(&plugin.name),
                    safe(&plugin.version),
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
