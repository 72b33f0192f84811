# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine and Compose, as a rollout uses them: start one more container, inspect it, drain and remove the others."""

from __future__ import annotations

import contextlib
import re
import typing as t

from ansible_collections.mycosoft.rack.plugins.module_utils._base.bounded import Run
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import RackError
from ansible_collections.mycosoft.rack.plugins.module_utils._base.foreign import Mask, printable
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.client import Engine, NotFound
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.compose import Compose, Json, told
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.labels import copy_of, of_entry

_UP = ("up", "--detach", "--no-build", "--pull", "never")
_RECREATE = re.compile(r"Container \S+ +Recreate")


class ServiceContainers:
    """The containers of one service on this server. ``arguments``: those of ``docker compose`` before its command."""

    def __init__(self, engine: Engine, run: Run, project: str, arguments: t.Sequence[str], name: str) -> None:
        self._engine, self._run, self._project, self._arguments, self.name = engine, run, project, list(arguments), name

    def containers(self) -> t.List[Json]:
        """All of them, running or not, as the engine inspects them."""
        found = []
        for entry in self._engine.containers():
            if copy_of(of_entry(entry)) == (self._project, self.name):
                with contextlib.suppress(NotFound):  # removed since the list was made
                    found.append(self._engine.inspect(entry["Id"]))
        return found

    def is_outdated(self) -> bool:
        """Whether Compose would recreate the containers. Raises RackError where Compose refuses."""
        return _RECREATE.search(self._compose("--progress", "plain", "--dry-run", *_UP, "--no-deps", self.name)) is not None

    def add(self, count: int) -> None:
        """Start containers until there are ``count``; existing ones stay as they are. Raises RackError where Compose refuses."""
        self._compose(*_UP, "--no-deps", "--no-recreate", "--scale", "%s=%d" % (self.name, count), self.name)

    def inspect(self, identity: str) -> Json:
        """A container as the engine inspects it; one that the engine restarted has ended."""
        detail = self._engine.inspect(identity)
        return {**detail, "State": {**detail["State"], "Running": False}} if detail.get("RestartCount") else detail

    def drain(self, identity: str, command: t.Sequence[str]) -> t.Optional[str]:
        """Run a command in a container; its error output if it failed, else None."""
        code, output, errors = self._run(["docker", "exec", identity, *command], expand_user_and_vars=False)
        if code == 0:
            return None
        words = ""
        with contextlib.suppress(NotFound):  # of a container that is gone nobody knows what to hide
            words = " ".join(printable(self._engine.secrets_of(identity)(errors or output)).split())
        return words or "exit code %d" % code

    def remove(self, identity: str) -> None:
        """Stop a container with its own stop signal and timeout, and remove it; its volumes stay."""
        with contextlib.suppress(NotFound):
            self._engine.post("/containers/%s/stop" % identity)
            self._engine.delete("/containers/%s" % identity)

    def discard(self, identity: str) -> None:
        """Stop and remove a new container that did not become healthy, with the anonymous volumes that it created."""
        with contextlib.suppress(NotFound):
            self._engine.post("/containers/%s/stop" % identity)
            self._engine.delete("/containers/%s" % identity, v="1")

    def _compose(self, *words: str) -> str:
        """Both outputs: Compose writes its progress to stderr."""
        code, output, errors = self._run(["docker", "compose", *self._arguments, *words], expand_user_and_vars=False)
        if code:
            said = told(errors, Mask(Compose(self._run, {"arguments": self._arguments, "files": [], "directory": ""}).variables()))
            raise RackError("Cannot start a new container of %s/%s: %s" % (self._project, self.name, said or "exit code %d" % code))
        return output + errors
