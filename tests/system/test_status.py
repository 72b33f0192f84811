# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status of a rack that runs: what it shows is what is on record and what the engine says, and what somebody changed by hand has a name."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.rig.meminfo import profile
from tests.rig.rig import Rig
from tests.rig.ssh import wait_for
from tests.support.playbooks import Run
from tests.support.servers import SERVERS, docker, services, snapshot
from tests.support.status_page import Page
from tests.system.conftest import STATE, Playbook
from tests.system.deploys import Repeated

G = 1024**3

#: Less memory than any other test leaves available.
SCARCE = G // 2

#: A server of the rack behind an address at which nothing listens.
ABSENT = "overflow3"


@pytest.fixture(scope="module")
def looked(rig: Rig, repeated: Repeated, playbook: Playbook, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Page]:
    """A look at a rack that is as it was released, after a memory check that found it well and one that found it as in the incident."""
    playbook("memory_check").succeeded()
    rig.set_memory("sandbox", dataclasses.replace(profile("incident", "sandbox"), available=SCARCE))
    try:
        assert "critical" in playbook("memory_check").refused().output
    finally:
        rig.set_memory("sandbox", "calm")
    return look(playbook, tmp_path_factory.mktemp("looked") / "rack.html")


def look(playbook: Playbook, place: Path, *arguments: str) -> tuple[Run, Page]:
    """One run, and the page that it wrote."""
    run = playbook("status", "--limit", "rack", *arguments, extra={"status_page": str(place), "rack_ssh_retries": 0})
    return run, Page(place.read_text(encoding="utf-8"))


def lines(rig: Rig, server: str, name: str) -> list[dict[str, Any]]:
    """A history of a server."""
    return [json.loads(line) for line in rig.run(server, ["cat", f"{STATE}/{name}"]).stdout.splitlines()]


def memory_total(rig: Rig, server: str) -> int:
    return 1024 * int(rig.run(server, ["grep", "MemTotal", "/proc/meminfo"]).stdout.split()[1])


def disk_total(rig: Rig, server: str) -> int:
    return int(rig.run(server, ["df", "--block-size=1", "--output=size", "/var/lib/docker"]).stdout.split()[-1])


def test_the_page_shows_what_the_engine_and_the_records_say(rig: Rig, looked: tuple[Run, Page]) -> None:
    run, page = looked
    run.succeeded()
    for server in SERVERS:
        shown = page.section(server)
        rows = dict(shown.rows)
        for name, service in services(rig, server).items():
            limit, reservation = service["HostConfig"]["Memory"], service["HostConfig"]["MemoryReservation"]
            *limits, working_set = rows[name]
            assert limits == [size for size in (limit, reservation) if size], name
            assert 0 < working_set <= (limit or G), name
        _available, memory, _free, disk = shown.values[:4]
        assert memory == memory_total(rig, server)
        assert disk == disk_total(rig, server)
    for server, stack in (("sandbox", "always-on"), ("overflow1", "mas")):
        record = json.loads(rig.run(server, ["cat", f"{STATE}/releases/{stack}/current/release.json"]).stdout)
        shown = page.section(server)
        assert (record["id"] in shown.text, record["result"]) == (True, "ok")
        assert record["ended"] in [moment["datetime"] for moment in shown.named("time")]
        assert sorted(record["state"]["sources"].values()) == sorted(code["title"] for code in shown.named("code") if "title" in code)
    assert "nothing differs from the release" in page.text
    assert "nothing differs from the release" in run.output


def test_the_page_makes_no_request(looked: tuple[Run, Page]) -> None:
    _run, page = looked
    assert page.named("svg"), "there is a timeline"
    assert page.outside() == []


def test_the_timeline_holds_every_deploy_and_every_check(rig: Rig, looked: tuple[Run, Page]) -> None:
    """The scarcest moment of the records is the one that is written above the drawing."""
    _run, page = looked
    sample = lines(rig, "sandbox", "memory.jsonl")[-1]
    assert sample["host"]["available"] == SCARCE
    shown = page.section("sandbox")
    (memory, disk) = shown.named("svg")
    assert f"at {sample['time'][:16].replace('T', ' ')} UTC" in memory["aria-label"]
    assert SCARCE in shown.values
    assert sample["disk"]["total"] == disk_total(rig, "sandbox")
    assert "least free" in disk["aria-label"]
    assert {line["id"] for line in lines(rig, "sandbox", "history.jsonl") if line.get("event") == "release"} <= set(shown.text.replace(":", " ").split())


@pytest.fixture
def changed(rig: Rig) -> Iterator[None]:
    """What people do by hand: a limit raised, one copy of a service more from another image, a commit checked out."""
    found = services(rig, "sandbox")
    website, checkout = found["mycosoft-website"]["Config"]["Labels"], "/home/mycosoft/mycosoft/website"
    kept = rig.run("sandbox", ["git", "-C", checkout, "rev-parse", "HEAD"]).stdout.strip()
    labels = [
        word
        for key in ("project", "service", "config-hash", "oneoff")
        for word in ("--label", f"com.docker.compose.{key}={website[f'com.docker.compose.{key}']}")
    ]
    docker(rig, "sandbox", "update", "--memory", "20g", "--memory-swap", "20g", found["mindex-api"]["Id"])
    docker(rig, "sandbox", "run", "--detach", "--name", "by-hand", "--memory", "32g", *labels, found["mindex-db"]["Image"])
    author = ["-c", "user.name=somebody", "-c", "user.email=somebody@rack.example"]
    rig.run("sandbox", ["git", "-C", checkout, *author, "commit", "--quiet", "--allow-empty", "--message", "By hand"])
    yield
    rig.run("sandbox", ["git", "-C", checkout, "reset", "--quiet", "--hard", kept])
    docker(rig, "sandbox", "rm", "--force", "--volumes", "by-hand")
    docker(rig, "sandbox", "update", "--memory", "16g", "--memory-swap", "16g", found["mindex-api"]["Id"])


@pytest.fixture
def silent(rig: Rig) -> Iterator[str]:
    """A server whose engine is stopped."""
    rig.run("overflow1", ["sudo", "systemctl", "stop", "docker.socket", "docker"])
    yield "overflow1"
    rig.run("overflow1", ["sudo", "systemctl", "start", "docker"])
    wait_for("the orchestrator", lambda: services(rig, "overflow1")["mas-orchestrator"]["State"].get("Health", {}).get("Status") == "healthy")


def test_one_look_names_what_was_changed_by_hand_which_engine_is_silent_and_which_server_is_not_there(
    rig: Rig, looked: tuple[Run, Page], changed: None, silent: str, playbook: Playbook, tmp_path: Path
) -> None:
    image = services(rig, "sandbox")["mindex-db"]["Image"]
    record = json.loads(rig.run(silent, ["cat", f"{STATE}/releases/mas/current/release.json"]).stdout)
    absent = tmp_path / "absent.yml"
    absent.write_text(json.dumps({"overflow": {"hosts": {ABSENT: {"ansible_host": "127.0.0.1", "ansible_port": 1}}}}), encoding="utf-8")

    run, page = look(playbook, tmp_path / "rack.html", "--inventory", str(absent))

    said = " ".join(run.refused().output.split())
    assert "3 differences from the release" in said
    for told in (said, " ".join(page.section("sandbox").text.split())):
        assert "has a limit of 20G, the release gave it a limit of 16G." in told
        assert f"by-hand has the image {image.removeprefix('sha256:')[:12]}, the release " in told
        assert "/home/mycosoft/mycosoft/website is at " in told
    assert dict(page.section("sandbox").rows)["mindex-api"][0] == 20 * G

    assert re.search(rf"^{silent} .*unreachable=0 +failed=0", run.output, re.MULTILINE), "records and memory are shown without an engine"
    shown = page.section(silent)
    assert "Cannot reach the Docker Engine" in said
    assert "Not known: no engine answers." in shown.text
    assert record["id"] in shown.text
    assert memory_total(rig, silent) in shown.values

    assert f"Cannot show the status of {ABSENT}: it cannot be reached." in said
    assert "4 servers · 1 unreachable" in page.text
    assert "It cannot be reached." in page.section(ABSENT).text


def test_check_mode_shows_the_table_and_writes_nothing_anywhere(rig: Rig, repeated: Repeated, playbook: Playbook, tmp_path: Path) -> None:
    place = tmp_path / "rack.html"
    before = {server: snapshot(rig, server) for server in SERVERS}
    for name in ("status", "memory_check"):
        output = playbook(name, "--check", extra={"status_page": str(place)}).succeeded().output
        assert "mycosoft-website" in output
    assert not place.exists()
    assert {server: before[server].changes(snapshot(rig, server)) for server in SERVERS} == {server: [] for server in SERVERS}
