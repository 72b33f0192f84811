# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages in docs/guides: what the trials said, as tables. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from tests.support.markdown import table
from tests.support.prune_cases.cases import CASES
from tests.support.prune_cases.trial import Verdict
from tests.support.prune_cases.ways import OURS, WAYS

_MADE = "<!-- Made by `make compare-prune` from what real engines did: do not edit, run it again. -->\n"

_COMPARISON = """
# What clearing a Docker host loses

Every row is a case: real objects on a real engine, of which some must survive. Every column is a way to clear the host. For each pair the objects
were made anew, with a container, an image and a network beside them that nobody wants; the way ran; then the engine was asked what was left,
and every container that was left was started.

- **kept**: all that should survive did, and what nobody wanted is gone.
- **LOST**: what should have survived and did not.
- **fails**: how a run ended that did not end well.

To make this page again: `make compare-prune`. It takes a while, needs nothing but the checkout, and removes what it started.

## The ways

{ways}

Each does what a careful person would make of its tool. A label that protects is a `label!=` filter for the tools of Docker and of community.docker, and
an entry of `keep_labels` for ours. A bound for the build cache is `--reserved-space` where the command line knows it and `--keep-storage` where not,
`builder_cache_keep_storage`, `keep_storage`, or `build_cache_reserved`; `docker system prune` and old SDKs have no such thing.
`keep_projects` and `keep_images` (what `docker compose config --images` says) are what our role docker_cleanup hands over for the stacks of the inventory.

## The cases

{cases}

{versions}
"""

_MATRIX = """
# docker_prune on the engines it is tested with

What became of the objects of each case, with `mycosoft.rack.docker_prune`. The cases, and how other ways fare, are on the page
[What clearing a Docker host loses](compare_prune.md). `make test` tries all of them again on every engine.
"""


@dataclasses.dataclass(frozen=True)
class Results:
    """What was tried on one engine. ``about``: the versions of what else is on the server."""

    engine: str
    about: str
    verdicts: t.Mapping[tuple[str, str], Verdict]


def comparison(results: t.Sequence[Results], versions: str) -> str:
    """docs/guides/compare_prune.md; ``versions``: of what ran on the controller."""
    ways = "\n".join(f"- **{way.name}**: {way.how}" for way in WAYS)
    cases = table(["case", "on the server"], [[case.sentence, case.story] for case in CASES])
    text = _MADE + _COMPARISON.format(ways=ways, cases=cases, versions=versions)
    return text + "".join(f"\n## Docker {result.engine}\n\n{result.about}\n\n{_by_way(result)}\n" for result in results)


def matrix(results: t.Sequence[Results]) -> str:
    """docs/guides/prune_on_engines.md."""
    rows = [[case.sentence, *(str(result.verdicts[case.sentence, OURS.name]) for result in results)] for case in CASES]
    return f"{_MADE}{_MATRIX}\n{table(['case', *(f'Docker {result.engine}' for result in results)], rows)}\n"


def _by_way(result: Results) -> str:
    rows = [[case.sentence, *(str(result.verdicts[case.sentence, way.name]) for way in WAYS)] for case in CASES]
    return table(["case", *(way.name for way in WAYS)], rows)
