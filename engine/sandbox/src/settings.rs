//! How a sandbox is set up.

use std::path::PathBuf;

use crate::signature::PublicKey;

/// The settings of a [`Sandbox`](crate::Sandbox).
#[derive(Debug, Clone)]
pub struct Settings {
    pub allocation: Allocation,
    /// Where native code is kept between processes. It is created with mode 0700; one that others may enter is
    /// refused, because what lies in it is executed.
    pub cache_directory: Option<PathBuf>,
    /// Activations that hold an instance at the same time; more wait for their turn. At least 1.
    pub concurrency_max: u32,
    /// Components kept ready in memory. Built-ins are never dropped and not counted.
    pub components_max: usize,
    /// How components that are not ours are compiled. Ours are always compiled in process.
    pub compiler: Compiler,
    pub signatures: SignaturePolicy,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            allocation: Allocation::Auto,
            cache_directory: None,
            concurrency_max: 256,
            components_max: 256,
            compiler: Compiler::InProcess,
            signatures: SignaturePolicy::default(),
        }
    }
}

/// Where instances live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allocation {
    /// Pooled where the address space allows it, else on demand.
    Auto,
    /// Pooled, or [`Sandbox::new`](crate::Sandbox::new) fails.
    Pooled,
    /// Mapped for each instance and unmapped after it: slower, and nothing of one instance can outlive it.
    OnDemand,
}

/// What runs the compiler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compiler {
    /// A thread of this process.
    InProcess,
    /// `executable` with `arguments`, which must end in [`compile_main`](crate::compile_main): a component that makes
    /// the compiler loop, swell or crash then costs a child and nothing else.
    ChildProcess { executable: PathBuf, arguments: Vec<String> },
}

/// Whose components are accepted.
#[derive(Debug, Clone, Default)]
pub struct SignaturePolicy {
    /// Whether a component that is not ours must be signed. A signature that is given is verified in any case.
    pub required: bool,
    pub trusted: Vec<PublicKey>,
}
