# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The border of releases to the engine and to git: read what runs, keep its images, bring it back."""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.mycosoft.rack.plugins.module_utils._base.bounded import Run
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import InvalidInput, RackError
from ansible_collections.mycosoft.rack.plugins.module_utils._base.schema import Field, Where, each, fields, list_of, map_of
from ansible_collections.mycosoft.rack.plugins.module_utils._base.state import override_path
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.client import Conflict, Engine, NotFound
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.compose import Compose
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.health import has_finished
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.labels import CONFIG_HASH, SERVICE, copy_of, of_detail, of_entry
from ansible_collections.mycosoft.rack.plugins.module_utils._git.back import blocking, go_back
from ansible_collections.mycosoft.rack.plugins.module_utils._git.checkout import Checkout, GitRefused
from ansible_collections.mycosoft.rack.plugins.module_utils._release.model import Release, ReleasedService, ServiceContainer, StackState, pin
from ansible_collections.mycosoft.rack.plugins.module_utils._release.store import write_atomically

Json = t.Dict[str, t.Any]

#: The override of a stack that had none: it overrides nothing.
_NO_OVERRIDE = "services: {}\n"


@dataclass(frozen=True)
class DeployedStack:
    """One stack of this host: its Compose project, its rendered override, the directories of its sources, and what stands between ``docker compose`` and
    its verb, if known.
    """

    name: str
    project: str
    override: Path
    sources: t.Tuple[str, ...]
    arguments: t.Tuple[str, ...] = ()

    def start(self, services: t.Sequence[str]) -> Json:
        """A start of some services, as the role compose_deploy takes it."""
        return {"stack": self.name, "services": list(services), "waits": [{"project": self.project, "service": service} for service in services]}


_STACK = {
    "project": Field(each(str), blank=""),
    "sources": Field(list_of(each(str)), default=()),
    "arguments": Field(list_of(each(str)), default=()),
}


def read_stacks(raw: t.Any, state_directory: str) -> t.List[DeployedStack]:
    """The stacks of the option, with their overrides; raises InvalidInput with every problem."""
    problems: t.List[str] = []
    read = Where("stacks", problems).read(map_of(lambda where, value: fields(where, value, _STACK)), raw, {})
    if problems:
        raise InvalidInput("Cannot work on releases: %s" % " ".join(problems))
    return [DeployedStack(name=name, override=override_path(state_directory, name), **values) for name, values in read.items()]


class LiveStack:
    """One stack as it is on this host."""

    def __init__(self, engine: Engine, run: Run, stack: DeployedStack) -> None:
        self._engine = engine
        self._run = run
        self._stack = stack

    @property
    def project(self) -> str:
        return self._stack.project

    def state(self) -> StackState:
        """What is there now, running or stopped: a service that is down belongs to its stack."""
        copies = sorted(self.copies(), key=lambda copy: (copy.found.running, copy.state != "created"))
        newest = {copy.service: copy.found for copy in copies}  # the last one counts
        return StackState(dict(sorted(newest.items())), self.sources(), self.override())

    def copies(self) -> t.List[ServiceContainer]:
        """The containers of its services, running or not, the oldest first."""
        copies = (self._copy(entry) for entry in sorted(self._containers(), key=lambda entry: entry["Created"]))
        return [copy for copy in copies if copy is not None]

    def keep(self, release: Release) -> None:
        """Give the images of a release a name that no clean-up removes; an image that is gone cannot be kept."""
        for name, service in (release.state.services if release.state else {}).items():
            repository, tag = pin(self._stack.project, name, release.id)
            with contextlib.suppress(NotFound):
                self._engine.post("/images/%s/tag" % service.image_id, repo=repository, tag=tag)

    def without_image(self, release: Release) -> t.List[str]:
        """Services of a release whose image is gone."""
        return [name for name, service in (release.state.services if release.state else {}).items() if not self._has_image(service.image_id)]

    def forget(self, release: Release) -> None:
        """Take these names away; an image that has no other one goes with it, unless a container uses it; its parents stay."""
        for name in release.state.services if release.state else ():
            with contextlib.suppress(NotFound, Conflict):
                self._engine.delete("/images/%s:%s" % pin(self._stack.project, name, release.id), noprune="1")

    def to_start(self, state: StackState) -> t.List[str]:
        """Services that have to be started to bring ``state`` back. What did not run then is left out if its image is gone."""
        names = state.to_start(self.copies())
        return [name for name in names if state.services[name].running or self._has_image(state.services[name].image_id)]

    def in_files(self, services: t.Sequence[str]) -> t.List[str]:
        """Those of ``services`` that the Compose files have; all of them where the files are not known. Raises RackError if Compose refuses the files."""
        if not services or not self._stack.arguments:
            return list(services)
        override = ["--file", str(self._stack.override)] if self._stack.override.exists() else []
        files = {"arguments": [*self._stack.arguments, *override], "files": ["the files of %s" % self._stack.name], "directory": "this release"}
        known = Compose(self._run, files).services()
        return [name for name in services if name in known]

    def refuse_incomplete(self, release: Release, state: StackState) -> None:
        """Raise InvalidInput, before anything is changed, where something that ``state`` needs is no longer here."""
        needed = {name: state.services[name].image_id for name in self.to_start(state)}
        missing = ["the image %s of %s" % (image, name) for name, image in needed.items() if not self._has_image(image)]
        missing += ["the commit %s in %s" % (commit, folder) for folder, commit in state.sources.items() if not self._has_commit(folder, commit)]
        if not missing:
            self._refuse_files_in_the_way(release, state)
        if missing:
            raise InvalidInput(
                "Cannot roll back %s to release %s: %s is not there any more. Nothing of %s was changed. Roll back to an older release, or deploy again."
                % (self._stack.name, release.id, " and ".join(missing), self._stack.name)
            )

    def _refuse_files_in_the_way(self, release: Release, state: StackState) -> None:
        """Raise InvalidInput where files that git does not track would be overwritten."""
        about = (self._stack.name, release.id)
        try:
            found = [(folder, blocking(Checkout(self._run, folder), commit)) for folder, commit in state.sources.items()]
        except GitRefused as error:
            raise InvalidInput("Cannot roll back %s to release %s: %s. Repair the checkout, then run again." % (*about, error.message)) from error
        files = ["%s in %s" % (", ".join(names), folder) for folder, names in found if names]
        if files:
            raise InvalidInput(
                "Cannot roll back %s to release %s: files that git does not track are in the way: %s. Nothing of %s was changed. Move them elsewhere."
                % (*about, " and ".join(files), self._stack.name)
            )

    def restore(self, state: StackState) -> None:
        """Bring back sources, override and the names of the images; what runs is left to Compose.

        Only what differs is written: a disk that is full may be why one goes back.
        """
        for folder, commit in state.sources.items():
            self._go_back(folder, commit)
        path, override = self._stack.override, _NO_OVERRIDE if state.override is None else state.override
        if not path.exists() or path.read_text(encoding="utf-8") != override:
            write_atomically(path, override)
        for service in state.services.values():
            if "@" not in service.image and self._image_of(service.image) != service.image_id:  # a digest always means the same image
                with contextlib.suppress(*(() if service.running else (NotFound,))):
                    self._engine.post("/images/%s/tag" % service.image_id, **_reference(service.image))

    def _go_back(self, folder: str, commit: str) -> None:
        try:
            go_back(Checkout(self._run, folder), commit)
        except GitRefused as error:
            raise RackError(
                "Cannot roll back %s: %s cannot be brought back to %s: %s. Put the local changes away (git stash) and run again."
                % (self._stack.name, folder, commit, error.message)
            ) from error

    def stop_strangers(self, state: StackState, since: float) -> t.List[str]:
        """Stop what was made ``since`` (seconds since 1970) for services of which nothing ran in ``state``; their names."""
        stop = state.to_stop(self.copies())
        strangers = [entry for entry in self._containers() if _service(entry) in stop and entry["Created"] >= int(since)]
        for entry in strangers:
            self._engine.post("/containers/%s/stop" % entry["Id"])
        return sorted(entry["Names"][0].lstrip("/") for entry in strangers)

    def differs(self, state: StackState) -> bool:
        """Whether bringing ``state`` back would change anything."""
        now = self.state()
        names = {service.image: service.image_id for service in state.services.values()}
        return not (now.same_containers(state) and now.sources == state.sources and now.override == state.override) or any(
            self._image_of(name) != image for name, image in names.items()
        )

    def _containers(self) -> t.List[Json]:
        copies = ((entry, copy_of(of_entry(entry))) for entry in self._engine.containers())
        return [entry for entry, copied in copies if copied and copied[0] == self._stack.project]

    def _copy(self, entry: Json) -> t.Optional[ServiceContainer]:
        try:
            detail = self._engine.inspect(entry["Id"])
        except NotFound:  # it went in between
            return None
        found = ReleasedService(
            image=detail["Config"]["Image"],
            image_id=detail["Image"],
            config_hash=of_detail(detail).get(CONFIG_HASH),
            memory=detail["HostConfig"].get("Memory") or 0,
            running=detail["State"]["Status"] == "running",
            finished=has_finished(detail),
        )
        return ServiceContainer(detail["Name"].lstrip("/"), _service(entry), found, detail["State"]["Status"])

    def sources(self) -> t.Dict[str, str]:
        """Directory -> commit, of those that are checked out."""
        commits = {folder: self._commit(folder) for folder in self._stack.sources}
        return {folder: commit for folder, commit in commits.items() if commit}

    def override(self) -> t.Optional[str]:
        """The text of the rendered override; None where it overrides nothing."""
        path = self._stack.override
        text = path.read_text(encoding="utf-8") if path.exists() else _NO_OVERRIDE
        return None if text == _NO_OVERRIDE else text

    def _commit(self, folder: str) -> t.Optional[str]:
        code, output, _errors = self._run(["git", "-C", folder, "rev-parse", "--verify", "--quiet", "HEAD"])
        return output.strip() if code == 0 else None

    def _has_commit(self, folder: str, commit: str) -> bool:
        return self._run(["git", "-C", folder, "cat-file", "-e", "%s^{commit}" % commit])[0] == 0

    def _has_image(self, identity: str) -> bool:
        return self._image_of(identity) is not None

    def _image_of(self, reference: str) -> t.Optional[str]:
        try:
            return str(self._engine.get("/images/%s/json" % reference)["Id"])
        except NotFound:
            return None


def _service(entry: Json) -> str:
    return of_entry(entry)[SERVICE]


def _reference(name: str) -> Json:
    """Repository and tag of an image's name; the part after a port's colon is no tag."""
    repository, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        return {"repo": name, "tag": "latest"}
    return {"repo": repository, "tag": tag}
