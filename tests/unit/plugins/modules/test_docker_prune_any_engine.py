# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docker_prune on any engine: check mode, the real run and the disk agree."""

from __future__ import annotations

import tempfile
import typing as t
from pathlib import Path

from ansible_collections.mycosoft.rack.tests.fakes.docker_engine import DockerEngine
from ansible_collections.mycosoft.rack.tests.fakes.prune import KINDS, prune
from hypothesis import given, settings
from hypothesis import strategies as st

PROJECT = "com.docker.compose.project"
labels = st.sampled_from([{}, {PROJECT: "mas"}, {PROJECT: "old"}, {"tier": "db"}])
few = st.integers(min_value=0, max_value=4)
options = st.fixed_dictionaries(
    {},
    optional={
        **{kind: st.booleans() for kind in KINDS},
        "keep_projects": st.just(["mas"]),
        "keep_images": st.sampled_from([["i1:1"], ["i*"]]),
        "keep_networks": st.just(["n1"]),
        "keep_labels": st.sampled_from([["tier"], ["tier=web", PROJECT]]),
    },
)


@st.composite
def engines(draw: st.DrawFn) -> t.Callable[[DockerEngine], None]:
    """How to fill an engine: objects of every kind with shared layers, parents, several tags and every state."""
    images: list[dict[str, t.Any]] = []
    for number in range(draw(few)):
        tags = ["i%d:%d" % (number, tag) for tag in range(1, 1 + draw(st.integers(min_value=0, max_value=2)))] + draw(
            st.sampled_from([[], ["copy/i%d:1" % number]])
        )
        own = {"layer%d" % draw(few): 100 for _layer in range(draw(few))}
        images.append({"tags": tags, "layers": own, "labels": draw(labels), "parent": draw(st.sampled_from(["", *(str(below) for below in range(number))]))})
    networks = [(draw(st.sampled_from(["n%d" % number, "bridge"])), draw(labels)) for number in range(draw(few))]
    containers: list[dict[str, t.Any]] = [
        {
            "image": draw(st.sampled_from(["", *map(str, range(len(images)))])),
            "state": draw(st.sampled_from(["created", "exited", "dead", "running", "paused"])),
            "networks": draw(st.lists(st.sampled_from([name for name, _labels in networks]), unique=True)) if networks else [],
            "labels": draw(labels),
            "size": draw(few),
        }
        for _number in range(draw(few))
    ]
    cache: list[dict[str, t.Any]] = [
        {"size": 100, "layer": draw(st.sampled_from(["layer%d" % number, ""])), "in_use": draw(st.booleans())} for number in range(draw(few))
    ]

    def fill(engine: DockerEngine) -> None:
        ids = {"": ""}
        for number, made in enumerate(images):
            ids[str(number)] = engine.add_image("i%d" % number, **{**made, "parent": ids[made["parent"]]}).id
        for name, its_labels in networks:
            engine.add_network(name, its_labels)
        for number, made in enumerate(containers):
            engine.add_container("c%d" % number, **{**made, "image": ids[made["image"]]})
        for number, made in enumerate(cache):
            engine.add_cache("r%d" % number, **made)

    return fill


def held(engine: DockerEngine) -> dict[str, set[str]]:
    return {"containers": set(engine.containers), "images": set(engine.images), "networks": set(engine.networks), "build_cache": set(engine.cache)}


def ids(result: dict[str, t.Any], part: str) -> dict[str, set[str]]:
    return {kind: {found["id"] for found in result[part][kind]} for kind in KINDS}


@settings(max_examples=60, deadline=None)
@given(fill=engines(), chosen=options, api_version=st.sampled_from(["1.41", "1.45", "1.53"]))
def test_check_mode_names_exactly_what_the_real_run_removes(fill: t.Callable[[DockerEngine], None], chosen: dict[str, t.Any], api_version: str) -> None:
    with tempfile.TemporaryDirectory() as directory, DockerEngine(Path(directory), api_version) as engine:
        fill(engine)
        before, disk = held(engine), engine.disk
        foreseen = prune(engine, check=True, **chosen)
        assert engine.writes == []
        done = prune(engine, **chosen)
        after = held(engine)

        assert done["removed"] == foreseen["removed"]
        assert done["kept"] == foreseen["kept"]
        assert done["diff"] == foreseen["diff"]
        assert (done["skipped"], done["failed_objects"]) == ([], [])
        assert {kind: before[kind] - after[kind] for kind in KINDS} == ids(done, "removed")
        assert disk - engine.disk == done["freed"]["images"] + done["freed"]["build_cache"]
        for container in engine.containers.values():
            assert container.image in after["images"] or container.image not in before["images"]
            assert all(network in after["networks"] for network in container.networks.values() if network in before["networks"])

        again = prune(engine, **chosen)
        assert not again["changed"]
