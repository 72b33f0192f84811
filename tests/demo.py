# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``make demo``: bring up a rack on this machine, deploy to it, and show a person around."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from tests.rig.rig import Rig, Stopwatch

ROOT = Path(__file__).parent.parent
TOUR = """
Deployed in {seconds:.0f} s. The website answers at {site}
{page}

Look around
  make ssh SERVER=sandbox                      a shell on a server: docker ps, docker stats, free -h
  {inventory}/group_vars/all/rack.yml
                                               who runs where, within which limits

Deploy a new version
  make push VERSION=2                          a developer pushes a commit
  make deploy INVENTORY={inventory}   the page then says version 2; ARGS=--check only looks

Tear down
  make down
"""


def main() -> int:
    rig = Rig(progress=Stopwatch())
    rig.up()
    start = time.monotonic()
    done = subprocess.run(["ansible-playbook", "--inventory", str(rig.inventory), "playbooks/deploy.yml"], cwd=ROOT, check=False)
    if done.returncode != 0:
        print("The deploy failed; its message is above. The rack stays up: make ssh SERVER=sandbox, make down", file=sys.stderr)
        return done.returncode
    site = f"http://{rig.layout.address('sandbox')}:3000/"
    with urllib.request.urlopen(site + "api/state", timeout=10) as answer:
        page = "\n".join(f"  {key:22} {value}" for key, value in json.load(answer).items())
    print(TOUR.format(seconds=time.monotonic() - start, site=site, page=page, inventory=rig.inventory.relative_to(ROOT)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
