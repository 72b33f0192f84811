# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep rules: what a person wants to keep, whether or not something uses it now.

Rules are OR-ed: one that matches is enough. The engine's own prune filters
are not used; engines combine several of them differently from what one expects.
"""

from __future__ import annotations

import dataclasses
import fnmatch
import re
import typing as t
from dataclasses import dataclass

from ansible_collections.mycosoft.rack.plugins.module_utils._base.durations import parse_duration
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import InvalidInput
from ansible_collections.mycosoft.rack.plugins.module_utils._base.state import NAMES
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.image_names import ROLLBACK_REGISTRY, full_reference, split_reference
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.labels import PROJECT, SERVICE, matches
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.objects import DockerObject

Key = t.Tuple[str, str]
Kinds = t.Tuple[str, ...]

_DIGEST_ID = re.compile(r"(?:sha256:)?[0-9a-f]{64}")
_WILDCARD = re.compile(r"[*?\[]")
_NAMED: Kinds = ("containers", "images", "networks", "volumes")


@dataclass(frozen=True)
class Rule:
    """One entry of an option that keeps something: the kinds it speaks of, and which objects of these it keeps."""

    text: str

    option: t.ClassVar[str]
    kinds: t.ClassVar[Kinds] = _NAMED
    #: Whether its text names something that should be there.
    naming: t.ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Raises ValueError, with a sentence and the next step, for a text that could never match."""
        if not self.text.strip() or self.text.startswith("="):
            raise ValueError("it is empty. Remove the entry, or look at the variable it comes from.")

    def keeps(self, candidate: DockerObject) -> bool:
        """Whether it keeps ``candidate`` for its own sake."""
        return candidate.kind in self.kinds and self.matches(candidate)

    def matches(self, candidate: DockerObject) -> bool:
        raise NotImplementedError

    def kept(self, objects: t.Iterable[DockerObject]) -> t.Dict[Key, str]:
        """Everything among ``objects`` that it keeps, with the reason."""
        return {candidate.key: str(self) for candidate in objects if self.keeps(candidate)}

    def unmatched(self, objects: t.Sequence[DockerObject]) -> t.List[str]:
        """What a person wrote and nothing answers to: most likely a typing error."""
        return [self.text] if self.naming and not self.kept(objects) else []

    def until(self, candidate: DockerObject) -> t.Optional[int]:  # noqa: ARG002 (most rules keep for good)
        """When it will keep ``candidate`` no longer, in seconds since 1970; None where it does not say."""
        return None

    def at(self, now: int) -> Rule:  # noqa: ARG002 (a rule without a span of time is the same at any time)
        """The rule as it is at a moment, in seconds since 1970."""
        return self

    def __str__(self) -> str:
        return "%s: %s" % (self.option, self.text)


class KeepProject(Rule):
    """Objects that Compose made for a project.

    Of its images only those with a tag: an untagged one is a build that a newer one replaced, and these pile up.
    """

    option = "keep_projects"

    def matches(self, candidate: DockerObject) -> bool:
        return candidate.project == self.text and (candidate.kind != "images" or bool(candidate.names))


class KeepLabel(Rule):
    """Objects with a label ``key``, or with exactly ``key=value``."""

    option = "keep_labels"

    def matches(self, candidate: DockerObject) -> bool:
        return matches(candidate.labels, self.text)


class KeepNetwork(Rule):
    """Networks whose name matches a glob."""

    option = "keep_networks"
    kinds = ("networks",)

    def matches(self, candidate: DockerObject) -> bool:
        return any(fnmatch.fnmatchcase(name, self.text) for name in candidate.names)


class KeepImage(Rule):
    """Images by reference, by a glob of references (``*`` stands for any characters, ``/`` and ``:`` too), or by id."""

    option = "keep_images"
    kinds = ("images",)

    def matches(self, candidate: DockerObject) -> bool:
        if _DIGEST_ID.fullmatch(self.text):
            return candidate.id.split(":")[-1] == self.text.split(":")[-1]
        patterns = _patterns(self.text)
        return any(fnmatch.fnmatchcase(spelling, pattern) for spelling in _spellings(candidate) for pattern in patterns)


class KeepRegex(Rule):
    """Objects one of whose names, or references, a regular expression is found in."""

    option = "keep_regex"

    def __post_init__(self) -> None:
        super().__post_init__()
        try:
            re.compile(self.text)
        except re.error as error:
            raise ValueError("it is no regular expression: %s. Look at its brackets and backslashes." % error) from error

    def matches(self, candidate: DockerObject) -> bool:
        names = _spellings(candidate) if candidate.kind == "images" else set(candidate.names)
        return any(re.search(self.text, name) for name in names)


class KeepRollback(Rule):
    """Images that a release pinned."""

    option = "keep_rollback"
    kinds = ("images",)
    naming = False

    def matches(self, candidate: DockerObject) -> bool:
        return any(name.startswith(ROLLBACK_REGISTRY + "/") for name in candidate.names)

    def __str__(self) -> str:
        return "%s: a release can go back to it" % self.option


class KeepRecovery(Rule):
    """A container, by id, that a recovery stopped and is to bring back."""

    option = NAMES["recovery"]
    kinds = ("containers",)
    naming = False

    def matches(self, candidate: DockerObject) -> bool:
        return candidate.id == self.text

    def __str__(self) -> str:
        return "%s: a recovery stopped it, and is to bring it back" % self.option


@dataclass(frozen=True)
class _KeepSince(Rule):
    """Objects that something happened to within a span of time before ``now``, in seconds since 1970."""

    now: int = 0

    naming = False

    def __post_init__(self) -> None:
        super().__post_init__()
        parse_duration(self.text)

    def matches(self, candidate: DockerObject) -> bool:
        moment = self.moment(candidate)
        return moment is not None and moment > self.now - parse_duration(self.text)

    def at(self, now: int) -> Rule:
        return dataclasses.replace(self, now=now)

    def moment(self, candidate: DockerObject) -> t.Optional[float]:
        raise NotImplementedError


class KeepNewerThan(_KeepSince):
    """Objects that were made within a span of time."""

    option = "keep_newer_than"
    kinds = (*_NAMED, "build_cache")

    def moment(self, candidate: DockerObject) -> t.Optional[float]:
        return candidate.created


class KeepUsedWithin(_KeepSince):
    """Objects that were last of use within a span of time."""

    option = "keep_used_within"
    kinds = ("containers", "images", "build_cache")

    def moment(self, candidate: DockerObject) -> t.Optional[float]:
        return candidate.used if candidate.used is not None else candidate.created


class KeepNewestImages(Rule):
    """The newest images of each repository, and of the builds of each service: those that lost their tag have no other name."""

    option = "keep_newest_images"
    kinds = ("images",)
    naming = False

    def __post_init__(self) -> None:
        if not self.text.isdecimal():
            raise ValueError("it is no number of images. Write 0 or more.")

    def kept(self, objects: t.Iterable[DockerObject]) -> t.Dict[Key, str]:
        groups: t.Dict[str, t.List[DockerObject]] = {}
        for candidate in objects:
            for group in _image_groups(candidate) if candidate.kind == "images" else ():
                groups.setdefault(group, []).append(candidate)
        newest = (sorted(group, key=lambda image: (-(image.created or 0), image.name, image.id))[: int(self.text)] for group in groups.values())
        return {image.key: str(self) for group in newest for image in group}


#: Options whose entries are rules, each for itself.
LISTS: t.Tuple[t.Type[Rule], ...] = (KeepProject, KeepImage, KeepNetwork, KeepLabel, KeepRegex)
#: Options that are one rule, where they are given.
SINGLES: t.Tuple[t.Type[Rule], ...] = (KeepNewerThan, KeepUsedWithin, KeepNewestImages)


def keep_rules(params: t.Mapping[str, t.Any]) -> t.Tuple[Rule, ...]:
    """The rules in a module's ``keep_*`` options; raises InvalidInput for an entry that could never match."""
    written = [(kind, text) for kind in LISTS for text in params.get(kind.option) or ()]
    written += [(kind, str(params[kind.option])) for kind in SINGLES if params.get(kind.option)]
    pinned = [KeepRollback("pinned")] if params.get(KeepRollback.option) else []
    return (*pinned, *(_rule(kind, text) for kind, text in written))


def _rule(kind: t.Type[Rule], text: str) -> Rule:
    try:
        return kind(text.strip())
    except ValueError as error:
        raise InvalidInput("Cannot keep %r (%s): %s" % (text, kind.option, error)) from error


def _spellings(image: DockerObject) -> t.Set[str]:
    """The references of an image, as the engine lists them and in full."""
    return {spelling for name in image.names + image.digests for spelling in (name, full_reference(name))}


def _image_groups(image: DockerObject) -> t.Set[str]:
    repositories = {split_reference(full_reference(name))[0] for name in image.names + image.digests}
    service = image.labels.get(SERVICE)
    return repositories | ({"%s %s" % (image.labels.get(PROJECT), service)} if service else set())


def _patterns(text: str) -> t.Set[str]:
    patterns = {full_reference(text)}
    if _WILDCARD.search(text):
        # A wildcard may stand for the registry or for the tag: read the rule as it is written, too. It protects, so more is safer than less.
        patterns |= {text, text + ":latest"} if not split_reference(text)[1] else {text}
    return patterns
