"""A rack of the oldest and the newest Docker Engine of the matrix: the whole order, the limits, a clean-up that keeps the stacks, and what depends on the
version of Compose: jobs, and what a failed start leaves.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.rig.rig import Rig
from tests.support.playbooks import Run, run_playbook, run_task
from tests.support.servers import docker, services

G = 1024**3
SERVERS = ("sandbox", "overflow1")


@pytest.fixture(scope="module")
def deployed(engines: Rig) -> Rig:
    run_playbook("playbooks/deploy.yml", engines.inventory).succeeded()
    return engines


def test_the_servers_run_the_oldest_and_the_newest_engine(engines: Rig) -> None:
    versions = [docker(engines, server, "version", "--format", "{{.Server.Version}}") for server in SERVERS]
    assert [version.rpartition(".")[0] for version in versions] == ["20.10", "28.5"]


def test_a_deploy_ends_healthy_within_the_limits_of_the_table(deployed: Rig) -> None:
    found = {name: service for server in SERVERS for name, service in services(deployed, server).items()}
    limits = {name: (service["HostConfig"]["Memory"], service["HostConfig"]["MemorySwap"]) for name, service in found.items()}
    assert limits == {"mycosoft-website": (32 * G, 32 * G), "mindex-api": (16 * G, 16 * G), "mas-orchestrator": (8 * G, 8 * G), "mindex-db": (0, 0)}
    assert {service["State"]["Health"]["Status"] for service in found.values()} == {"healthy"}


def test_stacks_that_are_stopped_survive_the_clean_up_with_all_they_have(deployed: Rig) -> None:
    before = {server: services(deployed, server) for server in SERVERS}
    for server, found in before.items():
        docker(deployed, server, "stop", *(service["Id"] for service in found.values()))

    run_playbook("playbooks/cleanup.yml", deployed.inventory).succeeded()

    for server, found in before.items():
        after = services(deployed, server)
        assert {name: (one["Id"], one["Image"]) for name, one in after.items()} == {name: (one["Id"], one["Image"]) for name, one in found.items()}
    assert "mycosoft-always-on_mindex-data" in docker(deployed, "sandbox", "volume", "ls", "--format", "{{.Name}}").split()
    for server, found in before.items():
        docker(deployed, server, "start", *(service["Id"] for service in found.values()))


COMPOSE = """\
name: starts
services:
  web:
    image: redis:8.0
    command: [redis-server]
    environment: {{RELEASE: "{release}"}}
    stop_grace_period: 1s
    healthcheck: {{test: [CMD, redis-cli, ping], interval: 1s}}
  init: {{image: "redis:8.0", command: [sh, -c, "echo it says {code}; exit {code}"]}}
"""
#: A service that cannot be created, because somebody's container has its name.
TAKEN = '  extra: {image: "redis:8.0", container_name: starts-taken}\n'


@dataclasses.dataclass(frozen=True)
class Project:
    """A small project on a server, started as Compose does it."""

    rig: Rig
    server: str

    def up(self, release: int = 1, code: int = 0, more: str = "") -> int:
        """The exit code of a start."""
        text = COMPOSE.format(release=release, code=code) + more
        self.rig.run(self.server, ["sh", "-c", 'mkdir -p starts; printf %s "$1" >starts/compose.yml', "sh", text])
        return self.rig.run(self.server, [*_COMPOSE, "up", "--detach", "--quiet-pull"], check=False).returncode

    def task(self, module: str, **options: Any) -> Run:
        return run_task(f"mycosoft.rack.{module}", self.server, self.rig.inventory, options)

    def web(self) -> str:
        """Its container, and since when it runs."""
        return docker(self.rig, self.server, "inspect", "--format", "{{.Id}} {{.State.StartedAt}}", "starts-web-1")

    def left(self) -> str:
        return docker(self.rig, self.server, "ps", "--all", "--quiet", "--filter", "status=created").strip()


_COMPOSE = ("docker", "compose", "--file", "starts/compose.yml")


@pytest.fixture(params=SERVERS)
def project(request: pytest.FixtureRequest, engines: Rig) -> Iterator[Project]:
    made = Project(engines, request.param)
    docker(engines, made.server, "run", "--detach", "--name", "starts-taken", "redis:8.0")
    yield made
    docker(engines, made.server, "rm", "--force", "--volumes", "starts-taken")
    engines.run(made.server, [*_COMPOSE, "down", "--volumes", "--remove-orphans"])


@pytest.mark.parametrize("code", [0, 7])
def test_a_job_that_nobody_depends_on_decides_by_how_it_ended(project: Project, code: int) -> None:
    since = project.rig.run(project.server, ["date", "--utc", "+%Y-%m-%dT%H:%M:%SZ"]).stdout.strip()
    assert project.up(code=code) == 0

    watched = project.task("docker_watch", services=[{"project": "starts", "service": "web"}], since=since, wait=60, seconds=0)

    assert watched.code == (0 if code == 0 else 2), watched.output
    assert ("starts/init: ended with exit code 7" in watched.output and "it says 7" in watched.output) == (code == 7)


def test_what_a_failed_start_leaves_costs_nothing_of_what_runs(project: Project) -> None:
    assert project.up(release=1) == 0
    before = project.web()
    assert project.up(release=2, more=TAKEN) != 0
    deadline = time.monotonic() + 3  # the engine finishes what Compose no longer waits for; some versions of Compose leave nothing
    while not project.left() and time.monotonic() < deadline:
        time.sleep(0.1)

    project.task("compose_leftovers", projects=["starts"]).succeeded()

    assert project.left() == ""
    assert project.up(release=1) == 0
    assert project.web() == before
