"""Service settings."""

import pytest

from answers import refused
from server import ACCOUNT, REGION

PREFIX = f"arn:aws:ssm:{REGION}:{ACCOUNT}:servicesetting"
TIER = "/ssm/parameter-store/default-parameter-tier"
SETTINGS = [
    (TIER, "Standard", "Advanced"),
    ("/ssm/documents/console/public-sharing-permission", None, "Disable"),
]
# What these are for does not exist here: they are told, and do not let themselves be changed without an effect.
WITHOUT_EFFECT = [
    ("/ssm/parameter-store/high-throughput-enabled", "false", "true"),
    ("/ssm/managed-instance/activation-tier", "standard", "advanced"),
]


@pytest.mark.parametrize(("setting", "default", "other"), SETTINGS)
def test_a_setting_is_changed_and_reset(ssm, setting, default, other):
    first = ssm.get_service_setting(SettingId=setting)["ServiceSetting"]
    assert first["SettingId"] == setting
    assert default is None or first["SettingValue"] == default
    assert first["Status"] == "Default"
    assert first["ARN"].startswith(PREFIX)
    assert ssm.update_service_setting(SettingId=setting, SettingValue=other)
    told = ssm.get_service_setting(SettingId=setting)["ServiceSetting"]
    assert (told["SettingValue"], told["Status"]) == (other, "Customized")
    assert told["LastModifiedUser"].endswith("user/administrator")
    assert "LastModifiedDate" not in first and told["LastModifiedDate"]
    ssm.reset_service_setting(SettingId=setting)
    told = ssm.get_service_setting(SettingId=setting)["ServiceSetting"]
    assert (told["SettingValue"], told["Status"]) == (first["SettingValue"], "Default")


@pytest.mark.parametrize(("setting", "default", "other"), WITHOUT_EFFECT)
def test_a_setting_without_effect_stays(ssm, setting, default, other):
    with refused("NotImplementedException"):
        ssm.update_service_setting(SettingId=setting, SettingValue=other)
    told = ssm.get_service_setting(SettingId=setting)["ServiceSetting"]
    assert (told["SettingValue"], told["Status"]) == (default, "Default")


def test_an_arn_names_a_setting(ssm):
    assert ssm.get_service_setting(SettingId=PREFIX + TIER)["ServiceSetting"]["SettingValue"] == "Standard"


def test_settings_that_are_none(ssm):
    for setting in ("/ssm/none", "/ssm/parameter-store/none", f"{PREFIX}/ssm/none"):
        for call in (
            lambda: ssm.get_service_setting(SettingId=setting),
            lambda: ssm.update_service_setting(SettingId=setting, SettingValue="x"),
            lambda: ssm.reset_service_setting(SettingId=setting),
        ):
            with refused("ServiceSettingNotFound"):
                call()


@pytest.mark.parametrize(("setting", "_default", "_other"), SETTINGS)
def test_values_that_cannot_be(ssm, setting, _default, _other):
    with refused("ValidationException"):
        ssm.update_service_setting(SettingId=setting, SettingValue="whatever")
    assert ssm.get_service_setting(SettingId=setting)["ServiceSetting"]["Status"] == "Default"


def test_the_default_tier_is_used(ssm, name):
    for tier, value, expected in [
        ("Advanced", "v", "Advanced"),
        ("Intelligent-Tiering", "v", "Standard"),
        ("Intelligent-Tiering", "v" * 5000, "Advanced"),
    ]:
        ssm.update_service_setting(SettingId=TIER, SettingValue=tier)
        made = ssm.put_parameter(Name=f"{name}-{tier}-{len(value)}", Value=value, Type="String")
        assert made["Tier"] == expected
    ssm.reset_service_setting(SettingId=TIER)
    assert ssm.put_parameter(Name=f"{name}-after", Value="v", Type="String")["Tier"] == "Standard"


def test_a_setting_survives_a_kill(fresh):
    ssm = fresh.client()
    ssm.update_service_setting(SettingId=TIER, SettingValue="Advanced")
    fresh.restart(kill=True)
    assert ssm.get_service_setting(SettingId=TIER)["ServiceSetting"]["SettingValue"] == "Advanced"
