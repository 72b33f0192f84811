# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""address_check, run for real against servers that answer, fail, and answer in drips, with its action plugin."""

from __future__ import annotations

import json
import threading
import time
import typing as t
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible.playbook.task import Task
from ansible_collections.mycosoft.rack.plugins.action import address_check as action
from ansible_collections.mycosoft.rack.plugins.modules import address_check
from ansible_collections.mycosoft.rack.tests.fakes.drip import dripping

Result = dict[str, t.Any]


class Answers(BaseHTTPRequestHandler):
    """Of ``statuses`` the next one each time, and the last one from then on."""

    statuses: t.ClassVar[list[int]] = []

    def do_GET(self) -> None:
        self.send_response(self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0])
        self.end_headers()

    def log_message(self, format: str, *args: t.Any) -> None:  # noqa: A002 - the base class names it so
        """Standard error stays free."""


@pytest.fixture
def service() -> t.Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield "http://127.0.0.1:%d/health" % server.server_address[1]
        server.shutdown()
        thread.join()


class Shown:
    """What the terminal shows."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def display(self, line: str) -> None:
        self.lines.append(line)


class Local(action.ActionModule):
    """The plugin, with the module run in this process instead of on a server."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys, self._display = capsys, t.cast("t.Any", Shown())
        self.task_vars = {"inventory_hostname": "sandbox"}
        self.calls = 0

    @property
    def lines(self) -> list[str]:
        return t.cast("Shown", self._display).lines

    def check(self, seconds: float, check_mode: bool = False, **addresses: str) -> Result:
        self._task = Task()
        self._task.args = {"seconds": seconds, "addresses": [{"service": name, "url": url} for name, url in addresses.items()]}
        self._check_mode = check_mode
        return self.steps()

    def call(self, **more: t.Any) -> Result:
        self.calls += 1
        with patch_module_args({**self._task.args, **more, "_ansible_check_mode": self._check_mode}), pytest.raises(SystemExit):
            address_check.main()
        result: Result = json.loads(self._capsys.readouterr().out)
        return result


@pytest.fixture
def local(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Local:
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(address_check, "PAUSE", 0.05)
    return Local(capsys)


def test_it_waits_until_the_service_answers_well(local: Local, service: str) -> None:
    Answers.statuses = [503, 503, 200]
    result = local.check(60, api=service)
    assert (result["changed"], result["silent"], Answers.statuses, local.calls) == (False, [], [200], 1)


def test_the_time_is_that_of_all_addresses_together_and_the_failure_names_service_and_address(local: Local, service: str) -> None:
    Answers.statuses = [500]
    with dripping() as drip:
        began = time.monotonic()
        result = local.check(1, api=service, web=drip, edge=drip + "/edge")
        took = time.monotonic() - began
    assert took < 5  # not three times some tries of half a minute
    assert [(one["service"], one["url"]) for one in result["silent"]] == [("api", service), ("web", drip), ("edge", drip + "/edge")]
    assert result["msg"].startswith(
        "Cannot confirm that services on sandbox are healthy: after 1 s api does not answer at %s: Internal Server Error; web does not answer at %s: no whole"
        % (service, drip)
    ), result["msg"]


def test_a_long_wait_is_shown_and_counted_as_one(local: Local, service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(action, "SLICE", 0.2)
    Answers.statuses = [500]
    result = local.check(1, api=service)
    assert local.calls > 2
    assert local.lines[0] == "sandbox: health: 0:00  api does not answer at %s: Internal Server Error" % service
    assert "healthy: after 1 s api does not answer" in result["msg"]


def test_check_mode_asks_for_nothing(local: Local) -> None:
    with dripping() as drip:
        assert local.check(1, check_mode=True, api=drip)["silent"] == []
