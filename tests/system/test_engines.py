"""A rack of the oldest and the newest Docker Engine of the matrix: the whole order, the limits, and a clean-up that keeps the stacks."""

from __future__ import annotations

import pytest

from tests.rig.rig import Rig
from tests.support.playbooks import run_playbook
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
