"""Every delivery starts one run, whenever the server is killed."""

import http.client
import json
import queue
import random
import threading

import posting
import samples
from answers import follow
from posting import bearer, post
from waiting import run, until

RULES = """\
webhooks:
  - name: orders
    verify: { scheme: bearer, secret: /hooks/orders }
    event: { source: shop, detailType: Order, id: $.id }
rules:
  - name: each-order
    match: { source: [shop] }
    start: { runbook: Order, parameters: { Who: $.detail.id } }
"""
POSTS = 1_000
DUPLICATES = 100
SENDERS = 64
KILLS = 15
SEED = 20_261


class Sender(threading.Thread):
    """Posts what is to be posted, each until it is answered by 202, and remembers the answers."""

    def __init__(self, server, waiting, answered):
        super().__init__()
        self.server, self.waiting, self.answered = server, waiting, answered
        self.answers, self.failure, self.tries = [], None, 0
        self.pause = threading.Event()

    def run(self):
        try:
            while True:
                identity = self.waiting.get_nowait()
                self.answers.append((identity, self.send(identity)))
                self.answered.release()
        except queue.Empty:
            pass
        except BaseException as error:  # noqa: BLE001
            self.failure = error

    def send(self, identity):
        for _ in range(600):
            self.tries += 1
            try:
                status, _, text = post(self.server, "/hooks/orders", {"id": identity}, bearer())
            except (OSError, http.client.HTTPException):
                self.pause.wait(0.1)
                continue
            if status == 202:
                return json.loads(text)
            assert status in (429, 503), (status, text)
            self.pause.wait(0.1)
        raise AssertionError(f"{identity} was not taken")


def test_each_delivery_starts_one_run_through_kills(serve, tmp_path):
    posting.write(tmp_path / "rules", "orders", RULES)
    server = serve("--rules", str(tmp_path / "rules"))
    ssm = server.client()
    posting.secret(ssm, "/hooks/orders")
    text = samples.INSTANT.replace("mainSteps", "parameters: { Who: { type: String } }\nmainSteps")
    samples.runbook(ssm, "Order", text)
    chance = random.Random(SEED)
    distinct = [f"order-{number}" for number in range(POSTS - DUPLICATES)]
    posts = distinct + chance.sample(distinct, DUPLICATES)
    chance.shuffle(posts)
    waiting = queue.Queue()
    for identity in posts:
        waiting.put(identity)
    answered, pause = threading.Semaphore(0), threading.Event()
    senders = [Sender(server, waiting, answered) for _ in range(SENDERS)]
    for sender in senders:
        sender.start()
    for _ in range(KILLS):
        for _ in range(POSTS // (KILLS + 1)):
            assert answered.acquire(timeout=60), [sender.failure for sender in senders if sender.failure]
        pause.wait(chance.uniform(0, 0.05))
        server.restart(kill=True)
    for sender in senders:
        sender.join()
    assert not [sender.failure for sender in senders if sender.failure]
    check(server, ssm, distinct, [answer for sender in senders for answer in sender.answers])


def check(server, ssm, distinct, answers):
    assert len(answers) == POSTS
    filters = [{"Key": "DocumentNamePrefix", "Values": ["Order"]}]

    def runs():
        found = follow(ssm.describe_automation_executions, "AutomationExecutionMetadataList", Filters=filters)
        return {run["AutomationExecutionId"] for run in found}

    started = until(runs, lambda found: len(found) >= len(distinct), "a run for each delivery", 60)
    by_order = {}
    for execution in started:
        [who] = run(ssm, execution)["Parameters"]["Who"]
        by_order.setdefault(who, []).append(execution)
    assert {who: len(executions) for who, executions in by_order.items()} == dict.fromkeys(distinct, 1)
    for identity, accepted in answers:
        # An answer that came before the run began names none; one that names a run names the one there is.
        assert accepted["executionIds"] in ([], by_order[identity]), (identity, accepted)
    matches = server.command("rules", "matches", "--limit", "10000")
    assert {found["status"] for found in matches} == {"Done"}
    assert len(matches) == len(distinct)
