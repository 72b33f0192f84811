# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The archive on one of two servers (tests/rig/stacks/archive): orders in PostgreSQL, a customer who never rests, and a shop that needs it."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import threading
import time
import typing as t
import urllib.request
from http.client import HTTPException

from tests.rig.errors import RigError
from tests.rig.layout import FORGE
from tests.rig.rig import Rig
from tests.support.playbooks import Run, run_playbook
from tests.support.shop import planned

PORT = 8090
CHECKOUT = "/home/mycosoft/mycosoft/archive"
DATABASE = "archive-archive-db-1"
VOLUME = "archive_orders"
SERVICES = ("archive", "archive-db")
#: Seconds between two looks at whether it answers.
TICK = 0.1
#: A line of an order; what it says follows from its number, so that a sum tells whether all are there.
_SEED = """
DROP TABLE IF EXISTS orders;
CREATE TABLE orders (number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, text text NOT NULL);
CREATE INDEX ON orders (md5(text));
INSERT INTO orders (text) SELECT 'order ' || line || repeat(md5(line::text), {width}) FROM generate_series(1, {rows}) AS line;
"""
_SUM = "SELECT count(*) || ' ' || sum(hashtextextended(number || text, 0)::numeric) FROM orders WHERE number <= {rows}"


@dataclasses.dataclass(frozen=True)
class Absence:
    """``seconds``: from the last good answer on one server to the first on the other; ``both``: looks at which both answered."""

    seconds: float
    both: int


class Customer(threading.Thread):
    """Orders one thing after the other where the archive is, until nobody takes it; then it is gone."""

    def __init__(self, address: str) -> None:
        super().__init__(daemon=True)
        self._address, self.numbers, self._gone = address, list[int](), threading.Event()

    def run(self) -> None:
        while not self._gone.is_set():
            with contextlib.suppress(OSError, HTTPException, ValueError):
                self.numbers.append(int(ask(self._address, "/orders", f"one more {len(self.numbers)}")["order"]))

    def go(self) -> list[int]:
        """The numbers of what was taken."""
        self._gone.set()
        self.join(10)
        return self.numbers


class Archive:
    """``servers``: where it is and where it can go; the shop is on the first."""

    def __init__(self, rig: Rig, servers: tuple[str, str]) -> None:
        self._rig, self.servers, self.rows = rig, servers, 0

    def stacks(self, host: str) -> dict[str, t.Any]:
        """The rack with the archive on one of them."""
        services = {
            "archive": {"memory": "256M", "host": host, "needs": ["archive-db"], "address": {"env": "ARCHIVE_URL", "port": 8000, "published": PORT}},
            "archive-db": {"memory": "1G", "host": host},
        }
        shop = planned(self.servers[0], "start-first")
        shop["services"]["web"]["needs"] = ["archive/archive"]
        source = {"repo": f"git@{FORGE}:/srv/git/archive.git", "dest": CHECKOUT, "version": "main"}
        archive = {"directory": CHECKOUT, "files": ["docker-compose.yml"], "host": self.servers[0], "sources": [source], "services": services}
        return {"shop": shop, "archive": archive}

    def deploy(self) -> Run:
        """Both, the archive on the first server."""
        return run_playbook("playbooks/deploy.yml", self._rig.inventory, extra={"rack_stacks": self.stacks(self.servers[0])})

    def offload(self, host: str, to: str) -> Run:
        """Ours. What a move by hand left there is in no record of ours."""
        extra = {"rack_stacks": self.stacks(host), "offload_service": ",".join(SERVICES), "offload_to": to, "offload_overwrite": [VOLUME]}
        return run_playbook("playbooks/offload.yml", self._rig.inventory, extra=extra)

    def by_hand(self, host: str, to: str) -> Run:
        """Stop it, copy everything, start it over there. The image is there already, and nothing is compared."""
        data = f"/var/lib/docker/volumes/{VOLUME}/_data"
        ssh = "ssh -i .ssh/by_hand -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"
        rsync = f"sudo rsync --archive --hard-links --acls --xattrs --sparse --numeric-ids --rsync-path 'sudo rsync' --rsh '{ssh}'"
        steps = [
            (to, f"sudo sh -c 'docker volume create --label com.docker.compose.project=archive {VOLUME} >/dev/null && find {data} -mindepth 1 -delete'"),
            (host, f"cd {CHECKOUT} && docker compose stop"),
            (host, f"{rsync} {data}/ mycosoft@{self._rig.layout.address(to)}:{data}/"),
            (to, f"cd {CHECKOUT} && docker compose up --detach --wait"),
        ]
        output = ""
        for server, script in steps:
            done = self._rig.run(server, ["sh", "-c", script], check=False, timeout=900)
            output += done.stdout + done.stderr
            if done.returncode:
                return Run(done.returncode, output)
        return Run(0, output)

    def trust(self) -> None:
        """What the way by hand needs for good: each server may log in to the other."""
        for server, other in zip(self.servers, reversed(self.servers), strict=True):
            self._rig.run(server, ["sh", "-c", "rm -f .ssh/by_hand* && ssh-keygen -q -t ed25519 -N '' -C by-hand -f .ssh/by_hand"])
            public = self._rig.run(server, ["cat", ".ssh/by_hand.pub"]).stdout
            self._rig.run(other, ["sh", "-c", f"echo '{public.strip()}' >> ~/.ssh/authorized_keys"])

    def slow_down(self, mbit: int) -> None:
        """What a server sends goes no faster than that: within one machine it would go as fast as memory."""
        for server in self.servers:
            self._rig.run(server, ["sudo", "tc", "qdisc", "replace", "dev", "eth0", "root", "tbf", "rate", f"{mbit}mbit", "burst", "1mb", "latency", "50ms"])

    def fill(self, rows: int, width: int) -> None:
        """So many orders of ``width`` times 32 letters each."""
        self.rows = rows
        # As a database is that has been there for a while: nothing of what was written at once is left to be done.
        for statement in (_SEED.format(rows=rows, width=width), "VACUUM (FREEZE, ANALYZE) orders", "CHECKPOINT"):
            self.sql(self.servers[0], statement)

    def sql(self, server: str, statement: str) -> str:
        """What the database on a server says to it."""
        command = ["docker", "exec", DATABASE, "psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", "--username=postgres"]
        return self._rig.run(server, [*command, "--command", statement], timeout=900).stdout.strip()

    def sum(self, server: str) -> str:
        """How many of the first orders are there, and a number that follows from everything that is in them."""
        return self.sql(server, _SUM.format(rows=self.rows))

    def missing(self, server: str, numbers: t.Sequence[int]) -> int:
        """How many of these orders are not there."""
        given = ",".join(map(str, numbers)) or "0"
        return len(numbers) - int(self.sql(server, f"SELECT count(*) FROM orders WHERE number IN ({given})"))  # noqa: S608 (numbers)

    def size(self, server: str) -> int:
        """Bytes of the database's files."""
        return int(self._rig.run(server, ["sudo", "du", "--summarize", "--bytes", f"/var/lib/docker/volumes/{VOLUME}/_data"]).stdout.split()[0])

    def check(self, server: str) -> str:
        """What ``pg_amcheck`` has to say, of every table and index; nothing where all is well."""
        command = ["docker", "exec", DATABASE, "pg_amcheck", "--username=postgres", "--all", "--install-missing", "--heapallindexed", "--parent-check"]
        done = self._rig.run(server, command, check=False, timeout=900)
        if done.returncode not in (0, 2):
            raise RigError(f"Cannot check the database on {server}: {done.stderr}")
        return done.stdout.strip()

    def customer(self, server: str) -> Customer:
        """Somebody who has begun to order there."""
        customer = Customer(self.address(server))
        customer.start()
        return customer

    def address(self, server: str) -> str:
        return f"http://{self._rig.layout.address(server)}:{PORT}"

    @contextlib.contextmanager
    def watched(self, host: str, to: str) -> t.Iterator[t.Callable[[], Absence]]:
        """Looks at both servers all the time; what it gives tells, after the block, how long nobody answered."""
        seen: dict[str, list[float]] = {host: [], to: []}
        stop = threading.Event()
        threads = [threading.Thread(target=self._look, args=(server, seen[server], stop), daemon=True) for server in seen]
        for thread in threads:
            thread.start()
        try:
            yield lambda: Absence(min(seen[to]) - max(seen[host]), sum(moment < max(seen[host]) for moment in seen[to]))
        finally:
            stop.set()
            for thread in threads:
                thread.join(10)

    def _look(self, server: str, seen: list[float], stop: threading.Event) -> None:
        while not stop.wait(TICK):
            with contextlib.suppress(OSError, HTTPException, ValueError):
                ask(self.address(server), "/health")
                seen.append(time.monotonic())


def ask(address: str, path: str, text: str | None = None) -> dict[str, t.Any]:
    """GET, or POST of a text. Raises OSError where there is no good answer."""
    request = urllib.request.Request(address + path, data=None if text is None else text.encode())
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=3) as answer:
        found: dict[str, t.Any] = json.load(answer)
        return found
