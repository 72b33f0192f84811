# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server recorded of moves: which services have their data elsewhere now, and whose data is at which path here.

Only these records prove that data may be overwritten or removed.
"""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import RackError

Json = t.Dict[str, t.Any]

#: Stack -> service -> the server that has it now.
Moved = t.Mapping[str, t.Mapping[str, str]]


@dataclass(frozen=True)
class Place:
    """Data of services at a path of this server. ``volume``: its name, None for a directory; ``host``: the other server of the move."""

    path: str
    volume: t.Optional[str]
    stack: str
    project: str
    services: t.Tuple[str, ...]
    host: str


@dataclass(frozen=True)
class Places:
    """``left``: old data of services that moved to ``host``; ``arriving``: a copy that a move from ``host`` began, and that has not become the data yet."""

    left: t.Tuple[Place, ...] = ()
    arriving: t.Tuple[Place, ...] = ()

    def ours(self, path: str, stack: str, origin: str, moved: Moved) -> bool:
        """Whether a move of the stack from ``origin`` may overwrite the path: it began the copy, or the services left that when they moved to ``origin``."""
        began = any((place.path, place.stack, place.host) == (path, stack, origin) for place in self.arriving)
        return began or any((place.path, place.stack, place.host) == (path, stack, origin) and is_old(place, moved) for place in self.left)


def is_old(place: Place, moved: Moved) -> bool:
    """Whether every service that the data was of is recorded as moved to where the data went."""
    now = moved.get(place.stack, {})
    return bool(place.services) and all(now.get(service) == place.host for service in place.services)


def read_moved(path: Path) -> Moved:
    """Empty where none did. Raises RackError for a file that cannot be understood."""
    found = _read(path, "which services moved away from here")
    try:
        return {str(stack): {str(service): str(host) for service, host in services.items()} for stack, services in found.items()}
    except AttributeError as error:
        raise _odd(path, "which services moved away from here", error) from error


def read_places(path: Path) -> Places:
    """Empty where there is no record. Raises RackError for a file that cannot be understood."""
    found = _read(path, "whose data is here")
    try:
        return Places(*(tuple(_place(entry) for entry in found.get(kind, ())) for kind in ("left", "arriving")))
    except (AttributeError, KeyError, TypeError) as error:
        raise _odd(path, "whose data is here", error) from error


def _place(entry: Json) -> Place:
    return Place(**{**{key: entry[key] for key in ("path", "volume", "stack", "project", "host")}, "services": tuple(entry["services"])})


def _read(path: Path, what: str) -> Json:
    try:
        found: Json = json.loads(path.read_text(encoding="utf-8"))
        return found
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise _odd(path, what, error) from error


def _odd(path: Path, what: str, error: Exception) -> RackError:
    return RackError("Cannot tell %s: %s: %s. Look at the file, and remove it where no service moved." % (what, path, error))
