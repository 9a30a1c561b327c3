//! The node's id, made once.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use host_api::identifier::{NodeId, hex};

use crate::durable;

const FILE: &str = "node-id";

/// Returns the id that the directory keeps, made now if there is none: `mi-` and 17 hexadecimal digits.
pub(crate) fn node_id(directory: &Path) -> io::Result<NodeId> {
    let id = match fs::read_to_string(directory.join(FILE)) {
        Ok(text) => parse(text.trim_end()),
        Err(error) if error.kind() == ErrorKind::NotFound => create(directory),
        Err(error) => Err(error),
    }?;
    durable::remove_leavings(directory, FILE)?;
    Ok(id)
}

fn create(directory: &Path) -> io::Result<NodeId> {
    let mut random = [0; 9];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let id = format!("mi-{}", &hex(&random)[..17]);
    match durable::create_new(directory, FILE, format!("{id}\n").as_bytes()) {
        Ok(()) => {
            // The directory is as new as the id in it.
            directory.parent().map_or(Ok(()), durable::sync_directory)?;
            Ok(NodeId::new(id))
        }
        // Another process was faster, and may have taken what we had begun for a leaving.
        Err(error) if matches!(error.kind(), ErrorKind::AlreadyExists | ErrorKind::NotFound) => {
            parse(fs::read_to_string(directory.join(FILE))?.trim_end())
        }
        Err(error) => Err(error),
    }
}

fn parse(text: &str) -> io::Result<NodeId> {
    let digits = text.strip_prefix("mi-").unwrap_or_default();
    if digits.len() == 17 && digits.bytes().all(|digit| b"0123456789abcdef".contains(&digit)) {
        Ok(NodeId::new(text))
    } else {
        Err(io::Error::new(ErrorKind::InvalidData, "the file does not hold a node id"))
    }
}
