# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``make times``: where the time of the last ``make test`` went, by folder, by file and by test."""

from __future__ import annotations

import collections
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from tests.support.repository import CACHE

REPORT = CACHE / "junit.xml"
#: Rows of the tables of files and of tests.
ROWS = 15


def times(report: str) -> dict[tuple[str, str], float]:
    """(file, test) -> seconds with its fixtures, of a report in the format xunit1. The first test that uses a shared fixture bears its time."""
    found: dict[tuple[str, str], float] = collections.defaultdict(float)
    for case in ElementTree.fromstring(report).iter("testcase"):  # noqa: S314  (pytest wrote it a moment ago)
        found[case.attrib["file"], case.attrib["name"]] += float(case.attrib["time"])
    return dict(found)


def tables(found: dict[tuple[str, str], float]) -> str:
    """Three tables, slowest first: seconds, share of all seconds, what."""
    folders: dict[str, float] = collections.defaultdict(float)
    paths: dict[str, float] = collections.defaultdict(float)
    for (path, _name), seconds in found.items():
        folders["/".join(Path(path).parts[:2])] += seconds
        paths[path] += seconds
    tests = {f"{path}::{name}": seconds for (path, name), seconds in found.items()}
    total = sum(found.values())
    return "\n\n".join(_table(part, total) for part in (folders, paths, tests))


def _table(part: dict[str, float], total: float) -> str:
    slowest = sorted(part.items(), key=lambda entry: -entry[1])[:ROWS]
    return "\n".join(f"{seconds:8.1f} s {100 * seconds / (total or 1):5.1f} %  {name}" for name, seconds in slowest)


def main() -> int:
    if not REPORT.exists():
        print(f"Cannot show the times of a run: {REPORT} does not exist. Run make test first.", file=sys.stderr)
        return 1
    print(tables(times(REPORT.read_text(encoding="utf-8"))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
