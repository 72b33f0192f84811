# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator reads after a recovery."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mycosoft.rack.plugins.plugin_utils._report.recovery import recovery_text

G = 1024**3
Json = dict[str, t.Any]


def report(available: int = 20, left: t.Sequence[str] = (), waiting: t.Sequence[str] = (), check: bool = False) -> Json:
    worker = {"name": "mas-worker-1", "title": "mas/worker", "memory": 8 * G}
    by_hand = {"name": "by-hand", "title": "by-hand", "memory": G}
    stopped = {"available": {"before": 3 * G, "wanted": 12 * G}, "stopped": [worker, by_hand], "left": list(left)}
    started = {"started": [{"name": "website-1"}], "waiting": list(waiting)}
    memory = {"host": {"available": available * G, "total": 62 * G}, "processes": [{"name": "python3"}, {"name": "node"}]}
    return recovery_text(stopped, started, memory, check)


def test_what_was_done_and_how_the_server_is_now() -> None:
    told = report()
    assert told["text"] == (
        "20G of 62G memory available (before: 3G, wanted: 12G). Stopped: mas/worker (8G), by-hand (1G). Started: website-1. Nothing is still stopped."
    )
    assert told["problem"] == ""


def test_what_is_still_stopped_comes_with_the_command_that_brings_it_back() -> None:
    assert report(waiting=["mas/worker"])["text"].endswith("Still stopped: mas/worker. To restart it, run the same playbook with -e recover_phase=restore.")


@pytest.mark.parametrize(
    ("available", "left", "problem"),
    [
        pytest.param(12, [], "", id="just enough"),
        pytest.param(11, [], "12G of memory are wanted, 11G are available. The biggest processes are python3, node.", id="too little"),
        pytest.param(11, ["mas/big"], "12G of memory are wanted, 11G are available. Because the time was up these still run: mas/big. Run again.", id="late"),
    ],
)
def test_memory_that_is_still_short_is_a_problem_with_a_next_step(available: int, left: list[str], problem: str) -> None:
    told = report(available, left=left)["problem"]
    assert told.startswith(problem)
    assert bool(told) == bool(problem)


def test_check_mode_says_what_would_be_done_and_has_no_problem() -> None:
    told = report(available=1, check=True)
    assert "Would stop: mas/worker (8G), by-hand (1G). Would start: website-1." in told["text"]
    assert told["problem"] == ""
