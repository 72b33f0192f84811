"""The rack after the whole order: everything runs where the inventory says."""

import pytest

testinfra_hosts = ["ansible://sandbox", "ansible://overflow1"]

PLACED = {"sandbox": ["mindex-api", "mindex-db", "mycosoft-website"], "overflow1": ["mas-orchestrator"]}


@pytest.fixture
def running(host):
    return host.check_output("docker ps --filter health=healthy --format '{{.Label \"com.docker.compose.service\"}}'").split()


def test_the_healthy_services_are_those_placed_here(host, running):
    assert sorted(running) == PLACED[host.backend.get_hostname()]


def test_docker_is_enabled_so_that_the_services_return_after_a_reboot(host):
    docker = host.service("docker")
    assert docker.is_running
    assert docker.is_enabled
