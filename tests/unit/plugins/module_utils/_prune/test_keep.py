# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep rules and the references they are written with."""

from __future__ import annotations

import re
import typing as t

import pytest
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import InvalidInput
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.image_names import full_reference
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.objects import DockerObject
from ansible_collections.mycosoft.rack.plugins.module_utils._prune.keep import (
    KeepImage,
    KeepLabel,
    KeepNetwork,
    KeepNewerThan,
    KeepNewestImages,
    KeepProject,
    KeepRegex,
    KeepRollback,
    KeepUsedWithin,
    Rule,
    keep_rules,
)

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
        pytest.param(DIGEST, DockerObject("images", DIGEST[7:]), True, id="id of an engine that leaves the algorithm out"),
        pytest.param("web?", image("docker.io/library/web2:latest"), True, id="glob of a short name"),
        pytest.param("web?:1", image("docker.io/library/web2:1"), True, id="glob of a short name with a tag"),
        pytest.param("host:5?web", image("host:5/web:latest"), False, id="latest is not implied beside a tag"),
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


@pytest.mark.parametrize(
    ("rule", "candidate", "kept"),
    [
        pytest.param(KeepRegex("^db-[0-9]$"), DockerObject("containers", "c", ("db-1",)), True, id="name of a container"),
        pytest.param(KeepRegex("b-"), DockerObject("volumes", "v", ("db-1",)), True, id="part of a volume's name"),
        pytest.param(KeepRegex("^b-"), DockerObject("networks", "n", ("db-1",)), False, id="not at its beginning"),
        pytest.param(KeepRegex("2$"), DockerObject("containers", "c", ("db-1", "db-2")), True, id="any of its names"),
        pytest.param(KeepRegex("^docker.io/library/web:"), image("web:1"), True, id="full reference"),
        pytest.param(KeepRegex("^web:1$"), image("web:1"), True, id="reference as it is listed"),
        pytest.param(KeepRegex("web@sha256"), image(digests=("web@" + DIGEST,)), True, id="digest"),
        pytest.param(KeepRegex("^docker.io"), DockerObject("volumes", "v", ("web",)), False, id="only images have references"),
        pytest.param(KeepRegex("step"), DockerObject("build_cache", "b", ("step",)), False, id="never build cache"),
        pytest.param(KeepRollback("pinned"), image("web:1", "rollback.mycosoft.rack/mas/web:4"), True, id="image that a release pinned"),
        pytest.param(KeepRollback("pinned"), image("elsewhere/rollback.mycosoft.rack/web:4"), False, id="pinned at the beginning only"),
        pytest.param(KeepProject("mas"), DockerObject("volumes", "v", labels=MAS), True, id="volume of a project"),
        pytest.param(KeepNewerThan("1h", 7200), image(created=3601), True, id="younger"),
        pytest.param(KeepNewerThan("1h", 7200), image(created=3600), False, id="just as old"),
        pytest.param(KeepNewerThan("1h", 7200), image(), False, id="of unknown age"),
        pytest.param(KeepNewerThan("1h", 7200), image(created=0, used=7200), False, id="use does not make younger"),
        pytest.param(KeepNewerThan("1h", 7200), DockerObject("build_cache", "b", created=7200), True, id="build cache that is younger"),
        pytest.param(KeepUsedWithin("1h", 7200), image(created=0, used=3601), True, id="used within"),
        pytest.param(KeepUsedWithin("1h", 7200), image(created=7200, used=3600), False, id="used before"),
        pytest.param(KeepUsedWithin("1h", 7200), image(created=3601), True, id="use unknown, made within"),
        pytest.param(KeepUsedWithin("1h", 7200), image(created=3601, used=0), False, id="used at the beginning of time"),
        pytest.param(KeepUsedWithin("1h", 7200), image(), False, id="nothing known"),
        pytest.param(KeepUsedWithin("1h", 7200), DockerObject("networks", "n", used=7200), False, id="networks are not watched"),
    ],
)
def test_rules_by_name_and_time(rule: Rule, candidate: DockerObject, kept: bool) -> None:
    assert rule.keeps(candidate) is kept


def test_a_span_of_time_ends_at_the_moment_that_is_given() -> None:
    assert KeepNewerThan("1h").at(7200) == KeepNewerThan("1h", 7200)
    assert KeepProject("mas").at(7200) == KeepProject("mas")


def built(number: int, created: int | None, *names: str, service: str = "", project: str = "mas", kind: str = "images") -> DockerObject:
    labels = {"com.docker.compose.project": project, "com.docker.compose.service": service} if service else {}
    return DockerObject(kind, "i%d" % number, names, created=created, labels=labels)


@pytest.mark.parametrize(
    ("count", "objects", "kept"),
    [
        pytest.param("2", [built(1, 1, "web:1"), built(2, 2, "web:2"), built(3, 3, "web:3")], ["i2", "i3"], id="the newest of a repository"),
        pytest.param("1", [built(1, 1, "web:1"), built(2, 1, "web:2")], ["i1"], id="of two that are as new the first by name"),
        pytest.param("1", [built(2, 1, "web:1"), built(1, 1, "web:1")], ["i1"], id="of one name the first by id"),
        pytest.param("1", [built(1, None, "web:1"), built(2, 1, "web:2")], ["i2"], id="one without a date counts as oldest"),
        pytest.param("1", [built(1, 2, "web:1"), built(2, 1, "api:1")], ["i1", "i2"], id="each repository for itself"),
        pytest.param("1", [built(1, 2, "web:1"), built(2, 1, "docker.io/library/web:2")], ["i1"], id="a repository in two spellings"),
        pytest.param("1", [built(1, 2, "web:1"), built(2, 1, "web:2", "api:2")], ["i1", "i2"], id="newest of any of its repositories"),
        pytest.param("1", [built(1, 2, service="web"), built(2, 1, service="web")], ["i1"], id="builds of a service without a tag"),
        pytest.param("1", [built(1, 2, service="web"), built(2, 1, service="web", project="x")], ["i1", "i2"], id="a service of each project"),
        pytest.param("1", [built(1, 2), built(2, 1)], [], id="neither tag nor service"),
        pytest.param("0", [built(1, 2, "web:1")], [], id="none"),
        pytest.param("1", [built(1, 2, "web:1", kind="volumes")], [], id="images only"),
    ],
)
def test_the_newest_images_stay(count: str, objects: list[DockerObject], kept: list[str]) -> None:
    reasons = KeepNewestImages(count).kept(objects)
    assert reasons == {("images", identifier): "keep_newest_images: " + count for identifier in kept}


def test_the_newest_image_by_digest_stays() -> None:
    old, new = (DockerObject("images", name, (), ("web@" + DIGEST,), created=created) for name, created in (("i1", 1), ("i2", 2)))
    assert list(KeepNewestImages("1").kept([old, new])) == [("images", "i2")]


def test_what_is_kept_is_told_with_the_reason() -> None:
    objects = [image("web:1"), DockerObject("containers", "c", ("web",)), DockerObject("volumes", "v", ("db",))]
    assert KeepRegex("web").kept(objects) == {("images", DIGEST): "keep_regex: web", ("containers", "c"): "keep_regex: web"}
    assert KeepRollback("pinned").kept([image("rollback.mycosoft.rack/mas/web:1")]) == {("images", DIGEST): "keep_rollback: a release can go back to it"}


@pytest.mark.parametrize(
    ("rule", "objects", "unmatched"),
    [
        (KeepRegex("web"), [image("web:1")], []),
        (KeepRegex("wbe"), [image("web:1")], ["wbe"]),
        (KeepNewerThan("1h"), [], []),
        (KeepUsedWithin("1h"), [], []),
        (KeepNewestImages("1"), [], []),
        (KeepRollback("pinned"), [], []),
    ],
    ids=str,
)
def test_only_a_rule_that_names_something_can_be_a_typing_error(rule: Rule, objects: list[DockerObject], unmatched: list[str]) -> None:
    assert rule.unmatched(objects) == unmatched


EVERYTHING = {
    "keep_projects": ["mas"],
    "keep_images": ["a", " b:1 "],
    "keep_networks": [],
    "keep_labels": ["k=v"],
    "keep_regex": ["^x"],
    "keep_newer_than": "24h",
    "keep_used_within": "72h",
    "keep_newest_images": 3,
    "keep_rollback": True,
}


def test_every_entry_of_every_option_becomes_a_rule() -> None:
    lists = (KeepProject("mas"), KeepImage("a"), KeepImage("b:1"), KeepLabel("k=v"), KeepRegex("^x"))
    assert keep_rules(EVERYTHING) == (KeepRollback("pinned"), *lists, KeepNewerThan("24h"), KeepUsedWithin("72h"), KeepNewestImages("3"))


def test_options_that_are_not_set_are_no_rules() -> None:
    nothing = {"keep_newer_than": None, "keep_used_within": None, "keep_newest_images": 0, "keep_rollback": False}
    assert keep_rules(nothing) == keep_rules({}) == ()


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        *(
            pytest.param("keep_labels", [text], "Cannot keep %r (keep_labels): it is empty. Remove the entry, or look at the variable it comes from." % text)
            for text in ("", "  ", "=v")
        ),
        pytest.param(
            "keep_regex",
            ["("],
            "Cannot keep '(' (keep_regex): it is no regular expression: missing ), unterminated subpattern at position 0. "
            "Look at its brackets and backslashes.",
        ),
        pytest.param("keep_regex", [" "], "Cannot keep ' ' (keep_regex): it is empty. Remove the entry, or look at the variable it comes from."),
        pytest.param("keep_newest_images", -1, "Cannot keep '-1' (keep_newest_images): it is no number of images. Write 0 or more."),
        pytest.param("keep_newer_than", "1x", "Cannot keep '1x' (keep_newer_than): '1x' is no span of time. Write for example 7d, 36h or 1d12h."),
        pytest.param("keep_used_within", " ", "Cannot keep ' ' (keep_used_within): it is empty. Remove the entry, or look at the variable it comes from."),
    ],
)
def test_a_rule_that_could_never_match_is_refused_with_its_option(option: str, value: object, message: str) -> None:
    with pytest.raises(InvalidInput, match="^%s$" % re.escape(message)):
        keep_rules({option: value})
