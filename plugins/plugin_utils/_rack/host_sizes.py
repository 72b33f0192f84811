# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sizes as somebody wrote them, and what they mean on one host.

A size is so many bytes, or a share of the memory of the host that it is for
(``25%``). What it means is worked out once: the share of the declared memory,
then the scale of the host's table, cut down to whole MiB. Nothing is rounded
up, so what fitted before fits afterwards.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from fractions import Fraction

from ansible_collections.mycosoft.rack.plugins.module_utils._base.sizes import ENGINE_MINIMUM, MIB, exact, human, parse_limit, parse_percent, parse_size


@dataclass(frozen=True)
class Size:
    """What was written, and either its bytes or its share of a host's memory (1 is all of it)."""

    written: t.Any
    bytes: int
    share: t.Optional[Fraction] = None


def read_size(value: t.Any) -> Size:
    """A size such as ``6G`` or ``10%``; raises ValueError with a sentence and the next step."""
    return _read(value, parse_size)


def read_limit(value: t.Any) -> Size:
    """As :func:`read_size`, and bytes must be enough for an engine. A share is known to be only on its host."""
    return _read(value, parse_limit)


def _read(value: t.Any, parse: t.Callable[[t.Any], int]) -> Size:
    if isinstance(value, str) and value.rstrip().endswith("%"):
        return Size(value, 0, parse_percent(value))
    return Size(value, parse(value))


def read_scale(value: t.Any) -> Fraction:
    """A percentage above nothing; raises ValueError as :func:`read_size`."""
    scale = parse_percent(value)
    if not scale:
        raise ValueError("%r leaves nothing. Write for example 50%%." % (value,))
    return scale


@dataclass(frozen=True)
class Measure:
    """What sizes mean on one host: ``memory`` (bytes, None where nobody declared it) and the ``scale`` of its table."""

    host: str
    memory: t.Optional[int] = None
    scale: Fraction = Fraction(1)

    def size(self, size: Size) -> int:
        """Bytes of ``size`` here; raises ValueError where it is a share of what nobody declared."""
        found: t.Union[int, Fraction] = size.bytes
        if size.share is not None:
            if self.memory is None:
                raise ValueError(
                    "%r is a share of the memory of %s, which nobody declared. Set rack_memory there, for example 62G." % (size.written, self.host)
                )
            found = _whole(self.memory * size.share)
        return int(found) if self.scale == 1 else _whole(found * self.scale)

    def limit(self, size: Size) -> int:
        """As :func:`size`, and enough for an engine."""
        found = self.size(size)
        if found < ENGINE_MINIMUM:
            scaled = "" if self.scale == 1 else " at the scale of %s%%" % float(self.scale * 100)
            raise ValueError(
                "%r is %s on %s%s, below the smallest limit a container can have (%s). Raise it%s."
                % (size.written, human(found), self.host, scaled, exact(ENGINE_MINIMUM), scaled and " or rack_memory_scale")
            )
        return found


def _whole(size: t.Union[int, Fraction]) -> int:
    return int(size // MIB) * MIB


@dataclass(frozen=True)
class Resources:
    """What one service gets, in bytes; ``swap`` is what it may use beyond ``memory``."""

    memory: int
    reservation: t.Optional[int]
    swap: int

    @property
    def memory_swap(self) -> int:
        """Memory and swap together, as engines count."""
        return self.memory + self.swap
