# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When the first health checks of a service come: what the override adds, as the real Compose reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.composed import Compose, service, stack

TEST = "test: [CMD, 'true']"

CASES: dict[str, tuple[str, tuple[str, str] | None, str | None]] = {
    # healthcheck of the Compose files: (start_interval, start_period) with the override, seconds that an older engine waits
    "the default interval": ("{%s}" % TEST, ("1s", "30s"), "30"),
    "another interval": ("{%s, interval: 1m30s}" % TEST, ("1s", "1m30s"), "90"),
    "a longer period": ("{%s, interval: 10s, start_period: 2m}" % TEST, ("1s", "2m0s"), "10"),
    "a shorter period": ("{%s, interval: 10s, start_period: 2s}" % TEST, ("1s", "10s"), "10"),
    "often anyway": ("{%s, interval: 1s, start_period: 5s}" % TEST, None, None),
    "several times a second": ("{%s, interval: 500ms}" % TEST, None, None),
    "none": ("{disable: true}", None, None),
    "none, as a test": ("{test: [NONE]}", None, None),
    "only the image's own": ("{interval: 10s}", None, None),
}


@pytest.mark.parametrize(("check", "expected", "_late"), CASES.values(), ids=CASES)
def test_first_checks_come_each_second_for_an_interval_at_least(tmp_path: Path, check: str, expected: tuple[str, str] | None, _late: str | None) -> None:
    compose = Compose(tmp_path, "services: {web: {image: x, healthcheck: %s}}" % check)
    before = compose.config()["web"]["healthcheck"]
    after = compose.with_override(stack({"web": service(4)}), start_interval=True)["web"]["healthcheck"]
    assert after == (before if expected is None else {**before, "start_interval": expected[0], "start_period": expected[1]})
    assert compose.notes == []


@pytest.mark.parametrize(("check", "_expected", "late"), CASES.values(), ids=CASES)
def test_where_the_engine_does_not_know_it_a_note_says_what_that_costs(tmp_path: Path, check: str, _expected: tuple[str, str] | None, late: str | None) -> None:
    compose = Compose(tmp_path, "services: {web: {image: x, healthcheck: %s}}" % check)
    before = compose.config()["web"]["healthcheck"]
    assert compose.with_override(stack({"web": service(4)}))["web"]["healthcheck"] == before
    told = f"web: is known to be healthy {late} s after its start at the earliest, the interval of its health check; from Docker 25 on it takes a second"
    assert compose.notes == ([] if late is None else [told])


def test_what_the_files_decide_stays(tmp_path: Path) -> None:
    compose = Compose(tmp_path, "services: {web: {image: x, healthcheck: {%s, start_interval: 5s, start_period: 20s}}}" % TEST)
    after = compose.with_override(stack({"web": service(4)}), start_interval=True)["web"]["healthcheck"]
    assert (after["start_interval"], after["start_period"]) == ("5s", "20s")


def test_a_service_that_nobody_planned_is_left_as_it_is(tmp_path: Path) -> None:
    compose = Compose(tmp_path, "services: {web: {image: x}, job: {image: x, healthcheck: {%s}}}" % TEST)
    after = compose.with_override(stack({"web": service(4)}), start_interval=True)
    assert "start_interval" not in after["job"]["healthcheck"]
    assert compose.notes == []
