# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which directories of a host are its own, and never the data of a service. Pure."""

from __future__ import annotations

import posixpath
import typing as t

#: The same on every server, or of no use elsewhere: these and all below them.
_RUNTIME = (
    *("/proc", "/sys", "/dev", "/run", "/var/run", "/etc/localtime", "/etc/timezone", "/etc/resolv.conf", "/etc/hosts", "/etc/hostname"),
    *("/etc/machine-id", "/etc/os-release", "/etc/passwd", "/etc/group"),
)
#: Of the operating system and of container engines, with all below them.
_TREES = ("/bin", "/boot", "/lib", "/lib32", "/lib64", "/libx32", "/lost+found", "/sbin", "/snap", "/usr", "/var/lib/containerd", "/var/lib/docker")
#: Shared by everybody on a host. What lies below them may be the data of one service.
_SHARED = (
    *("/", "/etc", "/home", "/media", "/mnt", "/opt", "/root", "/srv", "/tmp"),  # noqa: S108 # nothing is written there
    *("/var", "/var/backups", "/var/cache", "/var/lib", "/var/log", "/var/opt", "/var/spool", "/var/tmp"),  # noqa: S108
)


def below(path: str, place: str) -> bool:
    """Whether a path is a place, or lies below it."""
    return path == place or path.startswith(place.rstrip("/") + "/")


def overlap(one: str, other: str) -> bool:
    return below(one, other) or below(other, one)


def is_runtime(path: str) -> bool:
    """Whether a server has it of itself: kernel, devices, sockets of services, its name and clock."""
    return any(below(normal(path), place) for place in _RUNTIME)


def is_system(path: str, kept: t.Iterable[str] = ()) -> bool:
    """Whether a path belongs to the system, or contains something that does. ``kept``: more places that never move; a path that contains one is system, too."""
    path = normal(path)
    return any(below(path, place) for place in _TREES) or any(below(owned, path) for owned in (*_RUNTIME, *_TREES, *_SHARED, *kept))


def normal(path: str) -> str:
    """Without dots, double and trailing slashes. POSIX keeps two slashes at the beginning."""
    return "/" + posixpath.normpath(path).lstrip("/")


def parents(paths: t.Iterable[str]) -> t.List[str]:
    """Without those that lie below another one."""
    kept: t.List[str] = []
    for path in sorted(normal(path) for path in paths):
        if not any(below(path, place) for place in kept):
            kept.append(path)
    return kept
