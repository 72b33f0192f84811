# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Since when objects have been unused."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import RackError
from ansible_collections.mycosoft.rack.plugins.module_utils._prune.unused_record import Clock, UnusedRecord, read_record, write_record


def test_what_was_seen_before_keeps_its_time_what_is_new_begins_now_and_the_rest_is_forgotten() -> None:
    before = UnusedRecord("engine", {"volumes": {"old": 5, "in use again": 6}})
    assert before.seen("volumes", ["old", "new"], now=9) == UnusedRecord("engine", {"volumes": {"old": 5, "new": 9}})


def test_a_look_at_one_kind_says_nothing_of_another() -> None:
    before = UnusedRecord("engine", {"volumes": {"v": 5}, "images": {"i": 6}})
    assert before.seen("images", [], now=9) == UnusedRecord("engine", {"volumes": {"v": 5}})
    assert before.seen("containers", ["c"], now=9).since == {"volumes": {"v": 5}, "images": {"i": 6}, "containers": {"c": 9}}
    assert before.of("containers") == {}


def test_nothing_seen_is_nothing_to_write() -> None:
    assert UnusedRecord("engine").seen("images", [], now=9) == UnusedRecord("engine")


def test_a_clock_that_went_back_begins_anew() -> None:
    assert UnusedRecord("engine", {"images": {"v": 50}}).seen("images", ["v"], now=9).of("images") == {"v": 9}


WEEK = 7 * 86400
LATER = Clock(now=2_000_000, boot="one", uptime=1000)


@pytest.mark.parametrize(
    ("then", "age"),
    [
        pytest.param(Clock(2_000_600, "one", 1600), 100 + 600, id="ten minutes later"),
        pytest.param(Clock(2_000_000 + WEEK, "one", 1600), 100 + 600, id="the clock was in the past, and is right now"),
        pytest.param(Clock(5, "one", 1600), 100 + 600, id="the clock is in the past now"),
        pytest.param(Clock(2_000_000 + WEEK, "two", 50), 100 + 50, id="after a boot only the time since then is known"),
        pytest.param(Clock(2_000_000, "one", 900), 100, id="an uptime that went back"),
    ],
)
def test_a_grace_is_counted_by_the_kernel_and_by_no_wall_clock(then: Clock, age: int) -> None:
    record = UnusedRecord("engine", {"volumes": {"v": LATER.now - 100}}, LATER)
    assert record.at(then) == UnusedRecord("engine", {"volumes": {"v": then.now - age}}, then)


def test_a_record_without_a_moment_begins_every_grace_anew() -> None:
    assert UnusedRecord("engine", {"volumes": {"v": 1}}).at(LATER).seen("volumes", ["v"], LATER.now).since == {"volumes": {"v": LATER.now}}


def test_it_is_written_again_for_another_object_or_another_boot() -> None:
    record = UnusedRecord("engine", {"volumes": {"v": 1}}, LATER)
    assert record.at(Clock(3_000_000, "one", 2000)).says_no_more_than(record)
    assert not record.at(Clock(3_000_000, "two", 10)).says_no_more_than(record)
    assert not record.at(LATER).seen("volumes", ["v", "w"], LATER.now).says_no_more_than(record)
    assert UnusedRecord("engine", {}, LATER).says_no_more_than(UnusedRecord("engine"))


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = str(tmp_path / "record.json")
    record = UnusedRecord("engine", {"volumes": {"b": 2, "a": 1}}, LATER)
    write_record(path, record)
    write_record(path, record)
    assert read_record(path, "engine") == record
    assert [found.name for found in tmp_path.iterdir()] == ["record.json"]


def test_the_file_is_one_that_a_person_can_read(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    write_record(str(path), UnusedRecord("engine", {"volumes": {"b": 2, "a": 1}}, LATER))
    moment = ' "clock": {\n  "boot": "one",\n  "now": 2000000,\n  "uptime": 1000\n },\n'
    assert path.read_text(encoding="utf-8") == "{\n" + moment + ' "engine": "engine",\n "unused_since": {\n  "volumes": {\n   "a": 1,\n   "b": 2\n  }\n }\n}'


def test_it_is_written_beside_its_place_since_only_there_it_can_be_put_into_it_in_one_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "another disk"))
    write_record(str(tmp_path / "record.json"), UnusedRecord("engine", {"volumes": {"a": 1}}, LATER))
    assert read_record(str(tmp_path / "record.json"), "engine").since == {"volumes": {"a": 1}}


def test_before_the_first_run_it_is_empty(tmp_path: Path) -> None:
    assert read_record(str(tmp_path / "record.json"), "engine") == UnusedRecord("engine")


def test_another_engines_record_counts_as_empty(tmp_path: Path) -> None:
    path = str(tmp_path / "record.json")
    write_record(path, UnusedRecord("another", {"volumes": {"a": 1}}))
    assert read_record(path, "engine") == UnusedRecord("engine")


BROKEN = [
    "",
    "{",
    "[]",
    "{}",
    '{"engine": "engine"}',
    '{"engine": "engine", "unused_since": [1]}',
    '{"engine": "engine", "unused_since": {"images": [1]}}',
    '{"engine": "engine", "unused_since": {"images": {"i": 1}}}',
]


@pytest.mark.parametrize("content", BROKEN)
def test_a_broken_record_counts_as_empty(tmp_path: Path, content: str) -> None:
    path = tmp_path / "record.json"
    path.write_text(content, encoding="utf-8")
    assert read_record(str(path), "engine") == UnusedRecord("engine")


def test_a_record_that_cannot_be_written_names_file_cause_and_ways_out(tmp_path: Path) -> None:
    path = str(tmp_path / "nowhere/record.json")
    message = (
        "Cannot note since when objects have been unused in %s: No such file or directory. Nothing was removed. Make its directory writable for this user "
        "(role records), or set volumes_grace and irreplaceable_grace to 0 to remove such objects at once." % path
    )
    with pytest.raises(RackError, match="^%s$" % re.escape(message)):
        write_record(path, UnusedRecord("engine"))


def test_nothing_is_left_behind_where_the_record_cannot_be_replaced(tmp_path: Path) -> None:
    (tmp_path / "record.json").mkdir()
    with pytest.raises(RackError, match="Is a directory"):
        write_record(str(tmp_path / "record.json"), UnusedRecord("engine"))
    assert [found.name for found in tmp_path.iterdir()] == ["record.json"]
