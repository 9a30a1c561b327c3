//! The sandbox itself.

use std::fmt;
use std::sync::Arc;

use host_api::identifier::Digest;
use host_api::invocation::Invocation;
use host_api::limits::Limits;
use host_api::manifest::Manifest;
use tokio::sync::Semaphore;
use wasmtime::Engine;

use crate::code_cache::{CacheError, CodeCache};
use crate::engine;
use crate::host::Host;
use crate::interfaces::Interfaces;
use crate::invoke::{self, Invoked};
use crate::register::{self, Origin, RegisterError, Registered};
use crate::registry::Registry;
use crate::settings::{Compiler, Settings, SignaturePolicy};

/// Compiling takes all processors for one large component; more at a time only takes more memory.
const COMPILING_MAX: usize = 2;

/// Hosts components. A clone is another handle to the same sandbox.
#[derive(Clone)]
pub struct Sandbox {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) engine: Engine,
    pub(crate) registry: Registry,
    pub(crate) cache: Option<CodeCache>,
    pub(crate) compiler: Compiler,
    pub(crate) signatures: SignaturePolicy,
    pub(crate) turns: Semaphore,
    /// Components that may be compiled at the same time.
    pub(crate) compiling: Semaphore,
    pub(crate) concurrency_max: u32,
    pooled: bool,
}

/// Why there is no sandbox.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    #[error("cannot set up wasmtime: {0}")]
    Engine(String),
    #[error("`concurrency_max` must be between 1 and 100000")]
    Concurrency,
    #[error(transparent)]
    Cache(#[from] CacheError),
}

/// What is taken of the pool of instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occupancy {
    pub core_instances: u64,
    pub component_instances: u64,
    pub memories: usize,
    pub tables: usize,
    pub stacks: usize,
}

impl Sandbox {
    /// Sets up the engine and, if there is one, the directory of native code.
    pub fn new(settings: Settings) -> Result<Self, SandboxError> {
        let concurrency_max = settings.concurrency_max;
        if !(1..=100_000).contains(&concurrency_max) {
            return Err(SandboxError::Concurrency);
        }
        let (engine, pooled) = engine::build(settings.allocation, concurrency_max)
            .map_err(|error| SandboxError::Engine(format!("{error:#}")))?;
        let cache = match &settings.cache_directory {
            Some(directory) => Some(CodeCache::open(directory, &engine)?),
            None => None,
        };
        let inner = Inner {
            engine,
            registry: Registry::new(settings.components_max),
            cache,
            compiler: settings.compiler,
            signatures: settings.signatures,
            compiling: Semaphore::new(COMPILING_MAX),
            turns: Semaphore::new(concurrency_max as usize),
            concurrency_max,
            pooled,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Checks a component, compiles it and keeps it ready. The checks come in this order: size, signature, structure,
    /// manifest, imports, validity, world. A component that is ready already is not compiled again.
    pub async fn register(
        &self,
        bytes: Arc<[u8]>,
        origin: Origin,
    ) -> Result<Registered, RegisterError> {
        register::register(self, bytes, &origin, &self.inner.signatures).await
    }

    /// As [`Sandbox::register`], under another policy of signatures than the settings'.
    pub async fn register_under(
        &self,
        bytes: Arc<[u8]>,
        origin: Origin,
        policy: &SignaturePolicy,
    ) -> Result<Registered, RegisterError> {
        register::register(self, bytes, &origin, policy).await
    }

    /// Returns whether a component is ready. One that is not built in may have been dropped to make room.
    pub fn is_registered(&self, digest: &Digest) -> bool {
        self.inner.registry.get(digest).is_some()
    }

    /// Returns the manifest of a component that is ready.
    pub fn manifest(&self, digest: &Digest) -> Option<Arc<Manifest>> {
        self.inner.registry.get(digest).map(|entry| Arc::clone(&entry.manifest))
    }

    /// Calls an action in a fresh instance, which may use what is `granted` and no more than `limits`.
    ///
    /// Waits for its turn when too many instances are alive; that time is not counted. Dropping the future stops the
    /// guest and drops the host call it waits for. A component that is not ready is a failure of kind `Load` with the code
    /// `NotRegistered`.
    pub async fn invoke<H: Host>(
        &self,
        digest: &Digest,
        granted: Interfaces,
        call: Invocation,
        limits: &Limits,
        host: H,
    ) -> Invoked<H> {
        invoke::invoke(self, digest, granted, call, limits, host).await
    }

    /// Returns whether instances come from a pool.
    pub fn is_pooled(&self) -> bool {
        self.inner.pooled
    }

    /// Returns what is taken of the pool, if there is one.
    pub fn occupancy(&self) -> Option<Occupancy> {
        let metrics = self.inner.engine.pooling_allocator_metrics()?;
        Some(Occupancy {
            core_instances: metrics.core_instances(),
            component_instances: metrics.component_instances(),
            memories: metrics.memories(),
            tables: metrics.tables(),
            stacks: metrics.stacks(),
        })
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("pooled", &self.inner.pooled).finish_non_exhaustive()
    }
}
