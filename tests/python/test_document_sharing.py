"""Documents that other accounts may use."""

import pytest

import samples
from answers import follow, refused

ONE, TWO, THREE = "111111111111", "222222222222", "333333333333"


@pytest.fixture
def document(ssm, name):
    ssm.create_document(Name=name, Content=samples.command(), DocumentType="Command")
    return name


@pytest.fixture
def share(ssm, document):
    def share(add=(), remove=(), **more):
        given = {"AccountIdsToAdd": list(add)} if add else {}
        taken = {"AccountIdsToRemove": list(remove)} if remove else {}
        return ssm.modify_document_permission(Name=document, PermissionType="Share", **given, **taken, **more)

    return share


def shares(ssm, document):
    answer = ssm.describe_document_permission(Name=document, PermissionType="Share")
    information = {entry["AccountId"]: entry["SharedDocumentVersion"] for entry in answer["AccountSharingInfoList"]}
    assert sorted(answer["AccountIds"]) == sorted(information)
    return information


def test_nobody_has_a_new_document(ssm, document):
    assert shares(ssm, document) == {}


def test_accounts_come_and_go(ssm, document, share):
    share([ONE, TWO])
    assert shares(ssm, document) == {ONE: "$DEFAULT", TWO: "$DEFAULT"}
    share([ONE])
    share([THREE], [TWO])
    assert shares(ssm, document) == {ONE: "$DEFAULT", THREE: "$DEFAULT"}
    share(remove=[ONE, THREE])
    assert shares(ssm, document) == {}


def test_taking_away_wins(ssm, document, share):
    share([ONE, TWO], [TWO])
    assert shares(ssm, document) == {ONE: "$DEFAULT"}


@pytest.mark.parametrize("version", ["$DEFAULT", "$LATEST", "$ALL"])
def test_versions_are_shared(ssm, document, share, version):
    share([ONE], SharedDocumentVersion=version)
    assert shares(ssm, document) == {ONE: version}


def test_all_is_alone(ssm, document, share):
    text = "Accounts can either be all or a group of AWS accounts"
    for request in ([["all", ONE]], [[], ["all", ONE]]):
        with refused("DocumentPermissionLimit", text):
            share(*request)
    assert shares(ssm, document) == {}


def test_public_documents(server, ssm, document, share):
    setting = "arn:aws:ssm:us-east-1:000000000000:servicesetting/ssm/documents/console/public-sharing-permission"
    ssm.update_service_setting(SettingId=setting, SettingValue="Enable")
    share(["all"])
    assert shares(ssm, document) == {"all": "$DEFAULT"}
    share(remove=["all"])
    ssm.update_service_setting(SettingId=setting, SettingValue="Disable")
    with pytest.raises(Exception) as caught:
        share(["all"])
    assert caught.value.response["Error"]["Code"] in (
        "AccessDeniedException",
        "DocumentPermissionLimit",
        "ValidationException",
    )
    assert shares(ssm, document) == {}
    ssm.reset_service_setting(SettingId=setting)


def test_a_shared_document_is_not_deleted(ssm, document, share):
    share([ONE])
    with refused("InvalidDocumentOperation"):
        ssm.delete_document(Name=document)
    share(remove=[ONE])
    ssm.delete_document(Name=document)


@pytest.mark.parametrize("account", ["alll", "1234", "1234123412341234", "account_id"])
def test_accounts_that_are_none(unchecked, document, account):
    for member in ("AccountIdsToAdd", "AccountIdsToRemove"):
        with refused("ValidationException", "Member must satisfy regular expression pattern"):
            unchecked.modify_document_permission(Name=document, PermissionType="Share", **{member: [account]})


def test_twenty_accounts_a_call(ssm, unchecked, document, share):
    accounts = [f"{number:012}" for number in range(1, 42)]
    with refused("ValidationException"):
        unchecked.modify_document_permission(Name=document, PermissionType="Share", AccountIdsToAdd=accounts[:21])
    share(accounts[:20])
    share(accounts[20:40])
    found = follow(ssm.describe_document_permission, "AccountIds", Name=document, PermissionType="Share", MaxResults=7)
    assert sorted(found) == sorted(accounts[:40])


@pytest.mark.parametrize("kind", ["WrongValue", "share"])
def test_other_permissions(unchecked, document, kind):
    for call in (unchecked.modify_document_permission, unchecked.describe_document_permission):
        with refused("InvalidPermissionType"):
            call(Name=document, PermissionType=kind)


def test_versions_that_are_none(unchecked, document):
    with refused("ValidationException", "Member must satisfy regular expression pattern"):
        unchecked.modify_document_permission(
            Name=document, PermissionType="Share", SharedDocumentVersion="unknown", AccountIdsToAdd=[ONE]
        )


def test_what_is_not_there(ssm, name):
    for call in (ssm.modify_document_permission, ssm.describe_document_permission):
        with refused("InvalidDocument", "The specified document does not exist."):
            call(Name=f"{name}-none", PermissionType="Share")
