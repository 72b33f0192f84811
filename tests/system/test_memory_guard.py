"""A server short of memory: what the guard stops, where it builds instead, what it refuses, and what a build may take."""

from __future__ import annotations

import copy
import dataclasses
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.rig.meminfo import GIB, profile
from tests.rig.rig import Rig
from tests.support.playbooks import Run, run_playbook
from tests.support.repository import ROOT
from tests.support.servers import docker, running, services
from tests.system.conftest import BUSY, STATE, Playbook

MIB = 1024**2
STACKS = yaml.safe_load((ROOT / "tests/rig/inventory/group_vars/all/rack.yml").read_text())["rack_stacks"]
NEED = GIB  # rack_build_allowance of the rig
IMAGE = "mycosoft-always-on-mycosoft-website"
LIMIT = "/sys/fs/cgroup/memory/docker/buildkit/memory.limit_in_bytes"


def guarded_build(rig: Rig, **extra: Any) -> Run:
    return run_playbook("tests/system/plays/guarded_build.yml", rig.inventory, "--limit", BUSY, extra=extra)


def set_available(rig: Rig, available: int, server: str = "sandbox") -> None:
    rig.set_memory(server, dataclasses.replace(profile("incident", server), available=available))


def image(rig: Rig, server: str) -> str:
    return docker(rig, server, "image", "inspect", "--format", "{{.Id}}", IMAGE).strip()


@pytest.fixture
def short(rig: Rig, deployed: Run) -> Iterator[None]:
    """The sandbox has 512 MiB left, half of what a build needs."""
    set_available(rig, NEED // 2)
    yield
    rig.set_memory("sandbox", "calm")


def test_a_build_without_memory_is_refused_with_the_bytes_that_are_missing(rig: Rig, short: None) -> None:
    before = running(rig, "sandbox"), image(rig, "sandbox")
    output = " ".join(guarded_build(rig).refused().output.split())
    assert "Cannot build on sandbox: the build needs 1G, 512M are available: 512M (536870912 bytes) are missing." in output
    assert "The biggest containers are mycosoft-always-on-" in output
    assert (running(rig, "sandbox"), image(rig, "sandbox")) == before


def test_another_server_builds_where_one_is_named(rig: Rig, short: None) -> None:
    before = running(rig, "sandbox")
    former = image(rig, "sandbox")
    rig.push("website", {"VERSION": "built elsewhere\n"}, "A version that another server builds")
    guarded_build(rig, rack_build_host="overflow1").succeeded()
    built = image(rig, "sandbox")
    assert built != former
    assert image(rig, "overflow1") == built
    assert docker(rig, "sandbox", "run", "--rm", "--network", "none", IMAGE, "cat", "VERSION") == "built elsewhere\n"
    assert running(rig, "sandbox") == before
    for server in ("sandbox", "overflow1"):
        assert rig.run(server, ["find", STATE, "-maxdepth", "1", "-name", "build-*"]).stdout == "", "what was shipped is left"


class Follower(threading.Thread):
    """Gives the memory back to /proc/meminfo as soon as a container no longer runs, as a kernel does."""

    def __init__(self, rig: Rig, container: str, server: str = "sandbox") -> None:
        super().__init__(daemon=True)
        self.rig, self.container, self.server = rig, container, server
        self.saw_it_stopped = False
        self.done = threading.Event()

    def run(self) -> None:
        while not self.done.wait(0.1):
            if self.container not in docker(self.rig, self.server, "ps", "--quiet", "--no-trunc").split():
                self.saw_it_stopped = True
                set_available(self.rig, NEED, self.server)
                return


def test_an_optional_service_is_stopped_while_it_builds_and_started_again(rig: Rig, deployed: Run) -> None:
    stacks = copy.deepcopy(STACKS)
    stacks["always-on"]["services"]["mindex-db"] = {"memory": "1G", "optional": True}
    database = services(rig, "sandbox")["mindex-db"]["Id"]
    before = running(rig, "sandbox")
    set_available(rig, NEED - MIB)
    follower = Follower(rig, database)
    follower.start()
    try:
        output = guarded_build(rig, rack_stacks=stacks).succeeded().output
    finally:
        follower.done.set()
        follower.join()
        rig.set_memory("sandbox", "calm")
    assert follower.saw_it_stopped, output
    after = running(rig, "sandbox")
    assert set(after) == set(before)
    assert [after[name][0] for name in before if after[name] != before[name]] == [database], "it is the same container, started anew"


def test_one_whose_container_the_deploy_replaces_runs_in_the_end(rig: Rig, deployed: Run, playbook: Playbook) -> None:
    stacks = copy.deepcopy(STACKS)
    stacks["mas"]["services"]["mas-orchestrator"]["optional"] = True
    stacks["always-on"]["services"]["mycosoft-website"]["needs"] = ["mindex-api"]
    before = services(rig, "overflow1")["mas-orchestrator"]["Id"]
    rig.push("mas", {"VERSION": "another\n"}, "An orchestrator that is built anew")
    set_available(rig, NEED - MIB, "overflow1")
    follower = Follower(rig, before, "overflow1")
    follower.start()
    try:
        output = playbook("deploy", extra={"rack_stacks": stacks}).succeeded().output
    finally:
        follower.done.set()
        follower.join()
        rig.set_memory("overflow1", "calm")
    assert follower.saw_it_stopped, output
    assert "Restart | Restart the optional services" in output
    after = services(rig, "overflow1")["mas-orchestrator"]
    assert after["Id"] != before, "its image is another one"
    assert after["State"]["Running"]


@pytest.fixture
def hungry_build(rig: Rig, deployed: Run) -> Iterator[None]:
    """The website's next build wants 200 MiB."""
    good = (ROOT / "tests/rig/stacks/website/Dockerfile").read_text()
    rig.push("website", {"Dockerfile": good + "RUN python3 -c 'bytearray(200 * 1024 * 1024)'\n"}, "A build that wants much")
    yield
    rig.push("website", {"Dockerfile": good}, "A build that wants little")


def test_a_build_that_outgrows_its_allowance_is_killed_and_nothing_else_is(rig: Rig, hungry_build: None) -> None:
    before = running(rig, "sandbox"), image(rig, "sandbox")
    output = " ".join(guarded_build(rig, rack_build_allowance="64M").refused().output.split())
    assert "exit code: 137" in output
    assert "of their limit of 64M. Where a step was killed" in output
    assert (running(rig, "sandbox"), image(rig, "sandbox")) == before
    assert int(rig.run("sandbox", ["cat", LIMIT]).stdout) > 2**62, "the limit outlived the build"
