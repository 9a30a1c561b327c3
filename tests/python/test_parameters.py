"""Parameter Store: what is put is read, and deleted."""

import datetime
import threading

import pytest

from answers import follow, pages, refused
from server import ACCOUNT, REGION

ARN = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/"


@pytest.fixture
def put(ssm):
    def put(name, value="v", **more):
        more.setdefault("Type", "String")
        return ssm.put_parameter(Name=name, Value=value, **more)

    return put


def names(found):
    return [parameter["Name"] for parameter in found]


def test_a_parameter_is_read_as_it_was_put(ssm, name, put):
    before = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=1)
    answer = put(f"/p/{name}", "käse\n値", Description="what it is", Tags=[{"Key": "k", "Value": "v"}])
    assert (answer["Version"], answer["Tier"]) == (1, "Standard")
    found = ssm.get_parameter(Name=f"/p/{name}")["Parameter"]
    assert before <= found.pop("LastModifiedDate") <= datetime.datetime.now(datetime.UTC)
    assert found == {
        "Name": f"/p/{name}",
        "Type": "String",
        "Value": "käse\n値",
        "Version": 1,
        "ARN": f"{ARN}p/{name}",
        "DataType": "text",
    }


def test_without_overwrite_nothing_changes(ssm, name, put):
    put(name, "one")
    with refused(
        "ParameterAlreadyExists",
        "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
    ):
        put(name, "two")
    found = ssm.get_parameter(Name=name)["Parameter"]
    assert (found["Value"], found["Version"]) == ("one", 1)


def test_an_overwrite_keeps_what_it_does_not_name(ssm, name, put):
    put(name, "a1", Description="d", AllowedPattern="[a-z]\\d", Tags=[{"Key": "k", "Value": "v"}])
    assert ssm.put_parameter(Name=name, Value="b2", Overwrite=True)["Version"] == 2
    (told,) = ssm.describe_parameters(ParameterFilters=[{"Key": "Name", "Values": [name]}])["Parameters"]
    assert told["Description"] == "d"
    assert told["AllowedPattern"] == "[a-z]\\d"
    assert told["Version"] == 2
    assert told["Tier"] == "Standard"
    assert told["LastModifiedUser"].endswith("user/administrator")
    assert "Value" not in told
    tags = ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=name)["TagList"]
    assert tags == [{"Key": "k", "Value": "v"}]


def test_tags_do_not_go_with_overwrite(put, name):
    put(name)
    with refused("ValidationException"):
        put(name, Overwrite=True, Tags=[{"Key": "k", "Value": "v"}])


def test_a_slash_makes_another_parameter_at_the_same_level(ssm, name, put):
    put(name, "bare")
    put(f"/{name}", "rooted")
    assert ssm.get_parameter(Name=name)["Parameter"]["Value"] == "bare"
    rooted = ssm.get_parameter(Name=f"/{name}")["Parameter"]
    assert rooted["Value"] == "rooted"
    assert rooted["ARN"] == ARN + name


@pytest.mark.parametrize("path", ["//a", "/a//b", "a/b", "/a/b/"])
def test_malformed_paths_are_refused(unchecked, path):
    for call in (
        lambda: unchecked.put_parameter(Name=path, Value="v", Type="String"),
        lambda: unchecked.get_parameter(Name=path),
    ):
        with refused("ValidationException", "sub-paths divided by slash symbol"):
            call()


@pytest.mark.parametrize("flat", ["ssm_test", "SSM_TEST", "aws_test", "AWS_TEST"])
def test_reserved_names_are_refused(put, flat):
    with refused("ValidationException", 'Parameter name: can\'t be prefixed with "aws" or "ssm" (case-insensitive).'):
        put(flat)


@pytest.mark.parametrize("path", ["/ssm_test/path/to/var", "/SSM/PATH"])
def test_reserved_paths_are_refused(put, path):
    with refused("ValidationException", 'can\'t be prefixed with "ssm" (case-insensitive). If formed as a path'):
        put(path)


@pytest.mark.parametrize("path", ["/aws_test/path/to/var", "/AWS/PATH"])
def test_paths_of_aws_are_closed(put, path):
    with refused("AccessDeniedException", f"No access to reserved parameter name: {path}."):
        put(path)


def test_names_are_trimmed_at_their_ends_only(ssm, name, put):
    put(f"  {name} ")
    assert ssm.get_parameter(Name=name)["Parameter"]["Name"] == name
    with refused("ValidationException"):
        put(f"in {name}")


@pytest.mark.parametrize("bad", ["a$b", "a\tb", "ü", "a%2fb", "a\x00b"])
def test_other_characters_are_refused(put, bad):
    with refused("ValidationException"):
        put(bad)


def test_a_hierarchy_has_fifteen_levels(ssm, name, put):
    deep = f"/{name}" + "/l" * 14
    put(deep)
    assert ssm.get_parameter(Name=deep)["Parameter"]["Name"] == deep
    with refused("HierarchyLevelLimitExceededException"):
        put(f"{deep}/more")


def test_names_end_at_1011_characters(put, name):
    room = 1011 - len(f"{ARN}")
    put(f"/{name}".ljust(room, "x"))
    with refused("ValidationException"):
        put(f"/{name}".ljust(1012, "x"))


def test_values_have_a_size_by_tier(put, name):
    put(f"{name}-4", "x" * 4096)
    with refused("ValidationException"):
        put(f"{name}-5", "x" * 4097)
    assert put(f"{name}-8", "x" * 8192, Tier="Advanced")["Tier"] == "Advanced"
    with refused("ValidationException"):
        put(f"{name}-9", "x" * 8193, Tier="Advanced")
    assert put(f"{name}-i", "x" * 4097, Tier="Intelligent-Tiering")["Tier"] == "Advanced"
    assert put(f"{name}-j", "x", Tier="Intelligent-Tiering")["Tier"] == "Standard"


def test_a_parameter_does_not_go_back_to_standard(put, name):
    put(name)
    assert put(name, Overwrite=True, Tier="Advanced")["Tier"] == "Advanced"
    with refused("ValidationException"):
        put(name, Overwrite=True, Tier="Standard")


@pytest.mark.parametrize("value", ["", "{{ssm:other}}", "a {{x}} b"])
def test_values_that_cannot_be(unchecked, name, value):
    with refused("ValidationException"):
        unchecked.put_parameter(Name=name, Value=value, Type="String")
    with refused("ParameterNotFound"):
        unchecked.get_parameter(Name=name)


def test_an_empty_value_is_told_as_the_model_tells_it(unchecked, name):
    with refused(
        "ValidationException",
        "1 validation error detected: Value '' at 'value' failed to satisfy constraint: "
        "Member must have length greater than or equal to 1",
    ):
        unchecked.put_parameter(Name=name, Value="", Type="String")


def test_a_type_is_needed_once(ssm, name):
    with refused("ValidationException", "A parameter type is required when you create a parameter."):
        ssm.put_parameter(Name=name, Value="v")
    ssm.put_parameter(Name=name, Value="v", Type="String")
    ssm.put_parameter(Name=name, Value="w", Overwrite=True)


def test_a_type_that_is_none(unchecked, name):
    with refused("ValidationException", "at 'type'", "enum value set"):
        unchecked.put_parameter(Name=name, Value="v", Type="str")


def test_the_type_of_a_name_stays(put, name):
    put(name)
    with refused("HierarchyTypeMismatchException"):
        put(name, Overwrite=True, Type="SecureString")


@pytest.mark.parametrize("bad", ["not_text", "something weird", "Text"])
def test_data_types_that_are_none(put, name, bad):
    with refused("ValidationException"):
        put(name, DataType=bad)


def test_patterns(ssm, name, put):
    with refused("ParameterPatternMismatchException"):
        put(name, "abc", AllowedPattern="^\\d+$")
    with refused("InvalidAllowedPatternException"):
        put(name, "abc", AllowedPattern="(")
    put(name, "12", AllowedPattern="\\d++")
    with refused("ParameterPatternMismatchException"):
        ssm.put_parameter(Name=name, Value="twelve", Overwrite=True)
    assert ssm.get_parameter(Name=name)["Parameter"]["Version"] == 1


def test_a_catastrophic_pattern_does_not_stop_the_server(server, put, name):
    try:
        put(name, "a" * 64 + "!", AllowedPattern="^(a+)+$")
    except Exception as error:  # noqa: BLE001
        assert "ParameterPatternMismatchException" in str(error) or "InvalidAllowedPattern" in str(error)
    server.assert_healthy()


def test_selectors(ssm, name, put):
    put(name, "one")
    put(name, "two", Overwrite=True)
    ssm.label_parameter_version(Name=name, ParameterVersion=1, Labels=["first"])
    for selector, value, version in [(":1", "one", 1), (":2", "two", 2), (":first", "one", 1)]:
        for prefix in (name, ARN + name):
            found = ssm.get_parameter(Name=prefix + selector)["Parameter"]
            assert (found["Value"], found["Version"], found["Selector"]) == (value, version, selector)
            assert found["Name"] == name
    with refused("ParameterVersionNotFound", f"could not find version 3 of {name}"):
        ssm.get_parameter(Name=f"{name}:3")
    with refused("ParameterVersionNotFound"):
        ssm.get_parameter(Name=f"{name}:nothing")
    with refused("ParameterNotFound", f"Parameter {name}:1:2 not found."):
        ssm.get_parameter(Name=f"{name}:1:2")
    with refused("ParameterNotFound"):
        ssm.get_parameter(Name=f"{name}-none:1")


def test_what_is_not_there(ssm, name):
    for call in (ssm.get_parameter, ssm.delete_parameter, ssm.get_parameter_history):
        with refused("ParameterNotFound", f"Parameter {name} not found."):
            call(Name=name)


def test_arns_of_elsewhere_are_not_ours(ssm, name, put):
    put(name)
    for arn in (
        f"arn:aws:ssm:eu-west-1:{ACCOUNT}:parameter/{name}",
        f"arn:aws:ssm:{REGION}:111111111111:parameter/{name}",
    ):
        with refused("ParameterNotFound"):
            ssm.get_parameter(Name=arn)


def test_get_parameters(ssm, name, put):
    put(f"{name}-b", "b")
    put(f"{name}-a", "a")
    asked = [f"{name}-b", f"{name}-a", f"{name}-a", f"{name}-none", f"{name}-a:7", f"{name}-b:label", f"{name}-b:1"]
    answer = ssm.get_parameters(Names=asked)
    assert names(answer["Parameters"])[0] == f"{name}-a"
    assert sorted(names(answer["Parameters"])) == [f"{name}-a", f"{name}-b", f"{name}-b"]
    assert sorted(answer["InvalidParameters"]) == sorted([f"{name}-none", f"{name}-a:7", f"{name}-b:label"])


def test_get_parameters_takes_ten(unchecked):
    with refused("ValidationException", "at 'names'", "Member must have length less than or equal to 10"):
        unchecked.get_parameters(Names=[f"n{number}" for number in range(11)])


def test_history(ssm, name, put):
    for number in range(3):
        put(name, f"v{number}", Overwrite=True, Description=f"d{number}")
    ssm.label_parameter_version(Name=name, ParameterVersion=2, Labels=["two"])
    found = ssm.get_parameter_history(Name=name)["Parameters"]
    assert [entry["Version"] for entry in found] == [1, 2, 3]
    assert [entry["Value"] for entry in found] == ["v0", "v1", "v2"]
    assert [entry["Description"] for entry in found] == ["d0", "d1", "d2"]
    assert [entry["Labels"] for entry in found] == [[], ["two"], []]
    found = pages(ssm, "get_parameter_history", "Parameters", Name=name)
    assert [entry["Version"] for entry in found] == [1, 2, 3]


def test_history_pages_have_fifty_at_most(unchecked, name):
    with refused(
        "ValidationException",
        "1 validation error detected: Value '51' at 'maxResults' failed to satisfy constraint: "
        "Member must have value less than or equal to 50",
    ):
        unchecked.get_parameter_history(Name=name, MaxResults=51)


def test_a_hundred_versions_are_kept(ssm, name, put):
    for number in range(1, 102):
        put(name, f"v{number}", Overwrite=True)
    found = pages(ssm, "get_parameter_history", "Parameters", size=50, Name=name)
    assert [entry["Version"] for entry in found] == list(range(2, 102))
    ssm.label_parameter_version(Name=name, ParameterVersion=2, Labels=["keep"])
    with refused("ParameterMaxVersionLimitExceeded", name):
        put(name, "one too many", Overwrite=True)
    assert ssm.get_parameter(Name=name)["Parameter"]["Version"] == 101


def test_deletion(ssm, name, put):
    put(f"{name}-a")
    put(f"{name}-b")
    ssm.delete_parameter(Name=f"{name}-a")
    with refused("ParameterNotFound"):
        ssm.get_parameter(Name=f"{name}-a")
    answer = ssm.delete_parameters(Names=[f"{name}-a", f"{name}-b"])
    assert (answer["DeletedParameters"], answer["InvalidParameters"]) == ([f"{name}-b"], [f"{name}-a"])
    assert put(f"{name}-b")["Version"] == 1


def test_many_writers_lose_nothing(server, name):
    threads, each, shared = 64, 6, 4
    clients = [server.client() for _ in range(threads)]
    clients[0].put_parameter(Name=f"/{name}/start", Value="v", Type="String")
    seen, errors = {}, []
    gate = threading.Barrier(threads)

    def work(number):
        try:
            gate.wait()
            for turn in range(each):
                path = f"/{name}/{(number + turn) % shared}"
                value = f"{number}-{turn}"
                version = clients[number].put_parameter(Name=path, Value=value, Type="String", Overwrite=True)[
                    "Version"
                ]
                assert seen.setdefault((path, version), value) == value, f"{path}:{version} was given twice"
                later = clients[number].get_parameter(Name=path)["Parameter"]
                assert later["Version"] >= version
        except Exception as error:  # noqa: BLE001
            errors.append(error)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not errors, errors[:3]
    assert len(seen) == threads * each
    for number in range(shared):
        path = f"/{name}/{number}"
        kept = {
            entry["Version"]: entry["Value"]
            for entry in follow(clients[0].get_parameter_history, "Parameters", Name=path)
        }
        given = {version: value for (of, version), value in seen.items() if of == path}
        assert max(given) == len(given) == threads * each // shared
        assert kept == {version: value for version, value in given.items() if version > len(given) - 100}
