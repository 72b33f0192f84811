#!/usr/bin/python
# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: docker_prune
short_description: Remove unused Docker objects within keep rules
version_added: 0.1.0
author:
  - mycosoft.rack maintainers (@mycosoft)
description:
  - Removes stopped containers, unused images, networks and volumes, and build cache, to free disk.
    It frees disk, not memory.
  - The module reads what the engine holds, decides for every object with a reason, and then removes exactly that. Check mode returns the same plan.
  - Just before an object is removed the module checks again that nothing uses it; if something does, it is in RV(not_removed). Nothing is removed by force.
  - Volumes stay unless you ask for them with O(volumes) or O(named_volumes).
  - An object stays if a running container needs it, if any of the C(keep_) options matches it, or if an object that
    stays needs it. So a stopped container that is kept keeps its image, its networks and its volumes.
  - What nothing could bring back stays for O(irreplaceable_grace) after a run has first found it unused. What proves that an object
    can be had again is a digest of a registry on an image, or the label of a project in O(keep_projects) that Compose put on it when it was built; of a
    container, the label of such a project. A name proves nothing. So no container goes at once unless the grace is V(0).
  - The decisions are the same on every engine and API version. The engine's own bulk prune is used
    only for build cache, with a filter that names the records of the plan.
options:
  containers:
    description:
      - Remove containers in the states created, exited and dead.
      - The volumes of a removed container stay, including anonymous ones.
    type: bool
    default: true
  images:
    description:
      - Remove images that no container uses, running or stopped, with all their tags. Containers removed in the same run do not count.
    type: bool
    default: true
  networks:
    description:
      - Remove networks that no container refers to, running or stopped. Containers removed in the same run do not count.
      - The engine's own networks and those of a swarm always stay.
    type: bool
    default: true
  busy_timeout:
    description:
      - Seconds to wait in total while the engine refuses because another prune or removal is in progress.
    type: int
    default: 60
extends_documentation_fragment:
  - mycosoft.rack.docker
  - mycosoft.rack.keep
  - mycosoft.rack.volumes
  - mycosoft.rack.build_cache
  - mycosoft.rack.guards
  - mycosoft.rack.attributes
  - mycosoft.rack.state
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - With O(build_cache_policy=budget) a second run may remove more if the first removed images, because cache layers that
        these images shared count only then.
      - Time passes between two runs, so the second may remove what O(irreplaceable_grace), O(volumes_grace), O(keep_newer_than) or
        O(keep_used_within) kept in the first.
seealso:
  - module: community.docker.docker_prune
    description: Calls the engine's own prune endpoints; has no check mode and no keep rules beyond the engine's filters.
notes:
  - Before API 1.42 (Docker 23.0) the engine measures the volumes together with the images, which is slow if volumes hold many files.
"""

EXAMPLES = r"""
- name: Free disk, keep everything of two Compose projects
  mycosoft.rack.docker_prune:
    keep_projects:
      - mycosoft-always-on
      - mas

- name: Show what would be removed, and why
  mycosoft.rack.docker_prune:
    keep_images:
      - postgres:16
      - ghcr.io/mycosoft/*
    keep_labels: [org.example.keep]
  check_mode: true
  diff: true

- name: Free disk when it is getting full, keep what a rebuild and a rollback need
  mycosoft.rack.docker_prune:
    only_if_disk_used: 80%
    keep_newest_images: 2
    keep_used_within: 3d
    build_cache_policy: budget
    build_cache_max_used: 20G
    max_delete: {images: 100}

- name: Remove anonymous volumes that have had no container for two weeks, and nothing else
  mycosoft.rack.docker_prune:
    containers: false
    images: false
    networks: false
    build_cache: false
    volumes: true
    volumes_grace: 14d
"""

RETURN = r"""
removed:
  description:
    - What was removed, or would be in check mode, in the order of removal.
    - If the module fails, what was removed until then.
  returned: when the engine was reached
  type: dict
  contains:
    containers: &objects
      description: Objects of this kind.
      type: list
      elements: dict
      contains: &object
        kind:
          description: The kind of the object.
          type: str
          sample: image
        id:
          description: Full ID; for a volume its name. Empty for build cache whose prune failed as a whole.
          type: str
          sample: sha256:759cec7bedcc4f3c01bb259254e13f6b3c83d816fffa9c33520d37f27fcb96da
        name:
          description: The first name, or the short ID if it has none. For a build cache record, its description.
          type: str
          sample: mindex-api:latest
        names:
          description: All names; for an image its tags.
          type: list
          elements: str
          sample: ["mindex-api:latest", "mindex-api:2026-11-22"]
        size:
          description:
            - Bytes of disk. For a container its writable layer, for an image all its layers, including those it shares with other images.
            - Null if unknown. Writable layers are measured for stopped containers only, volumes only when they are removed.
          type: int
          sample: 7225150
        shared:
          description: Bytes of C(size) that other objects hold too, so that removing this object alone does not free them. Null if unknown.
          type: int
          sample: 1982270
        created:
          description: When it was created, in UTC. For an image, when it was built.
          type: str
          sample: "2026-11-22T22:45:56Z"
        project:
          description: The Compose project it belongs to, or null.
          type: str
          sample: mas
        reason:
          description: Why it is removed or stays.
          type: str
          sample: no container that stays uses it
        until:
          description: When the grace for which it stays ends, in UTC. Null if it goes, or stays for another reason.
          type: str
          sample: "2026-12-06T11:02:17Z"
    images: *objects
    networks: *objects
    volumes: *objects
    build_cache: *objects
kept:
  description: What stays by plan, with the reason. Kinds that were not asked for are empty.
  returned: when the engine was reached
  type: dict
  contains:
    containers: *objects
    images: *objects
    networks: *objects
    volumes: *objects
    build_cache: *objects
not_removed:
  description: Objects of the plan that came into use or vanished before they could be removed. Always empty in check mode.
  returned: when the engine was reached
  type: list
  elements: dict
  contains: *object
failed_objects:
  description: What could not be removed, with the engine's error as the reason. If there is any, the module fails after it tried everything else.
  returned: when the engine was reached
  type: list
  elements: dict
  contains: *object
unmatched_rules:
  description:
    - Entries of O(keep_projects), O(keep_images), O(keep_networks), O(keep_labels), O(keep_regex) and O(named_volumes) that match nothing on the
      engine. Check them for typing errors.
  returned: when the engine was reached
  type: list
  elements: dict
  sample: [{"option": "keep_images", "rule": "postgers:16"}]
freed:
  description:
    - Bytes of disk that were freed, by kind. Zero in check mode.
    - For containers the sum of their writable layers, for volumes the sum of their files.
    - For images the decrease of all image layers of the engine (layers that kept images share are not counted), less the layers
      that the build cache still holds. A build or pull at the same time falsifies it. Null if the engine stopped answering.
    - For build cache what the engine reports, less the layers that images still hold. With the containerd image store the disk may
      gain more than this, because a cache layer can be a copy there.
  returned: when the engine was reached
  type: dict
  sample: {"containers": 3, "images": 5242880, "networks": 0, "volumes": 0, "build_cache": 133, "total": 5243016}
estimate:
  description:
    - Bytes of disk that the plan frees, by estimate, C(least) and C(most). They differ if images that go share layers, with each other or with
      images that stay, which the engine does not tell apart.
  returned: when the engine was reached
  type: dict
  sample: {"least": 5243016, "most": 8912345}
listing:
  description:
    - What was removed, or would be, and then what stays only until its grace ends, in lines for people. Of a kind with more than ten objects there is a
      line for each group, of build cache a single one.
  returned: when the engine was reached
  type: list
  elements: str
  sample: ["container ci-run (exited, 3B)", "image tool:1 (540M) is kept until 2026-12-06T11:02:17Z, because no registry is known to have it, ..."]
summary:
  description: What was removed, or would be, in one line. In check mode the size is RV(estimate).
  returned: when the engine was reached
  type: str
  sample: "1 container, 2 images, 0 networks, 0 volumes and 12 build cache records: 5.1M of disk"
engine:
  description: The engine that was pruned.
  returned: when the engine was reached
  type: dict
  sample: {"version": "26.1.5+dfsg1", "api_version": "1.45", "storage_driver": "overlay2"}
disk:
  description: The file system of the engine's data before anything was removed, in bytes. Null if it cannot be measured from the managed host.
  returned: when the engine was reached
  type: dict
  sample: {"path": "/var/lib/docker", "total": 105089261568, "used": 84071409254, "free": 15679000576, "used_percent": 84.3}
durations:
  description:
    - Seconds for reading and planning (C(read)), for the removal of each kind, and in total (C(total)).
    - Kinds that do not depend on each other are removed at the same time, so their sum can exceed the total.
  returned: when nothing was refused
  type: dict
  sample: {"read": 0.31, "containers": 0.12, "images": 0.4, "networks": 1.7, "volumes": 0.0, "build_cache": 0.2, "total": 2.2}
"""

import time
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mycosoft.rack.plugins.module_utils._base.errors import Facts, RackError, reported
from ansible_collections.mycosoft.rack.plugins.module_utils._docker.client import DOCKER_OPTIONS, connect
from ansible_collections.mycosoft.rack.plugins.module_utils._prune.apply import apply, predict
from ansible_collections.mycosoft.rack.plugins.module_utils._prune.plan import make_plan
from ansible_collections.mycosoft.rack.plugins.module_utils._prune.report import disk_facts, facts, failure, too_many
from ansible_collections.mycosoft.rack.plugins.module_utils._prune.request import PRUNE_OPTIONS, prune_request
from ansible_collections.mycosoft.rack.plugins.module_utils._prune.snapshot import read_snapshot, volume_sizes
from ansible_collections.mycosoft.rack.plugins.module_utils._prune.unused_record import write_record


def argument_spec() -> t.Dict[str, t.Any]:
    return {**DOCKER_OPTIONS, **PRUNE_OPTIONS}


def run(module: AnsibleModule) -> Facts:
    start = time.monotonic()
    request = prune_request(module.params)
    engine = connect(module.params)
    snapshot = read_snapshot(engine, request.to_read, request.local)
    plan = make_plan(snapshot.objects, request.scope, request.rules(snapshot.disk, snapshot.now))
    plan = plan.measured(volume_sizes(engine, snapshot, plan))
    read = time.monotonic() - start
    about = {"version": engine.version, "api_version": engine.api_version, "storage_driver": snapshot.storage_driver}
    around: Facts = {"engine": about, "disk": disk_facts(snapshot.disk)}
    refusal = too_many(plan, request.max_delete)
    if refusal:
        raise RackError(refusal, **facts(plan, predict(plan), snapshot.usage), **around)
    if not module.check_mode and snapshot.unused != snapshot.known:
        write_record(request.record, snapshot.unused)
    outcome = predict(plan) if module.check_mode else apply(engine, plan, snapshot, request.busy_timeout)
    around["durations"] = {"read": read, **outcome.seconds, "total": time.monotonic() - start}
    for warning in request.warnings(snapshot.disk):
        module.warn(warning)
    result = {**facts(plan, outcome, snapshot.usage), **around}
    if outcome.failed:
        raise RackError(failure(outcome), **result)
    return result


def main() -> None:
    reported(AnsibleModule(argument_spec(), supports_check_mode=True), run)


if __name__ == "__main__":
    main()
