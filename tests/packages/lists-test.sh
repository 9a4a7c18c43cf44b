#!/bin/sh
# lists-test.sh: what the packages say of the tree is true: plugins, versions, libraries.
#
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Farrier authors

LC_ALL=C
export LC_ALL
source=${FARRIER_TEST_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
build=${FARRIER_TEST_BUILDDIR:-$(pwd)}
cd "$source" || exit 1
folder=$(mktemp -d "${TMPDIR:-/tmp}/farrier-lists.XXXXXX") || exit 1
trap 'rm -rf "$folder"' EXIT
number=0
failures=0
spec=packaging/rpm/farrier.spec

# same NAME WANTED FOUND
same () {
    number=$((number + 1))
    if [ "$2" = "$3" ] && [ -n "$2" ]; then
        echo "ok $number - $1"
        return
    fi
    failures=$((failures + 1))
    echo "not ok $number - $1"
    printf 'wanted:\n%s\nfound:\n%s\n' "$2" "$3" | sed 's/^/# /'
}

plugins=$(sed -n 's/^FARRIER_PLUGIN(\[\([a-z0-9_]*\)\].*/\1/p' configure.ac | sort)
same "every plugin is in packaging/plugins.list" "$plugins" \
    "$(sed -n 's/^\([a-z][a-z0-9_]*\)  *.*/\1/p' packaging/plugins.list | sort)"
same "every plugin has its line in farrier.spec" "$plugins" \
    "$(sed -n 's/^%farrier_plugin \([a-z0-9_]*\) [0-9]*$/\1/p' $spec | sort)"
same "every plugin has a file of settings and a man page" "$plugins" \
    "$(for plugin in $plugins; do
        [ ! -f "conf.d/plugins/$plugin.conf" ] || [ ! -f "plugins/$plugin/$plugin.7.scd" ] \
            || echo "$plugin"
    done)"
version=$(sed -n 's/^AC_INIT(\[farrier\], \[\(.*\)\])$/\1/p' configure.ac)
same "farrier.spec has the version of configure.ac" "$version" \
    "$(sed -n 's/^Version: *//p' $spec)"
abi=$(sed -n 's/^#define FARRIER_ABI_\(MAJOR\|MINOR\) \([0-9]*\).*/\2/p' \
    sdk/include/farrier/version.h | tr '\n' ' ')
same "farrier.spec provides the ABI of version.h" "$abi" \
    "$(sed -n 's/^Provides: *farrier-plugin-abi-\([0-9]*\) = \([0-9]*\)$/\1 \2 /p' $spec)"
needs=$(sed -n 's/^FARRIER_NEED(\[[A-Z]*\], \[.*\], \[\(.*\)\])$/\1/p' configure.ac | sort)
same "the Debian packages are built with every library" "$needs" \
    "$(for need in $needs; do
        sed -n '/^Build-Depends:/,/^[A-Z]/p' packaging/debian/control.in | grep -ox " $need," \
            | tr -d ' ,'
    done)"
# Libraries that configure can do without may be there as well.
sed -n 's/^FARRIER_NEED(\[[A-Z]*\], \[\(.*\)\], .*/\1/p' configure.ac | sort >"$folder/modules"
same "the rpm packages are built with every library" "$(cat "$folder/modules")" \
    "$(sed -n 's/^BuildRequires: *pkgconfig(\(.*\)) \(>= .*\)$/\1 \2/p' $spec | sort \
        | comm -12 "$folder/modules" -)"

cp -R "$source/packaging" "$source/CHANGELOG.md" "$folder/" && chmod -R u+w "$folder"
packaging/make-debian "$folder" "$version" >"$folder/out" 2>&1 || cat "$folder/out" >&2
same "debian/control has a package for each plugin" "$(echo "$plugins" | tr _ - )" \
    "$(sed -n 's/^Package: farrier-plugin-//p' "$folder/debian/control" | sort)"
same "the meta package recommends each plugin" "$(echo "$plugins" | tr _ -)" \
    "$(sed -n 's/^ farrier-plugin-\(.*\),$/\1/p' "$folder/debian/control" | sort)"

# rpm_finds FILE: what rpm finds by itself with the file attribute of farrier-sdk.
rpm_finds () {
    mkdir -p "$folder/lib/farrier/plugins" "$folder/attr"
    cp "$1" "$folder/lib/farrier/plugins/"
    cp packaging/rpm/farrier_plugin.attr "$folder/attr/"
    echo "$folder/lib/farrier/plugins/$(basename "$1")" | HOME=$folder /usr/lib/rpm/rpmdeps \
        --define "_fileattrsdir $folder/attr" --define "_bindir $source/packaging" \
        --load "$folder/attr/farrier_plugin.attr" -R 2>&1
}

for plugin in $plugins; do
    file=$build/plugins/.run/$plugin.so
    [ -e "$file" ] || continue
    minor=$(sed -n "s/^%farrier_plugin $plugin \([0-9]*\)\$/\1/p" $spec)
    same "farrier.spec has what the ELF note of $plugin asks for" \
        "farrier-plugin-abi-1 >= $minor" \
        "$(echo "$file" | packaging/farrier-plugin-deps --rpm 2>&1)"
    same "the Debian form of it" "farrier-plugin-abi-1 (>= $minor)" \
        "$(packaging/farrier-plugin-deps --deb "$file" 2>&1)"
    if [ -x /usr/lib/rpm/rpmdeps ]; then
        same "rpm finds what $plugin needs" "farrier-plugin-abi-1 >= $minor" "$(rpm_finds "$file")"
    else
        number=$((number + 1))
        echo "ok $number - rpm finds what $plugin needs # SKIP rpm is missing: apt-get install rpm"
    fi
done
packaging/farrier-plugin-deps /bin/sh >"$folder/out" 2>&1
same "what is no plugin is refused" "1 yes" \
    "$? $(grep -q 'no ELF note .note.farrier' "$folder/out" && echo yes)"

if command -v rpmspec >/dev/null 2>&1; then
    # Macros that Debian's rpm does not have stay as they are: this is about syntax.
    same "rpmspec reads farrier.spec" "0 farrier" "$(HOME=$folder rpmspec -P $spec \
        >"$folder/out" 2>&1; echo "$? $(sed -n 's/^Name: *//p' "$folder/out")")"
else
    number=$((number + 1))
    echo "ok $number - rpmspec reads farrier.spec # SKIP rpmspec is missing: apt-get install rpm"
fi
echo "1..$number"
[ "$failures" -eq 0 ]
