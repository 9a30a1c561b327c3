"""The commands of a README, in a shell that they share."""

import os
import re
import subprocess
import sys
from pathlib import Path

from server import BINARY, Server
from waiting import until

SERVE = "runwright server "
# Commands that change nothing: they may have been early.
READS = ("runwright rules", "runwright runs list", "aws ssm describe-")
# What is not the same each time.
VARYING = [
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "ID"),
    (re.compile(r"\boi-[0-9a-f]+"), "oi-ID"),
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z"), "TIME"),
    (re.compile(r"[ \t]+"), " "),
]


def commands(text):
    """Returns each command of a README with the lines that it shows."""
    found, is_code = [], False
    for line in text.splitlines():
        if line.startswith("```"):
            is_code = not is_code
        elif is_code and line.startswith("$ "):
            found.append((line[2:], []))
        elif is_code:
            found[-1][1].append(line)
    return [(command, "\n".join(shown)) for command, shown in found]


def settled(text):
    """Returns the text without what is not the same each time."""
    for pattern, word in VARYING:
        text = pattern.sub(word, text)
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


class Shell:
    """A shell in a folder. The server that its commands start is ended after them."""

    def __init__(self, folder):
        self.folder = folder
        self.server = None
        binaries = folder.parent / "bin"
        binaries.mkdir()
        (binaries / "runwright").symlink_to(BINARY)
        self.environment = {
            "PATH": os.pathsep.join([str(binaries), str(Path(sys.executable).parent), "/usr/local/bin:/usr/bin:/bin"]),
            "HOME": str(folder.parent),
            "RUNWRIGHT_DATA_DIR": str(folder / "data"),
            "AWS_PAGER": "",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        if self.server:
            code = self.server.end()
            assert code == 0 or failure[0], self.server.log()

    def check(self, command, shown):
        if command.startswith(SERVE):
            self.server = Server(self.folder, *command.removeprefix(SERVE).split())
            return
        if not command.startswith(READS):
            said = self.run(command)
            assert not shown or settled(said) == settled(shown), (command, said)
            return
        until(lambda: settled(self.run(command)), lambda said: not shown or said == settled(shown), f"{command} to show\n{shown}")

    def run(self, command):
        """Runs a command with the variables of those before it, and returns what it shows."""
        kept = self.folder.parent / "variables"
        kept.touch()
        script = f"set -a; . '{kept}'; set -o pipefail\n{command}\ncode=$?; export -p >'{kept}'; exit $code"
        done = subprocess.run(
            ["bash", "-c", script], capture_output=True, text=True, env=self.environment, cwd=self.folder, timeout=60
        )
        assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout
