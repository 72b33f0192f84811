# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A strict stand-in for the part of the Docker Engine API that a prune and a release use, over a real unix socket.

Shapes and refusals are those recorded from Docker Engine 20.10.24 (API 1.41), the one of ``/system/df`` also as API 1.53
documents it. It knows no bulk prune but that of named build cache records, and no forced removal: whoever asks gets a 418
and is found in ``violations``.
"""

from __future__ import annotations

import json
import re
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs

from ansible_collections.mycosoft.rack.tests.fakes.docker_objects import CacheRecord, Container, Contents, Image, Json, Network, Refusal, Volume
from ansible_collections.mycosoft.rack.tests.fakes.unix_http import Answer, Request, UnixServer


class Query(dict[str, list[str]]):
    """The query of a request, and the version of the API that it was ``spoken`` in."""

    spoken: tuple[int, int] = (0, 0)


@dataclass
class _Intervention:
    """Something that happens right before the engine handles the next request that matches."""

    method: str
    path: str
    action: t.Callable[[], object]
    times: int


class DockerEngine(Contents):
    """The engine's state, to be filled and changed by a test, and its server. Use it as a context manager."""

    def __init__(self, directory: Path, api_version: str = "1.41") -> None:
        self.api_version = _version(api_version)
        super().__init__()
        #: Seconds since 1970 on the engine's clock.
        self.now = 1795391156
        #: The folder of its data, on this machine.
        self.root = str(directory)
        self.containerd_store = False
        #: Whether containers name their volumes by path only, as those of Docker 28.5 do now and then.
        self.mounts_by_path = False
        #: What changed something, as ``METHOD /path``, in order; the ids in it are those of the engine.
        self.writes: list[str] = []
        self.violations: list[str] = []
        #: Everything that anybody asked for, as ``METHOD /path``.
        self.asked: list[str] = []
        self._interventions: list[_Intervention] = []
        self._server = UnixServer(directory / "docker.sock", self.handle, api_version)

    @property
    def address(self) -> str:
        return self._server.address

    def __enter__(self) -> DockerEngine:
        self._server.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.__exit__(*error)

    def before(self, method: str, path: str, action: t.Callable[[], object], times: int = 1) -> None:
        """Do ``action`` right before the next ``times`` requests whose path matches the regular expression ``path``."""
        self._interventions.append(_Intervention(method, path, action, times))

    def refuse(self, method: str, path: str, status: int, message: str, times: int = 1) -> None:
        def refusal() -> None:
            raise Refusal(status, message)

        self.before(method, path, refusal, times)

    def refuse_connections(self) -> None:
        """Take no new connection; open ones stay open."""
        self._server.refuse_connections()

    def hang_up(self) -> None:
        """Close the connection without an answer, and take no other."""
        self.refuse_connections()
        raise ConnectionAbortedError

    def handle(self, request: Request) -> Answer:
        prefix = re.match(r"/v(\d+\.\d+)", request.path)
        path = request.path[prefix.end() :] if prefix else request.path
        query = Query(parse_qs(request.query))
        self.asked.append("%s %s" % (request.method, path))
        query.spoken = _version(prefix.group(1)) if prefix else self.api_version
        try:
            self._refuse_newer(query.spoken)
            for intervention in list(self._interventions):
                if intervention.times and intervention.method == request.method and re.search(intervention.path, path):
                    intervention.times -= 1
                    intervention.action()
            for verb, pattern, handler in _ROUTES:
                found = re.fullmatch(pattern, path)
                if verb == request.method and found:
                    return handler(self, query, *found.groups())
        except Refusal as refusal:
            return refusal.status, {"message": str(refusal)}
        self.violations.append("%s %s" % (request.method, path))
        return 418, {"message": "nobody should ask for %s %s" % (request.method, path)}

    def _refuse_newer(self, spoken: tuple[int, int]) -> None:
        if spoken > self.api_version:
            raise Refusal(400, "client version %d.%d is too new. Maximum supported API version is %d.%d" % (*spoken, *self.api_version))

    # --- what the routes do ---

    def ping(self, _query: Query) -> Answer:
        return 200, b"OK"

    def version(self, _query: Query) -> Answer:
        return 200, {"Version": "20.10.24+dfsg1", "ApiVersion": "%d.%d" % self.api_version, "MinAPIVersion": "1.12", "Os": "linux"}

    def events(self, _query: Query) -> Answer:
        return 200, b""

    def info(self, _query: Query) -> Answer:
        common = {"ID": "XZ3K:4F7Q", "SystemTime": _iso(self.now), "DockerRootDir": self.root, "Architecture": "x86_64"}
        if self.containerd_store:
            return 200, {"Driver": "overlayfs", "DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]], **common}
        return 200, {"Driver": "overlay2", "DriverStatus": [["Backing Filesystem", "extfs"], ["Supports d_type", "true"]], **common}

    def list_containers(self, query: Query) -> Answer:
        filters = json.loads(query.get("filters", ["{}"])[0])
        return 200, [
            self._container_summary(container, "size" in query)
            for container in self.containers.values()
            if (not filters.get("status") or container.state in filters["status"])
            and (not filters.get("ancestor") or any(ancestor in self._ancestry(container.image) for ancestor in filters["ancestor"]))
            and (not filters.get("network") or any(name in filters["network"] for pair in container.networks.items() for name in pair if name))
            and (not filters.get("volume") or any(name in filters["volume"] for name in container.volumes))
        ]

    def inspect_container(self, _query: Query, identifier: str) -> Answer:
        container = self._container(identifier)
        return 200, {
            "Id": container.id,
            "Name": "/" + container.name,
            "Image": container.image,
            "Config": {"Image": container.reference, "Labels": container.labels},
            "State": {
                "Status": container.state,
                "Running": container.state == "running",
                "FinishedAt": _iso(container.finished),
                "ExitCode": container.exit_code,
                **({"Health": {"Status": container.health}} if container.health else {}),
            },
            "HostConfig": {"Memory": container.memory, "PortBindings": {}, "RestartPolicy": {"Name": container.restart, "MaximumRetryCount": 0}},
            "Mounts": self._container_summary(container, measured=False)["Mounts"],
        }

    def stop_container(self, _query: Query, identifier: str) -> Answer:
        container = self._container(identifier)
        if container.state != "running":
            return 304, None
        container.state = "exited"
        self.writes.append("POST /containers/%s/stop" % container.id)
        return 204, None

    def delete_container(self, query: Query, identifier: str) -> Answer:
        self._forbid(query, "v", "force", "link")
        container = self._container(identifier)
        if container.state in ("running", "paused", "restarting"):
            raise Refusal(409, "You cannot remove a running container %s. Stop the container before attempting removal or force remove" % container.id)
        del self.containers[container.id]
        self.writes.append("DELETE /containers/%s" % container.id)
        return 204, None

    def list_images(self, query: Query) -> Answer:
        parents = {image.parent for image in self.images.values()}
        hidden = [] if "all" in query else [image.id for image in self.images.values() if not image.tags and image.id in parents]
        return 200, [self._image_summary(image, -1) for image in self.images.values() if image.id not in hidden]

    def inspect_image(self, _query: Query, reference: str) -> Answer:
        image = self._image(reference)
        return 200, dict(self._image_summary(image, -1), Metadata={"LastTagTime": _iso(image.tagged)})

    def tag_image(self, query: Query, reference: str) -> Answer:
        image, name = self._image(reference), "%s:%s" % (query["repo"][0], query.get("tag", ["latest"])[0])
        for other in self.images.values():
            other.tags = [tag for tag in other.tags if tag != name]
        image.tags.append(name)
        self.writes.append("POST /images/%s/tag" % name)
        return 201, None

    def delete_image(self, query: Query, reference: str) -> Answer:
        self._forbid(query, "force")
        if query.get("noprune") != ["1"]:
            self.violations.append("parents pruned along with %s" % reference)
        image = self._image(reference)
        by_id = reference == image.id
        user = next((container for container in self.containers.values() if container.image == image.id), None)
        references = image.tags + image.digests
        repositories = {re.split(r"[:@]", name.rpartition("/")[2])[0] for name in references}
        if by_id and (len(image.tags) > 1 or len(repositories) > 1 or (self.containerd_store and len(references) > 1)):
            raise Refusal(409, "conflict: unable to delete %s (must be forced) - image is referenced in multiple repositories" % image.id[7:19])
        if user and (by_id or references == [reference]):
            raise Refusal(409, "conflict: unable to delete %s - container %s is using its referenced image" % (image.id[7:19], user.id[:12]))
        child = any(other.parent == image.id for other in self.images.values())
        if by_id and child and not self.containerd_store:
            raise Refusal(409, "conflict: unable to delete %s (cannot be forced) - image has dependent child images" % image.id[7:19])
        self.writes.append("DELETE /images/%s" % reference)
        return 200, self._untag(image, references if by_id else [reference], child)

    def _untag(self, image: Image, gone: list[str], child: bool) -> list[Json]:
        image.tags = [tag for tag in image.tags if tag not in gone]
        image.digests = [digest for digest in image.digests if digest not in gone and image.tags]
        records = [{"Untagged": name} for name in gone]
        if not image.tags and not image.digests:
            stays_dangling = child and bool(gone)  # containerd keeps what others are built on; a graph driver only untags it
            if not stays_dangling:
                del self.images[image.id]
            if not stays_dangling or self.containerd_store:
                records.append({"Deleted": image.id})
        return records

    def list_networks(self, _query: Query) -> Answer:
        return 200, [dict(self._network_summary(network), Containers={}) for network in self.networks.values()]

    def inspect_network(self, _query: Query, identifier: str) -> Answer:
        return 200, self._network_summary(self._network(identifier))

    def delete_network(self, _query: Query, identifier: str) -> Answer:
        network = self._network(identifier)
        if self._network_summary(network)["Containers"]:
            raise Refusal(403, "error while removing network: network %s id %s has active endpoints" % (network.name, network.id))
        del self.networks[network.id]
        self.writes.append("DELETE /networks/%s" % network.id)
        return 204, None

    def list_volumes(self, _query: Query) -> Answer:
        return 200, {"Volumes": [self._volume_summary(volume) for volume in self.volumes.values()] or None, "Warnings": None}

    def inspect_volume(self, _query: Query, name: str) -> Answer:
        if name not in self.volumes:
            raise Refusal(404, "get %s: no such volume" % name)
        return 200, self._volume_summary(self.volumes[name])

    def delete_volume(self, query: Query, name: str) -> Answer:
        self._forbid(query, "force")
        if name not in self.volumes:
            raise Refusal(404, "get %s: no such volume" % name)
        user = next((container for container in self.containers.values() if name in container.volumes), None)
        if user:
            raise Refusal(409, "remove %s: volume is in use - [%s]" % (name, user.id))
        del self.volumes[name]
        self.writes.append("DELETE /volumes/%s" % name)
        return 204, None

    def disk_usage(self, query: Query) -> Answer:
        kinds = query.get("type") if query.spoken >= (1, 42) else None
        images = [self._image_summary(image, self._shared(image)) for image in self.images.values()]
        layers = sum({name: size for image in self.images.values() for name, size in image.layers.items()}.values())
        records = [self._cache_record(record, query.spoken) for record in self.cache.values()]
        volumes = [dict(self._volume_summary(volume), UsageData={"Size": volume.files, "RefCount": 0}) for volume in self.volumes.values()]
        parts: dict[str, tuple[Json, Json]] = {
            "image": ({"LayersSize": layers, "Images": images}, {"ImageUsage": {"TotalSize": layers, "Items": images}}),
            "build-cache": ({"BuildCache": records or None, "BuilderSize": 0}, {"BuildCacheUsage": {"TotalSize": 0, "Items": records}}),
            "volume": ({"Volumes": volumes}, {"VolumeUsage": {"Items": volumes}}),
        }
        answer: Json = {}
        for part in kinds or parts:
            answer.update(parts[part][query.spoken >= (1, 52)])
        return 200, answer

    def prune_build_cache(self, query: Query) -> Answer:
        assert query.get("all") == ["true"]
        (written,) = json.loads(query["filters"][0])["id"]
        assert written[0] + written[-1] == '""', "an unquoted regular expression is a parse error"
        gone: list[CacheRecord] = []
        while True:  # what is built on others first, until nothing more can go
            parents = {parent for record in self.cache.values() for parent in record.parents}
            wave = [record for record in self.cache.values() if re.search(written[1:-1], record.id) and not record.in_use and record.id not in parents]
            if not wave:
                break
            gone += wave
            for record in wave:
                del self.cache[record.id]
        self.writes.append("POST /build/prune")
        # The engine counts records whose layers images hold on to, although these stay on the disk.
        return 200, {"CachesDeleted": [record.id for record in gone] or None, "SpaceReclaimed": sum(record.size for record in gone)}

    # --- shapes ---

    def _container_summary(self, container: Container, measured: bool) -> Json:
        return {
            "Id": container.id,
            "Names": ["/" + container.name],
            "Image": "whatever:1",
            "ImageID": container.image,
            "Created": container.created,
            "Labels": container.labels,
            "State": container.state,
            "HostConfig": {"NetworkMode": next(iter(container.networks), "default")},
            "NetworkSettings": {"Networks": {name: {"NetworkID": identifier, "EndpointID": ""} for name, identifier in container.networks.items()}},
            "Mounts": [*({"Type": "volume", "Driver": "local", **self._mounted(name)} for name in container.volumes), *container.mounts],
            **({"SizeRw": container.size} if measured and container.size else {}),
        }

    def _image_summary(self, image: Image, shared: int) -> Json:
        return {
            "Containers": -1,
            "Created": image.created,
            "Id": image.id,
            "Labels": image.labels or None,
            "ParentId": "" if self.containerd_store else image.parent,
            "RepoDigests": image.digests or (None if image.tags else ["<none>@<none>"]),
            "RepoTags": image.tags or ["<none>:<none>"],
            "SharedSize": shared,
            "Size": sum(image.layers.values()),
        }

    def _network_summary(self, network: Network) -> Json:
        running = {c.id: {"Name": c.name} for c in self.containers.values() if c.state == "running" and network.id in c.networks.values()}
        return {
            "Name": network.name,
            "Id": network.id,
            "Created": "2026-11-22T22:42:50.730262923Z",
            "Scope": "local",
            "Ingress": False,
            "ConfigFrom": {"Network": ""},
            "Containers": running,
            "Labels": network.labels,
            **network.extra,
        }

    def _mounted(self, volume: str) -> Json:
        return {"Source": "/var/lib/docker/volumes/%s/_data" % volume} if self.mounts_by_path else {"Name": volume}

    def _volume_summary(self, volume: Volume) -> Json:
        return {
            "Name": volume.name,
            "Driver": "local",
            "Scope": "local",
            "Mountpoint": "/var/lib/docker/volumes/%s/_data" % volume.name,
            "CreatedAt": "2026-11-22T22:42:50Z",
            "Labels": volume.labels or None,
            "Options": None,
            **volume.extra,
        }

    def _cache_record(self, record: CacheRecord, spoken: tuple[int, int]) -> Json:
        # The space is the engine's.
        parents = {"Parent": (record.parents or [""])[0]} if spoken < (1, 42) else {" Parents": record.parents} if record.parents else {}
        return {
            "ID": record.id,
            **parents,
            "Type": "regular",
            "Description": "mount / from exec /bin/sh -c make",
            "InUse": record.in_use,
            "Shared": any(record.layer in image.layers for image in self.images.values()),
            "Size": record.size,
            "CreatedAt": "2026-11-22T22:45:56.346169156Z",
            "LastUsedAt": _iso(record.used),
            "UsageCount": 1,
        }

    # --- the engine's own look-ups ---

    def _shared(self, image: Image) -> int:
        others = {layer for other in self.images.values() if other is not image for layer in other.layers}
        return sum(size for layer, size in image.layers.items() if layer in others)

    def _ancestry(self, identifier: str) -> list[str]:
        line = []
        while identifier in self.images:
            line.append(identifier)
            identifier = self.images[identifier].parent
        return line

    def _container(self, identifier: str) -> Container:
        if identifier not in self.containers:
            raise Refusal(404, "No such container: %s" % identifier)
        return self.containers[identifier]

    def _image(self, reference: str) -> Image:
        for image in self.images.values():
            if reference in (image.id, *image.tags, *image.digests):
                return image
        raise Refusal(404, "No such image: %s" % reference)

    def _network(self, identifier: str) -> Network:
        if identifier not in self.networks:
            raise Refusal(404, "network %s not found" % identifier)
        return self.networks[identifier]

    def _forbid(self, query: Query, *flags: str) -> None:
        for flag in flags:
            if query.get(flag, ["0"])[0] not in ("0", "false", ""):
                self.violations.append("%s was set" % flag)
                raise Refusal(418, "%s must not be set" % flag)


_Handler = t.Callable[..., Answer]
_ROUTES: list[tuple[str, str, _Handler]] = [
    ("GET", "/_ping", DockerEngine.ping),
    ("GET", "/version", DockerEngine.version),
    ("GET", "/info", DockerEngine.info),
    ("GET", "/events", DockerEngine.events),
    ("GET", "/containers/json", DockerEngine.list_containers),
    ("GET", "/containers/([^/]+)/json", DockerEngine.inspect_container),
    ("POST", "/containers/([^/]+)/stop", DockerEngine.stop_container),
    ("DELETE", "/containers/([^/]+)", DockerEngine.delete_container),
    ("GET", "/images/json", DockerEngine.list_images),
    ("GET", "/images/(.+)/json", DockerEngine.inspect_image),
    ("POST", "/images/(.+)/tag", DockerEngine.tag_image),
    ("DELETE", "/images/(.+)", DockerEngine.delete_image),
    ("GET", "/networks", DockerEngine.list_networks),
    ("GET", "/networks/([^/]+)", DockerEngine.inspect_network),
    ("DELETE", "/networks/([^/]+)", DockerEngine.delete_network),
    ("GET", "/volumes", DockerEngine.list_volumes),
    ("GET", "/volumes/([^/]+)", DockerEngine.inspect_volume),
    ("DELETE", "/volumes/([^/]+)", DockerEngine.delete_volume),
    ("GET", "/system/df", DockerEngine.disk_usage),
    ("POST", "/build/prune", DockerEngine.prune_build_cache),
]


def _version(text: str) -> tuple[int, int]:
    major, minor = text.split(".")
    return int(major), int(minor)


def _iso(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.346169156Z", time.gmtime(seconds))
