# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only a kernel of one's own shows: cgroup v2 under the systemd driver, real swap, real pressure, a real want of memory."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from typing import Any

import docker
import docker.errors
import pytest

from tests.rig.ssh import wait_for
from tests.rig.vm import SERVER, VirtualMachine
from tests.system.playbooks import ROOT

IMAGE = "eater"
PROJECT = "eaters"
MIB = 1 << 20
#: An emulated machine that swaps is slow, and slower on a busy one.
PATIENCE = 600

# Written to once it is there; with `walk` over and over, so that what was swapped out has to come back.
EAT = """
import sys, time
held = [bytearray(b"x" * (1 << 20)) for _ in range(int(sys.argv[1]))]
print("eaten", flush=True)
while True:
    for block in held if sys.argv[2] == "walk" else ():
        block[::4096] = b"y" * 256
    time.sleep(0.1)
"""
FEED_A_CHILD = 'python3 -c "$0" 100 hold; echo killed; exec sleep infinity'

Module = Callable[..., dict[str, Any]]

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("vm")]


@pytest.fixture(scope="module")
def vm() -> Iterator[VirtualMachine]:
    with VirtualMachine.up() as machine:
        yield machine


@pytest.fixture(scope="module")
def client(vm: VirtualMachine) -> Iterator[docker.DockerClient]:
    with vm.docker() as client:
        client.api.import_image_from_data(_links_to_usr(), IMAGE)
        yield client


@pytest.fixture
def eater(client: docker.DockerClient) -> Iterator[Callable[..., Any]]:
    """Start a container of a Compose service that takes memory; it is gone after the test."""
    with contextlib.ExitStack() as afterwards:

        def start(name: str, *command: str, says: bytes = b"eaten", **options: Any) -> Any:
            labels = {"com.docker.compose.project": PROJECT, "com.docker.compose.service": name}
            binds = {"/usr": {"bind": "/usr", "mode": "ro"}}
            container = client.containers.create(IMAGE, list(command), name=name, labels=labels, volumes=binds, network_mode="none", **options)
            afterwards.callback(container.remove, force=True)
            container.start()
            wait_for(f"{name} to say {says!r}", lambda: says in container.logs(), seconds=PATIENCE)
            return container

        yield start


@pytest.fixture(scope="module")
def module(vm: VirtualMachine) -> Module:
    """Run a module of the collection on the machine as Ansible does, over SSH, and have what it returns."""

    def run(name: str, *arguments: str, **options: Any) -> dict[str, Any]:
        command = ["ansible", SERVER, "--inventory", str(vm.inventory), "--module-name", f"mycosoft.rack.{name}", *arguments]
        if options:
            command += ["--args", json.dumps(options)]
        settings = {"ANSIBLE_CALLBACK_RESULT_FORMAT": "json"}
        done = subprocess.run(command, cwd=ROOT, env={**os.environ, **settings}, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        result: dict[str, Any] = json.loads(done.stdout[done.stdout.index("{") :])
        return result

    return run


def _links_to_usr() -> bytes:
    """An image that holds nothing: the server's own programs are mounted into it."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name in ("bin", "lib", "lib64"):
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, f"usr/{name}"
            tar.addfile(link)
    return archive.getvalue()


def eat(mebibytes: int, how: str = "hold") -> tuple[str, ...]:
    return ("python3", "-c", EAT, str(mebibytes), how)


def cgroup(vm: VirtualMachine, container: Any, *files: str) -> list[str]:
    """What the kernel's files of the container hold."""
    return vm.run(["cat", *(f"/sys/fs/cgroup/system.slice/docker-{container.id}.scope/{file}" for file in files)]).stdout.splitlines()


def near(value: float) -> Any:
    return pytest.approx(value, rel=0.01)


def told_of(result: dict[str, Any], container: Any) -> dict[str, Any]:
    return next(found for found in result["containers"] if found["id"] == container.id)


def levels(result: dict[str, Any]) -> dict[str, str]:
    """Subject of each finding, and its level."""
    return {finding["subject"]: finding["level"] for finding in result["findings"]}


def meminfo(vm: VirtualMachine) -> dict[str, int]:
    lines = vm.run(["cat", "/proc/meminfo"]).stdout.splitlines()
    return {name.rstrip(":"): int(number) * 1024 for name, number, *_unit in map(str.split, lines)}


def waited(vm: VirtualMachine) -> int:
    """Microseconds since the boot in which some task waited for memory."""
    return int(vm.run(["cat", "/proc/pressure/memory"]).stdout.split("total=")[1].split()[0])


def test_the_machine_is_what_most_servers_are(vm: VirtualMachine, client: docker.DockerClient) -> None:
    info = client.info()
    assert (info["CgroupVersion"], info["CgroupDriver"], info["SwapLimit"]) == ("2", "systemd", True)
    assert vm.run(["stat", "--file-system", "--format", "%T", "/sys/fs/cgroup"]).stdout.strip() == "cgroup2fs"
    assert vm.run(["cat", "/proc/pressure/memory"]).stdout.startswith("some avg10=")
    assert meminfo(vm)["SwapTotal"] >= 500 * MIB


def test_every_number_comes_from_the_kernels_files_and_is_what_others_measure(vm: VirtualMachine, module: Module, eater: Callable[..., Any]) -> None:
    container = eater("steady", *eat(200))
    with vm.popen(["free", "--bytes", "--seconds", "0.5"]) as others:  # all the while: what the check itself takes is part of what it finds
        result = module("memory_check")
        others.terminate()
        assert others.stdout
        rows = [line.split() for line in others.stdout if len(line.split()) in (4, 7)]

    host, found = result["host"], told_of(result, container)
    memory, swap = ([tuple(map(int, row[1:])) for row in rows if row[0] == name and len(row) == width] for name, width in (("Mem:", 7), ("Swap:", 4)))
    assert {host["total"]} == {row[0] for row in memory}
    for key, column in (("available", 5), ("used", 1)):
        assert min(row[column] for row in memory) * 0.99 <= host[key] <= max(row[column] for row in memory) * 1.01
    assert (host["swap_total"], near(host["swap_used"])) in [(row[0], row[1]) for row in swap]
    assert set(host["pressure"]) == {"some", "full"}

    stats = container.client.api.stats(container.id, stream=False, one_shot=True)["memory_stats"]
    assert found["working_set"] == near(stats["usage"] - stats["stats"]["inactive_file"])
    current, peak, *lines = cgroup(vm, container, "memory.current", "memory.peak", "memory.stat")
    inactive = dict(line.split() for line in lines)["inactive_file"]
    assert found["working_set"] == near(int(current) - int(inactive))
    assert (found["limit"], found["memory_swap"]) == (None, None)
    # the engine's stats of cgroup v2 know neither: it was the files that told
    assert (found["peak"], found["oom_kills"]) == (near(int(peak)), 0)


def test_limits_are_set_in_place_and_proven_by_the_kernel(vm: VirtualMachine, module: Module, eater: Callable[..., Any]) -> None:
    container = eater("limited", *eat(20))
    before = container.attrs["Id"], _life(container)
    limits = [{"project": PROJECT, "service": "limited", "memory": 256 * MIB, "memory_swap": 384 * MIB, "reservation": 64 * MIB}]

    assert module("docker_memory_limits", limits=limits)["changed"]

    assert cgroup(vm, container, "memory.max", "memory.swap.max", "memory.low") == [str(size * MIB) for size in (256, 128, 64)]
    assert (container.attrs["Id"], _life(container)) == before
    proof = module("docker_memory_limits", "--check", limits=limits)
    [held] = proof["containers"]
    assert (proof["changed"], proof["swap_accounted"]) == (False, True)
    assert (held["before"]["kernel_memory"], held["before"]["kernel_memory_swap"]) == (256 * MIB, 384 * MIB)


def _life(container: Any) -> tuple[str, int]:
    container.reload()
    state = container.attrs["State"]
    return state["StartedAt"], state["Pid"]


def test_what_takes_more_than_there_is_swaps_is_told_of_and_once_capped_is_killed(vm: VirtualMachine, module: Module, eater: Callable[..., Any]) -> None:
    parent = eater("parent", "sh", "-c", FEED_A_CHILD, EAT, says=b"killed", mem_limit=32 * MIB, memswap_limit=32 * MIB)
    calm, memory = waited(vm), meminfo(vm)
    wanted = memory["MemAvailable"] + memory["SwapTotal"] // 2
    greedy = eater("greedy", *eat(wanted // MIB, "walk"))
    wait_for("pressure", lambda: waited(vm) > calm and vm.run(["grep", "^some avg10=0.00", "/proc/pressure/memory"], check=False).returncode == 1, PATIENCE)

    result = module("memory_check")

    assert result["status"] == "critical"
    assert {"host", "swap", "limits", f"{PROJECT}/parent"} <= set(levels(result))
    assert levels(result)["host"] in ("warn", "critical")
    assert result["host"]["swap_used_percent"] >= 25
    assert result["host"]["pressure"]["some"]["avg10"] > 0
    child = told_of(result, parent)
    assert (child["state"], child["oom_kills"]) == ("running", int(dict(line.split() for line in cgroup(vm, parent, "memory.events"))["oom_kill"]))
    assert child["oom_kills"] > 0

    limits = [{"project": PROJECT, "service": "greedy", "memory": 64 * MIB}]
    module("docker_memory_limits", limits=limits, allow_below_usage=True)
    wait_for("the end of greedy", lambda: not _runs(greedy), PATIENCE)
    killed = module("memory_check")

    assert told_of(killed, greedy)["oom_killed"]
    assert f"{PROJECT}/greedy" in levels(killed)
    assert {"host", "limits"}.isdisjoint(levels(killed))


def _runs(container: Any) -> bool:
    container.reload()
    return bool(container.attrs["State"]["Running"])
