#!/bin/sh
# build.sh OUT: builds one bad plugin for each fault that a file can have, into the folder OUT.
#
# The stem of each names its fault: OUT/not_elf.so is refused with plugin-not-elf. Besides them:
# good.so (nothing is wrong), and variants NAME_2.so … of a fault that has several causes. CC is
# taken from the environment. Faults of place and of time (a missing directory, a second file of one
# name, a crash of an earlier process …) are made by the tests from these files.
#
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Farrier authors

set -eu
out=$1
here=$(cd "$(dirname "$0")" && pwd)
source=$here/../..
stubs=$out/stubs
rm -rf "$out"
mkdir -p "$stubs"

# shellcheck disable=SC2086
compile () {
    ${CC:-cc} -std=gnu11 -D_GNU_SOURCE -O1 -g0 -I"$source/sdk/include" -Wall "$@"
}

# plugin NAME [FLAGS…]
plugin () {
    name=$1
    shift
    compile -fPIC -shared -fvisibility=hidden -DSTEM="$name" -o "$out/$name.so" "$here/bad.c" \
        -Wl,--build-id "$@"
}

# stub SONAME: a library with that name and farrier_test_library().
stub () {
    echo 'int farrier_test_library (void); int farrier_test_library (void) { return 0; }' \
        | compile -fPIC -shared -o "$stubs/$1" -Wl,-soname,"$1" -x c -
}

# bytes FILE OFFSET OCTAL…: overwrites some.
bytes () {
    file=$1 offset=$2
    shift 2
    # shellcheck disable=SC2059
    printf "$(printf '\\%s' "$@")" | dd of="$file" bs=1 seek="$offset" conv=notrunc 2>/dev/null
}

plugin good

# ---- the file

echo 'not a plugin at all' >"$out/not_elf.so"
: >"$out/not_elf_2.so"
plugin wrong_machine
bytes "$out/wrong_machine.so" 18 376 377
plugin elf_class
bytes "$out/elf_class.so" 4 "$(if [ "$(od -An -tu1 -j4 -N1 "$out/good.so" | tr -d ' ')" = 2 ]
    then echo 001; else echo 002; fi)"
compile -no-pie -fno-pie -DBAD_NOT_SHARED -DSTEM=not_shared -o "$out/not_shared.so" "$here/bad.c"
compile -pie -fPIE -DBAD_NOT_SHARED -DSTEM=not_shared_2 -o "$out/not_shared_2.so" "$here/bad.c"
plugin elf_malformed
head -c 9000 "$out/elf_malformed.so" >"$out/cut" && mv "$out/cut" "$out/elf_malformed.so"

# ---- the note

plugin no_note -DBAD_NO_NOTE
plugin note_malformed -DBAD_NOTE_MALFORMED
plugin note_malformed_2 -DNOTE_ABI='"one.0"'
plugin abi_major -DNOTE_ABI='"2.0"' -DNOTE_NEEDS='"2.0"'
plugin needs_minor -DNOTE_NEEDS='"1.99"' -DNOTE_ABI='"1.99"'
plugin unknown_flag -DNOTE_FLAGS='"4"'

# ---- what it asks of the linker

stub libcurl.so.4
plugin denied_library -DBAD_LIBRARY -Wl,--no-as-needed "$stubs/libcurl.so.4"
number=2
for soname in libssl.so.3 libgnutls.so.30 libuv.so.1 libjansson.so.4 libjson-c.so.5; do
    stub $soname
    plugin denied_library_$number -DBAD_LIBRARY -Wl,--no-as-needed "$stubs/$soname"
    number=$((number + 1))
done
stub libfarrier-nowhere.so.1
plugin missing_library -DBAD_LIBRARY -Wl,--no-as-needed "$stubs/libfarrier-nowhere.so.1"
plugin textrel -DBAD_TEXTREL -Wl,-z,notext -Wno-unused-command-line-argument
plugin rpath -Wl,--disable-new-dtags,-rpath,/nowhere/of/ours
plugin rpath_2 -Wl,--enable-new-dtags,-rpath,/nowhere/of/ours
plugin execstack -Wl,-z,execstack
plugin exports -DBAD_EXPORTS
plugin undefined_symbol -DBAD_SYMBOL
plugin dlopen -DBAD_DLOPEN
plugin entry -DBAD_ENTRY
plugin crashed -DBAD_CRASHED

# ---- the struct

plugin magic -DBAD_MAGIC
plugin size -DBAD_SIZE
plugin stride -DBAD_STRIDE
plugin name -DBAD_NAME
plugin name_mismatch -DBAD_NAME_MISMATCH
plugin note_mismatch -DNOTE_VERSION='"2.0.0"'
plugin note_mismatch_2 -DNOTE_OPS='"identify note_mismatch_2.own"'
plugin field -DBAD_FIELD
plugin param -DBAD_PARAM
plugin match -DBAD_MATCH
plugin callback -DBAD_CALLBACK
plugin op_name -DBAD_OP_NAME
plugin op_duplicate -DBAD_OP_DUPLICATE
plugin op_callback -DBAD_OP_CALLBACK
plugin op_flags -DBAD_OP_FLAGS
plugin op_timing -DBAD_OP_TIMING

# ---- its start

plugin load -DBAD_LOAD
plugin configure -DBAD_CONFIGURE
plugin activate -DBAD_ACTIVATE

# ---- builds for an upgrade: the same name, other bytes

mkdir "$out/upgrade"
build () {
    file=$1
    shift
    compile -fPIC -shared -fvisibility=hidden -DSTEM=good -o "$out/upgrade/$file" "$here/bad.c" \
        -Wl,--build-id "$@"
}
build good-1.1.so -DVERSION='"1.1.0"' -DWITH_PARAMS
build good-1.2.so -DVERSION='"1.2.0"'
build good-refused.so -DVERSION='"1.3.0"' -DBAD_ACTIVATE
build good-magic.so -DVERSION='"1.4.0"' -DBAD_MAGIC
rm -rf "$stubs"
