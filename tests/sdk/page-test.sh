#!/bin/sh
# page-test.sh: farrier-plugin(3) is whole and true: it names every member of the host table, of the
# exported structs and every callback, every rule, error code and function of the awaits; every
# wrapper and member has its counterpart; and its examples compile as they stand.
#
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Farrier authors

LC_ALL=C
export LC_ALL
source=${FARRIER_TEST_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
include=$source/sdk/include
page=$source/docs/farrier-plugin.3.scd
folder=$(mktemp -d "${TMPDIR:-/tmp}/farrier-page.XXXXXX") || exit 1
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM HUP
number=0 failed=0

# verdict NAME FINDINGS: ok when there are none.
verdict () {
    number=$((number + 1))
    if [ -z "$2" ]; then
        echo "ok $number - $1"
    else
        failed=1
        echo "not ok $number - $1"
        printf '%s\n' "$2" | sed 's/^/# /'
    fi
}

# The members of a struct, in the order of the header.
members () {
    awk -v struct="$1" '
        $0 ~ "^struct " struct " \\{" { inside = 1; next }
        inside && /^\};/ { exit }
        inside && /FARRIER_PAD \(/ { gsub(/.*FARRIER_PAD \(|\).*/, ""); print; next }
        inside && /^    (struct farrier_table|u?int[0-9]+_t) [a-z_0-9, ]+;/ {
            sub(/^    (struct )?[a-z_0-9]+ /, ""); sub(/;.*/, ""); gsub(/ /, "")
            n = split($0, all, ","); for (i = 1; i <= n; i++) print all[i]
        }' "$include/farrier/$2" | grep -Ev '^(reserved|pad_|struct_size$|magic$|abi_|op_stride$)'
}

# Those words of stdin that the page does not have.
unnamed () {
    while read -r word; do
        grep -Eq "(^|[^A-Za-z0-9_])$word([^A-Za-z0-9_]|\$)" "$page" \
            || echo "$word is not in the page"
    done
}

found=$(members farrier_host host.h | wc -l)
if [ "$found" -lt 100 ]; then
    echo "Bail out! only $found members of the host table were found"
    exit 1
fi

verdict "every member of the host table ($found)" "$(members farrier_host host.h | unnamed)"
verdict "every member of struct farrier_plugin" "$(members farrier_plugin plugin.h | unnamed)"
verdict "every member of struct farrier_op" "$(members farrier_op plugin.h | unnamed)"
verdict "every member of struct farrier_formats" "$(members farrier_formats plugin.h | unnamed)"
verdict "every member of a wake" "$(members farrier_wake types.h | grep -vx id | unnamed)"
verdict "every error code" "$(sed -n 's/^ *FARRIER_E_\([A-Z_]*[A-Z]\) = .*/\1/p' \
    "$include/farrier/error.h" | unnamed)"
verdict "every op flag" "$(sed -n 's/^ *FARRIER_OP_\([A-Z_]*\) = .*/\1/p' \
    "$include/farrier/plugin.h" | unnamed)"
verdict "every answer of a callback" "$(sed -n '/^enum farrier_result /,/^};/p' \
    "$include/farrier/types.h" | sed -n 's/^ *FARRIER_\([A-Z_]*\) = .*/\1/p' | unnamed)"
verdict "every kind of wake" "$(sed -n 's/^ *FARRIER_WAKE_\([A-Z]*\) = .*/\1/p' \
    "$include/farrier/types.h" | grep -vx NONE | unnamed)"
verdict "every rule" "$(sed -n 's/^ \*  \(R[0-9]*\) .*/\1/p' "$include/farrier/host.h" | unnamed)"
verdict "every standard op" "$(sed -n '/plugin_standard_ops\[\]/,/};/p' \
    "$source/core/plugin/validate_op.c" | grep -o '"[a-z.]*"' | tr -d '"' | unnamed)"

# A wrapper for each member: a function, or a macro where the format is checked.
verdict "every member of the host table has its wrapper" "$(members farrier_host host.h \
    | while read -r name; do
        grep -Eq "^farrier_$name \(|^#define farrier_$name\(" "$include/farrier/sdk.h" \
            "$include/farrier/values.h" || echo "farrier_$name is missing"
    done)"
verdict "every wrapper that is a function asks first" "$(members farrier_host host.h \
    | while read -r name; do
        grep -q "^farrier_$name (" "$include/farrier/sdk.h" "$include/farrier/values.h" || continue
        grep -q "FARRIER_HAS (host, $name)" "$include/farrier/sdk.h" "$include/farrier/values.h" \
            || echo "farrier_$name does not ask"
    done)"

# A comment before it, beside it, or over the group that it ends.
verdict "every member of the host table has a comment" "$(awk '
    /^struct farrier_host \{/ { inside = 1; next }
    /^\};/ { inside = 0 }
    inside && /\/\*/ && !/\/\* ---/ { said = 1 }
    inside && /FARRIER_PAD \(/ {
        if (!said) { gsub(/.*PAD \(|\).*/, ""); print $0 " has none" }
        said = 0
    }' "$include/farrier/host.h")"

# --- the examples: blocks between ``` lines; one whose first line is indented is a picture

awk -v folder="$folder" '
    /^```/ { inside = !inside; if (inside) { n++; name = sprintf("%s/%02d.c", folder, n); first = 1
             print "#include <farrier/sdk.h>\n#include <string.h>" > name } ; next }
    inside { if (first && /^ /) picture[name] = 1; first = 0; print > name }
    END { for (name in picture) print name }' "$page" >"$folder/pictures"
while read -r name; do
    rm -f "$name"
done <"$folder/pictures"
set -- "$folder"/*.c
verdict "the page has examples ($#)" "$([ $# -ge 13 ] || echo "only $#")"

for example in "$@"; do
    title=$(grep -Eo '^[a-z_]+ \(' "$example" | head -n 1 | tr -d ' (')
    # shellcheck disable=SC2086
    verdict "the example $title compiles" "$(${CC:-cc} -std=c11 -Wall -Wextra -Werror \
        -Wno-unused -Wno-missing-field-initializers -I"$include" -c -o "$folder/o" "$example" 2>&1)"
done

echo "1..$number"
exit $failed
