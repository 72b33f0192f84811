# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every promise of docs/promises.md names the tests that prove it, and these tests exist."""

from __future__ import annotations

import ast
import re

from tests.support.repository import ROOT, files

ROWS = [line.strip("|").split("|") for line in (ROOT / "docs/promises.md").read_text(encoding="utf-8").splitlines() if re.match(r"\| (\d+|-) \|", line)]


def test_the_promises_are_numbered_without_a_gap() -> None:
    numbers = [int(number) for number, _promise, _tests in ROWS if number.strip() != "-"]
    assert numbers == list(range(1, 14))


def test_every_promise_is_proven_by_tests_that_exist() -> None:
    defined = {
        f"{path}::{node.name}"
        for path in files("tests/*.py")
        for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }
    named = {promise.strip(): set(re.findall(r"`(tests/\S+::\w+)`", tests)) for _number, promise, tests in ROWS}
    assert [promise for promise, tests in named.items() if not tests] == []
    assert {promise: sorted(tests - defined) for promise, tests in named.items() if tests - defined} == {}
