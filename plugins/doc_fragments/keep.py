# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What to keep, whether or not it is in use (``_prune/keep.py``, ``RULES``)."""

    DOCUMENTATION = r"""
options:
  keep_projects:
    description:
      - Names of Compose projects whose containers, networks, volumes and tagged images stay, even if they are stopped or unused.
      - Containers inherit the labels of their image, so one that was started by hand from an image of the project belongs to the project.
      - An image of such a project that lost its tag to a newer build, and that no container uses, is removed. Such old
        builds are what fills disks.
      - An image that Compose pulled for the project has no label of the project. It stays while a container of the project
        exists; otherwise list it in O(keep_images).
    type: list
    elements: str
    default: []
  keep_images:
    description:
      - Images to keep, by reference, by a glob of references, or by full image ID.
      - A reference without a tag means C(:latest), and one without a registry is on Docker Hub, as in Docker.
      - In a glob, C(*) matches any characters, including C(/) and C(:). So V(mycosoft/*) keeps all tags of all repositories there.
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
      - A label on an image also keeps its builds that lost their tag.
    type: list
    elements: str
    default: []
  keep_regex:
    description:
      - Containers, images, networks and volumes to keep, by Python regular expressions that match anywhere in one of their names.
      - References of images are matched as the engine lists them and in full (C(docker.io/library/postgres:16)).
    type: list
    elements: str
    default: []
  keep_newer_than:
    description: Keep everything that was created within this time, for example V(36h) or V(7d); for images, built within this time.
    type: str
  keep_used_within:
    description:
      - Keep containers, images and build cache that were in use within this time. A container is in use until it exits; an image when it is tagged
        (built or pulled), and while one of its containers is in use.
      - Needs one request to the engine for each stopped container and each image.
    type: str
  keep_newest_images:
    description:
      - Keep this many of the newest images (by build time) of each repository, and of the builds of each Compose service, including those that
        lost their tag.
      - V(0) keeps none for this reason.
    type: int
    default: 0
  keep_rollback:
    description: Keep images that a release tagged so that a rollback needs no build. Their tags begin with C(rollback.mycosoft.rack/).
    type: bool
    default: true
  irreplaceable_grace:
    description:
      - How long containers and images that nothing could bring back stay after a run has first found them unused. V(0) keeps none for this reason.
      - These are stopped containers of no project in O(keep_projects), whether they ran or not, because their data, their log and their
        configuration may be nowhere else; and images without a digest of a registry that were not built for a project in O(keep_projects).
        With the containerd image store a digest proves nothing, so there it is every image that was not built for such a project.
      - The time counts from the first run that found the object unused, as recorded in C(unused_since.json) of O(state_directory), or from the end of
        a container, or the last tag of an image, if that was later. The record is handled as for O(volumes_grace).
      - To keep such an object for good, use one of the C(keep_) options.
    type: str
    default: 7d
"""
