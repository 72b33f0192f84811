# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a developer's edit is said."""

from __future__ import annotations

import pytest

from tests.rig.errors import RigError
from tests.rig.forge import replaced, substitution


def test_a_replacement_changes_every_occurrence() -> None:
    assert replaced("old", "new")("old and old") == "new and new"


def test_a_replacement_of_what_is_not_there_is_refused() -> None:
    with pytest.raises(RigError, match="does not contain"):
        replaced("old", "new")("text")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [("s/1/2/", "version 2\n"), ("s|n (.)|n \\1.\\1|", "version 1.1\n"), ("s/ 1//", "version\n"), ("s,$,!,", "version 1!\n!")],
    ids=["plain", "another delimiter and a group", "nothing instead", "end of text"],
)
def test_a_substitution_is_that_of_sed(expression: str, expected: str) -> None:
    assert substitution(expression)("version 1\n") == expected


@pytest.mark.parametrize("expression", ["", "s", "1/2", "s/1", "s/1/2/g", "s/1/2/3/", "y/1/2/", "sa1a2a"])
def test_anything_else_is_refused(expression: str) -> None:
    with pytest.raises(RigError, match="Cannot read the substitution"):
        substitution(expression)


def test_a_substitution_without_a_match_is_refused() -> None:
    with pytest.raises(RigError, match="nothing in the file matches"):
        substitution("s/9/8/")("version 1\n")
