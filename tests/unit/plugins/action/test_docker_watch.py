# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docker_watch on the controller: it shows what is waited for, and a host that does not answer for a while is asked again."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible.playbook.task import Task
from ansible_collections.mycosoft.rack.plugins.action import docker_watch

Facts = dict[str, t.Any]
LOST = AnsibleConnectionFailure("Connection timed out")
WELL: Facts = {"changed": False, "problems": [], "watched": 0, "waited": 7}


def pending(*names: str) -> Facts:
    return {"changed": False, "problems": [], "pending": list(names)}


class Scripted(docker_watch.ActionModule):
    """The plugin with the answers of a host that a test chose; what it shows is kept."""

    def __init__(self, *answers: Facts | Exception) -> None:
        self._answers = iter(answers)
        self._display = self  # type: ignore[assignment]
        self._task = Task()
        self._task.args = {"services": [], "wait": 300}
        self.task_vars = {"inventory_hostname": "sandbox"}
        self.shown: list[str] = []

    def display(self, line: str) -> None:
        self.shown.append(line)

    def call(self, **more: t.Any) -> Facts:
        assert more["patience"] == 10
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_what_is_waited_for_is_shown_when_it_changes() -> None:
    waits = Scripted(pending("web-1", "api-1"), pending("web-1", "api-1"), pending("web-1"), WELL)
    assert waits.steps() == WELL
    assert waits.shown == ["sandbox: start: 0:00  waits for web-1, api-1", "sandbox: start: 0:00  waits for web-1"]


@pytest.mark.parametrize("last", [WELL, {"failed": True, "msg": "Cannot confirm the start"}])
def test_a_host_that_does_not_answer_is_asked_again(monkeypatch: pytest.MonkeyPatch, last: Facts) -> None:
    monkeypatch.setattr(docker_watch, "PAUSE", 0.0)
    waits = Scripted(LOST, LOST, last)
    assert waits.steps() == last
    assert waits.shown[0] == "sandbox: start: 0:00  no answer, it goes on there (Connection timed out)"


def test_one_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker_watch, "PATIENCE", -1.0)
    with pytest.raises(AnsibleConnectionFailure):
        Scripted(LOST).steps()
