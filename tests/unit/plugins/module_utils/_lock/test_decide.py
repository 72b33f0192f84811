# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every decision over a lock: who may take it, who may renew it, what is said of it."""

from __future__ import annotations

import dataclasses
import json
import typing as t

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._lock.decide import (
    DAMAGED_LEASE,
    TRANSITIONS,
    Controller,
    Damaged,
    Lock,
    LockOnDisk,
    LockRequest,
    Moment,
    controller_of,
    decide,
    lock_of,
    to_json,
)
from ansible_collections.mycosoft.rack.plugins.module_utils._lock.report import describe

HERE = Controller(host="controller", boot_id="boot of the controller", pid_namespace=4026531836, pid=4711, started=1000)
SAME_PLACE = dataclasses.replace(HERE, pid=4712, started=2000)
ELSEWHERE = dataclasses.replace(HERE, host="another", boot_id="another boot")
NOW = Moment(now="2026-11-23T05:12:15Z", uptime=1000.0, boot_id="boot", init_started=7)
THEIRS = Lock(
    run="theirs",
    purpose="deploy",
    by="jane",
    controller=HERE,
    job="17",
    taken="2026-11-23T05:12:03Z",
    renewed="2026-11-23T05:12:03Z",
    lease=600,
    boot_id="boot",
    init_started=7,
    uptime=988.0,
)
OVER = dataclasses.replace(NOW, uptime=988.0 + 600)
MINE = LockRequest(run="mine", purpose="cleanup", by="john", job=None, lease=300, controller=ELSEWHERE)
BESIDE = dataclasses.replace(MINE, controller=SAME_PLACE)
KNOWING = dataclasses.replace(BESIDE, gone=("theirs", HERE))


def request_with(**changes: t.Any) -> LockRequest:
    return dataclasses.replace(MINE, **changes)


def theirs(**changes: t.Any) -> Lock:
    return dataclasses.replace(THEIRS, **changes)


def of(**changes: t.Any) -> Controller:
    return dataclasses.replace(HERE, **changes)


@pytest.mark.parametrize(
    ("found", "request_", "moment", "state", "why"),
    [
        pytest.param(None, MINE, NOW, "free", "", id="no file"),
        pytest.param(theirs(run="mine"), MINE, NOW, "mine", "", id="my own"),
        pytest.param(theirs(run="mine"), MINE, dataclasses.replace(OVER, boot_id="next"), "mine", "", id="my own, after everything else"),
        pytest.param(THEIRS, MINE, NOW, "held", "", id="of another controller, within its lease"),
        pytest.param(THEIRS, MINE, dataclasses.replace(NOW, uptime=988.0 + 599.9), "held", "", id="the last moment of its lease"),
        pytest.param(THEIRS, MINE, OVER, "dead", "its lease of 600 s ran out 0 s ago", id="of another controller, past its lease"),
        pytest.param(THEIRS, BESIDE, NOW, "held", "", id="of this controller, alive"),
        pytest.param(THEIRS, BESIDE, OVER, "held", "", id="of this controller, alive, past its lease"),
        pytest.param(THEIRS, KNOWING, NOW, "dead", "its process 4711 on controller is gone", id="of this controller, gone"),
        pytest.param(theirs(run="later"), KNOWING, NOW, "held", "", id="of this controller, another run than the one that is gone"),
        pytest.param(theirs(controller=of(pid=9)), KNOWING, NOW, "held", "", id="of this controller, the same run in another process"),
        pytest.param(THEIRS, request_with(gone=("theirs", HERE)), NOW, "held", "", id="said to be gone by one who cannot know"),
        pytest.param(theirs(controller=None), BESIDE, NOW, "held", "", id="without a controller, within its lease"),
        pytest.param(theirs(controller=None), BESIDE, OVER, "dead", "its lease of 600 s ran out 0 s ago", id="without a controller, past its lease"),
        pytest.param(theirs(controller=of(started=None)), BESIDE, OVER, "dead", "its lease of 600 s ran out 0 s ago", id="a controller without /proc"),
        pytest.param(THEIRS, BESIDE, dataclasses.replace(NOW, boot_id="next"), "dead", "the server has booted since", id="another boot"),
        pytest.param(THEIRS, BESIDE, dataclasses.replace(NOW, init_started=8), "dead", "the server has booted since", id="another boot of a container"),
        pytest.param(THEIRS, BESIDE, dataclasses.replace(NOW, init_started=None), "held", "", id="a server that hides its first process"),
        pytest.param(theirs(init_started=None), BESIDE, NOW, "held", "", id="a server that hid its first process"),
        pytest.param(THEIRS, MINE, dataclasses.replace(OVER, survivors=(17,)), "held", "", id="past its lease, with a process at work"),
        pytest.param(THEIRS, KNOWING, dataclasses.replace(NOW, survivors=(17,)), "held", "", id="gone, with a process at work"),
        pytest.param(Damaged("it is empty", 599.0), MINE, NOW, "held", "", id="damaged a moment ago"),
        pytest.param(Damaged("it is empty", DAMAGED_LEASE), MINE, NOW, "dead", "it is empty for 600 s", id="damaged long ago"),
    ],
)
def test_a_lock_is_free_mine_held_or_dead(found: LockOnDisk, request_: LockRequest, moment: Moment, state: str, why: str) -> None:
    verdict = decide(found, request_, moment)
    assert (verdict.state, verdict.why) == (state, why)


@pytest.mark.parametrize("missing", ["boot_id", "pid_namespace"])
def test_two_controllers_that_do_not_know_where_they_are_are_not_beside_each_other(missing: str) -> None:
    nowhere = of(**{missing: None})
    assert not nowhere.beside(nowhere)
    assert HERE.beside(HERE)


@pytest.mark.parametrize("other", [{"host": "h"}, {"boot_id": "b"}, {"pid_namespace": 1}], ids=["host", "boot", "namespace"])
def test_a_pid_means_nothing_in_another_place(other: dict[str, t.Any]) -> None:
    assert not HERE.beside(of(**other))


STEPS = [
    # found, state wanted -> done, who has it afterwards, whether another's had to go, whether it is a change
    pytest.param("taken", None, NOW, (True, "mine", False, True), id="take a free one"),
    pytest.param("taken", theirs(run="mine"), NOW, (True, "mine", False, False), id="take mine again"),
    pytest.param("taken", THEIRS, NOW, (False, "theirs", False, False), id="take a held one"),
    pytest.param("taken", THEIRS, OVER, (True, "mine", True, True), id="take a dead one"),
    pytest.param("renewed", None, NOW, (False, None, False, False), id="renew what is gone"),
    pytest.param("renewed", theirs(run="mine"), OVER, (True, "mine", False, False), id="renew mine, late"),
    pytest.param("renewed", theirs(run="mine"), dataclasses.replace(NOW, boot_id="next"), (True, "mine", False, False), id="renew mine after a reboot"),
    pytest.param("renewed", THEIRS, NOW, (False, "theirs", False, False), id="renew another's"),
    pytest.param("renewed", THEIRS, OVER, (False, "theirs", False, False), id="renew a dead one"),
    pytest.param("released", None, NOW, (True, None, False, False), id="release nothing"),
    pytest.param("released", theirs(run="mine"), NOW, (True, None, False, True), id="release mine"),
    pytest.param(
        "released", theirs(run="mine"), dataclasses.replace(NOW, survivors=(17,)), (False, "mine", False, False), id="release mine while a command works"
    ),
    pytest.param("released", THEIRS, NOW, (True, "theirs", False, False), id="release another's"),
    pytest.param("released", THEIRS, OVER, (True, "theirs", False, False), id="release a dead one"),
    pytest.param("broken", None, NOW, (True, None, False, False), id="break nothing"),
    pytest.param("broken", theirs(run="mine"), NOW, (True, "mine", False, False), id="break mine"),
    pytest.param("broken", THEIRS, NOW, (True, None, True, True), id="break a held one"),
    pytest.param("broken", THEIRS, dataclasses.replace(OVER, survivors=(17,)), (True, None, True, True), id="break one with a process at work"),
    pytest.param("broken", Damaged("it is empty", 1.0), NOW, (True, None, True, True), id="break a damaged one"),
]


@pytest.mark.parametrize(("state", "found", "moment", "expected"), STEPS)
def test_what_becomes_of_a_lock(state: str, found: LockOnDisk, moment: Moment, expected: tuple[bool, str | None, bool, bool]) -> None:
    step = TRANSITIONS[state](found, MINE, moment)
    after = step.after.run if isinstance(step.after, Lock) else step.after
    assert (step.done, after, bool(step.why), step.changes) == expected
    assert step.found == found
    assert step.writes == (step.after != found)


def test_a_taken_lock_says_who_has_it_since_when() -> None:
    after = TRANSITIONS["taken"](None, MINE, NOW).after
    assert to_json(after) == {
        "run": "mine",
        "purpose": "cleanup",
        "by": "john",
        "controller": dataclasses.asdict(ELSEWHERE),
        "job": None,
        "taken": "2026-11-23T05:12:15Z",
        "renewed": "2026-11-23T05:12:15Z",
        "lease": 300,
        "boot_id": "boot",
        "init_started": 7,
        "uptime": 1000.0,
    }


def test_a_renewed_lock_stays_taken_when_it_was_and_names_the_process_that_renewed_it() -> None:
    mine = theirs(run="mine")
    after = TRANSITIONS["renewed"](mine, MINE, NOW).after
    assert isinstance(after, Lock)
    assert (after.taken, after.renewed, after.uptime, after.lease, after.controller) == (mine.taken, NOW.now, NOW.uptime, 300, ELSEWHERE)


@pytest.mark.parametrize(
    ("found", "moment", "words"),
    [
        pytest.param(None, NOW, "nobody has it", id="free"),
        pytest.param(THEIRS, NOW, "deploy theirs by jane@controller (job 17) has it since 05:12:03 UTC, renewed 12 s ago", id="held"),
        pytest.param(
            theirs(job=None, controller=None),
            dataclasses.replace(NOW, boot_id="next"),
            "deploy theirs by jane has it since 05:12:03 UTC, renewed before the last boot",
            id="of another boot, without job and controller",
        ),
        pytest.param(
            THEIRS,
            dataclasses.replace(NOW, survivors=(17, 18)),
            "deploy theirs by jane@controller (job 17) has it since 05:12:03 UTC, renewed 12 s ago, and is gone, but its processes 17, 18 still work there",
            id="gone, with processes at work",
        ),
        pytest.param(Damaged("lock.json is empty", 3.0), NOW, "somebody unknown has it: lock.json is empty", id="damaged"),
    ],
)
def test_a_lock_is_described_for_people(found: LockOnDisk, moment: Moment, words: str) -> None:
    assert describe(found, moment) == words


def test_what_is_written_is_read_again_and_what_another_version_adds_is_left_out() -> None:
    content = json.loads(json.dumps(to_json(THEIRS)))
    assert lock_of({**content, "mood": "fine"}) == THEIRS
    assert lock_of({**content, "controller": None}).controller is None
    assert controller_of(None) is None


@pytest.mark.parametrize("content", [None, 1, "text", [], {}], ids=repr)
def test_what_is_no_lock_is_refused(content: t.Any) -> None:
    with pytest.raises(ValueError, match="it (holds no object|says no)"):
        lock_of(content)


REQUIRED = sorted(field.name for field in dataclasses.fields(Lock))


@pytest.mark.parametrize("name", REQUIRED)
def test_a_lock_with_a_value_of_another_type_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="it says no %s" % name):
        lock_of({**(to_json(THEIRS) or {}), name: [1]})
