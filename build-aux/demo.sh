#!/bin/sh
# demo.sh BUILD [--once]: a simulated fleet goes from old firmware to its baseline.
#
# Everything lives in BUILD/demo and is made anew each time. Without --once the fleet and the daemon
# stay until Ctrl-C, for trying commands; with it the script ends by itself: 0 when every host is
# verified or noop, and there is at least one of each. DEMO_HOSTS: how many hosts [8].
#
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Farrier authors

set -u
build=$1
shift
once=
case ${1-} in
    '') ;;
    --once) once=yes ;;
    *) echo "usage: ./quickstart demo [--once]" >&2; exit 2 ;;
esac

source=$(cd "$(dirname "$0")/.." && pwd)
demo=$build/demo
hosts=${DEMO_HOSTS:-8}
farrier=$build/farrier
simulator=$build/farrier-sim
FARRIER_HOME=$demo/home
FARRIER_CONF_DIR=$demo/conf.d
export FARRIER_HOME FARRIER_CONF_DIR
daemon_pid=

# A step as the reader would type it.
show () {
    printf '\n$ %s\n' "$*"
}

run () {
    show "$(echo "$*" | sed "s#$build/##g; s#$source/##g; s#^farrier#./farrier#")"
    "$@"
}

fail () {
    echo "demo: $*" >&2
    exit 1
}

stop () {
    status=$?
    trap - EXIT INT TERM HUP
    if [ -n "$daemon_pid" ]; then
        kill "$daemon_pid" 2>/dev/null && wait "$daemon_pid" 2>/dev/null
    fi
    [ ! -f "$demo/sim/fleet.json" ] || "$simulator" down --state-dir "$demo/sim" >/dev/null 2>&1
    exit $status
}

prepare () {
    # What an earlier demonstration left running is ended by its own command, never by name.
    if [ -f "$demo/sim/fleet.json" ]; then
        "$simulator" down --state-dir "$demo/sim" >/dev/null 2>&1
    fi
    rm -rf "$demo"
    mkdir -p "$demo/images" "$FARRIER_HOME" && chmod 700 "$FARRIER_HOME" \
        && cp -R "$source/conf.d" "$FARRIER_CONF_DIR" && chmod -R u+w "$FARRIER_CONF_DIR" \
        || fail "cannot make $demo"
    # A simulated BMC settles in seconds: the demonstration's workflow waits less than the real one.
    workflow=$FARRIER_CONF_DIR/workflows/firmware-provisioning.conf
    sed 's/interval = "30s"/interval = "2s"/' "$workflow" >"$demo/workflow" \
        && mv "$demo/workflow" "$workflow"
    cat >"$FARRIER_CONF_DIR/baselines/demo.conf" <<'END'
# What the demonstration's fleet shall run.
baseline = {
  name = "demo";
  summary = "Simulated fleet, newest firmware";
  targets = (
    { match = { type = "bmc"; model = "SIM-G1*"; }; version = "1.2.0"; },
    { match = { type = "bmc"; model = "SIM-O1*"; }; version = "2.15.0"; },
    { match = { type = "bios"; }; version = "2.1.0"; }
  );
};
END
}

start_fleet () {
    generic=$((hosts * 5 / 8))
    show "farrier-sim up --hosts $hosts   # $generic with a DMTF UpdateService, the rest OpenBMC"
    "$simulator" up --hosts "$hosts" --mix "generic:$generic,openbmc:$((hosts - generic))" \
        --state-dir "$demo/sim" --daemonize --port 0 --latency 50 --flash-time 4000 \
        --reboot-time 3000 --name-prefix n --set-version n0001:bmc=1.2.0 \
        --set-version n0001:bios=2.1.0 || fail "the simulator did not start"
}

import_images () {
    for image in generic-bmc-1.2.0 generic-bios-2.1.0 openbmc-bmc-2.15.0 openbmc-bios-2.1.0; do
        model=${image%%-*} version=${image##*-}
        component=${image#*-} component=${component%-*}
        file=$demo/images/$image.bin
        "$simulator" image --model "$model" --component "$component" --version "$version" \
            --size 2MiB -o "$file" >/dev/null || fail "no image $image"
        run "$farrier" repo import "$file" || fail "the import of $image failed"
    done
}

# The fleet as CSV, from the simulator's own description of itself.
fleet_csv () {
    echo "name,bmc,user,password_file,labels"
    awk -F '"' -v password="$demo/sim/password" '
        $2 == "name" { name = $4 }
        $2 == "url" { printf "%s,%s,admin,%s,rack=r1\n", name, $4, password }
    ' "$demo/sim/fleet.json"
}

start_daemon () {
    show "farrierd &"
    "$build/farrierd" >"$demo/farrierd.log" 2>&1 &
    daemon_pid=$!
    tries=0
    until [ -S "$FARRIER_HOME/run/farrierd.sock" ]; do
        kill -0 "$daemon_pid" 2>/dev/null || { cat "$demo/farrierd.log" >&2; fail "no farrierd"; }
        tries=$((tries + 1))
        [ $tries -lt 100 ] || fail "farrierd did not open its socket: see $demo/farrierd.log"
        sleep 0.1
    done
}

# 0 when every host is verified or noop, and there is at least one of each. A host that runs its
# baseline already gets no job: the plan says so.
judge () {
    "$farrier" job list -o json >"$demo/jobs.json" || return 1
    plan=$("$farrier" plan list | sed -n 's/^\(plan-[a-z0-9]*\).*/\1/p' | head -n 1)
    "$farrier" plan show "$plan" >"$demo/plan.txt" || return 1
    verified=$(grep -o '"status": *"verified"' "$demo/jobs.json" | wc -l)
    noop=$(grep -c '^n[0-9]* *noop ' "$demo/plan.txt")
    echo
    echo "demo: $verified verified, $noop noop, of $hosts hosts"
    [ "$verified" -ge 1 ] && [ "$noop" -ge 1 ] && [ $((verified + noop)) -eq "$hosts" ]
}

trap stop EXIT
trap 'exit 130' INT TERM HUP
prepare
start_fleet
start_daemon
fleet_csv >"$demo/fleet.csv"
run "$farrier" host import "$demo/fleet.csv" || fail "the hosts were not added"
import_images
run "$farrier" inventory refresh --all || fail "the inventory failed"
run "$farrier" plan create --all --baseline demo || fail "no plan"
run "$farrier" apply --all --baseline demo -y --watch
run "$farrier" host list
judge
verdict=$?

if [ -z "$once" ]; then
    echo
    echo "The fleet and the daemon run on until Ctrl-C. In another terminal:"
    echo "  export FARRIER_HOME=$FARRIER_HOME FARRIER_CONF_DIR=$FARRIER_CONF_DIR"
    echo "  $farrier why n0002"
    echo "  $farrier job log --host n0002"
    echo "  $simulator inject --state-dir $demo/sim n0003 flash-fail"
    wait "$daemon_pid"
fi
exit $verdict
