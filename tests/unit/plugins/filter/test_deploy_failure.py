# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""deploy_failure: every case of a run that failed reads as sentences which name what a person has to know."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mycosoft.rack.plugins.filter.deploy_failure import deploy_failure

Json = dict[str, t.Any]
FAILED: Json = {"failed": True, "msg": "General error: application not healthy after 30s"}
BACK: Json = {"always-on": {"release": {"id": "r1"}}, "mindex": {"release": {"id": "r1"}}, "new": {"release": None}}
SICK: Json = {"project": "always-on", "service": "website", "container": "w-1", "what": "is not healthy but starting", "when": None}

CASES: dict[str, tuple[Json, Json, str]] = {
    "a task failed": (
        FAILED,
        {"restored": BACK},
        "General error: application not healthy after 30s. always-on, mindex: what ran before was brought back.",
    ),
    "items of a loop failed": (
        {
            "failed": True,
            "msg": "One or more items failed",
            "results": [{"failed": True, "msg": "One!"}, {"failed": False, "msg": "Two"}, {"failed": True, "msg": "Three."}],
        },
        {},
        "One! Three. Nothing ran before that could be brought back.",
    ),
    "services were not well": (
        FAILED,
        {"problems": [SICK], "restored": BACK},
        (
            "General error: application not healthy after 30s. Not well at that moment: always-on/website: is not healthy but starting. "
            "always-on, mindex: what ran before was brought back."
        ),
    ),
    "the task named the service itself": (
        {"failed": True, "msg": "Cannot confirm the start: always-on/website: is not healthy but starting. Read its log."},
        {"problems": [SICK], "restored": BACK},
        "Cannot confirm the start: always-on/website: is not healthy but starting. Read its log. always-on, mindex: what ran before was brought back.",
    ),
    "nothing failed here": ({}, {"restored": BACK}, "another server of the rack failed. always-on, mindex: what ran before was brought back."),
    "a server is lost": (
        {},
        {"lost": ["moon"], "restored": BACK},
        (
            "moon cannot be reached any more. always-on, mindex: what ran before was brought back. "
            "moon stays as it is, locked by this run: run again when it answers."
        ),
    ),
    "it said nothing": ({"failed": True}, {}, "a task failed and said nothing. Nothing ran before that could be brought back."),
}


@pytest.mark.parametrize("name", CASES)
def test_it_says_why_and_what_runs_now(name: str) -> None:
    result, options, text = CASES[name]
    assert deploy_failure(result, "deploy to sandbox", **options) == "Cannot deploy to sandbox: %s" % text
