# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read what a prune decides on: one pass over the engine that changes nothing."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass

from ansible_collections.mycosoft.rack.plugins.module_utils._docker import Engine
from ansible_collections.mycosoft.rack.plugins.module_utils._docker_objects import (
    REMOVABLE_STATES,
    DiskUsage,
    DockerObject,
    container,
    disk_usage,
    image,
    network,
)


@dataclass(frozen=True)
class Snapshot:
    """The engine's objects at one moment. ``usage`` is None where neither images nor build cache were asked for.

    ``containerd_store``: images are kept by containerd (the default from Engine 29 on), not by a graph driver.
    """

    objects: t.Tuple[DockerObject, ...]
    usage: t.Optional[DiskUsage]
    storage_driver: str
    containerd_store: bool


def read_disk_usage(engine: Engine) -> DiskUsage:
    """Sizes of images and build cache. Engines before API 1.42 do not know ``type`` and measure everything, volumes too."""
    return disk_usage(engine.get("/system/df", type=["image", "build-cache"], verbose=1))


def read_snapshot(engine: Engine, scope: t.Collection[str]) -> Snapshot:
    """Everything of the kinds in ``scope``, and all containers in any case: they say what is in use."""
    usage = read_disk_usage(engine) if {"images", "build_cache"} & set(scope) else None
    objects = list(_containers(engine, measure="containers" in scope))
    if usage and "images" in scope:
        objects += [image(answer, usage.shared) for answer in engine.get("/images/json", all=1)]
    if usage and "build_cache" in scope:
        objects += usage.cache
    if "networks" in scope:
        objects += [network(answer) for answer in engine.get("/networks")]
    info = engine.get("/info")
    store = dict(pair for pair in info.get("DriverStatus") or () if len(pair) == 2).get("driver-type", "")
    return Snapshot(tuple(objects), usage, info.get("Driver", ""), store.startswith("io.containerd.snapshotter"))


def _containers(engine: Engine, measure: bool) -> t.Iterator[DockerObject]:
    """All containers. The engine measures a writable layer by walking through it, so only those that may go are measured."""
    stopped = json.dumps({"status": list(REMOVABLE_STATES)})
    measured = engine.get("/containers/json", all=1, size=1, filters=stopped) if measure else []
    sizes = {answer["Id"]: answer.get("SizeRw") or 0 for answer in measured}
    return (container(answer, sizes) for answer in engine.containers())
