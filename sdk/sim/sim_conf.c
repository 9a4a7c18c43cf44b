/* sim_conf: the simulator's configuration files: typed keys into a struct, unknown keys refused.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "sim_conf.h"

#include <stdarg.h>
#include <stdbool.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"

int32_t
sim_conf_open (struct sim_conf *conf, const char *path, struct err *err)
{
    conf->path = path;
    config_init (&conf->config);
    if (config_read_file (&conf->config, path) == CONFIG_TRUE)
        return 0;

    int32_t rc;
    if (config_error_type (&conf->config) == CONFIG_ERR_FILE_IO) {
        rc = err_set (err, ERR_IO, "cannot read %s", path);
    } else {
        rc = err_set (err, ERR_SYNTAX, "%s:%d: %s", path, config_error_line (&conf->config),
                      config_error_text (&conf->config));
        err_hint (err, "look for a missing ';' or a trailing comma on that line or the one before");
    }
    config_destroy (&conf->config);
    return rc;
}

void
sim_conf_close (struct sim_conf *conf)
{
    config_destroy (&conf->config);
}

int32_t
sim_conf_fail (struct sim_conf *conf, config_setting_t *at, struct err *err, const char *fmt, ...)
{
    va_list ap;

    va_start (ap, fmt);
    char *text = str_vprintf (fmt, ap);
    va_end (ap);
    int32_t rc
        = err_set (err, ERR_SYNTAX, "%s:%u: %s", conf->path, config_setting_source_line (at), text);
    mem_free (text);
    return rc;
}

static int32_t
fail_type (struct sim_conf *conf, config_setting_t *at, const char *wanted, struct err *err)
{
    return sim_conf_fail (conf, at, err, "%s must be %s", config_setting_name (at), wanted);
}

static int32_t
read_strings (struct sim_conf *conf, config_setting_t *list, struct vec *ret, struct err *err)
{
    for (int i = 0; i < config_setting_length (list); i++) {
        const char *text = config_setting_get_string_elem (list, i);
        if (text == NULL)
            return fail_type (conf, list, "a list of strings", err);
        vec_push (ret, str_dup (text));
    }
    return 0;
}

static int32_t
read_value (struct sim_conf *conf, config_setting_t *s, const struct sim_conf_key *key, void *slot,
            struct err *err)
{
    int type = config_setting_type (s);
    bool is_int = type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64;

    switch (key->type) {
    case SIM_CONF_STRING:
        if (type != CONFIG_TYPE_STRING)
            return fail_type (conf, s, "a string", err);
        str_set (slot, config_setting_get_string (s));
        return 0;
    case SIM_CONF_STRINGS: return read_strings (conf, s, slot, err);
    case SIM_CONF_INT:
        if (type != CONFIG_TYPE_INT)
            return fail_type (conf, s, "a number", err);
        *(int *) slot = config_setting_get_int (s);
        return 0;
    case SIM_CONF_INT64:
        if (!is_int)
            return fail_type (conf, s, "a number", err);
        *(long long *) slot = config_setting_get_int64 (s);
        return 0;
    case SIM_CONF_BOOL:
        if (type != CONFIG_TYPE_BOOL)
            return fail_type (conf, s, "true or false", err);
        *(bool *) slot = config_setting_get_bool (s) != 0;
        return 0;
    case SIM_CONF_DOUBLE:
        if (type != CONFIG_TYPE_FLOAT && !is_int)
            return fail_type (conf, s, "a number", err);
        *(double *) slot
            = is_int ? (double) config_setting_get_int64 (s) : config_setting_get_float (s);
        return 0;
    case SIM_CONF_SELF: return 0;
    }
    return 0;
}

static int32_t
fail_unknown (struct sim_conf *conf, config_setting_t *s, const struct sim_conf_key *keys,
              struct err *err)
{
    struct vec names = { 0 };

    for (; keys->name != NULL; keys++)
        vec_push (&names, (void *) keys->name);
    const char *near = str_did_you_mean (config_setting_name (s), (const char *const *) names.items,
                                         names.count);
    int32_t rc = sim_conf_fail (conf, s, err, "unknown key '%s'%s%s%s", config_setting_name (s),
                                near == NULL ? "" : ", did you mean '", near == NULL ? "" : near,
                                near == NULL ? "" : "'?");
    vec_free (&names);
    return rc;
}

int32_t
sim_conf_read (struct sim_conf *conf, config_setting_t *group, const struct sim_conf_key *keys,
               void *target, struct err *err)
{
    for (const struct sim_conf_key *key = keys; key->name != NULL; key++)
        if (key->type == SIM_CONF_STRING && *(char **) ((char *) target + key->offset) == NULL)
            *(char **) ((char *) target + key->offset) = str_dup ("");

    for (int i = 0; i < config_setting_length (group); i++) {
        config_setting_t *s = config_setting_get_elem (group, (unsigned int) i);
        const struct sim_conf_key *key = keys;

        while (key->name != NULL && !str_eq (key->name, config_setting_name (s)))
            key++;
        if (key->name == NULL)
            return fail_unknown (conf, s, keys, err);
        int32_t rc = read_value (conf, s, key, (char *) target + key->offset, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int32_t
sim_conf_each (struct sim_conf *conf, config_setting_t *group, const char *name,
               int32_t (*fn) (struct sim_conf *, config_setting_t *, void *, struct err *),
               void *arg, struct err *err)
{
    config_setting_t *list = config_setting_get_member (group, name);
    int count = list == NULL ? 0 : config_setting_length (list);

    for (int i = 0; i < count; i++) {
        config_setting_t *s = config_setting_get_elem (list, (unsigned int) i);
        if (config_setting_type (s) != CONFIG_TYPE_GROUP)
            return fail_type (conf, list, "a list of groups", err);
        int32_t rc = fn (conf, s, arg, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

void
sim_conf_release (const struct sim_conf_key *keys, void *target)
{
    for (; keys->name != NULL; keys++) {
        void *slot = (char *) target + keys->offset;
        if (keys->type == SIM_CONF_STRING) {
            mem_free (*(char **) slot);
            *(char **) slot = NULL;
        } else if (keys->type == SIM_CONF_STRINGS) {
            vec_free_with (slot, mem_free);
        }
    }
}
