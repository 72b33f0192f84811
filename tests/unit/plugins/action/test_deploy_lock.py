# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""deploy_lock on the controller: who asks, and which other run is gone. Ansible itself runs it, on this machine; processes are real."""

from __future__ import annotations

import dataclasses
import json
import os
import pwd
import socket
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mycosoft.rack.plugins.action.deploy_lock import identity, orphaned, seen_gone
from ansible_collections.mycosoft.rack.plugins.module_utils._lock.decide import Controller, controller_of
from ansible_collections.mycosoft.rack.plugins.module_utils._lock.file import controller

ROOT = Path("/")
LOGIN = pwd.getpwuid(os.getuid()).pw_name


@pytest.mark.parametrize(
    ("environment", "variables", "job", "by"),
    [
        pytest.param({}, {}, None, LOGIN, id="a person at a terminal"),
        pytest.param({"JOB_ID": "17"}, {"awx_job_id": 18, "awx_user_name": "jane"}, "17", "jane", id="a job of AWX"),
        pytest.param({"AWX_JOB_ID": "16", "JOB_ID": "17"}, {}, "16", LOGIN, id="a job that sets both"),
        pytest.param({}, {"awx_job_id": 18}, "18", LOGIN, id="a variable of AWX"),
        pytest.param({}, {"tower_job_id": 19, "tower_user_name": "john"}, "19", "john", id="a variable of Tower"),
        pytest.param({"JOB_ID": ""}, {"awx_user_name": ""}, None, LOGIN, id="empty ones"),
    ],
)
def test_who_asks(environment: dict[str, str], variables: dict[str, t.Any], job: str | None, by: str) -> None:
    asking = identity(variables, environment)
    assert (asking["job"], asking["by"]) == (job, by)
    there = controller_of(asking["controller"])
    assert there == controller(os.getppid(), socket.gethostname(), ROOT)
    assert there is not None
    assert there.started is not None


def test_a_process_that_was_killed_is_seen_to_be_gone_and_one_that_lives_is_not() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        try:
            me, theirs = (controller(pid, "here", ROOT) for pid in (os.getpid(), process.pid))
            held_by = {"controller": dataclasses.asdict(theirs)}
            assert not seen_gone(held_by, me)
        finally:
            process.kill()
    assert seen_gone(held_by, me)
    assert not seen_gone({"controller": dataclasses.asdict(dataclasses.replace(theirs, host="elsewhere"))}, me), "nobody here can know"
    assert not seen_gone({"controller": None}, me)
    assert not seen_gone({"cause": "damaged", "age": 1.0}, me)


@dataclasses.dataclass(frozen=True)
class Local:
    """This machine as a server, with a directory of its own."""

    folder: Path

    def __call__(self, run: str, *options: str) -> dict[str, t.Any]:
        """What one task returns. Its run is over by then: to the next one, what it took is a killed run's."""
        arguments = " ".join((f"state_directory={self.folder}", f"run={run}", *options))
        command = ["ansible", "localhost", "--connection", "local", "--module-name", "mycosoft.rack.deploy_lock", "--args", arguments]
        settings = {"ANSIBLE_HOME": str(self.folder), "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json", "ANSIBLE_LOAD_CALLBACK_PLUGINS": "1"}
        done = subprocess.run(command, env={**os.environ, **settings}, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        document, _end = json.JSONDecoder().raw_decode(done.stdout, done.stdout.index("{"))
        return t.cast("dict[str, t.Any]", document["plays"][0]["tasks"][0]["hosts"]["localhost"])

    def of(self, holder: Controller) -> None:
        """Let another process have taken what is taken."""
        path = self.folder / "lock.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "controller": dataclasses.asdict(holder)}))


@pytest.fixture
def local(tmp_path: Path) -> Local:
    return Local(tmp_path)


def test_a_run_that_was_killed_on_this_controller_gives_way_at_once(local: Local) -> None:
    taken = local("theirs")["lock"]
    assert (taken["by"], taken["controller"]["host"]) == (LOGIN, socket.gethostname())
    mine = local("mine")
    assert (mine["changed"], mine["waited"] < 60, mine["lock"]["run"]) == (True, True, "mine")
    assert mine["took_over"] == {**taken, "why": "its process %(pid)d on %(host)s is gone" % taken["controller"]}


@pytest.mark.slow
def test_a_run_that_is_killed_while_another_waits_for_it_gives_way(local: Local) -> None:
    local("theirs")
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(4)"]) as process:
        local.of(controller(process.pid, socket.gethostname(), ROOT))
        mine = local("mine", "wait=60")
    assert mine["took_over"]["why"] == f"its process {process.pid} on {socket.gethostname()} is gone"


def test_a_run_that_lives_is_waited_for_as_long_as_it_was_said(local: Local) -> None:
    local("theirs", "lease=1")
    local.of(controller(os.getpid(), socket.gethostname(), ROOT))
    refused = local("mine", "wait=2")
    assert refused["failed"] is True
    assert refused["msg"].startswith("Cannot take the lock of localhost: deploy theirs by ")
    assert refused["held_by"]["controller"]["pid"] == os.getpid()
    assert refused["waited"] >= 1


def test_a_wait_that_is_no_number_is_refused(local: Local) -> None:
    refused = local("mine", "wait=long")
    assert refused["failed"] is True
    assert refused["msg"].startswith("Cannot wait 'long' seconds for the lock: that is no number. Correct wait")


@pytest.mark.parametrize(
    ("boot_id", "started", "orphan"),
    [
        pytest.param("boot", 4711, False, id="its controller runs"),
        pytest.param("boot", None, True, id="its controller was killed"),
        pytest.param(None, None, False, id="no /proc"),
    ],
)
def test_a_worker_that_outlived_its_run_is_known_as_such(boot_id: str | None, started: int | None, orphan: bool) -> None:
    assert orphaned({"boot_id": boot_id, "started": started}) is orphan
