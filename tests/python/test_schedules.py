"""Schedules: each time once, and at most once for the time that nobody was there."""

import posting
import samples
from waiting import ended, until

EACH_SECOND = """\
schedules:
  - { name: tick, at: "cron(* * * ? * * *)", start: { runbook: Instant } }
  - { name: never, at: "at(2100-01-01T00:00:00)", timezone: Europe/Stockholm, start: { runbook: Instant } }
  - { name: off, enabled: false, at: "rate(1 minute)", start: { runbook: Instant } }
"""


def ticks(server):
    return server.command("rules", "matches", "--rule", "schedule/tick", "--limit", "1000")


def test_each_time_starts_a_run_and_missed_ones_start_one(serve, tmp_path):
    posting.write(tmp_path / "rules", "ticks", EACH_SECOND)
    server = serve("--rules", str(tmp_path / "rules"))
    samples.runbook(server.client(), "Instant", samples.INSTANT)
    until(lambda: ticks(server), lambda found: len(found) >= 3, "three times")
    server.end()
    events = server.command("events", "tail", "-n", "100", "--pattern", '{"source": ["aws.events"]}')
    times = [event["time"] for event in events]
    assert times == sorted(set(times)), "each time came once"
    assert all(event["detail-type"] == "Scheduled Event" for event in events)
    # Nobody is there for two times at least.
    last = max(times)
    until(
        lambda: server.command("events", "tail", "-n", "1"),
        lambda _: seconds_since(last) > 3,
        "time to pass",
    )
    before = len(ticks(server))
    server.start()
    until(lambda: ticks(server), lambda found: len(found) > before, "the next time")
    events = server.command("events", "tail", "-n", "100", "--pattern", '{"source": ["aws.events"]}')
    skipped = [event["detail"]["skipped"] for event in events if event["detail"]["skipped"]]
    assert len(skipped) == 1
    assert skipped[0] >= 1
    schedules = {schedule["name"]: schedule for schedule in server.command("rules", "list")["schedules"]}
    assert schedules["never"]["next"] == "2099-12-31T23:00:00Z"
    assert schedules["off"]["next"] is None
    assert schedules["tick"]["skipped"] == skipped[0]
    done = [one for one in ticks(server) if one["status"] == "Done"]
    assert ended(server.client(), done[-1]["result"])["AutomationExecutionStatus"] == "Success"
    # The directory tells no schedule any more.
    posting.write(tmp_path / "rules", "ticks", "schedules: [{ name: other, at: rate(1 day), start: { runbook: Instant } }]")
    until(lambda: server.command("rules", "list")["schedules"], lambda found: len(found) == 1, "the change")


def seconds_since(text):
    from datetime import datetime, timezone

    return (datetime.now(timezone.utc) - datetime.fromisoformat(text)).total_seconds()
