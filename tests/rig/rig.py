# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rig: up, down, and what tests and people do with one that is up."""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import functools
import secrets
import subprocess
import time
import typing as t
from pathlib import Path

import docker
import requests

from tests.rig import containers as rig_containers
from tests.rig import inventory
from tests.rig.engine import Engine, ensure_engine, find_engine, in_use, locked, stop_if_unused
from tests.rig.errors import RigError
from tests.rig.forge import STACKS, Edit, Forge, seed_digests
from tests.rig.images import DEFAULT_ENGINE, ENGINES, RECIPES, Builder
from tests.rig.layout import CHECKOUT, DEFAULT_NAME, DEFAULT_SERVERS, FORGE, Layout, checked_servers, project_of
from tests.rig.meminfo import Memory, profile, render
from tests.rig.recipe import digest_of
from tests.rig.registry import Registry
from tests.rig.seeds import write_seeds
from tests.rig.ssh import Identity, wait_for
from tests.rig.state import Record, State, json_lines

_PACKAGE = Path(__file__).parent
_FAKES = _PACKAGE.parent / "fakes"
_READY = ["sh", "-c", "systemctl is-active --quiet docker && docker version --format '{{.Server.Version}}'"]


def silent(_line: str) -> None:
    """Progress that nobody reads."""


class Rig:
    """The rig ``name`` of this checkout. ``engine`` (of all servers, or server -> engine) and ``servers`` matter to :meth:`up` only."""

    def __init__(
        self,
        name: str = DEFAULT_NAME,
        engine: str | t.Mapping[str, str] = DEFAULT_ENGINE,
        servers: t.Iterable[str] = DEFAULT_SERVERS,
        progress: t.Callable[[str], None] = silent,
    ) -> None:
        self.name = name
        self.state = State.of(name)
        self._project = project_of(name)
        self._servers = checked_servers(servers)
        self._engines = dict.fromkeys(self._servers, engine) if isinstance(engine, str) else {server: engine[server] for server in self._servers}
        unknown = sorted(set(self._engines.values()) - set(ENGINES))
        if unknown:
            raise RigError(f"Cannot make servers with Docker {', '.join(unknown)}: known are {', '.join(ENGINES)}.")
        self._progress = progress

    # -- life ---------------------------------------------------------------

    def up(self, fresh: bool = False) -> None:
        """Have the rig up: reuse a healthy one of the same recipe (unless ``fresh``), else make it anew."""
        with self._lock():
            engine = ensure_engine()
            self._progress(engine.description)
            record = None if fresh else self.state.record()
            if record is None or not self._reusable(engine, record):
                record = self._make(engine)
            record = self._fill_forge(record)
            self.state.write_record(record)
            identity = self.state.identity(record.instance)
            inventory.write(self.state.inventory, record.layout, identity, self.state.folder, record.zone)

    def down(self) -> None:
        """Remove everything of the rig; stop the engine if a rig started it and nothing is left on it."""
        with self._lock():
            engine = find_engine()
            if engine:
                self._remove(engine)
            self.state.clear()
        if stop_if_unused():
            self._progress("stopped the Docker Engine of the rig")

    def problems(self) -> list[str]:
        """What keeps the rig from being used; empty when it is healthy."""
        record = self.state.record()
        engine = find_engine()
        if record is None or engine is None:
            return ["it is not up" if record is None else "no Docker Engine answers"]
        return self._ailing(engine, record)

    @contextlib.contextmanager
    def _lock(self) -> t.Iterator[None]:
        with locked(self.state.folder.with_suffix(".lock")), in_use():
            yield

    def _recipe(self) -> str:
        sources = [path.read_text(encoding="utf-8") for path in sorted(_PACKAGE.glob("*.py"))]
        return digest_of(str(CHECKOUT), *(f"{server}={engine}" for server, engine in self._engines.items()), *sources, folders=[RECIPES, _FAKES])

    def _reusable(self, engine: Engine, record: Record) -> bool:
        if record.recipe != self._recipe():
            self._progress("the rig was created from another recipe: recreating it")
            return False
        problems = self._ailing(engine, record)
        if problems:
            self._progress(f"the rig is not healthy ({'; '.join(problems)}): recreating it")
        else:
            self._progress("the rig is up and healthy")
        return not problems

    def _ailing(self, engine: Engine, record: Record) -> list[str]:
        found = rig_containers.of_project(engine.client, self._project)
        running = {
            container.name for container in found if container.status == "running" and container.labels.get(rig_containers.INSTANCE_LABEL) == record.instance
        }
        problems = [f"{host} does not run" for host in record.layout.hosts if record.layout.container(host) not in running]
        if problems:
            return problems
        with concurrent.futures.ThreadPoolExecutor() as pool:
            answers = pool.map(lambda server: self._answers(record, server), record.layout.servers)
            return [f"{server} does not answer over SSH" for server, answer in zip(record.layout.servers, answers, strict=True) if not answer]

    def _answers(self, record: Record, server: str) -> bool:
        try:
            return self.state.identity(record.instance).run(record.layout.address(server), _READY, timeout=20, check=False).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def _remove(self, engine: Engine) -> None:
        record = self.state.record()
        if record:
            self.state.identity(record.instance).close()
        for project in {self._project, *(rig_containers.orphans(engine.client) if engine.own else ())}:
            count = rig_containers.remove(engine.client, project)
            if count:
                self._progress(f"removed {count} containers of {project}")

    def _make(self, engine: Engine) -> Record:
        images = Builder(engine.client, self._progress).images(set(self._engines.values()))
        self._remove(engine)
        self.state.clear()
        layout = Layout(self._project, rig_containers.make_network(engine.client, self._project), self._servers)
        record = Record(layout, self._recipe(), instance=secrets.token_hex(4), zone=secrets.token_hex(16), stacks={})
        write_seeds(self.state, layout)
        self._progress(f"starting {', '.join(layout.hosts)} on {layout.subnet}")
        made = rig_containers.Containers(engine.client, layout, self.state, record.instance)
        rig_containers.start_all(made, images, {server: images.servers[engine] for server, engine in self._engines.items()}, record.zone)
        self._progress("waiting for the servers")
        self._prepare_forge(engine, record)
        record = self._fill_forge(record)  # while the servers boot
        self._wait(record)
        return record

    def _prepare_forge(self, engine: Engine, record: Record) -> None:
        wait_for("the forge's registry", Registry(record.layout.registry).answers)
        forge = engine.client.containers.get(record.layout.container(FORGE))
        for repository in seed_digests():
            code, output = forge.exec_run(["git", "init", "--quiet", "--bare", "--initial-branch=main", f"/srv/git/{repository}.git"], user="git")
            if code != 0:
                raise RigError(f"Cannot make the repository {repository} on the forge: {output!r}")

    def _wait(self, record: Record) -> None:
        for url in (f"{record.layout.mycobrain_url}/health", f"{record.layout.cloudflare_url}/__health", f"{record.layout.edge_url}/__health"):
            wait_for(url, functools.partial(_answers_http, url))
        with concurrent.futures.ThreadPoolExecutor() as pool:
            list(pool.map(functools.partial(self._wait_for_server, record), record.layout.servers))

    def _wait_for_server(self, record: Record, server: str) -> None:
        wait_for(f"SSH and Docker on {server}", functools.partial(self._answers, record, server))
        self._progress(f"{server} is ready at {record.layout.address(server)}")

    def _fill_forge(self, record: Record) -> Record:
        """Give the forge what the checkout's stacks look like now; what tests pushed stays while they are unchanged."""
        digests = seed_digests()
        forge = self._forge(record)
        changed = [repository for repository, digest in digests.items() if record.stacks.get(repository) != digest]
        with concurrent.futures.ThreadPoolExecutor() as pool:
            commits = pool.map(lambda repository: forge.fill(repository, STACKS / repository), changed)
            for repository, commit in zip(changed, commits, strict=True):
                self._progress(f"{repository} on the forge is at {commit[:12]}")
        return dataclasses.replace(record, stacks=digests)

    # -- use ----------------------------------------------------------------

    @property
    def inventory(self) -> Path:
        """The inventory folder to hand to Ansible."""
        return self.state.inventory

    @property
    def record(self) -> Record:
        """What is true of the rig that is up."""
        record = self.state.record()
        if record is None:
            raise RigError(f"Cannot use the rig {self.name}: it is not up. Run `python -m tests.rig up --name {self.name}`.")
        return record

    @property
    def layout(self) -> Layout:
        """Names and addresses of the rig that is up."""
        return self.record.layout

    @property
    def identity(self) -> Identity:
        """Who logs in to the servers."""
        return self.state.identity(self.record.instance)

    def run(self, server: str, argv: t.Sequence[str], *, check: bool = True, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run ``argv`` on a server as mycosoft, over SSH; ``check``: an exit code other than 0 raises :class:`RigError`."""
        return self.identity.run(self.layout.address(server), argv, check=check, timeout=timeout)

    def docker(self, server: str) -> contextlib.AbstractContextManager[docker.DockerClient]:
        """A client of the server's own engine, over SSH: ``with rig.docker("sandbox") as client``."""
        return self.identity.docker(self.layout.address(server))

    def set_memory(self, server: str, memory: Memory | str) -> None:
        """What the server says about its memory from now on: a profile's name or figures."""
        self.layout.address(server)
        figures = profile(memory, server) if isinstance(memory, str) else memory
        # In place: a new file would be a new inode, and the mounted one would stay.
        with self.state.meminfo(server).open("r+", encoding="ascii") as file:
            file.write(render(figures))
            file.truncate()

    def push(self, repository: str, edits: t.Mapping[str, Edit | None], message: str) -> str:
        """Commit to a repository on the forge as a developer does; see :meth:`Forge.push`."""
        return self._forge(self.record).push(repository, edits, message)

    def fake_log(self, service: str) -> list[dict[str, t.Any]]:
        """The requests a stand-in (``cloudflare``, ``mycobrain``) got, oldest first."""
        return json_lines(self.state.logs(service) / "requests.jsonl")

    def clear_fake_log(self, service: str) -> None:
        """Forget the requests so far; the stand-in appends to the same file."""
        path = self.state.logs(service) / "requests.jsonl"
        if path.exists():
            path.write_bytes(b"")

    def dns_log(self) -> str:
        """Every question the rig's resolver was asked, with its answer."""
        return (self.state.logs(FORGE) / "dns.log").read_text(encoding="utf-8", errors="replace")

    def _forge(self, record: Record) -> Forge:
        return Forge(record.layout.address(FORGE), self.state.identity(record.instance, user="git"))


def _answers_http(url: str) -> bool:
    """Whether a GET succeeds; past the machine's proxy, which does not know the rig."""
    with requests.Session() as session:
        session.trust_env = False
        try:
            return session.get(url, timeout=2).ok
        except requests.RequestException:
            return False


class Stopwatch:
    """Prints progress with the seconds since it was made."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def __call__(self, line: str) -> None:
        print(f"{time.monotonic() - self._start:6.1f} s  {line}\n", end="", flush=True)  # one write: threads report too
