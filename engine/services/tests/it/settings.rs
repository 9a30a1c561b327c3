use serde_json::{Value, json};
use services::ServiceError;
use services::settings::SettingId;

use crate::fixture::{Fixture, actor};

const TIER: &str = "/ssm/parameter-store/default-parameter-tier";
const ARN: &str =
    "arn:aws:ssm:us-east-1:000000000000:servicesetting/ssm/parameter-store/default-parameter-tier";

async fn call(fixture: &Fixture, operation: &str, input: Value) -> Result<Value, ServiceError> {
    fixture.services.call(actor(), operation, input).await
}

async fn get(fixture: &Fixture, id: &str) -> Value {
    let answer = call(fixture, "GetServiceSetting", json!({ "SettingId": id })).await.unwrap();
    answer["ServiceSetting"].clone()
}

#[tokio::test]
async fn a_setting_has_a_default_and_is_changed_and_reset_by_path_or_arn() {
    let fixture = Fixture::new();
    let default = json!({
        "SettingId": TIER,
        "ARN": ARN,
        "SettingValue": "Standard",
        "Status": "Default",
        "LastModifiedUser": "System",
    });
    assert_eq!(get(&fixture, TIER).await, default);
    assert_eq!(get(&fixture, ARN).await, default);
    let update = json!({ "SettingId": ARN, "SettingValue": "Intelligent-Tiering" });
    assert_eq!(call(&fixture, "UpdateServiceSetting", update).await.unwrap(), json!({}));
    let changed = get(&fixture, TIER).await;
    assert_eq!(changed["SettingValue"], "Intelligent-Tiering");
    assert_eq!(changed["Status"], "Customized");
    assert_eq!(changed["LastModifiedUser"], "os:1000");
    assert!(changed["LastModifiedDate"].as_f64().unwrap() > 1.0e9);
    let in_force = fixture.services.setting(SettingId::DefaultParameterTier).await.unwrap();
    assert_eq!(in_force, "Intelligent-Tiering");
    let reset = call(&fixture, "ResetServiceSetting", json!({ "SettingId": TIER })).await.unwrap();
    assert_eq!(reset, json!({ "ServiceSetting": default.clone() }));
    assert_eq!(get(&fixture, TIER).await, default);
    let in_force = fixture.services.setting(SettingId::PublicSharingPermission).await.unwrap();
    assert_eq!(in_force, "Enable");
}

#[tokio::test]
async fn all_settings_of_ssm_are_shown() {
    let fixture = Fixture::new();
    for (id, value) in [
        ("/ssm/appmanager/appmanager-enabled", "False"),
        ("/ssm/automation/customer-script-log-destination", "None"),
        ("/ssm/automation/customer-script-log-group-name", "$None"),
        ("/ssm/automation/enable-adaptive-concurrency", "False"),
        ("/ssm/documents/console/public-sharing-permission", "Enable"),
        ("/ssm/managed-instance/activation-tier", "standard"),
        ("/ssm/managed-instance/default-ec2-instance-management-role", "$None"),
        ("/ssm/opsinsights/opscenter", "Disabled"),
        ("/ssm/parameter-store/default-parameter-tier", "Standard"),
        ("/ssm/parameter-store/high-throughput-enabled", "false"),
    ] {
        assert_eq!(get(&fixture, id).await["SettingValue"], value, "{id}");
    }
}

#[tokio::test]
async fn what_cannot_be_set_is_refused_and_changes_nothing() {
    let fixture = Fixture::new();
    for (id, value, code) in [
        ("/ssm/none", "x", "ServiceSettingNotFound"),
        (&ARN.replace("us-east-1", "eu-west-1"), "Advanced", "ServiceSettingNotFound"),
        (TIER, "standard", "ValidationException"),
        ("/ssm/documents/console/public-sharing-permission", "Yes", "ValidationException"),
        ("/ssm/parameter-store/high-throughput-enabled", "true", "Unavailable"),
        ("/ssm/managed-instance/default-ec2-instance-management-role", "role", "Unavailable"),
    ] {
        let update = json!({ "SettingId": id, "SettingValue": value });
        let error = call(&fixture, "UpdateServiceSetting", update).await.unwrap_err();
        assert_eq!(error.code, code, "{id}: {error}");
    }
    for operation in ["GetServiceSetting", "ResetServiceSetting"] {
        let error =
            call(&fixture, operation, json!({ "SettingId": "/ssm/none" })).await.unwrap_err();
        assert_eq!(error.code, "ServiceSettingNotFound");
    }
    assert_eq!(get(&fixture, TIER).await["Status"], "Default");
    let kept = json!({ "SettingId": "/ssm/parameter-store/high-throughput-enabled", "SettingValue": "false" });
    call(&fixture, "UpdateServiceSetting", kept).await.unwrap();
}
