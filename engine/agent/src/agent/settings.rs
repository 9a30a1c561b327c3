//! What an agent is told at its start.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use host_api::identifier::NodeId;
use nix::unistd::{Uid, User};

use crate::plan::Bounds;

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// How an agent executes jobs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The program that is executed as shim: `executable arguments… folder`. It must call [`shim_main`](crate::shim_main). It is
    /// opened with the agent and is not looked for again, so it is a binary, not a script that names an interpreter.
    pub executable: PathBuf,
    pub arguments: Vec<OsString>,
    /// Jobs that execute at the same time.
    pub running_max: usize,
    /// Jobs that execute or wait to.
    pub jobs_max: usize,
    pub standard_output_characters_max: usize,
    pub standard_error_characters_max: usize,
    /// Kept on disk for each stream of a step; the rest is read and dropped.
    pub spool_bytes_max: u64,
    /// Between SIGTERM and SIGKILL.
    pub kill_grace_ms: u64,
    /// A ceiling over what documents ask for.
    pub step_timeout_ms_max: u64,
}

impl Settings {
    /// Returns SSM's bounds for outputs, and a shim that is started as `executable shim <folder>`.
    pub fn new(executable: PathBuf) -> Self {
        Self {
            executable,
            arguments: vec!["shim".into()],
            running_max: 32,
            jobs_max: 1_000,
            standard_output_characters_max: 24_000,
            standard_error_characters_max: 8_000,
            spool_bytes_max: 1 << 20,
            kill_grace_ms: 2_000,
            step_timeout_ms_max: 172_800_000,
        }
    }

    pub(crate) fn bounds(&self) -> Bounds {
        Bounds {
            standard_output_characters_max: self.standard_output_characters_max,
            standard_error_characters_max: self.standard_error_characters_max,
            spool_bytes_max: self.spool_bytes_max,
            kill_grace_ms: self.kill_grace_ms,
            step_timeout_ms_max: self.step_timeout_ms_max,
        }
    }
}

/// Nothing of our own environment reaches a script: it may hold secrets.
pub(super) fn base_environment(node: &NodeId) -> BTreeMap<String, String> {
    let home = User::from_uid(Uid::effective()).ok().flatten().map(|user| user.dir);
    let home = home.and_then(|home| home.into_os_string().into_string().ok());
    BTreeMap::from([
        ("PATH".to_owned(), PATH.to_owned()),
        ("HOME".to_owned(), home.unwrap_or_else(|| "/".to_owned())),
        ("LANG".to_owned(), "C.UTF-8".to_owned()),
        ("AWS_SSM_INSTANCE_ID".to_owned(), node.to_string()),
    ])
}
