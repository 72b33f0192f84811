# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``make compare-recover``: the emergency sequence as people run it by hand, and our recover, on every engine: what is lost.

The server is that of the demo, with the website, its API and database deployed. Beside them run a Compose stack of one service and a container that
somebody started by hand, which are not essential. Both ways stop them, clear the server, restart Docker, and start the essential services; then the rest
is to come back.
"""

from __future__ import annotations

import dataclasses
import sys
import time
import typing as t

from tests.rig.images import ENGINES
from tests.rig.rig import Rig
from tests.support.markdown import table
from tests.support.playbooks import run_playbook
from tests.support.prune_cases.server import FOLDER, Server, Thing
from tests.support.repository import ROOT
from tests.support.rounds import progress
from tests.support.servers import services

SERVER = "sandbox"
PAGE = ROOT / "docs/guides/compare_recover.md"
STRAYS = ("reports-web-1", "batch")
ESSENTIAL = 3

BY_HAND = """\
docker ps --format '{{.Names}}' | grep --invert-match --regexp website --regexp mindex | xargs docker stop
docker system prune --all --force --volumes
sudo systemctl restart docker
docker start $(docker ps --all --quiet --filter name=website --filter name=mindex)
docker start reports-web-1 batch
"""
OURS = """\
ansible-playbook playbooks/recover.yml -i inventory/mycosoft --limit sandbox -e recover_everything=true -e recover_restart_docker=always \\
  -e recover_restart_confirmed=true
ansible-playbook playbooks/recover.yml -i inventory/mycosoft --limit sandbox -e recover_phase=restore
"""

_PAGE = """\
<!-- Made by `make compare-recover` from what real engines did: do not edit, run it again. -->

# What an emergency clean-up loses

A server short of memory, brought back by hand and by `playbooks/recover.yml`. The website, its API and its database are essential. A Compose stack of one
service (`reports`, with a named volume, an anonymous one and a network of its own) and a container that somebody started by hand (`batch`) are not: they are
stopped, the server is cleared, Docker is restarted, the essential services are started, and in the end the others are to come back. No engine has live-restore.

By hand:

```sh
{by_hand}```

With this collection:

```sh
{ours}```

{tables}
To make this page again: `make compare-recover`. It needs nothing but the checkout, and removes what it started.
"""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What is gone, in words, and which of the containers run at the end."""

    gone: tuple[str, ...]
    essential: int
    others: int


def put(server: Server) -> list[Thing]:
    """The two that are not essential, running, each with a file that is in no volume."""
    image = server.image("compare/reports:1", "VOLUME /scratch")
    server.compose_up("reports", {"image": image.id, "restart": "always"})
    found = server.container_of("reports")
    before = server.held()["volume"]
    batch = server.container("batch", server.image("compare/batch:1"), volumes={"batch": {"bind": "/data", "mode": "rw"}})
    server.client.api.start(batch.id)
    for name in STRAYS:
        server.run("docker", "cp", "/etc/hostname", f"{name}:/written")
    mounts = {mount["Destination"]: mount["Name"] for mount in found.attrs["Mounts"]}
    network = found.attrs["NetworkSettings"]["Networks"]["reports_default"]["NetworkID"]
    assert "batch" in server.held()["volume"] - before
    return [
        Thing("container", str(found.id), "the container `reports-web-1`, with what it wrote outside of volumes"),
        Thing("container", batch.id, "the container `batch`, with what it wrote outside of volumes"),
        Thing("image", "compare/reports:1", "the image of `reports`"),
        Thing("image", "compare/batch:1", "the image of `batch`"),
        Thing("network", network, "the network of `reports`"),
        Thing("volume", mounts["/data"], "the named volume of `reports`"),
        Thing("volume", mounts["/scratch"], "the anonymous volume of `reports`"),
        Thing("volume", "batch", "the named volume of `batch`"),
    ]


def by_hand(rig: Rig) -> None:
    rig.run(SERVER, ["sh", "-c", BY_HAND], check=False, timeout=300)


def ours(rig: Rig) -> None:
    extra = {"recover_everything": True, "recover_restart_docker": "always", "recover_restart_confirmed": True}
    run_playbook("playbooks/recover.yml", rig.inventory, "--limit", SERVER, extra=extra).succeeded()
    run_playbook("playbooks/recover.yml", rig.inventory, "--limit", SERVER, extra={"recover_phase": "restore"}).succeeded()


#: What may lose something comes last.
WAYS: dict[str, t.Callable[[Rig], None]] = {"recover.yml": ours, "by hand": by_hand}


def tried(rig: Rig, server: Server, way: t.Callable[[Rig], None]) -> tuple[list[Thing], Outcome]:
    server.run("mkdir", "-p", FOLDER)
    things = put(server)
    way(rig)
    held = server.held()
    up = set(server.run("docker", "ps", "--format", "{{.Names}}").split()) & set(STRAYS)
    healthy = settled(rig)
    remove(rig, things)
    return things, Outcome(tuple(thing.words for thing in things if thing.id not in held[thing.kind]), healthy, len(up))


def settled(rig: Rig) -> int:
    """How many essential services are healthy, as soon as all are, or after a minute: by hand nobody waits for them."""
    until = time.monotonic() + 60
    while True:
        healthy: int = sum(one["State"].get("Health", {}).get("Status") == "healthy" for one in services(rig, SERVER).values())
        if healthy == ESSENTIAL or time.monotonic() > until:
            return healthy
        time.sleep(1)


def remove(rig: Rig, things: t.Iterable[Thing]) -> None:
    """What is left of them."""
    removals = {"container": ["rm", "--force"], "volume": ["volume", "rm"], "network": ["network", "rm"], "image": ["rmi", "--force"]}
    for thing in things:
        rig.run(SERVER, ["docker", *removals[thing.kind], thing.id], check=False)
    rig.run(SERVER, ["rm", "-rf", FOLDER])


def compared(engine: str) -> tuple[str, str]:
    """The engine's version, and its table."""
    rig = Rig("emergency", engine=engine, servers=(SERVER, "overflow1"), progress=progress)
    try:
        rig.up(fresh=True)
        run_playbook("playbooks/deploy.yml", rig.inventory).succeeded()
        with Server.connected(rig, SERVER) as server:
            version = server.client.version()["Version"].partition("+")[0]
            results = {name: tried(rig, server, way) for name, way in WAYS.items()}
    finally:
        rig.down()
    return version, rows([thing.words for thing in next(iter(results.values()))[0]], {name: outcome for name, (_things, outcome) in results.items()})


def rows(words: t.Sequence[str], outcomes: t.Mapping[str, Outcome]) -> str:
    """A row for each thing that should survive, and for what runs in the end."""
    lines = [[word, *("LOST" if word in one.gone else "kept" for one in outcomes.values())] for word in words]
    ends = [
        ["essential services healthy in the end", *(f"{one.essential} of {ESSENTIAL}" for one in outcomes.values())],
        ["others running in the end", *(f"{one.others} of {len(STRAYS)}" for one in outcomes.values())],
    ]
    return table(["what was there", *outcomes], [*lines, *ends])


def page(tables: t.Sequence[tuple[str, str]]) -> str:
    return _PAGE.format(by_hand=BY_HAND, ours=OURS, tables="".join(f"## Docker {version}\n\n{text}\n\n" for version, text in tables))


def main() -> int:
    engines = sorted(ENGINES, key=lambda engine: [int(number) for number in engine.split(".")])
    PAGE.write_text(page([compared(engine) for engine in engines]), encoding="utf-8")
    print(PAGE.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
