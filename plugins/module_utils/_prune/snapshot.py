# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read what a prune decides on: one pass over the engine that changes nothing."""

from __future__ import annotations

import dataclasses
import json
import time
import typing as t
from dataclasses import dataclass

from ansible_collections.mycosoft.rack.plugins.module_utils._base.timestamps import timestamp
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.client import Engine, Json, NotFound
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.objects import (
    REMOVABLE_STATES,
    DiskUsage,
    DockerObject,
    container,
    disk_usage,
    image,
    network,
    volume,
)
from ansible_collections.mycosoft.rack.plugins.module_utils._host.disk import Disk, measure
from ansible_collections.mycosoft.rack.plugins.module_utils._host.kernel import Kernel
from ansible_collections.mycosoft.rack.plugins.module_utils._prune.irreplaceable import why_irreplaceable
from ansible_collections.mycosoft.rack.plugins.module_utils._prune.keep import Key
from ansible_collections.mycosoft.rack.plugins.module_utils._prune.plan import PrunePlan
from ansible_collections.mycosoft.rack.plugins.module_utils._prune.unused_record import Clock, UnusedRecord, read_record

#: Seconds between two looks at a build that is running.
POLL_SECONDS = 0.5


@dataclass(frozen=True)
class SnapshotRequest:
    """What to read. ``last_use``: also when containers and images were last of use, which costs a question each.

    ``graces``: kinds of which it matters since when an object has been unused. ``record``: path of the file that says so.
    ``projects``: Compose projects that can be built again. ``wait_for_builds``: seconds to wait while a build uses the cache.
    """

    scope: t.Collection[str]
    last_use: bool = False
    graces: t.Collection[str] = ()
    record: str = ""
    projects: t.Collection[str] = ()
    wait_for_builds: float = 0


@dataclass(frozen=True)
class Snapshot:
    """The engine's objects at one moment. ``usage`` is None where neither images nor build cache were asked for.

    ``now``: the engine's clock in seconds since 1970. ``disk``: what holds its data; None where that is on another machine.
    ``containerd_store``: images are kept by containerd (the default from Engine 29 on), not by a graph driver.
    ``known``: the record of unused objects as it was found. ``unused``: as it is after this look.
    """

    objects: t.Tuple[DockerObject, ...]
    usage: t.Optional[DiskUsage]
    storage_driver: str
    containerd_store: bool
    now: int
    disk: t.Optional[Disk]
    known: UnusedRecord
    unused: UnusedRecord


def read_disk_usage(engine: Engine, *kinds: str) -> DiskUsage:
    """Sizes. Engines before API 1.42 do not know ``type`` and measure everything, volumes too."""
    return disk_usage(engine.disk_usage(type=kinds or ("image", "build-cache"), verbose=1))


def read_snapshot(engine: Engine, request: SnapshotRequest, local: bool) -> Snapshot:
    """Everything that ``request`` asks for, and all containers in any case: they say what is in use.

    ``local``: the engine's files are those of this machine.
    """
    info = engine.get("/info")
    scope = request.scope
    usage = _read_usage(engine, request.wait_for_builds if "build_cache" in scope else 0) if {"images", "build_cache"} & set(scope) else None
    objects = list(_containers(engine, measured="containers" in scope))
    now = timestamp(info.get("SystemTime")) or int(time.time())
    if "volumes" in scope:
        objects += [volume(answer) for answer in engine.get("/volumes").get("Volumes") or ()]
    if usage and "images" in scope:
        objects += [image(answer, usage.shared) for answer in engine.get("/images/json", all=1)]
    if usage and "build_cache" in scope:
        objects += usage.cache
    if "networks" in scope:
        objects += [network(answer) for answer in engine.get("/networks")]
    if request.last_use:
        objects = list(_with_last_use(engine, objects))
    store = dict(pair for pair in info.get("DriverStatus") or () if len(pair) == 2).get("driver-type", "")
    containerd = store.startswith("io.containerd.snapshotter")
    objects = [_judged(each, request, digests_prove=not containerd) for each in objects]
    known = read_record(request.record, info.get("ID", ""))
    unused = _seen(objects, request.graces, known.at(_clock(now)), now) if request.graces else known
    disk = measure(info.get("DockerRootDir") or "") if local else None
    found = tuple(_since(engine, objects, unused, now))
    return Snapshot(found, usage, info.get("Driver", ""), containerd, now, disk, known, known if unused.says_no_more_than(known) else unused)


def volume_sizes(engine: Engine, snapshot: Snapshot, plan: PrunePlan) -> t.Dict[Key, int]:
    """Bytes of the volumes that go. The engine walks through their files for it, so it is asked only where there are any."""
    going = plan.removals("volumes")
    known = snapshot.usage.volumes if snapshot.usage else {}
    if going and not known:
        known = read_disk_usage(engine, "volume").volumes
    return {decision.target.key: known[decision.target.id] for decision in going if decision.target.id in known}


def _read_usage(engine: Engine, patience: float) -> DiskUsage:
    """Waits up to ``patience`` seconds for builds that are running to let go of their cache."""
    deadline = time.monotonic() + patience
    usage = read_disk_usage(engine)
    while any(record.held for record in usage.cache) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        usage = read_disk_usage(engine)
    return usage


def _containers(engine: Engine, measured: bool) -> t.Iterator[DockerObject]:
    """All containers. The engine measures a writable layer by walking through it, so only those that may go are measured."""
    stopped = json.dumps({"status": list(REMOVABLE_STATES)})
    answers = engine.get("/containers/json", all=1, size=1, filters=stopped) if measured else []
    sizes = {answer["Id"]: answer.get("SizeRw") or 0 for answer in answers}
    return (container(answer, sizes) for answer in engine.containers())


def _judged(target: DockerObject, request: SnapshotRequest, digests_prove: bool) -> DockerObject:
    if target.kind not in request.graces or target.held:
        return target
    return dataclasses.replace(target, irreplaceable=why_irreplaceable(target, request.projects, digests_prove))


def _clock(now: int) -> Clock:
    kernel = Kernel()
    return Clock(now, kernel.boot(), int(kernel.uptime() or 0))


def _seen(objects: t.Sequence[DockerObject], graces: t.Collection[str], known: UnusedRecord, now: int) -> UnusedRecord:
    """The record after this look: of each kind, what nothing uses and nothing could bring back."""
    used = {(need.kind, need.name) for user in objects if user.kind == "containers" for need in user.needs}
    for kind in graces:
        of_kind = [each for each in objects if each.kind == kind and (kind == "volumes" or each.irreplaceable)]
        known = known.seen(kind, (each.id for each in of_kind if not any((kind, handle) in used for handle in each.handles)), now)
    return known


def _since(engine: Engine, objects: t.Sequence[DockerObject], unused: UnusedRecord, now: int) -> t.Iterator[DockerObject]:
    """The objects with the time since when they have been unused. A container that ran between two runs, or an image that was tagged, begins anew.

    A last use that is still to come was noted by a clock that was wrong, and says nothing.
    """
    again = [each for each in objects if each.irreplaceable and each.id in unused.of(each.kind)]
    last = {each.key: each.used for each in _with_last_use(engine, again) if each.used is not None and each.used <= now}
    for each in objects:
        since = unused.of(each.kind).get(each.id)
        yield each if since is None else dataclasses.replace(each, unused_since=max(since, last.get(each.key, 0)))


def _with_last_use(engine: Engine, objects: t.Sequence[DockerObject]) -> t.Iterator[DockerObject]:
    """Containers with the time they ended; images with that of their containers, or when they were last tagged (built or pulled)."""
    ended: t.Dict[str, int] = {}
    for target in sorted(objects, key=lambda each: each.kind != "containers"):
        if target.kind == "containers" and not target.held:
            finished = timestamp(_inspected(engine, "/containers/%s/json" % target.id).get("State", {}).get("FinishedAt")) or target.created
            for need in target.needs:
                ended[need.name] = max(finished or 0, ended.get(need.name, 0))
            yield dataclasses.replace(target, used=finished)
        elif target.kind == "images":
            tagged = timestamp(_inspected(engine, "/images/%s/json" % target.id).get("Metadata", {}).get("LastTagTime"))
            yield dataclasses.replace(target, used=max(tagged or 0, target.created or 0, ended.get(target.id, 0)))
        else:
            yield target


def _inspected(engine: Engine, path: str) -> Json:
    """One object in full; empty when it is gone by now, as the removal will find, too."""
    try:
        return t.cast(Json, engine.get(path))
    except NotFound:
        return {}
