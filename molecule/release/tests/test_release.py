"""What runs is the current release, its images have a name that no clean-up removes, and only its owner reads its limits."""

import json

import pytest

testinfra_hosts = ["ansible://sandbox", "ansible://overflow1"]

STACKS = {"sandbox": "always-on", "overflow1": "mas"}
RELEASES = "/var/lib/mycosoft-rack/releases"


@pytest.fixture
def current(host):
    folder = f"{RELEASES}/{STACKS[host.backend.get_hostname()]}/current"
    return folder, json.loads(host.file(f"{folder}/release.json").content_string)


def test_what_runs_is_the_current_release(host, current):
    _folder, release = current
    assert release["result"] == "ok"
    containers = host.check_output("docker ps --all --quiet --filter label=com.docker.compose.service").split()
    images = {host.check_output(f"docker inspect --format '{{{{.Image}}}}' {container}") for container in containers}
    assert {service["image_id"] for service in release["state"]["services"].values()} == images


def test_its_images_have_a_name_that_no_clean_up_removes(host, current):
    _folder, release = current
    tags = host.check_output("docker images --format '{{.Repository}}:{{.Tag}}'").splitlines()
    kept = [tag for tag in tags if tag.startswith("rollback.mycosoft.rack/") and tag.endswith(f":{release['id']}")]
    assert len(kept) == len(release["state"]["services"])


def test_only_its_owner_reads_what_was_rendered(host, current):
    folder, release = current
    assert host.file(f"{folder}/release.json").mode == 0o600
    if release["state"]["override"]:
        assert host.file(f"{folder}/override.yml").mode == 0o600
