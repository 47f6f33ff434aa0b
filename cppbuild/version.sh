#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Writes what was built, for doctor and for run records: version.sh VERSION. Without git the commit is "unknown".
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

commit=unknown
if [[ -e .git ]] && git rev-parse --verify -q HEAD >/dev/null 2>&1; then
  commit=$(git rev-parse HEAD)
  [[ -z $(git status --porcelain --untracked-files=no) ]] || commit+=-modified
fi
mkdir -p target/classes/org/randwire
printf 'version=%s\ncommit=%s\n' "$1" "$commit" >target/classes/org/randwire/version.properties
