# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sizes of memory: what people write, exact bytes, what people read.

Units are binary, as the Docker CLI and Compose mean them: ``1G`` is 1024^3
bytes, whether written ``G``, ``GB``, ``GiB`` or, as in Kubernetes, ``Gi``, in
either case.
"""

from __future__ import annotations

import re
import typing as t
from fractions import Fraction

MIB = 1024**2
UNITS = "bkmgtp"  # each 1024 times the one before it

#: The engine refuses a smaller limit: "Minimum memory limit allowed is 6MB".
ENGINE_MINIMUM = 6 * MIB

_SIZE = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?:(?P<unit>[bkmgtp])(?:(?<!b)(?:i?b|i))?)?", re.IGNORECASE | re.ASCII)
_PERCENT = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*%", re.ASCII)


def parse_size(value: t.Any) -> int:
    """Bytes of a size such as ``32G``, ``1.5 GiB``, ``512m`` or ``1073741824``.

    A fraction of a byte is cut off, so that a sum never grows by rounding.
    Raises ValueError with a sentence and the next step.
    """
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise ValueError("%r is not a size. Write for example 16G." % (value,))
    found = _SIZE.fullmatch(str(value).strip())
    if found is None:
        raise ValueError("%r is not a size. Write for example 16G." % (value,))
    unit = (found.group("unit") or "b").lower()
    factor: int = 1024 ** UNITS.index(unit)
    whole, _point, decimals = found.group("number").partition(".")
    return int(whole + decimals) * factor // int("1" + "0" * len(decimals))


def parse_limit(value: t.Any) -> int:
    """Bytes of a size that an engine accepts as a limit; raises ValueError as :func:`parse_size`."""
    size = parse_size(value)
    if size < ENGINE_MINIMUM:
        raise ValueError("%r is below the smallest limit a container can have (%s). Write for example 16G." % (value, exact(ENGINE_MINIMUM)))
    return size


def parse_percent(value: t.Any) -> Fraction:
    """The share that a text such as ``50%`` or ``12.5 %`` means, 1 for 100 %. Raises ValueError with a sentence and the next step."""
    found = _PERCENT.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError("%r is not a percentage. Write for example 50%%." % (value,))
    return Fraction(found.group("number")) / 100


def reservation_within(limit: int, planned: t.Optional[int], present: t.Optional[int]) -> t.Optional[int]:
    """The reservation of a container in bytes: the planned one, else the present one cut to the limit, because the engine refuses a larger one."""
    if planned is not None or present is None:
        return planned
    return min(present, limit)


def exact(size: int) -> str:
    """The shortest text that :func:`parse_size` and Compose read back as exactly ``size`` bytes: ``32G``, ``1536M``, ``1000``."""
    power = 0
    while size and size % 1024 == 0 and power < len(UNITS) - 1:
        size //= 1024
        power += 1
    return "%d%s" % (size, UNITS[power].upper() if power else "")


def human(size: int) -> str:
    """``size`` bytes for a sentence, one decimal at most: ``62G``, ``1.5G``, ``812.3M``, ``17B``."""
    sign, rest = ("-", -size) if size < 0 else ("", size)
    power = 0
    while rest >= 1024 ** (power + 1) and power < len(UNITS) - 1:
        power += 1
    return "%s%s%s" % (sign, ("%.1f" % (rest / 1024**power)).replace(".0", ""), UNITS[power].upper())
