# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Releases: what there is to go back to, whatever happened before."""

from __future__ import annotations

import re

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import InvalidInput
from ansible_collections.mycosoft.rack.plugins.module_utils._release.model import (
    History,
    Release,
    ReleasedService,
    ServiceContainer,
    StackState,
    pin,
    read_state,
)
from hypothesis import given
from hypothesis import strategies as st


def state(version: int) -> StackState:
    return StackState({"web": ReleasedService("shop-web", "sha256:%d" % version, "hash")}, {"/srv/web": "%040d" % version}, "limits %d" % version)


NOTHING = StackState({}, {"/srv/web": "0" * 40}, None)


def release(identity: str, result: str = "ok", previous: str | None = None, version: int | None = None) -> Release:
    return Release(identity, result, previous, state(version) if version is not None else None, {})


#: Two good deploys, 1 then 2.
TWO = History((release("r1", version=1), release("r2", previous="r1", version=2)), "r2")


def begun(history: History, running: StackState) -> list[tuple[str, str, str | None]]:
    return [(one.id, one.result, one.previous) for one in history.begun("r9", running, {})]


def test_a_run_goes_back_to_the_release_that_runs() -> None:
    assert begun(TWO, state(2)) == [("r9", "started", "r2")]


def test_before_the_first_deploy_what_runs_becomes_a_release() -> None:
    assert begun(History((), None), state(1)) == [("r9-found", "found", None), ("r9", "started", "r9-found")]


def test_where_nothing_runs_there_is_nothing_to_go_back_to() -> None:
    assert begun(History((), None), NOTHING) == [("r9", "started", None)]


def test_what_was_changed_by_hand_becomes_a_release() -> None:
    assert begun(TWO, state(7)) == [("r9-found", "found", "r2"), ("r9", "started", "r9-found")]


def test_after_a_run_that_died_half_way_its_goal_stays_the_goal() -> None:
    """What runs may be half of each: it must not pass for something that worked."""
    died = History((*TWO.releases, release("r3", "started", "r2")), "r2")
    assert begun(died, state(7)) == [("r9", "started", "r2")]


def service(version: int, **more: bool) -> ReleasedService:
    return ReleasedService("shop-web", "sha256:%d" % version, "hash", **more)


STOPPED = {"running": False}
DONE = {"running": False, "finished": True}


@pytest.mark.parametrize(
    ("then", "now", "starts", "stops"),
    [
        pytest.param(service(1), [(service(1), "running")], False, False, id="it runs as it did"),
        pytest.param(service(1), [(service(1), "running"), (service(2, **STOPPED), "created")], False, False, id="it runs, and something was left beside it"),
        pytest.param(service(1), [(service(2), "running")], True, False, id="another version runs"),
        pytest.param(service(1), [(service(1), "running"), (service(2), "running")], True, False, id="both run"),
        pytest.param(service(1), [(service(2, **STOPPED), "exited")], True, False, id="it ran, and nothing runs"),
        pytest.param(service(1), [(service(1, **STOPPED), "restarting")], True, False, id="it ran, and does not stay up"),
        pytest.param(service(1), [], True, False, id="it ran, and is gone"),
        pytest.param(service(1, **STOPPED), [(service(1, **STOPPED), "exited")], False, False, id="it was down, and is"),
        pytest.param(service(1, **STOPPED), [], False, False, id="it was down, and is gone"),
        pytest.param(service(1, **STOPPED), [(service(2), "running")], True, False, id="it was down, and another version runs"),
        pytest.param(service(1, **STOPPED), [(service(2, **STOPPED), "restarting")], True, False, id="it was down, and another version does not stay up"),
        pytest.param(service(1, **DONE), [(service(2, **DONE), "exited")], False, False, id="a migration that had ended"),
        pytest.param(service(1, **DONE), [(service(2), "running")], False, True, id="a migration that had ended, and its successor has not"),
        pytest.param(None, [(service(2), "running")], False, True, id="it was not there"),
        pytest.param(None, [(service(2, **STOPPED), "restarting")], False, True, id="it was not there, and does not stay up"),
        pytest.param(None, [(service(2, **STOPPED), "exited")], False, False, id="it was not there, and has ended"),
    ],
)
def test_going_back_touches_only_what_does_not_run_as_it_did(
    then: ReleasedService | None, now: list[tuple[ReleasedService, str]], starts: bool, stops: bool
) -> None:
    wanted = StackState({"web": then} if then else {}, {}, None)
    copies = [ServiceContainer("web-%d" % number, "web", found, state) for number, (found, state) in enumerate(now)]
    assert (wanted.to_start(copies), wanted.to_stop(copies)) == (["web"] if starts else [], {"web"} if stops else set())


def test_a_run_begins_once() -> None:
    again = History((*TWO.releases, release("r9", "started", "r2")), "r2")
    assert begun(again, state(2)) == []


def test_only_a_good_end_has_a_state() -> None:
    under_way = History((*TWO.releases, release("r9", "started", "r2")), "r2")
    ends = {result: under_way.ended("r9", result, state(3), {"seconds": 7}) for result in ("ok", "failed", "rolled_back")}
    assert {result: end.state for result, end in ends.items()} == {"ok": state(3), "failed": None, "rolled_back": None}
    assert {end.about["seconds"] for end in ends.values()} == {7}


def test_a_run_that_never_began_cannot_end() -> None:
    with pytest.raises(InvalidInput, match="Cannot finish the release r9: it never began"):
        TWO.ended("r9", "ok", state(3), {})


@pytest.mark.parametrize(
    ("to", "target"),
    [
        pytest.param(None, "r2", id="the run failed: what ran before it"),
        pytest.param("previous", "r1", id="a person asks for the one before the current"),
        pytest.param("r1", "r1", id="a person names one"),
    ],
)
def test_where_it_goes_back_to(to: str | None, target: str) -> None:
    history = History((*TWO.releases, release("r9", "started", "r2")), "r2")
    assert history.target("r9", to).id == target


def test_going_back_twice_goes_back_further_and_not_to_and_fro() -> None:
    three = History((*TWO.releases, release("r3", previous="r2", version=3)), "r2")  # r3 was rolled back: the current one is r2
    assert three.target("r9", "previous").id == "r1"


@pytest.mark.parametrize(
    ("history", "to", "said"),
    [
        pytest.param(TWO, "r3", "r3 is no release one can go back to. Known: r1, r2.", id="unknown"),
        pytest.param(History((release("bad", "failed"),), None), "bad", "bad is no release one can go back to. None is known.", id="one that failed"),
        pytest.param(History((release("r1", version=1),), "r1"), "previous", "nothing of ours ran before. Deploy instead.", id="before the first"),
    ],
)
def test_there_is_nothing_else_to_go_back_to(history: History, to: str, said: str) -> None:
    with pytest.raises(InvalidInput, match="^%s" % said):
        history.target("r9", to)


def test_what_is_told_can_be_read_again() -> None:
    assert read_state(state(3).facts(), "limits 3") == state(3)
    assert "limits 3" not in str(state(3).facts()), "the override can hold what the inventory keeps secret"


@given(st.lists(st.sampled_from(["ok", "failed", "rolled_back", "found"]), max_size=12), st.integers(0, 4), st.data())
def test_what_may_be_needed_is_never_forgotten(results: list[str], keep: int, data: st.DataObject) -> None:
    releases: list[Release] = []
    for number, result in enumerate(results):
        whole = [one.id for one in releases if one.whole]
        releases.append(release("r%02d" % number, result, whole[-1] if whole else None, number if result in ("ok", "found") else None))
    whole = [one.id for one in releases if one.whole]
    current = data.draw(st.sampled_from(whole)) if whole else None
    history = History((*releases, release("r99", "started", current)), current)
    gone = {one.id for one in history.forgettable(keep)}
    before = history.find(current)
    assert not gone & {"r99", current, before.previous if before else None}
    assert len(set(whole) - gone) >= min(keep, len(whole))
    assert len(set(whole) - gone) <= keep + 2


@pytest.mark.parametrize("service", ["web", "mindex-api", "Web", "a_b.c", "_", "ß"])
def test_every_service_has_a_repository_of_its_own_to_be_kept_in(service: str) -> None:
    repository, tag = pin("shop", service, "20261123T054500Z-3f9a")
    assert re.fullmatch(r"rollback\.mycosoft\.rack/shop/[a-z0-9]+(?:-+[a-z0-9]+)*", repository)
    assert tag == "20261123T054500Z-3f9a"


def test_names_that_differ_in_what_a_repository_cannot_have_stay_apart() -> None:
    assert len({pin("shop", name, "r1") for name in ("web", "Web", "we_b", "we.b", "we-b")}) == 5
