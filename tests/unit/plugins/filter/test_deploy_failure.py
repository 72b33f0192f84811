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
        "General error: application not healthy after 30s. always-on, mindex: rolled back to the previous release.",
    ),
    "items of a loop failed": (
        {
            "failed": True,
            "msg": "One or more items failed",
            "results": [{"failed": True, "msg": "One!"}, {"failed": False, "msg": "Two"}, {"failed": True, "msg": "Three."}],
        },
        {},
        "One! Three. There was no previous release to roll back to.",
    ),
    "services were not well": (
        FAILED,
        {"problems": [SICK], "restored": BACK},
        (
            "General error: application not healthy after 30s. Unhealthy at that moment: always-on/website: is not healthy but starting. "
            "always-on, mindex: rolled back to the previous release."
        ),
    ),
    "the task named the service itself": (
        {"failed": True, "msg": "Cannot confirm the start: always-on/website: is not healthy but starting. Read its log."},
        {"problems": [SICK], "restored": BACK},
        "Cannot confirm the start: always-on/website: is not healthy but starting. Read its log. always-on, mindex: rolled back to the previous release.",
    ),
    "nothing failed here": ({}, {"restored": BACK}, "another server of the rack failed. always-on, mindex: rolled back to the previous release."),
    "a server is lost": (
        {},
        {"lost": ["moon"], "restored": BACK},
        (
            "moon became unreachable. always-on, mindex: rolled back to the previous release. "
            "moon was not rolled back, and what had begun there may go on: run again when it is reachable."
        ),
    ),
    "the rollback failed, too": (
        FAILED,
        {
            "restored": {**BACK, "shop": {"release": None, "problem": "Cannot roll back shop: the image is not there any more."}},
            "not_rolled_back": {"failed": True, "results": [{"failed": True, "msg": "Cannot finish the start of mindex: exit code 1"}, {"msg": "well"}]},
        },
        (
            "General error: application not healthy after 30s. The rollback failed, too: Cannot roll back shop: the image is not there any more. "
            "Cannot finish the start of mindex: exit code 1. always-on, mindex: commits, limits and images are those of the previous release. "
            "Correct the cause and deploy again."
        ),
    ),
    "nothing could be rolled back": (
        FAILED,
        {
            "restored": {"shop": {"release": None, "problem": "Cannot roll back shop: no."}},
            "not_rolled_back": {"failed": True, "msg": "Cannot roll back shop: no."},
        },
        "General error: application not healthy after 30s. The rollback failed, too: Cannot roll back shop: no. Correct the cause and deploy again.",
    ),
    "what was not well is kept": (
        FAILED,
        {"restored": {"shop": {"release": {"id": "r1"}, "failures": "/srv/state/releases/shop/r2/failures.json"}}},
        (
            "General error: application not healthy after 30s. shop: rolled back to the previous release. "
            "What was not well is kept on the server, with its log: /srv/state/releases/shop/r2/failures.json."
        ),
    ),
    "it said nothing": ({"failed": True}, {}, "a task failed without a message. There was no previous release to roll back to."),
}


@pytest.mark.parametrize("name", CASES)
def test_it_says_why_and_what_runs_now(name: str) -> None:
    result, options, text = CASES[name]
    assert deploy_failure(result, "deploy to sandbox", **options) == "Cannot deploy to sandbox: %s" % text
