# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways in which people clear a Docker host, ours among them; each does what a careful person would make of it."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import typing as t
from pathlib import Path

from tests.support.prune_cases.server import BUILT_BY_THE_RACK, FOLDER, Server
from tests.support.repository import ROOT

#: The engine's own words within what a client or a module says about an error; else the module's.
_CAUSES = (r'Conflict \("([^"]+)"\)', r"Error response from daemon: ([^\n]+)", r"Module failed: ([^\n]+)")


@dataclasses.dataclass(frozen=True)
class Wish:
    """What a person wants, in no tool's words. Every way goes as far towards it as its tool can.

    ``projects``: Compose projects that the inventory knows. ``images``: what their Compose files name. ``labels``: who has one of these stays.
    ``cache``: bytes of build cache to keep. ``options``: of our module alone.
    """

    projects: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    cache: int = 0
    api_version: str = ""
    options: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Ended:
    """How a run ended."""

    code: int
    output: str

    @property
    def cause(self) -> str:
        """Why it failed; empty when it did not."""
        if self.code == 0:
            return ""
        found = next(filter(None, (re.search(cause, self.output) for cause in _CAUSES)), None)
        return found.group(1) if found else self.output.strip().splitlines()[-1]


@dataclasses.dataclass(frozen=True)
class Way:
    """``how``: for the reader, what is run when there is nothing to keep."""

    name: str
    how: str
    run: t.Callable[[Server, Wish], Ended]


def system_prune(server: Server, wish: Wish) -> Ended:
    """It has no option for the build cache."""
    return _docker(server, wish, [["system", "prune", "--all", "--force", "--volumes", *_filters(wish)]])


def five_commands(server: Server, wish: Wish) -> Ended:
    return _docker(server, wish, [[*command, *(() if command[0] == "builder" else _filters(wish))] for command in _five(server, wish)])


def five_commands_all_volumes(server: Server, wish: Wish) -> Ended:
    """With the flag that volume prune got when it stopped taking named volumes by itself."""
    if not _knows(server, "volume", "--all"):
        return five_commands(server, wish)
    commands = [[*command, *(["--all"] if command[0] == "volume" else [])] for command in _five(server, wish)]
    return _docker(server, wish, [[*command, *(() if command[0] == "builder" else _filters(wish))] for command in commands])


def community_docker(server: Server, wish: Wish) -> Ended:
    kinds = ("containers", "images", "networks", "volumes")
    filters: dict[str, t.Any] = {"label!": list(wish.labels)} if wish.labels else {}
    options: dict[str, t.Any] = dict.fromkeys((*kinds, "builder_cache", "builder_cache_all"), True)
    options |= {f"{kind}_filters": filters for kind in kinds} | {"images_filters": {"dangling": False, **filters}}
    if wish.cache:
        options["builder_cache_keep_storage"] = str(wish.cache)
    return _module(server, "community.docker.docker_prune", wish, options)


def pinned_sdk(server: Server, wish: Wish) -> Ended:
    script = (Path(__file__).parent / "pinned_sdk.py").read_text(encoding="utf-8")
    return _command(server, ["python3", "-c", script, json.dumps({"labels": wish.labels, "cache": wish.cache})])


def ours(server: Server, wish: Wish) -> Ended:
    return _module(server, "mycosoft.rack.docker_prune", wish, _our_options(wish))


def ours_unpacked(server: Server, wish: Wish) -> Ended:
    """The same module where it lies on the server: Ansible's transport takes most of a run, and has no part in what is removed."""
    options = {**_our_options(wish), **({"api_version": wish.api_version} if wish.api_version else {})}
    name = "ansible_collections.mycosoft.rack.plugins.modules.docker_prune"
    result = server.modules.run_module(name, options, "sudo", may_fail=True)[1]
    return Ended(1, f"Module failed: {result['msg']}") if result.get("failed") else Ended(0, "")


def _our_options(wish: Wish) -> dict[str, t.Any]:
    options: dict[str, t.Any] = {"volumes": True, "state_directory": FOLDER}
    options |= {"keep_projects": (*wish.projects, BUILT_BY_THE_RACK), "keep_images": wish.images, "keep_labels": wish.labels}
    if wish.cache:
        options |= {"build_cache_policy": "budget", "build_cache_reserved": str(wish.cache)}
    return {**options, **wish.options}


OURS = Way("mycosoft.rack.docker_prune", "`mycosoft.rack.docker_prune: {volumes: true, keep_projects: [the stacks of the inventory]}`", ours)
OURS_UNPACKED = dataclasses.replace(OURS, run=ours_unpacked)
WAYS: tuple[Way, ...] = (
    Way("system prune", "`docker system prune -af --volumes`", system_prune),
    Way("five commands", "`docker container prune -f`, `image prune -af`, `network prune -f`, `volume prune -f`, `builder prune -af`", five_commands),
    Way("five, volumes -a", "the same with `docker volume prune -af`, with command lines from 23.0 on", five_commands_all_volumes),
    Way("community.docker", "`community.docker.docker_prune` with `containers`, `images`, `networks`, `volumes`, `builder_cache`", community_docker),
    Way("SDK at API 1.41", '`docker.DockerClient(version="1.41")` and the five `prune` methods', pinned_sdk),
    OURS,
)


def _five(server: Server, wish: Wish) -> list[list[str]]:
    commands = [[kind, "prune", "--force"] for kind in ("container", "image", "network", "volume", "builder")]
    for command in commands:
        if command[0] in ("image", "builder"):
            command.append("--all")
        if command[0] == "builder" and wish.cache:
            command += ["--reserved-space" if _knows(server, "builder", "--reserved-space") else "--keep-storage", str(wish.cache)]
    return commands


def _filters(wish: Wish) -> list[str]:
    return [word for label in wish.labels for word in ("--filter", f"label!={label}")]


def _knows(server: Server, command: str, option: str) -> bool:
    return option in server.run("docker", command, "prune", "--help")


def _docker(server: Server, wish: Wish, commands: t.Iterable[t.Sequence[str]]) -> Ended:
    """All of them, also after one that failed; the first failure is what is told."""
    environment = ["env", f"DOCKER_API_VERSION={wish.api_version}"] if wish.api_version else []
    runs = [_command(server, [*environment, "docker", *command]) for command in commands]
    return next((run for run in runs if run.code), runs[-1])


def _command(server: Server, argv: t.Sequence[str]) -> Ended:
    done = server.rig.run(server.name, argv, check=False)
    return Ended(done.returncode, done.stdout + done.stderr)


def _module(server: Server, module: str, wish: Wish, options: t.Mapping[str, t.Any]) -> Ended:
    """Run a module as a task does, as root."""
    arguments = json.dumps({**options, **({"api_version": wish.api_version} if wish.api_version else {})})
    command = ["ansible", server.name, "--inventory", str(server.rig.inventory), "--become", "--module-name", module, "--args", arguments]
    done = subprocess.run(command, cwd=ROOT, env=os.environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return Ended(done.returncode, done.stdout)
