#!/bin/sh
# captures-test.sh: `farrier inventory refresh` against recorded BMCs, served by nginx over TLS.
#
# The recordings lie beside the source tree (../shared/captures, not part of it) or in
# FARRIER_CAPTURES. Expected: as many components as a recording's FirmwareInventory has members (a
# GH200's names one of its 20 twice); a BMC without FirmwareInventory gets a clear reason instead.
# nginx knows no sessions (405), so this goes over Basic. Skipped, with the reason, where recordings
# or nginx are missing.
#
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Farrier authors

set -u
LC_ALL=C
export LC_ALL
source=${FARRIER_TEST_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
build=${FARRIER_TEST_BUILDDIR:-$(pwd)}
captures=${FARRIER_CAPTURES:-$source/../shared/captures}
python=/usr/bin/python3
nginx_pid=
number=0

skip () {
    echo "$1"
    exit 77
}

[ -d "$captures" ] || skip "there is no $captures (recorded BMCs)"
PATH=$PATH:/usr/sbin
for program in nginx openssl "$python"; do
    command -v "$program" >/dev/null 2>&1 || skip "$program is not installed"
done
farrier=$build/core/cli/farrier
[ -x "$farrier" ] || { echo "Bail out! $farrier is not built"; exit 1; }

folder=$(mktemp -d "${TMPDIR:-/tmp}/farrier-captures.XXXXXX") || exit 1

stop () {
    status=$?
    trap - EXIT INT TERM HUP
    if [ -n "$nginx_pid" ]; then
        kill "$nginx_pid" 2>/dev/null
        wait "$nginx_pid" 2>/dev/null
    fi
    rm -rf "$folder"
    exit $status
}
trap stop EXIT
trap 'exit 130' INT TERM HUP

FARRIER_HOME=$folder/home
FARRIER_CONF_DIR=$source/conf.d
FARRIER_PLUGIN_DIR=$build/plugins/.run
FARRIER_SPAWN=$build/core/engine/farrier-spawn
export FARRIER_HOME FARRIER_CONF_DIR FARRIER_PLUGIN_DIR FARRIER_SPAWN
mkdir -m 700 "$FARRIER_HOME" "$folder/nginx" || exit 1

# result STATUS NAME [FILE]: one case; FILE tells why it failed.
result () {
    number=$((number + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $number - $2"
    else
        echo "not ok $number - $2"
        [ -z "${3-}" ] || sed 's/^/# /' "$3" | head -n 40
    fi
}

# A port that is free on the first address; all the others are nobody's.
free_port () {
    "$python" -c 'import socket
s = socket.socket()
s.bind(("127.94.0.1", 0))
print(s.getsockname()[1])'
}

server () {
    cat <<END
  server {
    listen $1:$port ssl;
    root "$2";
    location / { default_type application/json; try_files \$uri/index.json \$uri/ =404; }
  }
END
}

write_conf () {
    cat <<END
daemon off;
worker_processes 1;
pid $folder/nginx/pid;
error_log $folder/nginx/error.log;
events { worker_connections 512; }
http {
  access_log off;
  keepalive_timeout 30;
  client_body_temp_path $folder/nginx/body;
  proxy_temp_path $folder/nginx/proxy;
  fastcgi_temp_path $folder/nginx/fastcgi;
  uwsgi_temp_path $folder/nginx/uwsgi;
  scgi_temp_path $folder/nginx/scgi;
  ssl_certificate $folder/nginx/cert.pem;
  ssl_certificate_key $folder/nginx/key.pem;
END
    i=0
    for name in $names; do
        i=$((i + 1))
        server "127.94.0.$i" "$captures/$name"
    done
    echo "}"
}

start_nginx () {
    port=$(free_port)
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
        -subj "/CN=recorded BMC" -keyout "$folder/nginx/key.pem" -out "$folder/nginx/cert.pem" \
        2>"$folder/openssl.err" || { cat "$folder/openssl.err"; return 1; }
    {
        [ "$(id -u)" -ne 0 ] || echo "user root;"
        write_conf
    } >"$folder/nginx/nginx.conf"
    nginx -p "$folder/nginx" -c "$folder/nginx/nginx.conf" -e "$folder/nginx/error.log" &
    nginx_pid=$!
    tries=0
    until "$python" -c "import socket; socket.create_connection(('127.94.0.1', $port), 1)" \
            2>/dev/null; do
        kill -0 "$nginx_pid" 2>/dev/null || { cat "$folder/nginx/error.log"; return 1; }
        tries=$((tries + 1))
        [ $tries -lt 100 ] || return 1
        sleep 0.1
    done
}

# How many members the recording's FirmwareInventory has, and how many of them are different;
# nothing: it has no FirmwareInventory at all.
members () {
    "$python" - "$captures/$1/redfish/v1/UpdateService/FirmwareInventory/index.json" <<'END'
import json, os, sys
if os.path.exists(sys.argv[1]):
    with open(sys.argv[1], encoding="utf-8") as f:
        members = [member["@odata.id"] for member in json.load(f).get("Members", [])]
    print(len(members), len(set(members)))
END
}

components () {
    "$farrier" inventory show "$1" -o json 2>/dev/null | "$python" -c 'import json, sys
try:
    print(len(json.load(sys.stdin)["components"]))
except (ValueError, KeyError):
    print(0)'
}

# one NAME ADDRESS
one () {
    expected=$(members "$1")
    listed=${expected% *} different=${expected#* }
    "$farrier" host add "$1" --bmc "https://$2:$port" --user admin \
        --password-file "$folder/password" >"$folder/out" 2>&1
    status=$?
    if [ $status -ne 0 ]; then
        result 1 "$1: host add" "$folder/out"
        return
    fi
    "$farrier" inventory refresh "$1" --wait >"$folder/out" 2>&1
    status=$?
    found=$(components "$1")
    if [ -n "$expected" ]; then
        text="$found components of $listed members"
        [ "$listed" = "$different" ] || text="$text, of which $different are different"
        echo "exit $status, $text" >>"$folder/out"
        [ $status -eq 0 ] && [ "$found" = "$different" ]
        result $? "$1: $text" "$folder/out"
    else
        # Nothing to list: said in words, with the exit status of a failure.
        "$farrier" why "$1" >>"$folder/out" 2>&1
        [ $status -ne 0 ] && grep -Eqi 'UpdateService|FirmwareInventory' "$folder/out"
        result $? "$1: no FirmwareInventory, and a reason: $(
            grep -Ei -m1 'UpdateService|FirmwareInventory' "$folder/out")" "$folder/out"
    fi
}

names=
for index in "$captures"/*/redfish/v1/index.json; do
    [ -f "$index" ] || continue
    name=${index%/redfish/v1/index.json}
    names="$names ${name##*/}"
done
[ -n "$names" ] || skip "no folder of $captures has redfish/v1/index.json"

(umask 077 && echo "simulated" >"$folder/password")
start_nginx || { echo "Bail out! nginx did not start"; exit 1; }
address=0
for name in $names; do
    address=$((address + 1))
    one "$name" "127.94.0.$address"
done
echo "1..$number"
