"""Documents that tests create."""

import json

INSTANT = """\
schemaVersion: "0.3"
description: Ends at once.
mainSteps:
- { name: rest, action: "aws:sleep", inputs: { Duration: PT0S } }
"""

PERCENT = """\
schemaVersion: "0.3"
description: Says whether a disk is too full.
parameters:
  Percent: { type: Integer, default: 80, description: From how much on., allowedValues: [50, 80, 90] }
  Names: { type: StringList, default: [a, b], description: What is looked at. }
mainSteps:
- name: choose
  action: aws:branch
  inputs:
    Choices:
    - { NextStep: high, Variable: "{{ Percent }}", NumericGreaterOrEquals: 90 }
    Default: low
- { name: high, action: "aws:sleep", inputs: { Duration: PT0S }, isEnd: true }
- { name: low, action: "aws:sleep", inputs: { Duration: PT0S }, isEnd: true }
"""

PAUSED = """\
schemaVersion: "0.3"
description: Waits for somebody.
parameters:
  Who: { type: String, default: nobody }
mainSteps:
- { name: hold, action: "aws:pause", inputs: {} }
- { name: rest, action: "aws:sleep", inputs: { Duration: PT0S }, isEnd: true }
"""

LONG = """\
schemaVersion: "0.3"
variables: { tidied: { type: String, default: "no" } }
mainSteps:
- { name: long, action: "aws:sleep", onCancel: "step:tidy", inputs: { Duration: PT1H } }
- { name: never, action: "aws:sleep", inputs: { Duration: PT0S }, isEnd: true }
- { name: tidy, action: "aws:updateVariable", inputs: { Name: "variable:tidied", Value: "yes" }, isEnd: true }
"""

FAILING = """\
schemaVersion: "0.3"
mainSteps:
- name: break
  action: aws:runCommand
  inputs: { DocumentName: AWS-RunShellScript, InstanceIds: [local], Parameters: { commands: ["exit 3"] } }
- { name: never, action: "aws:sleep", inputs: { Duration: PT0S } }
"""

READING = """\
schemaVersion: "0.4"
flow: sequence
mainSteps:
  - { name: read, action: getParameter, inputs: { Name: /app/secret } }
"""

COMMAND = {
    "schemaVersion": "2.2",
    "description": "Says something.",
    "parameters": {
        "Text": {"type": "String", "description": "What is said.", "default": "hello"},
        "Lines": {"type": "StringList", "default": ["a", "b"]},
    },
    "mainSteps": [
        {"action": "aws:runShellScript", "name": "say", "inputs": {"runCommand": ["echo {{ Text }}"]}},
    ],
}


def command(description="Says something."):
    return json.dumps(COMMAND | {"description": description})


def calendar(default="DEFAULT_OPEN", *events):
    body = "".join(f"BEGIN:VEVENT\r\n{event}\r\nEND:VEVENT\r\n" for event in events)
    return (
        "BEGIN:VCALENDAR\r\nPRODID:-//AWS//Change Calendar 1.0//EN\r\nVERSION:2.0\r\n"
        f"X-CALENDAR-TYPE:{default}\r\nX-WR-CALDESC:\r\n{body}END:VCALENDAR\r\n"
    )


def runbook(ssm, name, text):
    """Creates a runbook and returns its name."""
    ssm.create_document(Name=name, Content=text, DocumentType="Automation", DocumentFormat="YAML")
    return name


def begin(ssm, name, text):
    """Creates a runbook, starts it, and returns the id of the run."""
    runbook(ssm, name, text)
    return ssm.start_automation_execution(DocumentName=name)["AutomationExecutionId"]
