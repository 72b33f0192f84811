# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A strict stand-in for the part of the Docker Engine API that a prune uses, over a real unix socket.

Shapes and refusals are those recorded from Docker Engine 20.10.24 (API 1.41), the one of ``/system/df`` also as API 1.53
documents it. It knows no bulk prune but the one of the build cache, and no forced removal: whoever asks gets a 418 and is
found in ``violations``.
"""

from __future__ import annotations

import http.server
import json
import re
import socketserver
import threading
import typing as t
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from ansible_collections.mycosoft.rack.tests.fakes.docker_objects import CacheRecord, Container, Image, Json, Network, Refusal, new_id

Query = dict[str, list[str]]
Answer = tuple[int, t.Any]


@dataclass
class _Intervention:
    """Something that happens right before the engine handles the next request that matches."""

    method: str
    path: str
    action: t.Callable[[], object]
    times: int


class DockerEngine:
    """The engine's state, to be filled and changed by a test, and its server. Use it as a context manager."""

    def __init__(self, directory: Path, api_version: str = "1.41") -> None:
        self.api_version = tuple(int(part) for part in api_version.split("."))
        self.containers: dict[str, Container] = {}
        self.images: dict[str, Image] = {}
        self.networks: dict[str, Network] = {}
        self.cache: dict[str, CacheRecord] = {}
        self.containerd_store = False
        #: What changed something, as ``METHOD /path``, in order; the ids in it are those of the engine.
        self.writes: list[str] = []
        self.violations: list[str] = []
        self._interventions: list[_Intervention] = []
        self._socket = directory / "docker.sock"
        self._server = _Server(str(self._socket), _handler(self))

    @property
    def address(self) -> str:
        return "unix://%s" % self._socket

    def __enter__(self) -> DockerEngine:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._socket.unlink(missing_ok=True)

    def add_container(
        self, name: str, image: str = "", state: str = "exited", networks: t.Iterable[str] = (), labels: dict[str, str] | None = None, size: int = 0
    ) -> Container:
        """``networks``: names; one that never ran (``created``) refers to them without ids, as on the real engine."""
        known = {network.name: network.id for network in self.networks.values()}
        ids = {network: "" if state == "created" else known.get(network, new_id("gone")) for network in networks}
        made = Container(new_id("container " + name), name, image, state, ids, labels or {}, size)
        self.containers[made.id] = made
        return made

    def add_image(self, name: str, tags: t.Sequence[str] | None = None, **more: t.Any) -> Image:
        """An image with the tag ``name`` (or with ``tags``) and, unless told otherwise, one layer of 1000 bytes of its own."""
        made = Image("sha256:" + new_id("image " + name), [name] if tags is None else list(tags), more.pop("layers", {name: 1000}), **more)
        self.images[made.id] = made
        return made

    def add_network(self, name: str, labels: dict[str, str] | None = None, **extra: t.Any) -> Network:
        made = Network(new_id("network " + name), name, labels or {}, extra)
        self.networks[made.id] = made
        return made

    def add_cache(self, name: str, size: int = 100, layer: str = "", **more: t.Any) -> CacheRecord:
        made = CacheRecord(new_id(name)[:25], layer or "cache " + name, size, **more)
        self.cache[made.id] = made
        return made

    def before(self, method: str, path: str, action: t.Callable[[], object], times: int = 1) -> None:
        """Do ``action`` right before the next ``times`` requests whose path matches the regular expression ``path``."""
        self._interventions.append(_Intervention(method, path, action, times))

    def refuse(self, method: str, path: str, status: int, message: str, times: int = 1) -> None:
        def refusal() -> None:
            raise Refusal(status, message)

        self.before(method, path, refusal, times)

    def hang_up(self) -> None:
        """Close the connection without an answer, and take no other."""
        self._server.socket.close()
        raise ConnectionAbortedError

    @property
    def disk(self) -> int:
        """Bytes of the layers that images or build cache hold: what is really on the disk."""
        layers = {record.layer: record.size for record in self.cache.values()}
        for image in self.images.values():
            layers.update(image.layers)
        return sum(layers.values())

    def handle(self, method: str, path: str, query: Query) -> Answer:
        path = re.sub(r"^/v\d+\.\d+", "", path)
        try:
            for intervention in list(self._interventions):
                if intervention.times and intervention.method == method and re.search(intervention.path, path):
                    intervention.times -= 1
                    intervention.action()
            for verb, pattern, handler in _ROUTES:
                found = re.fullmatch(pattern, path)
                if verb == method and found:
                    return handler(self, query, *found.groups())
        except Refusal as refusal:
            return refusal.status, {"message": str(refusal)}
        self.violations.append("%s %s" % (method, path))
        return 418, {"message": "nobody should ask for %s %s" % (method, path)}

    # --- what the routes do ---

    def version(self, _query: Query) -> Answer:
        return 200, {"Version": "20.10.24+dfsg1", "ApiVersion": "%d.%d" % self.api_version, "MinAPIVersion": "1.12", "Os": "linux"}

    def info(self, _query: Query) -> Answer:
        if self.containerd_store:
            return 200, {"Driver": "overlayfs", "DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]]}
        return 200, {"Driver": "overlay2", "DriverStatus": [["Backing Filesystem", "extfs"], ["Supports d_type", "true"]]}

    def list_containers(self, query: Query) -> Answer:
        filters = json.loads(query.get("filters", ["{}"])[0])
        return 200, [
            self._container_summary(container, "size" in query)
            for container in self.containers.values()
            if (not filters.get("status") or container.state in filters["status"])
            and (not filters.get("ancestor") or any(ancestor in self._ancestry(container.image) for ancestor in filters["ancestor"]))
            and (not filters.get("network") or any(name in filters["network"] for pair in container.networks.items() for name in pair if name))
        ]

    def inspect_container(self, _query: Query, identifier: str) -> Answer:
        container = self._container(identifier)
        return 200, {"Id": container.id, "Name": "/" + container.name, "State": {"Status": container.state}}

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
        return 200, self._image_summary(self._image(reference), -1)

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

    def disk_usage(self, query: Query) -> Answer:
        assert query.get("type") == ["image", "build-cache"]
        images = [self._image_summary(image, self._shared(image)) for image in self.images.values()]
        layers = sum({name: size for image in self.images.values() for name, size in image.layers.items()}.values())
        records = [self._cache_record(record) for record in self.cache.values()]
        if self.api_version < (1, 52):
            return 200, {"LayersSize": layers, "Images": images, "Containers": [], "Volumes": [], "BuildCache": records or None, "BuilderSize": 0}
        return 200, {"ImageUsage": {"TotalSize": layers, "Items": images}, "BuildCacheUsage": {"TotalSize": 0, "Items": records}}

    def prune_build_cache(self, query: Query) -> Answer:
        assert query.get("all") == ["true"]
        gone = [record for record in self.cache.values() if not record.in_use]
        for record in gone:
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
            "Created": 1795387705,
            "Labels": container.labels,
            "State": container.state,
            "HostConfig": {"NetworkMode": next(iter(container.networks), "default")},
            "NetworkSettings": {"Networks": {name: {"NetworkID": identifier, "EndpointID": ""} for name, identifier in container.networks.items()}},
            "Mounts": [],
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

    def _cache_record(self, record: CacheRecord) -> Json:
        parents = {"Parent": (record.parents or [""])[0]} if self.api_version < (1, 42) else {"Parents": record.parents or None}
        return {
            "ID": record.id,
            **parents,
            "Type": "regular",
            "Description": "mount / from exec /bin/sh -c make",
            "InUse": record.in_use,
            "Shared": any(record.layer in image.layers for image in self.images.values()),
            "Size": record.size,
            "CreatedAt": "2026-11-22T22:45:56.346169156Z",
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
    ("GET", "/version", DockerEngine.version),
    ("GET", "/info", DockerEngine.info),
    ("GET", "/containers/json", DockerEngine.list_containers),
    ("GET", "/containers/([^/]+)/json", DockerEngine.inspect_container),
    ("DELETE", "/containers/([^/]+)", DockerEngine.delete_container),
    ("GET", "/images/json", DockerEngine.list_images),
    ("GET", "/images/(.+)/json", DockerEngine.inspect_image),
    ("DELETE", "/images/(.+)", DockerEngine.delete_image),
    ("GET", "/networks", DockerEngine.list_networks),
    ("GET", "/networks/([^/]+)", DockerEngine.inspect_network),
    ("DELETE", "/networks/([^/]+)", DockerEngine.delete_network),
    ("GET", "/system/df", DockerEngine.disk_usage),
    ("POST", "/build/prune", DockerEngine.prune_build_cache),
]


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


def _handler(engine: DockerEngine) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            address = urlsplit(self.path)
            try:
                status, body = engine.handle(self.command, unquote(address.path), parse_qs(address.query))
            except ConnectionAbortedError:
                self.close_connection = True
                return
            payload = b"" if body is None else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            if status != 204:
                self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815 (the base class finds them by these names)

        def log_message(self, *_args: t.Any) -> None:
            """Say nothing."""

    return Handler
