"""A wrong inventory or a broken file is refused with one clear message, and everything runs on as before."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from tests.rig.rig import Rig
from tests.support.playbooks import Run
from tests.support.repository import ROOT
from tests.support.servers import SERVERS, running
from tests.system.conftest import Playbook

STACKS = yaml.safe_load((ROOT / "tests/rig/inventory/group_vars/all/rack.yml").read_text())["rack_stacks"]
COMPOSE_FILE, OTHER_FILE = "docker-compose.always-on.yml", "docker-compose.yml"
NETWORK = "networks:\n  default: {external: true, name: nowhere}\n"
Change = Callable[[dict[str, Any]], None]


def more_than_there_is(stacks: dict[str, Any]) -> None:
    stacks["mas"]["services"]["mas-orchestrator"]["memory"] = "60G"


def what_compose_refuses(stacks: dict[str, Any]) -> None:
    """A file that is not there and a service that no file has on one server, an env file without its secret on the other."""
    other = copy.deepcopy(stacks["mas"]) | {"project": "other", "host": "sandbox"}
    other["services"] = {"mas-orchestrater": {"memory": "64M"}}
    stacks["other"] = other
    stacks["always-on"]["files"] = ["docker-compose.always-off.yml"]
    stacks["mas"]["env_file"] = "/home/mycosoft/env/always-on.env"


@pytest.mark.parametrize(
    ("change", "check", "said"),
    [
        pytest.param(more_than_there_is, False, ["memory of overflow1", "4G is missing"], id="by the plan"),
        pytest.param(
            what_compose_refuses,
            True,
            ["docker-compose.always-off.yml", "mas-orchestrater", "Cannot deploy mas to overflow1", "set MAS_TOKEN in the env file"],
            id="by Compose",
        ),
    ],
)
def test_a_wrong_inventory_is_refused_with_all_that_is_wrong_and_every_container_runs_as_before(
    rig: Rig, deployed: Run, playbook: Playbook, change: Change, check: bool, said: list[str]
) -> None:
    """What only Compose can tell is refused in check mode too, which is quicker to try."""
    stacks = copy.deepcopy(STACKS)
    change(stacks)
    before = {server: running(rig, server) for server in SERVERS}

    output = playbook("deploy", *(["--check"] if check else []), extra={"rack_stacks": stacks}).refused().output

    assert [text for text in said if text not in flat(output)] == [], output
    assert {server: running(rig, server) for server in SERVERS} == before


#: Of the two stacks in the checkout, one that is no YAML and one that wants a network.
BROKEN = {COMPOSE_FILE: lambda text: text + "  bad: [yaml\n", OTHER_FILE: lambda text: text + NETWORK}


@pytest.fixture
def pushed(rig: Rig, deployed: Run) -> Iterator[None]:
    good = {name: (ROOT / "tests/rig/stacks/mas" / name).read_text() for name in BROKEN}
    rig.push("mas", {name: edit(good[name]) for name, edit in BROKEN.items()}, "Two broken files")
    yield
    rig.push("mas", good, "Mend the files")


def test_pulled_compose_files_that_cannot_be_started_are_refused_and_every_container_runs_as_before(rig: Rig, pushed: None, playbook: Playbook) -> None:
    before = {server: running(rig, server) for server in SERVERS}
    output = flat(playbook("deploy").refused().output)
    assert f"Cannot deploy always-on to sandbox: Compose refuses {COMPOSE_FILE}" in output, output
    assert "Cannot deploy mas to overflow1: its Compose files need the external network nowhere, which does not exist." in output, output
    assert {server: running(rig, server) for server in SERVERS} == before


@pytest.fixture
def local_change(rig: Rig, deployed: Run) -> Iterator[None]:
    checkout = "/home/mycosoft/mycosoft/website"
    rig.run("sandbox", ["sh", "-c", f"echo by hand >>{checkout}/VERSION"])
    yield
    rig.run("sandbox", ["git", "-C", checkout, "checkout", "--", "VERSION"])


def test_an_uncommitted_change_on_a_server_is_refused_and_kept(rig: Rig, local_change: None, playbook: Playbook) -> None:
    before = {server: running(rig, server) for server in SERVERS}
    output = playbook("deploy").refused().output
    assert "Cannot pull the code of sandbox: in /home/mycosoft/mycosoft/website there are changes: VERSION. Nothing was pulled." in flat(output), output
    assert "by hand" in rig.run("sandbox", ["cat", "/home/mycosoft/mycosoft/website/VERSION"]).stdout
    assert {server: running(rig, server) for server in SERVERS} == before


def test_a_part_of_the_rack_is_refused(rig: Rig, deployed: Run, playbook: Playbook) -> None:
    output = playbook("deploy", "--limit", "sandbox").refused().output
    assert "overflow1 has services but is not part of this run" in flat(output), output


def test_a_purge_without_a_token_is_refused_before_anything_changes(rig: Rig, deployed: Run, playbook: Playbook) -> None:
    output = playbook("deploy", extra={"cloudflare_purge_token": ""}).refused().output
    assert "Cannot purge Cloudflare: a zone is configured, but no token" in flat(output), output
    assert "Clear the Docker cache" not in output


def flat(output: str) -> str:
    """The output with its line breaks folded: a terminal's width must not decide a test."""
    return " ".join(output.split())
