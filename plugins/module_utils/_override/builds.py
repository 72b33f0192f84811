# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which images the stacks of a server build, and which names different builds give to theirs. Pure but for links of directories.

What is built last takes the name: all services that use it would run that.
"""

from __future__ import annotations

import os
import typing as t

from ansible_collections.mycosoft.rack.plugins.module_utils._docker.image_names import full_reference
from ansible_collections.mycosoft.rack.plugins.module_utils._git.checkout import masked

Json = t.Dict[str, t.Any]


class Source(t.NamedTuple):
    """What an image is built from."""

    context: str
    dockerfile: str
    inline: str
    target: str

    def __str__(self) -> str:
        beside = [
            "an inline Dockerfile" if self.inline else os.path.relpath(self.dockerfile, self.context) if self.context.startswith("/") else self.dockerfile
        ]
        beside += ["target %s" % self.target] if self.target else []
        return "%s (%s)" % (masked(self.context), ", ".join(beside))


class Build(t.NamedTuple):
    """One build of a service, by the name that it gives to its image."""

    image: str
    stack: str
    service: str
    source: Source


def builds(stack: str, configuration: Json, services: t.Iterable[str]) -> t.List[Build]:
    """The builds of ``services`` of a stack."""
    found = []
    for name in services:
        service = configuration["services"][name]
        build = service.get("build")
        if build:
            images = [service.get("image") or "%s-%s" % (configuration.get("name"), name), *(build.get("tags") or [])]
            found += [Build(image, stack, name, _source(build)) for image in images]
    return found


def _source(build: Json) -> Source:
    context, dockerfile = str(build.get("context") or ""), str(build.get("dockerfile") or "Dockerfile")
    if context.startswith("/"):
        context, dockerfile = os.path.realpath(context), os.path.realpath("%s/%s" % (context, dockerfile) if dockerfile[0] != "/" else dockerfile)
    inline = str(build.get("dockerfile_inline") or "")
    return Source(context, "" if inline else dockerfile, inline, str(build.get("target") or ""))


def collisions(found: t.Iterable[Build]) -> t.Iterator[t.Tuple[t.List[str], str]]:
    """The stacks and a sentence for each name that different builds give to their images."""
    same: t.Dict[str, t.List[Build]] = {}
    for build in found:
        same.setdefault(full_reference(build.image), []).append(build)
    for group in same.values():
        if len({build.source for build in group}) > 1:
            said = ", ".join("%s of %s from %s" % (build.service, build.stack, build.source) for build in group)
            yield (
                sorted({build.stack for build in group}),
                "different builds give their images one name, %s, so that all would run what is built last: %s. Give each an image name of its own"
                % (group[0].image, said),
            )
