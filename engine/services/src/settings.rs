//! Service settings: a fixed list, of which some can be changed.
//!
//! | setting | values | effect here |
//! | --- | --- | --- |
//! | `/ssm/parameter-store/default-parameter-tier` | Standard, Advanced, Intelligent-Tiering | the tier of a parameter that names none |
//! | `/ssm/documents/console/public-sharing-permission` | Enable, Disable | whether a document may be shared with all accounts |
//! | the others | SSM's | none |
//!
//! A setting without effect shows the value that is true of this product, and another value is refused as unavailable: the log
//! destination of scripts is always the run, there is no throughput tier, no tier of nodes, and nothing of Application Manager or
//! `OpsCenter`.

use serde_json::json;
use ssm_model::types::settings::{
    GetServiceSettingRequest, GetServiceSettingResult, ResetServiceSettingRequest,
    ResetServiceSettingResult, ServiceSetting, UpdateServiceSettingRequest,
    UpdateServiceSettingResult,
};
use store::ReadTx;
use store::settings::{self, Setting};

use crate::Services;
use crate::access::Resource;
use crate::actor::{Actor, now_ms};
use crate::change::Deed;
use crate::clock::seconds;
use crate::error::ServiceError;
use crate::parameters::Place;

/// Who has set what nobody has changed.
const SYSTEM: &str = "System";

/// A setting of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SettingId {
    DefaultParameterTier,
    PublicSharingPermission,
    AppManagerEnabled,
    ScriptLogDestination,
    ScriptLogGroupName,
    AdaptiveConcurrency,
    ActivationTier,
    DefaultInstanceRole,
    OpsCenter,
    HighThroughput,
}

/// What a setting may be.
struct Definition {
    id: SettingId,
    /// SSM's name of it, which begins with a slash.
    path: &'static str,
    /// The first one is in force until somebody changes it. Empty: any text.
    values: &'static [&'static str],
    has_effect: bool,
}

const DEFINITIONS: [Definition; 10] = [
    Definition {
        id: SettingId::DefaultParameterTier,
        path: "/ssm/parameter-store/default-parameter-tier",
        values: &["Standard", "Advanced", "Intelligent-Tiering"],
        has_effect: true,
    },
    Definition {
        id: SettingId::PublicSharingPermission,
        path: "/ssm/documents/console/public-sharing-permission",
        values: &["Enable", "Disable"],
        has_effect: true,
    },
    Definition {
        id: SettingId::AppManagerEnabled,
        path: "/ssm/appmanager/appmanager-enabled",
        values: &["False", "True"],
        has_effect: false,
    },
    Definition {
        id: SettingId::ScriptLogDestination,
        path: "/ssm/automation/customer-script-log-destination",
        values: &["None", "CloudWatch"],
        has_effect: false,
    },
    Definition {
        id: SettingId::ScriptLogGroupName,
        path: "/ssm/automation/customer-script-log-group-name",
        values: &[],
        has_effect: false,
    },
    Definition {
        id: SettingId::AdaptiveConcurrency,
        path: "/ssm/automation/enable-adaptive-concurrency",
        values: &["False", "True"],
        has_effect: false,
    },
    Definition {
        id: SettingId::ActivationTier,
        path: "/ssm/managed-instance/activation-tier",
        values: &["standard", "advanced"],
        has_effect: false,
    },
    Definition {
        id: SettingId::DefaultInstanceRole,
        path: "/ssm/managed-instance/default-ec2-instance-management-role",
        values: &[],
        has_effect: false,
    },
    Definition {
        id: SettingId::OpsCenter,
        path: "/ssm/opsinsights/opscenter",
        values: &["Disabled", "Enabled"],
        has_effect: false,
    },
    Definition {
        id: SettingId::HighThroughput,
        path: "/ssm/parameter-store/high-throughput-enabled",
        values: &["false", "true"],
        has_effect: false,
    },
];

/// What a setting of any text is until somebody changes it.
const NO_TEXT: &str = "$None";

impl Definition {
    fn default_value(&self) -> &'static str {
        self.values.first().copied().unwrap_or(NO_TEXT)
    }

    /// Refuses a value that the setting cannot have, or whose effect we do not have.
    fn check(&self, value: &str) -> Result<(), ServiceError> {
        let Self { path, values, has_effect, .. } = self;
        if !values.is_empty() && !values.contains(&value) {
            return Err(ServiceError::validation(format!(
                "the setting {path} cannot be {value:?}: {} are allowed",
                values.join(", ")
            )));
        }
        if !has_effect && value != self.default_value() {
            return Err(ServiceError::unavailable(format!(
                "the setting {path} would have no effect here, so it stays {:?}",
                self.default_value()
            )));
        }
        Ok(())
    }

    /// A setting that nobody changed has no time of a change.
    fn shown(&self, changed: Option<Setting>, place: &Place) -> ServiceSetting {
        let status = if changed.is_some() { "Customized" } else { "Default" };
        let last_modified_date = changed.as_ref().map(|setting| seconds(setting.last_modified_ms));
        let setting = changed.unwrap_or_else(|| Setting {
            value: self.default_value().to_owned(),
            last_modified_ms: 0,
            last_modified_by: SYSTEM.to_owned(),
        });
        ServiceSetting {
            arn: Some(Resource::ServiceSetting(self.path.to_owned()).arn(place)),
            last_modified_date,
            last_modified_user: Some(setting.last_modified_by),
            setting_id: Some(self.path.to_owned()),
            setting_value: Some(setting.value),
            status: Some(status.to_owned()),
        }
    }
}

impl Services {
    /// Returns a setting. What nobody has changed was last modified at the Unix epoch by `System`.
    ///
    /// # Errors
    /// `ServiceSettingNotFound`.
    pub async fn get_service_setting(
        &self,
        request: GetServiceSettingRequest,
    ) -> Result<GetServiceSettingResult, ServiceError> {
        let definition = defined(&request.setting_id, self.place())?;
        let changed: Option<Setting> =
            self.store().read(move |tx| settings::find(tx, definition.path)).await?;
        let setting = definition.shown(changed, self.place());
        Ok(GetServiceSettingResult { service_setting: Some(setting) })
    }

    /// Changes a setting.
    ///
    /// # Errors
    /// `ServiceSettingNotFound`, `ValidationException` for a value that it cannot have, `Unavailable` for one that would have no
    /// effect here.
    pub async fn update_service_setting(
        &self,
        actor: &Actor,
        request: UpdateServiceSettingRequest,
    ) -> Result<UpdateServiceSettingResult, ServiceError> {
        let definition = defined(&request.setting_id, self.place())?;
        definition.check(&request.setting_value)?;
        let deed = definition
            .deed("UpdateServiceSetting", self.place())
            .details(json!({ "value": request.setting_value }));
        let setting = Setting {
            value: request.setting_value,
            last_modified_ms: now_ms(),
            last_modified_by: actor.principal.to_string(),
        };
        self.change(actor, deed, move |tx| {
            settings::put(tx, definition.path, &setting)?;
            Ok(UpdateServiceSettingResult {})
        })
        .await
    }

    /// Takes a change of a setting back and returns the setting as it is then.
    ///
    /// # Errors
    /// `ServiceSettingNotFound`.
    pub async fn reset_service_setting(
        &self,
        actor: &Actor,
        request: ResetServiceSettingRequest,
    ) -> Result<ResetServiceSettingResult, ServiceError> {
        let definition = defined(&request.setting_id, self.place())?;
        let setting = definition.shown(None, self.place());
        let deed = definition.deed("ResetServiceSetting", self.place());
        self.change(actor, deed, move |tx| {
            settings::remove(tx, definition.path)?;
            Ok(ResetServiceSettingResult { service_setting: Some(setting.clone()) })
        })
        .await
    }

    /// Returns the value that is in force.
    pub async fn setting(&self, id: SettingId) -> Result<String, ServiceError> {
        self.store()
            .read(move |tx| value(tx, id))
            .await
            .map_err(|error: store::ReadError| error.into())
    }
}

/// Returns the value of a setting that is in force, within a transaction.
pub fn value(tx: &ReadTx<'_>, id: SettingId) -> Result<String, store::ReadError> {
    let Some(definition) = DEFINITIONS.iter().find(|definition| definition.id == id) else {
        return Ok(NO_TEXT.to_owned());
    };
    let changed = settings::find(tx, definition.path)?;
    Ok(changed.map_or_else(|| definition.default_value().to_owned(), |setting| setting.value))
}

impl Definition {
    fn deed(&self, action: &'static str, place: &Place) -> Deed {
        Deed::new(action, Resource::ServiceSetting(self.path.to_owned()).arn(place))
    }
}

/// Finds a setting by its path or its ARN.
fn defined(id: &str, place: &Place) -> Result<&'static Definition, ServiceError> {
    let matches = |definition: &&Definition| {
        definition.path == id
            || Resource::ServiceSetting(definition.path.to_owned()).arn(place) == id
    };
    DEFINITIONS.iter().find(matches).ok_or_else(|| {
        ServiceError::request("ServiceSettingNotFound", format!("there is no setting {id:?}"))
    })
}

/// Returns what policies are asked about: the setting, whether it is named by its path or its ARN.
pub(crate) fn asked(id: &str, place: &Place) -> Resource {
    let path = defined(id, place).map_or(id, |definition| definition.path);
    Resource::ServiceSetting(path.to_owned())
}
