# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""git_credentials: which hosts the real git tells the token, and where it keeps it."""

from __future__ import annotations

import secrets
import subprocess
from pathlib import Path

import pytest
from ansible_collections.mycosoft.rack.plugins.filter.git_credentials import FilterModule, git_credentials

TOKEN = secrets.token_hex(20)
CHECKOUTS = [{"repo": f"https://{host}/x.git"} for host in ("git.example", "git.example", "other.example:8443")] + [{"repo": "git@third.example:x.git"}]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A user whose git stores every password that it learns."""
    (tmp_path / ".gitconfig").write_text("[credential]\n\thelper = store\n", encoding="utf-8")
    (tmp_path / "a token").write_text(TOKEN, encoding="utf-8")
    return tmp_path


def asked(home: Path, question: str, verb: str = "fill") -> str:
    """What git answers to a question for a password, as it asks itself before a fetch."""
    environment = {"HOME": str(home), "PATH": "/usr/bin:/bin", "GIT_TERMINAL_PROMPT": "0", **git_credentials(CHECKOUTS, str(home / "a token"))}
    return subprocess.run(["git", "credential", verb], input=question + "\n\n", env=environment, capture_output=True, text=True, check=False).stdout


def test_the_filter_is_found_under_its_name() -> None:
    assert FilterModule().filters() == {"git_credentials": git_credentials}


@pytest.mark.parametrize(
    ("protocol", "host", "told"),
    [
        ("https", "git.example", True),
        ("https", "other.example:8443", True),
        ("http", "git.example", False),
        ("https", "other.example", False),
        ("https", "third.example", False),
        ("https", "evil.example", False),
        ("https", "git.example.evil.example", False),
        ("https", "evil.git.example", False),
    ],
)
def test_only_the_hosts_of_the_sources_are_told_the_token_and_only_over_https(home: Path, protocol: str, host: str, told: bool) -> None:
    assert (TOKEN in asked(home, f"protocol={protocol}\nhost={host}")) is told


def test_what_worked_is_not_stored_on_the_server(home: Path) -> None:
    known = asked(home, "protocol=https\nhost=git.example")
    assert asked(home, known.strip(), "approve") == ""
    assert [path.name for path in home.iterdir() if TOKEN in (path.read_text(encoding="utf-8") if path.is_file() else "")] == ["a token"]


def test_the_token_is_in_no_variable_and_without_https_there_is_none() -> None:
    assert TOKEN not in str(git_credentials(CHECKOUTS, "/x"))
    assert git_credentials([{"repo": "git@git.example:x.git"}, {"repo": "http://git.example/x.git"}], "/x") == {}
