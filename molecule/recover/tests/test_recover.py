"""What could go is stopped, is there with its data, and is noted."""

import json

testinfra_hosts = ["ansible://rack"]


def test_it_is_stopped_and_stays_so(host):
    assert host.check_output("docker inspect --format '{{.State.Status}} {{.HostConfig.RestartPolicy.Name}}' stray") == "exited no"


def test_its_volume_and_image_are_there(host):
    assert "stray" in host.check_output("docker volume ls --format '{{.Name}}'").split()
    assert "redis:8.0" in host.check_output("docker images --format '{{.Repository}}:{{.Tag}}'").split()


def test_it_is_noted_with_the_policy_that_it_had(host):
    (noted,) = json.loads(host.file("/var/lib/mycosoft-rack/recovery.json").content_string)["containers"]
    assert (noted["name"], noted["restart"]["Name"], noted["number"]) == ("stray", "always", 1)
