# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When the first health checks of a service come: what the override adds, as the real Compose reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.composed import Compose, Config, numbered, service, stack

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


@pytest.fixture(scope="module", params=[True, False], ids=["from Docker 25 on", "before Docker 25"])
def checked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[bool, Compose, Config]:
    """Whether the engine knows a start interval, all CASES as services of one file, and what they are with the override."""
    compose = Compose(tmp_path_factory.mktemp("checked"), numbered("{image: x, healthcheck: %s}" % check for check, _expected, _late in CASES.values()))
    planned = {name: service(4) for name in compose.all}
    return request.param, compose, compose.with_override(stack(planned), start_interval=request.param)


@pytest.mark.parametrize(("number", "expected", "late"), [(number, *case[1:]) for number, case in enumerate(CASES.values())], ids=CASES)
def test_first_checks_come_each_second_for_an_interval_at_least_or_a_note_says_what_the_engine_costs(
    checked: tuple[bool, Compose, Config], number: int, expected: tuple[str, str] | None, late: str | None
) -> None:
    known, compose, resolved = checked
    before, after = (found[f"web{number}"]["healthcheck"] for found in (compose.all, resolved))
    assert after == ({**before, "start_interval": expected[0], "start_period": expected[1]} if known and expected else before)
    told = f"is known to be healthy {late} s after its start at the earliest, the interval of its health check; from Docker 25 on it takes a second"
    notes = [note.partition(": ")[2] for note in compose.notes if note.startswith(f"web{number}: ")]
    assert notes == ([] if known or late is None else [told])


def test_what_the_files_decide_stays(tmp_path: Path) -> None:
    compose = Compose(tmp_path, "services: {web: {image: x, healthcheck: {%s, start_interval: 5s, start_period: 20s}}}" % TEST)
    after = compose.with_override(stack({"web": service(4)}), start_interval=True)["web"]["healthcheck"]
    assert (after["start_interval"], after["start_period"]) == ("5s", "20s")


def test_a_service_that_nobody_planned_is_left_as_it_is(tmp_path: Path) -> None:
    compose = Compose(tmp_path, "services: {web: {image: x}, job: {image: x, healthcheck: {%s}}}" % TEST)
    after = compose.with_override(stack({"web": service(4)}), start_interval=True)
    assert "start_interval" not in after["job"]["healthcheck"]
    assert compose.notes == []
