# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docker_prune is killed at any moment: what somebody wants is there, and the next run finishes the job."""

from __future__ import annotations

import dataclasses
import json
import os
import random
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from tests.rig.rig import Rig
from tests.system import kill_after, litter

SERVER = "sandbox"
ROUNDS = 20
SEED = 20261123
#: Of the rounds. A kill after the last object, or before the next event is told, may find all or nothing done.
HALF_WAY = 15
#: Seconds. What goes without an event for each of its parts, the build cache, is on its way for so long after the one before it.
DELAY = 0.005
NEVER = 10**9


@dataclasses.dataclass(frozen=True)
class Prune:
    """The module on the server, as Ansible puts it there: one Python process with the options in it."""

    rig: Rig
    program: tuple[str, ...]

    def killed(self, count: int, delay: float) -> dict[str, Any]:
        """Kill it ``delay`` seconds after ``count`` objects have gone."""
        source = Path(kill_after.__file__).read_text(encoding="utf-8")
        return dict(json.loads(self.rig.run(SERVER, ["python3", "-c", source, str(count), str(delay), *self.program]).stdout))

    def finished(self) -> dict[str, Any]:
        """What a run says that nothing disturbs; one that fails raises."""
        return dict(json.loads(self.rig.run(SERVER, self.program).stdout))


def options(client: docker.DockerClient, folder: str) -> dict[str, Any]:
    """All kinds go, but for the stack and for what was on the server before."""
    api = client.api
    names = [name.lstrip("/") for container in api.containers(all=True) for name in container["Names"]]
    names += [network["Name"] for network in api.networks()] + [volume["Name"] for volume in api.volumes()["Volumes"] or ()]
    return {
        "volumes": True,
        "volumes_grace": "0",
        "irreplaceable_grace": "0",
        "state_directory": folder,
        "keep_projects": [litter.PROJECT],
        "keep_images": [image["Id"] for image in api.images(all=True)],
        "keep_regex": ["^(%s)$" % "|".join(map(re.escape, names))],
    }


def put_on_server(rig: Rig, folder: str, chosen: dict[str, Any]) -> Prune:
    """Have Ansible run the module once and leave it where it ran; unpacked, Python compiles it once and not in every round."""
    settings = {"ANSIBLE_KEEP_REMOTE_FILES": "1", "ANSIBLE_REMOTE_TMP": folder}
    command = ["ansible", SERVER, "--inventory", str(rig.inventory), "--module-name", "mycosoft.rack.docker_prune", "--args", json.dumps(chosen)]
    done = subprocess.run(command, env={**os.environ, **settings}, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    payload = rig.run(SERVER, ["find", folder, "-name", "AnsiballZ_docker_prune.py"]).stdout.strip()
    rig.run(SERVER, ["python3", payload, "explode"])
    return Prune(rig, ("python3", payload, "execute"))


@pytest.fixture
def client(rig: Rig) -> Iterator[docker.DockerClient]:
    with rig.docker(SERVER) as connected:
        yield connected


@pytest.fixture
def prune(rig: Rig, client: docker.DockerClient) -> Iterator[Prune]:
    """The module on a server that holds a stopped stack; afterwards the server is as it was, but for build cache."""
    before = litter.objects(client)
    folder = rig.run(SERVER, ["mktemp", "--directory"]).stdout.strip()
    chosen = options(client, folder)
    try:
        litter.stopped_stack(client)
        yield put_on_server(rig, folder, chosen)
    finally:
        litter.sweep(client, before)
        rig.run(SERVER, ["rm", "-r", folder])


@pytest.mark.slow
def test_killed_at_any_moment_it_loses_nothing_and_the_next_run_finishes(
    rig: Rig, client: docker.DockerClient, prune: Prune, record_property: Callable[[str, object], None]
) -> None:
    chance = random.Random(SEED)  # noqa: S311 (repeatable, no secret)
    wanted = litter.objects(client)
    litter.scatter(rig, SERVER, client, "undisturbed")
    whole = prune.killed(NEVER, 0)["gone"]
    half_way = 0
    for number in range(ROUNDS):
        litter.scatter(rig, SERVER, client, f"round {number}")
        scattered = litter.objects(client) - wanted
        count, delay = chance.randrange(1, whole), chance.uniform(0, DELAY)
        about = f"seed {SEED}, round {number}: killed {delay * 1000:.1f} ms after {count} of {whole} had gone"

        killed = prune.killed(count, delay)
        there = litter.objects(client)
        assert not wanted - there, about
        half_way += killed["code"] == -signal.SIGKILL and 0 < len(there - wanted) < len(scattered)

        assert prune.finished()["failed_objects"] == [], about
        assert litter.objects(client) == wanted, about
        assert prune.finished()["changed"] is False, about
    litter.start_stack(client)
    record_property("said", f"docker_prune was killed {ROUNDS} times, {half_way} of them half-way through {whole} removals")
    assert half_way >= HALF_WAY, f"only {half_way} of {ROUNDS} kills came half-way"
