"""The service runs on the other server, the website knows, and the server that gave it away remembers."""

import json

testinfra_hosts = ["ansible://rack"]

SERVICE = "docker ps --quiet --filter label=com.docker.compose.service=mas-orchestrator --filter health=healthy"


def name(host):
    return host.backend.get_hostname()


def test_it_runs_on_one_server_and_on_the_right_one(host):
    assert bool(host.check_output(SERVICE)) == (name(host) == "sandbox")


def test_who_gave_it_away_remembers(host):
    noted = host.file("/var/lib/mycosoft-rack/moved.json")
    assert noted.exists == (name(host) == "overflow1")
    assert not noted.exists or json.loads(noted.content_string) == {"mas": {"mas-orchestrator": "sandbox"}}


def test_no_key_is_left(host):
    assert "mycosoft.rack offload" not in host.file("/home/mycosoft/.ssh/authorized_keys").content_string
