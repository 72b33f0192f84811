"""Runs that want the same servers at once: one goes after the other, and what a killed one leaves is no obstacle."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.rig.rig import Rig
from tests.support.repository import ROOT
from tests.system.conftest import STATE

SERVERS = ("overflow1", "sandbox")
LOCK = f"{STATE}/lock.json"
HISTORY = f"{STATE}/history.jsonl"
PLAYBOOK = "tests/system/plays/deploy_lock.yml"
#: Seconds until a run that does not come to what it should is a failure.
PATIENCE = 240
#: Another controller: a host name and processes of its own.
ELSEWHERE = ["unshare", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", 'hostname elsewhere && exec "$@"', "sh"]

Start = Callable[..., "Holder"]


class Holder:
    """A run that is under way and, once it has the lock, works on every server until it is told that it is enough."""

    def __init__(self, rig: Rig, folder: Path, name: str, extra: dict[str, Any], before: list[str]) -> None:
        self.name = name
        self._rig = rig
        self._enough = f"/tmp/{name}.enough"  # noqa: S108 (on the rig's servers)
        self._log = folder / f"{name}.log"
        # connections of its own: a controller that is killed with its processes takes those of the other one along, where they are shared
        self.connections = tempfile.mkdtemp(prefix="rack-")  # a socket's path is short
        variables = {"rack_run": name, "enough": self._enough, "deploy_lock_wait": PATIENCE, "ansible_control_path_dir": self.connections, **extra}
        command = [*before, "ansible-playbook", PLAYBOOK, "--inventory", str(rig.inventory), "--limit", ",".join(SERVERS)]
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                [*command, "--extra-vars", json.dumps(variables)],
                cwd=ROOT,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    @property
    def said(self) -> str:
        return " ".join(self._log.read_text().split())

    def says(self, words: str) -> Holder:
        """Wait until it has said so."""
        until = time.monotonic() + PATIENCE
        while words not in self.said:
            assert self.process.poll() is None, self.said
            assert time.monotonic() < until, self.said
            time.sleep(0.1)
        return self

    def holds(self) -> Holder:
        return self.says(f"{self.name} has the lock")

    def works(self) -> Holder:
        """Wait until its long step is under way on every server."""
        self.says("Wait until the test ends the run")
        until = time.monotonic() + PATIENCE
        search = ["sh", "-c", 'grep -lsz "MYCOSOFT_RACK_RUN=$0" /proc/[0-9]*/environ', self.name]
        while not all(self._rig.run(server, search, check=False).stdout for server in SERVERS):
            assert time.monotonic() < until, self.said
        return self

    def enough(self, content: str = "") -> Holder:
        """Let it go on; where the file is not empty, it fails."""
        for server in SERVERS:
            self._rig.run(server, ["sh", "-c", 'printf %s "$1" > "$0"', self._enough, content])
        return self

    def ended(self, code: int = 0) -> str:
        assert self.process.wait(PATIENCE) == code, self.said
        return self.said

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def start(rig: Rig, tmp_path: Path) -> Iterator[Start]:
    """Start a run: ``start("name", variable=value)``. Whatever becomes of the test, nobody has the lock afterwards."""
    started: list[Holder] = []

    def begin(name: str, before: list[str] | None = None, **extra: Any) -> Holder:
        started.append(Holder(rig, tmp_path, name, extra, before or []))
        return started[-1]

    yield begin
    for holder in started:
        holder.enough().kill()
        shutil.rmtree(holder.connections)
    for server in SERVERS:
        rig.run(server, ["sh", "-c", f"rm --force {LOCK} /tmp/*.enough"])


def locks(rig: Rig) -> list[str]:
    """Who has the lock of each server."""
    found = [rig.run(server, ["cat", LOCK], check=False).stdout for server in SERVERS]
    return [json.loads(lock)["run"] if lock else "" for lock in found]


def events(rig: Rig) -> list[tuple[str, str, str]]:
    """The last line of each server's history: what happened, who did it, to whom."""
    lines = [json.loads(rig.run(server, ["tail", "-n", "1", HISTORY]).stdout) for server in SERVERS]
    return [(line["event"], line["run"], line["from"]["run"]) for line in lines]


def test_two_runs_from_two_controllers_at_the_same_moment_go_one_after_the_other(rig: Rig, start: Start) -> None:
    pair = [start("here"), start("there", before=ELSEWHERE)]
    first = None
    while first is None:
        assert all(each.process.poll() is None for each in pair), [each.said for each in pair]
        first = next((each for each in pair if f"{each.name} has the lock" in each.said), None)
        time.sleep(0.1)
    second = pair[1 - pair.index(first)]
    assert locks(rig) == [first.name] * 2
    second.says("Waiting up to")
    assert f"{second.name} has the lock" not in second.said
    first.enough("fail").ended(code=2)
    second.holds()
    assert locks(rig) == [second.name] * 2
    second.enough().ended()
    assert locks(rig) == ["", ""]


def test_a_killed_run_gives_way_on_its_own_controller_and_a_living_one_only_to_a_person(rig: Rig, start: Start) -> None:
    killed = start("killed").holds().works()
    killed.kill()
    assert locks(rig) == ["killed", "killed"]
    after, elsewhere = start("after"), start("elsewhere", before=ELSEWHERE, deploy_lock_wait=0)
    assert "Cannot take the lock of overflow1: deploy killed by root@" in elsewhere.ended(code=2), "nobody there can know, so the lease counts"
    after.says("still work there. Waiting up to")
    killed.enough()
    assert f"because its process {killed.process.pid} on" in after.holds().said
    assert events(rig) == [("lock taken over", "after", "killed")] * 2

    person = start("person", deploy_lock_break=True).holds()
    assert "Breaks the lock of sandbox because root said so: deploy after by root@" in person.said
    assert events(rig) == [("lock broken", "person", "after")] * 2
    assert "Cannot renew the lock of sandbox: it is lost, deploy person by root@" in after.enough().ended(code=2)
    assert locks(rig) == ["person", "person"]
    person.enough().ended()
    assert locks(rig) == ["", ""]
