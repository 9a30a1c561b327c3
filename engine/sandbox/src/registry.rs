//! Components that are ready to be called.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use host_api::identifier::Digest;
use host_api::manifest::Manifest;
use wasmtime::component::Component;

use crate::activation::Activation;
use crate::bindings::ActionPre;
use crate::interfaces::Interfaces;
use crate::link;

/// One component with what is prepared of it.
pub(crate) struct Entry {
    pub(crate) component: Component,
    pub(crate) manifest: Arc<Manifest>,
    /// What it imports of the interfaces that need a grant.
    pub(crate) imports: Interfaces,
    /// Whether it imports any of WASI.
    pub(crate) wasi: bool,
    /// Units of concurrency that one instance takes.
    pub(crate) permits: u32,
    /// Never dropped to make room.
    pub(crate) built_in: bool,
    /// At most one for each subset of `imports`.
    prepared: RwLock<BTreeMap<Interfaces, ActionPre<Activation>>>,
    last_used: AtomicU64,
}

impl Entry {
    pub(crate) fn new(
        component: Component,
        manifest: Manifest,
        imports: Interfaces,
        wasi: bool,
        permits: u32,
        built_in: bool,
    ) -> Self {
        Self {
            component,
            manifest: Arc::new(manifest),
            imports,
            wasi,
            permits,
            built_in,
            prepared: RwLock::default(),
            last_used: AtomicU64::new(0),
        }
    }

    /// Returns the component prepared for a step that is granted `granted`; links it at the first such step.
    pub(crate) fn prepared(&self, granted: Interfaces) -> wasmtime::Result<ActionPre<Activation>> {
        let granted = granted.intersection(self.imports);
        let prepared = self.prepared.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(action) = prepared.get(&granted) {
            return Ok(action.clone());
        }
        drop(prepared);
        let engine = self.component.engine();
        let action = link::prepare(engine, &self.component, self.imports, granted, self.wasi)?;
        let mut prepared = self.prepared.write().unwrap_or_else(PoisonError::into_inner);
        Ok(prepared.entry(granted).or_insert(action).clone())
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("name", &self.manifest.name)
            .field("imports", &self.imports)
            .finish_non_exhaustive()
    }
}

/// Components by digest; of those that are not built in, the least recently used go first.
#[derive(Debug)]
pub(crate) struct Registry {
    entries: RwLock<BTreeMap<Digest, Arc<Entry>>>,
    uses: AtomicU64,
    foreign_max: usize,
}

impl Registry {
    pub(crate) fn new(foreign_max: usize) -> Self {
        Self {
            entries: RwLock::default(),
            uses: AtomicU64::new(0),
            foreign_max: foreign_max.max(1),
        }
    }

    pub(crate) fn get(&self, digest: &Digest) -> Option<Arc<Entry>> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.get(digest)?;
        entry.last_used.store(self.uses.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        Some(Arc::clone(entry))
    }

    pub(crate) fn insert(&self, digest: Digest, entry: Entry) {
        entry.last_used.store(self.uses.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        entries.insert(digest, Arc::new(entry));
        while entries.values().filter(|entry| !entry.built_in).count() > self.foreign_max {
            let oldest = entries
                .iter()
                .filter(|(_, entry)| !entry.built_in)
                .min_by_key(|(_, entry)| entry.last_used.load(Ordering::Relaxed))
                .map(|(digest, _)| digest.clone());
            let Some(oldest) = oldest else { return };
            entries.remove(&oldest);
        }
    }
}
