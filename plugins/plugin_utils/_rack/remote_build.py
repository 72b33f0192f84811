# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What another server needs to build a stack's images: the builds alone, and the directories they read.

Pure. The stack's secrets stay where they are: of a service nothing but its
``build`` goes along.
"""

from __future__ import annotations

import posixpath
import typing as t

from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import InvalidInput

Json = t.Dict[str, t.Any]

#: What a build takes from the machine it was written for.
_LOCAL = ("secrets", "ssh", "additional_contexts")


def portable(config: t.Any) -> Json:
    """``contexts`` (directory here -> name there), ``images`` (their names) and ``compose`` (the file that builds them, contexts by name).

    ``config``: the answer of ``docker compose config --format json``. Raises
    InvalidInput with every build that reads more than a directory.
    """
    services = config.get("services") if isinstance(config, dict) else None
    if not isinstance(services, dict):
        raise InvalidInput("Cannot build elsewhere: the configuration has no services. Hand over what `docker compose config --format json` prints.")
    builds = {name: service["build"] for name, service in services.items() if service.get("build")}
    problems = ["%s: %s" % (name, cause) for name, build in builds.items() for cause in _ties(build)]
    if problems:
        raise InvalidInput(
            "Cannot build on another server, because a build reads more than its directory:\n%s\nBuild where the stack runs."
            % "\n".join("- %s" % line for line in problems),
            problems=problems,
        )
    contexts: t.Dict[str, str] = {}
    for build in builds.values():
        if not _remote(build["context"]):
            contexts.setdefault(build["context"], "context%d" % len(contexts))
    images = {name: services[name].get("image") or "%s-%s" % (config["name"], name) for name in builds}
    return {
        "contexts": contexts,
        "images": sorted(set(images.values())),
        "compose": {
            "name": config["name"],
            "services": {name: {"image": images[name], "build": {**build, **_moved(build, contexts)}} for name, build in builds.items()},
        },
    }


def _remote(context: str) -> bool:
    """Whether a context is an address, which every server can read."""
    return not context.startswith("/")


def _ties(build: Json) -> t.Iterator[str]:
    for key in _LOCAL:
        if build.get(key):
            yield "it uses %s" % key
    context, dockerfile = build["context"], build.get("dockerfile", "Dockerfile")
    path = posixpath.normpath(posixpath.join(context, dockerfile))
    if not _remote(context) and not path.startswith(context.rstrip("/") + "/"):
        yield "its Dockerfile %s is outside of its directory %s" % (path, context)


def _moved(build: Json, contexts: t.Mapping[str, str]) -> Json:
    context = build["context"]
    if context not in contexts:
        return {}
    moved = {"context": "./" + contexts[context]}
    if "dockerfile" in build:
        moved["dockerfile"] = posixpath.relpath(posixpath.join(context, build["dockerfile"]), context)
    return moved
