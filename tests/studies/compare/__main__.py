# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``make compare-prune``: try every case in every way on every engine of the matrix, and write down what survived."""

from __future__ import annotations

import contextlib
import importlib.metadata
import sys

from tests.rig.images import ENGINES
from tests.rig.rig import Rig
from tests.studies.compare import pages
from tests.support.prune_cases.cases import CASES
from tests.support.prune_cases.server import Server
from tests.support.prune_cases.trial import Verdict, attempt
from tests.support.prune_cases.ways import WAYS
from tests.support.repository import ROOT, installed, load
from tests.support.rounds import progress

GUIDES = ROOT / "docs/guides"


def tried(server: Server) -> dict[tuple[str, str], Verdict]:
    verdicts = {}
    for case in CASES:
        for way in WAYS:
            verdicts[case.sentence, way.name] = attempt(case, way, server)
            progress(f"{case.sentence} | {way.name} | {verdicts[case.sentence, way.name]}")
    return verdicts


def about(server: Server) -> str:
    """The versions on the server, but for the engine's own."""
    command_line = server.run("docker", "version", "--format", "{{.Client.Version}}").strip()
    compose = server.run("docker", "compose", "version", "--short").strip()
    sdk = server.run("python3", "-c", "import docker; print(docker.__version__)").strip()
    return f"API {server.client.version()['ApiVersion']}, command line {command_line}, Compose {compose.lstrip('v')}, Docker SDK for Python {sdk}."


def controller() -> str:
    """The versions on this machine."""
    core = importlib.metadata.version("ansible-core")
    return f"The modules ran with ansible-core {core}, community.docker {installed('community.docker')} and mycosoft.rack {load('galaxy.yml')['version']}."


def compare(engine: str) -> pages.Results:
    rig = Rig("compare", engine=engine, servers=("sandbox",), progress=progress)
    with contextlib.ExitStack() as stack:
        stack.callback(rig.down)
        rig.up(fresh=True)
        server = stack.enter_context(Server.connected(rig, "sandbox"))
        return pages.Results(server.client.version()["Version"].partition("+")[0], about(server), tried(server))


def main() -> int:
    results = [compare(engine) for engine in sorted(ENGINES, key=lambda engine: [int(number) for number in engine.split(".")])]
    GUIDES.mkdir(exist_ok=True)
    for name, text in (("compare_prune.md", pages.comparison(results, controller())), ("prune_on_engines.md", pages.matrix(results))):
        (GUIDES / name).write_text(text, encoding="utf-8")
        print(f"docs/guides/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
