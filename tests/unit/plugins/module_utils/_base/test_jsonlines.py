# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that a check leaves behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import RackError
from ansible_collections.mycosoft.rack.plugins.module_utils._base.jsonlines import append, last_line, replace


def test_lines_are_added_and_the_last_is_found(tmp_path: Path) -> None:
    path = tmp_path / "memory.jsonl"
    for number in range(3):
        append(path, {"number": number, "filler": "x" * 40000})
    assert last_line(path)["number"] == 2
    assert path.read_text().count("\n") == 3


def test_a_history_that_is_too_large_keeps_its_newer_half_in_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "memory.jsonl"
    for number in range(20):
        append(path, {"number": number, "filler": "x" * 70}, most=1000)
        assert path.stat().st_size <= 1000
    kept = [json.loads(line)["number"] for line in path.read_text().splitlines()]
    assert kept == list(range(kept[0], 20)), "the newest, without a gap"
    assert len(kept) > 4
    assert path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("content", [None, "", "{}", "no JSON\n", "[1]\n", "\n"], ids=["no file", "empty", "unfinished", "no JSON", "no object", "blank"])
def test_a_history_without_a_last_line_is_empty(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "memory.jsonl"
    if content is not None:
        path.write_text(content)
    assert last_line(path) == {}


def test_a_line_that_is_not_finished_does_not_hide_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "memory.jsonl"
    path.write_text('{"number": 1}\n{"numb')
    assert last_line(path) == {"number": 1}


def test_a_file_is_replaced_as_a_whole_readable_for_all_with_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "rack.prom"
    path.write_text("old")
    with path.open() as reading:
        replace(str(path), "new")
        assert reading.read() == "old"
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o644
    assert [entry.name for entry in tmp_path.iterdir()] == ["rack.prom"]


def test_what_cannot_be_written_is_refused_with_the_path_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "rack.prom").mkdir()
    with pytest.raises(RackError, match="Cannot write the metrics to .*rack.prom: Is a directory. Make its directory, writable for this user, or set metrics"):
        replace(str(tmp_path / "rack.prom"), "new")
    with pytest.raises(RackError, match="Cannot write the history to .*/nowhere/x: No such file or directory. "):
        append(tmp_path / "nowhere" / "x", {})
    assert [entry.name for entry in tmp_path.iterdir()] == ["rack.prom"]
