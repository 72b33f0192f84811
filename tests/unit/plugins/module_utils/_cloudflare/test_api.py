# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API's answers mean, and how long to wait before asking again."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._cloudflare.api import LONGEST_PAUSE, Accepted, Again, Rejected, decide, pause
from ansible_collections.mycosoft.rack.plugins.module_utils._cloudflare.transport import Reply, Silence
from hypothesis import given
from hypothesis import strategies as st


def reply(status: int, document: t.Any = None, **headers: str) -> Reply:
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, json.dumps(document))


def test_success_carries_the_result() -> None:
    assert decide(reply(200, {"success": True, "errors": [], "messages": [], "result": {"id": "x"}})) == Accepted({"id": "x"})


@pytest.mark.parametrize("success", [False, None, "true", 1])
def test_only_true_is_success(success: t.Any) -> None:
    assert isinstance(decide(reply(200, {"success": success, "result": {}})), Rejected)


def test_success_with_an_error_status_is_none() -> None:
    assert isinstance(decide(reply(400, {"success": True, "result": {}})), Rejected)


@pytest.mark.parametrize(
    ("header", "after"),
    [("7", 7.0), (" 7 ", 7.0), ("0", 0.0), ("-1", None), ("1e3", None), ("nan", None), ("9999999", None), ("Sun, 22 Nov 2026 08:00:00 GMT", None)],
)
def test_retry_after_is_whole_seconds_or_nothing(header: str, after: t.Optional[float]) -> None:
    verdict = decide(reply(429, {}, retry_after=header))
    assert isinstance(verdict, Again)
    assert verdict.after == after


@pytest.mark.parametrize(("transient", "kind"), [(True, Again), (False, Rejected)], ids=["passing", "lasting"])
def test_silence_is_asked_again_only_while_it_may_pass(transient: bool, kind: type) -> None:
    assert isinstance(decide(Silence("no route", transient)), kind)


def test_an_odd_redirect_is_refused_too() -> None:
    verdict = decide(reply(304, None, location="//[bad"))
    assert isinstance(verdict, Rejected)


@given(st.integers(100, 599), st.one_of(st.none(), st.recursive(st.one_of(st.text(), st.integers(), st.booleans()), st.lists)), st.text())
def test_every_answer_has_a_meaning(status: int, errors: t.Any, text: str) -> None:
    for body in (text, json.dumps({"success": False, "errors": errors}), json.dumps(errors)):
        verdict = decide(Reply(status, {}, body))
        assert not isinstance(verdict, Accepted)
        assert "\n" not in verdict.cause


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_our_own_pauses_grow_and_stay_bounded(attempt: int, chance: float) -> None:
    shorter, longer = (pause(Again("", ""), number, chance) for number in (attempt, attempt + 1))
    assert 0.5 <= shorter <= longer <= LONGEST_PAUSE


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True), st.integers(1, 999_999))
def test_we_never_ask_again_earlier_than_told(attempt: int, chance: float, after: int) -> None:
    assert after <= pause(Again("", "", float(after)), attempt, chance) <= after + 1
