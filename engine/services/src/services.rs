//! What all capabilities share.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use host_api::grant::GrantSet;
use host_api::identifier::Digest;
use host_api::manifest::Manifest;
use quick_cache::sync::Cache;
use runbook::document::Format;
use runbook::plan::Plan;
use store::Store;
use tokio::sync::Notify;

use crate::access::PolicySource;
use crate::audit::Pending;
use crate::credentials::Credentials;
use crate::documents::{COMPILED_MAX, CompiledKey};
use crate::error::ServiceError;
use crate::keyring::{Keyring, Transit};
use crate::nodes::Nodes;
use crate::outbound::{Outbound, OutboundSettings};
use crate::parameters::Place;
use crate::parameters::revealed::Revealed;
use crate::parameters::secret_backend::SecretBackend;
use crate::triggers::{RuleSource, Triggers};

/// The account that ARNs carry when nothing else is set.
pub const ACCOUNT_ID: &str = "000000000000";
/// The region that ARNs carry when nothing else is set.
pub const REGION: &str = "us-east-1";
/// Days that events are kept, unless the operator says otherwise.
pub const EVENT_DAYS_MAX: NonZeroU32 = NonZeroU32::new(90).expect("it is not zero");
/// Runs that have not ended, at the same time, unless the operator says otherwise.
pub const ACTIVE_RUNS_MAX: NonZeroU32 = NonZeroU32::new(10_000).expect("it is not zero");

/// How an installation is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    pub account_id: String,
    pub region: String,
    /// What no step may exceed, whatever its runbook says.
    pub ceiling: GrantSet,
    pub outbound: OutboundSettings,
    /// Where the secrets are that `/aws/reference/secretsmanager/<secret>` refers to.
    pub secret_backend: Option<Arc<dyn SecretBackend>>,
    /// Where `*.cedar` files add policies to those of the program.
    pub policy_directory: Option<PathBuf>,
    /// Where the files of rules are.
    pub rule_directory: Option<PathBuf>,
    /// What wraps the keys of the installation, if they are wrapped.
    pub transit: Option<Transit>,
    /// Runs that have not ended, at the same time; those that steps start count, and are not refused.
    pub active_runs_max: NonZeroU32,
    /// Days that events of what happened beside runs are kept; those of a run go with the run.
    pub event_days_max: NonZeroU32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            account_id: ACCOUNT_ID.to_owned(),
            region: REGION.to_owned(),
            ceiling: GrantSet::everything(),
            outbound: OutboundSettings::default(),
            secret_backend: None,
            policy_directory: None,
            rule_directory: None,
            transit: None,
            active_runs_max: ACTIVE_RUNS_MAX,
            event_days_max: EVENT_DAYS_MAX,
        }
    }
}

/// A component that comes with the program; the caller has registered it with the sandbox.
#[derive(Debug, Clone)]
pub struct BuiltIn {
    pub digest: Digest,
    pub manifest: Manifest,
    pub component: Arc<[u8]>,
}

/// A document that comes with the program.
#[derive(Debug, Clone)]
pub struct ShippedDocument {
    pub name: String,
    pub content: String,
    pub format: Format,
}

/// What comes with the program.
#[derive(Debug, Clone, Default)]
pub struct Shipped {
    pub components: Vec<BuiltIn>,
    pub documents: Vec<ShippedDocument>,
}

/// The capabilities over one store. Clones are the same services.
#[derive(Clone)]
pub struct Services {
    inner: Arc<Inner>,
}

struct Inner {
    place: Place,
    ceiling: GrantSet,
    active_runs_max: NonZeroU32,
    event_days_max: NonZeroU32,
    transit: Option<Transit>,
    store: Store,
    keyring: Keyring,
    credentials: Credentials,
    policies: PolicySource,
    triggers: Triggers,
    nodes: Arc<dyn Nodes>,
    outbound: Outbound,
    secret_backend: Option<Arc<dyn SecretBackend>>,
    revealed: Revealed,
    /// By the name of each action.
    built_in: BTreeMap<String, BuiltIn>,
    shipped: BTreeMap<String, ShippedDocument>,
    /// What documents were compiled to.
    compiled: Cache<CompiledKey, Arc<Plan>>,
    plugin_changes: AtomicU64,
    dispatcher: Notify,
    /// Counts changes of rules that the API made.
    /// Records of the audit log that may be written a little later.
    pending: Pending,
}

impl std::fmt::Debug for Services {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Services").field("store", &self.inner.store).finish_non_exhaustive()
    }
}

impl Services {
    /// Puts the capabilities together. Nothing runs yet: jobs are delivered by [`Services::dispatch`].
    ///
    /// Components that the store does not have yet are written to it, for runs to be pinned to; this blocks the thread.
    pub fn new(
        settings: Settings,
        store: Store,
        keyring: Keyring,
        nodes: Arc<dyn Nodes>,
        shipped: Shipped,
    ) -> Result<Self, ServiceError> {
        let mut built_in = BTreeMap::new();
        for component in shipped.components {
            for action in &component.manifest.actions {
                built_in.insert(action.name.clone(), component.clone());
            }
        }
        let documents = shipped.documents.into_iter();
        let inner = Inner {
            place: Place { account_id: settings.account_id, region: settings.region },
            ceiling: settings.ceiling,
            active_runs_max: settings.active_runs_max,
            event_days_max: settings.event_days_max,
            transit: settings.transit,
            store,
            keyring,
            credentials: Credentials::new()?,
            policies: PolicySource::open(settings.policy_directory)?,
            triggers: Triggers::new(RuleSource::open(settings.rule_directory)?),
            nodes,
            outbound: Outbound::new(settings.outbound),
            secret_backend: settings.secret_backend,
            revealed: Revealed::default(),
            built_in,
            shipped: documents.map(|document| (document.name.clone(), document)).collect(),
            compiled: Cache::new(COMPILED_MAX),
            plugin_changes: AtomicU64::new(0),
            dispatcher: Notify::new(),
            pending: Pending::default(),
        };
        let services = Self { inner: Arc::new(inner) };
        services.keep_built_in()?;
        Ok(services)
    }

    /// Returns the store that the capabilities work on.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// Reads something, to see that the store can be read.
    pub async fn is_ready(&self) -> Result<(), ServiceError> {
        let read = |tx: &store::ReadTx<'_>| store::audit::head(tx).map(drop);
        Ok(self.store().read(read).await?)
    }

    /// Returns account and region.
    pub fn place(&self) -> &Place {
        &self.inner.place
    }

    pub(crate) fn keyring(&self) -> &Keyring {
        &self.inner.keyring
    }

    pub(crate) fn credentials(&self) -> &Credentials {
        &self.inner.credentials
    }

    pub(crate) fn policies(&self) -> &PolicySource {
        &self.inner.policies
    }

    pub(crate) fn triggers(&self) -> &Triggers {
        &self.inner.triggers
    }

    pub(crate) fn active_runs_max(&self) -> NonZeroU32 {
        self.inner.active_runs_max
    }

    pub(crate) fn event_days_max(&self) -> NonZeroU32 {
        self.inner.event_days_max
    }

    pub(crate) fn transit(&self) -> Option<&Transit> {
        self.inner.transit.as_ref()
    }

    pub(crate) fn ceiling(&self) -> &GrantSet {
        &self.inner.ceiling
    }

    pub(crate) fn nodes(&self) -> &dyn Nodes {
        &*self.inner.nodes
    }

    pub(crate) fn outbound(&self) -> &Outbound {
        &self.inner.outbound
    }

    pub(crate) fn secret_backend(&self) -> Option<&dyn SecretBackend> {
        self.inner.secret_backend.as_deref()
    }

    pub(crate) fn revealed(&self) -> &Revealed {
        &self.inner.revealed
    }

    pub(crate) fn built_in(&self) -> &BTreeMap<String, BuiltIn> {
        &self.inner.built_in
    }

    pub(crate) fn pending(&self) -> &Pending {
        &self.inner.pending
    }

    pub(crate) fn compiled(&self) -> &Cache<CompiledKey, Arc<Plan>> {
        &self.inner.compiled
    }

    /// Returns how often plugins were changed.
    pub(crate) fn plugin_changes(&self) -> u64 {
        self.inner.plugin_changes.load(Ordering::Acquire)
    }

    pub(crate) fn plugins_changed(&self) {
        self.inner.plugin_changes.fetch_add(1, Ordering::AcqRel);
    }

    /// Lets the dispatcher look again; not lost when it is busy.
    pub(crate) fn wake_dispatcher(&self) {
        self.inner.dispatcher.notify_one();
    }

    pub(crate) async fn dispatcher_woken(&self) {
        self.inner.dispatcher.notified().await;
    }

    pub(crate) fn shipped(&self) -> &BTreeMap<String, ShippedDocument> {
        &self.inner.shipped
    }
}
