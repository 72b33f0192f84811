"""A deploy that ends badly leaves what ran before, and one can go back by hand: by image id, without a build."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.rig.forge import STACKS, replaced
from tests.rig.rig import Rig
from tests.support.playbooks import Run
from tests.support.repository import ROOT
from tests.support.servers import SERVERS, docker, services
from tests.system.conftest import BUSY, STATE, Playbook
from tests.system.edge import website

CHECKOUT = "/home/mycosoft/mycosoft/website"
SHORT: dict[str, Any] = {"compose_deploy_wait_timeout": 20, "compose_deploy_watch_seconds": 2}
#: As seeded; a test that pushes anything else brings it back.
SEEDED = {name: (STACKS / "website" / name).read_text() for name in ("VERSION", "app.py")}
COMPOSE_FILE = "docker-compose.always-on.yml"
COMPOSE = (STACKS / "mas" / COMPOSE_FILE).read_text()

#: Published by release three alone.
PORT = 3099

#: A service that no Compose file has.
GONE = "gone"

Images = dict[str, str]


@pytest.fixture(scope="module")
def before(rig: Rig, deployed: Run) -> Iterator[Images]:
    """The images that run before anything here; at the end, the repositories' files are those that were seeded."""
    yield images(rig)
    rig.push("website", SEEDED, "As it was")
    rig.push("mas", {COMPOSE_FILE: COMPOSE}, "As it was")


@pytest.fixture(scope="module")
def killed(rig: Rig, before: Images, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A deploy whose controller dies when it begins to start services; the servers that are locked then."""
    rig.push("website", {**SEEDED, "VERSION": "two\n"}, "Release two")
    command = ["ansible-playbook", "playbooks/deploy.yml", "--inventory", str(rig.inventory), "--limit", BUSY, "--extra-vars", json.dumps(SHORT)]
    log = tmp_path_factory.mktemp("killed") / "log"
    with log.open("w") as file:
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}  # what it says is waited for
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True)
    while "Up | Start" not in log.read_text():
        assert process.poll() is None, log.read_text()
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return locked(rig)


@pytest.fixture(scope="module")
def orphan(rig: Rig, killed: list[str]) -> Iterator[str]:
    """A container of the stack whose service is in no file any more."""
    image = services(rig, "sandbox")["mindex-db"]["Image"]
    labels = {"project": "mycosoft-always-on", "service": GONE, "oneoff": "False", "container-number": "1", "config-hash": "0"}
    options = [part for name, value in labels.items() for part in ("--label", f"com.docker.compose.{name}={value}")]
    docker(rig, "sandbox", "run", "--detach", "--name", "gone-1", *options, image)
    yield "gone-1"
    docker(rig, "sandbox", "rm", "--force", "--volumes", "gone-1")


@pytest.fixture(scope="module")
def resumed(killed: list[str], orphan: str, playbook: Playbook) -> Run:
    """The plain deploy after that."""
    return playbook("deploy", extra=SHORT)


@pytest.fixture(scope="module")
def second(rig: Rig, resumed: Run) -> Images:
    """The images of that deploy."""
    return images(rig)


def images(rig: Rig) -> Images:
    """Of every service that a Compose file has."""
    return {name: service["Image"] for server in SERVERS for name, service in services(rig, server).items() if name != GONE}


def commit(rig: Rig) -> str:
    return rig.run("sandbox", ["git", "-C", CHECKOUT, "rev-parse", "HEAD"]).stdout


def released(rig: Rig) -> str:
    """The commit that what runs was built from."""
    record = json.loads(rig.run("sandbox", ["cat", f"{STATE}/releases/always-on/current/release.json"]).stdout)
    return f"{record['state']['sources'][CHECKOUT]}\n"


def locked(rig: Rig) -> list[str]:
    return [server for server in SERVERS if rig.run(server, ["test", "-e", f"{STATE}/lock.json"], check=False).returncode == 0]


def test_where_health_never_comes_the_old_images_run_again_and_the_run_fails(rig: Rig, before: Images, playbook: Playbook) -> None:
    version, built_from = website(rig)["version"], released(rig)
    sick = replaced('200, "application/json", json.dumps({"service"', '503, "application/json", json.dumps({"service"')
    rig.push("website", {"VERSION": "sick\n", "app.py": sick}, "A release that is not well")

    output = " ".join(playbook("deploy", extra=SHORT).refused().output.split())

    assert "Cannot deploy to sandbox" in output
    assert "/mycosoft-website: is not healthy but" in output, output
    assert "Cannot deploy to overflow1: another server of the rack failed. mas: rolled back to the previous release." in output, output
    assert "always-on: rolled back to the previous release" in output, output
    assert (images(rig), website(rig)["version"], commit(rig), locked(rig)) == (before, version, built_from, [])
    recorded = json.loads(rig.run("sandbox", ["tail", "-n", "1", f"{STATE}/history.jsonl"]).stdout)
    assert recorded["result"] == "rolled_back"
    assert f"version: {built_from.strip()} # of the source with dest: {CHECKOUT}" in output, "how to hold what runs"
    kept = re.search(r"kept on the server, with its log: (/\S+/failures\.json)", output)
    assert kept, output
    failures = json.loads(rig.run("sandbox", ["cat", kept.group(1)]).stdout)
    assert "mycosoft-website" in [failure["service"] for failure in failures]


def test_after_the_controller_was_killed_in_the_middle_of_a_start_a_plain_deploy_succeeds(rig: Rig, killed: list[str], resumed: Run) -> None:
    assert "sandbox" in killed, "the run that died could not give it back"
    assert "because its process" in " ".join(resumed.succeeded().output.split())
    assert (website(rig)["version"], locked(rig)) == ("two", [])


def test_what_is_in_no_file_any_more_is_named_and_stays(rig: Rig, resumed: Run, orphan: str) -> None:
    assert "orphan" in resumed.output
    assert orphan in resumed.output
    assert orphan in docker(rig, "sandbox", "ps", "--format", "{{.Names}}").split()


@pytest.fixture(scope="module")
def third(rig: Rig, second: Images, playbook: Playbook) -> str:
    """A release more, which wants a port that the others do not: its name."""
    rig.push("website", {"VERSION": "three\n"}, "Release three")
    rig.push("mas", {COMPOSE_FILE: replaced('"3000:3000"', f'"3000:3000", "{PORT}:3000"')}, "Publish it once more")
    playbook("deploy", extra=SHORT).succeeded()
    return rig.run("sandbox", ["readlink", f"{STATE}/releases/always-on/current"]).stdout.strip()


def test_one_goes_back_by_image_id_without_a_build_and_twice_goes_further_back(
    rig: Rig, before: Images, second: Images, third: str, playbook: Playbook
) -> None:
    latest = images(rig)
    assert len({release["mycosoft-website"] for release in (before, second, latest)}) == 3
    there = docker(rig, "sandbox", "images", "--quiet", "--no-trunc").split()
    for wanted in (second, before):
        assert "The next deploy checks out again what was left" in playbook("rollback").succeeded().output
        assert (images(rig), locked(rig)) == (wanted, [])
    assert set(docker(rig, "sandbox", "images", "--quiet", "--no-trunc").split()) <= set(there), "nothing was built"


def test_a_rollback_that_fails_is_taken_back(rig: Rig, third: str, playbook: Playbook) -> None:
    ran, version, built_from = images(rig), website(rig)["version"], commit(rig)
    database = services(rig, "sandbox")["mindex-db"]["Image"]
    docker(rig, "sandbox", "run", "--detach", "--name", "in-the-way", "--publish", f"{PORT}:6379", database)
    try:
        output = " ".join(playbook("rollback", extra={"rack_rollback_to": third}).refused().output.split())
    finally:
        docker(rig, "sandbox", "rm", "--force", "--volumes", "in-the-way")

    assert "Cannot roll back sandbox" in output
    assert "port is already allocated" in output, output
    assert "always-on: rolled back to the previous release" in output, output
    assert (images(rig), website(rig)["version"], commit(rig), locked(rig)) == (ran, version, built_from, [])
    recorded = json.loads(rig.run("sandbox", ["tail", "-n", "1", f"{STATE}/history.jsonl"]).stdout)
    assert recorded["result"] == "rolled_back"
