# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in for MycoBrain, over real HTTP."""

from __future__ import annotations

import contextlib
import threading
import typing as t
from pathlib import Path

import pytest
import requests

from tests.fakes.mycobrain import MycoBrain
from tests.rig.state import json_lines


@contextlib.contextmanager
def serving(log: Path) -> t.Iterator[str]:
    """The base URL of a running stand-in."""
    with MycoBrain(("127.0.0.1", 0), log) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("path", "status"), [("/health", 200), ("/other", 404)], ids=["health", "anything else"])
def test_a_request_is_answered_in_json_and_logged(tmp_path: Path, path: str, status: int) -> None:
    log = tmp_path / "requests.jsonl"
    with serving(log) as url:
        answer = requests.get(url + path, timeout=5)
    assert answer.status_code == status
    assert isinstance(answer.json(), dict)
    assert [(entry["method"], entry["path"], entry["status"]) for entry in json_lines(log)] == [("GET", path, status)]


def test_an_emptied_log_starts_anew(tmp_path: Path) -> None:
    log = tmp_path / "requests.jsonl"
    with serving(log) as url:
        requests.get(url + "/a", timeout=5)
        log.write_bytes(b"")
        requests.get(url + "/b", timeout=5)
    assert [entry["path"] for entry in json_lines(log)] == ["/b"]
