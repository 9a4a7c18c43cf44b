#!/bin/sh
# abidiff-test.sh: abidiff compares the types of the public headers with the kept baselines.
#
# The headers must be the baseline of their own version exactly, and may only have grown, as the
# version rule allows, since each earlier minor of the same major.
#
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Farrier authors

# shellcheck source=tests/abi/abi-lib.sh
. "$(dirname "$0")/abi-lib.sh"
for tool in abidw abidiff; do
    command -v $tool >/dev/null 2>&1 \
        || { echo "$tool is missing: apt-get install abigail-tools"; exit 77; }
done
command -v python3 >/dev/null 2>&1 \
    || { echo "python3 is missing: apt-get install python3"; exit 77; }
arch=$(abi_arch)
ls "$baselines"/*-"$arch".abi >/dev/null 2>&1 \
    || { echo "no baseline is kept for $arch (layout-test.sh holds there)"; exit 77; }
make_folder
version=$(abi_version)
major=$(abi_number FARRIER_ABI_MAJOR)

if ! abi_describe "$include" "$folder/now" >"$folder/out" 2>&1; then
    report 1 "abidw reads the public types"
    total
    exit 1
fi

advise () {
    case $1$(abi_draft) in
        *-draft)
            echo "The headers are not the kept baseline of $version. The ABI is a draft and may"
            echo "change: when this is meant, make abi-baseline, commit it with the headers, and"
            echo "tell it in the changelog of farrier/version.h." ;;
        grown)
            echo "The ABI has grown: add 1 to FARRIER_ABI_MINOR, say 'Since' at what is new, add"
            echo "the change to the changelog of farrier/version.h, then make abi-baseline." ;;
        broken)
            echo "This breaks plugins that exist. Put new members at the end of a struct; what"
            echo "can't be done so raises FARRIER_ABI_MAJOR (THE RULE in farrier/version.h)." ;;
    esac
}

# compares NAME BASELINE ALLOWED: the headers' types are the same, or have grown.
compares () {
    verdict=$(abi_judge "$2" "$folder/now.abi")
    case $verdict in
        same|"$3") report 0 "$1" ;;
        *)
            { advise "$verdict"; cat "$folder/report"; } >"$folder/out"
            report 1 "$1" ;;
    esac
}

own=$baselines/$version-$arch.abi
if [ -f "$own" ]; then
    compares "the types are those of the baseline $version" "$own" same
else
    echo "no baseline of $version for $arch is kept: make abi-baseline" >"$folder/out"
    report 1 "the types are those of the baseline $version"
fi
for old in "$baselines/$major".*-"$arch".abi; do
    case $old in *-draft-*|"$own") continue ;; esac
    compares "what was built for $(basename "$old" "-$arch.abi") still fits" "$old" grown
done

# --- the guard itself: what it must say of a change

# change VERDICT NAME FILE AWK: applies the awk program to a copy of a header.
change () {
    wanted=$1 name=$2
    rm -rf "$folder/changed" && mkdir "$folder/changed" \
        && cp -R "$include/farrier" "$folder/changed" || exit 1
    awk "$4" "$include/farrier/$3" >"$folder/changed/farrier/$3"
    if cmp -s "$include/farrier/$3" "$folder/changed/farrier/$3"; then
        echo "the case changes nothing: farrier/$3 no longer has the line" >"$folder/out"
        report 1 "$name: $wanted"
        return
    fi
    abi_describe "$folder/changed" "$folder/then" >"$folder/out" 2>&1 || {
        report 1 "$name: it compiles"
        return
    }
    verdict=$(abi_judge "$folder/now.abi" "$folder/then.abi")
    { echo "the verdict was: $verdict"; cat "$folder/report"; } >"$folder/out"
    [ "$verdict" = "$wanted" ]
    report $? "$name: $wanted"
}

change same "a comment" host.h '/^struct farrier_host \{/ { print "/* more */" } { print }'
change grown "a member at the end of the host table" host.h '
    /^struct farrier_host \{/ { inside = 1 }
    inside && /^};/ { print "    void (*abi_more) (void);\n    FARRIER_PAD (abi_more)"; inside = 0 }
    { print }'
change grown "a member at the end of struct farrier_op" plugin.h '
    /^struct farrier_op \{/ { inside = 1 }
    inside && /^};/ { print "    uint64_t abi_more;"; inside = 0 }
    { print }'
change grown "a new error code" error.h '
    /FARRIER_E_LAST_ = / { print "    FARRIER_E_ABI_MORE = -99,"; sub (/-[0-9]+/, "-99") }
    { print }'
change broken "a member in the middle" host.h '
    { print } /FARRIER_PAD \(config_i64\)/ { print "    void (*abi_more) (void);" }'
change broken "a member that is gone" host.h '!/void \(\*critical_leave\)|PAD \(critical_leave\)/'
change broken "another type of a parameter" host.h '
    { sub (/uint32_t after_ms, const char \*label/, "uint64_t after_ms, const char *label") }
    { print }'
change broken "another value of an error code" error.h '
    { sub (/FARRIER_E_BUSY = -2,/, "FARRIER_E_BUSY = -98,") } { print }'
change broken "a struct grows that never may" error.h '
    /^struct farrier_error \{/ { inside = 1 }
    inside && /^};/ { print "    uint64_t abi_more;"; inside = 0 }
    { print }'
total
