# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run docker_prune against a stand-in of the engine, as Ansible would."""

from __future__ import annotations

import contextlib
import io
import json
import typing as t

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.mycosoft.rack.plugins.modules import docker_prune
from ansible_collections.mycosoft.rack.tests.fakes.docker_engine import DockerEngine

Result = dict[str, t.Any]
KINDS = ("containers", "images", "networks", "volumes", "build_cache")


def prune(engine: DockerEngine, check: bool = False, **options: t.Any) -> Result:
    """The module's result. The engine must not have been asked for anything that could lose data."""
    said = io.StringIO()
    # Images of the stand-in come from no registry: without a grace they go, unless a test asks for one.
    defaults = {"docker_host": engine.address, "state_directory": str(engine.root), "irreplaceable_grace": "0"}
    given = {**defaults, "_ansible_check_mode": check, "_ansible_diff": True, **options}
    with patch_module_args(given), contextlib.redirect_stdout(said), pytest.raises(SystemExit):
        docker_prune.main()
    assert engine.violations == []
    result: Result = json.loads(said.getvalue())
    result.pop("invocation", None)
    return result


def names(objects: t.Iterable[Result]) -> list[str]:
    return [found["name"] for found in objects]


def removed(result: Result) -> dict[str, list[str]]:
    """Names of what was removed, by kind, without the kinds of which nothing was."""
    return {kind: names(result["removed"][kind]) for kind in KINDS if result["removed"][kind]}


def reason(result: Result, kind: str, name: str) -> str:
    """Why the object stays."""
    return str(next(found["reason"] for found in result["kept"][kind] if found["name"] == name))
