"""Labels of parameter versions."""

import threading

import pytest

from answers import refused


@pytest.fixture
def versions(ssm, name):
    """A parameter of three versions."""
    for number in range(3):
        ssm.put_parameter(Name=name, Value=f"v{number}", Type="String", Overwrite=True)
    return name


def labels(ssm, name):
    return {entry["Version"]: entry["Labels"] for entry in ssm.get_parameter_history(Name=name)["Parameters"]}


def test_a_label_goes_to_the_latest_version_or_the_named(ssm, versions):
    answer = ssm.label_parameter_version(Name=versions, Labels=["new"])
    assert (answer["InvalidLabels"], answer["ParameterVersion"]) == ([], 3)
    answer = ssm.label_parameter_version(Name=versions, ParameterVersion=1, Labels=["old"])
    assert (answer["InvalidLabels"], answer["ParameterVersion"]) == ([], 1)
    assert labels(ssm, versions) == {1: ["old"], 2: [], 3: ["new"]}
    assert ssm.get_parameter(Name=f"{versions}:old")["Parameter"]["Value"] == "v0"


def test_a_label_moves(ssm, versions):
    ssm.label_parameter_version(Name=versions, ParameterVersion=1, Labels=["one", "two", "three"])
    ssm.label_parameter_version(Name=versions, ParameterVersion=2, Labels=["two", "three"])
    ssm.label_parameter_version(Name=versions, ParameterVersion=2, Labels=["two"])
    found = labels(ssm, versions)
    assert (found[1], sorted(found[2]), found[3]) == (["one"], ["three", "two"], [])


def test_a_label_stays_with_its_version(ssm, versions):
    ssm.label_parameter_version(Name=versions, Labels=["stays"])
    ssm.put_parameter(Name=versions, Value="v3", Overwrite=True)
    assert ssm.get_parameter(Name=f"{versions}:stays")["Parameter"]["Version"] == 3


@pytest.mark.parametrize("bad", ["awsabc", "ssmabc", "AWSabc", "9abc", "abc/123", "a b"])
def test_bad_labels_are_told_and_not_set(ssm, versions, bad):
    answer = ssm.label_parameter_version(Name=versions, ParameterVersion=1, Labels=[bad, f"good-{versions}"[:100]])
    assert answer["InvalidLabels"] == [bad]
    assert bad not in labels(ssm, versions)[1]


def test_a_label_has_a_hundred_characters(unchecked, versions):
    assert unchecked.label_parameter_version(Name=versions, Labels=["a" * 100])["InvalidLabels"] == []
    with refused("ValidationException", "Member must have length less than or equal to 100"):
        unchecked.label_parameter_version(Name=versions, Labels=["a" * 101])


def test_a_version_has_ten_labels(ssm, versions):
    ssm.label_parameter_version(Name=versions, Labels=[f"l{number}" for number in range(10)])
    with refused("ParameterVersionLabelLimitExceeded", "10 labels"):
        ssm.label_parameter_version(Name=versions, Labels=["eleven"])
    ssm.label_parameter_version(Name=versions, Labels=["l1", "l2"])
    assert len(labels(ssm, versions)[3]) == 10


def test_eleven_labels_at_once(unchecked, versions):
    from botocore.exceptions import ClientError

    with pytest.raises(ClientError) as caught:
        unchecked.label_parameter_version(Name=versions, Labels=[f"l{number}" for number in range(11)])
    assert caught.value.response["Error"]["Code"] in ("ParameterVersionLabelLimitExceeded", "ValidationException")
    assert labels(unchecked, versions)[3] == []


def test_what_is_not_there(ssm, versions):
    with refused("ParameterNotFound", f"Parameter {versions}-none not found."):
        ssm.label_parameter_version(Name=f"{versions}-none", Labels=["l"])
    with refused("ParameterVersionNotFound", f"could not find version 5 of {versions}"):
        ssm.label_parameter_version(Name=versions, ParameterVersion=5, Labels=["l"])
    with refused("ParameterNotFound"):
        ssm.unlabel_parameter_version(Name=f"{versions}-none", ParameterVersion=1, Labels=["l"])
    with refused("ParameterVersionNotFound"):
        ssm.unlabel_parameter_version(Name=versions, ParameterVersion=5, Labels=["l"])


def test_labels_are_taken_away(ssm, versions):
    ssm.label_parameter_version(Name=versions, ParameterVersion=1, Labels=["one", "two"])
    answer = ssm.unlabel_parameter_version(Name=versions, ParameterVersion=1, Labels=["one", "none"])
    assert (answer["RemovedLabels"], answer["InvalidLabels"]) == (["one"], ["none"])
    answer = ssm.unlabel_parameter_version(Name=versions, ParameterVersion=2, Labels=["two"])
    assert (answer["RemovedLabels"], answer["InvalidLabels"]) == ([], ["two"])
    assert labels(ssm, versions) == {1: ["two"], 2: [], 3: []}
    with refused("ParameterVersionNotFound"):
        ssm.get_parameter(Name=f"{versions}:one")


def test_by_path_with_a_label_reads_the_labelled_version(ssm, name):
    for value in ("first", "second"):
        ssm.put_parameter(Name=f"/{name}/p", Value=value, Type="String", Overwrite=True)
    ssm.label_parameter_version(Name=f"/{name}/p", ParameterVersion=1, Labels=["prod"])
    filters = [{"Key": "Label", "Values": ["prod"]}]
    (found,) = ssm.get_parameters_by_path(Path=f"/{name}", ParameterFilters=filters)["Parameters"]
    assert (found["Value"], found["Version"]) == ("first", 1)


def test_racing_labels_end_on_one_version(server, versions):
    clients = [server.client() for _ in range(6)]
    gate = threading.Barrier(len(clients))

    def work(number):
        gate.wait()
        for turn in range(5):
            clients[number].label_parameter_version(
                Name=versions, ParameterVersion=1 + (number + turn) % 3, Labels=["contested"]
            )

    workers = [threading.Thread(target=work, args=(number,)) for number in range(len(clients))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum("contested" in found for found in labels(clients[0], versions).values()) == 1
