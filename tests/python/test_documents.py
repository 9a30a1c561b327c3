"""Documents: their versions, formats, lists and reviews."""

import hashlib
import json
import threading

import pytest
from botocore.exceptions import ClientError

import samples
from answers import follow, pages, refused
from server import ACCOUNT, REGION
from waiting import until

GONE = "The specified document does not exist."


@pytest.fixture
def create(ssm):
    def create(name, text=None, **more):
        more.setdefault("DocumentType", "Command")
        return ssm.create_document(Name=name, Content=text or samples.command(), **more)["DocumentDescription"]

    return create


@pytest.fixture
def three(ssm, name, create):
    """A document of three versions, the first of which is the default."""
    create(name, VersionName="first")
    for number in (2, 3):
        update(ssm, name, f"version {number}")
    return name


def update(ssm, name, description, **more):
    more.setdefault("DocumentVersion", "$LATEST")
    return ssm.update_document(Name=name, Content=samples.command(description), **more)["DocumentDescription"]


def test_a_document_is_read_as_it_was_created(ssm, name, create):
    text = samples.command()
    tags = [{"Key": "k", "Value": "v"}]
    made = create(name, text, VersionName="Base", TargetType="/AWS::EC2::Instance", DisplayName="Shown", Tags=tags)
    assert made["Status"] in ("Creating", "Active")
    told = until(
        lambda: ssm.describe_document(Name=name)["Document"], lambda told: told["Status"] == "Active", "an active one"
    )
    for found in (made, told):
        assert found["Name"] == name
        assert (found["HashType"], found["Hash"]) == ("Sha256", hashlib.sha256(text.encode()).hexdigest())
        assert found["Owner"] == ACCOUNT
        assert found["Description"] == "Says something."
        assert found["VersionName"] == "Base"
        assert (found["DocumentVersion"], found["LatestVersion"], found["DefaultVersion"]) == ("1", "1", "1")
        assert (found["DocumentType"], found["DocumentFormat"], found["SchemaVersion"]) == ("Command", "JSON", "2.2")
        assert found["TargetType"] == "/AWS::EC2::Instance"
        assert found["DisplayName"] == "Shown"
        assert found["Tags"] == tags
        assert "Linux" in found["PlatformTypes"]
        parameters = {parameter["Name"]: parameter for parameter in found["Parameters"]}
        assert parameters["Text"] == {
            "Name": "Text",
            "Type": "String",
            "Description": "What is said.",
            "DefaultValue": "hello",
        }
        assert parameters["Lines"]["Type"] == "StringList"
        assert json.loads(parameters["Lines"]["DefaultValue"]) == ["a", "b"]
    got = ssm.get_document(Name=name)
    assert (got["Content"], got["DocumentFormat"], got["DocumentType"]) == (text, "JSON", "Command")
    assert (got["Status"], got["VersionName"], got["DocumentVersion"]) == ("Active", "Base", "1")


def test_a_runbook_is_created_in_yaml(ssm, name):
    samples.runbook(ssm, name, samples.PERCENT)
    got = ssm.get_document(Name=name, DocumentFormat="YAML")
    assert (got["Content"], got["DocumentFormat"]) == (samples.PERCENT, "YAML")
    assert ssm.get_document(Name=name)["DocumentFormat"] == "JSON"
    told = ssm.describe_document(Name=name)["Document"]
    assert told["SchemaVersion"] == "0.3"
    parameters = {parameter["Name"]: parameter for parameter in told["Parameters"]}
    assert parameters["Percent"]["DefaultValue"] == "80"
    assert parameters["Percent"]["Type"] == "Integer"


def test_a_format_is_asked_for(ssm, name, create):
    create(name)
    assert ssm.get_document(Name=name, DocumentFormat="JSON")["Content"] == samples.command()
    got = ssm.get_document(Name=name, DocumentFormat="YAML")
    assert got["DocumentFormat"] == "YAML"
    import yaml

    assert yaml.safe_load(got["Content"]) == json.loads(samples.command())
    samples.runbook(ssm, f"{name}-y", samples.PERCENT)
    got = ssm.get_document(Name=f"{name}-y", DocumentFormat="JSON")
    assert (got["DocumentFormat"], json.loads(got["Content"])) == ("JSON", yaml.safe_load(samples.PERCENT))


def test_names_are_taken_once(create, name):
    create(name)
    with refused("DocumentAlreadyExists"):
        create(name)


@pytest.mark.parametrize("bad", ["aws-doc", "AWS-doc", "amazon-doc", "Amazon-doc", "amzn-doc", "AWSEC2-x"])
def test_reserved_names_are_refused(create, bad):
    with pytest.raises(ClientError) as caught:
        create(bad)
    assert caught.value.response["Error"]["Code"] in ("ValidationException", "InvalidDocumentContent")


@pytest.mark.parametrize("bad", ["ab", "a b c", "a/b/c", "x" * 129])
def test_names_that_cannot_be(unchecked, bad):
    with refused("ValidationException"):
        unchecked.create_document(Name=bad, Content=samples.command(), DocumentType="Command")


@pytest.mark.parametrize(
    ("text", "kind", "code"),
    [
        ("not json", "Command", "InvalidDocumentContent"),
        ("[]", "Command", "InvalidDocumentContent"),
        ('{"schemaVersion": "2.2"}', "Command", "InvalidDocumentContent"),
        ('{"schemaVersion": "9.9", "mainSteps": []}', "Command", "InvalidDocumentSchemaVersion"),
        ('{"schemaVersion": "0.9", "mainSteps": []}', "Automation", "InvalidDocumentSchemaVersion"),
        ('{"schemaVersion": "2.2", "mainSteps": []}', "Automation", "InvalidDocumentSchemaVersion"),
        (
            '{"schemaVersion": "0.3", "mainSteps": [{"name": "a", "action": "aws:doesNotExist", "inputs": {}}]}',
            "Automation",
            "InvalidDocumentContent",
        ),
        (
            '{"schemaVersion": "0.3", "mainSteps": [{"name": "a", "action": "aws:sleep", "nextStep": "a",'
            ' "inputs": {"Duration": "PT1S"}}]}',
            "Automation",
            "InvalidDocumentContent",
        ),
        ('{"schemaVersion": "2.2", "schemaVersion": "2.2", "mainSteps": []}', "Command", "InvalidDocumentContent"),
    ],
)
def test_content_that_cannot_be(ssm, name, text, kind, code):
    with pytest.raises(ClientError) as caught:
        ssm.create_document(Name=name, Content=text, DocumentType=kind)
    error = caught.value.response["Error"]
    assert error["Code"] in (code, "InvalidDocumentContent"), error
    assert len(error["Message"]) > 10
    with refused("InvalidDocument", GONE):
        ssm.get_document(Name=name)


def test_documents_have_a_size(create, name):
    with refused("MaxDocumentSizeExceeded"):
        create(name, samples.command("x" * 65_536))


def test_what_is_not_there(ssm, name):
    for call in (
        lambda: ssm.get_document(Name=name),
        lambda: ssm.describe_document(Name=name),
        lambda: ssm.delete_document(Name=name),
        lambda: update(ssm, name, "x"),
        lambda: ssm.update_document_default_version(Name=name, DocumentVersion="1"),
        lambda: ssm.list_document_versions(Name=name),
    ):
        with refused("InvalidDocument", GONE):
            call()


def test_versions_are_selected(ssm, three):
    for request, version in [
        ({}, "1"),
        ({"DocumentVersion": "$DEFAULT"}, "1"),
        ({"DocumentVersion": "$LATEST"}, "3"),
        ({"DocumentVersion": "2"}, "2"),
        ({"VersionName": "first"}, "1"),
        ({"VersionName": "first", "DocumentVersion": "1"}, "1"),
    ]:
        assert ssm.get_document(Name=three, **request)["DocumentVersion"] == version
        assert ssm.describe_document(Name=three, **request)["Document"]["DocumentVersion"] == version
    for request in (
        {"DocumentVersion": "4"},
        {"VersionName": "none"},
        {"VersionName": "first", "DocumentVersion": "2"},
    ):
        with pytest.raises(ClientError) as caught:
            ssm.get_document(Name=three, **request)
        assert caught.value.response["Error"]["Code"] in ("InvalidDocument", "InvalidDocumentVersion")


def test_a_new_version_is_not_the_default(ssm, name, create):
    create(name)
    made = update(ssm, name, "second", VersionName="two")
    assert (made["DocumentVersion"], made["LatestVersion"], made["DefaultVersion"]) == ("2", "2", "1")
    assert made["VersionName"] == "two"
    answer = ssm.update_document_default_version(Name=name, DocumentVersion="2")["Description"]
    assert (answer["Name"], answer["DefaultVersion"], answer["DefaultVersionName"]) == (name, "2", "two")
    assert ssm.get_document(Name=name)["DocumentVersion"] == "2"
    with refused("InvalidDocumentVersion"):
        ssm.update_document_default_version(Name=name, DocumentVersion="3")


def test_an_update_names_the_latest_version(ssm, three):
    for version in ("1", "7"):
        with refused("InvalidDocumentVersion"):
            update(ssm, three, "x", DocumentVersion=version)
    assert update(ssm, three, "x", DocumentVersion="3")["DocumentVersion"] == "4"


def test_an_update_differs_from_all_before(ssm, three):
    with refused("DuplicateDocumentContent"):
        update(ssm, three, "version 2")
    with refused("DuplicateDocumentVersionName", "The specified version name is a duplicate."):
        update(ssm, three, "x", VersionName="first")
    with refused("InvalidDocumentContent"):
        ssm.update_document(Name=three, Content="nonsense", DocumentVersion="$LATEST")
    with refused("MaxDocumentSizeExceeded"):
        update(ssm, three, "x" * 65_536)


def test_a_name_to_show_is_kept(ssm, name, create):
    create(name, DisplayName="Shown")
    assert update(ssm, name, "x")["DisplayName"] == "Shown"


def test_deletion(ssm, three):
    for request in ({"DocumentVersion": "1"}, {"VersionName": "first"}):
        with refused("InvalidDocumentOperation", "Default version of the document can't be deleted."):
            ssm.delete_document(Name=three, **request)
    ssm.delete_document(Name=three, DocumentVersion="3")
    assert ssm.describe_document(Name=three)["Document"]["LatestVersion"] == "2"
    ssm.delete_document(Name=three)
    for request in ({}, {"DocumentVersion": "1"}, {"DocumentVersion": "2"}):
        with refused("InvalidDocument", GONE):
            ssm.get_document(Name=three, **request)


def test_a_deleted_name_is_free_again(ssm, name, create):
    create(name)
    ssm.delete_document(Name=name)
    assert create(name, samples.command("anew"))["LatestVersion"] == "1"


def test_versions_are_listed(ssm, three):
    found = pages(ssm, "list_document_versions", "DocumentVersions", Name=three)
    assert sorted(version["DocumentVersion"] for version in found) == ["1", "2", "3"]
    assert [version["DocumentVersion"] for version in found if version["IsDefaultVersion"]] == ["1"]
    assert {version["DocumentFormat"] for version in found} == {"JSON"}
    with refused("InvalidNextToken"):
        ssm.list_document_versions(Name=three, NextToken="nonsense")


def listed(ssm, **filters):
    filters = [{"Key": key.replace("_", ":"), "Values": values} for key, values in filters.items()]
    return [found["Name"] for found in follow(ssm.list_documents, "DocumentIdentifiers", Filters=filters)]


def test_lists_are_filtered(ssm, name, create):
    create(f"{name}-c", TargetType="/AWS::EC2::Instance", Tags=[{"Key": "team", "Value": name}])
    samples.runbook(ssm, f"{name}-a", samples.INSTANT)
    assert listed(ssm, Name=[name]) == [f"{name}-a", f"{name}-c"]
    assert listed(ssm, Name=[f"{name}-c"]) == [f"{name}-c"]
    assert listed(ssm, Name=[name], DocumentType=["Automation"]) == [f"{name}-a"]
    assert listed(ssm, Name=[name], DocumentType=["Automation", "Command"]) == [f"{name}-a", f"{name}-c"]
    assert listed(ssm, Name=[name], TargetType=["/AWS::EC2::Instance"]) == [f"{name}-c"]
    assert listed(ssm, Name=[name], PlatformTypes=["Linux"]) == [f"{name}-a", f"{name}-c"]
    assert listed(ssm, Name=[name], Owner=["Self"]) == [f"{name}-a", f"{name}-c"]
    assert listed(ssm, Name=[name], Owner=["Private"]) == [f"{name}-a", f"{name}-c"]
    assert listed(ssm, Name=[name], Owner=["Amazon"]) == []
    assert listed(ssm, tag_team=[name]) == [f"{name}-c"]
    with refused("InvalidFilterKey"):
        listed(ssm, Colour=["red"])


def test_shipped_documents_are_amazons(ssm):
    found = follow(ssm.list_documents, "DocumentIdentifiers", Filters=[{"Key": "Owner", "Values": ["Amazon"]}])
    assert "AWS-RunShellScript" in [document["Name"] for document in found]
    told = ssm.describe_document(Name="AWS-RunShellScript")["Document"]
    assert (told["Owner"], told["DocumentType"]) == ("Amazon", "Command")
    for call in (
        lambda: ssm.delete_document(Name="AWS-RunShellScript"),
        lambda: update(ssm, "AWS-RunShellScript", "mine"),
    ):
        with pytest.raises(ClientError) as caught:
            call()
        code = caught.value.response["Error"]["Code"]
        assert code in ("InvalidDocumentOperation", "AccessDeniedException", "InvalidDocument")


def test_lists_have_pages(ssm, name, create):
    expected = [f"{name}-{number}" for number in range(5)]
    for document in expected:
        create(document)
    filters = [{"Key": "Name", "Values": [name]}]
    for size in (1, 2):
        found = pages(ssm, "list_documents", "DocumentIdentifiers", size=size, Filters=filters)
        assert [document["Name"] for document in found] == expected
    assert set(found[0]) >= {"Name", "Owner", "DocumentVersion", "DocumentType", "SchemaVersion", "DocumentFormat"}
    with refused("InvalidNextToken"):
        ssm.list_documents(NextToken="nonsense")


def test_an_arn_names_a_document(ssm, name, create):
    create(name)
    arn = f"arn:aws:ssm:{REGION}:{ACCOUNT}:document/{name}"
    assert ssm.get_document(Name=arn)["Content"] == samples.command()
    with refused("InvalidDocument"):
        ssm.get_document(Name=f"arn:aws:ssm:{REGION}:111111111111:document/{name}")


def test_reviews(ssm, name, create):
    create(name)
    ssm.update_document_metadata(
        Name=name,
        DocumentVersion="1",
        DocumentReviews={"Action": "SendForReview", "Comment": [{"Type": "Comment", "Content": "please look"}]},
    )
    told = ssm.list_document_metadata_history(Name=name, DocumentVersion="1", Metadata="DocumentReviews")
    (review, *_) = told["Metadata"]["ReviewerResponse"]
    assert told["Name"] == name
    assert review["ReviewStatus"] == "PENDING"
    ssm.update_document_metadata(Name=name, DocumentVersion="1", DocumentReviews={"Action": "Approve"})
    told = ssm.list_document_metadata_history(Name=name, DocumentVersion="1", Metadata="DocumentReviews")
    assert "APPROVED" in [review["ReviewStatus"] for review in told["Metadata"]["ReviewerResponse"]]
    for call in (
        lambda **more: ssm.update_document_metadata(DocumentReviews={"Action": "Approve"}, **more),
        lambda **more: ssm.list_document_metadata_history(Metadata="DocumentReviews", **more),
    ):
        with refused("InvalidDocument"):
            call(Name=f"{name}-none", DocumentVersion="1")
        with refused("InvalidDocumentVersion"):
            call(Name=name, DocumentVersion="9")
    with refused("InvalidNextToken"):
        ssm.list_document_metadata_history(
            Name=name, DocumentVersion="1", Metadata="DocumentReviews", NextToken="nonsense"
        )


def test_racing_updates_make_one_version_each(server, name, create):
    create(name)
    clients = [server.client() for _ in range(8)]
    gate = threading.Barrier(len(clients))
    made, codes = [], []

    def work(number):
        gate.wait()
        for turn in range(3):
            try:
                made.append(update(clients[number], name, f"{number}-{turn}")["DocumentVersion"])
            except ClientError as error:
                codes.append(error.response["Error"]["Code"])

    workers = [threading.Thread(target=work, args=(number,)) for number in range(len(clients))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert set(codes) <= {"InvalidDocumentVersion", "TooManyUpdates"}
    assert sorted(map(int, made)) == list(range(2, len(made) + 2))
