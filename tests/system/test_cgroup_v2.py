# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only a kernel of one's own shows: cgroup v2 under the systemd driver, real swap, real pressure, a real want of memory."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shlex
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from typing import Any

import docker
import pytest

from tests.rig.vm import SERVER, VirtualMachine
from tests.support.module_server import ModuleServer
from tests.support.repository import ROOT

IMAGE = "eater"
PROJECT = "eaters"
MIB = 1 << 20
#: An emulated machine that swaps is slow, and slower on a busy one.
PATIENCE = 600

# What is never written to is not there. With `walk` it is written to over and over, so that what was swapped out has to come back.
EAT = """
import sys, time
held = [bytearray(1 << 20) for _ in range(int(sys.argv[1]))]
for block in held:
    block[::4096] = b"x" * 256
print("eaten", flush=True)
while True:
    for block in held if sys.argv[2] == "walk" else ():
        block[::4096] = b"y" * 256
        time.sleep(0.05)
    time.sleep(1)
"""
FEED_A_CHILD = 'python3 -c "$0" 100 hold; echo killed; exec sleep infinity'
# Asked on the machine itself: each look from outside would cost it a second of its processor.
UNTIL_PRESSED = "while grep --quiet '^some avg10=0.00' /proc/pressure/memory; do sleep 1; done"

Module = Callable[..., dict[str, Any]]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def vm() -> Iterator[VirtualMachine]:
    machine = VirtualMachine()
    try:
        machine.up()
        yield machine
    finally:
        machine.down()


@pytest.fixture(scope="module")
def client(vm: VirtualMachine) -> Iterator[docker.DockerClient]:
    with vm.docker(SERVER) as client:
        client.api.import_image_from_data(_links_to_usr(), IMAGE)
        yield client


@pytest.fixture
def eater(client: docker.DockerClient) -> Iterator[Callable[..., Any]]:
    """Start a container of a Compose service that takes memory; it is gone after the test."""
    with contextlib.ExitStack() as afterwards:

        def start(name: str, *command: str, says: bytes = b"eaten", **options: Any) -> Any:
            labels = {"com.docker.compose.project": PROJECT, "com.docker.compose.service": name, "com.docker.compose.config-hash": "c0ffee"}
            binds = {"/usr": {"bind": "/usr", "mode": "ro"}}
            # as the first process of its container it hears of nothing else
            options = {"stop_signal": "SIGKILL", "network_mode": "none", **options}
            container = client.containers.create(IMAGE, list(command), name=name, labels=labels, volumes=binds, **options)
            afterwards.enter_context(contextlib.suppress(docker.errors.NotFound))  # some tests remove it themselves
            afterwards.callback(container.remove, force=True)
            container.start()
            assert any(says in line for line in container.logs(stream=True, follow=True)), f"{name} ended before it said {says!r}"
            return container

        yield start


@pytest.fixture(scope="module")
def unpacked(vm: VirtualMachine) -> Module:
    """Run a module on the machine where it lies unpacked: Ansible's own archive of it is compiled anew each time, half a minute there."""
    server = ModuleServer(vm, SERVER)

    def run(name: str, *under: str, **options: Any) -> dict[str, Any]:
        return server.run_module(f"ansible_collections.mycosoft.rack.plugins.modules.{name}", options, *under)[1]

    return run


def ansible(vm: VirtualMachine, name: str, *arguments: str) -> dict[str, Any]:
    """Run a module as Ansible does, over SSH, and have what it returns."""
    command = ["ansible", SERVER, "--inventory", str(vm.inventory), "--module-name", f"mycosoft.rack.{name}", *arguments]
    environment = {**os.environ, "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"}
    done = subprocess.run(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    result: dict[str, Any] = json.loads(done.stdout[done.stdout.index("{") :])
    return result


@contextlib.contextmanager
def watched(vm: VirtualMachine) -> Iterator[list[list[str]]]:
    """The lines of ``free`` all through the block, as words, once it has ended: what a check takes itself is part of what it finds."""
    rows: list[list[str]] = []
    # one process for each look: `free --seconds` keeps its lines to itself until it has a page of them
    loop = "while free --bytes; do sleep 0.3; done"
    command = [*vm.identity.command(vm.layout.address(SERVER), shared=False), "--", "sh", "-c", shlex.quote(loop)]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as process:
        yield rows
        process.terminate()
        assert process.stdout
        rows += [line.split() for line in process.stdout]


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
    return vm.run(SERVER, ["cat", *(f"/sys/fs/cgroup/system.slice/docker-{container.id}.scope/{file}" for file in files)]).stdout.splitlines()


def near(value: float) -> Any:
    return pytest.approx(value, rel=0.01)


def told_of(result: dict[str, Any], container: Any) -> dict[str, Any]:
    return next(found for found in result["containers"] if found["id"] == container.id)


def levels(result: dict[str, Any]) -> dict[str, str]:
    """Subject of each finding, and its level."""
    return {finding["subject"]: finding["level"] for finding in result["findings"]}


def meminfo(vm: VirtualMachine) -> dict[str, int]:
    lines = vm.run(SERVER, ["cat", "/proc/meminfo"]).stdout.splitlines()
    return {name.rstrip(":"): int(number) * 1024 for name, number, *_unit in map(str.split, lines)}


def test_the_machine_is_what_most_servers_are(vm: VirtualMachine, client: docker.DockerClient) -> None:
    info = client.info()
    assert (info["CgroupVersion"], info["CgroupDriver"], info["SwapLimit"]) == ("2", "systemd", True)
    assert vm.run(SERVER, ["stat", "--file-system", "--format", "%T", "/sys/fs/cgroup"]).stdout.strip() == "cgroup2fs"
    assert vm.run(SERVER, ["cat", "/proc/pressure/memory"]).stdout.startswith("some avg10=")
    assert meminfo(vm)["SwapTotal"] >= 500 * MIB


def test_every_number_comes_from_the_kernels_files_and_is_what_others_measure(vm: VirtualMachine, eater: Callable[..., Any]) -> None:
    container = eater("steady", *eat(200))
    with watched(vm) as rows:
        result = ansible(vm, "memory_check")

    host, found = result["host"], told_of(result, container)
    memory, swap = ([tuple(map(int, row[1:])) for row in rows if len(row) == width and row[0] == name] for name, width in (("Mem:", 7), ("Swap:", 4)))
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


def test_limits_are_set_in_place_and_proven_by_the_kernel(vm: VirtualMachine, unpacked: Module, eater: Callable[..., Any]) -> None:
    container = eater("limited", *eat(20))
    before = container.attrs["Id"], _life(container)
    limits = [{"project": PROJECT, "service": "limited", "memory": 256 * MIB, "memory_swap": 384 * MIB, "reservation": 64 * MIB}]

    assert ansible(vm, "docker_memory_limits", "--args", json.dumps({"limits": limits}))["changed"]

    assert cgroup(vm, container, "memory.max", "memory.swap.max", "memory.low") == [str(size * MIB) for size in (256, 128, 64)]
    assert (container.attrs["Id"], _life(container)) == before
    proof = unpacked("docker_memory_limits", limits=limits, _ansible_check_mode=True)
    [held] = proof["containers"]
    assert (proof["changed"], proof["swap_accounted"]) == (False, True)
    assert (held["before"]["kernel_memory"], held["before"]["kernel_memory_swap"]) == (256 * MIB, 384 * MIB)


def _life(container: Any) -> tuple[str, int]:
    container.reload()
    state = container.attrs["State"]
    return state["StartedAt"], state["Pid"]


def test_real_swapping_and_pressure_are_told_and_who_may_no_longer_swap_is_killed(vm: VirtualMachine, unpacked: Module, eater: Callable[..., Any]) -> None:
    """In a container of its own size, so that the check itself is not what is short: that would take an emulated machine minutes."""
    parent = eater("parent", "sh", "-c", FEED_A_CHILD, EAT, says=b"killed", mem_limit=32 * MIB, memswap_limit=32 * MIB)
    greedy = eater("greedy", *eat(160, "walk"), mem_limit=96 * MIB, memswap_limit=256 * MIB)
    vm.run(SERVER, ["sh", "-c", UNTIL_PRESSED], timeout=PATIENCE)

    result = unpacked("memory_check", watch=2)

    host, found = result["host"], told_of(result, greedy)
    assert host["swap_used"] >= 48 * MIB
    assert host["swap_in"] > 0
    assert host["pressure"]["some"]["avg10"] > 0
    assert found["swap_used"] >= 48 * MIB
    assert levels(result)[f"{PROJECT}/greedy"] in ("warn", "critical")
    child = told_of(result, parent)
    assert (child["state"], child["oom_kills"]) == ("running", int(dict(line.split() for line in cgroup(vm, parent, "memory.events"))["oom_kill"]))
    assert child["oom_kills"] > 0

    limits = [{"project": PROJECT, "service": "greedy", "memory": 64 * MIB}]
    unpacked("docker_memory_limits", limits=limits, allow_below_usage=True)
    assert greedy.wait(timeout=PATIENCE)["StatusCode"] == 137
    killed = told_of(unpacked("memory_check"), greedy)
    assert killed["oom_killed"]
    assert killed["oom_at"]


def test_the_incident_with_real_memory_and_real_swap(vm: VirtualMachine, unpacked: Module, eater: Callable[..., Any]) -> None:
    """Nine tenths of the memory in use, and some of the essential service in swap: what can go goes until there is enough, then the swap is emptied."""
    home = "/home/mycosoft"  # writable without privileges
    always = {"Name": "always", "MaximumRetryCount": 0}
    essential = eater("website", *eat(160), mem_limit=96 * MIB, memswap_limit=512 * MIB)
    total = meminfo(vm)["MemTotal"]
    size = (meminfo(vm)["MemAvailable"] - total // 10) // MIB // 2
    _big, small = (eater(name, *eat(size), restart_policy=always) for name in ("big", "small"))
    more: list[Any] = []
    while meminfo(vm)["MemAvailable"] > 0.1 * total:  # the kernel makes room meanwhile: it swaps
        more.append(eater(f"more{len(more) + 1}", *eat(90)))
    before = meminfo(vm)
    assert before["SwapTotal"] - before["SwapFree"] >= 48 * MIB
    life = _life(essential)

    services = [{"project": PROJECT, "service": name, "essential": name == "website"} for name in ("big", "small", "website")]
    result = unpacked("docker_recovery", state="stopped", services=services, available="45%", state_directory=home)

    stopped = [one["service"] for one in result["stopped"]]
    # how many of those that nobody planned have to go, too, depends on what the kernel has swapped out
    assert (stopped[:2], "website" in stopped) == (["big", "small"], False)
    # a page that came back from swap and keeps its place there counts in both
    for one in result["stopped"][:2]:
        assert one["memory"] <= 1.1 * size * MIB, result["stopped"]
        assert one["memory"] + one["swap"] >= 0.9 * size * MIB, result["stopped"]
    assert meminfo(vm)["MemAvailable"] >= 0.45 * total
    assert _life(essential) == life

    for one in more:  # whatever of these still runs was swapped out in part: without them the swap is the essential service's, and there is room for it
        one.reload()
        if one.status == "running":
            one.remove(force=True)
    crowded = unpacked("swap_reset", "sudo", "env", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", margin="16M")
    assert "do not fit its limit of 96M" in crowded["reason"]
    essential.update(mem_limit=256 * MIB, memswap_limit=512 * MIB)
    reset = unpacked("swap_reset", "sudo", "env", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", margin="16M")
    after = meminfo(vm)
    assert (reset["changed"], reset["stayed"]) == (True, {})
    assert reset["swap"]["before"] >= 48 * MIB
    assert after["SwapTotal"] - after["SwapFree"] < 8 * MIB
    assert after["SwapTotal"] == before["SwapTotal"]
    assert _life(essential) == life

    assert unpacked("docker_recovery", state="started", services=services, state_directory=home)["started"] == []
    essential.stop(timeout=0)  # what it held is enough for what is brought back; a machine that swaps anew would be slow
    restored = unpacked("docker_recovery", state="restored", state_directory=home, available="1%")
    back = [one["name"] for one in restored["started"]]
    assert back == [f"{PROJECT}/{name}" for name in reversed(stopped)][: len(back)]
    assert [line.partition(",")[0] for line in restored["left"]] == [f"{PROJECT}/{name}" for name in reversed(stopped)][len(back) :]
    assert f"{PROJECT}/small" in back
    small.reload()
    assert (small.status, small.attrs["HostConfig"]["RestartPolicy"]["Name"]) == ("running", "always")
    assert vm.run(SERVER, ["test", "-e", f"{home}/recovery.json"], check=False).returncode == bool(not restored["left"])
