# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The comparison's verdicts become pages, and the committed pages are those of the cases and ways there are."""

from __future__ import annotations

import pytest

from tests.rig.images import ENGINES
from tests.studies.compare.pages import Results, comparison, matrix
from tests.support.markdown import read_tables
from tests.support.prune_cases.cases import CASES
from tests.support.prune_cases.trial import Verdict
from tests.support.prune_cases.ways import OURS, WAYS, Ended
from tests.support.repository import ROOT

SENTENCES = [case.sentence for case in CASES]


def page(name: str) -> str:
    return (ROOT / "docs/guides" / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        pytest.param(Verdict(), "kept", id="kept"),
        pytest.param(Verdict(lost=("image", "network")), "LOST: image, network", id="lost"),
        pytest.param(Verdict(failed=("busy",)), "fails: busy", id="failed"),
        pytest.param(Verdict(lost=("build cache", "build cache"), failed=("busy", "busy")), "LOST: 2 x build cache; fails: busy", id="the same twice"),
        pytest.param(Verdict(left=("image",)), "left behind: image", id="idle"),
        pytest.param(Verdict(("image",), ("busy",), ("network",)), "LOST: image; fails: busy", id="all at once"),
    ],
)
def test_a_verdict_says_what_happened(verdict: Verdict, said: str) -> None:
    assert str(verdict) == said
    assert verdict.good == (said == "kept")


@pytest.mark.parametrize(
    ("output", "cause"),
    [
        pytest.param("Error response from daemon: a prune is running\n", "a prune is running", id="command line"),
        pytest.param('409 Client Error for http+docker://x: Conflict ("a prune is running")', "a prune is running", id="SDK"),
        pytest.param('Module failed: It broke: Conflict ("a prune is running")\n', "a prune is running", id="module that hands it on"),
        pytest.param("[ERROR]: Task failed: Module failed: Cannot prune.\nOrigin: task\n", "Cannot prune.", id="module"),
        pytest.param("first\nlast\n", "last", id="other"),
    ],
)
def test_the_cause_of_a_failure_is_in_the_words_of_the_engine(output: str, cause: str) -> None:
    assert Ended(1, output).cause == cause
    assert Ended(0, output).cause == ""


def test_every_verdict_is_in_its_row_and_column() -> None:
    verdicts = {(case, way.name): Verdict(lost=(f"{case} by {way.name}",)) for case in SENTENCES for way in WAYS}
    results = [Results("20.10.24", "API 1.41.", verdicts), Results("28.5.2", "API 1.51.", verdicts)]
    _stories, oldest, newest = read_tables(comparison(results, "ansible-core 2.20."))
    assert oldest == newest == [["case", *(way.name for way in WAYS)], *([case, *(f"LOST: {case} by {way.name}" for way in WAYS)] for case in SENTENCES)]
    (ours,) = read_tables(matrix(results))
    assert ours == [["case", "Docker 20.10.24", "Docker 28.5.2"], *([case, *[f"LOST: {case} by {OURS.name}"] * 2] for case in SENTENCES)]


def test_the_committed_comparison_has_every_case_way_and_engine() -> None:
    stories, *engines = read_tables(page("compare_prune.md"))
    assert stories[1:] == [[case.sentence, case.story] for case in CASES]
    assert [(table[0][1:], [row[0] for row in table[1:]]) for table in engines] == [([way.name for way in WAYS], SENTENCES)] * len(ENGINES)


def test_the_committed_matrix_is_our_column_of_the_comparison() -> None:
    (ours,) = read_tables(page("prune_on_engines.md"))
    _stories, *engines = read_tables(page("compare_prune.md"))
    assert [row[0] for row in ours[1:]] == SENTENCES
    assert [[row[number] for row in ours[1:]] for number in range(1, len(ENGINES) + 1)] == [[row[-1] for row in table[1:]] for table in engines]
    assert {cell for row in ours[1:] for cell in row[1:]} == {"kept"}
