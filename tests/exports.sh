#!/bin/sh
# exports.sh: what the built programs and plugins show to the dynamic linker.
#
# A plugin must find no symbol of the core in the program (the host table is the only way in), a
# plugin must export its entry and nothing else, and everything must be position independent, with
# relocations read-only and a stack that cannot be executed.
#
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Farrier authors

build=${FARRIER_TEST_BUILDDIR:-.}
number=0

if [ "${FARRIER_SANITIZER:-none}" != none ]; then
    echo "a sanitizer exports symbols of its own"
    exit 77
fi
if ! command -v nm >/dev/null || ! command -v readelf >/dev/null; then
    echo "nm or readelf is missing: apt-get install binutils"
    exit 77
fi

# verdict NAME FINDINGS: ok when there are none.
verdict () {
    number=$((number + 1))
    if [ -z "$2" ]; then
        echo "ok $number - $1"
    else
        echo "not ok $number - $1"
        printf '%s\n' "$2" | sed 's/^/# /'
    fi
}

# What it defines, without what the C library's start-up and copied variables (stderr@GLIBC) bring,
# and without the settings that jemalloc asks a program for.
exported () {
    nm -D --defined-only "$1" \
        | awk '$3 !~ /@/ && $3 !~ /^(_|__bss_start|main$|data_start$|malloc_conf$)/ { print $3 }'
}

hardened () {
    readelf -hW "$1" | grep -q 'Type:.*DYN' || echo "not position independent"
    readelf -lW "$1" | grep -q GNU_RELRO || echo "no RELRO"
    readelf -dW "$1" | grep -Eq 'BIND_NOW|NOW' || echo "relocations are not done at the start"
    readelf -lW "$1" | grep 'GNU_STACK' | grep -q 'RWE' && echo "the stack can be executed"
    readelf -dW "$1" | grep -E 'RPATH|RUNPATH|TEXTREL'
}

for program in core/cli/farrier core/daemon/farrierd core/engine/farrier-spawn \
    sdk/sim/farrier-sim; do
    [ -x "$build/$program" ] || continue
    verdict "$program shows no symbol of the core" "$(exported "$build/$program")"
    verdict "$program is hardened" "$(hardened "$build/$program")"
done

for plugin in "$build"/plugins/.run/*.so; do
    [ -e "$plugin" ] || continue
    name=$(basename "$plugin")
    verdict "$name exports its entry and nothing else" \
        "$(exported "$plugin" | grep -vx 'farrier_plugin_entry_[0-9]*')"
    verdict "$name is hardened" "$(hardened "$plugin")"
    verdict "$name links no library that the core owns" \
        "$(readelf -dW "$plugin" | grep NEEDED | grep -E 'libcurl|libssl|libuv|libjansson')"
done

if [ $number -eq 0 ]; then
    echo "no program and no plugin is built yet"
    exit 77
fi
echo "1..$number"
