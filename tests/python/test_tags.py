"""Tags of parameters, documents and runs."""

import pytest
from botocore.exceptions import ClientError

import samples
from answers import refused


@pytest.fixture(params=["Parameter", "Document", "Automation"])
def resource(request, ssm, name):
    """A resource of each type that has tags here."""
    kind = request.param
    if kind == "Parameter":
        ssm.put_parameter(Name=f"/{name}/p", Value="v", Type="String")
        return kind, f"/{name}/p"
    samples.runbook(ssm, name, samples.INSTANT)
    if kind == "Document":
        return kind, name
    return kind, ssm.start_automation_execution(DocumentName=name)["AutomationExecutionId"]


def tags(ssm, resource):
    kind, identity = resource
    found = ssm.list_tags_for_resource(ResourceType=kind, ResourceId=identity)["TagList"]
    assert len({tag["Key"] for tag in found}) == len(found)
    return {tag["Key"]: tag["Value"] for tag in found}


def add(ssm, resource, **given):
    kind, identity = resource
    listed = [{"Key": key, "Value": value} for key, value in given.items()]
    ssm.add_tags_to_resource(ResourceType=kind, ResourceId=identity, Tags=listed)


def test_tags_come_change_and_go(ssm, resource):
    kind, identity = resource
    assert tags(ssm, resource) == {}
    add(ssm, resource, one="1", two="2")
    add(ssm, resource, two="zwei", three="")
    assert tags(ssm, resource) == {"one": "1", "two": "zwei", "three": ""}
    ssm.remove_tags_from_resource(ResourceType=kind, ResourceId=identity, TagKeys=["one", "none"])
    assert tags(ssm, resource) == {"two": "zwei", "three": ""}


def test_tags_have_a_number(ssm, resource):
    # SSM's texts say both 5 and 50 of the tags of a run.
    limit = 50
    add(ssm, resource, **{f"k{number}": "v" for number in range(5)})
    if resource[0] == "Automation":
        try:
            add(ssm, resource, k5="v")
        except ssm.exceptions.TooManyTagsError:
            limit = 5
    if limit == 50:
        add(ssm, resource, **{f"k{number}": "v" for number in range(5, limit)})
    with refused("TooManyTagsError"):
        add(ssm, resource, more="v")
    add(ssm, resource, k1="changed")
    assert len(tags(ssm, resource)) == limit


@pytest.mark.parametrize(("key", "value"), [("k" * 129, "v"), ("k", "v" * 257), ("", "v"), ("a!b", "v"), ("k", "v?")])
def test_tags_that_cannot_be(unchecked, resource, key, value):
    kind, identity = resource
    with refused("ValidationException"):
        unchecked.add_tags_to_resource(ResourceType=kind, ResourceId=identity, Tags=[{"Key": key, "Value": value}])
    assert tags(unchecked, resource) == {}


def test_letters_of_all_languages(ssm, resource):
    add(ssm, resource, **{"größe 値": "Ωmega _.:/=+-@"})
    assert tags(ssm, resource) == {"größe 値": "Ωmega _.:/=+-@"}


@pytest.mark.parametrize("kind", ["Parameter", "Document", "Automation"])
def test_what_is_not_there(ssm, kind):
    identity = "00000000-0000-4000-8000-000000000000"
    for call in (
        lambda: ssm.list_tags_for_resource(ResourceType=kind, ResourceId=identity),
        lambda: add(ssm, (kind, identity), k="v"),
        lambda: ssm.remove_tags_from_resource(ResourceType=kind, ResourceId=identity, TagKeys=["k"]),
    ):
        with refused("InvalidResourceId"):
            call()


def test_types_that_are_none(unchecked):
    for call in (
        lambda: unchecked.list_tags_for_resource(ResourceType="foo", ResourceId="bar"),
        lambda: unchecked.add_tags_to_resource(ResourceType="foo", ResourceId="bar", Tags=[{"Key": "k", "Value": "v"}]),
        lambda: unchecked.remove_tags_from_resource(ResourceType="foo", ResourceId="bar", TagKeys=["k"]),
    ):
        with refused("InvalidResourceType"):
            call()


def test_types_that_have_no_service_yet(ssm):
    with pytest.raises(ClientError) as caught:
        ssm.list_tags_for_resource(ResourceType="MaintenanceWindow", ResourceId="mw-00000000000000000")
    assert caught.value.response["Error"]["Code"] in ("InvalidResourceId", "NotImplementedException")


def test_a_slash_does_not_matter_to_a_tagged_name(ssm, name):
    ssm.put_parameter(Name=name, Value="v", Type="String", Tags=[{"Key": "k", "Value": "v"}])
    assert tags(ssm, ("Parameter", name)) == tags(ssm, ("Parameter", f"/{name}")) == {"k": "v"}


def test_tags_go_with_their_resource(ssm, name):
    ssm.put_parameter(Name=name, Value="v", Type="String", Tags=[{"Key": "k", "Value": "v"}])
    ssm.delete_parameter(Name=name)
    with refused("InvalidResourceId"):
        tags(ssm, ("Parameter", name))
    ssm.put_parameter(Name=name, Value="v", Type="String")
    assert tags(ssm, ("Parameter", name)) == {}


def test_documents_are_created_with_tags(ssm, name):
    given = [{"Key": "spam", "Value": "ham"}]
    ssm.create_document(Name=name, Content=samples.command(), DocumentType="Command", Tags=given)
    assert tags(ssm, ("Document", name)) == {"spam": "ham"}
    ssm.delete_document(Name=name)
    with refused("InvalidResourceId"):
        tags(ssm, ("Document", name))
