"""What only a role run alone leaves: files that name their command, a release of what runs, nothing of the lock."""

import json

import pytest

testinfra_hosts = ["ansible://sandbox", "ansible://overflow1"]

STATE = "/var/lib/mycosoft-rack"
STACKS = {"sandbox": "always-on", "overflow1": "mas"}
CHECKOUTS = {"sandbox": ["mas", "mindex", "website"], "overflow1": ["mas"]}


@pytest.fixture
def name(host):
    return host.backend.get_hostname()


@pytest.fixture
def current(host, name):
    folder = f"{STATE}/releases/{STACKS[name]}/current"
    return folder, json.loads(host.file(f"{folder}/release.json").content_string)


def test_the_checkouts_are_those_of_the_stacks_placed_here_at_their_newest_commit(host, name):
    assert sorted(host.file("/home/mycosoft/mycosoft").listdir()) == CHECKOUTS[name]
    for checkout in CHECKOUTS[name]:
        git = f"git -C /home/mycosoft/mycosoft/{checkout}"
        assert host.check_output(f"{git} rev-parse HEAD") == host.check_output(f"{git} ls-remote origin refs/heads/main").split()[0]


def test_the_command_in_the_head_of_the_override_finds_nothing_to_do(host, name):
    """A person who follows the comment gets the same limits as the deploy."""
    command = host.file(f"{STATE}/stacks/{STACKS[name]}.yml").content_string.split("By hand: ")[1].splitlines()[0]
    before = host.check_output("docker ps --quiet --no-trunc")
    host.check_output(command)
    assert host.check_output("docker ps --quiet --no-trunc") == before


def test_the_override_holds_no_secret(host, name):
    assert "TOKEN" not in host.file(f"{STATE}/stacks/{STACKS[name]}.yml").content_string


def test_what_runs_is_the_current_release_under_names_that_no_clean_up_removes(host, current):
    _folder, release = current
    services = release["state"]["services"]
    containers = host.check_output("docker ps --all --quiet --filter label=com.docker.compose.service").split()
    images = {host.check_output(f"docker inspect --format '{{{{.Image}}}}' {container}") for container in containers}
    assert (release["result"], {service["image_id"] for service in services.values()}) == ("ok", images)
    tags = host.check_output("docker images --format '{{.Repository}}:{{.Tag}}'").splitlines()
    kept = [tag for tag in tags if tag.startswith("rollback.mycosoft.rack/") and tag.endswith(f":{release['id']}")]
    assert len(kept) == len(services)


def test_only_its_owner_reads_what_was_rendered(host, current):
    folder, release = current
    assert host.file(f"{folder}/release.json").mode == 0o600
    assert not release["state"]["override"] or host.file(f"{folder}/override.yml").mode == 0o600


def test_the_lock_is_free(host):
    assert host.file(STATE).user == "mycosoft"
    assert not {"lock.json", "lock.json.new"} & set(host.file(STATE).listdir())
