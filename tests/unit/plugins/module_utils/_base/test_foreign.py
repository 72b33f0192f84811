# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text of other programs: what of it is shown."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._base.foreign import Mask, printable, variables_in
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        pytest.param("\x1b[31mred\x1b[0m", "red", id="a color"),
        pytest.param("a\x1b]0;title\x07b", "ab", id="the title of the window"),
        pytest.param("a\x1b]52;c;cm0gLXJm\x1b\\b", "ab", id="the clipboard"),
        pytest.param("a\x1bP1$r\x1b\\b", "ab", id="a device control string"),
        pytest.param("a\x1b(0b\x1bcc", "abc", id="a character set and a reset"),
        pytest.param("a\x9b2Jb", "ab", id="a sequence in one byte"),
        pytest.param("over\rwritten\b\x00", "overwritten", id="a carriage return, a backspace, a zero"),
        pytest.param("a\x1b", "a", id="one that was cut"),
        pytest.param("\u202egnp.exe", "gnp.exe", id="a text that runs backwards"),
        pytest.param("a\udce9b", "ab", id="half a character"),
        pytest.param("one\n\ttwo ü 日本", "one\n\ttwo ü 日本", id="plain text"),
    ],
)
def test_nothing_reaches_the_terminal_but_text(raw: str, shown: str) -> None:
    assert printable(raw) == shown


@given(st.text())
def test_whatever_was_said_no_control_character_is_left(raw: str) -> None:
    assert not set(printable(raw)) & {chr(code) for code in (*range(9), *range(11, 32), *range(127, 160))}


LONG = secrets.token_hex(12) + "1a"


@pytest.mark.parametrize(
    ("name", "value", "text", "shown"),
    [
        pytest.param("X", LONG, f"password={LONG}!", "password=********!", id="a value that looks secret"),
        pytest.param("DB_PASSWORD", "postgres", 'for "postgres": failed', 'for "********": failed', id="a word that its name calls secret"),
        pytest.param("DB_PASSWORD", "postgres", "shop-postgres-1 Waiting", "shop-postgres-1 Waiting", id="but not inside of other words"),
        pytest.param("URL", f"postgres://me:{LONG}@db:5432/x", f"{LONG} at db:5432", "******** at db:5432", id="the password in an address"),
        pytest.param("MODE", "production", "in production", "in production", id="a word"),
        pytest.param("TAG", "1.25.3", "1.25.3", "1.25.3", id="a version"),
        pytest.param("DB", "mindex-db:5432", "mindex-db:5432", "mindex-db:5432", id="a host and its port"),
        pytest.param("AT", "http://192.0.2.7:8765/v1", "http://192.0.2.7:8765/v1", "http://192.0.2.7:8765/v1", id="an address"),
        pytest.param("PIN", "42", "42", "42", id="too short for anything"),
        pytest.param("PEM", f"-----BEGIN\n{LONG}\n-----END", LONG, "********", id="a line of several"),
        pytest.param("X", f'"{LONG}"', f'\\"{LONG}\\"', '\\"********\\"', id="a value with quotes of its own"),
        pytest.param("A_TOKEN", "", "nothing", "nothing", id="an empty one"),
    ],
)
def test_what_may_be_secret_is_hidden_and_the_rest_stays_readable(name: str, value: str, text: str, shown: str) -> None:
    assert Mask([(name, value)])(text) == shown


@pytest.mark.parametrize(
    "line",
    [
        "X=LONG",
        "export X = LONG",
        "X='LONG' # comment",
        'X="LONG',
        "X=LONG # comment",
        '      X: "LONG"',
        '      "X": "LONG",',
        "X: LONG",
        'X="first\nLONG\nlast"',
    ],
)
def test_values_are_found_however_a_file_writes_them(tmp_path: Path, line: str) -> None:
    (tmp_path / "env").write_text("# a comment\nA=1\n%s\nB=2\n" % line.replace("LONG", LONG), encoding="utf-8")
    assert Mask(variables_in([str(tmp_path / "env"), "/nowhere"]))(f"<{LONG}>") == "<********>"


def test_a_value_of_the_override_is_found_as_compose_reads_it(tmp_path: Path) -> None:
    (tmp_path / "override.yml").write_text(f'      X: "{LONG}$$\\"\\u00e9"\n', encoding="utf-8")
    assert Mask(variables_in([str(tmp_path / "override.yml")]))(f'{LONG}$"é') == "********"
