//! Native code on disk, keyed by the component's digest and all that decides what the compiler makes of it.
//!
//! What lies here is executed. The directory is ours alone, and a file says its own digest: one that is cut or altered is
//! not read as code but compiled anew. That guards against a bad disk, not against someone who may write as we do.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::hash::{Hash as _, Hasher};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use host_api::identifier::{Digest, hex};
use sha2::{Digest as _, Sha256};
use wasmtime::Engine;

const MAGIC: &[u8; 18] = b"runwright-code-v1\0";
const DIGEST_BYTES: usize = 32;
/// Files kept; the oldest go first.
const FILES_MAX: usize = 512;

/// Why a directory cannot hold native code.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    #[error("cannot use {path} for native code")]
    Unusable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error(
        "{path} may be entered by others; native code in it is executed, so its mode must be 0700"
    )]
    Open { path: PathBuf },
}

/// A directory of native code.
#[derive(Debug, Clone)]
pub(crate) struct CodeCache {
    directory: PathBuf,
    /// Identifies the compiler and its settings.
    compiler: String,
}

impl CodeCache {
    pub(crate) fn open(directory: &Path, engine: &Engine) -> Result<Self, CacheError> {
        let unusable = |source| CacheError::Unusable { path: directory.to_owned(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(unusable)?;
        let metadata = fs::metadata(directory).map_err(unusable)?;
        let ours = metadata.uid() == nix::unistd::geteuid().as_raw();
        if metadata.mode() & 0o077 != 0 || !ours {
            return Err(CacheError::Open { path: directory.to_owned() });
        }
        Ok(Self { directory: directory.to_owned(), compiler: compiler_id(engine) })
    }

    /// Returns the code of a component, if it is there and whole.
    pub(crate) fn load(&self, component: &Digest) -> Option<Vec<u8>> {
        let path = self.path(component);
        match read_whole(&path) {
            Ok(Some(code)) => Some(code),
            Ok(None) => {
                tracing::warn!(path = %path.display(), "damaged native code is compiled anew");
                None
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "cannot read native code");
                None
            }
        }
    }

    /// Keeps the code of a component. Failing to costs time later and nothing else, so it is only said.
    pub(crate) fn store(&self, component: &Digest, code: &[u8]) {
        let path = self.path(component);
        if let Err(error) = write_whole(&path, code).and_then(|()| self.prune()) {
            tracing::warn!(path = %path.display(), %error, "cannot keep native code");
        }
    }

    fn path(&self, component: &Digest) -> PathBuf {
        self.directory.join(format!("{component}-{}.code", self.compiler))
    }

    fn prune(&self) -> io::Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let entry = entry?;
            files.push((entry.metadata()?.modified()?, entry.path()));
        }
        files.sort();
        let surplus = files.len().saturating_sub(FILES_MAX);
        files.into_iter().take(surplus).try_for_each(|(_, path)| fs::remove_file(path))
    }
}

fn write_whole(path: &Path, code: &[u8]) -> io::Result<()> {
    let unfinished = path.with_extension(format!("{}.unfinished", std::process::id()));
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(MAGIC)?;
    file.write_all(&Sha256::digest(code))?;
    file.write_all(code)?;
    drop(file);
    fs::rename(&unfinished, path)
}

fn read_whole(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut file = File::open(path)?;
    let mut header = [0; MAGIC.len() + DIGEST_BYTES];
    match file.read_exact(&mut header) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let mut code = Vec::new();
    file.read_to_end(&mut code)?;
    let whole = header.starts_with(MAGIC) && header[MAGIC.len()..] == Sha256::digest(&code)[..];
    Ok(whole.then_some(code))
}

/// Hashes wasmtime's full version, the target, its instruction sets and every setting that code depends on.
pub(crate) fn compiler_id(engine: &Engine) -> String {
    struct Sha(Sha256);
    impl Hasher for Sha {
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }
        fn finish(&self) -> u64 {
            0
        }
    }
    let mut hasher = Sha(Sha256::new());
    engine.precompile_compatibility_hash().hash(&mut hasher);
    let mut id = hex(&hasher.0.finalize());
    id.truncate(32);
    id
}
