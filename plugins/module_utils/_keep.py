# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep rules: what a person wants to keep, whether or not something uses it now.

Rules are OR-ed: one that matches is enough. The engine's own prune filters
are not used; engines combine several of them differently from what one expects.
"""

from __future__ import annotations

import fnmatch
import re
import typing as t
from dataclasses import dataclass

from ansible_collections.mycosoft.rack.plugins.module_utils._docker_objects import DockerObject
from ansible_collections.mycosoft.rack.plugins.module_utils._image_references import full_reference, split_reference
from ansible_collections.mycosoft.rack.plugins.module_utils._outcome import InvalidInput

_DIGEST_ID = re.compile(r"(?:sha256:)?[0-9a-f]{64}")
_WILDCARD = re.compile(r"[*?\[]")


@dataclass(frozen=True)
class Rule:
    """One entry of a ``keep_*`` option: the kinds it speaks of, and whether it keeps an object of these."""

    text: str

    option: t.ClassVar[str]
    kinds: t.ClassVar[t.Tuple[str, ...]] = ("containers", "images", "networks")

    def matches(self, candidate: DockerObject) -> bool:
        raise NotImplementedError

    def keeps(self, candidate: DockerObject) -> bool:
        return candidate.kind in self.kinds and self.matches(candidate)

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
        key, equals, value = self.text.partition("=")
        return key in candidate.labels and (not equals or candidate.labels[key] == value)


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
        spellings = {spelling for name in candidate.names + candidate.digests for spelling in (name, full_reference(name))}
        return any(fnmatch.fnmatchcase(spelling, pattern) for spelling in spellings for pattern in patterns)


RULES: t.Tuple[t.Type[Rule], ...] = (KeepProject, KeepImage, KeepNetwork, KeepLabel)


def keep_rules(params: t.Mapping[str, t.Any]) -> t.Tuple[Rule, ...]:
    """The rules in a module's ``keep_*`` options; raises InvalidInput for an entry that could never match."""
    rules = []
    for kind in RULES:
        for text in params[kind.option]:
            if not text.strip() or text.startswith("="):
                raise InvalidInput("Cannot keep %r (%s): it is empty. Remove the entry, or look at the variable it comes from." % (text, kind.option))
            rules.append(kind(text.strip()))
    return tuple(rules)


def _patterns(text: str) -> t.Set[str]:
    patterns = {full_reference(text)}
    if _WILDCARD.search(text):
        # A wildcard may stand for the registry or for the tag: read the rule as it is written, too. It protects, so more is safer than less.
        patterns |= {text, text + ":latest"} if not split_reference(text)[1] else {text}
    return patterns
