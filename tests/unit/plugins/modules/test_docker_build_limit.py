# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docker_build_limit, run for real against a machine of files and an engine on a real socket."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.mycosoft.rack.plugins.modules import docker_build_limit
from ansible_collections.mycosoft.rack.tests.fakes.docker_memory import UNLIMITED_V1, Machine

Result = dict[str, t.Any]
Run = t.Callable[..., Result]

G = 1024**3
MOUNTS = {1: "sys/fs/cgroup/memory", 2: "sys/fs/cgroup"}
PEAK = {1: "memory.max_usage_in_bytes", 2: "memory.peak"}
LIMIT = {1: "memory.limit_in_bytes", 2: "memory.max"}


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """The machine of the test has its socket in the same folder."""

    def call(memory: int, check: bool = False, **options: t.Any) -> Result:
        given = {"docker_host": "unix://%s" % (tmp_path / "docker.sock"), "memory": memory, "_ansible_check_mode": check, **options}
        with patch_module_args(given), pytest.raises(SystemExit):
            docker_build_limit.main(tmp_path)
        result: Result = json.loads(capsys.readouterr().out)
        return result

    return call


@pytest.fixture(params=[1, 2], ids=["v1", "v2"])
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> t.Iterator[Machine]:
    """A machine on which a build has run."""
    with Machine(tmp_path, cgroup=request.param) as running:
        make_group(running)
        yield running


def make_group(machine: Machine, parent: str = "docker") -> Path:
    files: dict[str, object] = {"memory.limit_in_bytes": UNLIMITED_V1, "memory.memsw.limit_in_bytes": UNLIMITED_V1, "memory.max_usage_in_bytes": 0}
    if machine.cgroup == 2:
        files = {"memory.max": "max", "memory.peak": 0}
    folder = f"{MOUNTS[machine.cgroup]}/{parent}/buildkit"
    for name, content in files.items():
        machine.write(f"{folder}/{name}", content)
    return machine.root / folder


def held(machine: Machine, parent: str = "docker") -> str:
    return (machine.root / MOUNTS[machine.cgroup] / parent / "buildkit" / LIMIT[machine.cgroup]).read_text().strip()


def test_check_then_set_then_check_then_lift(machine: Machine, run: Run) -> None:
    unlimited = held(machine)
    foreseen = run(4 * G, check=True)
    assert held(machine) == unlimited
    done = run(4 * G)
    assert done == foreseen | {"invocation": done["invocation"]}
    assert (done["changed"], done["before"], done["after"], held(machine)) == (True, None, 4 * G, str(4 * G))
    assert run(4 * G)["changed"] is False
    lifted = run(0)
    assert (lifted["changed"], lifted["before"], lifted["after"]) == (True, 4 * G, None)
    assert run(0)["changed"] is False


def test_swap_is_held_to_the_same_where_it_is_accounted_for(tmp_path: Path, run: Run) -> None:
    with Machine(tmp_path) as machine:
        folder = make_group(machine)
        run(4 * G)
        assert (folder / "memory.memsw.limit_in_bytes").read_text() == str(4 * G)
        (folder / "memory.memsw.limit_in_bytes").unlink()
        run(2 * G)
        assert not (folder / "memory.memsw.limit_in_bytes").exists()


def test_a_limit_in_part_of_a_page_is_the_kernels_own(machine: Machine, run: Run) -> None:
    assert run(4 * G + 17)["after"] == 4 * G


def test_it_tells_the_most_that_builds_took_since_the_limit_was_set(machine: Machine, run: Run) -> None:
    peak = machine.root / MOUNTS[machine.cgroup] / "docker/buildkit" / PEAK[machine.cgroup]
    peak.write_text("7000")
    assert run(4 * G)["peak"] == 7000
    assert peak.read_text() == "0", "what was before is not counted"
    peak.write_text("%d" % G)
    assert run(0)["peak"] == G
    assert peak.read_text() == "%d" % G


@pytest.mark.parametrize(
    ("options", "parent"),
    [
        pytest.param({"cgroup_parent": "/rack.builds/"}, "rack.builds", id="an option"),
        pytest.param({"daemon_config": "/etc/daemon.json"}, "from.config", id="the engine's configuration"),
    ],
)
def test_the_engine_may_put_its_cgroups_elsewhere(machine: Machine, run: Run, options: Result, parent: str) -> None:
    machine.write("etc/daemon.json", json.dumps({"cgroup-parent": "/from.config"}))
    make_group(machine, parent)
    assert run(4 * G, **options)["cgroup"].endswith(f"/{parent}/buildkit")
    assert held(machine, parent) == str(4 * G)


def test_with_the_systemd_driver_it_says_that_builds_cannot_be_limited(tmp_path: Path, run: Run) -> None:
    with Machine(tmp_path, cgroup=2, driver="systemd"):
        result = run(4 * G)
    assert (result["changed"], result["supported"], "after" in result) == (False, False, False)
    assert result["reason"] == "the engine uses the cgroup driver systemd, which gives build steps no cgroup of their own"


@pytest.mark.parametrize("memory", [-1, 1, 6 * 1024**2 - 1])
def test_a_limit_under_which_no_step_could_run_is_refused(machine: Machine, run: Run, memory: int) -> None:
    result = run(memory)
    assert result["failed"] is True
    assert result["msg"].startswith("Cannot limit builds to %d bytes: no step could run. Give at least 6M" % memory)


def test_a_configuration_that_cannot_be_read_is_named(machine: Machine, run: Run) -> None:
    machine.write("etc/docker/daemon.json", "{bad")
    result = run(4 * G)
    assert result["failed"] is True
    assert "daemon.json" in result["msg"]
    assert "set cgroup_parent" in result["msg"]


def test_a_kernel_that_takes_no_limit_is_named(machine: Machine, run: Run) -> None:
    """As without root: a directory stands where the file would be."""
    path = machine.root / MOUNTS[machine.cgroup] / "docker/buildkit" / LIMIT[machine.cgroup]
    path.unlink()
    path.mkdir()
    result = run(4 * G)
    assert result["failed"] is True
    assert result["msg"].startswith("Cannot limit builds: %s: Is a directory" % path)


@pytest.mark.parametrize(
    ("before", "peak", "said"),
    [
        pytest.param(4 * G, 4 * G - 4096, "Builds took 4G of their limit of 4G.", id="a step that was killed leaves its peak just below"),
        pytest.param(4 * G, 2 * G, "", id="half of it"),
        pytest.param(4 * G, None, "", id="a kernel that tells no peak"),
        pytest.param(None, G, "", id="no limit"),
    ],
)
def test_what_came_close_to_the_limit_is_remarked(before: int | None, peak: int | None, said: str) -> None:
    assert docker_build_limit.remark(before, peak).startswith(said)
    assert bool(docker_build_limit.remark(before, peak)) == bool(said)
