# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the stand-in of the Docker Engine holds."""

from __future__ import annotations

import hashlib
import typing as t
from dataclasses import dataclass, field

Json = dict[str, t.Any]


class Refusal(Exception):
    """The engine says no: status and message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class Container:
    """``reference``: the name of its image as it was asked for; ``memory``: its limit in bytes, 0 for none; ``mounts``: beside its volumes, as the engine
    inspects them.
    """

    id: str
    name: str
    image: str
    state: str
    networks: dict[str, str]
    labels: dict[str, str]
    size: int
    volumes: list[str] = field(default_factory=list)
    finished: int = 1795387705
    created: int = 1795387705
    reference: str = ""
    memory: int = 0
    exit_code: int = 0
    restart: str = "unless-stopped"
    mounts: list[Json] = field(default_factory=list)
    health: str = ""


@dataclass
class Image:
    """``layers``: bytes of each layer by its name; images and cache records that name one layer share it."""

    id: str
    tags: list[str]
    layers: dict[str, int]
    parent: str = ""
    digests: list[str] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    created: int = 1795387556
    tagged: int = 1795387556


@dataclass
class Network:
    id: str
    name: str
    labels: dict[str, str] = field(default_factory=dict)
    extra: Json = field(default_factory=dict)


@dataclass
class Volume:
    """``files``: bytes in it."""

    name: str
    labels: dict[str, str] = field(default_factory=dict)
    files: int = 0
    extra: Json = field(default_factory=dict)


@dataclass
class CacheRecord:
    """``used``: seconds since 1970."""

    id: str
    layer: str
    size: int
    in_use: bool = False
    parents: list[str] = field(default_factory=list)
    used: int = 1795387556


def new_id(seed: str) -> str:
    return hashlib.sha256(seed.encode()).hexdigest()


class Contents:
    """Everything an engine holds, to be filled and changed by a test."""

    def __init__(self) -> None:
        self.containers: dict[str, Container] = {}
        self.images: dict[str, Image] = {}
        self.networks: dict[str, Network] = {}
        self.volumes: dict[str, Volume] = {}
        self.cache: dict[str, CacheRecord] = {}

    def add_container(
        self,
        name: str,
        image: str = "",
        state: str = "exited",
        networks: t.Iterable[str] = (),
        labels: dict[str, str] | None = None,
        size: int = 0,
        **more: t.Any,
    ) -> Container:
        """``networks``: names; one that never ran (``created``) refers to them without ids, as on the real engine."""
        known = {network.name: network.id for network in self.networks.values()}
        ids = {network: "" if state == "created" else known.get(network, new_id("gone")) for network in networks}
        made = Container(new_id("container " + name), name, image, state, ids, labels or {}, size, **more)
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

    def add_volume(self, name: str = "", number: int = 0, **more: t.Any) -> Volume:
        """A volume, or without ``name`` an anonymous one (the ``number``-th), as engines from 23.0 on mark it."""
        made = Volume(name or new_id("volume %d" % number), **{"labels": {} if name else {"com.docker.volume.anonymous": ""}, **more})
        self.volumes[made.name] = made
        return made

    def add_cache(self, name: str, size: int = 100, layer: str = "", **more: t.Any) -> CacheRecord:
        made = CacheRecord(new_id(name)[:25], layer or "cache " + name, size, **more)
        self.cache[made.id] = made
        return made

    @property
    def disk(self) -> int:
        """Bytes of the layers that images or build cache hold: what is really on the disk."""
        layers = {record.layer: record.size for record in self.cache.values()}
        for image in self.images.values():
            layers.update(image.layers)
        return sum(layers.values())
