"""A wrong inventory or a broken file is refused with one clear message, and everything runs on as before."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from tests.rig.forge import replaced
from tests.rig.rig import Rig
from tests.support.playbooks import Run, run_playbook
from tests.support.repository import ROOT
from tests.support.servers import SERVERS, running
from tests.system.conftest import Playbook

STACKS = yaml.safe_load((ROOT / "tests/rig/inventory/group_vars/all/rack.yml").read_text())["rack_stacks"]
COMPOSE_FILE = "docker-compose.always-on.yml"
Change = Callable[[dict[str, Any]], None]


def website_on_an_unknown_host(stacks: dict[str, Any]) -> None:
    stacks["always-on"]["services"]["mycosoft-website"]["host"] = "sandbax"


def limits_above_the_budget(stacks: dict[str, Any]) -> None:
    stacks["always-on"]["services"]["mindex-api"]["memory"] = "25G"


def a_compose_file_that_is_not_there(stacks: dict[str, Any]) -> None:
    stacks["always-on"]["files"] = ["docker-compose.always-off.yml"]


def an_env_file_that_is_not_there(stacks: dict[str, Any]) -> None:
    stacks["mas"]["env_file"] = "/home/mycosoft/env/nowhere.env"


def an_env_file_without_the_secret(stacks: dict[str, Any]) -> None:
    stacks["mas"]["env_file"] = "/home/mycosoft/env/always-on.env"


def a_service_that_compose_does_not_know(stacks: dict[str, Any]) -> None:
    stacks["mas"]["services"]["mas-orchestrater"] = stacks["mas"]["services"].pop("mas-orchestrator")
    stacks["always-on"]["services"]["mycosoft-website"]["needs"] = ["mindex-api"]


@pytest.mark.parametrize(
    ("change", "check", "said"),
    [
        pytest.param(website_on_an_unknown_host, False, ["'sandbax' is not a host of the rack", "sandbox"], id="unknown host"),
        pytest.param(limits_above_the_budget, False, ["memory of sandbox", "1G is missing"], id="limits above the budget"),
        pytest.param(a_compose_file_that_is_not_there, True, ["docker-compose.always-off.yml"], id="missing compose file"),
        pytest.param(an_env_file_that_is_not_there, False, ["Cannot deploy mas to overflow1", "nowhere.env is missing"], id="missing env file"),
        pytest.param(an_env_file_without_the_secret, True, ["Cannot deploy mas to overflow1", "set MAS_TOKEN in the env file"], id="missing secret"),
        pytest.param(a_service_that_compose_does_not_know, True, ["mas-orchestrater", "mas-orchestrator"], id="unknown service"),
    ],
)
def test_a_wrong_inventory_is_refused_and_every_container_runs_as_before(
    rig: Rig, deployed: Run, playbook: Playbook, change: Change, check: bool, said: list[str]
) -> None:
    """What only Compose can tell is refused in check mode too, which is quicker to try."""
    stacks = copy.deepcopy(STACKS)
    change(stacks)
    before = {server: running(rig, server) for server in SERVERS}

    output = playbook("deploy", *(["--check"] if check else []), extra={"rack_stacks": stacks}).refused().output

    assert [text for text in said if text not in flat(output)] == [], output
    assert {server: running(rig, server) for server in SERVERS} == before


@pytest.fixture
def pushed(rig: Rig, deployed: Run, request: pytest.FixtureRequest) -> Iterator[str]:
    """A Compose file that was changed, and what is said of it."""
    edit, said = request.param
    good = (ROOT / "tests/rig/stacks/mas" / COMPOSE_FILE).read_text()
    rig.push("mas", {COMPOSE_FILE: edit(good)}, "A broken file")
    yield said
    rig.push("mas", {COMPOSE_FILE: good}, "Mend the file")


BAD_YAML = (lambda text: text + "  bad: [yaml\n", f"Compose refuses {COMPOSE_FILE}")
UNKNOWN_NETWORK = (replaced("name: mycosoft-edge", "name: nowhere"), "its Compose files need the external network nowhere, which does not exist.")


@pytest.mark.parametrize("pushed", [pytest.param(BAD_YAML, id="bad YAML"), pytest.param(UNKNOWN_NETWORK, id="unknown external network")], indirect=True)
def test_a_pulled_compose_file_that_cannot_be_started_is_refused_and_every_container_runs_as_before(rig: Rig, pushed: str, playbook: Playbook) -> None:
    before = {server: running(rig, server) for server in SERVERS}
    output = playbook("deploy").refused().output
    assert f"Cannot deploy always-on to sandbox: {pushed}" in flat(output), output
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


def test_with_force_an_uncommitted_change_is_kept_as_a_stash(rig: Rig, local_change: None) -> None:
    git = ["git", "-C", "/home/mycosoft/mycosoft/website"]
    before = rig.run("sandbox", [*git, "stash", "list"]).stdout
    pulled = run_playbook("molecule/source_code/converge.yml", rig.inventory, extra={"source_code_force": True, "source_code_stash": "by the test"})
    assert 'as the stash "by the test"' in flat(pulled.succeeded().output)
    after = rig.run("sandbox", [*git, "stash", "list"]).stdout
    assert len(after.splitlines()) == len(before.splitlines()) + 1
    assert "by hand" in rig.run("sandbox", [*git, "stash", "show", "--patch"]).stdout
    assert rig.run("sandbox", [*git, "status", "--porcelain"]).stdout == ""


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
