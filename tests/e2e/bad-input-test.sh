#!/bin/sh
# bad-input-test.sh: hosts, certificates, files and disks that misbehave: one clear message with the
# next command, the exit status of the table, and nothing lost.
#
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Farrier authors

# shellcheck source=tests/e2e/cli-lib.sh
. "$(dirname "$0")/cli-lib.sh"

# Intervals that fit a fleet on this host.
for file in "$FARRIER_CONF_DIR"/workflows/*.conf; do
    sed -i 's/initial = "[0-9a-z]*"; max = "[0-9a-z]*"/initial = "200ms"; max = "500ms"/' "$file"
done

"$simulator" up --hosts 4 --mix generic:4 --daemonize --port 0 --latency none --flash-time 4000 \
    --reboot-time 1000 --boot-time 500 --name-prefix n >/dev/null \
    || { echo "Bail out! the simulator did not start"; exit 1; }

# url N: the address of the N-th simulated BMC.
url () {
    awk -F '"' -v wanted="n000$1" '$2 == "name" { name = $4 }
        $2 == "url" && name == wanted { print $4 }' "$FARRIER_SIM_DIR/fleet.json"
}

# counter HOST NAME: from the simulator's books.
counter () {
    "$simulator" stats --json --host "$1" \
        | sed -n "s/.*\"$2\": *\\([0-9]*\\).*/\\1/p" | tail -n 1
}

add () {
    expect 0 "host $1 added" host add "$1" --bmc "$2" -u admin --password-file \
        "$FARRIER_SIM_DIR/password"
}

# --- a host that is not there

add gone https://127.99.99.99:1
expect 1 'UNREACHABLE|refused|cannot connect|unreachable' inventory refresh gone
expect 0 '127.99.99.99|refused|connect' why gone

# --- a wrong password is not tried again and again

add n1 "$(url 1)"
expect 0 'set on 1 hosts' credential set n1 -u admin --password-file "$folder/password"
expect 1 'password|credential|401|login|AUTH' inventory refresh n1
failed=$(counter n0001 failed_logins)
[ "${failed:-0}" -ge 1 ] && [ "${failed:-0}" -le 2 ]
report $? "a wrong password is tried ${failed:-0} times" "in all attempts of the job"
expect 1 'credential set' credential test n1
expect 0 'set on 1 hosts' credential set n1 -u admin --password-file "$FARRIER_SIM_DIR/password"
expect 0 'logged in' credential test n1
expect 0 '1 of 1 done' inventory refresh n1
expect 0 'bios' inventory show n1

# --- a certificate that changes

expect 0 'trust pin [0-9a-f]{64}' host show n1
"$simulator" inject n0001 certificate >/dev/null
expect 1 'certificate' inventory refresh n1
expect 0 'certificate' why n1
expect 0 'pin forgotten' host trust n1 --forget
expect 0 '1 of 1 done' inventory refresh n1
expect 0 'trust set' host trust n1 --pin \
    0000000000000000000000000000000000000000000000000000000000000000
expect 1 'certificate' inventory refresh n1
expect 0 'trust set' host trust n1 --ca "$FARRIER_SIM_DIR/ca.pem"
expect 0 '1 of 1 done' inventory refresh n1

# --- a BMC that lies

add n2 "$(url 2)"
"$simulator" inject n0002 hostile shape=nesting --count 99 \
    --path '/redfish/v1/UpdateService*' >/dev/null
run inventory refresh n2
[ "$exit" -ne 0 ]
report $? "a hostile answer ends the job (exit $exit)" "said:"
"$simulator" clear n0002 >/dev/null
expect 0 '1 of 1 done' inventory refresh n2

# --- other hardware behind the address

"$simulator" inject n0002 identity >/dev/null
run inventory refresh n2
[ "$exit" -ne 0 ] && grep -q 'identity changed' "$folder/out"
report $? "another serial number parks or fails the job (exit $exit)" "said:"
expect 0 'identity_changed' host list n2
expect 0 'accepted' host accept-identity n2 -y
expect 0 '1 of 1 done' inventory refresh n2

# --- two writers on one store

FARRIER_CONF_DIR=$FARRIER_CONF_DIR "$farrierd" >"$folder/daemon" 2>&1 &
daemon=$!
pids=$daemon
tries=0
until [ -S "$FARRIER_HOME/run/farrierd.sock" ]; do
    tries=$((tries + 1))
    [ $tries -lt 200 ] || {
        cat "$folder/daemon"
        echo "Bail out! farrierd does not start"
        exit 1
    }
    sleep 0.05
done
"$farrierd" >"$folder/out" 2>&1
exit=$?
wants "a second farrierd names the first" 9 "$daemon"
expect 0 "process $daemon" server status
expect 0 '1 hosts labelled' host label n1 through=socket
expect 0 '1 of 1 done' inventory refresh n1
# it has a session now, which says nothing of the password
"$simulator" inject n0001 password >/dev/null
expect 1 'credential set' credential test n1
"$simulator" clear n0001 >/dev/null
expect 0 'set on 1 hosts' credential set n1 -u admin --password-file "$FARRIER_SIM_DIR/password"
expect 0 'logged in' credential test n1
kill "$daemon" && wait "$daemon"
pids=
expect 0 'through=socket' host list n1

# --- a run in this process, beside it others

"$simulator" image --component bios --version 2.1.0 --size 64KiB -o "$folder/bios.bin" >/dev/null
expect 0 'imported' repo import "$folder/bios.bin"
cat >"$FARRIER_CONF_DIR/baselines/b.conf" <<'END'
baseline = {
  name = "b";
  targets = ( { match = { type = "bios"; }; version = "2.1.0"; } );
};
END
expect 7 'nobody to ask' apply n1 -b b
"$farrier" apply n1 -b b -y >"$folder/apply" 2>&1 </dev/null &
apply=$!
pids=$apply
tries=0
until "$farrier" job list --open 2>/dev/null | grep -q firmware_update; do
    tries=$((tries + 1))
    [ $tries -lt 200 ] || { cat "$folder/apply"; break; }
    sleep 0.05
done
expect 0 'n1' host list
expect 9 "which process $apply holds" host label n1 x=y
expect 0 "process $apply runs jobs" server status
job=$("$farrier" job list --open | sed -n 's/^\(job-[a-z0-9]*\).*/\1/p' | head -n 1)
expect 0 "$job" why "$job"
expect 0 'asked to stop' job cancel "$job" -y
wait "$apply"
exit=$?
pids=
cp "$folder/apply" "$folder/out"
wants "the cancelled run says so" 8 'cancel'
expect 0 'cancelled' job show "$job"

# --- what a job, a list and a baseline say when they are not as they should be

expect 4 'only a parked job is tried again' job retry "$job"
expect 4 'does not wait for an approval' job approve "$job" -y
expect 4 "does not wait for a person's answer" job resolve "$job" --as done -y
printf 'name,bmc\nx y,https://127.9.9.9\n' >"$folder/hosts.csv"
expect 2 'hosts.csv:2: name' host import "$folder/hosts.csv"
cp "$FARRIER_CONF_DIR/baselines/b.conf" "$FARRIER_CONF_DIR/baselines/c.conf"
sed -i 's/"b"/"c"/' "$FARRIER_CONF_DIR/baselines/c.conf"
expect 2 'b.conf:3 .*c.conf:3 .*with the same priority' apply n1 -b b -b c --dry-run
rm "$FARRIER_CONF_DIR/baselines/c.conf"

# --- a workflow that is wrong: nothing is stored for it

plans=$("$farrier" plan list -o json | grep -c '"id"')
expect 3 'nonesuch' apply n1 -b b -w nonesuch -y
expect 2 "has no input 'nosuch'" apply n1 -b b -i nosuch=1 -y
now=$("$farrier" plan list -o json | grep -c '"id"')
[ "$plans" -eq "$now" ]
report $? "no plan is left for a workflow that cannot run ($plans, then $now)" "said:"

# --- a disk that is full, a store that is read-only

if [ "$(id -u)" -eq 0 ] && unshare -m true 2>/dev/null; then
    mkdir "$folder/small"
    unshare -m sh -c '
        mount -t tmpfs -o size=2m none "$1" && cp -R "$FARRIER_HOME/." "$1" \
            && { head -c 4M /dev/zero >"$1/ballast" 2>/dev/null; true; } || exit 99
        FARRIER_HOME=$1 "$2" host add full --bmc 10.9.9.9
        status=$?
        rm "$1/ballast"
        FARRIER_HOME=$1 "$2" host list n1 >/dev/null || exit 98
        exit $status' sh "$folder/small" "$farrier" >"$folder/out" 2>&1
    exit=$?
    [ "$exit" -eq 1 ] && grep -Eqi 'full|space' "$folder/out"
    report $? "a full disk: exit $exit, and the store is good afterwards" "said:"

    unshare -m sh -c '
        mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" || exit 99
        "$2" host list n1 >/dev/null || exit 98
        "$2" host add readonly --bmc 10.9.9.9' sh "$FARRIER_HOME" "$farrier" >"$folder/out" 2>&1
    exit=$?
    [ "$exit" -eq 1 ] && grep -Eqi 'read-only|cannot' "$folder/out"
    report $? "a read-only store is read, and a change says why not: exit $exit" "said:"
else
    echo "# a full disk and a read-only store need root and mount namespaces: skipped"
fi
expect 0 'n1' host list

total
