# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rig remembers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rig.layout import Layout
from tests.rig.state import Record, State, json_lines

RECORD = Record(Layout("rack-test-abcdef", "10.201.7.0/24", ("sandbox",)), "recipe", "0011aabb", "0" * 32, {"website": "abc"})


def test_a_record_comes_back_as_it_was_written(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.write_record(RECORD)
    assert state.record() == RECORD


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"layout": {}}', '{"layout": 1}'], ids=["empty", "half", "a list", "nothing", "no fields", "no layout"])
def test_a_damaged_record_counts_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "rig.json").write_text(text)
    assert State(tmp_path).record() is None


def test_a_rig_that_was_never_finished_has_no_record(tmp_path: Path) -> None:
    assert State(tmp_path).record() is None


def test_secrets_are_for_the_owner_only(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.write(state.token, "x")
    assert state.token.stat().st_mode & 0o777 == 0o600


def test_a_line_that_is_still_being_written_is_left_out(tmp_path: Path) -> None:
    log = tmp_path / "requests.jsonl"
    log.write_text('{"path": "/a"}\n{"path": "/b"}\n{"pa')
    assert [entry["path"] for entry in json_lines(log)] == ["/a", "/b"]


def test_no_log_means_no_requests(tmp_path: Path) -> None:
    assert json_lines(tmp_path / "none") == []
