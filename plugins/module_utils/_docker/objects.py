# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Docker Engine holds, in one small shape per object: the engine's answers, read once.

Everything here is pure: JSON objects of the Engine API in, frozen dataclasses out.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.mycosoft.rack.plugins.module_utils._base.timestamps import precisely, timestamp
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.image_names import full_reference
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.labels import ANONYMOUS_VOLUME, PROJECT
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.volumes import is_anonymous

Json = t.Dict[str, t.Any]

#: Kinds in the order in which they are removed (a container holds on to its
#: image, networks and volumes), each with the word for one of them.
KINDS = {"containers": "container", "images": "image", "networks": "network", "volumes": "volume", "build_cache": "build cache record"}

#: States of a container that holds no process; the engine removes these without force.
REMOVABLE_STATES = ("created", "exited", "dead")

#: Networks that the engine (or, docker_gwbridge, its swarm) makes for itself. ``nat`` is the default network on Windows.
ENGINE_NETWORKS = ("bridge", "host", "none", "nat", "docker_gwbridge")


@dataclass(frozen=True)
class Need:
    """Something that an object cannot be without; ``name`` is an id or a name, whatever the engine says."""

    kind: str
    name: str


@dataclass(frozen=True)
class DockerObject:
    """One object of the engine.

    ``size`` is in bytes: of a container its writable layer, of an image all its layers.
    ``shared`` is how much of ``size`` other objects hold as well, so that removing this one alone does not free it.
    ``created`` and ``used`` are in seconds since 1970; ``used`` is when it was last of use to anybody, where that is known.
    ``anonymous``: a volume whose name nobody chose; ``path``: where it is mounted from.
    ``irreplaceable``: what would be lost with it for good; empty where it could be pulled, built or made again.
    ``unused_since``: since when it is known to be unused, in seconds since 1970; None where that is not known, or not asked for.
    ``held`` says why nobody may remove it now; it is empty where nothing speaks against it.
    """

    kind: str
    id: str
    names: t.Tuple[str, ...] = ()
    digests: t.Tuple[str, ...] = ()
    size: t.Optional[int] = None
    shared: t.Optional[int] = None
    created: t.Optional[int] = None
    used: t.Optional[float] = None
    labels: t.Mapping[str, str] = field(default_factory=dict)
    state: str = ""
    anonymous: bool = False
    path: str = ""
    needs: t.Tuple[Need, ...] = ()
    irreplaceable: str = ""
    unused_since: t.Optional[float] = None
    held: str = ""

    @property
    def key(self) -> t.Tuple[str, str]:
        return (self.kind, self.id)

    @property
    def project(self) -> t.Optional[str]:
        """The Compose project that made it."""
        return self.labels.get(PROJECT)

    @property
    def handles(self) -> t.Set[str]:
        """Everything that another object may call it by."""
        if self.kind == "build_cache":
            return {self.id}  # the name of a record is a mere description
        if self.kind == "images":
            return {self.id, *map(full_reference, self.names + self.digests)}
        return {self.id, *self.names, *filter(None, [self.path])}

    @property
    def name(self) -> str:
        """What a person calls it: its first name, or else its short id."""
        return (self.names or self.digests or (short_id(self.id),))[0]

    def __str__(self) -> str:
        return "%s %s" % (KINDS[self.kind], self.name)


@dataclass(frozen=True)
class DiskUsage:
    """``GET /system/df``: bytes of all image layers together, bytes that an image shares with others, build cache records, bytes of volumes."""

    layers: int
    shared: t.Mapping[str, int]
    cache: t.Tuple[DockerObject, ...]
    volumes: t.Mapping[str, int]


def short_id(identifier: str) -> str:
    """The twelve digits that the docker command line shows."""
    return identifier.split(":")[-1][:12]


def container(answer: Json, sizes: t.Mapping[str, int]) -> DockerObject:
    """One element of ``GET /containers/json``; ``sizes``: bytes of the writable layer by container id."""
    state = answer.get("State") or "unknown"
    return DockerObject(
        kind="containers",
        id=answer["Id"],
        names=tuple(sorted(name.lstrip("/") for name in answer.get("Names") or () if name.count("/") == 1)),
        size=sizes.get(answer["Id"]),
        shared=0,
        created=answer.get("Created"),
        labels=answer.get("Labels") or {},
        state=state,
        needs=tuple(_container_needs(answer)),
        held="" if state in REMOVABLE_STATES else "it is %s" % state,
    )


def _container_needs(answer: Json) -> t.Iterator[Need]:
    yield Need("images", answer.get("ImageID") or "")
    for mount in answer.get("Mounts") or ():
        if mount.get("Type") == "volume":
            # Docker 28.5 leaves out the name of an anonymous volume that came with the request, once the container has run.
            yield Need("volumes", mount.get("Name") or mount.get("Source") or "")
        if mount.get("Type") == "image":  # a file system out of an image, API 1.48 and later
            yield Need("images", full_reference(mount.get("Name") or mount.get("Source") or ""))
    # A container that never ran carries the network's name only; one whose network was made anew carries the id of the old one.
    for name, endpoint in ((answer.get("NetworkSettings") or {}).get("Networks") or {}).items():
        yield Need("networks", name)
        yield Need("networks", (endpoint or {}).get("NetworkID") or "")
    yield Need("networks", (answer.get("HostConfig") or {}).get("NetworkMode") or "")


def image(answer: Json, shared: t.Mapping[str, int]) -> DockerObject:
    """One element of ``GET /images/json?all=1``; ``shared``: bytes shared with other images by image id."""
    parent = answer.get("ParentId")
    return DockerObject(
        kind="images",
        id=answer["Id"],
        names=tags(answer),
        digests=_references(answer, "RepoDigests"),
        size=answer.get("Size"),
        shared=shared.get(answer["Id"]),
        created=answer.get("Created"),
        labels=answer.get("Labels") or {},
        needs=(Need("images", parent),) if parent else (),
    )


def tags(answer: Json) -> t.Tuple[str, ...]:
    """The tags in an image's list element or inspection."""
    return _references(answer, "RepoTags")


def references(answer: Json) -> t.Tuple[str, ...]:
    """The tags of an inspected image, or else the digests it was pulled by: what must go before the image can."""
    return tags(answer) or _references(answer, "RepoDigests")


def _references(answer: Json, field_name: str) -> t.Tuple[str, ...]:
    # Engines before API 1.43 write <none>:<none> and <none>@<none> where there is nothing.
    return tuple(sorted(name for name in answer.get(field_name) or () if not name.startswith("<none>")))


def network(answer: Json) -> DockerObject:
    """One element of ``GET /networks``."""
    template = (answer.get("ConfigFrom") or {}).get("Network")
    held = ""
    if answer["Name"] in ENGINE_NETWORKS:
        held = "it is the engine's own"
    elif answer.get("Ingress") or answer.get("Scope") == "swarm":
        held = "it belongs to the swarm, so another server may use it"
    elif answer.get("Containers"):
        held = "containers are attached to it"
    return DockerObject(
        kind="networks",
        id=answer["Id"],
        names=(answer["Name"],),
        size=0,
        shared=0,
        created=timestamp(answer.get("Created")),
        labels=answer.get("Labels") or {},
        needs=(Need("networks", template),) if template else (),
        held=held,
    )


def volume(answer: Json) -> DockerObject:
    """One element of ``GET /volumes``.

    Prune removes anonymous volumes, so here one that somebody gave a label, a driver or options does not count as anonymous.
    """
    labels = answer.get("Labels") or {}
    untouched = set(labels) <= {ANONYMOUS_VOLUME} and answer.get("Driver") == "local" and not answer.get("Options")
    return DockerObject(
        kind="volumes",
        id=answer["Name"],
        names=(answer["Name"],),
        shared=0,
        created=timestamp(answer.get("CreatedAt")),
        labels=labels,
        anonymous=untouched and is_anonymous(answer["Name"], labels),
        path=answer.get("Mountpoint") or "",
        held="" if answer.get("Scope", "local") == "local" else "it belongs to the swarm, so another server may use it",
    )


def cache_record(answer: Json) -> DockerObject:
    """One build cache record of ``GET /system/df``.

    ``Parent`` became a list with API 1.42, and the engine writes its name with a space in front (seen on 26.1 and 28.5).
    """
    parents = answer.get("Parents") or answer.get(" Parents") or [answer.get("Parent")]
    size = answer.get("Size") or 0
    return DockerObject(
        kind="build_cache",
        id=answer["ID"],
        names=(answer.get("Description") or answer.get("Type") or "",),
        size=size,
        shared=size if answer.get("Shared") else 0,
        created=timestamp(answer.get("CreatedAt")),
        used=precisely(answer.get("LastUsedAt")) or precisely(answer.get("CreatedAt")),
        needs=tuple(Need("build_cache", parent) for parent in parents if parent),
        held="a build uses it" if answer.get("InUse") else "",
    )


def disk_usage(answer: Json) -> DiskUsage:
    """Both shapes of ``GET /system/df``: up to API 1.52, and the one of ``verbose=1`` from 1.52 on (the only one from 1.53)."""
    images, cache, volumes = answer.get("ImageUsage"), answer.get("BuildCacheUsage"), answer.get("VolumeUsage")
    layers = (images or {}).get("TotalSize") if images is not None else answer.get("LayersSize")
    summaries = (images or {}).get("Items") if images is not None else answer.get("Images")
    records = (cache or {}).get("Items") if cache is not None else answer.get("BuildCache")
    measured = (volumes or {}).get("Items") if volumes is not None else answer.get("Volumes")
    sizes = {item["Name"]: (item.get("UsageData") or {}).get("Size", -1) for item in measured or ()}
    return DiskUsage(
        layers=layers or 0,
        shared={item["Id"]: item["SharedSize"] for item in summaries or () if item.get("SharedSize", -1) >= 0},
        cache=tuple(cache_record(record) for record in records or ()),
        volumes={name: size for name, size in sizes.items() if size >= 0},
    )
