# cli-lib.sh: what cli-test.sh and bad-input-test.sh share: a home of their own, and cases. Sourced.
#
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Farrier authors

LC_ALL=C
export LC_ALL
source=${FARRIER_TEST_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
build=${FARRIER_TEST_BUILDDIR:-$(pwd)}
farrier=$build/core/cli/farrier
farrierd=$build/core/daemon/farrierd
simulator=$build/sdk/sim/farrier-sim
for program in "$farrier" "$farrierd" "$simulator"; do
    [ -x "$program" ] || { echo "Bail out! $program is not built"; exit 1; }
done

folder=$(mktemp -d "${TMPDIR:-/tmp}/farrier-cli.XXXXXX") || exit 1
FARRIER_HOME=$folder/home
FARRIER_CONF_DIR=$folder/conf.d
FARRIER_PLUGIN_DIR=$build/plugins/.run
FARRIER_SPAWN=$build/core/engine/farrier-spawn
FARRIER_SIM_DIR=$folder/sim
NO_COLOR=1
export FARRIER_HOME FARRIER_CONF_DIR FARRIER_PLUGIN_DIR FARRIER_SPAWN FARRIER_SIM_DIR NO_COLOR
mkdir -m 700 "$FARRIER_HOME" && cp -R "$source/conf.d" "$FARRIER_CONF_DIR" \
    && chmod -R u+w "$FARRIER_CONF_DIR" || exit 1
mkdir -p "$FARRIER_CONF_DIR/baselines"
echo simulated >"$folder/password"
chmod 600 "$folder/password"

number=0
failures=0
pids=

finish () {
    status=$?
    trap - EXIT INT TERM HUP
    for pid in $pids; do
        kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
    done
    [ ! -f "$FARRIER_SIM_DIR/fleet.json" ] || "$simulator" down >/dev/null 2>&1
    rm -rf "$folder"
    exit $status
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

report () {
    number=$((number + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $number - $2"
        return
    fi
    failures=$((failures + 1))
    echo "not ok $number - $2"
    echo "# $3"
    sed 's/^/# /' "$folder/out"
}

# run ARGUMENT...: runs farrier; what it says is in $folder/out, its exit status in $exit.
run () {
    timeout 120 "$farrier" "$@" >"$folder/out" 2>&1 </dev/null
    exit=$?
}

# wants NAME EXIT PATTERN: judges the last run: its exit status, and what it said (grep -E).
wants () {
    if [ "$exit" -ne "$2" ]; then
        report 1 "$1" "exit $exit, wanted $2"
    elif [ -n "$3" ] && ! grep -Eq -- "$3" "$folder/out"; then
        report 1 "$1" "no '$3' in:"
    else
        report 0 "$1"
    fi
}

# expect EXIT PATTERN ARGUMENT...: one case, named by its arguments.
expect () {
    wanted=$1
    pattern=$2
    shift 2
    run "$@"
    wants "farrier $(echo "$*" | sed "s#$folder#.#g")" "$wanted" "$pattern"
}

total () {
    echo "1..$number"
    [ "$failures" -eq 0 ]
}
