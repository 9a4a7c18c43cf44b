# types.awk: turns the public headers into a C file with a variable of each public struct and enum.
#
# Compiled with debugging information it is what abidw reads. Being made from the headers it can't
# lack a type.
#
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Farrier authors

BEGIN {
    print "#include \"farrier/plugin.h\""
}

/^(struct|enum) farrier_[a-z0-9_]+ \{/ {
    # A pointer: the variable's own size then stays when the struct grows.
    star = $1 == "struct" ? "*" : ""
    printf "extern %s %s %sabi_%s_%s;\n", $1, $2, star, $1, $2
    printf "%s %s %sabi_%s_%s;\n", $1, $2, star, $1, $2
}
