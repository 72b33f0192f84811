# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One server's engine: real objects are put on it, looked for, and taken off again."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import shlex
import typing as t

import docker
from docker.models.containers import Container

from tests.rig.rig import Rig
from tests.support.module_server import ModuleServer

#: The server's own ``sleep`` with the libraries it needs: an image of two megabytes that runs, without a registry.
_ROOT_FILES = "tar --create --dereference --absolute-names /bin/sleep $(ldd /bin/sleep | grep -o '/[^ ]*')"
#: What a case needs on the disk; gone with it.
FOLDER = "/home/mycosoft/compare"
#: A stack of the inventory, of which nothing is there but a former build.
BUILT_BY_THE_RACK = "built-by-the-rack"
PROJECT_LABEL = "com.docker.compose.project"


@dataclasses.dataclass(frozen=True)
class Thing:
    """An object of the engine; ``words`` is what a reader of the tables is told it was."""

    kind: str
    id: str
    words: str


@dataclasses.dataclass(frozen=True)
class Server:
    """A server of a rig that is up, and a client of its engine."""

    rig: Rig
    name: str
    client: docker.DockerClient

    @classmethod
    @contextlib.contextmanager
    def connected(cls, rig: Rig, name: str) -> t.Iterator[Server]:
        with rig.docker(name) as client:
            yield cls(rig, name, client)

    def run(self, *argv: str) -> str:
        return self.rig.run(self.name, argv).stdout

    @functools.cached_property
    def modules(self) -> ModuleServer:
        """The collection's modules, unpacked on the server."""
        return ModuleServer(self.rig, self.name)

    # -- what the engine holds ------------------------------------------------

    def held(self) -> dict[str, set[str]]:
        """Everything on the engine by kind: ids, of volumes the names; of images the tags too."""
        api = self.client.api
        images = api.images(all=True)
        return {
            "container": {found["Id"] for found in api.containers(all=True)},
            "image": {name for found in images for name in (found["Id"], *(found["RepoTags"] or ()))},
            "network": {found["Id"] for found in api.networks()},
            "volume": {found["Name"] for found in api.volumes()["Volumes"] or ()},
            "build cache": {found["ID"] for found in api.df()["BuildCache"] or ()},
        }

    @contextlib.contextmanager
    def borrowed(self) -> t.Iterator[None]:
        """Afterwards nothing is there that was not there before; of the build cache, nothing at all."""
        before = self.held()
        self.run("mkdir", "-p", FOLDER)
        try:
            yield
        finally:
            self._remove(before)
            self.run("rm", "-rf", FOLDER)

    def _remove(self, stays: t.Mapping[str, set[str]]) -> None:
        removals: dict[str, t.Callable[[str], object]] = {
            "container": lambda found: self.client.api.remove_container(found, force=True),
            "image": lambda found: self.client.api.remove_image(found, force=True),
            "network": self.client.api.remove_network,
            "volume": self.client.api.remove_volume,
        }
        held = self.held()
        for kind, remove in removals.items():
            for found in held[kind] - stays[kind]:
                with contextlib.suppress(docker.errors.NotFound):  # an image goes with the last of its tags
                    remove(found)
        self.client.api.prune_builds(all=True)

    # -- making things ----------------------------------------------------------

    def image(self, tag: str, *changes: str) -> Thing:
        """An image that runs; ``changes``: instructions of a Dockerfile."""
        options = " ".join(f"--change {shlex.quote(change)}" for change in ('CMD ["/bin/sleep", "infinity"]', *changes))
        self.run("sh", "-c", f"{_ROOT_FILES} 2>&- | docker import {options} - {tag}")
        return Thing("image", tag, "image")

    def former_build(self) -> Thing:
        """An image that Compose built for a stack of the inventory, and that lost its tag to a newer one."""
        tag = self.image("compare/former:1", f"LABEL {PROJECT_LABEL}={BUILT_BY_THE_RACK}").id
        image = str(self.client.images.get(tag).id)
        self.image(tag)
        return Thing("image", image, "image")

    def container(self, name: str, image: Thing, **options: t.Any) -> Thing:
        """A container that was made and never started. It dies at once when it is told to stop."""
        made = self.client.containers.create(image.id, name=name, stop_signal="SIGKILL", **options)
        return Thing("container", str(made.id), "container")

    def stopped(self, name: str, image: Thing, **options: t.Any) -> Thing:
        """A container that ran."""
        made = self.container(name, image, **options)
        container = self.client.containers.get(made.id)
        container.start()
        container.stop()
        return made

    def with_volume(self, name: str, image: Thing, **options: t.Any) -> tuple[Thing, Thing]:
        """A stopped container, and the only volume that came with it."""
        before = self.held()["volume"]
        container = self.stopped(name, image, network_mode="none", **options)
        (volume,) = self.held()["volume"] - before  # the container's mounts do not always name it
        return container, Thing("volume", volume, "anonymous volume")

    def network(self, name: str) -> Thing:
        """A bridge of its own."""
        return Thing("network", str(self.client.networks.create(name).id), "network")

    def volume(self, name: str) -> Thing:
        """A named volume that nothing refers to."""
        return Thing("volume", str(self.client.volumes.create(name).id), "named volume")

    def build_cache(self, count: int, size: int) -> list[Thing]:
        """Cache of ``count`` builds of ``size`` bytes each, oldest first, whose images are gone."""
        before = self.held()["build cache"]
        things = []
        for number in range(count):
            folder, tag = f"{FOLDER}/build{number}", f"compare/built:{number}"
            files = f"mkdir -p {folder} && head -c {size} /dev/urandom >{folder}/data && printf 'FROM scratch\\nCOPY data /\\n' >{folder}/Dockerfile"
            self.run("sh", "-c", f"{files} && DOCKER_BUILDKIT=1 docker build --quiet --network none --tag {tag} {folder} && docker rmi {tag}")
            records = [record["ID"] for record in self.client.api.df()["BuildCache"] if record["Type"] == "regular" and record["ID"] not in before]
            things += [Thing("build cache", record, "build cache") for record in records]
            before |= set(records)
        return things

    # -- Compose ------------------------------------------------------------------

    def compose_up(self, project: str, service: t.Mapping[str, t.Any]) -> None:
        """Start a stack of one service ``web`` with the named volume ``data``."""
        stack = {"name": project, "services": {"web": {"stop_signal": "SIGKILL", "volumes": ["data:/data"], **service}}, "volumes": {"data": {}}}
        self.run("sh", "-c", 'mkdir -p "$1" && printf %s "$2" >"$1/compose.yml"', "sh", f"{FOLDER}/{project}", json.dumps(stack))
        self.compose(project, "up", "--detach", "--quiet-pull")

    def compose(self, project: str, *arguments: str) -> str:
        return self.run("docker", "compose", "--file", f"{FOLDER}/{project}/compose.yml", *arguments)

    def container_of(self, project: str) -> Container:
        """The only container of a stack."""
        (found,) = self.client.containers.list(all=True, filters={"label": f"com.docker.compose.project={project}"})
        return found
