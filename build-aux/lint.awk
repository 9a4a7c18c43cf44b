# lint.awk: the rules of build-aux/lint; prints "RULE<tab>FILE:LINE: MESSAGE" for each finding.
#
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Farrier authors

function tell(rule, line, message)
{
    printf "%s\t%s:%d: %s\n", rule, FILENAME, line, message
}

# The line without strings, character constants and comments.
function code_of(text,    out, i, c, two, quote)
{
    out = ""
    quote = ""
    for (i = 1; i <= length (text); i++) {
        c = substr (text, i, 1)
        two = substr (text, i, 2)
        if (in_comment) {
            if (two == "*/") {
                in_comment = 0
                i++
            }
        } else if (quote != "") {
            if (c == "\\") {
                i++
            } else if (c == quote) {
                quote = ""
                out = out c
            }
        } else if (two == "/*") {
            in_comment = 1
            i++
        } else if (two == "//") {
            break
        } else {
            if (c == "\"" || c == "'") {
                quote = c
            }
            out = out c
        }
    }
    return out
}

function begin_file()
{
    if (previous != "") {
        end_file()
    }
    previous = FILENAME
    lines = 0
    in_comment = 0
    function_line = 0
    depth = 0
    has_license = 0
    has_copyright = 0
    first = ""
    is_macro = 0
    room = -1
    if (FILENAME ~ /^core\/[a-z]+\//) {
        split (FILENAME, part, "/")
        room = rank[part[2]]
        if (room == "") {
            tell("include", 1, "core/" part[2] " is no folder of the design")
            room = -1
        }
    }
    wanted = FILENAME ~ /^sdk\/(include|template|examples)\// ? "MIT" : "Apache-2.0"
}

function end_file()
{
    if (!has_license || !has_copyright) {
        printf "license\t%s:1: SPDX-License-Identifier: %s and SPDX-FileCopyrightText are " \
            "missing\n", previous, wanted_of[previous]
    }
    if (file_kind == "c" && count[previous] > 800) {
        printf "file-size\t%s:1: %d lines; at most 800\n", previous, count[previous]
    }
}

function check_include(text,    target)
{
    if (room < 0 || text !~ /^#[ \t]*include[ \t]+"/) {
        return
    }
    target = text
    sub (/^[^"]*"/, "", target)
    if (target !~ /\//) {
        tell("include", FNR, "\"" target " without its folder")
        return
    }
    sub (/\/.*/, "", target)
    if (target == "farrier") {
        return
    }
    if (!(target in rank)) {
        tell("include", FNR, "\"" target "/…\" is no folder of core/ or the SDK")
    } else if (rank[target] > room) {
        tell("include", FNR, "core/" part[2] " may not include the folder above it: " target)
    }
}

function check_banned(code,    i, name)
{
    for (i = 1; i <= banned_count; i++) {
        name = banned_name[i]
        if (code ~ ("(^|[^A-Za-z0-9_.>])" name "[ \t]*\\(")) {
            tell("banned", FNR, name "() is banned: " banned_use[i])
        }
    }
    if (code ~ /^typedef[ \t]+(struct|union|enum)/) {
        tell("banned", FNR, "typedef of a struct, union or enum: write it out")
    }
}

# Counts braces; a function body begins with '{' in the first column.
function check_shape(code,    i, c)
{
    if (code ~ /^\{/ && depth == 0) {
        function_line = FNR
        told_nesting = 0
    }
    for (i = 1; i <= length (code); i++) {
        c = substr (code, i, 1)
        if (c == "{") {
            depth++
        } else if (c == "}") {
            depth--
        }
    }
    if (function_line && depth > 5 && !told_nesting) {
        tell("nesting", FNR, "blocks nested deeper than 4")
        told_nesting = 1
    }
    if (depth <= 0) {
        depth = 0
        if (function_line && FNR - function_line + 1 > 80) {
            tell("function-size", function_line, (FNR - function_line + 1) " lines; at most 80")
        }
        function_line = 0
    }
}

function check_spacing(text, code)
{
    if (text ~ /[ \t]$/) {
        tell("spacing", FNR, "blanks at the end of the line")
    }
    if (text ~ /\t/) {
        tell("spacing", FNR, "a tab: indent with 4 spaces")
    }
    if (text ~ /^[ \t]*#/) {
        is_macro = 1
    }
    if (!is_macro && code ~ /[A-Za-z0-9_]\(/) {
        tell("spacing", FNR, "no blank before '('")
    }
    if (text !~ /\\$/) {
        is_macro = 0
    }
}

BEGIN {
    rooms = split ("base conf store net plugin fleet firmware repo workflow engine access " \
                   "observe api web cli daemon", names, " ")
    for (i = 1; i <= rooms; i++) {
        rank[names[i]] = i
    }
    banned_count = split ("strcpy strcat sprintf vsprintf gets atoi atol atoll atof strtok " \
                          "system popen alloca", banned_name, " ")
    split ("str_copy or buf_puts|buf_puts|str_format or str_printf|str_vprintf|fs_read|" \
           "str_to_i64|str_to_i64|str_to_i64|strtod and its end|str_split|net/process.h|" \
           "net/process.h|mem_alloc", banned_use, "|")
}

FNR == 1 {
    begin_file()
    file_kind = kind
}

{
    count[FILENAME] = FNR
    wanted_of[FILENAME] = wanted
    if (FNR <= 40) {
        if (index ($0, "SPDX-License-Identifier: " wanted)) {
            has_license = 1
        }
        if (index ($0, "SPDX-FileCopyrightText: The Farrier authors")) {
            has_copyright = 1
        }
    }
    # Characters, not bytes: what goes on a UTF-8 sequence does not count.
    text = $0
    plain = text
    gsub (/[\200-\277]/, "", plain)
    if (length (plain) > 100 && FILENAME !~ /\.(scd|sql)$/) {
        tell("line-length", FNR, length (plain) " characters; at most 100")
    }
    if (FILENAME !~ /build-aux\/lint(\.awk)?$/) {
        if (text ~ /(^|[^A-Za-z])(TODO|FIXME|XXX|HACK)([^A-Za-z]|$)/) {
            tell("unfinished", FNR, "a mark of unfinished work")
        }
        if (text ~ /(^|[^A-Za-z0-9_.$})\/])\/(work|home|root)\//) {
            tell("machine", FNR, "a path of one machine")
        }
    }
}

kind == "c" {
    if (FNR == 1 && $0 !~ /^\/\* [^ ]/) {
        tell("header", FNR, "the file must begin with a comment that tells its purpose")
    }
    code = code_of($0)
    check_include($0)
    check_banned(code)
    check_shape(code)
    check_spacing($0, code)
}

kind == "other" && FNR <= 2 && FILENAME !~ /\.scd$/ {
    if (FNR == 1) {
        first = $0
    }
    line = FNR == 2 && first ~ /^#!/ ? $0 : first
    if ((FNR == 1 && first !~ /^#!/ || FNR == 2 && first ~ /^#!/) \
        && line !~ /^(#|dnl|--|;|\/\*|""") ?[^ ]/) {
        tell("header", FNR, "the file must begin with a comment that tells its purpose")
    }
}

END {
    if (previous != "") {
        end_file()
    }
}
