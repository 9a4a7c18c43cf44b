# abi-lib.sh: what the scripts of tests/abi share: which version the headers are, and a library that
# has their types. Sourced.
#
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Farrier authors

LC_ALL=C
export LC_ALL
source=${FARRIER_TEST_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
build=${FARRIER_TEST_BUILDDIR:-$(pwd)}
cc=${CC:-cc}
cxx=${CXX:-c++}
include=$source/sdk/include
baselines=$source/tests/abi/baseline
# test.h is for tests of plugins: it changes with the SDK and promises nothing.
all_headers=$(cd "$include/farrier" && ls ./*.h)
public_headers=$(echo "$all_headers" | grep -v '/test.h$')

# abi_number NAME [INCLUDE]: the number that version.h defines.
abi_number () {
    sed -n "s/^#define $1 \\([0-9]*\\).*/\\1/p" "${2:-$include}/farrier/version.h"
}

# "1.0-draft" or "1.0".
abi_version () {
    echo "$(abi_number FARRIER_ABI_MAJOR).$(abi_number FARRIER_ABI_MINOR)$(abi_draft)"
}

abi_draft () {
    [ "$(abi_number FARRIER_ABI_DRAFT)" = 0 ] || echo "-draft"
}

abi_arch () {
    # shellcheck disable=SC2086
    $cc -dumpmachine | cut -d- -f1
}

# abi_describe INCLUDE STEM: writes STEM.abi (what abidw says of the types) and STEM.macros.
abi_describe () {
    for header in $public_headers; do
        cat "$1/farrier/$header"
    done | awk -f "$source/tests/abi/types.awk" >"$2.c" || return 1
    # shellcheck disable=SC2086
    (cd "$(dirname "$2")" && $cc -std=c11 -g -O0 -fPIC -shared -I"$1" -o "$2.so" \
        "$(basename "$2").c") || return 1
    # shellcheck disable=SC2086
    echo '#include "farrier/sdk.h"' | $cc -std=c11 -dM -E -I"$1" -x c - >"$2.macros" || return 1
    abidw --no-corpus-path --no-comp-dir-path --no-show-locs --type-id-style hash "$2.so" >"$2.abi"
}

# abi_judge OLD NEW: compares two STEM.abi. Says same, grown or broken; of the latter two the report
# is in $folder/report.
abi_judge () {
    if abidiff --harmless --no-show-locs "$1" "$2" >"$folder/report" 2>&1; then
        echo same
        return
    fi
    "$source/tests/abi/abi.py" grown "$1" "$2" >"$folder/grown.ini" || return 1
    if abidiff --leaf-changes-only --no-show-locs --suppressions "$folder/grown.ini" "$1" "$2" \
        >"$folder/broken" 2>&1; then
        echo grown
    else
        mv "$folder/broken" "$folder/report"
        echo broken
    fi
}

number=0
failures=0

# report STATUS NAME: one case; when it failed, what is in $folder/out is told.
report () {
    number=$((number + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $number - $2"
        return
    fi
    failures=$((failures + 1))
    echo "not ok $number - $2"
    sed 's/^/# /' "$folder/out"
}

skip () {
    number=$((number + 1))
    echo "ok $number - $1 # SKIP $2"
}

total () {
    echo "1..$number"
    [ "$failures" -eq 0 ]
}

make_folder () {
    folder=$(mktemp -d "${TMPDIR:-/tmp}/farrier-abi.XXXXXX") || exit 1
    trap 'rm -rf "$folder"' EXIT
    trap 'exit 130' INT TERM HUP
}
