# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate before a build and a start: what is needed, what is missing, what to stop for it."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import InvalidInput
from ansible_collections.mycosoft.rack.plugins.plugin_utils._rack.gate import gate
from hypothesis import given
from hypothesis import strategies as st

G = 1024**3
Json = dict[str, t.Any]

#: Working sets of what runs, in GiB.
RUNNING = {"website": 5, "search": 1, "metrics": 2, "worker": 4}
OPTIONAL = ["search", "metrics", "worker"]


def container(service: str, working_set: float | None) -> Json:
    size = None if working_set is None else int(working_set * G)
    return {"id": service[0] * 64, "name": service + "-1", "project": "stack", "service": service, "working_set": size}


def memory(available: float, **running: float | None) -> Json:
    return {"host": {"available": int(available * G)}, "containers": [container(name, size) for name, size in (running or RUNNING).items()]}


def plan(build: float = 4, **reservations: float | None) -> Json:
    services = {name: {"reservation": None if size is None else int(size * G)} for name, size in reservations.items()}
    optional = [{"project": "stack", "service": name, "memory": G} for name in OPTIONAL]
    return {"memory": {"build": int(build * G)}, "stacks": {"stack": {"project": "stack", "services": services}}, "optional": optional}


def stopped(verdict: Json) -> list[str]:
    return [service["service"] for service in verdict["stop"]]


@pytest.mark.parametrize(
    ("available", "stop", "enough"),
    [
        pytest.param(4, [], True, id="just enough"),
        pytest.param(3.5, ["search"], True, id="the first optional service gives enough"),
        pytest.param(2.5, ["search", "metrics"], True, id="two of them do"),
        pytest.param(0, ["search", "metrics", "worker"], True, id="all of them do"),
    ],
)
def test_no_more_is_stopped_than_needed(available: float, stop: list[str], enough: bool) -> None:
    verdict = gate(memory(available), plan(build=4), "build")
    assert (stopped(verdict), verdict["enough"]) == (stop, enough)


def test_nothing_is_stopped_where_all_of_it_would_not_be_enough() -> None:
    verdict = gate(memory(1), plan(build=9), "build")
    assert (verdict["stop"], verdict["enough"], verdict["missing"]) == ([], False, 8 * G)


def test_a_refusal_says_what_is_missing_in_bytes_and_who_has_it() -> None:
    assert gate(memory(1), plan(build=9), "build")["message"] == (
        "the build needs 9G, 1G are available: 8G (8589934592 bytes) are missing. Optional services that run: stack/search 1G, stack/metrics 2G, "
        "stack/worker 4G. The biggest containers are website-1 5G, worker-1 4G, metrics-1 2G."
    )


def test_without_optional_services_the_refusal_says_so() -> None:
    verdict = gate(memory(1, website=5), plan(build=2), "build")
    assert "No optional service runs that could be stopped." in verdict["message"]


def test_a_stopped_service_gives_nothing_back() -> None:
    verdict = gate(memory(3.5, search=None, metrics=2), plan(build=4), "build")
    assert stopped(verdict) == ["metrics"]


def test_all_copies_of_a_service_are_stopped_together() -> None:
    state = memory(3.5, search=0.3)
    state["containers"].append({**container("search", 0.3), "id": "f" * 64})
    (service,) = gate(state, plan(build=4), "build")["stop"]
    assert (service["containers"], service["frees"]) == (["s" * 64, "f" * 64], 2 * int(0.3 * G))


@pytest.mark.parametrize(
    ("held", "reservation", "need"),
    [
        pytest.param(None, 8, 8, id="it does not run"),
        pytest.param(5, 8, 3, id="it holds a part"),
        pytest.param(9, 8, 0, id="it holds more"),
        pytest.param(None, None, 0, id="nothing is reserved"),
    ],
)
def test_a_start_needs_what_its_reservations_promise_beyond_what_is_held(held: float | None, reservation: float | None, need: float) -> None:
    assert gate(memory(64, website=held), plan(website=reservation), "start")["need"] == need * G


@pytest.mark.parametrize(
    ("available", "psi", "fits"),
    [
        pytest.param(4, None, True, id="a kernel that tells no pressure"),
        pytest.param(4, {"full": {"avg10": 39.9}}, True, id="little pressure"),
        pytest.param(4, {"full": {"avg10": 40.0}}, False, id="pressure at the maximum"),
        pytest.param(3, {"full": {"avg10": 0.0}}, False, id="memory is missing"),
    ],
)
def test_a_step_fits_where_memory_is_available_and_nobody_waits_for_it(available: float, psi: Json | None, fits: bool) -> None:
    found = memory(available)
    found["host"]["pressure"] = psi
    verdict = gate(found, plan(build=4), "build", pressure_maximum=40)
    assert (verdict["fits"], verdict["pressure"]) == (fits, psi["full"]["avg10"] if psi else 0.0)


def test_another_step_is_not_known() -> None:
    with pytest.raises(InvalidInput, match="'restart': it is not known. Use build or start"):
        gate(memory(1), plan(), "restart")


@given(st.integers(0, 64), st.integers(0, 64), st.dictionaries(st.sampled_from(OPTIONAL), st.integers(0, 16)))
def test_what_is_stopped_gives_what_is_missing_and_the_last_one_was_needed(available: int, build: int, running: dict[str, int]) -> None:
    verdict = gate(memory(available, website=1, **running), plan(build=build), "build")
    freed = [service["frees"] for service in verdict["stop"]]
    assert verdict["enough"] == (available + sum(running.values()) >= build)
    if verdict["enough"]:
        assert sum(freed) >= verdict["missing"]
    if freed:
        assert sum(freed[:-1]) < verdict["missing"]
