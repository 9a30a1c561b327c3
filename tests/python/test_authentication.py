"""Who asks: signatures, tokens, replays, and what nobody may."""

import json
import time
import urllib.error
import urllib.request

import pytest

import samples
from answers import follow, refused
from signed import TYPE, Request

WRONG = "UnrecognizedClientException InvalidSignatureException"
INCOMPLETE = "IncompleteSignatureException InvalidSignatureException MissingAuthenticationTokenException"


def put(server, name, **more):
    return Request(server, "PutParameter", {"Name": name, "Value": "v", "Type": "String"}, **more)


def assert_refused(reply, codes):
    assert reply.status in (400, 403), reply
    assert reply.code in codes.split(), reply
    assert reply.headers["content-type"] == TYPE
    assert reply.json.get("message", reply.json.get("Message"))


def assert_nothing(ssm, name):
    with refused("ParameterNotFound"):
        ssm.get_parameter(Name=name)


def test_a_signature_by_hand_is_accepted(server, ssm, name):
    assert put(server, name).send().json["Version"] == 1
    assert ssm.get_parameter(Name=name)["Parameter"]["Value"] == "v"


def test_any_region_may_be_signed_for(server, name):
    assert put(server, name, region="eu-central-1").send().status == 200


def test_strangers_and_wrong_secrets_are_told_the_same(server, ssm, name):
    identity, _ = server.credentials
    replies = [put(server, name, key=key).send() for key in ((identity, "x" * 40), ("AKIAIOSFODNN7EXAMPLE", "x" * 40))]
    for reply in replies:
        assert_refused(reply, WRONG)
    assert len({(reply.status, reply.code, json.dumps(reply.json)) for reply in replies}) == 1
    assert_nothing(ssm, name)


def test_nobody(server, ssm, name):
    request = put(server, name)
    headers = request.all_headers()
    from signed import exchange

    assert_refused(exchange(server, request.bytes(headers)), "MissingAuthenticationTokenException")
    assert_nothing(ssm, name)


@pytest.mark.parametrize("change", ["body", "target", "date", "signature", "host", "type", "extra", "path"])
def test_what_was_signed_cannot_be_changed(server, ssm, name, change):
    request = put(server, name)
    headers = request.sign()
    if change == "body":
        request.body = request.body.replace(b'"v"', b'"w"')
    elif change == "target":
        headers["x-amz-target"] = "AmazonSSM.DeleteParameter"
    elif change == "date":
        headers["x-amz-date"] = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() + 2))
    elif change == "signature":
        last = headers["authorization"][-1]
        headers["authorization"] = headers["authorization"][:-1] + ("0" if last != "0" else "1")
    elif change == "host":
        headers["host"] = headers["host"].replace("127.0.0.1", "localhost")
    elif change == "type":
        headers["content-type"] = "application/json"
    elif change == "extra":
        headers["x-amz-meta"] = "smuggled"
    elif change == "path":
        request.path = "/?a=b"
    from signed import exchange

    reply = exchange(server, request.bytes(headers))
    assert_refused(reply, f"{WRONG} SerializationException")
    assert_nothing(ssm, name)


@pytest.mark.parametrize("seconds", [-301, -86_400, 301, 86_400])
def test_signatures_have_a_time(server, ssm, name, seconds):
    reply = put(server, name, ahead_seconds=seconds - 5 if seconds < 0 else seconds + 5).send()
    assert_refused(reply, "InvalidSignatureException ExpiredTokenException RequestExpired")
    assert_nothing(ssm, name)


@pytest.mark.parametrize("seconds", [-240, 240])
def test_clocks_may_differ_a_little(server, name, seconds):
    assert put(server, f"{name}-{seconds}".replace("--", "-"), ahead_seconds=seconds).send().status == 200


@pytest.mark.parametrize("date", ["yesterday", "2026-01-01", "", "99999999T999999Z", "20260101T000000+01"])
def test_dates_that_are_none(server, ssm, name, date):
    reply = put(server, name, date=date or "x", scope_date="20260101").send()
    assert_refused(reply, INCOMPLETE)
    assert_nothing(ssm, name)


def test_the_scope_is_of_the_date(server, ssm, name):
    assert_refused(put(server, name, scope_date="20200101").send(), INCOMPLETE)
    assert_nothing(ssm, name)


@pytest.mark.parametrize("left", ["host", "x-amz-date", "x-amz-target", "content-type", "x-amz-thing"])
def test_what_matters_is_signed(server, ssm, name, left):
    extra = {"x-amz-thing": "1"} if left == "x-amz-thing" else {}
    reply = put(server, name, unsigned=(left,), headers=extra).send()
    assert_refused(reply, f"{INCOMPLETE} {WRONG}")
    assert_nothing(ssm, name)


@pytest.mark.parametrize("payload", ["UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"])
def test_bodies_are_signed(server, ssm, name, payload):
    for headers in ({}, {"x-amz-content-sha256": payload}):
        reply = put(server, name, payload_hash=payload, headers=headers).send()
        assert_refused(reply, WRONG)
    assert_nothing(ssm, name)


def test_presigned_addresses_are_refused(server, ssm, name):
    client = server.client()
    url = client.generate_presigned_url("put_parameter", {"Name": name, "Value": "v", "Type": "String"})
    for method in ("GET", "POST"):
        try:
            with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=30) as answer:
                raise AssertionError(answer.read())
        except urllib.error.HTTPError as error:
            assert error.code in (400, 403, 405)
            error.close()
    assert_nothing(ssm, name)


@pytest.mark.parametrize(
    "authorization",
    [
        "Basic YTpi",
        "Bearer",
        "Bearer nonsense",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request",
        "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/ssm/aws4_request, SignedHeaders=host, Signature=0",
        "AWS4-ECDSA-P256-SHA256 Credential=a, SignedHeaders=b, Signature=c",
        "x" * 8000,
    ],
)
def test_authorizations_that_are_none(server, ssm, name, authorization):
    from signed import exchange

    request = put(server, name)
    reply = exchange(server, request.bytes(request.all_headers() | {"authorization": authorization}))
    assert_refused(reply, f"{INCOMPLETE} {WRONG}")
    assert_nothing(ssm, name)


def test_session_tokens_are_nobodys(server, ssm, name):
    assert_refused(
        put(server, name, headers={"x-amz-security-token": "token"}).send(), f"{WRONG} ExpiredTokenException"
    )
    assert_nothing(ssm, name)


def test_sent_again_it_is_answered_from_memory(server, ssm, name):
    from signed import exchange

    first = put(server, name).bytes()
    assert exchange(server, first).json["Version"] == 1
    again = exchange(server, first)
    assert (again.status, again.json["Version"]) == (200, 1)
    body = {"Name": name, "Value": "w", "Overwrite": True}
    second = Request(server, "PutParameter", body).bytes()
    versions = [exchange(server, second).json["Version"] for _ in range(5)]
    assert versions == [2] * 5
    assert [entry["Version"] for entry in ssm.get_parameter_history(Name=name)["Parameters"]] == [1, 2]


def test_sent_again_after_a_kill_it_is_answered_from_memory(fresh):
    from signed import exchange

    data = put(fresh, "replayed").bytes()
    assert exchange(fresh, data).json["Version"] == 1
    fresh.restart(kill=True)
    assert exchange(fresh, data).json["Version"] == 1
    ssm = fresh.client()
    ssm.delete_parameter(Name="replayed")
    assert exchange(fresh, data).json["Version"] == 1
    assert_nothing(ssm, "replayed")


def test_a_start_sent_again_is_one_run(server, ssm, name):
    from signed import exchange

    samples.runbook(ssm, name, samples.INSTANT)
    data = Request(server, "StartAutomationExecution", {"DocumentName": name}).bytes()
    begun = {exchange(server, data).json["AutomationExecutionId"] for _ in range(4)}
    assert len(begun) == 1
    filters = [{"Key": "DocumentNamePrefix", "Values": [name]}]
    found = follow(ssm.describe_automation_executions, "AutomationExecutionMetadataList", Filters=filters)
    assert len(found) == 1


def test_sent_again_with_another_invocation_later_it_is_still_once(server, ssm, name):
    """The invocation's id is not signed by clients: after some seconds it must not make an old signature new."""
    from signed import exchange

    samples.runbook(ssm, name, samples.INSTANT)
    request = Request(server, "StartAutomationExecution", {"DocumentName": name}, ahead_seconds=-60)
    headers = request.sign()
    begun = set()
    for invocation in ("one", "two", "three"):
        data = request.bytes(headers | {"amz-sdk-invocation-id": invocation})
        begun.add(exchange(server, data).json["AutomationExecutionId"])
    assert len(begun) == 1


@pytest.fixture(scope="module")
def token(server):
    """A token of the administrator."""
    return server.command("auth", "token", "create", "--user", "administrator")["token"]


def bearing(server, token, operation, body):
    request = urllib.request.Request(
        server.url,
        data=json.dumps(body).encode(),
        method="POST",
        headers={"Authorization": f"Bearer {token}", "Content-Type": TYPE, "X-Amz-Target": f"AmazonSSM.{operation}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_a_token_is_enough(server, ssm, name, token):
    body = {"Name": name, "Value": "v", "Type": "String"}
    assert bearing(server, token, "PutParameter", body) == (200, {"Version": 1, "Tier": "Standard"})
    status, found = bearing(server, token, "GetParameter", {"Name": name})
    assert (status, found["Parameter"]["Value"]) == (200, "v")
    status, error = bearing(server, token, "GetParameter", {"Name": f"{name}-none"})
    assert (status, error["__type"]) == (400, "ParameterNotFound")


def test_tokens_that_are_none(server, token):
    for wrong in (token[:-1], token + "x", token.swapcase(), "", "x" * 5000):
        status, error = bearing(server, wrong, "GetParameter", {"Name": "x"})
        assert status in (400, 403)
        assert error["__type"] in f"{WRONG} {INCOMPLETE}".split()


def test_tokens_do_not_go_in_addresses(server, token):
    for query in (f"access_token={token}", f"token={token}", f"Authorization=Bearer%20{token}"):
        request = urllib.request.Request(
            f"{server.url}/?{query}",
            data=b"{}",
            method="POST",
            headers={"Content-Type": TYPE, "X-Amz-Target": "AmazonSSM.DescribeParameters"},
        )
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request, timeout=30)
        assert caught.value.code in (400, 403)
        caught.value.close()


def test_a_user_without_a_role_may_nothing(server, ssm, name):
    made = server.command("auth", "key", "create", "--user", name)
    client = server.client(key=(made["accessKeyId"], made["secretAccessKey"]))
    ssm.put_parameter(Name=f"{name}-there", Value="v", Type="String")
    samples.runbook(ssm, name, samples.INSTANT)
    for call in (
        lambda: client.put_parameter(Name=name, Value="v", Type="String"),
        lambda: client.get_parameter(Name=f"{name}-there"),
        lambda: client.get_parameters_by_path(Path="/", Recursive=True),
        lambda: client.describe_parameters(),
        lambda: client.get_document(Name=name),
        lambda: client.list_documents(),
        lambda: client.start_automation_execution(DocumentName=name),
        lambda: client.describe_automation_executions(),
    ):
        with refused("AccessDeniedException", f":user/{name}", "is not authorized to perform: ssm:"):
            call()
    assert_nothing(ssm, name)


def test_a_revoked_key_and_token_are_nobodys(server, name):
    made = server.command("auth", "key", "create", "--user", "administrator")
    key = (made["accessKeyId"], made["secretAccessKey"])
    assert put(server, f"{name}-1", key=key).send().status == 200
    server.command("auth", "key", "revoke", made["accessKeyId"])
    assert_refused(put(server, f"{name}-2", key=key).send(), WRONG)
    made = server.command("auth", "token", "create", "--user", "administrator")
    assert bearing(server, made["token"], "DescribeParameters", {})[0] == 200
    server.command("auth", "token", "revoke", made["id"])
    assert bearing(server, made["token"], "DescribeParameters", {})[0] in (400, 403)


def test_the_key_is_kept_for_its_owner_only(server):
    kept = server.data / "administrator.credentials"
    assert kept.stat().st_mode & 0o077 == 0
    assert server.data.stat().st_mode & 0o077 == 0


def test_later_starts_show_no_key(fresh):
    assert fresh.announced["accessKeyId"]
    fresh.end()
    fresh.announced = None
    fresh.start()
    assert fresh.announced["accessKeyId"] is None
    assert fresh.announced["secretAccessKey"] is None
    assert fresh.client("sts").get_caller_identity()["Arn"].endswith("user/administrator")
