//! Registration: from foreign bytes to a component that may be called.

use std::sync::Arc;

use host_api::identifier::Digest;
use host_api::limits::COMPONENT_BYTES_MAX;
use host_api::manifest::Manifest;
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::compile::{self, CompileError};
use crate::examine::{self, Anatomy, Malformed};
use crate::interfaces::{ALWAYS, Interfaces};
use crate::manifest::{self, ManifestError};
use crate::registry::Entry;
use crate::sandbox::Sandbox;
use crate::settings::{Compiler, SignaturePolicy};
use crate::signature::{self, Signature, SignatureError};
use crate::{engine, link, wasi};

/// Where a component comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Embedded in our own binary: compiled in process, never dropped from memory, may use the vendor `aws`.
    BuiltIn,
    /// From someone else.
    Foreign { signature: Option<Signature> },
    /// From someone else, and admitted before: its signature was checked then, and its digest is what names it.
    Admitted,
}

/// A component that may be called.
#[derive(Debug, Clone)]
pub struct Registered {
    /// The SHA-256 of its bytes.
    pub digest: Digest,
    pub manifest: Arc<Manifest>,
}

/// Why a component is refused.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    #[error("has {bytes} bytes, the limit is {COMPONENT_BYTES_MAX}")]
    TooLarge { bytes: usize },
    #[error("not signed, and a signature is required")]
    Unsigned,
    #[error(transparent)]
    Signature(#[from] SignatureError),
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The component imports what no component may.
    #[error("imports `{0}`, which is not offered to components")]
    ForbiddenImport(String),
    #[error("imports the interface `{0}`, which its manifest does not declare")]
    UndeclaredInterface(String),
    #[error(transparent)]
    Compile(#[from] CompileError),
    #[error("needs {needed} {what}, the limit is {max}")]
    TooMany { what: &'static str, needed: u32, max: u32 },
    /// An import or the export `run` is not of the type that the WIT package says.
    #[error("does not fit the world `action`: {0}")]
    World(String),
    #[error("cannot load the compiled component: {0}")]
    Load(String),
}

/// Makes `bytes` ready, without keeping them.
pub(crate) async fn register(
    sandbox: &Sandbox,
    bytes: Arc<[u8]>,
    origin: &Origin,
    policy: &SignaturePolicy,
) -> Result<Registered, RegisterError> {
    if bytes.len() > COMPONENT_BYTES_MAX {
        return Err(RegisterError::TooLarge { bytes: bytes.len() });
    }
    check_signature(policy, &bytes, origin)?;
    let digest = Digest::of(&bytes);
    let Ok(_turn) = sandbox.inner.compiling.acquire().await else {
        return Err(RegisterError::Load("the sandbox is closed".to_owned()));
    };
    if let Some(entry) = sandbox.inner.registry.get(&digest) {
        return Ok(Registered { digest, manifest: Arc::clone(&entry.manifest) });
    }
    let built_in = *origin == Origin::BuiltIn;
    let anatomy = examine::examine(&bytes)?;
    let json = anatomy.manifest.as_deref().ok_or(Malformed::NoManifest)?;
    let (manifest, declared) = manifest::read(json, built_in || *origin == Origin::Admitted)?;
    let (imports, wasi) = check_imports(&anatomy.imports, declared)?;
    let component = load(sandbox, &digest, bytes, built_in).await?;
    let permits = permits(&component, &anatomy)?;
    let entry = Entry::new(component, manifest, imports, wasi, permits, built_in);
    entry.prepared(imports).map_err(|error| RegisterError::World(format!("{error:#}")))?;
    let manifest = Arc::clone(&entry.manifest);
    sandbox.inner.registry.insert(digest.clone(), entry);
    Ok(Registered { digest, manifest })
}

/// Reads what a component says of itself, without compiling it and without believing it.
pub fn read_manifest(bytes: &[u8]) -> Result<Manifest, RegisterError> {
    if bytes.len() > COMPONENT_BYTES_MAX {
        return Err(RegisterError::TooLarge { bytes: bytes.len() });
    }
    let anatomy = examine::examine(bytes)?;
    let json = anatomy.manifest.as_deref().ok_or(Malformed::NoManifest)?;
    Ok(manifest::read(json, true)?.0)
}

fn check_signature(
    policy: &SignaturePolicy,
    bytes: &[u8],
    origin: &Origin,
) -> Result<(), RegisterError> {
    match origin {
        Origin::Foreign { signature: Some(signature) } => {
            Ok(signature::verify(&policy.trusted, bytes, signature)?)
        }
        Origin::Foreign { signature: None } if policy.required => Err(RegisterError::Unsigned),
        Origin::BuiltIn | Origin::Admitted | Origin::Foreign { signature: None } => Ok(()),
    }
}

/// Returns the imports that need a grant, and whether any are of WASI.
fn check_imports(
    imports: &[String],
    declared: Interfaces,
) -> Result<(Interfaces, bool), RegisterError> {
    let mut own = Vec::new();
    let mut wasi = false;
    for import in imports {
        let forbidden = || RegisterError::ForbiddenImport(import.clone());
        let (path, version) = import.split_once('@').ok_or_else(forbidden)?;
        match link::interface_of(import) {
            Some(_) if !manifest::is_served(version) => return Err(forbidden()),
            Some(always) if ALWAYS.contains(&always) => {}
            Some(name) if declared.contains(name) => own.push(name),
            Some(name) if Interfaces::all().contains(name) => {
                return Err(RegisterError::UndeclaredInterface(name.to_owned()));
            }
            None if wasi::SUBSET.contains(&path) && version.starts_with("0.2.") => wasi = true,
            Some(_) | None => return Err(forbidden()),
        }
    }
    let own = Interfaces::of(own).map_err(ManifestError::from)?;
    Ok((own, wasi))
}

async fn load(
    sandbox: &Sandbox,
    digest: &Digest,
    bytes: Arc<[u8]>,
    built_in: bool,
) -> Result<Component, RegisterError> {
    let cached = {
        let (cache, digest) = (sandbox.inner.cache.clone(), digest.clone());
        blocking(move || cache.and_then(|cache| cache.load(&digest))).await?
    };
    let engine = &sandbox.inner.engine;
    if let Some(code) = cached {
        match deserialize(engine, code).await {
            Ok(component) => return Ok(component),
            Err(error) => tracing::warn!(%error, "kept native code does not load, compiling anew"),
        }
    }
    let compiler = if built_in { &Compiler::InProcess } else { &sandbox.inner.compiler };
    let code = compile::compile(engine, compiler, bytes).await?;
    let (cache, digest) = (sandbox.inner.cache.clone(), digest.clone());
    let code = blocking(move || {
        if let Some(cache) = cache {
            cache.store(&digest, &code);
        }
        code
    })
    .await?;
    deserialize(engine, code).await
}

async fn deserialize(engine: &Engine, code: Vec<u8>) -> Result<Component, RegisterError> {
    let engine = engine.clone();
    #[expect(unsafe_code, reason = "wasmtime has no other way to load compiled code")]
    let load = move || {
        // SAFETY: the code was made by this version of wasmtime, either just now by the engine or by our own compiling
        // child, or it was read from a directory that only we may write, and its digest was right.
        unsafe { Component::deserialize(&engine, code) }
    };
    blocking(load).await?.map_err(|error| RegisterError::Load(format!("{error:#}")))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, RegisterError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| RegisterError::Load(error.to_string()))
}

/// Returns the units of concurrency that one instance takes in the pool.
fn permits(component: &Component, anatomy: &Anatomy) -> Result<u32, RegisterError> {
    let (memories, tables) = component
        .resources_required()
        .map_or((engine::MEMORIES_MAX, engine::TABLES_MAX), |needs| {
            (needs.num_memories, needs.num_tables)
        });
    for (what, needed, max) in
        [("memories", memories, engine::MEMORIES_MAX), ("tables", tables, engine::TABLES_MAX)]
    {
        if needed > max {
            return Err(RegisterError::TooMany { what, needed, max });
        }
    }
    let for_tables = tables.div_ceil(engine::TABLES_PER_PERMIT);
    Ok(anatomy.core_instance_permits().max(memories).max(for_tables))
}
