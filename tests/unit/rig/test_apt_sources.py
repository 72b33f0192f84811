# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which mirror the image builds use is read from apt's own files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rig.apt_sources import Source, configured_sources, deb822_sources, debian_mirror, one_line_sources

MIRROR = "http://mirror.example/debian"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(f"deb {MIRROR} bookworm main contrib\n", [Source(MIRROR, "bookworm", ("main", "contrib"))], id="plain"),
        pytest.param(f"deb [arch=amd64 signed-by=/k.gpg] {MIRROR} bookworm main # ours\n", [Source(MIRROR, "bookworm", ("main",))], id="options and comment"),
        pytest.param(f"# deb {MIRROR} bookworm main\ndeb-src {MIRROR} bookworm main\n\n", [], id="commented out, and sources"),
    ],
)
def test_a_one_line_file_gives_its_enabled_binary_sources(text: str, expected: list[Source]) -> None:
    assert one_line_sources(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            f"Types: deb deb-src\n# a comment\nURIs: {MIRROR}\nSuites: bookworm bookworm-updates\nComponents: main\n",
            [Source(MIRROR, "bookworm", ("main",)), Source(MIRROR, "bookworm-updates", ("main",))],
            id="two suites",
        ),
        pytest.param(f"Types: deb\nURIs:\n {MIRROR}\nSuites: trixie\nComponents: main\n", [Source(MIRROR, "trixie", ("main",))], id="folded field"),
        pytest.param(f"Enabled: no\nTypes: deb\nURIs: {MIRROR}\nSuites: trixie\nComponents: main\n", [], id="disabled"),
        pytest.param(f"Types: deb-src\nURIs: {MIRROR}\nSuites: trixie\nComponents: main\n", [], id="source packages only"),
        pytest.param(
            f"Types: deb\nURIs: http://a.example/x\nSuites: s\nComponents: c\n\n\nTypes: deb\nURIs: {MIRROR}\nSuites: trixie\nComponents: main\n",
            [Source("http://a.example/x", "s", ("c",)), Source(MIRROR, "trixie", ("main",))],
            id="two stanzas",
        ),
    ],
)
def test_a_deb822_file_gives_its_enabled_binary_sources(text: str, expected: list[Source]) -> None:
    assert deb822_sources(text) == expected


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        pytest.param(
            [Source("https://vendor.example", "bookworm", ("main",)), Source(MIRROR, "bookworm", ("main",))], MIRROR, id="not a vendor's suite of the same name"
        ),
        pytest.param(
            [Source(f"{MIRROR}-security", "bookworm-security", ("main",)), Source(MIRROR, "bookworm", ("main",))], MIRROR, id="not the security archive"
        ),
        pytest.param(
            [Source("http://mirror.example/archive/debian/20260101T000000Z", "bookworm", ("main",))],
            "http://mirror.example/archive/debian/20260101T000000Z",
            id="a snapshot",
        ),
        pytest.param([Source(MIRROR, "bookworm", ("contrib",))], None, id="without main"),
        pytest.param([Source("cdrom:/debian", "bookworm", ("main",))], None, id="not over HTTP"),
        pytest.param([], None, id="nothing"),
    ],
)
def test_the_mirror_is_the_archive_of_debian_itself(sources: list[Source], expected: str | None) -> None:
    assert debian_mirror(sources, "bookworm") == expected


def test_both_formats_are_read_and_other_files_are_not(tmp_path: Path) -> None:
    folder = tmp_path / "sources.list.d"
    folder.mkdir()
    (tmp_path / "sources.list").write_text("deb http://one.example/debian sid main\n")
    (folder / "b.sources").write_text("Types: deb\nURIs: http://two.example/debian\nSuites: sid\nComponents: main\n")
    (folder / "c.list.disabled").write_text("deb http://three.example/debian sid main\n")
    assert [source.uri for source in configured_sources(tmp_path)] == ["http://one.example/debian", "http://two.example/debian"]


def test_a_machine_without_apt_has_no_sources(tmp_path: Path) -> None:
    assert configured_sources(tmp_path / "none") == []
