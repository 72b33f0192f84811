# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The directories of tests use each other in one direction: tests and studies, support, rig, fakes."""

from __future__ import annotations

import ast
import typing as t

import pytest

from tests.support.repository import ROOT, files

#: Directory below tests -> which others it may import. A directory that is not named here may import from all but studies.
MAY_USE: dict[str, set[str]] = {
    "fakes": set(),
    "rig": {"fakes"},
    "support": {"rig", "fakes"},
    "system": {"support", "rig", "fakes"},
    "studies": {"support", "rig", "fakes"},
    "invariants": {"support"},
    "static": {"support"},
    "molecule": {"support", "rig"},
    "unit": {"studies", "support", "rig", "fakes"},
}


def imported(source: str) -> t.Iterator[tuple[str, ...]]:
    """The path below ``tests`` of each import from there, under both names that tests have: the package's and the collection's."""
    for node in ast.walk(ast.parse(source)):
        names = [name.name for name in node.names] if isinstance(node, ast.Import) else [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            parts = name.removeprefix("ansible_collections.mycosoft.rack.").split(".")
            if parts[0] == "tests":
                yield tuple(parts[1:])


def foreign(path: str, source: str) -> list[str]:
    """Imports of a file that its directory may not have; of studies, each is a directory of its own."""
    _tests, directory, *rest = path.split("/")
    wrong = []
    for place in imported(source):
        same = place[0] == directory and (directory != "studies" or place[1:2] == (rest[0],))
        if not same and place[0] not in MAY_USE[directory] - {directory}:
            wrong.append(f"{path} imports tests.{'.'.join(place)}")
    return wrong


def test_directories_of_tests_import_each_other_in_one_direction() -> None:
    sources = [path for path in files("tests/*.py") if path.count("/") > 1 and not path.startswith("tests/rig/stacks/")]
    assert len(sources) > 100
    assert [line for path in sources for line in foreign(path, (ROOT / path).read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("tests/system/test_prune.py", "from tests.studies.compare.pages import matrix"),
        ("tests/support/rounds.py", "import tests.studies.bench.command"),
        ("tests/studies/faults/pages.py", "from tests.system.conftest import Playbook"),
        ("tests/studies/faults/pages.py", "from tests.studies.compare.pages import matrix"),
        ("tests/fakes/purging.py", "from ansible_collections.mycosoft.rack.tests.support.repository import ROOT"),
    ],
)
def test_an_import_in_the_other_direction_is_found(path: str, source: str) -> None:
    assert len(foreign(path, source)) == 1


def test_a_study_uses_its_own_files_and_what_is_shared() -> None:
    assert foreign("tests/studies/bench/prune.py", "from tests.studies.bench.command import command\nfrom tests.support.figures import grid\nimport os") == []
