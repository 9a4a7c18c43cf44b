#!/bin/sh
# packages-test.sh: the Debian packages in a throw-away root: installed, used, upgraded, removed.
#
# FARRIER_PACKAGES is the folder that make deb filled. The root is made by debootstrap from the
# mirror and with the keyring of this machine's own apt; FARRIER_BASE_ROOT names a folder with a
# minimal Debian that is copied instead. Needs root; everything runs in a mount and process
# namespace of its own, and ends with it. systemctl in the root is a recorder: what the maintainer
# scripts ask of it is judged, and nothing is ever started by systemd.
#
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Farrier authors

set -u
LC_ALL=C
export LC_ALL
source=${FARRIER_TEST_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
packages=${FARRIER_PACKAGES:-packages}

skip_all () {
    echo "$*"
    exit 77
}

[ "$(id -u)" -eq 0 ] || skip_all "a throw-away root needs root"
for tool in debootstrap:debootstrap unshare:util-linux dpkg-deb:dpkg dh:debhelper; do
    command -v "${tool%:*}" >/dev/null 2>&1 \
        || skip_all "${tool%:*} is missing: apt-get install ${tool#*:}"
done
if ! ls "$packages"/farrier-core_*.deb >/dev/null 2>&1; then
    echo "Bail out! no packages in $packages: make deb"
    exit 1
fi
if [ "${1-}" != inside ]; then
    unshare --mount --pid --fork true 2>/dev/null \
        || skip_all "no namespace for mounts and processes is allowed here"
    exec unshare --mount --pid --fork --kill-child --mount-proc --propagation private "$0" inside
fi

packages=$(cd "$packages" && pwd)
folder=$(mktemp -d "${TMPDIR:-/tmp}/farrier-packages.XXXXXX") || exit 1
root=$folder/root
trap 'umount "$root/proc" 2>/dev/null; rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM HUP
out=$folder/out
number=0
failures=0
exit=0

# shellcheck source=tests/packages/packages-lib.sh
. "$source/tests/packages/packages-lib.sh"

make_root
repository "$packages"/*.deb

# --- the core and one plugin, on a bare system

inside apt-get -q -y install systemd
wants "systemd is there, as on most machines" 0 ''
record_systemctl
inside apt-get -q -y --no-install-recommends install farrier-core farrier-plugin-generic-redfish
wants "the core and one plugin are installed" 0 'Setting up farrier-core'
calls_have_not ' (start|restart|enable|reenable|try-restart) .*farrierd'
wants "nothing was started or enabled" 0 ''
inside sh -c 'test ! -e /etc/systemd/system/multi-user.target.wants/farrierd.service'
wants "the service is not enabled" 0 ''
inside sh -c 'id farrier && stat -c "%U %a" /var/lib/farrier'
wants "its user has a private folder" 0 'farrier 700'
inside systemd-analyze verify --man=no /lib/systemd/system/farrierd.service
wants "the unit is good" 0 ''
as_farrier farrierd --check
wants "farrierd --check reads the configuration and the plugin" 0 ''
check_owned

# --- used

inside apt-get -q -y --no-install-recommends install farrier farrier-cli farrier-sim farrier-sdk
wants "the command line, the simulator and the SDK are installed" 0 ''
inside sh -c 'bash -n /usr/share/bash-completion/completions/farrier && grep -c baseline \
    /usr/share/bash-completion/completions/farrier'
wants "the completion comes with the command line" 0 ''
inside farrier plugin list
wants "the plugin is registered" 0 'generic_redfish +registered'
start_fleet
take_possession
start_daemon
inside farrier inventory refresh --all
wants "the fleet's inventory is read" 0 ''
inside farrier apply --all --baseline fleet -y --wait
wants "the plan is applied" 0 ''
inside farrier job list
wants "one host is verified" 0 'n0001 .*verified'
wants "the other one is verified" 0 'n0002 .*verified'

# --- a plugin of somebody else

foreign_plugin
inside apt-get -q -y install farrier-plugin-abi-example
wants "a package with a plugin from out of the tree is installed" 0 'abi-example'
inside dpkg-query -W -f '${Depends}' farrier-plugin-abi-example
wants "its dependency was read from the plugin" 0 'farrier-plugin-abi-1 \(>= 0\)'
inside apt-get -q -y install farrier-plugin-abi-future
wants "a plugin for a later ABI is refused, with the reason" 100 'farrier-plugin-abi-1 \(>= 9\)'
inside farrier plugin list
wants "the running daemon has not changed" 0 '^generic_redfish'
grep -q abi_example "$out" && exit=1
wants "the running daemon has not loaded the new plugin" 0 ''
inside farrier reload
inside farrier plugin list
wants "a reload loads the new plugin" 0 'abi_example +registered'
stop_daemon
inside farrier plugin list
wants "the new plugin loads without a daemon" 0 'abi_example +registered'
wants "and the first one as well" 0 'generic_redfish +registered'

# --- an upgrade under a running daemon

start_daemon
inside sh -c 'echo "# edited here" >>/etc/farrier/farrier.conf'
later_packages
: >"$root/run/farrierd.active"
: >"$root/var/log/systemctl.calls"
inside apt-get -q -y -o Dpkg::Options::=--force-confold dist-upgrade
wants "everything is upgraded" 0 'Setting up farrier-core \(.*\+later\)'
wants "the operator is told to restart when it suits" 0 'systemctl restart farrierd'
calls_have_not ' (stop|start|restart|try-restart|enable) .*farrierd'
wants "the daemon was left alone" 0 ''
kill -0 "$daemon"
exit=$?
wants "the daemon runs on" 0 ''
inside farrier host list
wants "the store was kept, and the daemon answers" 0 'n0002'
inside sh -c 'cat /etc/farrier/farrier.conf /etc/farrier/workflows/inventory.conf'
wants "an edited file was kept" 0 '# edited here'
wants "a file that nobody edited is the new one" 0 '# of the later version'
stop_daemon
inside farrier host list
wants "the new version reads the store" 0 'n0001'

# --- removal

inside apt-get -q -y remove farrier-plugin-abi-example
wants "one plugin is removed" 0 'Removing farrier-plugin-abi-example'
inside farrier plugin list
wants "the other one still works" 0 'generic_redfish +registered'
wants "the settings of the removed one are shown as such" 0 'abi_example +absent'
inside farrier inventory refresh n0001
wants "and reads the fleet" 0 ''
inside apt-get -q -y purge farrier-plugin-abi-example
inside farrier plugin list
grep -q abi_example "$out" && exit=1
wants "once purged, nobody remembers the removed one" 0 ''
: >"$root/var/log/systemctl.calls"
inside apt-get -q -y remove farrier-core
wants "the core is removed, and what needs it" 0 'Removing farrier-plugin-generic-redfish'
calls_have ' stop .*farrierd'
wants "the daemon was told to stop" 0 ''
inside sh -c 'test -s /var/lib/farrier/store.db && test -s /etc/farrier/farrier.conf \
    && ls /var/lib/farrier/keys/*.key'
wants "the store, the keys and the configuration were kept" 0 ''
inside apt-get -q -y --no-install-recommends install farrier-cli farrier-plugin-generic-redfish
inside farrier host list
wants "installed again, everything is there" 0 'n0002'
inside apt-get -q -y purge 'farrier*'
wants "everything is purged" 0 'Purging configuration files for farrier-core'
inside ls /etc/farrier/baselines
wants "a file of the operator's own is left alone" 0 'fleet.conf'
rm -rf "$root/etc/farrier"
inside sh -c 'find / -xdev \( -path /proc -o -path /packages -o -path /tmp -o -path /var/log \
    -o -path /var/cache -o -path /var/lib/apt \) -prune -o -iname "*farrier*" -print'
test -s "$out" && exit=1
wants "nothing is left behind" 0 ''
judge_with_lintian
total
