# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a deploy costs beyond git, build and Compose is taken round by round."""

from __future__ import annotations

from tests.studies.bench.deploy import names, row
from tests.support.figures import Measured


def test_what_slows_a_whole_round_is_not_counted_as_ours() -> None:
    deploy = Measured("ours", (12.0, 22.0, 13.0), {"sandbox": 38, "overflow1": 36})
    bare = Measured("themselves", (5.0, 15.0, 5.0))
    assert row(2, deploy, bare) == ("2", "13.0 (12.0 to 22.0)", "5.0 (5.0 to 15.0)", "7.0 (7.0 to 8.0)", "38")


def test_the_sandbox_is_the_first_of_however_many() -> None:
    assert [names(size) for size in (1, 3)] == [("sandbox",), ("sandbox", "overflow1", "overflow2")]
