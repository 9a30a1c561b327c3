//! Core modules and components as sequences of sections.

use wasmparser::{BinaryReaderError, ComponentTypeRef, Parser, Payload};

const CUSTOM_SECTION: u8 = 0;

/// A core module without one custom section, and what that held.
#[derive(Debug)]
pub(crate) struct Split {
    pub(crate) module: Vec<u8>,
    /// One for each section of that name.
    pub(crate) contents: Vec<Vec<u8>>,
}

/// Takes the custom sections of that name out of a core module.
pub(crate) fn split(module: &[u8], name: &str) -> Result<Split, BinaryReaderError> {
    let mut split =
        Split { module: module.get(..8).unwrap_or_default().to_vec(), contents: Vec::new() };
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        if let Payload::CustomSection(section) = &payload
            && section.name() == name
        {
            split.contents.push(section.data().to_vec());
        } else if let Some((id, range)) = payload.as_section() {
            append(&mut split.module, id, &module[range]);
        }
    }
    Ok(split)
}

/// Appends a custom section at the top level.
pub(crate) fn append_custom(bytes: &mut Vec<u8>, name: &str, data: &[u8]) {
    let mut contents = Vec::with_capacity(data.len() + name.len() + 5);
    push_length(&mut contents, name.len());
    contents.extend_from_slice(name.as_bytes());
    contents.extend_from_slice(data);
    append(bytes, CUSTOM_SECTION, &contents);
}

/// Returns the names of what a component imports at its top level, types apart: those hold nothing to call.
pub(crate) fn imports(component: &[u8]) -> Result<Vec<String>, BinaryReaderError> {
    let mut names = Vec::new();
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload?;
        if matches!(payload, Payload::ModuleSection { .. } | Payload::ComponentSection { .. }) {
            depth += 1;
        } else if matches!(payload, Payload::End(_)) {
            depth = depth.saturating_sub(1);
        } else if let Payload::ComponentImportSection(section) = payload
            && depth == 0
        {
            for import in section {
                let import = import?;
                if !matches!(import.ty, ComponentTypeRef::Type(_)) {
                    names.push(import.name.name.to_owned());
                }
            }
        }
    }
    Ok(names)
}

fn append(bytes: &mut Vec<u8>, id: u8, contents: &[u8]) {
    bytes.push(id);
    push_length(bytes, contents.len());
    bytes.extend_from_slice(contents);
}

/// Appends a length as unsigned LEB128.
fn push_length(bytes: &mut Vec<u8>, mut length: usize) {
    loop {
        let group = u8::try_from(length & 0x7f).unwrap_or_default();
        length >>= 7;
        if length == 0 {
            bytes.push(group);
            return;
        }
        bytes.push(group | 0x80);
    }
}
