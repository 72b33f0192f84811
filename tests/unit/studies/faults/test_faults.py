# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a campaign makes of what it saw, and that the committed page is the page of the faults there are."""

from __future__ import annotations

import pytest

from tests.studies.faults.back import own_start
from tests.studies.faults.cases import FAULTS, KILLS
from tests.studies.faults.pages import BESIDE, NOT_TRIED, cells, page, read
from tests.studies.faults.rack import LIMITS, Json, Seen
from tests.studies.faults.together import Span, interleaved, outside, spans
from tests.studies.faults.trial import BAD, Outcome, answering, cause
from tests.support.repository import ROOT

SENTENCES = [fault.sentence for fault in FAULTS]
GOOD = Outcome("succeeded", "the new version, healthy", "kept", "held", "free", "succeeds")


def container(image: str = "a", health: str = "healthy", memory: int | None = None, service: str = "mindex-api") -> Json:
    state = {"Status": "running", "Running": True, "Health": {"Status": health}}
    return {"Image": image, "State": state, "HostConfig": {"Memory": LIMITS[service] if memory is None else memory}}


def seen(version: str | None = "1", **changed: Json) -> Seen:
    return Seen(version, {name: container(service=name) for name in LIMITS} | {name.replace("_", "-"): value for name, value in changed.items()}, {})


@pytest.mark.parametrize(
    ("after", "said"),
    [
        pytest.param(seen(), "the old version", id="as before"),
        pytest.param(seen(mindex_api=container("b")), "the old version, from a rebuilt image", id="same version of another image"),
        pytest.param(seen("2", mindex_api=container("b")), "the new version, healthy", id="new"),
        pytest.param(seen("3"), f"{BAD}: version 3", id="neither"),
        pytest.param(seen(None), f"{BAD}: the website does not answer", id="no answer"),
        pytest.param(seen(mindex_api=container(health="starting")), f"{BAD}: mindex-api running", id="not healthy"),
        pytest.param(Seen("1", {}, {}), f"{BAD}: {', '.join(f'{name} is gone' for name in LIMITS)}", id="gone"),
    ],
)
def test_it_says_who_answers(after: Seen, said: str) -> None:
    assert answering(after, seen(), "2") == said


def test_a_container_without_its_limit_is_named() -> None:
    assert seen().unlimited == []
    assert seen(mindex_api=container(memory=0)).unlimited == ["mindex-api has 0 B"]


@pytest.mark.parametrize("broken", list(Outcome.__dataclass_fields__))
def test_one_promise_that_was_not_kept_is_enough(broken: str) -> None:
    assert GOOD.good
    assert not Outcome(**{**vars(GOOD), broken: f"{BAD}: why"}).good


@pytest.mark.parametrize(
    ("output", "said"),
    [
        pytest.param("[ERROR]: Task failed: one\n[ERROR]: Task failed: Action failed: two\n", "two", id="the last error"),
        pytest.param("[ERROR]: Task failed: Cannot deploy to a:  b | c.\n", "Cannot deploy to a: b / c.", id="no bar, which would end the cell"),
        pytest.param("[ERROR]: Cannot deploy to a: b.\n[ERROR]: c\n", "Cannot deploy to a: b.", id="the summary"),
        pytest.param("[ERROR]: a\n[ERROR]: Cannot deploy to o: another server of the rack failed.\n", "a", id="the server that was struck"),
        pytest.param("fatal: [sandbox]: UNREACHABLE! =>\n", "[sandbox]: UNREACHABLE!", id="unreachable"),
        pytest.param("", "said nothing", id="nothing"),
    ],
)
def test_the_cause_is_in_the_words_of_the_run(output: str, said: str) -> None:
    assert cause(output) == said


CHANGES = [(1.0, "a"), (2.0, ""), (2.5, "b"), (4.0, "c"), (6.0, "")]


def test_a_lock_is_held_from_one_change_to_the_next() -> None:
    assert spans("s", CHANGES) == [Span("s", "a", 1, 2), Span("s", "b", 2.5, 4), Span("s", "c", 4, 6)]


@pytest.mark.parametrize(
    ("found", "pairs"),
    [
        pytest.param([Span("s", "a", 1, 2), Span("o", "a", 1, 2), Span("s", "b", 3, 4), Span("o", "b", 2.5, 4)], [], id="one after the other"),
        pytest.param([Span("s", "a", 1, 3), Span("o", "a", 1, 2), Span("s", "b", 3, 4), Span("o", "b", 2.5, 4)], [], id="waiting for the last lock is no work"),
        pytest.param([Span("s", "a", 1, 3), Span("o", "a", 1, 3), Span("s", "b", 2, 4), Span("o", "b", 2, 4)], ["a and b"], id="both at one time"),
    ],
)
def test_runs_that_could_work_at_one_time_are_found(found: list[Span], pairs: list[str]) -> None:
    assert interleaved(found) == pairs


def test_what_an_engine_does_while_nobody_has_the_lock_is_found() -> None:
    assert outside(spans("s", CHANGES), [1.5, 2.2, 3, 7]) == [2.2, 7]


def test_a_service_takes_from_its_start_to_the_first_check_that_is_well() -> None:
    checks = [
        {"ExitCode": 1, "End": "2026-11-23T05:00:01.5Z"},
        {"ExitCode": 0, "End": "2026-11-23T05:00:02.75Z"},
        {"ExitCode": 0, "End": "2026-11-23T05:00:03Z"},
    ]
    assert own_start({"State": {"StartedAt": "2026-11-23T05:00:00.250000001Z", "Health": {"Log": checks}}}) == 2.5


def test_a_page_is_read_as_it_was_written() -> None:
    outcomes = {sentence: cells(GOOD) for sentence in SENTENCES}
    beside = {what: ["well"] for what in BESIDE}
    assert read(page(outcomes, beside)) == (outcomes, beside)
    assert read("") == ({}, {})
    assert read(page({}, {}))[0][SENTENCES[0]][0] == NOT_TRIED


def test_every_fault_has_a_name_and_a_sentence_of_its_own() -> None:
    assert len({fault.name for fault in FAULTS}) == len(set(SENTENCES)) == len(FAULTS)
    assert sum(fault.name.startswith("kill-") for fault in FAULTS) == KILLS


def test_the_committed_page_has_a_row_for_every_fault_and_no_other() -> None:
    text = (ROOT / "docs/guides/faults.md").read_text(encoding="utf-8")
    outcomes, beside = read(text)
    assert text == page(outcomes, beside)
    assert (list(outcomes), list(beside)) == (SENTENCES, list(BESIDE))
    assert not [what for what, row in {**outcomes, **beside}.items() if row[0] == NOT_TRIED]
