#!/bin/sh
# cli-test.sh: the command line with nothing behind it: mistakes, exit statuses, output, files.
#
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Farrier authors

# shellcheck source=tests/e2e/cli-lib.sh
. "$(dirname "$0")/cli-lib.sh"
conf=$FARRIER_CONF_DIR

# --- the command line itself

expect 0 'Usage: farrier NOUN'
expect 0 'accept-identity' help
expect 0 'farrier host add NAME' host
expect 0 'password-file FILE' host add --help
expect 0 '^farrier [0-9]' version
expect 2 'did you mean `farrier host`' hots
expect 2 'did you mean `farrier host list`' host lsit
expect 2 'did you mean --output' host list --otuput json
expect 2 'NAME is missing' host add
expect 2 '"b" is too much' host show a b
expect 2 'did you mean json' host list -o jsn
expect 2 'no completion for "tcsh"' completion tcsh
expect 3 'no command "host frob"' help host frob
"$farrier" completion bash >"$folder/completion" && bash -n "$folder/completion" >"$folder/out" 2>&1
exit=$?
wants "the bash completion is bash" 0 ''
"$farrier" help scdoc >"$folder/commands"
sed -n '/^# COMMANDS/,/^# EXIT STATUS/p' "$source/docs/farrier.1.scd" | sed '$d' \
    | diff "$folder/commands" - >"$folder/out"
exit=$?
wants "farrier(1) tells every command and option (farrier help scdoc)" 0 ''
"$farrierd" --check >"$folder/out" 2>&1
exit=$?
[ ! -e "$FARRIER_HOME/store.db" ] || { exit=1; echo 'a store was made' >>"$folder/out"; }
wants "farrierd --check changes nothing" 0 ''
"$farrier" host list >/dev/full 2>"$folder/out"
exit=$?
wants "a full disk behind stdout" 1 'output could not be written'

# --- hosts

expect 0 'no hosts yet' host list
expect 2 'bmc is missing' host add n1
expect 2 'has a path' host add n1 --bmc https://10.0.0.1/redfish
expect 2 'contains a user' host add n1 --bmc https://root:simulated@10.0.0.1
expect 2 'neither https nor http' host add n1 --bmc ftp://10.0.0.1
expect 2 'the host name "n 1"' host add 'n 1' --bmc 10.0.0.1
expect 2 'stands for every host' host add all --bmc 10.0.0.1
expect 2 'no --password-file' host add n1 --bmc 10.0.0.1 --user root
expect 3 'cannot open the secret file' host add n1 --bmc 10.0.0.1 -u root \
    --password-file "$folder/no"
chmod 644 "$folder/password"
expect 6 'chmod 600' host add n1 --bmc 10.0.0.1 -u root --password-file "$folder/password"
chmod 600 "$folder/password"
: >"$folder/empty"
chmod 600 "$folder/empty"
expect 2 'is empty' host add n1 --bmc 10.0.0.1 -u root --password-file "$folder/empty"
expect 2 'goes with none of' host trust n1 --forget --insecure
expect 2 'only one of' host add n1 --bmc 10.0.0.1 --insecure --pin 00
expect 2 '64 hex digits' host add n1 --bmc 10.0.0.1 --pin 00
expect 2 'is no KEY=VALUE' host add n1 --bmc 10.0.0.1 --label rack
expect 2 'is no label' host add n1 --bmc 10.0.0.1 --label 'Rack 1=x'
expect 3 'there is no plugin nonesuch' host add n1 --bmc 10.0.0.1 --plugin nonesuch
expect 2 'did you mean bios' host add n1 --bmc 10.0.0.1 --plugin generic_redfish:boos
expect 0 'host n1 added' host add n1 --bmc 10.0.0.1 -u root --password-file "$folder/password" \
    --label rack=r1 --plugin generic_redfish
expect 1 'there is a host n1 already' host add n1 --bmc 10.0.0.9
expect 1 'the BMC of host n1 already' host add n2 --bmc https://10.0.0.1:443
expect 0 'host n2 added' host add n2 --bmc '[2001:db8::2]:8443' --os 10.1.0.2
expect 0 'https://\[2001:db8::2\]:8443' host show n2
expect 0 '^ *- plugin: generic_redfish' host show n1 -o yaml
expect 0 '"user": "root"' host show n1 -o json
expect 3 'did you mean n1|farrier host list' host show n11
expect 0 '1 hosts labelled' host label n2 rack=r2 role=db
expect 2 'neither KEY=VALUE nor KEY-' host label n2 rack
expect 0 '^n2 ' host list 'rack=r2,!n1'
expect 3 'matches none of 2 hosts' host list rack=r9
expect 2 'column 4' host list 'n1,'
expect 3 'no hosts|3 of 4 names' host list 'n[2-5]'
expect 2 'every host' host exclude all
expect 0 '1 hosts excluded' host exclude n2 --reason 'in repair'
expect 4 'excluded already' host exclude n2
expect 7 'nobody to ask' host remove n2
expect 4 'has not changed' host accept-identity n1 -y
expect 2 'can be changed, not removed' host endpoint n1 bmc --remove
expect 0 'endpoint removed' host endpoint n2 os --remove
expect 3 'no endpoint os' host endpoint n2 os --remove
expect 0 'host n2 removed' host remove n2 -y
expect 3 'no host n2' host remove n2 -y

# --- lists of hosts: all or nothing

cat >"$folder/hosts.csv" <<END
name,bmc,user,password_file,labels
n3,10.0.0.3,root,password,rack=r3
n 4,10.0.0.4,,,
n5,10.0.0.1,,,
n3,10.0.0.6,,,
n7,10.0.0.7,root,missing,
END
expect 2 'hosts.csv:3: name' host import "$folder/hosts.csv"
run host import "$folder/hosts.csv"
wants "the BMC of another host is found" 2 'hosts.csv:4: bmc: .*BMC of host n1'
wants "a name that comes twice is found" 2 'hosts.csv:5: name: '
wants "a missing password file is found" 2 'hosts.csv:6: password_file'
wants "nothing was added" 2 '4 of 5 hosts are wrong, 0 were added'
expect 3 'no host n3' host show n3
expect 5 '4 of 5 hosts are wrong, 1 were added' host import "$folder/hosts.csv" --partial
expect 0 'r3' host show n3
printf 'name,bcm\n' >"$folder/bad.csv"
expect 2 'bad.csv:1: unknown column "bcm"' host import "$folder/bad.csv"
printf '[{"name": "n8", "bmc": "10.0.0.8"},\n {"name": "n9"}]\n' >"$folder/hosts.json"
expect 2 'hosts.json:2: bmc' host import "$folder/hosts.json"
printf '[{"name": "n8", "bmc": "10.0.0.8"}]\n' >"$folder/hosts.json"
expect 0 '1 hosts would be added' host import "$folder/hosts.json" --dry-run
expect 3 'no host n8' host show n8
expect 0 '1 hosts added' host import "$folder/hosts.json"
expect 3 'nowhere' host import "$folder/nowhere.csv"

# --- secrets stay secret

if grep -arl simulated "$FARRIER_HOME" >"$folder/out" 2>/dev/null; then
    report 1 "no password lies in the home in the clear" "found in:"
else
    report 0 "no password lies in the home in the clear"
fi
chmod 440 "$FARRIER_HOME/keys/store.key"
expect 1 'chmod 400' credential set n1 -u root --password-file "$folder/password"
chmod 400 "$FARRIER_HOME/keys/store.key"
mv "$FARRIER_HOME/keys/store.key" "$folder/store.key"
expect 1 'there is no key file' credential set n1 -u root --password-file "$folder/password"
head -c 32 /dev/urandom >"$FARRIER_HOME/keys/store.key"
chmod 400 "$FARRIER_HOME/keys/store.key"
run host show n1
wants "another key file is noticed" 0 'sealed under key [0-9a-f]+, the key file'
mv -f "$folder/store.key" "$FARRIER_HOME/keys/store.key"
expect 0 'user root' host show n1

# --- files of the configuration

expect 0 'workflows are good' workflow check
sed 's/retry = {/retrys = {/' "$source/conf.d/workflows/inventory.conf" >"$conf/workflows/typo.conf"
sed -i 's/name = "inventory"/name = "typo"/' "$conf/workflows/typo.conf"
line=$(grep -n 'retrys' "$conf/workflows/typo.conf" | cut -d: -f1)
expect 2 "typo.conf:$line: .*did you mean 'retry'" workflow check
expect 2 'mistakes' config check
expect 2 "typo" workflow check "$conf/workflows/typo.conf"
rm "$conf/workflows/typo.conf"
expect 3 'did you mean inventory' workflow show inventroy
expect 0 'identify' workflow show inventory
expect 0 'digraph' workflow show inventory --format dot
printf 'baseline = {\n  name = "bad";\n  targets = ( { match = { typ = "bios"; }; } );\n};\n' \
    >"$conf/baselines/bad.conf"
expect 2 'bad.conf:3' baseline check
expect 2 'bad.conf:3' plan n1 -b bad
rm "$conf/baselines/bad.conf"
expect 3 'no baseline nonesuch' plan n1 -b nonesuch
printf 'paths = { stoer = "x"; };\n' >"$conf/farrier.conf"
expect 2 'farrier.conf:1.*did you mean' host list
expect 0 'Usage' help
cp "$source/conf.d/farrier.conf" "$conf/farrier.conf"

# --- images

printf 'not an image' >"$folder/x.bin"
expect 2 '--type|--vendor|type|vendor' repo import "$folder/x.bin"
"$simulator" image --component bios --version 2.1.0 --size 64KiB -o "$folder/bios.bin" >/dev/null
echo "0000000000000000000000000000000000000000000000000000000000000000  bios.bin" \
    >"$folder/bios.bin.sha256"
expect 1 '000000000000' repo import "$folder/bios.bin"
rm "$folder/bios.bin.sha256"
expect 0 'imported' repo import "$folder/bios.bin"
expect 0 'unchanged' repo import "$folder/bios.bin"
expect 0 '1 images' repo verify
object=$(find "$FARRIER_HOME/firmware-repo/objects" -type f | head -n 1)
chmod u+w "$object" && printf x >>"$object"
expect 1 'differ|size|bytes' repo verify
expect 3 'nonesuch' repo show nonesuch
expect 2 'files are named, or --incoming' repo import

# --- plans, jobs, plugins

expect 3 'no baseline applies' plan n1
expect 3 'plan-nonesuch' plan show plan-nonesuch
expect 3 'job-nonesuch' job show job-nonesuch
expect 3 'job-nonesuch' why job-nonesuch
expect 3 'job-nonesuch' job cancel job-nonesuch -y
expect 2 '--as is missing' job resolve job-nonesuch
expect 4 'no job is open' job watch
expect 4 'no job is open' job resume
expect 0 'no jobs' job list
expect 0 'generic_redfish +registered' plugin list
expect 3 'did you mean generic_redfish' plugin info generic_redfsh
expect 0 'no farrierd' server status

# --- a store that cannot be used

cp "$FARRIER_HOME/store.db" "$folder/kept.db"
printf 'this is no store at all, only some text that is long enough' >"$FARRIER_HOME/store.db"
rm -f "$FARRIER_HOME/store.db-wal" "$FARRIER_HOME/store.db-shm"
expect 1 'store.db' host list
cp "$folder/kept.db" "$FARRIER_HOME/store.db"
expect 0 'n1' host list

total
