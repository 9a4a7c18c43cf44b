#!/bin/sh
# headers-test.sh: each public header compiles alone, as C11 and C++17 and what came after them,
# without a warning, and without the C library (a plugin for another system needs only a compiler).
#
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Farrier authors

# shellcheck source=tests/abi/abi-lib.sh
. "$(dirname "$0")/abi-lib.sh"
make_folder
warnings="-Wall -Wextra -Wpedantic -Werror"

# compiles NAME COMPILER LANGUAGE FLAGS...: all headers, one after another.
compiles () {
    name=$1 compiler=$2 language=$3
    shift 3
    if ! command -v "${compiler%% *}" >/dev/null 2>&1; then
        skip "$name" "$compiler is missing"
        return
    fi
    status=0
    : >"$folder/out"
    for header in $all_headers; do
        printf '#include "farrier/%s"\n#include "farrier/%s"\nextern int alone;\n' "$header" \
            "$header" >"$folder/alone.$language"
        # shellcheck disable=SC2086
        $compiler $warnings "$@" -I"$include" -fsyntax-only "$folder/alone.$language" \
            >>"$folder/out" 2>&1 || status=1
    done
    report $status "$name"
}

for standard in c11 c17 gnu11; do
    compiles "every header alone as $standard" "$cc" c -std=$standard -Wshadow -Wstrict-prototypes
done
for standard in c++17 c++20; do
    compiles "every header alone as $standard" "$cxx" cc -std=$standard
done
compiles "every header alone without a C library" "$cc" c -std=c11 -ffreestanding -nostdlib
compiles "every header alone by clang as C11" clang c -std=c11
compiles "every header alone by clang as C++17" clang++ cc -std=c++17
total
