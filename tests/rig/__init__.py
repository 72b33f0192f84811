# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rack of real servers on one machine: systemd, sshd and a Docker Engine each, reached over SSH.

``python -m tests.rig up`` makes it, :class:`tests.rig.rig.Rig` is what tests hold.
"""
