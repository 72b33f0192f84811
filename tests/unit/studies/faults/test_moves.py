# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of the moves keeps the rows that are not tried again, and no promise on the committed one was broken."""

from __future__ import annotations

import pytest

from tests.studies.faults.moves import FAULTS, HEAD, NOT_TRIED, PAGE, STEPS, page, rows_of
from tests.studies.faults.trial import BAD
from tests.support.repository import ROOT, load, mappings

CELLS = ("killed", "neither", "not checked", "continues and succeeds")


def test_a_row_that_is_tried_replaces_its_own_alone() -> None:
    first, second = FAULTS[0].sentence, FAULTS[1].sentence
    rows = rows_of(page({first: CELLS}))
    assert rows[first] == list(CELLS)
    assert rows[second] == [NOT_TRIED] * (len(HEAD) - 1)
    assert rows_of(page({**rows, second: CELLS}))[first] == list(CELLS)


@pytest.mark.parametrize("task", STEPS.values())
def test_every_step_is_a_task_that_there_is(task: str) -> None:
    role, _colon, name = task.partition(" : ")
    found = [str(one.get("name", "")) for path in (ROOT / "roles" / role / "tasks").glob("*.yml") for one in mappings(load(str(path.relative_to(ROOT))))]
    assert any(one.startswith(name.replace("[|]", "|").rstrip("$")) for one in found)


def test_no_promise_on_the_committed_page_was_broken() -> None:
    rows = rows_of(PAGE.read_text(encoding="utf-8"))
    assert set(rows) == {fault.sentence for fault in FAULTS}
    assert [cell for cells in rows.values() for cell in cells if cell.startswith(BAD) or cell == NOT_TRIED] == []
