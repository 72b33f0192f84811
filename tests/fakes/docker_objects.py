# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the stand-in of the Docker Engine holds."""

from __future__ import annotations

import hashlib
import typing as t
from dataclasses import dataclass, field

Json = dict[str, t.Any]


class Refusal(Exception):
    """The engine says no: status and message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class Container:
    id: str
    name: str
    image: str
    state: str
    networks: dict[str, str]
    labels: dict[str, str]
    size: int


@dataclass
class Image:
    """``layers``: bytes of each layer by its name; images and cache records that name one layer share it."""

    id: str
    tags: list[str]
    layers: dict[str, int]
    parent: str = ""
    digests: list[str] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    created: int = 1795387556


@dataclass
class Network:
    id: str
    name: str
    labels: dict[str, str] = field(default_factory=dict)
    extra: Json = field(default_factory=dict)


@dataclass
class CacheRecord:
    id: str
    layer: str
    size: int
    in_use: bool = False
    parents: list[str] = field(default_factory=list)


def new_id(seed: str) -> str:
    return hashlib.sha256(seed.encode()).hexdigest()
