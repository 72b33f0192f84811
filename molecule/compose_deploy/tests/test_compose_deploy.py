"""The stacks run within their limits, and the files that say so are the collection's own."""

import json

testinfra_hosts = ["ansible://sandbox"]

OVERRIDE = "/var/lib/mycosoft-rack/stacks/always-on.yml"
G = 1024**3


def test_the_override_holds_the_limits_and_no_secret(host):
    override = host.file(OVERRIDE)
    assert "memory: 32G" in override.content_string
    assert "MINDEX_TOKEN" not in override.content_string


def test_the_command_in_the_head_of_the_override_finds_nothing_to_do(host):
    """A person who follows the comment gets the same limits as the deploy."""
    command = host.file(OVERRIDE).content_string.split("By hand: ")[1].splitlines()[0]
    before = host.check_output("docker ps --quiet --no-trunc")
    host.check_output(command)
    assert host.check_output("docker ps --quiet --no-trunc") == before


def test_the_limit_is_on_the_live_container_and_in_its_cgroup(host):
    container = host.check_output("docker ps --quiet --filter label=com.docker.compose.service=mycosoft-website")
    limits = json.loads(host.check_output("docker inspect --format '{{json .HostConfig}}' %s", container))
    assert (limits["Memory"], limits["MemorySwap"], limits["MemoryReservation"]) == (32 * G, 32 * G, 8 * G)
    cgroup = "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes"
    assert str(32 * G) in host.run(f"docker exec {container} sh -c '{cgroup}'").stdout.split()


def test_the_website_answers_from_outside_its_container(host):
    ask = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:3000/api/state').read().decode())"
    assert json.loads(host.check_output(f'python3 -c "{ask}"'))["mindex"] is True
