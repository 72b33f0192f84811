# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What a person wants to keep, whether or not something uses it now (``_keep.RULES``)."""

    DOCUMENTATION = r"""
options:
  keep_projects:
    description:
      - Names of Compose projects whose containers, networks, volumes and tagged images stay, even where they are stopped or unused.
      - Containers inherit the labels of their image, so one that was started by hand from an image of the project counts as the project's.
      - An image of such a project that lost its tag to a newer build, and that no container uses, is removed. Such old
        builds are what fills disks.
      - An image that Compose pulled for the project carries no sign of it. It stays while a container of the project is
        there; otherwise name it in O(keep_images).
    type: list
    elements: str
    default: []
  keep_images:
    description:
      - Images to keep, by reference, by a glob of references, or by full image ID.
      - A reference without a tag means C(:latest), and one without a registry is on Docker Hub, as everywhere in Docker.
      - In a glob, C(*) stands for any characters, C(/) and C(:) included. So V(mycosoft/*) keeps all tags of all repositories there.
    type: list
    elements: str
    default: []
  keep_networks:
    description: Networks to keep, by name or by a glob of names.
    type: list
    elements: str
    default: []
  keep_labels:
    description:
      - Containers, images, networks and volumes to keep, by label. V(key) matches every value of the label, V(key=value) only that one.
      - A label on an image also keeps builds of it that lost their tag.
    type: list
    elements: str
    default: []
  keep_regex:
    description:
      - Containers, images, networks and volumes to keep, by regular expressions as Python reads them, found anywhere in one of their names.
      - References of images are looked at as the engine lists them and in full (C(docker.io/library/postgres:16)).
    type: list
    elements: str
    default: []
  keep_newer_than:
    description: Keep everything that was made within this time, for example V(36h) or V(7d); images by when they were built.
    type: str
  keep_used_within:
    description:
      - Keep containers, images and build cache that were of use within this time. A container is until it ends; an image is when it is tagged
        (built or pulled), and as long as its containers are.
      - Costs a question to the engine for each stopped container and each image.
    type: str
  keep_newest_images:
    description:
      - Keep this many of the newest images (by when they were built) of each repository, and of the builds of each Compose service, also those that
        lost their tag.
      - V(0) keeps none for that reason.
    type: int
    default: 0
  recovery_record:
    description:
      - File in which P(mycosoft.rack.docker_recovery#module) notes what it stopped. The containers that it names stay, to be brought back.
      - One that cannot be understood is refused, before anything is removed.
    type: path
    default: /var/lib/mycosoft-rack/recovery.json
  keep_rollback:
    description: Keep images that a release pinned so that going back needs no build. Their tags begin with C(rollback.mycosoft.rack/).
    type: bool
    default: true
"""
