#!/usr/bin/env bash
# Copies what a commit of this checkout would hold into DIR: tracked and new files, without what git ignores.
# Tools that pack or inspect "the directory" would take caches and the environment with them.
#   tools/export.sh DIR
set -euo pipefail
target=$(realpath "$1")
cd "$(dirname "$0")/.."

comm -z -23 <(git ls-files -coz --exclude-standard | sort -z) <(git ls-files -dz | sort -z) |
  tar --create --null --files-from=- |
  tar --extract --directory="$target"
