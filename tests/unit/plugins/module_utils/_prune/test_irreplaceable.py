# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nothing could bring back."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.objects import DockerObject, Need
from ansible_collections.mycosoft.rack.plugins.module_utils._prune.irreplaceable import why_irreplaceable

MAS = {"com.docker.compose.project": "mas"}
UNKNOWN = "no registry is known to have it, and the rack did not build it"
CONFIGURATION = "nothing else has its configuration and its log"
VOLUME = "it has an anonymous volume, which nothing else refers to by a name"
GENERATED = "f00d" * 16


def container(size: int | None = 0, state: str = "exited", *volumes: str, **more: t.Any) -> DockerObject:
    return DockerObject("containers", "c", ("c",), size=size, state=state, needs=tuple(Need("volumes", name) for name in volumes), **more)


def image(digests: t.Sequence[str] = (), **labels: str) -> DockerObject:
    return DockerObject("images", "i", ("tool:1",), digests=tuple(digests), labels={name.replace("_", "."): value for name, value in labels.items()})


@pytest.mark.parametrize(
    ("target", "why"),
    [
        pytest.param(container(3 * 1024**2), "its own layer holds 3M", id="result in its own layer"),
        pytest.param(container(1, "created"), "its own layer holds 1B", id="copied into, never run"),
        pytest.param(container(0), CONFIGURATION, id="wrote to its log, or emptied a file"),
        pytest.param(container(None), CONFIGURATION, id="not measured"),
        pytest.param(container(0, "created"), CONFIGURATION, id="never ran"),
        pytest.param(container(0, "exited", "data"), CONFIGURATION, id="alone names a named volume"),
        pytest.param(container(0, labels={"com.docker.compose.project": "other"}), CONFIGURATION, id="of somebody else's stack"),
        pytest.param(container(0, labels=MAS), "", id="of a stack of the rack"),
        pytest.param(container(1, labels=MAS), "its own layer holds 1B", id="of a stack of the rack, with data"),
        pytest.param(container(0, "exited", "data", GENERATED), VOLUME, id="anonymous volume"),
        pytest.param(container(0, "dead", "/var/lib/docker/volumes/%s/_data" % GENERATED), VOLUME, id="anonymous volume, by its path"),
        pytest.param(container(0, "created", GENERATED, labels=MAS), "", id="anonymous volume of a container that never ran"),
        pytest.param(image(), UNKNOWN, id="built by hand"),
        pytest.param(image(["tool@sha256:1"]), "", id="pulled or pushed"),
        pytest.param(image(com_docker_compose_project="mas"), "", id="built for a stack of the rack"),
        pytest.param(image(com_docker_compose_project="other"), UNKNOWN, id="built for somebody else's stack"),
        pytest.param(DockerObject("images", "i", labels={**MAS, "com.docker.compose.config-hash": "c0ffee"}), UNKNOWN, id="committed from a container"),
        pytest.param(DockerObject("networks", "n", ("n",)), "", id="network"),
        pytest.param(DockerObject("build_cache", "r"), "", id="build cache"),
    ],
)
def test_what_would_be_lost(target: DockerObject, why: str) -> None:
    assert why_irreplaceable(target, ["mas"], digests_prove=True) == why


def test_where_every_image_has_a_digest_it_proves_nothing() -> None:
    assert why_irreplaceable(image(["tool@sha256:1"]), ["mas"], digests_prove=False) == UNKNOWN
    assert why_irreplaceable(image(["tool@sha256:1"], com_docker_compose_project="mas"), ["mas"], digests_prove=False) == ""
