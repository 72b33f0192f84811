# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every test run of this repository has in common: its order and its closing line."""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).parent

#: Cheap answers first: a typing error should not wait for servers to boot. A directory that is not named here runs last.
ORDER = ("unit", "invariants", "static", "system", "molecule")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run directories in ORDER and, within one, what is marked slow after the rest.

    With several workers (`make check`) it is the other way round: the linters take longest, and none should be left alone at the end.
    """
    forwards = not hasattr(config, "workerinput")
    items.sort(key=lambda item: (_rank(item.path), item.get_closest_marker("slow") is not None), reverse=not forwards)


def _rank(path: Path) -> int:
    directory = path.relative_to(TESTS).parts[0]
    return ORDER.index(directory) if directory in ORDER else len(ORDER)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Close with ``N passed, N failed`` alone on the last line; an error of a fixture or of collection is a failure.

    Before it stands what tests had to say (``record_property("said", ...)``): a worker's own output is not shown.
    """
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or hasattr(config, "workerinput") or config.option.collectonly:
        return
    for report in reporter.stats.get("passed", []):
        for name, value in report.user_properties:
            if name == "said":
                print(value)
    count = {outcome: len(reports) for outcome, reports in reporter.stats.items()}
    failed = count.get("failed", 0) + count.get("error", 0) + count.get("xpassed", 0)
    skipped = count.get("skipped", 0) + count.get("xfailed", 0)
    print(f"{count.get('passed', 0)} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
