"""The override on every way to write a stack, started by the engine: the limit of the plan is on the container, and the rest is as it was written."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.rig.rig import Rig
from tests.support.compose_bases import BASES
from tests.support.composed import Compose, G, service, stack
from tests.support.servers import docker

SERVER = "overflow2"  # nothing else runs there
IMAGE = "redis:8.0"
FOLDER = "/tmp/bases"  # noqa: S108 (on a server of the rig)

#: $1: verb and options; every base is a project of its own, named after its folder.
EACH = f'for base in {FOLDER}/*; do cd "$base" && docker compose --project-name "$(basename "$base")" $(cat files) $1 || exit 1; done'


@pytest.fixture(scope="module")
def rig(engines: Rig) -> Rig:
    """One server of a rack is all that is needed, and nothing is placed on this one."""
    return engines


@pytest.fixture(scope="module")
def started(rig: Rig, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, dict[str, Any]]]:
    """The container of ``web`` of each base, as the engine inspects it."""
    folder = tmp_path_factory.mktemp("bases")
    for number, (base, more, _notes) in enumerate(BASES.values()):
        place = folder / f"base{number}"
        place.mkdir()
        compose = Compose(place, base, **more)
        compose.with_override(stack({"web": {**service(16), "oom_score_adj": 100, "env": {"FROM_THE_PLAN": "yes"}}}))
        (place / "files").write_text(" ".join(f"--file {name}" for name in [*compose.files, "override.yml"]), encoding="utf-8")
    send(rig, folder)
    docker(rig, SERVER, "pull", "--quiet", IMAGE)
    docker(rig, SERVER, "tag", IMAGE, "x")
    try:
        up = ["sh", "-c", EACH.replace("$1", "up --detach --no-build --pull never --quiet-pull web")]
        # seen once: runc lost a container while it was made ("waiting for init preliminary setup"); the next try makes it
        if rig.run(SERVER, up, check=False, timeout=300).returncode != 0:
            rig.run(SERVER, up, timeout=300)
        ids = docker(rig, SERVER, "ps", "--quiet", "--filter", "label=com.docker.compose.service=web").split()
        found = {container["Config"]["Labels"]["com.docker.compose.project"]: container for container in json.loads(docker(rig, SERVER, "inspect", *ids))}
        yield {name: found[f"base{number}"] for number, name in enumerate(BASES)}
    finally:
        rig.run(SERVER, ["sh", "-c", EACH.replace("$1", "--profile '*' down --volumes --timeout 0")])
        docker(rig, SERVER, "rmi", "x")
        rig.run(SERVER, ["rm", "--recursive", FOLDER])


def send(rig: Rig, folder: Path) -> None:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.add(folder, Path(FOLDER).name)
    # not over the shared connection: it would hold the pipe open
    unpack = [*rig.identity.command(rig.layout.address(SERVER), shared=False), "--", "tar", "--extract", "--directory", str(Path(FOLDER).parent)]
    subprocess.run(unpack, input=archive.getvalue(), check=True)


@pytest.mark.parametrize("name", BASES)
def test_the_limit_of_the_plan_is_on_the_container(started: dict[str, dict[str, Any]], name: str) -> None:
    container = started[name]
    config = container["HostConfig"]
    assert (config["Memory"], config["MemorySwap"], config["OomScoreAdj"]) == (16 * G, 16 * G, 100)
    assert "FROM_THE_PLAN=yes" in container["Config"]["Env"]
    assert container["State"]["Running"] is True


def test_a_name_and_ports_that_are_fixed_stay(started: dict[str, dict[str, Any]]) -> None:
    container = started["container_name and fixed ports"]
    assert container["Name"] == "/site"
    assert container["HostConfig"]["PortBindings"] == {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}], "443/udp": [{"HostIp": "", "HostPort": "443"}]}
