# Copyright (c) 2026 mycosoft.rack maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measured on real servers when somebody asks for it (`make bench`, `make compare-prune`, `make faults`, `make mutants`); no part of `make test`."""
