# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The border of a rollout to the engine and to Compose: one more copy, how it is, drain and end the others."""

from __future__ import annotations

import contextlib
import re
import typing as t

from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import RackError
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.client import Engine, NotFound
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.compose import Json, Run
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.labels import copy_of, of_entry

_UP = ("up", "--detach", "--no-build", "--pull", "never")
_RECREATE = re.compile(r"Container \S+ +Recreate")


class Service:
    """One service of a project on this server. ``arguments``: what stands between ``docker compose`` and its verb."""

    def __init__(self, engine: Engine, run: Run, project: str, arguments: t.Sequence[str], name: str) -> None:
        self._engine, self._run, self._project, self._arguments, self.name = engine, run, project, list(arguments), name

    def containers(self) -> t.List[Json]:
        """Its containers, running or not, as the engine inspects them."""
        found = []
        for entry in self._engine.containers():
            if copy_of(of_entry(entry)) == (self._project, self.name):
                with contextlib.suppress(NotFound):  # it went in between
                    found.append(self._engine.inspect(entry["Id"]))
        return found

    def is_outdated(self) -> bool:
        """Whether Compose would recreate it. Raises RackError where Compose refuses."""
        return _RECREATE.search(self._compose("--progress", "plain", "--dry-run", *_UP, "--no-deps", self.name)) is not None

    def add(self, copies: int) -> None:
        """Have ``copies`` containers; those that are there stay as they are. Raises RackError where Compose refuses."""
        self._compose(*_UP, "--no-deps", "--no-recreate", "--scale", "%s=%d" % (self.name, copies), self.name)

    def state(self, identity: str) -> str:
        """How a container is: ``healthy``, ``starting``, ``unhealthy``, ``running`` where it has no health check, or ``ended``, also where it runs again."""
        detail = self._engine.inspect(identity)
        state = detail["State"]
        if not state["Running"] or detail.get("RestartCount"):
            return "ended"
        health = str((state.get("Health") or {}).get("Status", "none"))
        return "running" if health == "none" else health

    def drain(self, identity: str, command: t.Sequence[str]) -> t.Optional[str]:
        """Run a command in a container; what it said where it failed."""
        code, output, errors = self._run(["docker", "exec", identity, *command], expand_user_and_vars=False)
        return None if code == 0 else " ".join((errors or output).split()) or "exit code %d" % code

    def end(self, identity: str) -> None:
        """Stop a container as it is to be stopped, and remove it; its volumes stay."""
        with contextlib.suppress(NotFound):
            self._engine.post("/containers/%s/stop" % identity)
            self._engine.delete("/containers/%s" % identity)

    def discard(self, identity: str) -> None:
        """Remove a copy that was never of use, with the volumes that nobody named, which it made."""
        with contextlib.suppress(NotFound):
            self._engine.post("/containers/%s/stop" % identity)
            self._engine.delete("/containers/%s" % identity, v="1")

    def _compose(self, *words: str) -> str:
        """Both outputs: Compose tells what it does on the one for errors."""
        code, output, errors = self._run(["docker", "compose", *self._arguments, *words], expand_user_and_vars=False)
        if code:
            raise RackError("Cannot start a copy of %s/%s: %s" % (self._project, self.name, " ".join(errors.split()) or "exit code %d" % code))
        return output + errors
