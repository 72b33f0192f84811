# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``make bench``: one deploy of a rack in which nothing changed, three ways, on the same servers in turn.

Ours is held against what a person would take instead: the SSH script of by_hand.sh, and the same steps as plain tasks.
Seconds belong to one machine; ratios can be compared, and because the ways take turns, other load on the machine falls on all of them.
It does not fall on them evenly: the range beside each median says how far to trust it.
"""

from __future__ import annotations

import contextlib
import datetime
import functools
import importlib.metadata
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.rig.rig import Rig
from tests.studies.bench.command import given_rounds
from tests.support.figures import table
from tests.support.playbooks import Run, run_playbook
from tests.support.rounds import Way, load, measure, progress

HERE = Path(__file__).parent


def ssh_config(rig: Rig) -> str:
    """What an operator has in ~/.ssh/config: every server by its name."""
    identity = rig.identity
    common = f"User {identity.user}\nIdentityFile {identity.key}\nIdentitiesOnly yes\nUserKnownHostsFile {identity.known_hosts}\nBatchMode yes\n"
    return "".join(f"Host {server}\nHostName {rig.layout.address(server)}\n{common}" for server in rig.layout.servers)


def by_hand(rig: Rig, config: Path) -> Run:
    environment = {
        "SSH_CONFIG": str(config),
        "CLOUDFLARE_ZONE_URL": f"{rig.layout.cloudflare_url}/client/v4/zones/{rig.record.zone}",
        "CLOUDFLARE_TOKEN_FILE": str(rig.state.token),
    }
    command = ["bash", str(HERE / "by_hand.sh")]
    done = subprocess.run(
        command, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return Run(done.returncode, done.stdout)


def bench(rig: Rig, rounds: int, config: Path) -> str:
    """Measure on a rig that is up; the result is the text to print."""
    config.write_text(ssh_config(rig), encoding="utf-8")
    ways: dict[str, Way] = {
        # First, because it also renders the limits that the others then use.
        "playbooks/deploy.yml": functools.partial(run_playbook, "playbooks/deploy.yml", rig.inventory),
        "SSH script by hand": functools.partial(by_hand, rig, config),
        "plain tasks, community.docker": functools.partial(run_playbook, str(HERE / "plain_tasks.yml"), rig.inventory),
    }
    before = load()
    ours, *others = measure(ways, rounds)
    engine = rig.run("sandbox", ["docker", "version", "--format", "{{.Server.Version}}"]).stdout.strip()
    return (
        f"One deploy with nothing changed, {len(rig.layout.servers)} servers; median (lowest to highest) of {rounds} rounds in turn, after a warm-up of each.\n"
        f"{datetime.date.today()}, ansible-core {importlib.metadata.version('ansible-core')}, Docker {engine}, "
        f"{os.cpu_count()} CPUs for servers and controller, load {before} before and {load()} after.\n"
        "Between machines compare the ratios, not the seconds. The images build in seconds here, so a ratio is our overhead at its largest:\n"
        "a long build costs every way the same.\n\n"
        f"{table(ours, others)}"
    )


def main() -> int:
    rounds = given_rounds("tests.studies.bench", __doc__ or "")
    rig = Rig("bench", progress=progress)
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="rack-bench-"))
        stack.callback(rig.down)
        rig.up()
        print(bench(rig, rounds, Path(folder) / "ssh_config"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
