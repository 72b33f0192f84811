# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which containers belong to a Compose service."""

from __future__ import annotations

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.labels import CONFIG_HASH, ONEOFF, PROJECT, SERVICE, copy_of, is_job, matches, member, title

COPY = {PROJECT: "shop", SERVICE: "web", CONFIG_HASH: "c0ffee", ONEOFF: "False"}
BY_HAND = {PROJECT: "shop", SERVICE: "web"}


@pytest.mark.parametrize(
    ("labels", "created_for", "copied", "job"),
    [
        pytest.param(COPY, ("shop", "web"), ("shop", "web"), False, id="a copy"),
        pytest.param({**COPY, ONEOFF: "True"}, ("shop", "web"), None, True, id="a job"),
        pytest.param(BY_HAND, (None, None), None, False, id="run by hand from an image that Compose built"),
        pytest.param({}, (None, None), None, False, id="no label"),
    ],
)
def test_only_what_compose_created_belongs_to_a_service(
    labels: dict[str, str], created_for: tuple[str | None, str | None], copied: tuple[str, str] | None, job: bool
) -> None:
    assert (member(labels), copy_of(labels), is_job(labels)) == (created_for, copied, job)


@pytest.mark.parametrize(("text", "found"), [("tier", True), ("tier=db", True), ("tier=", False), ("tier=d", False), ("other", False)])
def test_a_label_matches_by_its_key_or_by_key_and_value(text: str, found: bool) -> None:
    assert matches({"tier": "db"}, text) is found


def test_a_container_is_called_by_its_service_or_by_its_name() -> None:
    assert (title("shop", "web", "shop-web-1"), title(None, None, "job"), title("shop", None, "job")) == ("shop/web", "job", "job")
