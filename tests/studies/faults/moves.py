# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``make faults-offload``: a move of the index with its database that meets a fault at each of its steps, and docs/guides/offload.md of what came of it.

After each fault the servers are asked who runs the database and whether the word is there that was written before. Then the same move is made again, which
has to go on; and the index is moved back for the next row.
"""

from __future__ import annotations

import argparse
import copy
import dataclasses
import functools
import subprocess
import sys
import time
import typing as t

from tests.rig.errors import RigError
from tests.rig.rig import Rig
from tests.studies.faults.process import Process
from tests.studies.faults.rack import DATABASE, OVERFLOW, SANDBOX, SERVERS, STATE, Json, Rack, inventory
from tests.studies.faults.trial import BAD, LOGS
from tests.support.markdown import read_tables, table
from tests.support.playbooks import run_playbook
from tests.support.repository import ROOT
from tests.support.rounds import progress

PAGE = ROOT / "docs/guides/offload.md"
MOVING = "mindex-api,mindex-db"
HEAD = ("fault", "the run", "who runs the database then", "the word", "the same move again")
NOT_TRIED = "not tried"

#: What a step is called on the page -> the task at which it has begun.
STEPS = {
    "the first copy, while it runs": "offload : Copy [|] Copy each",
    "the stop": "offload : Switch [|] Stop it",
    "the comparison": "offload : Switch [|] Compare every file",
    "the note of where it lives": "offload : Switch [|] Note where",
    "the start on the other server": "compose_deploy : Up [|] Start",
    "the end of the old containers": "offload : Away [|] Remove",
}

_PAGE = """\
<!-- Made by `make faults-offload` from what real servers did: do not edit, run it again. -->

# What a move to another server survives

Every row is a fault at a step of `playbooks/offload.yml`, which moves an index and its database from one real server to another. Before each a word is
written to the database. After the fault, when both servers answer again, they are asked who runs the database and whether the word is in it: it may be
nobody, and must never be two. Then the same move is made again, and has to end with the word on the other server and a website that reaches it.

A cell that begins with FAILS is a promise that was not kept. To make this page again: `make faults-offload`; a single row:
`python -m tests.studies.faults.moves --only {example}`.

{rows}
"""


@dataclasses.dataclass(frozen=True)
class Fault:
    """``strike`` happens when the task ``at`` has begun."""

    name: str
    sentence: str
    at: str
    strike: t.Callable[[Rack, Process], None]


def kill_controller(_rack: Rack, run: Process) -> None:
    run.kill()


def cut_power(server: str) -> t.Callable[[Rack, Process], None]:
    def strike(rack: Rack, _run: Process) -> None:
        container = rack.container(server)
        container.kill()
        container.start()

    return strike


def cut_network(rack: Rack, _run: Process) -> None:
    """Nothing reaches the target for twenty seconds, from the source or the controller; what asks for it is answered before."""
    rule = "INPUT --in-interface eth0 --jump DROP"
    rack.root(OVERFLOW, f"systemd-run --quiet sh -c 'sleep 0.3; iptables --insert {rule}; sleep 20; iptables --delete {rule}'")


def _faults() -> t.Iterator[Fault]:
    """Each fault at each step."""
    kinds = {
        "controller": ("The controller is killed", kill_controller),
        "source": ("The power of the source is cut", cut_power(SANDBOX)),
        "target": ("The power of the target is cut", cut_power(OVERFLOW)),
        "network": ("The network of the target is cut for 20 s", cut_network),
    }
    for kind, (sentence, strike) in kinds.items():
        for number, (step, task) in enumerate(STEPS.items(), 1):
            yield Fault(f"{kind}{number}", f"{sentence} at {step}", task, strike)


FAULTS = tuple(_faults())


@functools.cache
def stacks(host: str) -> Json:
    """The rig's inventory with the index as something that can move."""
    found = copy.deepcopy(inventory())
    listed = found["always-on"]["services"]
    listed["mindex-db"] = {"memory": "1G", "host": host}
    listed["mindex-api"] |= {"host": host, "needs": ["mindex-db"], "address": {"env": "MINDEX_API_URL", "port": 8000}}
    return found


def move(host: str, to: str) -> Json:
    return {"rack_stacks": stacks(host), "offload_service": MOVING, "offload_to": to}


def holders(rack: Rack) -> dict[str, str]:
    """Server -> the word in the database that runs there."""
    found = {}
    for server in SERVERS:
        rack.reach(server)
        said = rack.run(server, "docker", "exec", DATABASE, "redis-cli", "GET", "/items/written", check=False).strip()
        if rack.run(server, "docker", "ps", "--quiet", "--filter", f"name={DATABASE}", check=False).strip():
            found[server] = said
    return found


def attempt(fault: Fault, rack: Rack) -> tuple[str, ...]:
    """The cells of a row. The index is on the sandbox before and afterwards."""
    word = rack.write()
    run = Process(rack.rig, "offload", move(SANDBOX, OVERFLOW))
    struck = run.begins(fault.at)
    if struck:
        fault.strike(rack, run)
    code = run.ended()
    run.keep(LOGS / f"offload-{fault.name}.log")
    if not struck:
        return (f"{BAD}: it ended with {code} before the fault could strike", *[NOT_TRIED] * (len(HEAD) - 2))
    there = settled(rack)
    running = " and ".join(there) or "nobody"
    whole = all(said == word for said in there.values())
    cells = ["ended well" if code == 0 else "failed" if code > 0 else "killed", f"{BAD}: {running}" if len(there) > 1 else running]
    cells.append("is there" if there and whole else f"{BAD}: {there}" if there else "not asked")
    again = run_playbook("playbooks/offload.yml", rack.rig.inventory, extra={**move(SANDBOX, OVERFLOW), "compose_deploy_watch_seconds": 3})
    (LOGS / f"offload-{fault.name}-again.log").write_text(again.output, encoding="utf-8")
    after, website = settled(rack), rack.serving()
    good = again.code == 0 and after == {OVERFLOW: word} and website is not None
    return (*cells, "goes on, and ends there with the word" if good else f"{BAD}: exit code {again.code}, {after}, website {website}")


def settled(rack: Rack) -> dict[str, str]:
    """Who holds it, once a container that comes up after a boot has had the time for it."""
    found = holders(rack)
    for _try in range(10):
        time.sleep(1)
        now = holders(rack)
        if now == found and all(now.values()):
            return now
        found = now
    return found


def bring_back(rack: Rack) -> None:
    """The index on the sandbox, and no trace of a move."""
    run_playbook("playbooks/offload.yml", rack.rig.inventory, extra=move(OVERFLOW, SANDBOX)).succeeded()
    for server in SERVERS:
        rack.run(server, "sh", "-c", f"cd {STATE} && rm -f moved.json moved_volumes.json offload.json")


def rows_of(text: str) -> dict[str, list[str]]:
    found = read_tables(text)
    return {line[0]: line[1:] for line in found[0][1:]} if found else {}


def page(rows: t.Mapping[str, t.Sequence[str]]) -> str:
    lines = [[fault.sentence, *rows.get(fault.sentence, [NOT_TRIED] * (len(HEAD) - 1))] for fault in FAULTS]
    return _PAGE.format(example=FAULTS[0].name, rows=table(HEAD, lines))


def tried(fault: Fault, rack: Rack) -> tuple[str, ...]:
    """The cells of a row; a trial that cannot be made is a failure, and not the end of the campaign."""
    try:
        cells = attempt(fault, rack)
        bring_back(rack)
    except (RigError, RuntimeError, OSError, AssertionError, subprocess.SubprocessError) as error:
        (LOGS / f"offload-{fault.name}-error.log").write_text(str(error), encoding="utf-8")
        return (f"{BAD}: {' '.join(str(error).split())[:200]}".replace("|", "/"), *[NOT_TRIED] * (len(HEAD) - 2))
    return cells


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.studies.faults.moves", description=__doc__)
    parser.add_argument(
        "--only", nargs="+", choices=[fault.name for fault in FAULTS], help="make these rows of the page anew, and leave the others as they are"
    )
    parser.add_argument("--keep", action="store_true", help="leave the rack up")
    arguments = parser.parse_args()
    LOGS.mkdir(parents=True, exist_ok=True)
    rig = Rig("faults", servers=SERVERS, progress=progress)
    bad = False
    try:
        rig.up()
        run_playbook("playbooks/deploy.yml", rig.inventory, extra={"rack_stacks": stacks(SANDBOX)}).succeeded()
        rack = Rack(rig)
        for fault in (fault for fault in FAULTS if not arguments.only or fault.name in arguments.only):
            cells = tried(fault, rack)
            rows = rows_of(PAGE.read_text(encoding="utf-8")) if PAGE.exists() else {}
            PAGE.write_text(page({**rows, fault.sentence: cells}), encoding="utf-8")
            progress(f"{fault.sentence} | {' | '.join(cells)}")
            bad = bad or any(cell.startswith(BAD) for cell in cells)
    finally:
        if not arguments.keep:
            rig.down()
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
