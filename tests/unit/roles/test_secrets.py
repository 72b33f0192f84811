# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets in every place where one can stand, and all that runs say and leave is searched for them: on this machine, with the real Compose.

A build and a start here say everything that they were given, as a careless Dockerfile or an entry point does.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import subprocess
import threading
import typing as t
from pathlib import Path

import pytest
from ansible_collections.mycosoft.rack.tests.fakes.docker_engine import DockerEngine

from tests.support.composed import COMPOSE
from tests.support.repository import ROOT, passes, run

pytestmark = pytest.mark.slow


class Planted(dict[str, str]):
    """Place -> the secret that is planted there, made at its first use."""

    def __missing__(self, place: str) -> str:
        return self.setdefault(place, "1-%s" % secrets.token_hex(10))


class Rack:
    """A rack of one server, this machine; ``planted`` holds what must not be found."""

    def __init__(self, folder: Path, engine: DockerEngine) -> None:
        self.folder, self.planted = folder, Planted()
        self.checkout, self.state = folder / "checkout", folder / "state"
        self.inventory: dict[str, t.Any] = {}
        self._environment = {
            "PATH": "%s:%s:/usr/sbin:/usr/bin:/sbin:/bin" % (folder / "bin", ROOT / ".venv/bin"),
            "DOCKER_HOST": engine.address,
            "ANSIBLE_LOG_PATH": str(folder / "log"),
            "RACK_GIT_TOKEN": self.planted["RACK_GIT_TOKEN"],
            "CLOUDFLARE_API_TOKEN": self.planted["CLOUDFLARE_API_TOKEN"],
            "COLUMNS": "500",
        }
        (self.state / "stacks").mkdir(parents=True)
        override = self.state / "stacks/shop.yml"
        override.touch(0o600)
        override.write_text('services:\n  web:\n    environment:\n      OLD: "%s"\n' % self.planted["inventory of an earlier deploy"], encoding="utf-8")
        self._make_docker()
        self._make_upstream()
        self._make_inventory()

    def _make_docker(self) -> None:
        """Compose without an engine. A build and a start say all of their files, and the start fails."""
        (self.folder / "bin").mkdir()
        docker = self.folder / "bin" / "docker"
        says = f"printf '\\033]0;title\\007\\033[31m'; cat {self.checkout}/*.env {self.checkout}/.env {self.state}/stacks/*.yml"
        ends = 'case "$verb $*" in build*|*--dry-run*) exit 0;; esac; exit 1'
        docker.write_text(
            "#!/bin/sh\n[ $1 = compose ] || exit 0\nshift\n"
            f'for verb in build up; do case " $* " in *" $verb "*) {says}; {ends};; esac; done\nexec {COMPOSE} "$@"\n',
            encoding="utf-8",
        )
        docker.chmod(0o755)

    def _make_upstream(self) -> None:
        upstream = self.folder / "upstream"
        upstream.mkdir()
        compose = {
            "web": {
                "image": "shop-web",
                "build": {"context": ".", "args": {"A": "${OF_THE_ENV_FILE}", "B": self.planted["build argument"]}},
                "env_file": ["web.env"],
                "environment": {"COMPOSE_FILE_PASSWORD": self.planted["Compose file"], "INTERPOLATED": "${OF_THE_ENV_FILE}", "NODE_OPTIONS": "--inspect"},
            },
            "db": {"image": "postgres"},
        }
        (upstream / "compose.yml").write_text(json.dumps({"services": compose}), encoding="utf-8")
        (upstream / ".gitignore").write_text("*.env\n", encoding="utf-8")
        self._git(upstream, "init", "--quiet", "--initial-branch", "main")
        self._git(upstream, "add", ".")
        self._git(upstream, "commit", "--quiet", "--message", "First \x1b[31mversion")
        self._git(self.folder, "clone", "--quiet", str(upstream), str(self.checkout))
        for name, place in ((".env", "env file"), ("web.env", "env file of a service")):
            pem = "-----BEGIN KEY\n%s\n-----END KEY" % self.planted[place + ", a line of several"]
            lines = [
                "OF_THE_ENV_FILE=%s" % self.planted[place],
                "export QUOTED='%s' # quoted" % self.planted[place + ", quoted"],
                'SEVERAL="%s"' % pem,
                "DATABASE_URL=postgres://me:%s@example.org:5432/shop" % self.planted[place + ", in an address"],
                "WORD_PASSWORD=%s" % self.planted[place + ", with a telling name"],
            ]
            (self.checkout / name).write_text("\n".join(lines) + "\n", encoding="utf-8")

    @staticmethod
    def _git(folder: Path, *arguments: str) -> None:
        passes("git", "-C", folder, "-c", "user.name=x", "-c", "user.email=x@example.org", *arguments)

    def _make_inventory(self) -> None:
        web = {
            "memory": "64M",
            "heap": "node",
            "env": {
                "PLAIN": self.planted["inventory"],
                "NODE_OPTIONS": "-D%s" % self.planted["inventory, options of the runtime"],
                "IN_AN_ADDRESS": "redis://:%s@db:6379" % self.planted["inventory, in an address"],
                "DOLLAR": "$%s" % self.planted["inventory, with a dollar sign"],
                "QUOTES": '"%s"' % self.planted["inventory, in quotes"],
            },
            "needs": ["db"],
        }
        db = {"memory": "64M", "env": {"POSTGRES_PASSWORD": self.planted["inventory, another service"]}}
        self.inventory = {
            "ansible_connection": "local",
            "ansible_python_interpreter": str(ROOT / ".venv/bin/python"),
            "rack_state_directory": str(self.state),
            "rack_system_reserve": "64M",
            "rack_memory_fail_on": "never",
            "memory_guard_disk_free_minimum": "1M",
            "memory_guard_pressure_maximum": 101,
            "memory_guard_limit_builds": False,
            "cloudflare_purge_when": "never",
            "source_code_submodules": False,
            "rack_stacks": {
                "shop": {
                    "directory": str(self.checkout),
                    "files": ["compose.yml"],
                    "env_file": ".env",
                    "host": "sandbox",
                    "sources": [{"repo": str(self.folder / "upstream"), "dest": str(self.checkout), "version": "main"}],
                    "services": {"web": web, "db": db},
                }
            },
        }

    def play(self, playbook: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        hosts = {"rack": {"hosts": {"sandbox": {}}, "vars": self.inventory}}
        (self.folder / "inventory.json").write_text(json.dumps(hosts), encoding="utf-8")
        with watched() as listed:
            files = (f"playbooks/{playbook}.yml", "--inventory", self.folder / "inventory.json")
            done = run("ansible-playbook", *files, "-vvv", *arguments, cwd=ROOT, **self._environment)
        self.search({"output": done.stdout, "errors": done.stderr, "processes": "\n".join(listed)})
        return done

    def search(self, said: dict[str, str]) -> None:
        """Everything that was said, and every file that others may read or that git keeps."""
        left = {str(path): path.read_text(encoding="utf-8", errors="replace") for path in self._readable()}
        for where, text in {**said, **left}.items():
            for place, secret in self.planted.items():
                assert secret not in text, "%s: %s\n%s" % (where, place, [line[-2000:] for line in text.splitlines() if secret in line][:3])
            assert "\x1b]0;" not in text, where

    def _readable(self) -> t.Iterator[Path]:
        yield self.folder / "log"
        for folder in (self.state, self.checkout / ".git"):
            for path in folder.rglob("*"):
                if path.is_file() and (path.stat().st_mode & 0o077 or ".git" in path.parts):
                    yield path


@contextlib.contextmanager
def watched() -> t.Iterator[set[str]]:
    """The command lines of all processes of this machine meanwhile, as often as they can be read."""
    listed: set[str] = set()
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.1):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                with contextlib.suppress(OSError):
                    listed.add(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield listed
    finally:
        over.set()
        looking.join()


@pytest.fixture
def rack(tmp_path: Path) -> t.Iterator[Rack]:
    (tmp_path / "engine").mkdir()
    with DockerEngine(tmp_path / "engine") as engine:
        yield Rack(tmp_path, engine)


def test_twenty_secrets_are_in_nothing_that_runs_say_or_leave(rack: Rack) -> None:
    foreseen = rack.play("deploy", "--check", "--diff")
    assert foreseen.returncode == 0, foreseen.stdout
    failed = rack.play("deploy", "--diff")
    assert failed.returncode == 2, failed.stdout
    for done in (foreseen, failed):
        assert "PLAIN: ********" in done.stdout
    for shown in ("OF_THE_ENV_FILE=********", "Cannot finish the start of shop"):
        assert shown in failed.stdout
    assert len(rack.planted) >= 20
