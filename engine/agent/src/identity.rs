//! The node's id, made once.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use host_api::identifier::{NodeId, hex};

use crate::durable;

const FILE: &str = "node-id";

/// Returns the id that the directory keeps, made now if there is none: `mi-` and 17 hexadecimal digits.
pub(crate) fn node_id(directory: &Path) -> io::Result<NodeId> {
    match fs::read_to_string(directory.join(FILE)) {
        Ok(text) => parse(text.trim_end()),
        Err(error) if error.kind() == ErrorKind::NotFound => create(directory),
        Err(error) => Err(error),
    }
}

fn create(directory: &Path) -> io::Result<NodeId> {
    let mut random = [0; 9];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let id = format!("mi-{}", &hex(&random)[..17]);
    match durable::create_new(directory, FILE, format!("{id}\n").as_bytes()) {
        Ok(()) => Ok(NodeId::new(id)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
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
