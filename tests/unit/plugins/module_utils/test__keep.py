# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep rules and the references they are written with."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._docker_objects import DockerObject
from ansible_collections.mycosoft.rack.plugins.module_utils._image_references import full_reference
from ansible_collections.mycosoft.rack.plugins.module_utils._keep import KeepImage, KeepLabel, KeepNetwork, KeepProject, keep_rules
from ansible_collections.mycosoft.rack.plugins.module_utils._outcome import InvalidInput

DIGEST = "sha256:" + "0123456789abcdef" * 4
MAS = {"com.docker.compose.project": "mas"}


def image(*names: str, **more: t.Any) -> DockerObject:
    return DockerObject("images", DIGEST, names, **more)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("postgres", "docker.io/library/postgres:latest"),
        ("postgres:16", "docker.io/library/postgres:16"),
        ("docker.io/postgres", "docker.io/library/postgres:latest"),
        ("index.docker.io/library/postgres:16", "docker.io/library/postgres:16"),
        ("mycosoft/web", "docker.io/mycosoft/web:latest"),
        ("localhost/web", "localhost/web:latest"),
        ("registry:5000/web", "registry:5000/web:latest"),
        ("registry:5000/a/web:1", "registry:5000/a/web:1"),
        ("ghcr.io/mycosoft/web@" + DIGEST, "ghcr.io/mycosoft/web@" + DIGEST),
        ("web:1@" + DIGEST, "docker.io/library/web@" + DIGEST),
    ],
)
def test_a_reference_is_completed_as_the_engine_does(written: str, meant: str) -> None:
    assert full_reference(written) == meant


@pytest.mark.parametrize(
    ("rule", "candidate", "kept"),
    [
        pytest.param("postgres", image("postgres:latest"), True, id="implied latest"),
        pytest.param("postgres", image("postgres:16"), False, id="another tag"),
        pytest.param("docker.io/library/postgres:16", image("postgres:16"), True, id="full spelling of the rule"),
        pytest.param("postgres:16", image("docker.io/library/postgres:16"), True, id="full spelling of the image"),
        pytest.param("postgres:16", image("other:1", "postgres:16"), True, id="any of its tags"),
        pytest.param("post", image("postgres:latest"), False, id="no mere beginning"),
        pytest.param("postgres:*", image("postgres:16"), True, id="glob over tags"),
        pytest.param("mycosoft/*", image("mycosoft/web:3"), True, id="glob without tag covers all tags"),
        pytest.param("*/web", image("ghcr.io/mycosoft/web:latest"), True, id="glob with implied latest"),
        pytest.param("*/web", image("ghcr.io/mycosoft/web:2"), False, id="glob with implied latest, another tag"),
        pytest.param("registry:5000/*", image("registry:5000/a/b:1"), True, id="glob after a port"),
        pytest.param("docker.io/my*", image("mycosoft/web:3"), True, id="glob of the full spelling"),
        pytest.param("web?:1", image("web2:1"), True, id="one character"),
        pytest.param("*", image("web:1"), True, id="everything with a name"),
        pytest.param("*", image(), False, id="nothing without a name"),
        pytest.param("web@" + DIGEST, image(digests=("web@" + DIGEST,)), True, id="digest"),
        pytest.param("web:7@" + DIGEST, image(digests=("web@" + DIGEST,)), True, id="digest decides over tag"),
        pytest.param(DIGEST, image(), True, id="id"),
        pytest.param(DIGEST[7:], image(), True, id="id without algorithm"),
        pytest.param("sha256:" + "f" * 64, image(), False, id="another id"),
        pytest.param("*", DockerObject("networks", "n", ("web",)), False, id="images only"),
    ],
)
def test_keep_images(rule: str, candidate: DockerObject, kept: bool) -> None:
    assert KeepImage(rule).keeps(candidate) is kept


@pytest.mark.parametrize(
    ("rule", "candidate", "kept"),
    [
        pytest.param(KeepProject("mas"), DockerObject("containers", "c", labels=MAS), True, id="container of the project"),
        pytest.param(KeepProject("mas"), DockerObject("networks", "n", labels=MAS), True, id="network of the project"),
        pytest.param(KeepProject("mas"), image("web:1", labels=MAS), True, id="tagged image of the project"),
        pytest.param(KeepProject("mas"), image(labels=MAS), False, id="replaced build of the project"),
        pytest.param(KeepProject("ma"), DockerObject("containers", "c", labels=MAS), False, id="another project"),
        pytest.param(KeepProject("mas"), DockerObject("containers", "c"), False, id="no project"),
        pytest.param(KeepLabel("tier"), DockerObject("containers", "c", labels={"tier": ""}), True, id="label with any value"),
        pytest.param(KeepLabel("tier=db"), image(labels={"tier": "db"}), True, id="label with that value"),
        pytest.param(KeepLabel("tier=db"), image(labels={"tier": "web"}), False, id="label with another value"),
        pytest.param(KeepLabel("tier=a=b"), image(labels={"tier": "a=b"}), True, id="value with an equals sign"),
        pytest.param(KeepLabel("tier="), image(labels={"tier": "web"}), False, id="empty value asked for"),
        pytest.param(KeepLabel("tie"), image(labels={"tier": "web"}), False, id="another label"),
        pytest.param(KeepNetwork("edge-*"), DockerObject("networks", "n", ("edge-1",)), True, id="network by glob"),
        pytest.param(KeepNetwork("edge"), DockerObject("networks", "n", ("edge-1",)), False, id="another network"),
        pytest.param(KeepNetwork("edge"), DockerObject("containers", "c", ("edge",)), False, id="networks only"),
        pytest.param(KeepLabel("tier"), DockerObject("build_cache", "b", labels={"tier": "x"}), False, id="never build cache"),
    ],
)
def test_other_rules(rule: KeepProject | KeepLabel | KeepNetwork, candidate: DockerObject, kept: bool) -> None:
    assert rule.keeps(candidate) is kept


def test_every_entry_of_every_option_becomes_a_rule() -> None:
    rules = keep_rules({"keep_projects": ["mas"], "keep_images": ["a", " b:1 "], "keep_networks": [], "keep_labels": ["k=v"]})
    assert [str(rule) for rule in rules] == ["keep_projects: mas", "keep_images: a", "keep_images: b:1", "keep_labels: k=v"]


@pytest.mark.parametrize("text", ["", "  ", "=v"])
def test_a_rule_that_could_never_match_is_refused_with_its_option(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"keep_labels.*Remove the entry"):
        keep_rules({"keep_projects": [], "keep_images": [], "keep_networks": [], "keep_labels": [text]})
