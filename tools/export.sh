#!/usr/bin/env bash
# Copies the content of a commit of this checkout into DIR: tracked and new files, without files that git ignores.
# Tools that pack or inspect the whole directory would include caches and the environment.
#   tools/export.sh DIR
set -euo pipefail
target=$(realpath "$1")
cd "$(dirname "$0")/.."

comm -z -23 <(git ls-files -coz --exclude-standard | sort -z) <(git ls-files -dz | sort -z) |
  tar --create --null --files-from=- |
  tar --extract --directory="$target"
