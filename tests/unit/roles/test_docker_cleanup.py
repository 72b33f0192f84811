# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role docker_cleanup, run by ansible-playbook on this machine against a stand-in of the engine: what its plain output says, and when."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from ansible_collections.mycosoft.rack.tests.fakes.docker_engine import DockerEngine

from tests.support.repository import ROOT, run

pytestmark = pytest.mark.slow

MIB = 1024**2
PLAYBOOK = [{"name": "Clean up", "hosts": "localhost", "connection": "local", "gather_facts": False, "roles": ["mycosoft.rack.docker_cleanup"]}]


def fill(engine: DockerEngine) -> None:
    """What somebody left there by hand, among what can be had again."""
    for number in range(12):
        engine.add_image("hub.example/web:%d" % number, digests=["hub.example/web@sha256:%064d" % number], layers={"web%d" % number: MIB})
    engine.add_container("report", engine.add_image("report:1", digests=["report@sha256:%064d" % 1]).id, size=182 * MIB)
    engine.add_container("clean", engine.add_image("tool:1", layers={"tool": 5 * MIB}).id)
    engine.add_cache("step", size=MIB)


def play(engine: DockerEngine, folder: Path, *arguments: str) -> list[str]:
    """The sentences of the output, from the first that the cleanup says."""
    variables = {
        "ansible_python_interpreter": sys.executable,
        "docker_cleanup_stacks": {},
        "docker_cleanup_checked": {"images": []},
        "docker_cleanup_keep_projects": ["mas"],
        "rack_state_directory": str(folder),
    }
    (folder / "play.yml").write_text(json.dumps(PLAYBOOK), encoding="utf-8")
    (folder / "variables.json").write_text(json.dumps(variables), encoding="utf-8")
    command = ("ansible-playbook", folder / "play.yml", "--inventory", "localhost,", "--extra-vars", "@%s" % (folder / "variables.json"))
    environment = {"DOCKER_HOST": engine.address, "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"}
    done = run(*command, *arguments, cwd=ROOT, **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert engine.violations == []
    lines = [line.strip().rstrip(",") for line in done.stdout.splitlines()]
    return [line.replace('"msg": ', "").strip('"') for line in lines if line.startswith('"') and not line.endswith("[")]


@pytest.mark.parametrize("arguments", [("--check",), ()], ids=["check", "real"])
def test_the_plain_output_names_what_goes_with_sizes_before_it_goes_and_what_waits(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    with DockerEngine(tmp_path) as engine:
        fill(engine)
        said = play(engine, tmp_path, *arguments)
        counts = "0 containers, 12 images, 0 networks, 0 volumes and 1 build cache record: 13M of disk"
        assert said[:3] == [
            "localhost %s %s" % ("would remove" if arguments else "removes", counts),
            "12 images of hub.example/web (12M) such as hub.example/web:0, hub.example/web:1, hub.example/web:10",
            "1 build cache record (1M)",
        ]
        assert sorted(line.partition(" is kept until 20")[0] for line in said[3:5]) == ["container clean (exited, 0B)", "container report (exited, 182M)"]
        assert said[5].startswith("image tool:1 (5M) is kept until 20")
        assert said[6].startswith("To keep something for good, name it in a docker_cleanup_keep_ variable.")
        if arguments:
            assert (len(said), engine.writes) == (7, [])
        else:
            assert said[7:] == ["localhost removed %s." % counts]
            assert len(engine.writes) == 13
