//! Finding a runbook: a file, or the name of a shipped one; its lock file beside it.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use runbook::action::Catalogue;
use runbook::diagnostic::{Diagnostic, any_error, render};
use runbook::lock::Lock;
use runbook::plan::Plan;
use runbook::source::Source;

use crate::exit::Refusal;

/// A runbook's text and its lock.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub source: Source,
    /// The folder of the file; documents that steps name are looked for here too.
    pub directory: Option<PathBuf>,
    pub lock: Option<Source>,
}

/// A runbook that can run.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub plan: Plan,
    pub warnings: Vec<Diagnostic>,
}

/// Reads the file, or takes the shipped document of that name.
pub(crate) fn find(file: &str) -> Result<Found> {
    let path = Path::new(file);
    if path.exists() {
        return read(path);
    }
    let shipped = library::documents().iter().find(|document| document.name == file);
    let Some(shipped) = shipped else {
        let names: Vec<_> = library::documents().iter().map(|document| document.name).collect();
        bail!(
            Refusal::bad_input(format!("there is no file and no shipped document `{file}`"))
                .with_help(format!("shipped: {}", names.join(", ")))
        );
    };
    let extension = match shipped.format {
        library::DocumentFormat::Yaml => "yaml",
        library::DocumentFormat::Json => "json",
    };
    let source = Source::new(format!("{}.{extension}", shipped.name), shipped.content);
    Ok(Found { source, directory: None, lock: None })
}

/// Reads a file and the lock file beside it: `<stem>.lock`, else `runbooks.lock`.
pub(crate) fn read(path: &Path) -> Result<Found> {
    let source = Source::new(path.display().to_string(), text(path)?);
    let directory = path.parent().map(Path::to_owned);
    let own = path.with_extension("lock");
    let shared = path.with_file_name("runbooks.lock");
    let lock = [own, shared].into_iter().find(|lock| lock.exists());
    let lock = lock
        .map(|lock| Ok::<_, anyhow::Error>(Source::new(lock.display().to_string(), text(&lock)?)));
    Ok(Found { source, directory, lock: lock.transpose()? })
}

/// Reads a text file; what cannot be read is the user's mistake.
pub(crate) fn text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|error| {
        Refusal::bad_input(format!("cannot read {}: {error}", path.display())).into()
    })
}

/// Compiles, or refuses with every mistake.
pub(crate) fn load(found: &Found, catalogue: &Catalogue) -> Result<Loaded> {
    let (plan, diagnostics) = check(found, catalogue);
    match plan {
        Some(plan)
            if !diagnostics.iter().any(|(_, found)| any_error(std::slice::from_ref(found))) =>
        {
            let warnings = diagnostics.into_iter().map(|(_, diagnostic)| diagnostic).collect();
            Ok(Loaded { plan, warnings })
        }
        _ => {
            let text: String = diagnostics
                .iter()
                .map(|(source, diagnostic)| render::plain(source, diagnostic))
                .collect();
            bail!(Refusal::bad_input(text.trim_end().to_owned()))
        }
    }
}

/// Checks lock and runbook; each diagnostic with the text it is about.
pub(crate) fn check<'f>(
    found: &'f Found,
    catalogue: &Catalogue,
) -> (Option<Plan>, Vec<(&'f Source, Diagnostic)>) {
    let mut all = Vec::new();
    let mut lock = None;
    if let Some(source) = &found.lock {
        let (parsed, diagnostics) = Lock::parse(source);
        all.extend(diagnostics.into_iter().map(|diagnostic| (source, diagnostic)));
        lock = parsed;
    }
    let (plan, diagnostics) = runbook::compile::load(&found.source, catalogue, lock.as_ref());
    all.extend(diagnostics.into_iter().map(|diagnostic| (&found.source, diagnostic)));
    (plan, all)
}
