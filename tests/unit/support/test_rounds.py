# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways take turns; preparing and checking is not part of what is timed."""

from __future__ import annotations

import contextlib
import functools
import typing as t

import pytest

from tests.support.playbooks import Run
from tests.support.rounds import in_turn, measure, timed


def test_each_way_is_warmed_up_and_then_no_way_is_always_the_first() -> None:
    order: list[str] = []

    def take(name: str) -> int:
        order.append(name)
        return len(order)

    taken = in_turn({name: functools.partial(take, name) for name in "ab"}, rounds=2)
    assert order == ["a", "b", "a", "b", "b", "a"]
    assert taken == {"a": [3, 6], "b": [4, 5]}


def test_what_is_around_a_way_happens_before_and_after_each_run() -> None:
    seen: list[str] = []

    @contextlib.contextmanager
    def around() -> t.Iterator[None]:
        seen.append("prepared")
        yield
        seen.append("checked")

    def way() -> Run:
        seen.append("ran")
        return Run(0, "sandbox                    : ok=2    changed=1    skipped=1\n")

    [measured] = measure({"ours": way}, rounds=1, around=around)
    assert seen == ["prepared", "ran", "checked"] * 2
    assert (measured.name, len(measured.seconds), measured.tasks) == ("ours", 1, {"sandbox": 3})


def test_a_way_that_failed_is_not_measured() -> None:
    with pytest.raises(SystemExit, match="Cannot measure ours: it ended with 4"):
        timed("ours", lambda: Run(4, "unreachable"))
