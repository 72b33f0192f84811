# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""compose_override on every way to write a stack: what the plan says arrives, and the first lines tell what it takes the place of."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.compose_bases import ANCHORED, BASES
from tests.support.composed import Compose, Config, G, compose_override, limits, numbered, service, stack


@dataclass(frozen=True)
class Resolved:
    """One base: the service as Compose reads it before and after the override, and the notes that the override has and should have."""

    before: Config
    after: Config
    notes: list[str]
    expected: list[str]


@pytest.fixture(scope="module", params=list(BASES.values()), ids=list(BASES))
def resolved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Resolved:
    base, more, expected = request.param
    compose = Compose(tmp_path_factory.mktemp("base"), base, **more)
    return Resolved(compose.all["web"], compose.with_override(stack({"web": service(16)}))["web"], compose.notes, expected)


def test_the_plan_wins_and_the_first_lines_say_over_what(resolved: Resolved) -> None:
    assert limits(resolved.after)[::2] == (16, 16)
    assert resolved.notes == resolved.expected


def test_nothing_but_what_the_plan_says_changes(resolved: Resolved) -> None:
    planned = {"mem_limit", "mem_reservation", "memswap_limit", "deploy", "profiles"}
    before, after = ({key: value for key, value in service.items() if key not in planned} for service in (resolved.before, resolved.after))
    assert after == before


def test_without_a_reservation_of_the_plan_the_own_one_holds_up_to_the_limit(resolved: Resolved) -> None:
    own = limits(resolved.before)[1]
    assert limits(resolved.after)[1] == (own and min(own, 16))


def test_a_service_that_nobody_planned_is_left_as_it_is_and_not_noted(tmp_path: Path) -> None:
    compose = Compose(tmp_path, ANCHORED)
    resolved = compose.with_override(stack({"web": service(16)}))
    assert limits(resolved["other"]) == (4, None, 8)
    assert not any(note.startswith("other") for note in compose.notes)


@pytest.mark.parametrize(
    ("own", "planned", "resolved", "notes"),
    [
        ("", 500, 500, []),
        ("oom_score_adj: -500", None, -500, []),
        ("oom_score_adj: -500", -500, -500, []),
        ("oom_score_adj: -500", 0, None, ["web: oom_score_adj 0, the Compose files say -500"]),
        ("oom_score_adj: -500", 1000, 1000, ["web: oom_score_adj 1000, the Compose files say -500"]),
    ],
    ids=["new", "the own one", "the same", "back to none", "another"],
)
def test_the_adjustment_for_the_kernel_arrives(tmp_path: Path, own: str, planned: int | None, resolved: int | None, notes: list[str]) -> None:
    compose = Compose(tmp_path, "services: {web: {image: x, %s}}" % own)
    assert compose.with_override(stack({"web": {**service(16), "oom_score_adj": planned}}))["web"].get("oom_score_adj") == resolved
    assert compose.notes == notes


def hinted(runtime: str, percent: int = 75, memory: int = 4, **env: t.Any) -> Config:
    """A service of the plan with a heap."""
    return {**service(memory, **env), "heap": {"runtime": runtime, "percent": percent, "bytes": memory * G * percent // 100}}


NODE, JAVA = "--max-old-space-size=3072", "-XX:MaxRAMPercentage=75.0"

ENVIRONMENTS: dict[str, tuple[str, str, str | None]] = {
    "nothing, node": ("", "node", NODE),
    "nothing, java": ("", "java", JAVA),
    "a list": ("environment: ['NODE_OPTIONS=--trace-warnings', 'A=b']", "node", "--trace-warnings " + NODE),
    "a map": ("environment: {NODE_OPTIONS: --trace-warnings --enable-source-maps}", "node", "--trace-warnings --enable-source-maps " + NODE),
    "an environment file": ("env_file: [some.env]", "java", "-Xss1m -Dfile.encoding=UTF-8 " + JAVA),
    "a variable of the caller": ("environment: [NODE_OPTIONS]", "node", NODE),
    "an empty value": ("environment: {NODE_OPTIONS: ''}", "node", NODE),
    "a dollar sign": ("environment: {NODE_OPTIONS: '--title=$$5'}", "node", "--title=$$5 " + NODE),
    "its own size": ("environment: {NODE_OPTIONS: --max-old-space-size=1024}", "node", None),
    "its own size with underscores": ("environment: {NODE_OPTIONS: --max_old_space_size=1024}", "node", None),
    "its own percentage, node": ("environment: {NODE_OPTIONS: --max-old-space-size-percentage=60}", "node", None),
    "its own percentage, java": ("environment: ['JAVA_TOOL_OPTIONS=-XX:MaxRAMPercentage=60']", "java", None),
    "its own size, java": ("environment: ['JAVA_TOOL_OPTIONS=-Xmx1g']", "java", None),
    "the variable of the other runtime": ("environment: {NODE_OPTIONS: --max-old-space-size=1024}", "java", JAVA),
}


@pytest.fixture(scope="module")
def hinted_all(tmp_path_factory: pytest.TempPathFactory) -> tuple[Config, Config]:
    """The environment of each of ENVIRONMENTS before and after the override."""
    base = numbered("{image: x, %s}" % own for own, _runtime, _value in ENVIRONMENTS.values())
    compose = Compose(tmp_path_factory.mktemp("hinted"), base, some_env="JAVA_TOOL_OPTIONS=-Xss1m -Dfile.encoding=UTF-8\n")
    after = compose.with_override(stack({f"web{number}": hinted(runtime) for number, (_own, runtime, _value) in enumerate(ENVIRONMENTS.values())}))
    assert compose.notes == []
    before, after = ({name: service.get("environment") or {} for name, service in found.items()} for found in (compose.all, after))
    return before, after


@pytest.mark.parametrize(("number", "runtime", "value"), [(number, *case[1:]) for number, case in enumerate(ENVIRONMENTS.values())], ids=ENVIRONMENTS)
def test_the_heap_hint_joins_what_is_there(hinted_all: tuple[Config, Config], number: int, runtime: str, value: str | None) -> None:
    variable = {"node": "NODE_OPTIONS", "java": "JAVA_TOOL_OPTIONS"}[runtime]
    before, after = (found[f"web{number}"] for found in hinted_all)
    assert after == (before if value is None else {**before, variable: value})


def test_the_heap_hint_joins_the_environment_of_the_inventory(tmp_path: Path) -> None:
    compose = Compose(tmp_path, "services: {web: {image: x, environment: {NODE_OPTIONS: --trace-warnings}}}")
    resolved = compose.with_override(stack({"web": hinted("node", NODE_OPTIONS="--title=$5", A="b")}))
    assert resolved["web"]["environment"] == {"NODE_OPTIONS": "--title=$$5 " + NODE, "A": "b"}


def test_the_own_environment_of_the_inventory_is_in_the_override_anyway_and_takes_any_hint(tmp_path: Path) -> None:
    compose = Compose(tmp_path, "services: {web: {image: x}}")
    resolved = compose.with_override(stack({"web": hinted("java", JAVA_TOOL_OPTIONS="-Dmode=fast")}))
    assert resolved["web"]["environment"] == {"JAVA_TOOL_OPTIONS": "-Dmode=fast " + JAVA}
    assert compose.notes == []


def test_a_heap_is_never_hinted_as_the_whole_machine() -> None:
    tiny = {**service(1), "heap": {"runtime": "node", "percent": 1, "bytes": 0}}
    assert 'NODE_OPTIONS: "--max-old-space-size=1"\n' in compose_override({"services": {"web": {}}}, stack({"web": tiny}))


@pytest.mark.parametrize(
    ("runtime", "variable", "own", "option"),
    [
        ("java", "JAVA_TOOL_OPTIONS", "-Xss1m -Ddb.password=${SECRET}", JAVA),
        ("java", "JAVA_TOOL_OPTIONS", "-Djavax.net.ssl.trustStorePassword=${SECRET}", JAVA),
        ("java", "JAVA_TOOL_OPTIONS", "-javaagent:/agent.jar=key=${SECRET}", JAVA),
        ("node", "NODE_OPTIONS", "--import=https://me:${SECRET}@example.org/x.mjs", NODE),
    ],
    ids=["a property", "a property of Java", "an agent", "an address"],
)
def test_options_that_may_hold_a_secret_are_not_copied_and_a_note_says_what_to_add(tmp_path: Path, runtime: str, variable: str, own: str, option: str) -> None:
    compose = Compose(tmp_path, "services: {web: {image: x, environment: {%s: '%s'}}}" % (variable, own))
    resolved = compose.with_override(stack({"web": hinted(runtime)}))
    assert resolved["web"]["environment"] == {variable: own.replace("${SECRET}", "only-here")}
    assert "only-here" not in (tmp_path / "override.yml").read_text(encoding="utf-8")
    assert compose.notes == ["web: no heap hint, because %s of the Compose files may hold a secret: add %s there" % (variable, option)]
