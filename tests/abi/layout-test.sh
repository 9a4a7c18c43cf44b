#!/bin/sh
# layout-test.sh: the public headers lie in memory as each version of the ABI promised: offsets,
# sizes and values, in C and C++, on 64 bits and, the same, on 32.
#
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Farrier authors

# shellcheck source=tests/abi/abi-lib.sh
. "$(dirname "$0")/abi-lib.sh"
make_folder
version=$(abi_version)
major=$(abi_number FARRIER_ABI_MAJOR)

# holds NAME LAYOUT COMPILER...: the asserts of a layout.
holds () {
    name=$1 layout=$2
    shift 2
    "$@" -I"$include" -DLAYOUT="\"$layout\"" -fsyntax-only >"$folder/out" 2>&1
    status=$?
    [ $status -eq 0 ] || advise >>"$folder/out"
    report $status "$name"
}

advise () {
    if [ -n "$(abi_draft)" ]; then
        echo "The ABI is a draft and may change. When this is meant: make abi-baseline, commit it"
        echo "with the header, and tell it in the changelog of farrier/version.h."
    else
        echo "A struct that only grew at its end raises FARRIER_ABI_MINOR; all else breaks plugins"
        echo "that exist. abidiff-test.sh tells which. See THE RULE in farrier/version.h."
    fi
}

# Is there a compiler of this kind? Alignments differ: i386 puts 64-bit numbers on 4 bytes, ARM and
# others on 8 (which -malign-double imitates).
has () {
    echo 'int x;' >"$folder/has.c"
    "$@" -c -o "$folder/has.o" "$folder/has.c" >/dev/null 2>&1
}

# all_of LAYOUT WHAT FLAGS...
all_of () {
    layout=$1 what=$2
    shift 2
    file=$source/tests/abi/layout.c
    holds "$what: C11" "$layout" "$cc" -std=c11 -Wall -Wextra "$@" "$file"
    if command -v "$cxx" >/dev/null 2>&1; then
        holds "$what: C++17" "$layout" "$cxx" -x c++ -std=c++17 -Wall -Wextra "$@" "$file"
    else
        skip "$what: C++17" "$cxx is missing: apt-get install g++"
    fi
    for flags in -m32 "-m32 -malign-double"; do
        # shellcheck disable=SC2086
        if has $cc $flags -ffreestanding; then
            holds "$what: 32 bits ($flags)" "$layout" $cc $flags -std=c11 -ffreestanding "$@" \
                "$file"
        elif [ "$flags" = -m32 ] && has clang --target=armv7-linux-gnueabihf -ffreestanding; then
            holds "$what: 32 bits (clang, ARM)" "$layout" clang --target=armv7-linux-gnueabihf \
                -std=c11 -ffreestanding "$@" "$file"
        else
            skip "$what: 32 bits ($flags)" "no compiler here makes code for 32 bits"
        fi
    done
}

if [ ! -f "$baselines/$version.layout" ]; then
    echo "no layout of $version is kept: make abi-baseline" >"$folder/out"
    report 1 "the layout of $version is kept"
else
    all_of "$baselines/$version.layout" "$version"
fi
for layout in "$baselines/$major".*.layout; do
    name=$(basename "$layout" .layout)
    [ "$name" != "$version" ] && [ "${name%-draft}" = "$name" ] || continue
    all_of "$layout" "$name still holds" -DOLDER
done

# The asserts must be able to fail.
sed 's/^AT (struct farrier_op, start, .*/AT (struct farrier_op, start, 4)/' \
    "$baselines/$version.layout" >"$folder/wrong.layout"
if "$cc" -std=c11 -I"$include" -DLAYOUT="\"$folder/wrong.layout\"" -fsyntax-only \
    "$source/tests/abi/layout.c" >"$folder/out" 2>&1; then
    report 1 "a member that moved is noticed"
else
    grep -q 'start of struct farrier_op was at 4' "$folder/out"
    report $? "a member that moved is noticed"
fi
total
