//! Components: those that come with the program and third-party plugins, by name, version and digest.

use host_api::identifier::Digest;
use host_api::manifest::{ActionManifest, Manifest};
use runbook::action::Catalogue;
use runbook::plan::{Plan, PluginPin};
use serde_json::json;
use store::once::{self, Once};
use store::plugins::{self, Plugin, PluginName};
use store::{ReadError, ReadTx, Tx, WriteError, state};

use crate::Services;
use crate::actor::{Actor, now_ms};
use crate::change::Deed;
use crate::error::ServiceError;

/// The scope of `once` keys that say which bytes a version was given, for ever.
const VERSION_SCOPE: &str = "PluginVersion";
/// The scope of values that say who signed a component when its bytes came again. No vendor can be called so.
const SIGNER_SCOPE: &str = "PluginSigner/";

/// A registered plugin.
#[derive(Debug, Clone, PartialEq)]
pub struct RegisteredPlugin {
    pub version: String,
    pub digest: Digest,
    pub manifest: Manifest,
    /// Absent if it is not signed.
    pub signer_key_id: Option<String>,
    /// Milliseconds since the Unix epoch.
    pub registered_ms: u64,
}

/// The component that an action runs in, and what its manifest says of the action.
pub(crate) struct Component {
    pub(crate) digest: Digest,
    pub(crate) action: ActionManifest,
}

impl Services {
    /// Registers a plugin whose bytes the sandbox has checked and compiled. The same bytes again change nothing but, if their
    /// signature was verified now, who signed them.
    ///
    /// A version is taken for ever, also when it is removed: other bytes under it are refused.
    pub async fn add_plugin(
        &self,
        actor: &Actor,
        manifest: Manifest,
        component: Vec<u8>,
        signer_key_id: Option<String>,
    ) -> Result<Digest, ServiceError> {
        if manifest.name.starts_with("aws:") {
            return Err(ServiceError::validation(format!(
                "the plugin {:?} has the vendor aws, which is that of the built-in actions",
                manifest.name
            )));
        }
        let digest = Digest::of(&component);
        let name = PluginName {
            name: manifest.name.clone(),
            version: manifest.version.clone(),
            digest: digest.clone(),
        };
        let plugin = stored(&manifest, digest.clone(), signer_key_id)?;
        let deed = Deed::new("AddPlugin", format!("plugin/{}@{}", name.name, name.version))
            .details(json!({ "digest": digest.as_str(), "signer": plugin.signer_key_id }));
        self.change(actor, deed, move |tx| add(tx, &plugin, &component, &name)).await?;
        self.plugins_changed();
        Ok(digest)
    }

    /// Returns all registered plugins in the order of their names.
    pub async fn list_plugins(&self) -> Result<Vec<RegisteredPlugin>, ServiceError> {
        self.store().read(registered).await
    }

    /// Takes a name from a plugin; its bytes go when no name and no run uses them any more.
    pub async fn remove_plugin(
        &self,
        actor: &Actor,
        name: String,
        version: String,
    ) -> Result<(), ServiceError> {
        let deed = Deed::new("RemovePlugin", format!("plugin/{name}@{version}"));
        self.change(actor, deed, move |tx| match plugins::remove(tx, &name, &version) {
            Err(WriteError::InUse { by, .. }) => Err(ServiceError::request(
                "PluginInUse",
                format!("the plugin {name}@{version} is used by {by}, which has not ended"),
            )),
            Err(WriteError::Read(ReadError::NotFound { .. })) => Err(ServiceError::request(
                "PluginNotFound",
                format!("there is no plugin {name}@{version}"),
            )),
            result => {
                result?;
                Ok(())
            }
        })
        .await?;
        self.plugins_changed();
        Ok(())
    }

    /// Returns the bytes of a component, built-in or plugin.
    pub async fn component(&self, digest: &Digest) -> Result<Vec<u8>, ServiceError> {
        let digest = digest.clone();
        let read = move |tx: &ReadTx<'_>| plugins::component(tx, &digest);
        Ok(self.store().read(read).await?)
    }

    /// Returns what runbooks are checked against: built-in actions and those of all plugins.
    pub async fn catalogue(&self) -> Result<Catalogue, ServiceError> {
        let mut catalogue = Catalogue::new();
        for component in self.built_in().values() {
            for action in &component.manifest.actions {
                catalogue.add_built_in(action.clone());
            }
        }
        for (operation, is_served) in crate::api::operations() {
            catalogue.add_operation(operation, is_served);
        }
        for plugin in self.list_plugins().await? {
            let pin = PluginPin { version: plugin.version, digest: plugin.digest };
            for action in plugin.manifest.actions {
                catalogue.add_plugin(plugin.manifest.name.clone(), pin.clone(), action);
            }
        }
        Ok(catalogue)
    }

    /// Returns the component of an action as a plan names and pins it.
    pub(crate) fn component_of(
        &self,
        plan: &Plan,
        catalogue: &Catalogue,
        action: &str,
    ) -> Result<Component, ServiceError> {
        if let Some(component) = self.built_in().get(action) {
            let named = |manifest: &&ActionManifest| manifest.name == action;
            if let Some(action) = component.manifest.actions.iter().find(named) {
                return Ok(Component { digest: component.digest.clone(), action: action.clone() });
            }
        }
        let pinned = catalogue
            .installed(action)
            .find(|installed| plan.plugins.get(&installed.package) == Some(&installed.pin));
        pinned
            .map(|installed| Component {
                digest: installed.pin.digest.clone(),
                action: installed.manifest.clone(),
            })
            .ok_or_else(|| {
                ServiceError::request(
                    "PluginNotFound",
                    format!(
                        "no component is registered for the action {action} as the runbook pins it"
                    ),
                )
            })
    }

    /// Writes the built-in components that the store does not have.
    pub(crate) fn keep_built_in(&self) -> Result<(), ServiceError> {
        let missing = self.store().read_blocking(|tx| -> Result<Vec<_>, ServiceError> {
            let mut missing = Vec::new();
            for component in self.built_in().values() {
                match plugins::get(tx, &component.digest) {
                    Ok(_) => {}
                    Err(ReadError::NotFound { .. }) => missing.push(component.clone()),
                    Err(error) => return Err(error.into()),
                }
            }
            Ok(missing)
        })?;
        for component in missing {
            let plugin = stored(&component.manifest, component.digest.clone(), None)?;
            let put = move |tx: &mut Tx<'_>| plugins::put(tx, &plugin, &component.component);
            self.store().write_blocking(put)?;
        }
        Ok(())
    }
}

fn stored(
    manifest: &Manifest,
    digest: Digest,
    signer_key_id: Option<String>,
) -> Result<Plugin, ServiceError> {
    let manifest = serde_json::to_string(manifest)
        .map_err(|error| ServiceError::internal(format!("a manifest cannot be kept: {error}")))?;
    Ok(Plugin { digest, manifest, signer_key_id, registered_ms: now_ms() })
}

fn add(
    tx: &mut Tx<'_>,
    plugin: &Plugin,
    component: &[u8],
    name: &PluginName,
) -> Result<(), ServiceError> {
    let id = format!("{}@{}", name.name, name.version);
    let taken = || {
        ServiceError::request(
            "PluginAlreadyExists",
            format!("the plugin {id} was registered with other bytes: give it a new version"),
        )
    };
    let times = once::Times { now_ms: plugin.registered_ms, expires_ms: None };
    match once::begin(tx, VERSION_SCOPE, &id, &name.digest, times.now_ms)? {
        Once::New => once::finish(tx, VERSION_SCOPE, &id, &name.digest, "null", times)?,
        Once::Same(_) => {}
        Once::Mismatch => return Err(taken()),
    }
    plugins::put(tx, plugin, component)?;
    if let Some(signer) = &plugin.signer_key_id {
        state::put(tx, SIGNER_SCOPE, name.digest.as_str(), signer)?;
    }
    match plugins::name(tx, name) {
        Err(WriteError::Exists { .. }) => Err(taken()),
        result => Ok(result?),
    }
}

fn registered(tx: &ReadTx<'_>) -> Result<Vec<RegisteredPlugin>, ServiceError> {
    let mut found = Vec::new();
    for name in plugins::names(tx)? {
        let plugin = plugins::get(tx, &name.digest)?;
        let signer = state::get(tx, SIGNER_SCOPE, name.digest.as_str())?;
        let manifest = serde_json::from_str(&plugin.manifest).map_err(|error| {
            ServiceError::internal(format!("the manifest of {} cannot be read: {error}", name.name))
        })?;
        found.push(RegisteredPlugin {
            version: name.version,
            digest: name.digest,
            manifest,
            signer_key_id: signer.or(plugin.signer_key_id),
            registered_ms: plugin.registered_ms,
        });
    }
    Ok(found)
}
