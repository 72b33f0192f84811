# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a recovery stopped, on disk before it is stopped, until it is brought back.

The clean-up reads it, too: a container that waits for its return is no rubbish.
"""

from __future__ import annotations

import json
import typing as t
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import RackError
from ansible_collections.mycosoft.rack.plugins.module_utils._base.files import put
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.labels import title

Json = t.Dict[str, t.Any]

_VERSION = 1


@dataclass(frozen=True)
class RecordedContainer:
    """A container that ran when a recovery began; ``number``: its place in the order of stopping, None where it was not to be stopped."""

    id: str
    name: str
    project: t.Optional[str]
    service: t.Optional[str]
    restart: t.Mapping[str, t.Any]
    memory: int
    number: t.Optional[int] = None

    @property
    def title(self) -> str:
        return title(self.project, self.service, self.name)


@dataclass(frozen=True)
class RecoveryRecord:
    """``began``: ISO 8601, UTC. ``containers`` by id."""

    began: str
    containers: t.Mapping[str, RecordedContainer]

    def merged(self, running: t.Iterable[RecordedContainer]) -> RecoveryRecord:
        """With what runs now. What is known stays as it was first seen: by now its restart policy may be ours."""
        return replace(self, containers={**{one.id: one for one in running}, **self.containers})

    def stopping(self, identity: str) -> RecoveryRecord:
        """With a container that is about to be stopped."""
        known = self.containers[identity]
        if known.number is not None:
            return self
        number = max([one.number or 0 for one in self.containers.values()], default=0) + 1
        return replace(self, containers={**self.containers, identity: replace(known, number=number)})

    def without(self, identity: str) -> RecoveryRecord:
        return replace(self, containers={name: one for name, one in self.containers.items() if name != identity})

    def of_stopped(self) -> RecoveryRecord:
        """Without what runs again by now, of which nobody has to know any more."""
        return replace(self, containers={name: one for name, one in self.containers.items() if one.number is not None})

    @property
    def stopped(self) -> t.List[RecordedContainer]:
        """What is to be brought back, in the order of stopping."""
        return sorted((one for one in self.containers.values() if one.number is not None), key=lambda one: one.number or 0)

    @property
    def others(self) -> t.List[RecordedContainer]:
        """What ran and was not to be stopped."""
        return [one for one in self.containers.values() if one.number is None]


def read_record(path: Path) -> t.Optional[RecoveryRecord]:
    """None where nothing is recorded. Raises RackError for a file that cannot be understood: what it holds is not to be guessed."""
    try:
        return _parsed(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RackError(
            "Cannot read what a recovery stopped: %s: %s. Look at the file: it names the containers that were stopped. "
            "Start them by hand (docker start), and remove it." % (path, error)
        ) from error


def _parsed(content: Json) -> RecoveryRecord:
    if content["version"] != _VERSION:
        raise ValueError("it is of version %s" % content["version"])
    return RecoveryRecord(content["began"], {entry["id"]: RecordedContainer(**entry) for entry in content["containers"]})


def write_record(path: Path, record: RecoveryRecord) -> None:
    """Whole or not at all, and on the disk when this returns. Raises RackError."""
    content = json.dumps({"version": _VERSION, "began": record.began, "containers": [asdict(one) for one in record.containers.values()]}, indent=1)
    try:
        put(path, content + "\n", 0o644)
    except OSError as error:
        raise RackError(
            "Cannot note what is stopped in %s: %s. Nothing more was stopped. Make room there, or its directory writable (role records)."
            % (path, error.strerror or error)
        ) from error


def remove_record(path: Path) -> None:
    """Nothing waits any more. Raises RackError."""
    try:
        path.unlink()
    except FileNotFoundError:
        pass
    except OSError as error:
        raise RackError("Cannot remove %s: %s. Everything was started again; remove it by hand." % (path, error.strerror)) from error
