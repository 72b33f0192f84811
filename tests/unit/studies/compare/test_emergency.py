# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of the emergency sequence says what was found, and the committed one is of these ways and engines."""

from __future__ import annotations

from tests.rig.images import ENGINES
from tests.studies.compare.emergency import BY_HAND, ESSENTIAL, PAGE, STRAYS, WAYS, Outcome, page, rows
from tests.support.markdown import read_tables


def test_every_thing_is_in_its_row() -> None:
    (found,) = read_tables(rows(["a volume", "an image"], {"recover.yml": Outcome((), 3, 2), "by hand": Outcome(("a volume",), 2, 0)}))
    assert found == [
        ["object", "recover.yml", "by hand"],
        ["a volume", "kept", "LOST"],
        ["an image", "kept", "kept"],
        ["essential services healthy in the end", "3 of 3", "2 of 3"],
        ["others running in the end", "2 of 2", "0 of 2"],
    ]


def test_the_page_shows_the_commands_and_each_engine() -> None:
    text = page([("20.10.24", "| one |"), ("28.5.2", "| two |")])
    assert BY_HAND in text
    assert "## Docker 20.10.24\n\n| one |\n\n## Docker 28.5.2\n\n| two |\n\n" in text


def test_the_committed_page_is_of_every_engine_and_ours_lost_nothing() -> None:
    tables = read_tables(PAGE.read_text(encoding="utf-8"))
    assert len(tables) == len(ENGINES)
    for (_head, *ways), *lines in tables:
        assert ways == list(WAYS)
        *things, essential, others = [line[1] for line in lines]
        assert set(things) == {"kept"}
        assert (essential, others) == (f"{ESSENTIAL} of {ESSENTIAL}", f"{len(STRAYS)} of {len(STRAYS)}")
