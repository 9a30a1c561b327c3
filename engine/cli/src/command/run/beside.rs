//! Documents beside a runbook: those that it leads to by their names go with it to the owner of the data directory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::exit::Refusal;
use crate::render::{self, safe_line};
use crate::source::{self, Found};

/// Documents that are sent along with a runbook.
const COUNT_MAX: usize = 200;
/// What a document's file can be called, the first first where several are of one name.
const EXTENSIONS: &[&str] = &["yaml", "yml", "json"];
/// Beginnings of names, in any case, that are those of shipped documents.
const RESERVED: &[&str] = &["aws-", "amazon", "amzn", "runwright-"];

/// Returns the documents whose names stand in the runbook, in the value of a parameter, or in a document that is reached so. What is
/// named and cannot go along is said.
pub(crate) fn reached(
    found: &Found,
    parameters: &[(String, String)],
) -> Result<Vec<(String, String)>> {
    let mut others = files(found);
    let mut texts: Vec<String> = parameters.iter().map(|(_, value)| value.clone()).collect();
    texts.push(found.source.text.to_string());
    let mut reached = BTreeMap::new();
    while let Some(text) = texts.pop() {
        let named: Vec<_> = others.extract_if(.., |name, _| mentions(&text, name)).collect();
        for (name, file) in named {
            if reached.len() >= COUNT_MAX {
                leave_out(&name, &file, &format!("only {COUNT_MAX} documents go with a runbook"));
                continue;
            }
            let content = match source::document(&file) {
                Ok(content) => content.text.to_string(),
                Err(unreadable) => {
                    leave_out(
                        &name,
                        &file,
                        unreadable.value["message"].as_str().unwrap_or_default(),
                    );
                    continue;
                }
            };
            if is_reserved(&name) {
                refuse_changed(&name, &file, &content, found)?;
                continue;
            }
            texts.push(content.clone());
            reached.insert(name, content);
        }
    }
    Ok(reached.into_iter().collect())
}

/// Returns the files in the runbook's folder that can be documents, by name.
pub(crate) fn files(found: &Found) -> BTreeMap<String, PathBuf> {
    let Some(directory) = &found.directory else { return BTreeMap::new() };
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    // A folder that cannot be read has no documents that could go along.
    let all = documents_in(directory).unwrap_or_default().into_iter();
    all.filter_map(|(name, files)| Some((name, files.into_iter().next()?))).collect()
}

/// Returns the files of a folder that can be documents, by name; those that count first come first.
pub(crate) fn documents_in(directory: &Path) -> std::io::Result<BTreeMap<String, Vec<PathBuf>>> {
    let mut files: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for file in std::fs::read_dir(directory)? {
        let path = file?.path();
        let name = path.file_stem().and_then(|name| name.to_str());
        if let (Some(_), Some(name), true) = (rank(&path), name, path.is_file()) {
            files.entry(name.to_owned()).or_default().push(path);
        }
    }
    files.values_mut().for_each(|files| files.sort_by_key(|path| rank(path)));
    Ok(files)
}

fn rank(path: &Path) -> Option<usize> {
    let extension = path.extension()?.to_str()?;
    EXTENSIONS.iter().position(|known| *known == extension)
}

/// Returns whether a text has a name as a whole word.
pub(crate) fn mentions(text: &str, name: &str) -> bool {
    let of_name = |character: char| character.is_alphanumeric() || matches!(character, '_' | '-');
    text.match_indices(name).any(|(start, found)| {
        let before = text[..start].chars().next_back();
        let after = text[start + found.len()..].chars().next();
        !before.is_some_and(of_name) && !after.is_some_and(of_name)
    })
}

/// Returns whether a name can only be that of a shipped document.
pub(crate) fn is_reserved(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    RESERVED.iter().any(|reserved| lower.starts_with(reserved))
}

/// The shipped document is the one that runs, so one that differs from it would be passed over unseen.
fn refuse_changed(name: &str, file: &Path, content: &str, found: &Found) -> Result<()> {
    let shipped = library::documents().iter().find(|shipped| shipped.name == name);
    let is_same = shipped.is_some_and(|shipped| shipped.content == content);
    if is_same || found.source.text.as_ref() == content {
        return Ok(());
    }
    bail!(
        Refusal::bad_input(format!(
            "{}: names that begin with AWS-, Amazon or Runwright- are those of shipped documents",
            file.display()
        ))
        .with_help("give the file another name, and use that in the runbook")
    )
}

fn leave_out(name: &str, file: &Path, reason: &str) {
    let file = file.file_name().unwrap_or_default().to_string_lossy();
    let (name, file) = (safe_line(name), safe_line(&file));
    render::note(format!("the document `{name}` is named, but {file} does not go along: {reason}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_whole_word() {
        for text in ["DocumentName: child", "child", "\"child\"", "a,child,b", "beside child."] {
            assert!(mentions(text, "child"), "{text}");
        }
        for text in ["children", "grand-child", "child_2", "Child", ""] {
            assert!(!mentions(text, "child"), "{text}");
        }
    }
}
