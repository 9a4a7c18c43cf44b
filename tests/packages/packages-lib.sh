# packages-lib.sh: the throw-away root of packages-test.sh, and what is done in it. Sourced.
#
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Farrier authors

daemon=

# --- cases

# wants NAME EXIT PATTERN: judges the last command: its exit status, and what it said (grep -E).
wants () {
    number=$((number + 1))
    if [ "$exit" -eq "$2" ] && { [ -z "$3" ] || grep -Eq -- "$3" "$out"; }; then
        echo "ok $number - $1"
        return
    fi
    failures=$((failures + 1))
    echo "not ok $number - $1"
    echo "# exit $exit, wanted $2${3:+ and '$3'} in:"
    tail -n 40 "$out" | sed 's/^/# /'
}

total () {
    echo "1..$number"
    [ "$failures" -eq 0 ]
}

# --- the root

inside () {
    chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 NO_COLOR=1 \
        DEBIAN_FRONTEND=noninteractive ${http_proxy:+"http_proxy=$http_proxy"} \
        ${https_proxy:+"https_proxy=$https_proxy"} "$@" >"$out" 2>&1 </dev/null
    exit=$?
}

as_farrier () {
    inside runuser -u farrier -- "$@"
}

# "SITE RELEASE COMPONENT" of Debian, as this machine's apt has them.
apt_sources () {
    apt-get indextargets --format '$(ORIGIN) $(SITE) $(RELEASE) $(COMPONENT)' \
        'Created-By: Packages' 2>/dev/null | sed -n 's/^Debian //p' | sort -u
}

# The keyring that apt trusts for a site: "Signed-By" of its .sources or .list, else Debian's own.
apt_keyring () {
    keyring=$(cat /etc/apt/sources.list.d/*.sources 2>/dev/null | awk -v site="$1" '
        BEGIN { RS = "" }
        index ($0, site) && match ($0, /Signed-By: *\/[^ \n]*/) {
            print substr ($0, RSTART + 11, RLENGTH - 11)
            exit
        }' | tr -d ' ')
    [ -n "$keyring" ] || keyring=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list \
        2>/dev/null | grep -F "$1" | sed -n 's/.*signed-by=\([^] ]*\).*/\1/p' | head -n 1)
    echo "${keyring:-/usr/share/keyrings/debian-archive-keyring.gpg}"
}

make_root () {
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
    sources=$(apt_sources)
    site=$(echo "$sources" | awk -v release="$codename" '$2 == release { print $1; exit }')
    [ -n "$site" ] || skip_all "apt knows no mirror of Debian $codename here (apt-get update)"
    keyring=$(apt_keyring "$site")
    [ -f "$keyring" ] || skip_all "the keyring $keyring is not there"
    if [ -n "${FARRIER_BASE_ROOT-}" ]; then
        cp -a "$FARRIER_BASE_ROOT" "$root" || exit 1
    elif ! debootstrap --variant=minbase --keyring="$keyring" "$codename" "$root" "$site" \
        >"$out" 2>&1; then
        tail -n 5 "$out"
        skip_all "debootstrap made no root from $site"
    fi
    mount -t proc proc "$root/proc" || exit 1
    cp "$keyring" "$root/etc/apt/machine-keyring.gpg"
    rm -f "$root"/etc/apt/sources.list.d/*
    echo "$sources" | while read -r site release component; do
        echo "deb [signed-by=/etc/apt/machine-keyring.gpg] $site $release $component"
    done >"$root/etc/apt/sources.list"
    apt-config dump 2>/dev/null | grep -E '^Acquire::(http|https|Check-)' \
        >"$root/etc/apt/apt.conf.d/50machine"
    cp /etc/resolv.conf /etc/hosts "$root/etc/" 2>/dev/null
}

# repository FILE...: the packages as apt sees them.
repository () {
    mkdir -p "$root/packages" && cp "$@" "$root/packages/" || exit 1
    (cd "$root/packages" && dpkg-scanpackages --multiversion . >Packages) 2>/dev/null \
        || skip_all "dpkg-scanpackages is missing: apt-get install dpkg-dev"
    grep -q file:/packages "$root/etc/apt/sources.list" \
        || echo "deb [trusted=yes] file:/packages ./" >>"$root/etc/apt/sources.list"
    inside apt-get -q -y update
    if [ $exit -ne 0 ]; then
        tail -n 5 "$out"
        skip_all "apt reaches no mirror from the root"
    fi
}

# From here on systemctl in the root only writes down what it was asked.
record_systemctl () {
    mkdir -p "$root/run/systemd/system"
    inside dpkg-divert --local --rename --add /usr/bin/systemctl
    cat >"$root/usr/bin/systemctl" <<'END'
#!/bin/sh
echo " $*" >>/var/log/systemctl.calls
case $* in
    *is-active*farrierd*) [ -e /run/farrierd.active ] ;;
    *is-enabled*) exit 1 ;;
esac
END
    chmod 755 "$root/usr/bin/systemctl"
    : >"$root/var/log/systemctl.calls"
}

calls_have () {
    cp "$root/var/log/systemctl.calls" "$out"
    grep -Eq -- "$1" "$out"
    exit=$?
}

calls_have_not () {
    calls_have "$1"
    [ $exit -ne 0 ]
    exit=$?
}

# Every file of a package, but what another makes, belongs to root and is not writable by others.
check_owned () {
    inside sh -c 'find $(dpkg -L farrier-core farrier-plugin-generic-redfish | grep -v "^/.$") \
        -maxdepth 0 ! -type l \( ! -user root -o -perm /022 \)'
    test -s "$out" && exit=1
    wants "the packages' files belong to root" 0 ''
}

# --- a fleet, and the daemon

# Two simulated hosts, added by root without a daemon, with images and a baseline.
start_fleet () {
    inside farrier-sim up --hosts 2 --mix generic:2 --state-dir /tmp/sim --daemonize --port 0 \
        --flash-time 500 --reboot-time 300 --boot-time 200 --name-prefix n
    wants "the installed simulator answers" 0 ''
    {
        echo "name,bmc,user,password_file,labels"
        awk -F '"' '$2 == "name" { name = $4 }
            $2 == "url" { printf "%s,%s,admin,/tmp/sim/password,rack=r1\n", name, $4 }' \
            "$root/tmp/sim/fleet.json"
    } >"$root/tmp/fleet.csv"
    cat >"$root/etc/farrier/baselines/fleet.conf" <<'END'
# What the fleet of the test shall run.
baseline = {
  name = "fleet";
  summary = "the test's fleet";
  targets = ( { match = { type = "bios"; }; version = "2.1.0"; } );
};
END
    sed -i 's/interval = "30s"/interval = "1s"/' \
        "$root/etc/farrier/workflows/firmware-provisioning.conf"
    inside farrier-sim image --model generic --component bios --version 2.1.0 --size 1MiB \
        -o /tmp/generic-bios-2.1.0.bin
    inside farrier host import /tmp/fleet.csv
    wants "hosts are added by root, without a daemon" 0 '2 hosts added'
    inside farrier repo import /tmp/generic-bios-2.1.0.bin
    wants "an image is imported" 0 'imported'
}

# What systemd does before it starts the daemon: the unit's ExecStartPre.
take_possession () {
    command=$(sed -n '/^ExecStartPre=+/,/[^\\]$/p' "$root/lib/systemd/system/farrierd.service" \
        | sed 's/^ExecStartPre=+//; s/\\$//' | tr -d '\n')
    # shellcheck disable=SC2086
    inside $command
    wants "the unit gives the daemon's files to its user" 0 ''
    inside find /var/lib/farrier ! -user farrier
    test -s "$out" && exit=1
    wants "none of them is left to root" 0 ''
}

start_daemon () {
    chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \
        runuser -u farrier -- /usr/sbin/farrierd >"$folder/farrierd.log" 2>&1 </dev/null &
    daemon=$!
    tries=0
    until [ -S "$root/run/farrier/farrierd.sock" ]; do
        tries=$((tries + 1))
        if ! kill -0 "$daemon" 2>/dev/null || [ $tries -gt 200 ]; then
            break
        fi
        sleep 0.1
    done
    [ -S "$root/run/farrier/farrierd.sock" ]
    exit=$?
    cp "$folder/farrierd.log" "$out"
    wants "farrierd starts as its user" 0 ''
}

# runuser hands the signal on, and ends with the daemon.
stop_daemon () {
    kill "$daemon"
    wait "$daemon" 2>/dev/null
    daemon=
    tries=0
    while [ -S "$root/run/farrier/farrierd.sock" ] && [ $tries -lt 100 ]; do
        tries=$((tries + 1))
        sleep 0.1
    done
    rm -f "$root/run/farrierd.active"
}

# --- packages made by others, and later ones

# foreign NAME FLAGS: a package of a plugin from out of the tree, as docs/packaging.md tells, with
# the headers, the tools and the debhelper sequence of the installed farrier-sdk.
foreign () {
    tree=$folder/foreign/$1
    mkdir -p "$tree/debian/source" "$folder/perl5/Debian/Debhelper/Sequence" "$folder/bin"
    cp "$root/usr/bin/farrier-plugin-deps" "$root/usr/bin/dh_farrier_plugin" "$folder/bin/"
    cp "$root/usr/share/perl5/Debian/Debhelper/Sequence/farrier_plugin.pm" \
        "$folder/perl5/Debian/Debhelper/Sequence/"
    cp "$source/tests/abi/example/abi_example.c" "$tree/"
    cat >"$tree/Makefile" <<END
abi_example.so: abi_example.c
	${CC:-cc} \$(CPPFLAGS) \$(CFLAGS) -std=c11 -fPIC -shared $2 -I$root/usr/include \\
	  \$(LDFLAGS) -o \$@ \$<
END
    cat >"$tree/debian/control" <<END
Source: farrier-plugin-$1
Section: admin
Priority: optional
Maintainer: The Farrier authors <farrier@packages.invalid>
Build-Depends: debhelper-compat (= 13), dh-sequence-farrier-plugin
Standards-Version: 4.6.2
Rules-Requires-Root: no

Package: farrier-plugin-$1
Architecture: linux-any
Depends: \${farrier:Depends}, \${misc:Depends}, \${shlibs:Depends}
Description: a plugin from out of the tree
 For the test of the packages.
END
    printf '#!/usr/bin/make -f\n%%:\n\tdh $@\n' >"$tree/debian/rules"
    chmod 755 "$tree/debian/rules"
    {
        printf 'farrier-plugin-%s (1.0) unstable; urgency=medium\n\n  * For the test.\n\n' "$1"
        echo " -- The Farrier authors <farrier@packages.invalid>  Thu, 01 Jan 2026 00:00:00 +0000"
    } >"$tree/debian/changelog"
    echo "3.0 (native)" >"$tree/debian/source/format"
    echo "abi_example.so usr/lib/farrier/plugins" >"$tree/debian/install"
    mkdir -p "$tree/conf"
    printf '# Settings of the test.\nenabled = true;\n' >"$tree/conf/abi_example.conf"
    echo "conf/abi_example.conf etc/farrier/plugins" >>"$tree/debian/install"
    # -d: the build dependency is in the root, not on this machine.
    (cd "$tree" && PATH=$folder/bin:$PATH PERL5LIB=$folder/perl5 \
        dpkg-buildpackage -d --no-sign --build=binary) >"$out" 2>&1
    exit=$?
    wants "a package of a foreign plugin is built: $1" 0 ''
}

foreign_plugin () {
    foreign abi-example ''
    foreign abi-future -DFARRIER_NEEDS_MINOR=9
    repository "$folder"/foreign/*.deb
}

# The same packages once more, with a higher version and other default files.
later_packages () {
    mkdir -p "$folder/later"
    version=$(dpkg-deb -f "$packages"/farrier-core_*.deb Version)
    for deb in "$packages"/*.deb; do
        case $deb in *-dbgsym_*) continue ;; esac
        tree=$folder/later/tree
        rm -rf "$tree"
        dpkg-deb -R "$deb" "$tree" || exit 1
        sed -i "s/$version/$version+later/g" "$tree/DEBIAN/control"
        for conf in farrier.conf workflows/inventory.conf; do
            conf=$tree/etc/farrier/$conf
            [ ! -f "$conf" ] || echo "# of the later version" >>"$conf"
        done
        dpkg-deb --root-owner-group -b "$tree" "$folder/later/" >/dev/null || exit 1
    done
    repository "$folder"/later/*.deb
}

# --- lintian

# These are not for Debian's own archive: no bug is closed by the first version.
judge_with_lintian () {
    if ! command -v lintian >/dev/null 2>&1; then
        number=$((number + 1))
        echo "ok $number - lintian has no complaint # SKIP lintian is missing (apt-get install it)"
        return
    fi
    lintian --allow-root --fail-on error,warning --suppress-tags initial-upload-closes-no-bugs \
        "$packages"/*.changes >"$out" 2>&1
    exit=$?
    wants "lintian has no complaint" 0 ''
}
