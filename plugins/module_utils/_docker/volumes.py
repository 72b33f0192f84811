# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes that nobody named. Nothing but the container that has one knows which data is in it."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.mycosoft.rack.plugins.module_utils._docker.client import Engine, Json
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.labels import ANONYMOUS_VOLUME

_GENERATED_NAME = re.compile(r"[0-9a-f]{64}")


def is_generated(name: str) -> bool:
    """Whether a name looks like one that the engine generated."""
    return _GENERATED_NAME.fullmatch(name) is not None


def is_anonymous(name: str, labels: t.Optional[t.Mapping[str, str]]) -> bool:
    """Whether the engine generated the name of a volume.

    Engines from 23.0 on say so with a label. A volume of an earlier engine has none, as long as nobody labelled it: Compose labels every volume that it names.
    """
    return is_generated(name) and (not labels or ANONYMOUS_VOLUME in labels)


def anonymous_volumes(engine: Engine) -> t.Set[str]:
    """The names of all anonymous volumes of the engine."""
    return {volume["Name"] for volume in engine.get("/volumes").get("Volumes") or () if is_anonymous(volume["Name"], volume.get("Labels"))}


def mounts_anonymous(mount: Json, anonymous: t.Container[str]) -> bool:
    """Whether a mount of an inspected container is one of these volumes.

    Docker 28.5 leaves out the name of an anonymous volume that came with the request, once the container has run.
    """
    return mount.get("Type") == "volume" and (not mount.get("Name") or mount["Name"] in anonymous)
