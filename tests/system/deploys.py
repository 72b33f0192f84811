# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The deploys that several tests look at, with all that is only seen while they run."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ansible_runner
import pytest

from tests.rig.rig import Rig
from tests.support.playbooks import Run, run_playbook
from tests.support.repository import ROOT
from tests.support.servers import SERVERS, Snapshot, docker, running, services, snapshot
from tests.system.edge import served

EVENTS = "removed.jsonl"  # in the home directory on the server
#: Volumes without a name that lost their containers: one long ago, as the record says, and one just now.
OLD_VOLUME, NEW_VOLUME = "f00d" * 16, "beef" * 16


@dataclasses.dataclass(frozen=True)
class Released:
    """A deploy of a new version of the website, and before it the same in check mode."""

    version: str
    foreseen: Run
    written: dict[str, list[str]]  # by check mode, server -> what is not as it was
    posted: list[dict[str, Any]]  # by check mode
    old_pages: dict[str, str]  # what visitors got before
    began: datetime.datetime  # the deploy itself
    purges: list[dict[str, Any]]


@dataclasses.dataclass(frozen=True)
class Repeated:
    """A deploy with nothing new, through ansible-runner."""

    status: str
    output: str
    document: dict[str, Any]  # what it hands over to a scheduler
    before: dict[str, dict[str, tuple[str, str]]]  # server -> what ran, as servers.running() tells it
    after: dict[str, dict[str, tuple[str, str]]]
    purges: list[dict[str, Any]]


def release(rig: Rig, state: str, elsewhere: Path) -> Released:
    """``state``: the state directory. ``elsewhere``: a directory that is not the checkout, where check mode runs by the playbook's name."""
    version = "2"
    for server in SERVERS:
        leave_rubbish(rig, server)
    _leave_volumes(rig, "overflow2", state)
    docker(rig, "sandbox", "exec", str(services(rig, "sandbox")["mindex-db"]["Id"]), "redis-cli", "SET", "/items/spore", "amanita")
    rig.push("website", {"VERSION": f"{version}\n"}, f"Release {version}")
    old_pages = served(rig)
    rig.clear_fake_log("cloudflare")

    before = _snapshots(rig)
    foreseen = run_playbook("mycosoft.rack.deploy", rig.inventory, "--check", "--diff", cwd=elsewhere).succeeded()
    after = _snapshots(rig)
    posted = [entry for entry in rig.fake_log("cloudflare") if entry["method"] == "POST"]

    rig.clear_fake_log("cloudflare")
    began = datetime.datetime.now(datetime.timezone.utc)
    with contextlib.ExitStack() as stack:
        for server in SERVERS:
            stack.enter_context(_watching(rig, server))
        stack.enter_context(through_the_edge(rig))
        purge = {"cloudflare_purge_selector": "hosts", "cloudflare_purge_verify": "fail"}
        run_playbook("playbooks/deploy.yml", rig.inventory, extra=purge).succeeded()
    written = {server: before[server].changes(after[server]) for server in SERVERS}
    return Released(version, foreseen, written, posted, old_pages, began, purges(rig))


def repeat(rig: Rig, folder: Path) -> Repeated:
    """As AWX does it: the checkout is the project, the playbook a path in it, nobody at a terminal."""
    (folder / "project").symlink_to(ROOT)
    rig.clear_fake_log("cloudflare")
    before = {server: running(rig, server) for server in SERVERS}
    run = ansible_runner.run(
        private_data_dir=str(folder),
        playbook="playbooks/deploy.yml",
        inventory=str(rig.inventory),
        extravars={"docker_cleanup_build_cache": False},
        envvars={name: os.environ[name] for name in ("ANSIBLE_CONFIG", "ANSIBLE_COLLECTIONS_PATH", "ANSIBLE_HOME") if name in os.environ},
        quiet=True,
        cancel_callback=lambda: False,  # without one it takes over this process's SIGTERM and SIGINT, for good
    )
    output = run.stdout.read()
    assert (run.status, run.rc) == ("successful", 0), output
    ends = [event for event in run.events if event["event"] == "playbook_on_stats"]
    document = ends[-1]["event_data"]["artifact_data"]["mycosoft_rack"]
    return Repeated(run.status, output, document, before, {server: running(rig, server) for server in SERVERS}, purges(rig))


@contextlib.contextmanager
def through_the_edge(rig: Rig) -> Iterator[None]:
    """The name of the website leads nowhere: the controller finds it through the edge, as its proxy, and everything else directly."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("http_proxy", rig.layout.edge_url)
        environment.setenv("no_proxy", ",".join(rig.layout.address(host) for host in rig.layout.hosts))
        yield


def purges(rig: Rig) -> list[dict[str, Any]]:
    """The purges that Cloudflare's stand-in accepted."""
    return [entry for entry in rig.fake_log("cloudflare") if entry["path"].endswith("/purge_cache") and entry["status"] == 200]


def _snapshots(rig: Rig) -> dict[str, Snapshot]:
    return {server: snapshot(rig, server) for server in SERVERS}


def leave_rubbish(rig: Rig, server: str) -> None:
    """An image and a network that belong to nobody."""
    done = rig.run(server, ["sh", "-c", "tar c --files-from /dev/null | docker import - rubbish:1 && docker network create rubbish"])
    assert done.returncode == 0, done.stderr


def _leave_volumes(rig: Rig, server: str, state: str) -> None:
    """Labelled as the engine does it for a volume without a name."""
    for volume in (OLD_VOLUME, NEW_VOLUME):
        docker(rig, server, "volume", "create", "--label", "com.docker.volume.anonymous=", volume)
    engine = docker(rig, server, "info", "--format", "{{.ID}}").strip()
    record = json.dumps({"engine": engine, "clock": {"now": 10**9, "boot": "an earlier one", "uptime": 0}, "unused_since": {"volumes": {OLD_VOLUME: 1}}})
    rig.run(server, ["sh", "-c", 'printf %s "$1" >"$2"', "sh", record, f"{state}/unused_since.json"])


@contextlib.contextmanager
def _watching(rig: Rig, server: str) -> Iterator[None]:
    """Have the engine's own events of what was removed written down: it remembers but the last 256, which health checks soon fill."""
    watch = f"docker events --filter event=destroy --format '{{{{json .}}}}' >{EVENTS} 2>&1 </dev/null & echo $!"
    process = rig.run(server, ["sh", "-c", watch]).stdout.strip()
    yield
    rig.run(server, ["kill", process])
