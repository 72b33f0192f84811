# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replacements that Compose created and never started, because something else failed in between.

Pure. Compose creates the replacement of a container under the name ``<first 12 digits of the old id>_<name>``, stops and removes the old one, renames the new
one and starts it. If another service cannot be created meanwhile, the replacement stays: the next ``up`` stops the old container, which may run well, and then
fails because the replacement has its number (measured with 2.26: a healthy site went down, 4 of 4).
"""

from __future__ import annotations

import typing as t
from dataclasses import asdict, dataclass

from ansible_collections.mycosoft.rack.plugins.module_utils._docker.labels import REPLACE, copy_of, of_entry

Json = t.Dict[str, t.Any]

#: Digits of the replaced container's id at the beginning of a replacement's name.
_DIGITS = 12


@dataclass(frozen=True)
class Leftover:
    """A replacement that was never started; ``replaces``: the container that is still there."""

    id: str
    name: str
    project: str
    service: str
    replaces: str

    def facts(self) -> Json:
        return asdict(self)


def find_leftovers(entries: t.Sequence[Json], projects: t.Container[str]) -> t.List[Leftover]:
    """Those of ``projects`` among all containers of an engine, as it lists them, by name.

    Nothing is in a container that never ran. One whose predecessor is gone is none: it may have taken over the volumes, and the next ``up`` starts it.
    """
    found = []
    for entry in entries:
        copy, name = copy_of(of_entry(entry)), _name(entry)
        if copy is None or copy[0] not in projects or entry["State"] != "created" or REPLACE not in of_entry(entry):
            continue
        replaced = (other for other in entries if other is not entry and copy_of(of_entry(other)) == copy and name.startswith(other["Id"][:_DIGITS] + "_"))
        found += [Leftover(entry["Id"], name, *copy, replaces=_name(other)) for other in replaced]
    return sorted(found, key=lambda leftover: leftover.name)


def _name(entry: Json) -> str:
    return str((entry.get("Names") or [""])[0]).lstrip("/")
