# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/guides/faults.md: what the trials said, as tables. Pure. The page is also where the rows are kept that are not tried again."""

from __future__ import annotations

import dataclasses
import typing as t

from tests.studies.faults.cases import FAULTS
from tests.studies.faults.trial import Outcome
from tests.support.markdown import read_tables, table

Rows = t.Mapping[str, t.Sequence[str]]

HEAD = ("fault", "the run said", "answers afterwards", "data", "limits", "lock", "the next plain deploy")
NOT_TRIED = "not tried"
#: What else is tried -> what is told about it.
TOGETHER = "Two deploys and a cleanup at once, one of them from another controller"
ROLLBACK = "`playbooks/rollback.yml` after a bad release"
BESIDE = (TOGETHER, ROLLBACK)

_PAGE = """<!-- Made by `make faults` from what real servers did: do not edit, run it again. -->

# What a deploy survives

Every row is a fault, made on a rack of two real servers that serves a website, its index with a database, and an orchestrator. Before each, a word is
written to the database and a new version of the website is pushed; then a deploy runs into the fault. When it has ended, the servers are asked what is
there: who answers, whether the word is, whether every planned container holds its limit, who has the lock. Then the fault is removed, the next version is
pushed, and a plain deploy has to bring it.

A cell that begins with FAILS is a promise that was not kept. To make this page again: `make faults`; a single row:
`python -m tests.studies.faults --only {example}`.

## The faults

{faults}

## What came of them

{outcomes}

## Runs at once, and going back

{beside}
"""


def page(outcomes: Rows, beside: Rows) -> str:
    """``outcomes``: sentence of a fault -> the cells of its row; ``beside``: what else was tried -> what came of it."""
    rows = [[fault.sentence, *(list(outcomes.get(fault.sentence, [NOT_TRIED])) + [""] * len(HEAD))[: len(HEAD) - 1]] for fault in FAULTS]
    told = [[what, *beside.get(what, [NOT_TRIED])] for what in BESIDE]
    faults = table(["fault", "how it is made"], [[fault.sentence, fault.how] for fault in FAULTS])
    return _PAGE.format(example=FAULTS[0].name, faults=faults, outcomes=table(HEAD, rows), beside=table(["what", "what came of it"], told))


def read(text: str) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """The rows of a page, as :func:`page` takes them; none of a page that is none."""
    tables = read_tables(text)
    outcomes, beside = tables[1:] if len(tables) == 3 else ([], [])
    return {row[0]: row[1:] for row in outcomes[1:]}, {row[0]: row[1:] for row in beside[1:]}


def cells(outcome: Outcome) -> list[str]:
    return list(dataclasses.astuple(outcome))
