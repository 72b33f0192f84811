# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports below plugins/ go one way, as tests/support/layers.py says."""

from __future__ import annotations

import pytest

from tests.support.layers import EXCEPTIONS, LAYERS, LEVELS, closure, imports_of, package_of, plugin_sources, wrong_imports
from tests.support.repository import files

HERE = "from ansible_collections.mycosoft.rack.plugins"
MODULES = sorted(module for module in plugin_sources() if module.startswith("modules."))


def test_every_import_goes_to_a_layer_below() -> None:
    assert wrong_imports(plugin_sources()) == []


def test_every_python_file_lies_in_a_package_of_the_table_and_every_package_has_files() -> None:
    assert {package_of(module) for module in plugin_sources()} == set(LEVELS)


@pytest.mark.parametrize("folder", ["module_utils", "plugin_utils"])
def test_no_utility_lies_outside_of_a_package(folder: str) -> None:
    assert [path for path in files(f"plugins/{folder}/*.py") if path.count("/") == 2] == []


def test_every_exception_is_needed_and_between_features() -> None:
    used = {(package_of(module), package_of(name)) for module, source in plugin_sources().items() for name in imports_of(module, source)}
    features = next(layer for layer in LAYERS if layer.name == "features").packages
    assert set(EXCEPTIONS) <= used
    assert {package for pair in EXCEPTIONS for package in pair} <= set(features)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_ships_nothing_of_the_controller_to_a_server(module: str) -> None:
    controller = {package for layer in LAYERS if layer.controller for package in layer.packages}
    assert {name for name in closure(module, plugin_sources()) if package_of(name) in controller} == set()


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("module_utils._base.errors", "module_utils._docker.client import Engine"),
        ("module_utils._docker.client", "module_utils._host.kernel import Kernel"),
        ("module_utils._docker.client", "module_utils._memory.containers import Container"),
        ("module_utils._memory.check", "module_utils._limits.changes import Limit"),
        ("module_utils._recovery.record", "module_utils._prune.keep import Rule"),
        ("module_utils._release.live", "plugin_utils._rack.plan import plan_rack"),
        ("module_utils._lock.file", "modules.deploy_lock import run"),
        ("modules.docker_recovery", "plugin_utils._rack.inventory import read_rack"),
        ("modules.docker_recovery", "modules.docker_prune import run"),
        ("plugin_utils._rack.plan", "filter.memory_plan import memory_plan"),
        ("plugin_utils._rack.plan", "plugin_utils._report.deploy import deploy_text"),
        ("modules.docker_prune", "module_utils.errors import RackError"),
        ("module_utils.errors", "module_utils._base.errors import RackError"),
    ],
)
def test_an_import_turned_round_is_refused(module: str, line: str) -> None:
    assert len(wrong_imports({module: f"{HERE}.{line}"})) == 1
    assert len(wrong_imports({module: f"def late():\n    {HERE}.{line}"})) == 1


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("filter.memory_plan", f"{HERE}.plugin_utils._rack.plan import plan_rack"),
        ("action.deploy_lock", f"{HERE}.module_utils._lock.file import gone"),
        ("plugin_utils._rack.plan", f"{HERE}.module_utils._override.heap import heap"),
        ("modules.docker_prune", f"{HERE}.module_utils._base.errors import RackError"),
        ("module_utils._prune.request", f"{HERE}.module_utils._recovery.record import read_record"),
        ("module_utils._limits.watch", f"{HERE}.module_utils._memory.containers import Container"),
        ("module_utils._prune.plan", f"{HERE}.module_utils._prune.keep import Rule"),
        ("modules.docker_prune", "from ansible.module_utils.basic import AnsibleModule"),
    ],
)
def test_an_import_from_a_layer_below_is_accepted(module: str, line: str) -> None:
    assert wrong_imports({module: line}) == []


@pytest.mark.parametrize(
    "line",
    [
        "import ansible_collections.mycosoft.rack.plugins.module_utils._prune.keep",
        f"{HERE}.module_utils import _prune",
        f"{HERE}.module_utils._prune import keep",
        "from .._prune.keep import Rule",
        "from .._prune import keep",
        "from .. import _prune",
    ],
)
def test_every_way_to_write_an_import_is_seen(line: str) -> None:
    assert len(wrong_imports({"module_utils._base.errors": line})) == 1


def test_a_module_ships_what_its_utilities_import() -> None:
    sources = {
        "modules.one": f"{HERE}.module_utils._lock.file import LockFile",
        "module_utils._lock.file": f"{HERE}.module_utils._base import errors",
        "module_utils._base.errors": "",
        "module_utils._base.sizes": "",
    }
    assert closure("modules.one", sources) == {"modules.one", "module_utils._lock.file", "module_utils._base.errors"}
