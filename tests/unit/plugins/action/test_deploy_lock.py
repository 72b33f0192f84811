# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""deploy_lock on the controller: who asks, and which other run is gone. Processes and what the lock holds are real."""

from __future__ import annotations

import dataclasses
import json
import os
import pwd
import re
import socket
import subprocess
import sys
import threading
import typing as t
from pathlib import Path

import pytest
from ansible.errors import AnsibleActionFail
from ansible.module_utils.testing import patch_module_args
from ansible.playbook.task import Task
from ansible.utils.display import Display
from ansible_collections.mycosoft.rack.plugins.action.deploy_lock import ActionModule, identity, orphaned, seen_gone
from ansible_collections.mycosoft.rack.plugins.module_utils._lock.decide import controller_of
from ansible_collections.mycosoft.rack.plugins.module_utils._lock.file import controller
from ansible_collections.mycosoft.rack.plugins.modules import deploy_lock

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


class Local(ActionModule):
    """The plugin, with the module run in this process instead of on a server: what it waits for and whom it finds gone is real."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._folder, self._capsys = folder, capsys
        self._display = Display()
        self.task_vars = {"inventory_hostname": "sandbox"}
        #: What the terminal shows while the task runs.
        self.said = ""

    def take(self, run: str, **options: t.Any) -> dict[str, t.Any]:
        """What a task of this run returns."""
        self._task = Task()
        self._task.args = {"state_directory": str(self._folder), "run": run, **options}
        return self.steps()

    def call(self, **more: t.Any) -> dict[str, t.Any]:
        with patch_module_args({**self._task.args, **more}), pytest.raises(SystemExit):
            deploy_lock.main()
        *said, result = self._capsys.readouterr().out.splitlines()
        self.said += " ".join(said)
        answer: dict[str, t.Any] = json.loads(result)
        return answer

    def let_hold(self, process: int) -> None:
        """Make another process the one that took what is taken."""
        path = self._folder / "lock.json"
        holder = dataclasses.asdict(controller(process, socket.gethostname(), ROOT))
        path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), "controller": holder}), encoding="utf-8")


@pytest.fixture
def local(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Local:
    return Local(tmp_path, capsys)


def test_a_run_that_was_killed_on_this_controller_gives_way_at_once(local: Local) -> None:
    local.take("theirs")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        local.let_hold(process.pid)
        process.kill()
    mine = local.take("mine")
    assert (mine["changed"], mine["waited"], mine["lock"]["run"], mine["lock"]["by"]) == (True, 0, "mine", LOGIN)
    assert mine["took_over"]["run"] == "theirs"
    assert mine["took_over"]["why"] == f"its process {process.pid} on {socket.gethostname()} is gone"


def test_a_run_that_is_killed_while_another_waits_for_it_gives_way(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ansible_collections.mycosoft.rack.plugins.action.deploy_lock.SLICE", 1.0)
    local.take("theirs")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        local.let_hold(process.pid)
        end = threading.Timer(0.5, process.kill)
        end.start()
        mine = local.take("mine", wait=60)
        end.join()
    assert mine["took_over"]["why"] == f"its process {process.pid} on {socket.gethostname()} is gone"
    assert mine["waited"] < 60


def test_a_run_that_lives_is_waited_for_as_long_as_it_was_said(local: Local) -> None:
    local.take("theirs", lease=1)
    local.let_hold(os.getpid())
    refused = local.take("mine", wait=2)
    assert refused["failed"] is True
    assert refused["msg"].startswith("Cannot take the lock of sandbox: deploy theirs by ")
    assert refused["held_by"]["controller"]["pid"] == os.getpid()
    assert refused["waited"] >= 1
    assert re.fullmatch(r"\s*sandbox: deploy theirs by .* Waiting up to 1 s\.\s*", local.said)


def test_a_wait_that_is_no_number_is_refused(local: Local) -> None:
    with pytest.raises(AnsibleActionFail, match="Cannot wait 'long' seconds for the lock: that is no number. Correct wait"):
        local.take("mine", wait="long")


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
