# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role memory_guard, run by ansible-playbook on this machine against a stand-in of the engine: a disk that nothing could make large enough."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from ansible_collections.mycosoft.rack.tests.fakes.docker_engine import DockerEngine

from tests.support.repository import ROOT, run

pytestmark = pytest.mark.slow

PLAYBOOK = [{"name": "Guard", "hosts": "localhost", "connection": "local", "gather_facts": False, "roles": ["mycosoft.rack.memory_guard"]}]


@pytest.mark.parametrize("arguments", [("--check",), ()], ids=["check", "real"])
def test_no_build_cache_is_removed_in_vain(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    variables = {
        "ansible_python_interpreter": sys.executable,
        "memory_guard_plan": {"memory": {"build": 0}},
        "memory_guard_disk_free_minimum": "4096T",
        "rack_state_directory": str(tmp_path),
    }
    (tmp_path / "play.yml").write_text(json.dumps(PLAYBOOK), encoding="utf-8")
    (tmp_path / "variables.json").write_text(json.dumps(variables), encoding="utf-8")
    with DockerEngine(tmp_path) as engine:
        engine.add_cache("step", size=3 * 1024**3)
        command = ("ansible-playbook", tmp_path / "play.yml", "--inventory", "localhost,", "--extra-vars", "@%s" % (tmp_path / "variables.json"))
        done = run(*command, *arguments, cwd=ROOT, DOCKER_HOST=engine.address)
        assert done.returncode == 2, done.stdout
        assert "the build cache holds 3.00 GB, 4096T are needed. Nothing was removed" in " ".join(done.stdout.split())
        assert (engine.writes, engine.violations) == ([], [])
