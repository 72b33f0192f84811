# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carry out a plan: one object at a time, looked at once more right before it goes.

Nothing is ever forced, and the engine's bulk prune is used for the build cache only, and there with a filter that names
the records of the plan. What does not depend on each other goes at the same time: the engine spends most of it waiting.
"""

from __future__ import annotations

import contextlib
import functools
import json
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import quote

from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import RackError, Unreachable
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.client import Conflict, Engine, Json, NotFound
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.objects import KINDS, REMOVABLE_STATES, DockerObject, references, tags
from ansible_collections.mycosoft.rack.plugins.module_utils._prune.build_cache import filters, held_by_images, in_batches
from ansible_collections.mycosoft.rack.plugins.module_utils._prune.plan import Decision, PrunePlan
from ansible_collections.mycosoft.rack.plugins.module_utils._prune.snapshot import Snapshot, read_disk_usage

#: Seconds between two tries while the engine is busy with the same kind of work.
POLL_SECONDS = 0.2

#: Removals of one kind at the same time. More gain nothing: the engine locks what they change.
WORKERS = 4

Removal = t.Callable[[DockerObject], None]


class InUse(RackError):
    """The object came into use after the plan was made; the message ends the sentence "it stays because ..."."""


@dataclass
class Outcome:
    """What became of the removals of a plan, each list in the order of the plan.

    ``freed``: bytes of disk by kind; None where the engine could not say. ``seconds``: by kind.
    ``untagged``: references taken from images, of which one may have stayed after all. ``predicted``: nothing of it has happened.
    """

    removed: t.List[Decision] = field(default_factory=list)
    skipped: t.List[Decision] = field(default_factory=list)
    failed: t.List[Decision] = field(default_factory=list)
    untagged: t.List[str] = field(default_factory=list)
    freed: t.Dict[str, t.Optional[int]] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    seconds: t.Dict[str, float] = field(default_factory=lambda: dict.fromkeys(KINDS, 0.0))
    predicted: bool = False

    @property
    def changed(self) -> bool:
        return bool(self.removed or self.untagged)


def predict(plan: PrunePlan) -> Outcome:
    """What :func:`apply` does where nothing changes in between."""
    return Outcome(removed=[decision for kind in KINDS for decision in plan.removals(kind)], predicted=True)


def apply(engine: Engine, plan: PrunePlan, snapshot: Snapshot, busy_timeout: float) -> Outcome:
    """Remove what ``plan``, made from ``snapshot``, says.

    Waits at most ``busy_timeout`` seconds altogether for other prunes and removals that are under way.
    Raises nothing for an object that cannot be removed: it is among the outcome's ``failed``.
    """
    return _Removal(engine, plan, snapshot, time.monotonic() + busy_timeout).run()


class _Removal:
    def __init__(self, engine: Engine, plan: PrunePlan, snapshot: Snapshot, deadline: float) -> None:
        self._engine = engine
        self._plan = plan
        self._usage = snapshot.usage
        self._cache = snapshot.usage.cache if snapshot.usage else ()
        self._verify = snapshot.containerd_store
        self._deadline = deadline
        self._outcome = Outcome()
        self._unreachable = False

    def run(self) -> Outcome:
        # Images, networks and volumes are free when the containers are gone. What frees nothing for others does not wait.
        self._at_once([self._containers, self._build_cache])
        self._at_once([self._images, self._networks, self._volumes])
        for kind in ("containers", "volumes"):
            self._outcome.freed[kind] = sum(done.target.size or 0 for done in self._outcome.removed if done.target.kind == kind)
        place = {decision.target.key: number for number, decision in enumerate(self._plan.decisions)}
        for told in (self._outcome.removed, self._outcome.skipped, self._outcome.failed):
            told.sort(key=lambda decision: place.get(decision.target.key, len(place)))
        return self._outcome

    def _containers(self) -> None:
        self._timed("containers", lambda: self._each("containers", self._container))

    def _build_cache(self) -> None:
        """The engine's prune with a filter on ids, which it reads as a regular expression; what a build uses by now it keeps."""
        planned = [decision for wave in self._plan.waves("build_cache") for decision in wave]
        self._timed("build_cache", lambda: self._at_once([functools.partial(self._prune_records, batch) for batch in in_batches(planned)], workers=1))

    def _images(self) -> None:
        self._timed("images", lambda: self._each("images", self._image))
        self._measure_images()

    def _networks(self) -> None:
        self._timed("networks", lambda: self._each("networks", self._network, workers=1))

    def _volumes(self) -> None:
        self._timed("volumes", lambda: self._each("volumes", self._volume))

    def _timed(self, kind: str, work: t.Callable[[], object]) -> None:
        start = time.monotonic()
        work()
        self._outcome.seconds[kind] = time.monotonic() - start

    def _each(self, kind: str, remove: Removal, workers: int = WORKERS) -> None:
        for wave in self._plan.waves(kind):
            self._at_once([functools.partial(self._attempt, decision, remove) for decision in wave], workers)

    def _at_once(self, work: t.Sequence[t.Callable[[], None]], workers: int = WORKERS) -> None:
        if workers == 1 or len(work) < 2 or not self._engine.parallel:
            for each in work:
                each()
            return
        with ThreadPoolExecutor(workers) as pool:
            for running in [pool.submit(each) for each in work]:
                running.result()

    def _attempt(self, decision: Decision, remove: Removal) -> None:
        target = decision.target
        if self._unreachable:
            self._skip(target, "not tried, because the engine had stopped answering")
            return
        try:
            self._when_not_busy(lambda: remove(target))
            self._outcome.removed.append(decision)
        except NotFound:
            self._skip(target, "it was gone already")
        except InUse as change:
            self._skip(target, change.message)
        except RackError as error:
            self._fail(target, error)

    def _skip(self, target: DockerObject, reason: str) -> None:
        self._outcome.skipped.append(Decision(target, False, reason))

    def _fail(self, target: DockerObject, error: RackError) -> None:
        self._unreachable = self._unreachable or isinstance(error, Unreachable)
        self._outcome.failed.append(Decision(target, False, error.message))

    def _when_not_busy(self, action: t.Callable[[], t.Any]) -> t.Any:
        """``action()``, again while the engine answers 409 and there is time: another client removes the same thing or prunes."""
        while time.monotonic() < self._deadline:
            with contextlib.suppress(Conflict):
                return action()
            time.sleep(POLL_SECONDS)
        return action()

    def _container(self, target: DockerObject) -> None:
        """DELETE without ``v`` and ``force``: its volumes stay, and the engine itself refuses a container that runs by now."""
        try:
            self._engine.delete("/containers/%s" % target.id)
        except Conflict:
            state = self._engine.inspect(target.id)["State"]["Status"]
            if state not in REMOVABLE_STATES and state != "removing":
                raise InUse("it is %s by now" % state) from None
            raise

    def _network(self, target: DockerObject) -> None:
        """The engine refuses a network of running containers, but not one that a stopped container needs to start again."""
        self._refuse_if_used("network", *target.handles)
        try:
            self._engine.delete("/networks/%s" % target.id)
        except NotFound:
            raise
        except RackError:
            # attached in this very moment: the engine answers 403, as it does for other causes
            self._refuse_if_used("network", *target.handles)
            raise

    def _volume(self, target: DockerObject) -> None:
        """The engine refuses a volume that any container refers to, running or not, and at times one of a container that is gone."""
        try:
            self._engine.delete("/volumes/%s" % quote(target.id, safe=""))
        except Conflict as conflict:
            self._refuse_if_used("volume", target.id)
            raise InUse("the engine counts it as used, although no container refers to it: %s" % conflict.message) from conflict

    def _refuse_if_used(self, relation: str, *names: str) -> None:
        """Whether containers, running or not, refer to any of ``names``: the engine's filter ``relation`` finds them."""
        users = self._users(relation, *names)
        if users:
            raise InUse("container %s refers to it by now" % _name(users[0]))

    def _image(self, target: DockerObject) -> None:
        """Delete by id, which is bound to the very image; references above the last one are untagged first, as nothing is forced.

        The containerd image store counts a tag and a digest as two, so deleting by reference is the fallback; and it keeps a
        tagged image that others are built on, without its tag, so there the image is only gone when the engine does not find it.
        """
        touched = False
        for _once_per_reference in range(len(target.names) + len(target.digests) + 2):
            try:
                names = self._unused_references(target)
                answer = self._delete_image(target.id if len(names) < 2 else names[0], fallback=names[:1])
            except NotFound:
                if touched:
                    return
                raise
            except Conflict as conflict:
                self._refuse_used_image(target)
                raise InUse(conflict.message) from conflict
            touched = True
            self._outcome.untagged += [record["Untagged"] for record in answer if "Untagged" in record]
            if not self._verify and any(record.get("Deleted") == target.id for record in answer):
                return
        raise InUse("somebody keeps tagging it")

    def _unused_references(self, target: DockerObject) -> t.Tuple[str, ...]:
        """What must go before the image can. The engine refuses to delete an image in use, but not to take a tag from it."""
        found = self._engine.get("/images/%s/json" % target.id)
        new = sorted(set(tags(found)) - set(target.names))
        if new:
            raise InUse("it was tagged %s meanwhile" % new[0])
        names = references(found)
        if len(names) > 1:
            self._refuse_used_image(target)
        return names

    def _refuse_used_image(self, target: DockerObject) -> None:
        # The filter also finds containers of images that are built on this one; these do not need it to be there.
        users = [user for user in self._users("ancestor", target.id) if user.get("ImageID") == target.id]
        if users:
            raise InUse("container %s uses it by now" % _name(users[0]))

    def _delete_image(self, reference: str, fallback: t.Sequence[str]) -> t.List[Json]:
        try:
            # noprune: untagged parents are decided on in the plan, each for itself.
            return t.cast(t.List[Json], self._engine.delete("/images/%s" % quote(reference, safe="/:@"), noprune=1) or [])
        except Conflict:
            if not fallback or fallback[0] == reference:
                raise
            return self._delete_image(fallback[0], ())

    def _users(self, relation: str, *names: str) -> t.List[Json]:
        """The containers, running or not, that the engine's filter ``relation`` finds for any of ``names``."""
        return t.cast(t.List[Json], self._engine.get("/containers/json", all=1, filters=json.dumps({relation: sorted(names)})))

    def _prune_records(self, planned: t.Sequence[Decision]) -> None:
        why = "the engine kept it: a build uses it by now, or it was gone already"
        answer: Json = {}
        named = filters((decision.target.id for decision in planned), (record.id for record in self._cache))
        try:
            if self._unreachable:
                raise Unreachable("Not tried, because the engine had stopped answering.")
            answer = self._when_not_busy(lambda: self._engine.post("/build/prune", all="true", filters=named))
        except RackError as error:
            why = "the prune failed"
            self._fail(DockerObject("build_cache", "", names=("of %d records" % len(planned),)), error)
        deleted = set(answer.get("CachesDeleted") or ())
        self._outcome.removed += [decision for decision in planned if decision.target.id in deleted]
        for decision in planned:
            if decision.target.id not in deleted:
                self._skip(decision.target, why)
        freed = max(0, answer.get("SpaceReclaimed", 0) - held_by_images(deleted, self._cache))
        self._outcome.freed["build_cache"] = (self._outcome.freed["build_cache"] or 0) + freed

    def _measure_images(self) -> None:
        """Freed by images: what all layers lost, without the layers that the build cache still holds."""
        if self._usage is None or not any(done.target.kind == "images" for done in self._outcome.removed):
            return
        try:
            now = read_disk_usage(self._engine)
        except RackError:
            self._outcome.freed["images"] = None
            return
        before = {record.id: record.shared or 0 for record in self._cache}
        held = sum(record.size or 0 for record in now.cache if not record.shared and before.get(record.id))
        self._outcome.freed["images"] = max(0, self._usage.layers - now.layers - held)


def _name(container: Json) -> str:
    return str((container.get("Names") or [container["Id"]])[0]).lstrip("/")
