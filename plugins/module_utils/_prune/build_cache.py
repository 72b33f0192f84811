# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records of the build cache in the engine's prune: which of them a request names, and what of them it frees.

The engine's filter ``id`` is a regular expression (docs/decisions/0006).
"""

from __future__ import annotations

import collections
import json
import re
import typing as t

from ansible_collections.mycosoft.rack.plugins.module_utils._docker.objects import DockerObject

#: Records in one request, and how much of each ID it carries. The engine's time grows faster than what is named: it
#: seems to compile the pattern anew for every record. Ten of 36 digits stand for one record among 10^15.
RECORDS_AT_ONCE = 100
ID_DIGITS = 10

T = t.TypeVar("T")


def in_batches(records: t.Sequence[T]) -> t.Iterator[t.Sequence[T]]:
    """``records`` in the numbers that one request takes."""
    for first in range(0, len(records), RECORDS_AT_ONCE):
        yield records[first : first + RECORDS_AT_ONCE]


def filters(wanted: t.Iterable[str], known: t.Iterable[str]) -> str:
    """The ``filters`` of a prune that removes the records ``wanted``, and none other of the ``known``."""
    count = collections.Counter(identifier[:ID_DIGITS] for identifier in known)
    short = (identifier[:ID_DIGITS] if count[identifier[:ID_DIGITS]] < 2 else identifier for identifier in wanted)
    return json.dumps({"id": ['"^(%s)"' % "|".join(map(re.escape, short))]})


def held_by_images(deleted: t.Collection[str], cache: t.Iterable[DockerObject]) -> int:
    """Bytes of deleted records whose layers images hold on to: the engine counts them as reclaimed, the disk does not.

    Should these images go in the same run, the bytes count with them.
    """
    return sum(record.shared or 0 for record in cache if record.id in deleted)
