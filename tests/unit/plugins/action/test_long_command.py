# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""long_command on the controller: which of the looks is worth a line, and what is said of a command that did not end in time."""

from __future__ import annotations

import json
import signal
import typing as t
from pathlib import Path

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible.playbook.task import Task
from ansible.utils.display import Display
from ansible_collections.mycosoft.rack.plugins.action.long_command import ActionModule, still_open, warnings
from ansible_collections.mycosoft.rack.plugins.module_utils._host import session
from ansible_collections.mycosoft.rack.plugins.modules import long_command
from ansible_collections.mycosoft.rack.plugins.plugin_utils._action.progress import Progress


def shown(looks: list[tuple[float, str]]) -> list[str]:
    progress = Progress(every=10, began=0)
    return [line for now, last in looks if (line := progress.line(now, int(now), last))]


def test_a_short_command_says_nothing() -> None:
    assert shown([(0, "a"), (4, "b"), (9, "c")]) == []


def test_something_new_is_shown_but_not_too_often() -> None:
    assert shown([(0, "a"), (10, "b"), (15, "c"), (21, "d")]) == ["0:10  b", "0:21  d"]


def test_the_same_line_is_a_sign_of_life_once_a_minute() -> None:
    assert shown([(0, "a"), (10, "b"), (30, "b"), (60, "b"), (71, "b"), (90, "b")]) == ["0:10  b", "1:11  b"]


WAITING = [" Container shop-web-1  Waiting", " Container shop-edge-1  Waiting", " Container shop-edge-1  Healthy"]


@pytest.mark.parametrize(
    ("lines", "done", "line"),
    [
        pytest.param(WAITING, [], "Container shop-edge-1  Healthy", id="nothing is done: the last line"),
        pytest.param(WAITING, ["Healthy"], "Container shop-web-1  Waiting", id="the one that is waited for"),
        pytest.param(WAITING[1:], ["Healthy"], "Container shop-edge-1  Healthy", id="all is done: the last line"),
        pytest.param(["#1 DONE 0.1s", "#2 RUN make"], [], "#2 RUN make", id="a build"),
        pytest.param([], ["Healthy"], "", id="it said nothing yet"),
    ],
)
def test_of_what_goes_on_at_once_the_open_one_is_shown(lines: list[str], done: list[str], line: str) -> None:
    assert still_open(lines, done) == line


def test_a_warning_is_told_once_and_as_it_was_meant() -> None:
    said = r'time="2026-11-28T16:30:00Z" level=warning msg="Found orphan containers ([gone-1]). Run with \"--remove-orphans\""'
    meant = 'Found orphan containers ([gone-1]). Run with "--remove-orphans"'
    assert warnings(["Container a Running", said, said], 'level=warning msg="(.*)"') == [meant]
    assert warnings([said], None) == []


class Local(ActionModule):
    """The plugin, with the module run in this process instead of on a server. Its looks can be broken."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys
        self._display = Display()
        self.task_vars = {"inventory_hostname": "sandbox"}
        self.broken: set[str] = set()

    def run_task(self, *argv: str, **options: t.Any) -> dict[str, t.Any]:
        self._task = Task()
        self._task.args = {"state_directory": str(self.folder), "argv": list(argv), **options}
        return self.steps()

    def call(self, **more: t.Any) -> dict[str, t.Any]:
        if more["step"] in self.broken:
            return {"failed": True, "msg": "Cannot look."}
        with patch_module_args({**self._task.args, **more}), pytest.raises(SystemExit):
            long_command.main()
        answer: dict[str, t.Any] = json.loads(self._capsys.readouterr().out)
        return answer


@pytest.fixture
def local(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Local:
    return Local(tmp_path, capsys)


def test_a_command_that_takes_too_long_is_said_to_be_stopped_when_it_is(local: Local, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_SIGNALS", ((signal.SIGTERM, 0.5), (signal.SIGKILL, 20.0)))
    result = local.run_task("sh", "-c", "trap '' TERM; sleep 600", timeout=1, wait=0, label="build of shop")
    assert result["msg"] == "Cannot finish the build of shop: it took longer than 0:01 and was stopped. Raise its timeout."
    assert (result["failed"], list(tmp_path.iterdir())) == (True, [])


def test_one_that_cannot_be_stopped_is_said_to_run_on(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(session, "_SIGNALS", ())  # no signal reaches a process that waits for a dead disk
        result = local.run_task("sleep", "600", timeout=0, wait=0)
    assert "it took longer than 0:00. It could not be stopped: on sandbox the processes " in result["msg"]
    assert "(sleep) still run. The server stays locked." in result["msg"]
    (job,) = local.folder.iterdir()
    local.call(step="stop", job=str(job))


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        pytest.param({"look"}, "Cannot look. The command was stopped.", id="stopped"),
        pytest.param({"look", "stop"}, "Cannot look. The command may still run on sandbox: Cannot look.", id="nobody knows"),
    ],
)
def test_a_command_that_cannot_be_looked_at_does_not_go_on_unsaid(local: Local, broken: set[str], said: str) -> None:
    local.broken = broken
    assert local.run_task("sleep", "600", wait=0)["msg"] == said
    local.broken = set()
    for job in local.folder.iterdir():
        local.call(step="stop", job=str(job))
