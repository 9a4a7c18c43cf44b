/* tree: the raw tree under the typed getters (see conf.h).
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "conf/conf.h"
#include "conf/private.h"

static const config_setting_t *
setting (struct conf_at at)
{
    return at.setting;
}

struct conf_at
conf_root (struct conf *c)
{
    return (struct conf_at) { .conf = c, .setting = config_root_setting (&c->config) };
}

bool
conf_is (struct conf_at at)
{
    return at.setting != NULL;
}

enum conf_type
conf_type_of (struct conf_at at)
{
    if (at.setting == NULL) {
        return CONF_NOTHING;
    }
    switch (config_setting_type (setting (at))) {
    case CONFIG_TYPE_GROUP: return CONF_GROUP;
    case CONFIG_TYPE_LIST: return CONF_LIST;
    case CONFIG_TYPE_ARRAY: return CONF_ARRAY;
    case CONFIG_TYPE_STRING: return CONF_STRING;
    case CONFIG_TYPE_INT: return CONF_INTEGER;
    case CONFIG_TYPE_INT64: return CONF_INTEGER;
    case CONFIG_TYPE_FLOAT: return CONF_FLOAT;
    case CONFIG_TYPE_BOOL: return CONF_BOOL;
    default: return CONF_NOTHING;
    }
}

const char *
conf_type_name (enum conf_type type)
{
    static const char *const names[] = {
        [CONF_NOTHING] = "nothing", [CONF_GROUP] = "group", [CONF_LIST] = "list",
        [CONF_ARRAY] = "array", [CONF_STRING] = "string", [CONF_INTEGER] = "whole number",
        [CONF_FLOAT] = "number", [CONF_BOOL] = "bool",
    };

    return names[type];
}

const char *
conf_name (struct conf_at at)
{
    const char *name = at.setting == NULL ? NULL : config_setting_name (setting (at));

    return name == NULL ? "" : name;
}

/* libconfig keeps the name as it stands behind @include; people need the path. */
static const char *
included_path (struct conf *c, const char *file)
{
    char *path = map_get (c->included, file);

    if (path == NULL && c->include_dir != NULL) {
        path = fs_join (c->include_dir, file);
        map_set (c->included, file, path);
    }
    return path == NULL ? file : path;
}

const char *
conf_file (struct conf_at at)
{
    const char *file = at.setting == NULL ? NULL : config_setting_source_file (setting (at));

    if (file != NULL) {
        return included_path (at.conf, file);
    }
    return at.conf == NULL ? "" : at.conf->name;
}

int
conf_line (struct conf_at at)
{
    return at.setting == NULL ? 0 : (int) config_setting_source_line (setting (at));
}

size_t
conf_count (struct conf_at at)
{
    if (at.setting == NULL || !config_setting_is_aggregate (setting (at))) {
        return 0;
    }
    return (size_t) config_setting_length (setting (at));
}

struct conf_at
conf_child (struct conf_at at, size_t i)
{
    struct conf_at child = { .conf = at.conf };

    if (i < conf_count (at)) {
        child.setting = config_setting_get_elem (setting (at), (unsigned int) i);
    }
    return child;
}

struct conf_at
conf_find (struct conf_at at, const char *name)
{
    struct conf_at child = { .conf = at.conf };

    if (conf_type_of (at) == CONF_GROUP) {
        child.setting = config_setting_get_member (setting (at), name);
    }
    return child;
}

const char *
conf_value_string (struct conf_at at)
{
    return conf_type_of (at) == CONF_STRING ? config_setting_get_string (setting (at)) : NULL;
}

int64_t
conf_value_i64 (struct conf_at at, int64_t fallback)
{
    return conf_type_of (at) == CONF_INTEGER ? config_setting_get_int64 (setting (at)) : fallback;
}

double
conf_value_double (struct conf_at at, double fallback)
{
    if (conf_type_of (at) == CONF_INTEGER) {
        return (double) config_setting_get_int64 (setting (at));
    }
    return conf_type_of (at) == CONF_FLOAT ? config_setting_get_float (setting (at)) : fallback;
}

bool
conf_value_bool (struct conf_at at, bool fallback)
{
    return conf_type_of (at) == CONF_BOOL ? config_setting_get_bool (setting (at)) != 0 : fallback;
}

static json_t *
value_to_json (struct conf_at at)
{
    const char *text = conf_value_string (at);
    json_t *v = NULL;

    switch (conf_type_of (at)) {
    case CONF_STRING:
        v = json_string (text);
        if (v == NULL) {       /* "\xff": valid to libconfig, not to JSON */
            conf_add_finding (at.conf, conf_file (at), conf_line (at), "key '%s': the string is "
                              "not UTF-8", conf_name (at));
            v = json_string ("");
        }
        return v;
    case CONF_INTEGER: return json_integer (conf_value_i64 (at, 0));
    case CONF_FLOAT: return json_real (conf_value_double (at, 0));
    case CONF_BOOL: return json_boolean (conf_value_bool (at, false));
    default: return json_null ();
    }
}

/* A key or index as a token of a JSON pointer. libconfig's names hold neither '~' nor '/'. */
static json_t *
to_json (struct conf_at at, const char *pointer, struct map *lines)
{
    bool is_group = conf_type_of (at) == CONF_GROUP;
    json_t *v;

    if (lines != NULL) {
        map_set (lines, pointer, (void *) (intptr_t) conf_line (at));
    }
    if (!is_group && conf_type_of (at) != CONF_LIST && conf_type_of (at) != CONF_ARRAY) {
        return value_to_json (at);
    }
    v = is_group ? json_object () : json_array ();
    for (size_t i = 0; i < conf_count (at); i++) {
        struct conf_at child = conf_child (at, i);
        char *below = is_group ? str_printf ("%s/%s", pointer, conf_name (child))
            : str_printf ("%s/%zu", pointer, i);
        json_t *inner = to_json (child, below, lines);

        if (is_group) {
            json_object_set_new (v, conf_name (child), inner);
        } else {
            json_array_append_new (v, inner);
        }
        mem_free (below);
    }
    return v;
}

json_t *
conf_to_json (struct conf_at at, struct map **ret_lines)
{
    struct map *lines = ret_lines == NULL ? NULL : map_new ();

    if (ret_lines != NULL) {
        *ret_lines = lines;
    }
    return at.setting == NULL ? NULL : to_json (at, "", lines);
}
