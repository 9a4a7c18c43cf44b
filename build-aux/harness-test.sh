#!/bin/sh
# harness-test.sh: the scripts that judge tests (tap-run, totals, run-tests, lint) can fail.
#
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Farrier authors

aux=${FARRIER_TEST_SRCDIR:-$(dirname "$0")/..}/build-aux
dir=$(mktemp -d "${TMPDIR:-/tmp}/farrier-harness.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
number=0

# expect NAME WANTED GOT
expect () {
    number=$((number + 1))
    if [ "$2" = "$3" ]; then
        echo "ok $number - $1"
    else
        echo "not ok $number - $1"
        printf 'wanted:\n%s\ngot:\n%s\n' "$2" "$3" | sed 's/^/# /'
    fi
}

script () {
    printf '#!/bin/sh\n%s\n' "$2" >"$dir/$1"
    chmod +x "$dir/$1"
}

# ---- tap-run

run () {
    "$aux/tap-run" "$dir/$1" 2>/dev/null
}

script good 'echo "ok 1 - a"; echo "1..1"'
expect "TAP passes through" "ok 1 - a
1..1" "$(run good)"
script liar 'echo "ok 1 - a"; echo "1..1"; exit 3'
expect "all ok and status 3 is a failure" "Bail out! liar ended with status 3" \
    "$(run liar | tail -n 1)"
script dies 'echo "ok 1 - a"; kill -9 $$'
expect "a killed test is a failure" "Bail out! dies ended with status 137" \
    "$(run dies | tail -n 1)"
script plain 'echo hello'
expect "without TAP the status counts" "ok 1 - plain" "$(run plain | tail -n 1)"
script bad 'echo hello; exit 1'
expect "status 1 without TAP" "not ok 1 - bad ended with status 1" "$(run bad | tail -n 1)"
script skips 'echo "no nginx here"; exit 77'
expect "77 is a skip with its reason" "1..0 # SKIP no nginx here" "$(run skips | tail -n 1)"
script skips-tap 'echo "1..0 # SKIP no nginx here"; exit 77'
expect "TAP and 77 agree on a skip" "1..0 # SKIP no nginx here" "$(run skips-tap)"
script slow 'exec sleep 60'
expect "a test over its time fails" "not ok 1 - slow did not end within 1 s" \
    "$(FARRIER_TEST_TIMEOUT=1 run slow | tail -n 1)"

# ---- totals

printf ':test-result: PASS a\n:test-result: FAIL b\n:test-result: SKIP c\n:test-result: ERROR d\n' \
    >"$dir/a.trs"
printf 'ok 1 - a\nok 2 - b # SKIP x\nnot ok 3 - c\n1..3\n' >"$dir/b.log"
printf 'ok 1 - a\n1..3\n' >"$dir/short.log"
printf 'ok 1 - a\n' >"$dir/noplan.log"
printf 'ok 1 - a\n1..1\n' >"$dir/fine.log"
printf ':test-result: PASS a\n' >"$dir/fine.trs"
: >"$dir/empty.trs"
expect "results of both kinds add up" "2 passed, 3 failed, 2 skipped" \
    "$("$aux/totals" "$dir/a.trs" "$dir/b.log")"
expect "a plan that was not kept is a failure" "1 passed, 1 failed" \
    "$("$aux/totals" "$dir/short.log")"
expect "no plan is a failure" "1 passed, 1 failed" "$("$aux/totals" "$dir/noplan.log")"
expect "a missing file is a failure" "0 passed, 1 failed" "$("$aux/totals" "$dir/none.trs")"
expect "an empty result is a failure" "0 passed, 1 failed" "$("$aux/totals" "$dir/empty.trs")"
expect "all fine" "2 passed, 0 failed 0" \
    "$(echo "$("$aux/totals" "$dir/fine.log" "$dir/fine.trs") $?")"
expect "failure is the exit status" 1 "$("$aux/totals" "$dir/a.trs" >/dev/null; echo $?)"

# ---- run-tests

expect "a list ends with its totals" "2 passed, 2 failed, 1 skipped" \
    "$("$aux/run-tests" "$dir/logs" "$dir/good" "$dir/plain" "$dir/bad" "$dir/skips" "$dir/none" \
        | tail -n 1)"

# ---- lint

mkdir -p "$dir/tree/core/net"
printf 'int\nf (char *a)\n{\n    %s (a, a);\n    return f(a); \n}\n' strcpy \
    >"$dir/tree/core/net/x.c"
printf '#include "engine/x.h"\n' >>"$dir/tree/core/net/x.c"
expect "lint finds what is there" "not ok 1 - header: 1 findings
not ok 2 - license: 1 findings
not ok 7 - banned: 1 findings
not ok 8 - include: 1 findings
not ok 9 - spacing: 2 findings
not ok 12 - listed: 1 findings" "$("$aux/lint" "$dir/tree" | grep '^not ok')"

echo "1..$number"
