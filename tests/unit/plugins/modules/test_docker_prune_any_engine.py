# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docker_prune on any engine: check mode, the real run and the disk agree."""

from __future__ import annotations

import tempfile
import typing as t
from pathlib import Path

from ansible_collections.mycosoft.rack.tests.fakes.docker_engine import DockerEngine
from ansible_collections.mycosoft.rack.tests.fakes.docker_objects import new_id
from ansible_collections.mycosoft.rack.tests.fakes.prune import KINDS, prune
from hypothesis import given, settings
from hypothesis import strategies as st

PROJECT = "com.docker.compose.project"
labels = st.sampled_from([{}, {PROJECT: "mas"}, {PROJECT: "old"}, {"tier": "db"}])
few = st.integers(min_value=0, max_value=4)
NOW = 1795391156
#: One with a name and two without.
VOLUMES = ["data", new_id("volume 1"), new_id("volume 2")]
options = st.fixed_dictionaries(
    {},
    optional={
        **{kind: st.booleans() for kind in KINDS},
        "keep_projects": st.just(["mas"]),
        "keep_images": st.sampled_from([["i1:1"], ["i*"]]),
        "keep_networks": st.just(["n1"]),
        "keep_labels": st.sampled_from([["tier"], ["tier=web", PROJECT]]),
        "keep_regex": st.sampled_from([["[12]$"], ["^i0", "^c"]]),
        "keep_newer_than": st.sampled_from(["30m", "2h"]),
        "keep_used_within": st.sampled_from(["30m", "2h"]),
        "keep_newest_images": st.integers(min_value=0, max_value=2),
        "volumes_grace": st.sampled_from(["0", "1h"]),
        "irreplaceable_grace": st.sampled_from(["0", "1h"]),
        "named": st.just(["data"]),
        "budget": st.fixed_dictionaries(
            {}, optional={bound: st.sampled_from(["0", "150", "250"]) for bound in ("build_cache_reserved", "build_cache_max_used")}
        ),
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
            "volumes": draw(st.lists(st.sampled_from(VOLUMES), unique=True, max_size=2)),
            "finished": NOW - draw(few) * 1200,
        }
        for _number in range(draw(few))
    ]
    cache: list[dict[str, t.Any]] = [
        {
            "size": 100,
            "layer": draw(st.sampled_from(["layer%d" % number, ""])),
            "in_use": draw(st.booleans()),
            "used": NOW - draw(few) * 1200,
            "below": draw(st.lists(st.sampled_from(range(number)), unique=True, max_size=2)) if number else [],
        }
        for number in range(draw(few))
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
            records = list(engine.cache)
            several = engine.api_version > (1, 41)  # the builders of earlier engines do not merge
            parents = [records[below] for below in made["below"]][: None if several else 1]
            engine.add_cache("r%d" % number, **{name: value for name, value in made.items() if name != "below"}, parents=parents)
        for name in VOLUMES:
            engine.add_volume(name if name == "data" else "", number=len(engine.volumes), files=7)

    return fill


def held(engine: DockerEngine) -> dict[str, set[str]]:
    return {kind: set(getattr(engine, "cache" if kind == "build_cache" else kind)) for kind in KINDS}


def given_options(chosen: dict[str, t.Any]) -> dict[str, t.Any]:
    """The module's options: a budget comes with its policy, named volumes with their switch."""
    plain = {name: value for name, value in chosen.items() if name not in ("budget", "named")}
    if chosen.get("budget"):
        plain |= {"build_cache_policy": "budget", **chosen["budget"]}
    return plain | ({"named_volumes": chosen["named"], "remove_named_volumes": True} if "named" in chosen else {})


def ids(result: dict[str, t.Any], part: str) -> dict[str, set[str]]:
    return {kind: {found["id"] for found in result[part][kind]} for kind in KINDS}


@settings(max_examples=25, deadline=None)
@given(fill=engines(), chosen=options, newest=st.sampled_from(["1.41", "1.45", "1.53"]), spoken=st.sampled_from(["auto", "1.41"]))
def test_check_mode_names_exactly_what_the_real_run_removes(fill: t.Callable[[DockerEngine], None], chosen: dict[str, t.Any], newest: str, spoken: str) -> None:
    with tempfile.TemporaryDirectory() as directory, DockerEngine(Path(directory), newest) as engine:
        fill(engine)
        chosen = {**given_options(chosen), "api_version": spoken}
        before, disk = held(engine), engine.disk
        foreseen = prune(engine, check=True, **chosen)
        assert engine.writes == []
        done = prune(engine, **chosen)
        after = held(engine)

        assert done["removed"] == foreseen["removed"]
        assert done["kept"] == foreseen["kept"]
        assert done["diff"] == foreseen["diff"]
        assert (done["not_removed"], done["failed_objects"]) == ([], [])
        assert {kind: before[kind] - after[kind] for kind in KINDS} == ids(done, "removed")
        assert foreseen["estimate"]["least"] <= done["freed"]["total"] <= foreseen["estimate"]["most"]
        assert disk - engine.disk == done["freed"]["images"] + done["freed"]["build_cache"]
        named = chosen.get("named_volumes", [])
        assert {"data", *after["volumes"]} == {"data", *before["volumes"]} or chosen.get("volumes") or "data" in named
        assert "data" in after["volumes"] or "data" in named
        for container in engine.containers.values():
            assert container.image in after["images"] or container.image not in before["images"]
            assert set(container.volumes) <= after["volumes"]
            assert all(network in after["networks"] for network in container.networks.values() if network in before["networks"])

        again = prune(engine, **chosen)
        # layers of the cache that no image holds any more count from now on
        assert not again["changed"] or ("build_cache_policy" in chosen and done["removed"]["images"])
