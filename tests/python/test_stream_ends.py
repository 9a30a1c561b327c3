"""Streams of events end when their reader may not read any more, and lose nothing to a restored backup."""

import shutil

import pytest

import following
from following import Stream


@pytest.mark.parametrize("how", ["revoked", "without roles"])
def test_a_stream_ends_with_what_opened_it(server, ssm, name, how):
    made = server.command("auth", "token", "create", "--user", name, "--role", "reader")
    with Stream(server, "/events", made["token"]) as stream:
        ssm.put_parameter(Name=f"{name}-before", Value="v", Type="String")
        assert stream.next().detail["name"] == f"{name}-before"
        if how == "revoked":
            server.command("auth", "token", "revoke", made["id"])
        else:
            server.command("auth", "user", "set", name, "--no-roles")
        ssm.put_parameter(Name=f"{name}-after", Value="v", Type="String")
        assert stream.next() is None


def test_a_restored_backup_is_followed_from_where_the_other_store_was(serve, tmp_path):
    server = serve()
    ssm, token = server.client(), following.token(server)
    ssm.put_parameter(Name="/kept", Value="v", Type="String")
    server.command("backup", str(tmp_path / "copy.db"))
    with Stream(server, "/events", token) as stream:
        for number in range(5):
            ssm.put_parameter(Name=f"/lost/{number}", Value="v", Type="String")
        last = stream.take(5)[-1].cursor
    server.end()
    old, server.data = server.data, tmp_path / "restored"
    server.command("restore", str(tmp_path / "copy.db"))
    shutil.copytree(old / "keys", server.data / "keys", dirs_exist_ok=True)
    shutil.copy(old / "administrator.credentials", server.data)
    server.start()
    ssm.put_parameter(Name="/after", Value="v", Type="String")
    # The token is of the time before the copy, or it would be gone.
    with Stream(server, "/events", token, last) as stream:
        found = stream.until(lambda sent: sent.detail.get("name") == "/after")
        assert not any(sent.detail["name"].startswith("/lost") for sent in found)
