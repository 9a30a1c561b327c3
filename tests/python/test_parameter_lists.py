"""Parameter Store: lists, their filters and their pages."""

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


@pytest.fixture(scope="module")
def tree(ssm):
    """Parameters below a path of their own, and three that have no slash."""
    for path, kind in [
        ("/tree/a", "String"),
        ("/tree/b", "StringList"),
        ("/tree/c", "SecureString"),
        ("/tree/b/one", "String"),
        ("/tree/b/two", "String"),
        ("/tree/b/one/deep", "String"),
        ("/treetop", "String"),
        ("tree", "String"),
    ]:
        ssm.put_parameter(Name=path, Value=f"of {path}", Type=kind)


def names(found):
    return [parameter["Name"] for parameter in found]


def test_by_path(ssm, tree):
    def ask(path, **more):
        return names(follow(ssm.get_parameters_by_path, "Parameters", Path=path, **more))

    assert ask("/tree") == ask("/tree/") == ["/tree/a", "/tree/b", "/tree/c"]
    everything = ["/tree/a", "/tree/b", "/tree/b/one", "/tree/b/one/deep", "/tree/b/two", "/tree/c"]
    assert sorted(ask("/tree", Recursive=True)) == everything
    assert ask("/tree/b") == ["/tree/b/one", "/tree/b/two"]
    assert ask("/tree/none") == []
    at_root = ask("/")
    assert {"/treetop", "tree"} <= set(at_root)
    assert not [name for name in at_root if name.count("/") > 1]
    assert set(everything) | {"tree"} <= set(ask("/", Recursive=True))


def test_by_path_filters(ssm, tree):
    def ask(*filters, path="/tree"):
        return names(ssm.get_parameters_by_path(Path=path, ParameterFilters=list(filters))["Parameters"])

    assert ask({"Key": "Type", "Values": ["StringList"]}) == ["/tree/b"]
    assert ask({"Key": "Type", "Option": "Equals", "Values": ["String", "SecureString"]}) == ["/tree/a", "/tree/c"]
    assert ask({"Key": "Type", "Option": "BeginsWith", "Values": ["String"]}) == ["/tree/a", "/tree/b"]
    assert ask({"Key": "KeyId", "Values": ["alias/aws/ssm"]}) == ["/tree/c"]
    ssm.label_parameter_version(Name="/tree/a", Labels=["shown"])
    assert ask({"Key": "Label", "Values": ["shown"]}) == ["/tree/a"]
    for key in ("Name", "Path", "Tier", "DataType"):
        with refused("InvalidFilterKey", f"The following filter key is not valid: {key}."):
            ask({"Key": key, "Values": ["x"]})
    with refused("InvalidFilterValue"):
        ask({"Key": "Type", "Values": ["Number"]})
    with refused("InvalidFilterOption"):
        ask({"Key": "Type", "Option": "Contains", "Values": ["String"]})


def test_by_path_wants_a_path(ssm):
    for path in ("tree", "/a//b", "/a b"):
        with refused("ValidationException"):
            ssm.get_parameters_by_path(Path=path)


def test_pages_hold_all(ssm, name, put):
    expected = [f"/{name}/{number:02}" for number in range(23)]
    for path in expected:
        put(path)
    assert names(pages(ssm, "get_parameters_by_path", "Parameters", size=1, Path=f"/{name}")) == expected
    assert names(pages(ssm, "get_parameters_by_path", "Parameters", size=7, Path=f"/{name}")) == expected
    filters = [{"Key": "Path", "Values": [f"/{name}"]}]
    found = names(pages(ssm, "describe_parameters", "Parameters", size=5, ParameterFilters=filters))
    assert found == expected


def test_pages_are_stable_under_insertions(ssm, name, put):
    for number in range(0, 20, 2):
        put(f"/{name}/{number:02}")
    first = ssm.get_parameters_by_path(Path=f"/{name}", MaxResults=5)
    put(f"/{name}/01")
    put(f"/{name}/19")
    ssm.delete_parameter(Name=f"/{name}/08")
    rest = follow(ssm.get_parameters_by_path, "Parameters", Path=f"/{name}", NextToken=first["NextToken"])
    seen = names(first["Parameters"]) + names(rest)
    assert len(seen) == len(set(seen))
    assert {f"/{name}/{number:02}" for number in range(0, 20, 2) if number != 8} <= set(seen)


def test_tokens_that_no_page_gave(ssm, name, put):
    put(name)
    for call in (
        lambda token: ssm.get_parameters_by_path(Path="/", NextToken=token),
        lambda token: ssm.describe_parameters(NextToken=token),
        lambda token: ssm.get_parameter_history(Name=name, NextToken=token),
    ):
        for token in ("nonsense", "1", "AAAA", "' OR 1=1 --"):
            with refused("InvalidNextToken"):
                call(token)


def described(ssm, *filters, **more):
    return names(follow(ssm.describe_parameters, "Parameters", ParameterFilters=list(filters), **more))


def test_descriptions_are_filtered(ssm, tree):
    below = {"Key": "Path", "Option": "Recursive", "Values": ["/tree"]}
    assert described(ssm, {"Key": "Path", "Values": ["/tree"]}) == ["/tree/a", "/tree/b", "/tree/c"]
    assert described(ssm, {"Key": "Path", "Option": "OneLevel", "Values": ["/tree/b/one"]}) == ["/tree/b/one/deep"]
    assert len(described(ssm, below)) == 6
    assert described(ssm, below, {"Key": "Type", "Values": ["SecureString"]}) == ["/tree/c"]
    assert described(ssm, below, {"Key": "KeyId", "Values": ["alias/aws/ssm"]}) == ["/tree/c"]
    assert described(ssm, below, {"Key": "Tier", "Values": ["Advanced"]}) == []
    assert len(described(ssm, below, {"Key": "DataType", "Values": ["text"]})) == 6
    assert "/treetop" in described(ssm, {"Key": "Name", "Option": "BeginsWith", "Values": ["tree"]})
    assert "/treetop" in described(ssm, {"Key": "Name", "Option": "Contains", "Values": ["eeto"]})
    assert described(ssm, {"Key": "Name", "Values": ["/tree/a"]}) == ["/tree/a"]


def test_descriptions_are_filtered_by_tags(ssm, name, put):
    for letter in "ab":
        put(f"/{name}/{letter}", Tags=[{"Key": "all", "Value": name}, {"Key": "one", "Value": letter}])
    both = {"Key": "tag:all", "Values": [name]}
    assert described(ssm, both) == [f"/{name}/a", f"/{name}/b"]
    assert described(ssm, both, {"Key": "tag:one", "Option": "Equals", "Values": ["b"]}) == [f"/{name}/b"]
    assert described(ssm, both, {"Key": "tag:one", "Option": "BeginsWith", "Values": ["a"]}) == [f"/{name}/a"]
    assert described(ssm, both, {"Key": "tag:one"}) == [f"/{name}/a", f"/{name}/b"]


def test_old_filters(ssm, tree):
    def ask(key, value):
        return names(ssm.describe_parameters(Filters=[{"Key": key, "Values": [value]}], MaxResults=50)["Parameters"])

    assert "/tree/a" in ask("Name", "/tree/a")
    assert "/tree/c" in ask("Type", "SecureString")
    assert "/tree/c" in ask("KeyId", "alias/aws/ssm")


@pytest.mark.parametrize(
    ("filters", "code", "text"),
    [
        ([{"Key": "Label", "Values": ["x"]}], "InvalidFilterKey", "The following filter key is not valid: Label."),
        ([{"Key": "Name"}], "InvalidFilterValue", "The following filter values are missing"),
        (
            [{"Key": "Name", "Values": ["a"]}, {"Key": "Name", "Values": ["b"]}],
            "InvalidFilterKey",
            "The following filter is duplicated in the request: Name.",
        ),
        (
            [{"Key": "Path", "Option": "Equals", "Values": ["/a"]}],
            "InvalidFilterOption",
            "The following filter option is not valid: Equals. Valid options include: [Recursive, OneLevel]",
        ),
        (
            [{"Key": "Tier", "Values": ["x"]}],
            "InvalidFilterOption InvalidFilterValue",
            "The following filter value is not valid: x.",
        ),
        (
            [{"Key": "Type", "Values": ["x"]}],
            "InvalidFilterOption InvalidFilterValue",
            "The following filter value is not valid: x.",
        ),
        ([{"Key": "Name", "Option": "option", "Values": ["x"]}], "InvalidFilterOption", "option"),
        ([{"Key": "key"}], "ValidationException", "regular expression pattern"),
        ([{"Key": "Name", "Option": "over 10 chars"}], "ValidationException", "less than or equal to 10"),
        ([{"Key": "Name", "Values": ["x"] * 51}], "ValidationException", "less than or equal to 50"),
        (
            [{"Key": "Name", "Option": "over 10 chars"}, {"Key": "key"}],
            "ValidationException",
            "2 validation errors detected:",
        ),
        ([{"Key": "Path", "Values": ["/aws"]}], "ValidationException", "can't be prefixed with"),
        ([{"Key": "Path", "Values": ["test"]}], "ValidationException", "The parameter doesn't meet the parameter name"),
    ],
)
def test_filters_that_cannot_be(unchecked, filters, code, text):
    from botocore.exceptions import ClientError

    with pytest.raises(ClientError) as caught:
        unchecked.describe_parameters(ParameterFilters=filters)
    error = caught.value.response["Error"]
    assert error["Code"] in code.split(), error
    assert text in error["Message"], error


def test_old_and_new_filters_do_not_go_together(ssm):
    with refused("ValidationException", "You can use either Filters or ParameterFilters in a single request."):
        ssm.describe_parameters(
            Filters=[{"Key": "Name", "Values": ["x"]}], ParameterFilters=[{"Key": "Name", "Values": ["x"]}]
        )


def test_nothing_is_shared_from_elsewhere(ssm):
    assert ssm.describe_parameters(Shared=True)["Parameters"] == []
