"""The oldest and the newest Docker Engine of the matrix: the whole order, the limits, a clean-up that keeps the stacks, and every case of docker_prune."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.rig.images import DEFAULT_ENGINE, ENGINES
from tests.rig.rig import Rig
from tests.support.playbooks import run_playbook
from tests.support.prune_cases.cases import CASES, Case
from tests.support.prune_cases.server import Server
from tests.support.prune_cases.trial import Verdict, attempt
from tests.support.prune_cases.ways import OURS
from tests.support.servers import docker, services

G = 1024**3


@pytest.fixture(scope="module", params=[engine for engine in ENGINES if engine != DEFAULT_ENGINE])
def deployed_rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    rig = Rig("engine", engine=request.param, servers=("sandbox", "overflow1"))
    rig.up()
    run_playbook("playbooks/deploy.yml", rig.inventory).succeeded()
    yield rig
    rig.down()


@pytest.fixture(scope="module")
def server(deployed_rig: Rig) -> Iterator[Server]:
    with Server.connected(deployed_rig, "overflow1") as server:
        yield server


def test_a_deploy_ends_healthy_within_the_limits_of_the_table(deployed_rig: Rig) -> None:
    found = {**services(deployed_rig, "sandbox"), **services(deployed_rig, "overflow1")}
    limits = {name: (service["HostConfig"]["Memory"], service["HostConfig"]["MemorySwap"]) for name, service in found.items()}
    assert limits == {"mycosoft-website": (32 * G, 32 * G), "mindex-api": (16 * G, 16 * G), "mas-orchestrator": (8 * G, 8 * G), "mindex-db": (0, 0)}
    assert {service["State"]["Health"]["Status"] for service in found.values()} == {"healthy"}


def test_a_stack_that_is_stopped_survives_the_clean_up_with_all_it_has(deployed_rig: Rig) -> None:
    before = services(deployed_rig, "sandbox")
    docker(deployed_rig, "sandbox", "stop", *(service["Id"] for service in before.values()))

    run_playbook("playbooks/cleanup.yml", deployed_rig.inventory).succeeded()

    after = services(deployed_rig, "sandbox")
    assert {name: (service["Id"], service["Image"]) for name, service in after.items()} == {
        name: (service["Id"], service["Image"]) for name, service in before.items()
    }
    assert "mycosoft-always-on_mindex-data" in docker(deployed_rig, "sandbox", "volume", "ls", "--format", "{{.Name}}").split()
    docker(deployed_rig, "sandbox", "start", *(service["Id"] for service in after.values()))


@pytest.mark.parametrize("case", CASES, ids=[case.sentence for case in CASES])
def test_what_should_survive_a_prune_does_and_nothing_else(server: Server, case: Case) -> None:
    assert attempt(case, OURS, server) == Verdict()
