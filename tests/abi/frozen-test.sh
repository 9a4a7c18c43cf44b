#!/bin/sh
# frozen-test.sh: plugins that were built for an earlier version of the ABI load and work.
#
# Each binary of tests/abi/frozen for this processor, and one that is built now from the same
# source, is loaded by the real farrier, and runs its tour of the services on a simulated BMC.
#
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Farrier authors

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/e2e/cli-lib.sh
. "$here/../e2e/cli-lib.sh"
generic=$build/plugins/.run/generic_redfish.so
if [ ! -e "$generic" ]; then
    echo "the plugin generic_redfish is not built: it reads the inventory"
    exit 77
fi
cc=${CC:-cc}
# shellcheck disable=SC2086
arch=$($cc -dumpmachine | cut -d- -f1) || { echo "no compiler"; exit 77; }

# case_of STATUS NAME: what is in $folder/out is told when it failed.
case_of () {
    report "$1" "$2" "it said:"
}

# --- the set of today, and what freeze refuses

"$here/freeze" --draft "$folder/frozen" >"$folder/out" 2>&1
case_of $? "a set is built from the example plugin"
before=$(cat "$folder"/frozen/*/"$arch"/SHA256SUMS)
"$here/freeze" --draft "$folder/frozen" >"$folder/out" 2>&1
[ $? -eq 1 ] && grep -q 'never written over' "$folder/out" \
    && [ "$before" = "$(cat "$folder"/frozen/*/"$arch"/SHA256SUMS)" ]
case_of $? "a set that is there is not written over"
if grep -q '^#define FARRIER_ABI_DRAFT 1' "$source/sdk/include/farrier/version.h"; then
    "$here/freeze" >"$folder/out" 2>&1
    [ $? -eq 1 ] && grep -q 'may still change' "$folder/out"
    case_of $? "a draft is not frozen"
fi

# --- a fleet of one

FARRIER_SIM_PERSONALITIES=$source/sdk/sim/personalities
export FARRIER_SIM_PERSONALITIES
"$simulator" up --hosts 1 --mix generic:1 --state-dir "$FARRIER_SIM_DIR" --daemonize --port 0 \
    --flash-time 500 --reboot-time 200 --name-prefix n >"$folder/out" 2>&1
case_of $? "a simulated BMC answers"
url=$(sed -n 's/.*"url": *"\([^"]*\)".*/\1/p' "$FARRIER_SIM_DIR/fleet.json" | head -n 1)
"$simulator" image --model generic --component bios --version 2.1.0 --size 64KiB \
    -o "$folder/bios.bin" >/dev/null
digest=$(sha256sum "$folder/bios.bin" | cut -d' ' -f1)
cat >"$FARRIER_CONF_DIR/plugins/abi_example.conf" <<END
# What the frozen plugin is told.
enabled = true;
settings = { pause = "20ms"; greeting = "good day"; };
END
cat >"$FARRIER_CONF_DIR/workflows/tour.conf" <<END
# One step of the frozen plugin, and its results where the test can read them.
workflow = {
  name = "tour";
  phases = ( { name = "tour"; steps = (
    { action = "abi_example.tour"; component = "BIOS"; image = "sha256:$digest"; number = 42;
      save = "seen"; },
    { action = "notify"; message = "Redfish \${seen.redfish}, versions \${seen.versions}, \
kept \${seen.kept}, image \${seen.image}, number \${seen.number}, \${seen.greeting}"; }
  ); } );
};
END
run repo import "$folder/bios.bin"
wants "an image is imported" 0 ''
run host add n1 --bmc "$url" -u admin --password-file "$FARRIER_SIM_DIR/password"
wants "the host is added" 0 ''
run inventory refresh n1
wants "its inventory is read" 0 ''

# --- each set

# tour SET: loads the plugin of a set and runs its op.
tour () {
    set=$1
    what=$(basename "$(dirname "$set")")
    (cd "$set" && sha256sum -c SHA256SUMS) >"$folder/out" 2>&1
    case_of $? "$what: the binary is the one that was frozen"
    rm -rf "$folder/plugins" && mkdir "$folder/plugins" \
        && cp "$set/abi_example.so" "$folder/plugins/" && ln -s "$generic" "$folder/plugins/"
    FARRIER_PLUGIN_DIR=$folder/plugins
    run plugin info "$folder/plugins/abi_example.so"
    wants "$what: it can be looked at without being run" 0 'abi_example'
    run plugin info abi_example
    wants "$what: it loads" 0 'registered'
    run workflow run tour n1 -y --wait
    job=$("$farrier" job list -o json | grep -o '"job-[a-z0-9]*"' | head -n 1 | tr -d '"')
    wants "$what: its op runs to the end" 0 ''
    run job log "$job"
    wants "$what: its results are what it saw" 0 \
        'Redfish 1[.][0-9.]+, versions [1-9][0-9]*, kept yes, image 2.1.0, number 42, good day'
}

for set in "$folder"/frozen/*/"$arch" "$here"/frozen/*/"$arch"; do
    [ -d "$set" ] || continue
    tour "$set"
done
total
