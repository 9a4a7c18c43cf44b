#!/bin/sh
# plugins-test: every plugin of the tree passes farrier-plugin-check.
#
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Farrier authors
set -u

src=${FARRIER_TEST_SRCDIR:?}
build=${FARRIER_TEST_BUILDDIR:?}
dir=$(mktemp -d "${TMPDIR:-/tmp}/farrier-check.XXXXXX") || exit 99
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
number=0

for plugin in "$build"/plugins/.run/*.so; do
    test -e "$plugin" || continue
    name=$(basename "$plugin" .so)
    set -- --verbose
    test -f "$src/plugins/$name/check.conf" && set -- "$@" --conf "$src/plugins/$name/check.conf"
    number=$((number + 1))
    if "$build/sdk/check/farrier-plugin-check" "$@" "$plugin" > "$dir/$name.tap" 2>&1; then
        echo "ok $number - $name: $(sed -n 's/^1\.\.//p' "$dir/$name.tap") cases"
    else
        echo "not ok $number - $name"
        grep -A 1 '^not ok' "$dir/$name.tap" | sed 's/^/# /'
    fi
    sed -n '$p' "$dir/$name.tap"
done
if test $number -eq 0; then
    echo "1..0 # SKIP no plugin was built"
    exit 0
fi
echo "1..$number"
