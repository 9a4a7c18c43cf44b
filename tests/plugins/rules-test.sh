#!/bin/sh
# rules-test: each plugin here breaks one rule; farrier-plugin-check names it by its number. What
# is expected stands in each source as "Caught as: R8".
#
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Farrier authors
set -u

src=${FARRIER_TEST_SRCDIR:?}
check=${FARRIER_TEST_BUILDDIR:?}/sdk/check/farrier-plugin-check
here=$src/tests/plugins
dir=$(mktemp -d "${TMPDIR:-/tmp}/farrier-rules.XXXXXX") || exit 99
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
number=0

say () {
    number=$((number + 1))
    echo "$1ok $number - $2"
}

build () {
    libs=
    case $1 in rule_r9_library) libs=-ljansson ;; esac
    # shellcheck disable=SC2086  # several words on purpose
    ${CC:-cc} -std=gnu11 -g -O1 -fPIC -shared -fvisibility=hidden \
        -Wl,-z,relro,-z,now,-z,noexecstack -I"$src/sdk/include" -I"$here" \
        -o "$dir/$1.so" "$here/$1.c" $libs
}

# Both kinds of cases where a rule may be seen, and the crashes for what none names.
try () {
    limit=10
    case $1 in rule_r10_loop) limit=1 ;; esac
    "$check" -j 1 --time-limit $limit --case 'static/*' "$dir/$1.so"
    "$check" -j 1 --time-limit $limit --case '*/happy' "$dir/$1.so"
    case $1 in rule_none_double) "$check" -j 1 --case '*/crash-1-*' "$dir/$1.so" ;; esac
}

for source in "$here"/rule_*.c; do
    name=$(basename "$source" .c)
    wanted=$(sed -n 's/^ \* Caught as: //p' "$source")
    if ! build "$name" > "$dir/$name.log" 2>&1; then
        say 'not ' "$name is built"
        sed 's/^/# /' "$dir/$name.log"
        continue
    fi
    try "$name" > "$dir/$name.tap" 2>&1
    found=$(sed -n '/^not ok/{n;s/^# //p;}' "$dir/$name.tap")
    case $wanted in
        nothing) case $found in '') result= ;; *) result='not ' ;; esac ;;
        R*) case $found in "$wanted: "*) result= ;; *) result='not ' ;; esac ;;
        *) case $found in *"$wanted"*) result= ;; *) result='not ' ;; esac ;;
    esac
    if test -n "$result" && test -n "${FARRIER_SANITIZER:-}" \
        && case $name in *_syscall | *_stack | *_crash) true ;; *) false ;; esac; then
        number=$((number + 1))
        echo "ok $number - $name # SKIP system calls and stacks are not watched with a sanitizer"
        continue
    fi
    say "$result" "$name is caught as $wanted"
    echo "$found" | sed 's/^/# /'
done

if "$check" "$dir/rule_good.so" > "$dir/good.tap" 2>&1; then
    say '' "a good plugin passes all of $(sed -n 's/^1\.\.//p' "$dir/good.tap") cases"
else
    say 'not ' 'a good plugin passes'
    grep -A 1 '^not ok' "$dir/good.tap" | sed 's/^/# /'
fi
echo "1..$number"
