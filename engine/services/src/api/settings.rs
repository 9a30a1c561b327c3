//! Operations on settings.

use ssm_model::types::settings::{
    GetServiceSettingRequest, ResetServiceSettingRequest, UpdateServiceSettingRequest,
};

use super::Operation;
use crate::access::Access;
use crate::settings::asked;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new(
            "GetServiceSetting",
            Access::Read,
            |services, request: &GetServiceSettingRequest| {
                Ok(vec![asked(&request.setting_id, services.place())])
            },
            |services, _, request| async move { services.get_service_setting(request).await },
        ),
        Operation::new(
            "UpdateServiceSetting",
            Access::Write,
            |services, request: &UpdateServiceSettingRequest| {
                Ok(vec![asked(&request.setting_id, services.place())])
            },
            |services, actor, request| async move {
                services.update_service_setting(&actor, request).await
            },
        ),
        Operation::new(
            "ResetServiceSetting",
            Access::Write,
            |services, request: &ResetServiceSettingRequest| {
                Ok(vec![asked(&request.setting_id, services.place())])
            },
            |services, actor, request| async move {
                services.reset_service_setting(&actor, request).await
            },
        ),
    ]
}
