"""Bounded waiting for a state of the server."""

import time

ENDED = {"Success", "Failed", "TimedOut", "Cancelled", "Exited", "Rejected"}
SECONDS = 30


def until(ask, holds, what, seconds=SECONDS):
    """Asks again and again until what is answered holds, and returns it."""
    deadline = time.monotonic() + seconds
    pause = 0.005
    while True:
        answer = ask()
        if holds(answer):
            return answer
        assert time.monotonic() < deadline, f"waited for {what}, found {answer}"
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


def run(ssm, execution):
    return ssm.get_automation_execution(AutomationExecutionId=execution)["AutomationExecution"]


def reach(ssm, execution, *statuses):
    """Waits until a run has one of these statuses, and returns it."""
    what = f"the run {execution} to be one of {statuses}"

    def holds(found):
        status = found["AutomationExecutionStatus"]
        assert status in statuses or status not in ENDED, (statuses, found)
        return status in statuses

    return until(lambda: run(ssm, execution), holds, what)


def ended(ssm, execution):
    """Waits for the end of a run, and returns it."""
    what = f"the end of the run {execution}"
    return until(lambda: run(ssm, execution), lambda found: found["AutomationExecutionStatus"] in ENDED, what)


def step(found, name):
    return next(step for step in found["StepExecutions"] if step["StepName"] == name)
