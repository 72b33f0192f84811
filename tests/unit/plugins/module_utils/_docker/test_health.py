# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a container counts as healthy, and how long it is waited for."""

from __future__ import annotations

import time
import typing as t

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.health import SETTLED, health, wait_healthy

Json = dict[str, t.Any]


def detail(status: str | None = None, running: bool = True) -> Json:
    return {"State": {"Running": running, **({"Health": {"Status": status}} if status else {})}}


@pytest.mark.parametrize(
    ("inspected", "seconds", "state"),
    [
        (detail("healthy"), 0, "healthy"),
        (detail("starting"), 99, "starting"),
        (detail("unhealthy"), 0, "unhealthy"),
        (detail(), SETTLED - 0.1, "starting"),
        (detail(), SETTLED, "healthy"),
        (detail("none"), SETTLED, "healthy"),
        (detail("healthy", running=False), 99, "ended"),
    ],
)
def test_a_container_without_a_health_check_is_healthy_when_it_has_settled(inspected: Json, seconds: float, state: str) -> None:
    assert health(inspected, seconds) == state


def waited(*details: Json, limit: float = 60, **more: t.Any) -> tuple[str, float, float]:
    """State and seconds of a wait in which each inspection finds the next of details, and the pauses together."""
    left, pauses = list(details), [0.0]
    found = wait_healthy(lambda: left.pop(0) if len(left) > 1 else left[0], pauses.append, lambda seconds: seconds >= limit, **more)
    return found.state, round(found.seconds, 1), sum(pauses)


def test_the_wait_ends_when_the_container_is_healthy() -> None:
    assert waited(detail("starting"), detail("starting"), detail("healthy")) == ("healthy", 1.0, 1.0)


def test_the_wait_ends_when_the_time_is_up() -> None:
    assert waited(detail("starting"), limit=2) == ("starting", 2.0, 2.0)


def test_seconds_before_the_wait_count() -> None:
    assert waited(detail(), seconds=4.0) == ("healthy", 5.0, 1.0)
    assert waited(detail(), settled=1.0) == ("healthy", 1.0, 1.0)


def test_an_unhealthy_container_is_waited_for_unless_that_is_final() -> None:
    assert waited(detail("unhealthy"), detail("healthy")) == ("healthy", 0.5, 0.5)
    assert waited(detail("unhealthy"), detail("healthy"), final=("ended", "unhealthy"))[0] == "unhealthy"
    assert waited(detail(running=False))[0] == "ended"


def test_the_time_that_the_engine_takes_to_answer_counts() -> None:
    asked: list[int] = []

    def slowly() -> Json:
        time.sleep(0.6)
        asked.append(1)
        return detail("starting")

    found = wait_healthy(slowly, lambda _seconds: None, lambda seconds: seconds >= 1)
    assert (found.state, len(asked)) == ("starting", 2)
