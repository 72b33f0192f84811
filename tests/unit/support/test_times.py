# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the time of a test run went."""

from __future__ import annotations

from tests.support.times import tables, times

REPORT = """<testsuites><testsuite>
<testcase file="tests/system/test_a.py" name="test_one" time="6.0"/>
<testcase file="tests/system/test_b.py" name="test_two[x]" time="3.0"/>
<testcase file="tests/unit/test_c.py" name="test_three" time="1.0"/>
</testsuite></testsuites>"""


def test_seconds_add_up_by_folder_by_file_and_by_test_slowest_first() -> None:
    folders, paths, tests = (part.splitlines() for part in tables(times(REPORT)).split("\n\n"))
    assert [line.split() for line in folders] == [["9.0", "s", "90.0", "%", "tests/system"], ["1.0", "s", "10.0", "%", "tests/unit"]]
    assert [line.split()[-1] for line in paths] == ["tests/system/test_a.py", "tests/system/test_b.py", "tests/unit/test_c.py"]
    assert tests[1].endswith("tests/system/test_b.py::test_two[x]")
