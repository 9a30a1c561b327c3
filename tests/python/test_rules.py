"""Rules: what they start, what their windows wait for, and how they are changed and tried."""

import json
import subprocess
import threading

import pytest

import posting
import samples
from server import BINARY, Server
from waiting import ended, run, until

RULES = """\
rules:
  - name: simple
    match: { source: [shop], detail-type: [Simple] }
    start: { runbook: Instant }
  - name: once-within
    match: { source: [shop], detail-type: [Once] }
    once: { within: 1h, by: detail.node }
    start: { runbook: Instant }
  - name: once-after
    match: { source: [shop], detail-type: [Later] }
    once: { after: 1s, by: detail.node }
    start: { runbook: Instant }
  - name: third
    match: { source: [shop], detail-type: [Count] }
    accumulate: { count: 3, within: 1h, by: [detail.node, detail.zone] }
    start: { runbook: Instant }
  - name: both
    all:
      of:
      - { source: [shop], detail-type: [Paid] }
      - { source: [shop], detail-type: [Packed] }
      within: 1h
      by: detail.order
    start: { runbook: Instant }
  - name: unanswered
    not:
      after: { source: [shop], detail-type: [Asked] }
      match: { source: [shop], detail-type: [Answered] }
      within: 1s
      by: detail.order
    start: { runbook: Instant }
  - name: item
    match: { source: [shop], detail-type: [Broken] }
    opsItem: { title: "{{ $.detail.what }} is broken", severity: "2", deduplicate: $.detail.what }
  - name: loop
    match: { source: [aws.ssm], detail-type: [Parameter Store Change], detail: { name: [/loop] } }
    start: { runbook: Loop }
  - name: off
    enabled: false
    match: { source: [shop] }
    start: { runbook: Instant }
  - name: denied
    match: { source: [shop], detail-type: [Denied] }
    role: reader
    start: { runbook: Instant }
"""

LOOP = """\
schemaVersion: "0.4"
flow: sequence
mainSteps:
- name: again
  action: putParameter
  inputs: { Name: /loop, Value: "${{ run.id }}", Type: String, Overwrite: true }
"""


@pytest.fixture(scope="module")
def ruled(tmp_path_factory):
    directory = tmp_path_factory.mktemp("ruled")
    posting.write(directory / "rules", "rules", RULES)
    server = Server(directory, "--rules", str(directory / "rules"))
    samples.runbook(server.client(), "Instant", samples.INSTANT)
    yield server
    assert server.end() == 0, server.log()


def send(server, kind, **detail):
    """Tells of an event, and returns the runs that it started."""
    sent = server.command(
        "events", "send", "--source", "shop", "--detail-type", kind, "--detail", json.dumps(detail)
    )
    [identity] = sent["eventIds"]
    return identity, sent["executionIds"]


def matches(server, rule, status=None):
    arguments = ["--status", status] if status else []
    return server.command("rules", "matches", "--rule", rule, *arguments)


def test_an_event_starts_a_run(ruled):
    _, [execution] = send(ruled, "Simple", node="a")
    assert ended(ruled.client(), execution)["AutomationExecutionStatus"] == "Success"
    [*_, found] = matches(ruled, "simple")
    assert (found["status"], found["result"], found["attempts"]) == ("Done", execution, 1)


def test_the_first_of_a_group_starts_once(ruled):
    assert len(send(ruled, "Once", node="a")[1]) == 1
    assert send(ruled, "Once", node="a")[1] == []
    assert len(send(ruled, "Once", node="b")[1]) == 1
    ruled.restart(kill=True)
    assert send(ruled, "Once", node="b")[1] == []
    assert len(send(ruled, "Once")[1]) == 1, "events without the value are a group too"


def test_the_third_of_a_group_starts(ruled):
    started = [send(ruled, "Count", node="a", zone=1)[1] for _ in range(2)]
    assert started == [[], []]
    assert send(ruled, "Count", node="a", zone=2)[1] == []
    ruled.restart(kill=True)
    assert len(send(ruled, "Count", node="a", zone=1)[1]) == 1
    assert send(ruled, "Count", node="a", zone=1)[1] == []


def test_all_of_them_start_in_any_order(ruled):
    assert send(ruled, "Packed", order=1)[1] == []
    assert send(ruled, "Paid", order=2)[1] == []
    assert send(ruled, "Packed", order=1)[1] == []
    assert len(send(ruled, "Paid", order=1)[1]) == 1
    assert len(send(ruled, "Packed", order=2)[1]) == 1


def test_what_comes_together_starts_once_at_the_end(ruled):
    assert send(ruled, "Later", node="a")[1] == []
    assert send(ruled, "Later", node="a")[1] == []
    [found] = until(lambda: matches(ruled, "once-after"), lambda found: found, "the end of the window")
    until(lambda: matches(ruled, "once-after", "done"), lambda found: found, "the run")
    assert found["rule"] == "rule/once-after"


def test_nothing_came_in_time(ruled):
    asked, _ = send(ruled, "Asked", order=1)
    send(ruled, "Asked", order=2)
    send(ruled, "Answered", order=2)
    found = until(lambda: matches(ruled, "unanswered"), lambda found: found, "the end of the time")
    assert [one["eventId"] for one in found] == [asked]
    # A later one tells that the time of the other is over too.
    later, _ = send(ruled, "Asked", order=3)
    found = until(lambda: matches(ruled, "unanswered"), lambda found: len(found) > 1, "the end of its time")
    assert [one["eventId"] for one in found] == [later, asked]


def test_a_window_that_was_open_when_the_server_was_killed_ends_after(ruled):
    asked, _ = send(ruled, "Asked", order="killed")
    ruled.restart(kill=True)
    until(
        lambda: [one["eventId"] for one in matches(ruled, "unanswered")],
        lambda found: asked in found,
        "the end of the time",
    )


def test_an_item_is_opened_once(ruled):
    ids = []
    for _ in range(2):
        event, runs = send(ruled, "Broken", what="the disk")
        assert runs == []
        [found] = [one for one in matches(ruled, "item") if one["eventId"] == event]
        assert found["status"] == "Done"
        ids.append(found["result"])
    assert ids[0].startswith("oi-")
    assert ids[0] == ids[1]


def test_the_role_of_a_rule_decides(ruled):
    event, runs = send(ruled, "Denied")
    assert runs == []
    [found] = matches(ruled, "denied", "dead")
    assert found["eventId"] == event
    assert found["reason"].startswith("AccessDeniedException: ")
    assert ":role/reader is not authorized to perform: ssm:StartAutomationExecution" in found["reason"]


def test_a_loop_is_stopped_and_explained(ruled):
    ssm = ruled.client()
    samples.runbook(ssm, "Loop", LOOP)
    # The role that acts may write the parameter.
    policy = 'permit (principal in Role::"operator", action == Action::"ssm:PutParameter", resource);'
    (ruled.data / "policies" / "loop.cedar").write_text(policy)
    until(lambda: ruled.command("policy", "status"), lambda status: "loop" in json.dumps(ruled.command("policy", "list")), "the policy")
    ssm.put_parameter(Name="/loop", Value="begin", Type="String")
    [stopped] = until(lambda: matches(ruled, "loop", "stopped"), lambda found: found, "the end of the loop")
    assert stopped["reason"].startswith("a loop: ")
    assert stopped["depth"] == 6
    assert sorted(one["depth"] for one in matches(ruled, "loop")) == [0, 1, 2, 3, 4, 5, 6]


def test_what_rules_make_of_an_event_can_be_tried(ruled, tmp_path):
    event = {"source": "shop", "detail-type": "Simple", "detail": {}}
    (tmp_path / "event.json").write_text(json.dumps(event))
    verdicts = ruled.command("rules", "test", str(tmp_path / "event.json"))
    by_rule = {verdict["rule"]: verdict for verdict in verdicts if "pattern" not in verdict}
    assert by_rule["simple"]["isMatch"] is True
    assert by_rule["off"] == {"rule": "off", "isMatch": True, "isEnabled": False}
    once = by_rule["once-within"]
    assert (once["field"], once["wanted"], once["found"]) == ("detail-type", '["Once"]', '"Simple"')
    # Those of a directory are asked without a server.
    alone = ruled.command("rules", "test", "-", "--rules", str(ruled.directory / "rules"), text=json.dumps(event))
    assert alone == verdicts


def test_the_past_can_be_tried_and_brought_back(ruled):
    event, [execution] = send(ruled, "Simple", past=True)
    test = ruled.command("rules", "backtest", "--since", "1h")
    assert test["matches"]["simple"] >= 1
    assert test["matches"]["denied"] >= 0
    assert test["examples"]["simple"]["id"] == event
    pattern = json.dumps({"detail": {"past": [True]}})
    dry = ruled.command("events", "replay", "--since", "1h", "--pattern", pattern, "--dry-run")
    assert dry == {"events": 1, "dryRun": True}
    replayed = ruled.command("events", "replay", "--since", "1h", "--pattern", pattern, "--name", "once-more")
    assert replayed == {"name": "once-more", "events": 1}
    [found] = until(
        lambda: [one for one in matches(ruled, "simple", "done") if one.get("replay") == "once-more"],
        lambda found: found,
        "the run of the replay",
    )
    assert (found["eventId"], found["result"] != execution) == (event, True)
    ruled.command("events", "replay", "--since", "1h", "--pattern", pattern, "--name", "once-more", code=2)


def test_rules_are_read_anew_and_broken_ones_are_not_taken(ruled):
    rules = ruled.directory / "rules"
    posting.write(rules, "more", "rules: [{ name: more, match: { source: [more] }, start: { runbook: Instant } }]")
    until(lambda: ruled.command("rules", "list")["rules"], lambda names: "more" in names, "the new rule")
    posting.write(rules, "more", "rules: [")
    broken = until(
        lambda: status(ruled), lambda found: found["isBroken"], "the mistake to be seen"
    )
    assert broken["diagnostics"][0]["file"] == "more.yaml"
    assert "more" in ruled.command("rules", "list")["rules"]
    (rules / "more.yaml").unlink()
    until(lambda: ruled.command("rules", "list")["rules"], lambda names: "more" not in names, "the rule to go")
    audited = ruled.command("audit", "query", "--event", "LoadRules")
    assert len(audited) >= 3


def called(*arguments, environment):
    return subprocess.run(
        [BINARY, *arguments], capture_output=True, text=True, env=environment, timeout=60, check=False
    )


def status(server):
    """How the rules stand; the exit code says whether they are broken."""
    return json.loads(called("rules", "status", "--output", "json", environment=server.environment()).stdout)


def test_rules_with_a_mistake_do_not_begin(ruled, tmp_path):
    posting.write(tmp_path / "rules", "rules", "rules: [{ name: 1 }]")
    refused = called(
        "server", "--listen", "127.0.0.1:0", "--data-dir", str(tmp_path / "data"), "--rules", str(tmp_path / "rules"),
        environment=ruled.environment(),
    )
    assert refused.returncode == 2
    assert "the rules cannot be used" in refused.stderr
    assert "rules.yaml:1:" in refused.stderr


def test_a_rule_about_runs_is_not_about_those_before_it(serve, tmp_path):
    rules = tmp_path / "rules"
    posting.write(rules, "rules", "rules: [{ name: shop, match: { source: [shop] }, start: { runbook: Instant } }]")
    server = serve("--rules", str(rules))
    ssm = server.client()
    samples.runbook(ssm, "Instant", samples.INSTANT)
    ended(ssm, ssm.start_automation_execution(DocumentName="Instant")["AutomationExecutionId"])
    server.end()
    text = """\
rules:
  - name: ended
    match: { source: [aws.ssm], detail: { Status: [Success], Definition: [Instant], StepName: [{ exists: false }] } }
    opsItem: { title: "{{ $.detail.ExecutionId }}" }
"""
    posting.write(rules, "rules", text)
    server.start()
    execution = ssm.start_automation_execution(DocumentName="Instant")["AutomationExecutionId"]
    until(lambda: matches(server, "ended", "done"), lambda found: found, "the item")
    backtest = server.command("rules", "backtest", "--since", "1h")
    assert backtest["matches"]["ended"] == 2
    assert len(matches(server, "ended")) == 1, execution


def test_rule_files_are_validated(ruled, tmp_path):
    posting.write(tmp_path, "good", RULES)
    assert ruled.command("validate", str(tmp_path / "good.yaml"))["valid"] is True
    posting.write(tmp_path, "bad", "rules: [{ name: a, match: { sorce: [x] }, start: { runbok: X } }]")
    found = ruled.command("validate", str(tmp_path / "bad.yaml"), code=2)
    assert found["valid"] is False
    helps = [said["help"] for said in found["diagnostics"]]
    assert "did you mean `runbook`?" in helps
    posting.write(tmp_path, "hook", "webhooks: [{ name: a, verify: { scheme: gihub, secret: /a } }]")
    found = ruled.command("validate", str(tmp_path / "hook.yaml"), code=2)
    assert "unknown variant `gihub`" in found["diagnostics"][0]["message"]
    # Names are unique over all files.
    posting.write(tmp_path, "one", "rules: [{ name: same, match: { source: [a] }, start: { runbook: X } }]")
    posting.write(tmp_path, "two", "rules: [{ name: same, match: { source: [a] }, start: { runbook: X } }]")
    ruled.command("validate", str(tmp_path / "one.yaml"), str(tmp_path / "two.yaml"), code=2)


def test_many_at_once_are_each_done_once(ruled):
    before = len(matches(ruled, "third"))
    senders = [threading.Thread(target=send, args=(ruled, "Count"), kwargs={"node": "many"}) for _ in range(9)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert len(matches(ruled, "third")) - before == 3
