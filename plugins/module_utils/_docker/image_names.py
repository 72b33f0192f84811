# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Image references: ``[registry/]repository[:tag][@digest]``, as people write them and as the engine means them."""

from __future__ import annotations

import typing as t

#: Images that a release keeps, so that a rollback needs no build, are tagged ``rollback.mycosoft.rack/<project>/<service>:<release>``: prune keeps them.
ROLLBACK_REGISTRY = "rollback.mycosoft.rack"


def full_reference(reference: str) -> str:
    """A reference as the engine completes it: ``postgres`` is ``docker.io/library/postgres:latest``.

    A tag next to a digest is dropped, as the engine does: the digest alone decides.
    """
    name, suffix = split_reference(reference)
    registry, slash, rest = name.partition("/")
    if not slash or not ("." in registry or ":" in registry or registry == "localhost"):
        registry, rest = "docker.io", name
    if registry in ("docker.io", "index.docker.io"):
        registry, rest = "docker.io", rest if "/" in rest else "library/" + rest
    return "%s/%s%s" % (registry, rest, suffix or ":latest")


def split_reference(reference: str) -> t.Tuple[str, str]:
    """Name and ``:tag`` or ``@digest``; a colon before the last slash belongs to the registry's port."""
    name, at, digest = reference.partition("@")
    directory, slash, last = name.rpartition("/")
    base, colon, tag = last.partition(":")
    return directory + slash + base, at + digest or colon + tag
