# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The index and its database move to another server and back: every byte, no answered write lost, and a move that fails leaves things as they were."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import threading
import time
from typing import Any

import pytest
import yaml

from tests.rig.forge import replaced
from tests.rig.rig import Rig
from tests.support.playbooks import Run
from tests.support.repository import ROOT
from tests.support.servers import docker, services
from tests.system.conftest import STATE, Playbook
from tests.system.edge import website

STACKS: dict[str, Any] = yaml.safe_load((ROOT / "tests/rig/inventory/group_vars/all/rack.yml").read_text())["rack_stacks"]
MOVING = ("mindex-api", "mindex-db")
VOLUME = "mycosoft-always-on_mindex-data"
DATA = f"/var/lib/docker/volumes/{VOLUME}/_data"
#: A directory of the server that the database has, too.
BIND = "/srv/mindex"
COMPOSE_FILE = "docker-compose.always-on.yml"
#: Everything that a copy can lose.
ODD = f"{DATA}/odd"
MAKE_ODD = (
    f"mkdir {ODD} && cd {ODD} && echo one >one && ln one same && ln -s one link && truncate --size 50M sparse"
    " && mkdir -m 0700 closed && touch closed/inside && chown 1234:4321 closed && chmod 4755 one && touch --date 2001-02-03 one"
    """ && python3 -c 'import os; os.setxattr("one", "user.note", b"x"); open(b"not-\\xff-text", "w").close()'"""
)
DATABASE = "mycosoft-always-on-mindex-db-1"
HERE, THERE = "sandbox", "overflow1"


def stacks(host: str) -> dict[str, Any]:
    """The rig's inventory with the index as a service that can move: its database is listed, and others are told its address."""
    found = copy.deepcopy(STACKS)
    listed = found["always-on"]["services"]
    listed["mindex-db"] = {"memory": "1G", "host": host}
    listed["mindex-api"] |= {"host": host, "needs": ["mindex-db"], "address": {"env": "MINDEX_API_URL", "port": 8000}}
    return found


def offload(playbook: Playbook, host: str, to: str, *arguments: str) -> Run:
    extra = {"rack_stacks": stacks(host), "offload_service": ",".join(MOVING), "offload_to": to}
    return playbook("offload", *arguments, extra=extra)


def said(run: Run) -> str:
    return " ".join(run.output.split())


def where(rig: Rig) -> dict[str, set[str]]:
    """Server -> which of the two run there and are healthy."""
    return {
        server: {name for name, one in services(rig, server).items() if name in MOVING and one["State"].get("Health", {}).get("Status") == "healthy"}
        for server in (HERE, THERE)
    }


def asked(rig: Rig, server: str, module: str, **options: Any) -> dict[str, Any]:
    """What the module returns, run as root."""
    command = ["ansible", server, "--inventory", str(rig.inventory), "--become", "--module-name", f"mycosoft.rack.{module}", "--args", json.dumps(options)]
    environment = {**os.environ, "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"}
    done = subprocess.run(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout[done.stdout.index("{") :])
    return found


def digest(rig: Rig, server: str, path: str = DATA) -> str:
    return str(asked(rig, server, "tree_digest", paths=[path])["trees"][path]["digest"])


def number(rig: Rig, server: str) -> int:
    return int(docker(rig, server, "exec", DATABASE, "redis-cli", "get", "number"))


class Writer(threading.Thread):
    """Counts up in the database, some times a second, until it is gone; what was answered was kept."""

    def __init__(self, rig: Rig) -> None:
        super().__init__(daemon=True)
        self._rig, self.answered = rig, 0

    def run(self) -> None:
        while True:
            done = self._rig.run(HERE, ["docker", "exec", DATABASE, "redis-cli", "incr", "number"], check=False)
            if done.returncode or not done.stdout.strip().isdecimal():
                return
            self.answered = int(done.stdout)
            time.sleep(0.2)


@pytest.fixture(scope="module")
def ready(rig: Rig, deployed: Run) -> None:
    """The database has a directory of the server beside its volume. Nothing else uses the servers after these tests: they are left as they are."""
    rig.push("mas", {COMPOSE_FILE: replaced("[mindex-data:/data]", f"[mindex-data:/data, {BIND}:/extra]")}, "A directory for the index")


def test_there_and_back_with_all_data(rig: Rig, playbook: Playbook, ready: None) -> None:
    playbook("deploy", extra={"rack_stacks": stacks(HERE)}).succeeded()
    rig.run(HERE, ["sudo", "sh", "-c", f"{MAKE_ODD} && cp --archive {ODD} {BIND}/odd"])
    odd, beside = digest(rig, HERE, ODD), digest(rig, HERE, BIND)
    writer = Writer(rig)
    writer.start()
    offload(playbook, HERE, THERE).succeeded()
    writer.join(60)
    assert (writer.is_alive(), writer.answered > 0) == (False, True)
    assert where(rig) == {HERE: set(), THERE: set(MOVING)}
    assert number(rig, THERE) >= writer.answered
    assert website(rig)["mindex"]
    assert f"MINDEX_API_URL=http://{rig.layout.address(THERE)}:8000" in services(rig, HERE)["mycosoft-website"]["Config"]["Env"]
    limits = {name: services(rig, THERE)[name]["HostConfig"]["Memory"] for name in MOVING}
    assert limits == {"mindex-api": 16 << 30, "mindex-db": 1 << 30}
    assert "mycosoft.rack" not in rig.run(THERE, ["cat", "/home/mycosoft/.ssh/authorized_keys"]).stdout
    left_behind = digest(rig, HERE)

    # with the inventory from before nobody starts it on the old data
    output = said(playbook("deploy", extra={"rack_stacks": stacks(HERE)}).refused())
    assert f"mindex-api moved to {THERE} with its data. Set rack_stacks.always-on.services.mindex-api.host to {THERE}" in output
    output = said(playbook("status", extra={"rack_stacks": stacks(HERE)}).succeeded())
    assert "2 moves wait for the inventory, 2 volumes or directories left behind by moves" in output
    assert f"left behind: the volume {VOLUME} of mindex-db, now on {THERE}." in output
    assert "Cannot roll back: mindex-api of always-on is on overflow1, mindex-db of always-on is on overflow1" in said(playbook("rollback").refused())

    # the same once more: nothing is copied over what the other server has by now
    docker(rig, THERE, "exec", DATABASE, "redis-cli", "incr", "number")
    counted = number(rig, THERE)
    assert f"The data is on {THERE} already" in said(offload(playbook, HERE, THERE).succeeded())
    assert (number(rig, THERE), digest(rig, HERE)) == (counted, left_behind)

    # a file of the old copy that cannot be told by its size and time
    rig.run(HERE, ["sudo", "sh", "-c", f"cd {ODD} && echo two >one && touch --date 2001-02-03 one"])
    back = offload(playbook, THERE, HERE).succeeded()
    assert "Content | Copy" in back.output
    assert where(rig) == {HERE: set(MOVING), THERE: set()}
    assert number(rig, HERE) == counted
    assert website(rig)["mindex"]
    # of the rest the role compared every file while nobody wrote; a database writes when it starts
    assert digest(rig, HERE, ODD) == odd == digest(rig, THERE, ODD)
    assert digest(rig, HERE, BIND) == beside == digest(rig, THERE, BIND)

    # nobody needs the copy any more, once the service serves from its own
    docker(rig, HERE, "stop", DATABASE)
    assert "mindex-db does not run" in said(playbook("offload_confirm", extra={"rack_stacks": stacks(HERE)}).refused())
    assert VOLUME in docker(rig, THERE, "volume", "ls", "--quiet").split()
    docker(rig, HERE, "start", DATABASE)
    playbook("offload_confirm", extra={"rack_stacks": stacks(HERE)}).succeeded()
    assert VOLUME not in docker(rig, THERE, "volume", "ls", "--quiet").split()
    assert VOLUME in docker(rig, HERE, "volume", "ls", "--quiet").split()


def test_what_is_in_the_way_is_told_before_anything_changes(rig: Rig, playbook: Playbook, ready: None) -> None:
    before = {name: one["State"]["StartedAt"] for name, one in services(rig, HERE).items()}
    # data of somebody else, in a volume of the same name and in the directory
    docker(rig, THERE, "volume", "create", "--label", "com.docker.compose.project=other", VOLUME)
    rig.run(THERE, ["sudo", "sh", "-c", f"rm {STATE}/moved.json {STATE}/moved_data.json && rm -r {BIND} && mkdir {BIND} && echo mine >{BIND}/note"])
    listener = "python3 -c 'import socket, time; s = socket.create_server((str(), 8000)); time.sleep(600)' >/dev/null 2>&1 & echo $!"
    process = rig.run(THERE, ["sh", "-c", listener]).stdout.strip()
    try:
        output = said(offload(playbook, HERE, THERE).refused())
    finally:
        rig.run(THERE, ["kill", process])
    assert f"{THERE}: port 8000 is taken." in output
    assert f"{THERE}: the volume {VOLUME} belongs to the project other there." in output
    assert f"{THERE}: {BIND} is not empty there, and no earlier move of {', '.join(MOVING)} put it there." in output
    assert rig.run(THERE, ["sudo", "cat", f"{BIND}/note"]).stdout == "mine\n"
    docker(rig, THERE, "volume", "rm", VOLUME)
    rig.run(THERE, ["sudo", "rm", "-r", BIND])
    # the inventory alone moves nothing
    output = said(playbook("deploy", "--check", extra={"rack_stacks": stacks(THERE)}).refused())
    assert f"Cannot deploy always-on: mindex-db is planned on {THERE}, but runs on {HERE} with its data (" in output
    assert f"-e offload_service=always-on/mindex-db -e offload_to={THERE}." in output
    alone = {"rack_stacks": stacks(HERE), "offload_service": "mindex-api", "offload_to": THERE}
    assert "depends on mindex-db, which would stay behind" in said(playbook("offload", extra=alone).refused())
    public = {"rack_stacks": stacks(HERE), "offload_service": "mycosoft-website", "offload_to": THERE}
    assert "always-on/mycosoft-website is public" in said(playbook("offload", extra=public).refused())
    assert {name: one["State"]["StartedAt"] for name, one in services(rig, HERE).items()} == before


def test_a_service_that_does_not_come_up_there_runs_on_where_it_ran(rig: Rig, playbook: Playbook, ready: None) -> None:
    before, counted = {name: one["Id"] for name, one in services(rig, HERE).items() if name in MOVING}, number(rig, HERE)
    # after the checks, when the database has come up there, something else takes the port of the index
    listener = "until docker ps --quiet --filter name=mindex-db | grep --quiet .; do sleep 0.2; done; exec python3 -m http.server 8000"
    rig.run(THERE, ["sh", "-c", f"setsid sh -c '{listener}' >/dev/null 2>&1 </dev/null &"])
    try:
        output = said(offload(playbook, HERE, THERE).refused())
    finally:
        rig.run(THERE, ["pkill", "--full", "[h]ttp.server 8000"])
    assert f"Cannot move services on {THERE}" in output
    assert where(rig) == {HERE: set(MOVING), THERE: set()}
    assert {name: one["Id"] for name, one in services(rig, HERE).items() if name in MOVING} == before
    assert {services(rig, HERE)[name]["HostConfig"]["RestartPolicy"]["Name"] for name in MOVING} == {"unless-stopped"}
    assert not any(one["State"]["Running"] for name, one in services(rig, THERE).items() if name in MOVING)
    assert (number(rig, HERE), website(rig)["mindex"]) == (counted, True)
    for server in (HERE, THERE):
        assert rig.run(server, ["sh", "-c", f"ls {STATE} | grep --count --extended-regexp 'offload' || true"]).stdout.strip() == "0"
    noted = rig.run(HERE, ["cat", f"{STATE}/moved.json"], check=False).stdout
    assert not json.loads(noted or "{}").get("always-on"), "it never moved"
    assert "mycosoft.rack" not in rig.run(THERE, ["cat", "/home/mycosoft/.ssh/authorized_keys"]).stdout


def test_a_mount_that_ends_with_its_container_is_refused_and_the_system_stays(rig: Rig, ready: None) -> None:
    options = ["--opt", "type=none", "--opt", "o=bind", "--opt", "device=/srv/vol"]
    rig.run(HERE, ["sudo", "mkdir", "/srv/vol"])
    docker(rig, HERE, "volume", "create", *options, "mounted")
    labels = {"com.docker.compose.project": "odd", "com.docker.compose.service": "one", "com.docker.compose.config-hash": "x"}
    mounts = ["mounted:/data", "/:/host:ro", "/etc:/host-etc", "/srv/vol:/vol:ro"]
    words = [*(f"--label={key}={value}" for key, value in labels.items()), *(f"--volume={mount}" for mount in mounts)]
    docker(rig, HERE, "create", "--name", "odd-one-1", *words, "redis:8.0")
    try:
        found = asked(rig, HERE, "service_data", state="leaving", project="odd", services=["one"])
    finally:
        docker(rig, HERE, "rm", "odd-one-1")
        docker(rig, HERE, "volume", "rm", "mounted")
        rig.run(HERE, ["sudo", "rmdir", "/srv/vol"])
    assert found["binds"] == []
    assert {one["path"]: one["why"] for one in found["stays"]} == {"/": "system", "/etc": "system", "/srv/vol": "read-only"}
    assert [problem.partition(",")[0] for problem in found["problems"]] == [
        "odd-one-1 may write to /etc",
        "the volume mounted is a mount of /srv/vol",
    ]


def test_moves_are_proposed_where_a_server_has_not_the_memory(rig: Rig, playbook: Playbook) -> None:
    assert "Everything fits where it is" in said(playbook("placement").succeeded())
    crowded = stacks(HERE)
    crowded["mas"]["host"] = HERE
    output = said(playbook("placement", extra={"rack_stacks": crowded}).succeeded())
    assert f"Move mas/mas-orchestrator (8G) from {HERE} to {THERE}: then at most" in output, output
    assert "1G is missing" in output
