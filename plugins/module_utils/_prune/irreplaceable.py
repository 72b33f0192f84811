# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nothing could bring back: neither a pull from a registry, nor a build or a start by the rack. Pure.

The proof of who made an object is in what the engine says of it: an image that came from a registry, or went there, has a digest of it; an image or a
container that Compose made has the label of its project. A name proves nothing.
"""

from __future__ import annotations

import typing as t
from pathlib import PurePosixPath

from ansible_collections.mycosoft.rack.plugins.module_utils._base.sizes import human
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.labels import CONFIG_HASH
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.objects import DockerObject
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.volumes import is_generated


def why_irreplaceable(target: DockerObject, projects: t.Collection[str], digests_prove: bool) -> str:
    """What would be lost with ``target`` for good, as the end of the sentence "it stays because ..."; empty where nothing would.

    ``projects``: what the rack builds and starts. ``digests_prove``: whether an image has a digest only if a registry has it. With the containerd store
    every image has one.
    """
    if target.kind == "containers":
        return _only_in(target, projects)
    if target.kind != "images" or (target.digests and digests_prove) or _built_for(target, projects):
        return ""
    return "no registry is known to have it, and the rack did not build it"


def _only_in(container: DockerObject, projects: t.Collection[str]) -> str:
    if container.size:
        return "its own layer holds %s" % human(container.size)
    # In a container that never ran such a volume holds what its image holds there.
    ran = container.state != "created"
    if ran and any(need.kind == "volumes" and _anonymous(need.name) for need in container.needs):
        return "it has an anonymous volume, which nothing else refers to by a name"
    # Compose makes a container of its project again. How another one was made, on which volumes, and what it said, nobody may have written down.
    return "" if container.project in projects else "nothing else has its configuration and its log"


def _anonymous(volume: str) -> bool:
    """By its name, or by its path, ``.../volumes/<name>/_data``, which is all that Docker 28.5 says of some."""
    return is_generated(volume) or is_generated(PurePosixPath(volume).parent.name)


def _built_for(image: DockerObject, projects: t.Collection[str]) -> bool:
    """Whether Compose built it for one of ``projects``. An image that was committed from a container has the labels of that container, and is no build."""
    return image.project in projects and CONFIG_HASH not in image.labels
