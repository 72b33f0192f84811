# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Debian mirror this machine uses, read from apt's own configuration.

The rig names no mirror of its own: what apt on the machine can reach, the
image builds can reach too. Formats: sources.list(5), one-line and deb822.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t
from pathlib import Path
from urllib.parse import urlsplit


@dataclasses.dataclass(frozen=True)
class Source:
    """One archive as apt sees it: where, which suite, which components."""

    uri: str
    suite: str
    components: tuple[str, ...]


def one_line_sources(text: str) -> list[Source]:
    """Parse the one-line format: ``deb [options] uri suite component...``."""
    found = []
    for line in text.splitlines():
        match = re.match(r"\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s*([^#]*)", line)
        if match:
            found.append(Source(match[1], match[2], tuple(match[3].split())))
    return found


def deb822_sources(text: str) -> list[Source]:
    """Parse the deb822 format: stanzas of ``Field: values``, disabled with ``Enabled: no``."""
    found = []
    for stanza in re.split(r"\n\s*\n", text):
        fields = _fields(stanza)
        if "deb" not in fields.get("types", []) or fields.get("enabled", ["yes"])[0].lower() in ("no", "false", "0"):
            continue
        for uri in fields.get("uris", []):
            found += [Source(uri, suite, tuple(fields.get("components", []))) for suite in fields.get("suites", [])]
    return found


def _fields(stanza: str) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    name = ""
    for line in stanza.splitlines():
        if line.startswith("#"):
            continue
        if line[:1].isspace():
            fields.setdefault(name, []).extend(line.split())
        elif ":" in line:
            name, _colon, value = line.partition(":")
            name = name.strip().lower()
            fields[name] = value.split()
    return fields


def configured_sources(apt: Path = Path("/etc/apt")) -> list[Source]:
    """Every enabled binary source below ``apt``; nothing where the machine has no apt."""
    found: list[Source] = []
    for path in [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*"))]:
        parse = {".list": one_line_sources, ".sources": deb822_sources}.get(path.suffix)
        if parse and path.is_file():
            found += parse(path.read_text(encoding="utf-8", errors="replace"))
    return found


def debian_mirror(sources: t.Iterable[Source], codename: str) -> str | None:
    """The http(s) mirror that carries ``main`` of Debian ``codename``, or None.

    Third parties name their suites after Debian's too; an archive of Debian
    has ``debian`` in its path.
    """
    candidates = [
        source.uri for source in sources if source.suite == codename and "main" in source.components and urlsplit(source.uri).scheme in ("http", "https")
    ]
    return next((uri for uri in candidates if "debian" in urlsplit(uri).path.split("/")), None)


def machine_mirror() -> str | None:
    """The mirror of this machine; None where it does not run Debian."""
    release = Path("/etc/os-release")
    if not release.is_file():
        return None
    fields = dict(line.split("=", 1) for line in release.read_text(encoding="utf-8").splitlines() if "=" in line)
    if fields.get("ID", "").strip('"') != "debian":
        return None
    return debian_mirror(configured_sources(), fields.get("VERSION_CODENAME", "").strip('"'))
