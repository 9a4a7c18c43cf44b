#!/bin/sh
# peers-test.sh: clients that are not ours read and update simulated BMCs: python3-sushy with an
# image from nginx, redfishtool, curl. Skips (77) where these packages are missing.
#
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Farrier authors

build=${FARRIER_TEST_BUILDDIR:-.}
source=${FARRIER_TEST_SRCDIR:-.}
python=${FARRIER_TEST_PYTHON:-/usr/bin/python3}
sim=${FARRIER_TEST_SIM:-$build/sdk/sim/farrier-sim}
work=$(mktemp -d "${TMPDIR:-/tmp}/farrier-peers.XXXXXX") || exit 99
nginx=$(command -v nginx || command -v /usr/sbin/nginx)
number=0
failures=0

# They override verify=… in python-requests; proxies have no business with 127.0.0.0/8.
unset REQUESTS_CA_BUNDLE CURL_CA_BUNDLE SSL_CERT_FILE http_proxy https_proxy HTTP_PROXY HTTPS_PROXY
export FARRIER_SIM_DIR="$work/sim"

stop () {
    "$sim" down >/dev/null 2>&1
    [ -f "$work/nginx.pid" ] && kill "$(cat "$work/nginx.pid")" 2>/dev/null
    rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT TERM HUP

skip () {
    echo "1..0 # SKIP $*"
    exit 77
}

check () {
    number=$((number + 1))
    if [ "$2" = "$3" ]; then
        echo "ok $number - $1"
    else
        failures=$((failures + 1))
        echo "not ok $number - $1"
        echo "# wanted '$3', got '$2'"
    fi
}

[ -x "$sim" ] || { echo "Bail out! $sim is not built"; exit 1; }
[ -n "$nginx" ] || skip "nginx is not installed (package nginx-light)"
command -v redfishtool >/dev/null || skip "redfishtool is not installed"
"$python" -c 'import sushy' 2>/dev/null || skip "python3-sushy is not installed"
"$python" -c 'import requests' 2>/dev/null || skip "python3-requests is not installed"

# An image server on a port that nobody else has: taken from the kernel, given to nginx.
free_port () {
    "$python" -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

start_nginx () {
    mkdir "$work/www" "$work/tmp"
    port=$(free_port)
    cat >"$work/nginx.conf" <<END
pid $work/nginx.pid;
error_log $work/nginx.err;
events { }
http {
    access_log off;
    client_body_temp_path $work/tmp; proxy_temp_path $work/tmp; fastcgi_temp_path $work/tmp;
    uwsgi_temp_path $work/tmp; scgi_temp_path $work/tmp;
    server { listen 127.0.0.1:$port; root $work/www; }
}
END
    chmod 755 "$work" "$work/www"
    "$nginx" -c "$work/nginx.conf" -e "$work/nginx.err"
}

"$sim" up --hosts 2 --mix generic:1,openbmc:1 --base 127.77.0.1 --port 0 --time-scale 0.05 \
    --daemonize >"$work/up.log" 2>&1 || {
        cat "$work/up.log"
        echo "Bail out! no simulator"
        exit 1
    }
urls=$(sed -n 's/.*"url": *"\([^"]*\)".*/\1/p' "$work/sim/fleet.json")
generic=$(echo "$urls" | sed -n 1p)
openbmc=$(echo "$urls" | sed -n 2p)
start_nginx || { cat "$work/nginx.err"; echo "Bail out! no nginx"; exit 1; }
"$sim" image --component bios --version 2.1.0 --model generic --size 1MiB \
    -o "$work/www/bios-2.1.0.bin" >/dev/null || exit 1

# ---- python3-sushy: its own TAP lines are counted on

"$python" "$source/tests/e2e/peers-sushy.py" "$generic" "$work/sim/ca.pem" admin \
    "$work/sim/password" "http://127.0.0.1:$port/bios-2.1.0.bin" 2.1.0 >"$work/sushy.tap" \
    2>"$work/sushy.err"
sushy_status=$?
cat "$work/sushy.tap"
number=$(grep -c -E '^(not )?ok ' "$work/sushy.tap")
[ $sushy_status -eq 0 ] || { sed 's/^/# /' "$work/sushy.err" >&2; failures=$((failures + 1)); }
check "sushy: the script ran to its end" "$sushy_status" 0
stats=$("$sim" stats --json --host sim-0001 | "$python" -c '
import json, sys
host = list(json.load(sys.stdin)["hosts"].values())[0]
bios = host["components"]["bios"]
print(bios["flashes_started"], bios["flashes_completed"], bios["flashed_by_version"].get("2.1.0"),
      host["pulls"], host["duplicates"])')
check "sushy: one pull, one flash, nothing twice" "$stats" "1 1 1 1 0"

# ---- redfishtool: the password by a file

printf '{"user": "admin", "password": "%s"}\n' "$(cat "$work/sim/password")" >"$work/tool.json"
chmod 600 "$work/tool.json"
tool () {
    host=$1
    shift
    redfishtool -r "${host#https://}" -S Always -n -c "$work/tool.json" "$@" 2>>"$work/tool.err"
}
# The last word of the JSON text at a key; redfishtool prints one member a line.
value () {
    sed -n "s/.*\"$1\": *\"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}\$/\1/p" | head -n 1
}
check "redfishtool: versions" "$(tool "$generic" versions | value v1)" "/redfish/v1/"
check "redfishtool: root" "$(tool "$generic" root | value RedfishVersion)" "1.17.0"
check "redfishtool: the system, by Basic" \
    "$(tool "$generic" Systems -1 | value BiosVersion)" "2.1.0"
check "redfishtool: the system, by a session" \
    "$(tool "$openbmc" -A Session Systems -1 | value Id)" "system"
check "redfishtool: the manager" \
    "$(tool "$openbmc" Managers -1 | value Model)" "OpenBmc (simulated)"
check "redfishtool: inventory" \
    "$(tool "$generic" raw GET /redfish/v1/UpdateService/FirmwareInventory/BIOS | value Version)" \
    "2.1.0"
check "redfishtool: accounts" "$(tool "$generic" AccountService | value Id)" "AccountService"
check "redfishtool: the Update registry" \
    "$(tool "$generic" raw GET /redfish/v1/Registries/Update.json | value RegistryPrefix)" "Update"
check "redfishtool: metadata is XML" "$(tool "$generic" metadata | grep -c '<edmx:Edmx')" "1"
tool "$openbmc" Systems -1 reset ForceOff >/dev/null
check "redfishtool: a reset by its ActionInfo" \
    "$(tool "$openbmc" Systems -1 | value PowerState)" "Off"
sessions=$("$sim" stats --json --host sim-0002 \
    | sed -n 's/.*"sessions_open": *\([0-9]*\).*/\1/p' | head -n 1)
check "redfishtool: leaves no session behind" "$sessions" "0"

echo "1..$number"
[ $failures -eq 0 ]
