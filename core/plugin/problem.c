/* problem: what is known about each code: name, rule, stage, meaning.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "plugin/problem.h"

#include "base/str.h"

#define ABOUT(code, name, rule, stage, meaning)                                               \
    [PLUGIN_FAULT_##code] = { name, rule, PLUGIN_STAGE_##stage, meaning },

static const struct {
    const char *name;
    unsigned rule;
    enum plugin_stage stage;
    const char *meaning;
} about[PLUGIN_FAULT_LAST_] = {
    [PLUGIN_FAULT_NONE] = { "none", 0, PLUGIN_STAGE_FIND, "nothing is wrong" },
    PLUGIN_FAULTS (ABOUT)
};

static bool
known (enum plugin_fault_code code)
{
    return (int) code >= 0 && code < PLUGIN_FAULT_LAST_;
}

const char *
plugin_fault_name (enum plugin_fault_code code)
{
    return known (code) ? about[code].name : "?";
}

enum plugin_fault_code
plugin_fault_from_name (const char *name)
{
    for (int i = 1; i < PLUGIN_FAULT_LAST_; i++)
        if (str_eq (about[i].name, name))
            return (enum plugin_fault_code) i;
    return PLUGIN_FAULT_NONE;
}

unsigned
plugin_fault_rule (enum plugin_fault_code code)
{
    return known (code) ? about[code].rule : 0;
}

enum plugin_stage
plugin_fault_stage (enum plugin_fault_code code)
{
    return known (code) ? about[code].stage : PLUGIN_STAGE_FIND;
}

const char *
plugin_fault_meaning (enum plugin_fault_code code)
{
    return known (code) ? about[code].meaning : "?";
}
