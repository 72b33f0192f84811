# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every test run of this repository has in common: its order and its closing line."""

from __future__ import annotations

from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

TESTS = Path(__file__).parent

#: Cheap answers first: a typing error should not wait for servers to boot. A directory that is not named here runs last.
ORDER = ("unit", "invariants", "static", "system", "molecule")


#: Group -> the files whose tests share servers, one test after the other, in this order: who only looks at what a deploy left comes before
#: who changes it, and a group is as long as a run, so that the two longest are about equal.
GROUPS = {
    "rack": (
        *("test_deploy.py", "test_schedulers.py", "test_status.py", "test_check_mode.py", "test_recover.py", "test_refusals.py", "test_release.py"),
        *("test_memory_guard.py", "test_cloudflare.py", "test_deploy_lock.py", "test_memory.py", "test_prune_killed.py", "test_offload.py"),
    ),
    "engines": ("test_engines.py", "test_prune.py", "test_override.py", "test_rollout.py", "test_connections.py"),
    "vm": ("test_cgroup_v2.py",),
    "molecule": ("test_scenarios.py",),
}
FILES = {file: group for group, files in GROUPS.items() for file in files}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run directories in ORDER and, within one, what is marked slow after the rest.

    With several workers what takes longest comes first, so that no worker is left alone with it at the end: tests that share servers, each
    group as a whole on one worker, then linters, then the rest.
    """
    if not hasattr(config, "workerinput"):
        items.sort(key=_place)
        return
    grouped = sorted((item for item in items if _group(item.path)), key=_place)
    items[:] = grouped + sorted((item for item in items if not _group(item.path)), key=_place, reverse=True)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    """With `--dist loadscope` a group is what goes to one worker as a whole; a test of none goes alone."""

    class Groups(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return _group(TESTS.parent / nodeid.split("::", 1)[0]) or nodeid

    return Groups(config, log) if config.getvalue("dist") == "loadscope" else None


def _place(item: pytest.Item) -> tuple[int, int, bool]:
    directory = item.path.relative_to(TESTS).parts[0]
    group = _group(item.path)
    within = list(FILES).index(item.path.name) if group else 0
    return (ORDER.index(directory) if directory in ORDER else len(ORDER)), within, item.get_closest_marker("slow") is not None


def _group(path: Path) -> str | None:
    """Who shares servers with whom; None for a test that needs none."""
    return FILES[path.name] if path.relative_to(TESTS).parts[0] in ("system", "molecule") else None


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
