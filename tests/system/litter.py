# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects on a server's engine: what nothing needs, in every kind and relation, and a stopped stack that somebody wants."""

from __future__ import annotations

import concurrent.futures
import contextlib
import io
import tarfile

import docker
import docker.errors
import docker.types

from tests.rig.rig import Rig

BASE = "python:3.13-slim"
PROJECT = "kept"
COUNT = 8

# Records of the build cache need a build; files with new content make new records.
BUILD = r"""
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
{ echo 'FROM scratch'; for n in 1 2 3 4 5; do echo "$1 $n" >"$n"; echo "COPY $n /"; done; } >Dockerfile
DOCKER_BUILDKIT=1 docker build --quiet --network none --tag litter/built:1 .
"""


def objects(client: docker.DockerClient) -> set[str]:
    """Everything that the engine holds, a line each; of an image each of its tags."""
    api = client.api
    found = {f"container {container['Id']} {container['Names']}" for container in api.containers(all=True)}
    found |= {f"image {image['Id']} {tag}" for image in api.images(all=True) for tag in image["RepoTags"] or ["without a tag"]}
    found |= {f"network {network['Id']} {network['Name']}" for network in api.networks()}
    found |= {f"volume {volume['Name']}" for volume in api.volumes()["Volumes"] or ()}
    return found | {f"build cache {record['ID']}" for record in api.df()["BuildCache"] or ()}


def scatter(rig: Rig, server: str, client: docker.DockerClient, content: str) -> None:
    """Have on the server what nothing needs; ``content`` is new each time."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        building = pool.submit(rig.run, server, ["sh", "-c", BUILD, "build", content])
        _scatter_objects(client, content)
        building.result()


def _scatter_objects(client: docker.DockerClient, content: str) -> None:
    api = client.api
    for number in range(COUNT):
        image = f"litter/image{number}"
        api.import_image_from_data(_layer(f"{content} {number}"), repository=image, tag="1")
        for tag in ("2", "3"):
            api.tag(image + ":1", image, tag)
        # half of them on an image that goes, all with an anonymous volume
        api.create_container(BASE if number % 2 else image + ":1", ["true"], name=f"litter{number}", volumes=["/scratch"])
    api.create_network("litter", driver="bridge")  # one: an engine takes longer for a network than for anything else here
    api.connect_container_to_network("litter0", "litter")
    api.commit("litter0", repository="litter/child", tag="1")  # an image on another


def _layer(content: str) -> bytes:
    """A file system of one file."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        file = tarfile.TarInfo("content")
        file.size = len(content)
        tar.addfile(file, io.BytesIO(content.encode()))
    return archive.getvalue()


def stopped_stack(client: docker.DockerClient) -> None:
    """A service of a Compose project that ran once and stopped, with its image, network and two volumes."""
    labels = {"com.docker.compose.project": PROJECT}
    client.images.pull(BASE)
    client.api.tag(BASE, "kept/service", "1")
    client.networks.create("kept_default", labels=labels)
    client.volumes.create("kept_data", labels=labels)
    mounts = [docker.types.Mount("/data", "kept_data"), docker.types.Mount("/scratch", None)]
    client.containers.create("kept/service:1", ["true"], name="kept-service-1", labels=labels, network="kept_default", mounts=mounts)
    start_stack(client)


def start_stack(client: docker.DockerClient) -> None:
    """Run the service to its end: that takes its image, its network and its volumes."""
    container = client.containers.get("kept-service-1")
    container.start()
    assert container.wait()["StatusCode"] == 0


def sweep(client: docker.DockerClient, before: set[str]) -> None:
    """Remove everything that was not there before, by force; but for build cache, which the engine removes as a whole only."""
    api = client.api
    for line in sorted(objects(client) - before):  # containers come first
        kind, identifier, *names = line.split()
        with contextlib.suppress(docker.errors.NotFound):
            if kind == "container":
                api.remove_container(identifier, v=True, force=True)
            elif kind == "image":
                api.remove_image(names[0] if len(names) == 1 else identifier, force=True)
            elif kind == "network":
                api.remove_network(identifier)
            elif kind == "volume":
                api.remove_volume(identifier)
