//! Finding a runbook: a file, or the name of a shipped one; its lock file beside it.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use runbook::action::Catalogue;
use runbook::codes;
use runbook::diagnostic::{Diagnostic, any_error, render};
use runbook::document::TEXT_BYTES_MAX;
use runbook::lock::Lock;
use runbook::plan::Plan;
use runbook::source::{Position, Source, Span};
use serde_json::{Value, json};

use crate::exit::Refusal;

/// How much is shown of a text that is too long.
const EXCERPT_BYTES: usize = 80;

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

/// A text that cannot be had, as a diagnostic: for people, and as data.
#[derive(Debug)]
pub(crate) struct Unreadable {
    pub text: String,
    pub value: Value,
}

impl From<Unreadable> for Refusal {
    fn from(unreadable: Unreadable) -> Self {
        Self::bad_input(unreadable.text.trim_end())
    }
}

/// Reads the file, or takes the shipped document of that name.
pub(crate) fn find(file: &str) -> Result<Found> {
    let path = Path::new(file);
    if path.exists() {
        return Ok(read(path).map_err(Refusal::from)?);
    }
    let shipped = library::documents().iter().find(|document| document.name == file);
    let Some(shipped) = shipped else {
        let runbooks = library::documents()
            .iter()
            .filter(|document| !is_command_document(&Source::new(document.name, document.content)));
        let names: Vec<_> = runbooks.map(|document| document.name).collect();
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

/// A command document says so by its schema version; everything else is checked as a runbook.
pub(crate) fn is_command_document(source: &Source) -> bool {
    let (document, _) = runbook::document::parse(source);
    let version = document.as_ref().and_then(|document| document.value["schemaVersion"].as_str());
    matches!(version, Some("1.2" | "2.0" | "2.2"))
}

/// Reads a file and the lock file beside it: `<stem>.lock`, else `runbooks.lock`.
pub(crate) fn read(path: &Path) -> Result<Found, Unreadable> {
    with_lock(path, document(path)?)
}

/// Reads the lock file beside a document.
pub(crate) fn with_lock(path: &Path, source: Source) -> Result<Found, Unreadable> {
    let directory = path.parent().map(Path::to_owned);
    let own = path.with_extension("lock");
    let shared = path.with_file_name("runbooks.lock");
    let lock = [own, shared].into_iter().find(|lock| lock.exists());
    let lock = lock.map(|lock| document(&lock)).transpose()?;
    Ok(Found { source, directory, lock })
}

/// Reads a document, of which no more is taken than a document may have.
pub(crate) fn document(path: &Path) -> Result<Source, Unreadable> {
    let name = path.display().to_string();
    match head(path, TEXT_BYTES_MAX) {
        Ok(Head::Whole(bytes)) => text(&name, bytes),
        Ok(Head::TooLong(bytes)) => Err(too_long(&name, &bytes, TEXT_BYTES_MAX)),
        Err(error) => Err(absent(&name, &error)),
    }
}

/// Reads a document or a rule file, which may be longer.
pub(crate) fn document_or_rules(path: &Path) -> Result<Source, Unreadable> {
    let name = path.display().to_string();
    match head(path, rules::file::TEXT_BYTES_MAX) {
        Ok(Head::Whole(bytes)) => {
            let source = text(&name, bytes)?;
            if source.text.len() > TEXT_BYTES_MAX && !rules::file::is_rule_file(&source) {
                return Err(too_long(&name, source.text.as_bytes(), TEXT_BYTES_MAX));
            }
            Ok(source)
        }
        Ok(Head::TooLong(bytes)) => {
            let begin = Source::new(&*name, &*String::from_utf8_lossy(&bytes));
            let is_rule_file = rules::file::is_rule_file(&begin);
            let bytes_max = if is_rule_file { rules::file::TEXT_BYTES_MAX } else { TEXT_BYTES_MAX };
            Err(too_long(&name, &bytes, bytes_max))
        }
        Err(error) => Err(absent(&name, &error)),
    }
}

fn text(name: &str, bytes: Vec<u8>) -> Result<Source, Unreadable> {
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Source::new(name, text)),
        Err(error) => Err(no_text(name, error.as_bytes(), error.utf8_error().valid_up_to())),
    }
}

fn absent(name: &str, error: &std::io::Error) -> Unreadable {
    let message = format!("cannot read {name}: {error}");
    let value = json!({
        "code": null, "severity": "error", "message": message, "span": null, "labels": [],
        "help": null, "file": name,
    });
    Unreadable { text: format!("{message}\n"), value }
}

fn too_long(name: &str, bytes: &[u8], bytes_max: usize) -> Unreadable {
    let begin = String::from_utf8_lossy(&bytes[..bytes.len().min(EXCERPT_BYTES)]);
    let message = format!("the document is too long: at most {bytes_max} bytes are allowed");
    unreadable(name, &begin, &Diagnostic::error(codes::TOO_LARGE, Span::default(), message))
}

/// `at` is where the first byte is that begins no character; what is before it is text.
fn no_text(name: &str, bytes: &[u8], at: usize) -> Unreadable {
    let before = String::from_utf8_lossy(&bytes[..at]);
    let line = before.rsplit('\n').next().unwrap_or_default();
    let count = |count: usize| u32::try_from(count + 1).unwrap_or(u32::MAX);
    let position = Position {
        offset: at,
        line: count(before.matches('\n').count()),
        column: count(line.chars().count()),
    };
    let byte = bytes.get(at).copied().unwrap_or_default();
    let message = format!("this is no UTF-8 text: no character begins with the byte {byte:#04x}");
    let span = Span { start: position, end: position };
    let diagnostic = Diagnostic::error(codes::SYNTAX, span, message);
    unreadable(name, &String::from_utf8_lossy(bytes), &diagnostic)
}

fn unreadable(name: &str, text: &str, diagnostic: &Diagnostic) -> Unreadable {
    let mut value = json!(diagnostic);
    value["file"] = json!(name);
    Unreadable { text: render::plain(&Source::new(name, text), diagnostic), value }
}

/// What a file begins with.
pub(crate) enum Head {
    Whole(Vec<u8>),
    /// There is more than was asked for; this is the begin of it.
    TooLong(Vec<u8>),
}

/// Reads a file up to a limit: it may be a device without an end.
pub(crate) fn head(path: &Path, bytes_max: usize) -> std::io::Result<Head> {
    head_of(std::fs::File::open(path)?, bytes_max)
}

/// Reads up to a limit.
pub(crate) fn head_of(reader: impl Read, bytes_max: usize) -> std::io::Result<Head> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    reader.take(limit).read_to_end(&mut bytes)?;
    Ok(if bytes.len() > bytes_max { Head::TooLong(bytes) } else { Head::Whole(bytes) })
}

/// Reads a file that is refused when it is longer than `bytes_max`.
pub(crate) fn bytes(path: &Path, bytes_max: usize) -> Result<Vec<u8>> {
    match head(path, bytes_max) {
        Ok(Head::Whole(bytes)) => Ok(bytes),
        Ok(Head::TooLong(_)) => bail!(Refusal::bad_input(format!(
            "{} is too long: at most {bytes_max} bytes are allowed",
            path.display()
        ))),
        Err(error) => {
            bail!(Refusal::bad_input(format!("cannot read {}: {error}", path.display())))
        }
    }
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
