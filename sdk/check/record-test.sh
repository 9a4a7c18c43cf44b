#!/bin/sh
# record-test: a simulated BMC is recorded, nothing of what identifies it is left, and its recording
# plays: what farrier-plugin-check prints on the way is what it says it prints.
#
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Farrier authors
set -u

build=${FARRIER_TEST_BUILDDIR:?}
src=${FARRIER_TEST_SRCDIR:?}
check=$build/sdk/check/farrier-plugin-check
sim=$build/sdk/sim/farrier-sim
plugin=$build/plugins/.run/generic_redfish.so
dir=$(mktemp -d "${TMPDIR:-/tmp}/farrier-record.XXXXXX") || exit 99
pid=
cleanup () {
    test -z "$pid" || kill "$pid" 2> /dev/null
    wait
    rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM
number=0

ok () {
    number=$((number + 1))
    if test "$1" -eq 0; then echo "ok $number - $2"; else echo "not ok $number - $2"; fi
}

if ! test -f "$plugin"; then
    echo "1..0 # SKIP generic_redfish was not built"
    exit 0
fi

mkfifo "$dir/ready"
"$sim" up --hosts 1 --port 0 --base 127.77.3.1 --state-dir "$dir/sim" --ready-fd 3 \
    > "$dir/sim.log" 2>&1 3> "$dir/ready" &
pid=$!
head -n 1 "$dir/ready" > /dev/null
field () { sed -n "s/.*\"$1\": \"\([^\"]*\)\".*/\1/p" "$dir/sim/fleet.json" | head -n 1; }
url=$(field url)

"$check" --record "$url" --user admin --password-file "$dir/sim/password" \
    --ca "$dir/sim/ca.pem" --output "$dir/bmc" > "$dir/record.log" 2>&1
ok $? "a BMC is recorded: $(sed -n 1p "$dir/record.log")"
test -f "$dir/bmc/redfish/v1/Systems/1/index.json"
ok $? 'its system is there'
serial=$(field serial); uuid=$(field uuid); address=$(field address)
for secret in "$serial" "$uuid" "$address" "$(cat "$dir/sim/password")"; do
    if test -n "$secret" && ! grep -rqF -- "$secret" "$dir/bmc"; then ok 0 'nothing of it is left'
    else ok 1 'nothing of it is left'; fi
done
made_up=$(sed -n 's/.*"SerialNumber": "\([^"]*\)".*/\1/p' \
    "$dir/bmc/redfish/v1/Systems/1/index.json")
grep -qF "\"$made_up" "$dir/bmc/redfish/v1/Chassis/1/index.json"
ok $? "the same serial number is the same everywhere: $made_up"

"$check" --replay "$dir/bmc" --conf /nonexistent "$plugin" > "$dir/replay.tap" 2>&1
ok $? "the recording plays: $(sed -n '$p' "$dir/replay.tap")"
grep -q '^ok [0-9]* - inventory/happy' "$dir/replay.tap"
ok $? 'its inventory is read'
! grep -q 'firmware.install' "$dir/replay.tap"
ok $? 'nothing that changes is tried on it'

"$check" --record "$url" --user admin --password-file "$dir/sim/password" --output "$dir/no" \
    > "$dir/no.log" 2>&1
test $? -eq 1 && ! test -e "$dir/no"
ok $? 'a certificate that nobody vouches for is refused'

"$check" --list --conf "$src/plugins/generic_redfish/check.conf" \
    --case 'firmware.install/crash-*' "$plugin" > "$dir/list"
ok $? 'cases are listed'
grep -qx 'firmware.install/crash-5-maybe' "$dir/list" && ! grep -q happy "$dir/list"
ok $? 'those that were asked for'
"$check" --json --case 'static/*' "$plugin" > "$dir/json"
ok $? 'JSON is written'
grep -q '"passed": 4' "$dir/json" && grep -q '"case": "static/loader"' "$dir/json"
ok $? 'with every case'
"$check" --jobs many "$plugin" 2> /dev/null
test $? -eq 2
ok $? 'a wrong command line has its own exit status'
echo "1..$number"
