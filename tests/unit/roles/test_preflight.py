# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role preflight, run by ansible-playbook on this machine under two names: an engine on a real socket, the real Compose."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from ansible_collections.mycosoft.rack.tests.fakes.docker_engine import DockerEngine

from tests.support.composed import docker_without_engine
from tests.support.repository import ROOT, run

pytestmark = pytest.mark.slow

ROLE = {"ansible.builtin.import_role": {"name": "mycosoft.rack.preflight", "tasks_from": "docker"}}
NAMES = ("sandbox", "overflow1")


def test_one_machine_under_two_names_is_refused(tmp_path: Path) -> None:
    """As --connection local makes of every rack: one name would be worked on twice, and the other called done."""
    (tmp_path / "hosts").write_text("[rack]\n%s\n" % "\n".join(NAMES))
    (tmp_path / "play.yml").write_text(json.dumps([{"name": "Check", "hosts": "rack", "gather_facts": False, "tasks": [{"name": "Check", **ROLE}]}]))
    path = "%s:%s" % (docker_without_engine(tmp_path / "bin").partition(":")[0], os.environ["PATH"])
    with DockerEngine(tmp_path) as engine:
        variables = {
            "rack_plan": {"hosts": {name: {"stacks": {}, "externals": []} for name in NAMES}},
            "rack_state_directory": str(tmp_path),
            "ansible_python_interpreter": sys.executable,
        }
        options = ["--inventory", str(tmp_path / "hosts"), "--connection", "local", "--extra-vars", json.dumps(variables)]
        done = run("ansible-playbook", *options, tmp_path / "play.yml", cwd=ROOT, PATH=path, DOCKER_HOST=engine.address)
    said = " ".join(done.stdout.split())
    assert (done.returncode, "Cannot work on sandbox and overflow1: they are the same machine." in said) == (2, True), done.stdout + done.stderr
