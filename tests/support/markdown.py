# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of a Markdown page: written, and read again. Pure."""

from __future__ import annotations

import typing as t


def table(head: t.Sequence[str], rows: t.Iterable[t.Sequence[str]]) -> str:
    """A table of Markdown."""
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))


def read_tables(page: str) -> list[list[list[str]]]:
    """The tables of a page, each a list of rows with the head as the first."""
    blocks = page.split("\n\n")
    return [[line.strip("| ").split(" | ") for line in block.splitlines() if not line.startswith("| ---")] for block in blocks if block.startswith("| ")]
