# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an engine may hold, as the plan of a prune sees it: short ways to write an object, and random states with every relation."""

from __future__ import annotations

import dataclasses
import random
import typing as t

from ansible_collections.mycosoft.rack.plugins.module_utils._docker.objects import KINDS, DockerObject, Need
from ansible_collections.mycosoft.rack.plugins.module_utils._prune.guards import (
    CacheBudget,
    KeepAnonymousVolumes,
    KeepIrreplaceable,
    KeepNamedVolumes,
    KeepWithinBudget,
)
from ansible_collections.mycosoft.rack.plugins.module_utils._prune.keep import (
    KeepImage,
    KeepLabel,
    KeepNetwork,
    KeepNewerThan,
    KeepNewestImages,
    KeepProject,
    KeepRegex,
    KeepUsedWithin,
    Rule,
)

ALL = tuple(KINDS)
MAS = {"com.docker.compose.project": "mas"}
#: Seconds since 1970 in random states; what is in them is at most ten seconds old.
NOW = 10


def container(name: str, state: str = "exited", image: str = "", networks: t.Sequence[str] = (), volumes: t.Sequence[str] = (), **more: t.Any) -> DockerObject:
    needs = (Need("images", image), *(Need("networks", network) for network in networks), *(Need("volumes", volume) for volume in volumes))
    held = "" if state == "exited" else "it is %s" % state
    return DockerObject("containers", "c-" + name, (name,), state=state, needs=needs, held=held, **more)


def image(name: str, parent: str = "", **more: t.Any) -> DockerObject:
    needs = (Need("images", parent),) if parent else ()
    return DockerObject("images", "i-" + name, more.pop("names", (name + ":1",)), needs=needs, **more)


def network(name: str, template: str = "", **more: t.Any) -> DockerObject:
    needs = (Need("networks", template),) if template else ()
    return DockerObject("networks", more.pop("id", "n-" + name), (name,), needs=needs, **more)


def volume(name: str, **more: t.Any) -> DockerObject:
    return DockerObject("volumes", name, (name,), **more)


def record(name: str, parents: t.Sequence[str] = (), **more: t.Any) -> DockerObject:
    return DockerObject("build_cache", name, ("step",), needs=tuple(Need("build_cache", parent) for parent in parents), **more)


class AnyState:
    """One of countless engines: up to 50 objects and some rules. The same ``seed`` makes the same."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 (a repeatable test, no secret)
        objects = [*self._containers_and_what_they_use(), *self._some("r", self._record)]
        self.objects: list[DockerObject] = self.chance.sample(objects, len(objects))
        self.rules: list[Rule] = self.chance.sample(self._every_rule(), self.chance.randrange(6))
        self.scope: list[str] = self.chance.sample(ALL, self.chance.randrange(1, len(ALL) + 1))

    def _some(self, letter: str, make: t.Callable[[str], DockerObject]) -> list[DockerObject]:
        named = [make("%s%d" % (letter, number)) for number in range(self.chance.randrange(11))]
        return [dataclasses.replace(target, labels=self.chance.choice([{}, {}, MAS, {"tier": "db"}]), created=self._moment()) for target in named]

    def _moment(self) -> int | None:
        return self.chance.randrange(NOW) or None

    def _containers_and_what_they_use(self) -> t.Iterator[DockerObject]:
        used = {"i": self._some("i", self._image), "n": self._some("n", self._network), "v": self._some("v", self._volume)}
        for targets in used.values():
            yield from targets
        images, networks, volumes = ([target.id for target in targets] or [""] for targets in used.values())
        pick = self.chance.choice
        yield from self._some("c", lambda name: container(name, pick(["exited", "exited", "running"]), pick(images), [pick(networks)], [pick(volumes)]))

    def _image(self, name: str) -> DockerObject:
        return image(name, self.chance.choice(["", "", "i-i0", "i-i1"]), names=self.chance.choice([(), (name + ":1",), ("i:" + name,)]))

    def _network(self, name: str) -> DockerObject:
        return network(name, self.chance.choice(["", "", "", "n0"]), held=self.chance.choice(["", "", "it is the engine's own"]))

    def _volume(self, name: str) -> DockerObject:
        return volume(name, anonymous=self.chance.choice([True, False]), unused_since=self._moment())

    def _record(self, name: str) -> DockerObject:
        size = self.chance.randrange(5)
        parents = ["r0", "r%d" % self.chance.randrange(11)] if name != "r0" else []
        in_use = self.chance.choice(["", "", "a build uses it"])
        return record(name, parents, held=in_use, size=size, shared=self.chance.choice([0, 0, size]), used=self._moment())

    def _every_rule(self) -> list[Rule]:
        budget = CacheBudget(reserved=self.chance.randrange(9), max_used=self.chance.randrange(20))
        wishes = [KeepProject("mas"), KeepLabel("tier=db"), KeepImage("i1:1"), KeepNetwork("n[2-4]"), KeepProject("none"), KeepRegex("[cv]3")]
        guards = [KeepNamedVolumes(given=("v1",)), KeepAnonymousVolumes("5", NOW, ("v2",)), KeepIrreplaceable("5", NOW), KeepWithinBudget(budget=budget)]
        return [*wishes, KeepNewestImages("2"), KeepNewerThan("3", NOW), KeepUsedWithin("3", NOW), *guards]
