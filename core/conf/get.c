/* get: the typed getters (see conf.h).
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "conf/conf.h"
#include "conf/private.h"

#define LISTED_MAX 12                  /* known keys that a message lists */

static struct touched *
touch (struct conf_at at)
{
    config_setting_t *setting = at.setting;
    struct touched *t = config_setting_get_hook (setting);

    if (t == NULL) {
        t = mem_alloc (sizeof (*t));
        t->at = at;
        vec_push (&at.conf->touched, t);
        config_setting_set_hook (setting, t);
    }
    return t;
}

static bool
is_known (const struct touched *t, const char *key)
{
    for (size_t i = 0; i < t->keys.count; i++) {
        if (strcmp (t->keys.items[i], key) == 0) {
            return true;
        }
    }
    return false;
}

void
conf_known (struct conf_at at, const char *key)
{
    struct touched *t;

    if (conf_type_of (at) != CONF_GROUP) {
        return;
    }
    t = touch (at);
    if (!is_known (t, key)) {
        vec_push (&t->keys, str_dup (key));
    }
}

struct conf_at
conf_any (struct conf_at at, const char *key)
{
    conf_known (at, key);
    return conf_find (at, key);
}

void
conf_complain (struct conf_at at, const char *key, const char *fmt, ...)
{
    struct conf_at child = key == NULL ? at : conf_find (at, key);
    va_list ap;

    if (!conf_is (child)) {
        child = at;
    }
    va_start (ap, fmt);
    conf_vadd_finding (at.conf, conf_file (child), conf_line (child), fmt, ap);
    va_end (ap);
}

/* The value as a person would say it. */
static char *
describe (struct conf_at at)
{
    const char *text = conf_value_string (at);

    switch (conf_type_of (at)) {
    case CONF_STRING:
        return str_printf ("the string \"%.60s\"%s", text, strlen (text) > 60 ? "…" : "");
    case CONF_INTEGER: return str_printf ("%lld", (long long) conf_value_i64 (at, 0));
    case CONF_FLOAT: return str_printf ("%g", conf_value_double (at, 0));
    case CONF_BOOL: return str_dup (conf_value_bool (at, false) ? "true" : "false");
    case CONF_ARRAY: return str_dup ("an array […]");
    case CONF_LIST: return str_dup ("a list (…)");
    case CONF_GROUP: return str_dup ("a group {…}");
    default: return str_dup ("nothing");
    }
}

static void
complain_type (struct conf_at value, const char *wanted)
{
    char *is = describe (value);

    conf_add_finding (value.conf, conf_file (value), conf_line (value),
                      "key '%s' must be %s, but is %s", conf_name (value), wanted, is);
    mem_free (is);
}

/* The value under key when it is of that type; nothing (told, unless absent) otherwise. */
static struct conf_at
typed (struct conf_at at, const char *key, enum conf_type type, const char *wanted)
{
    struct conf_at value = conf_any (at, key);

    if (conf_is (value) && conf_type_of (value) != type) {
        complain_type (value, wanted);
        value.setting = NULL;
    }
    return value;
}

static bool
check_utf8 (struct conf_at value, const char *key)
{
    const char *text = conf_value_string (value);

    if (!str_valid_utf8 (text, strlen (text))) {
        conf_add_finding (value.conf, conf_file (value), conf_line (value),
                          "key '%s': the string is not UTF-8", key);
        return false;
    }
    return true;
}

const char *
conf_string (struct conf_at at, const char *key, const char *fallback)
{
    struct conf_at value = typed (at, key, CONF_STRING, "a string");

    return conf_is (value) && check_utf8 (value, key) ? conf_value_string (value) : fallback;
}

bool
conf_bool (struct conf_at at, const char *key, bool fallback)
{
    return conf_value_bool (typed (at, key, CONF_BOOL, "true or false"), fallback);
}

int64_t
conf_i64 (struct conf_at at, const char *key, int64_t min, int64_t max, int64_t fallback)
{
    struct conf_at value = typed (at, key, CONF_INTEGER, "a whole number");
    int64_t n = conf_value_i64 (value, fallback);

    if (conf_is (value) && (n < min || n > max)) {
        conf_complain (at, key, "key '%s' is %lld; allowed is %lld to %lld", key, (long long) n,
                       (long long) min, (long long) max);
        return fallback;
    }
    return n;
}

double
conf_double (struct conf_at at, const char *key, double min, double max, double fallback)
{
    struct conf_at value = conf_any (at, key);
    double n = conf_value_double (value, fallback);

    if (conf_is (value) && conf_type_of (value) != CONF_FLOAT
        && conf_type_of (value) != CONF_INTEGER) {
        complain_type (value, "a number");
        return fallback;
    }
    if (conf_is (value) && (n < min || n > max)) {
        conf_complain (at, key, "key '%s' is %g; allowed is %g to %g", key, n, min, max);
        return fallback;
    }
    return n;
}

int64_t
conf_duration_ms (struct conf_at at, const char *key, int64_t min_ms, int64_t max_ms,
                  int64_t fallback_ms)
{
    struct conf_at value = typed (at, key, CONF_STRING,
                                  "a duration in quotes, like \"30s\" or \"1h30m\"");
    int64_t ms;

    if (!conf_is (value)) {
        return fallback_ms;
    }
    if (!duration_parse (conf_value_string (value), &ms)) {
        conf_complain (at, key, "key '%s' is \"%s\", which is not a duration like \"250ms\", "
                       "\"30s\" or \"1h30m\"", key, conf_value_string (value));
        return fallback_ms;
    }
    if (ms < min_ms || ms > max_ms) {
        char *low = duration_format (min_ms), *high = duration_format (max_ms);

        conf_complain (at, key, "key '%s' is \"%s\"; allowed is %s to %s", key,
                       conf_value_string (value), low, high);
        mem_free (low);
        mem_free (high);
        return fallback_ms;
    }
    return ms;
}

bool
conf_size_parse (const char *text, int64_t *ret_bytes)
{
    static const struct { const char *name; int64_t factor; } units[] = {
        { "", 1 }, { "B", 1 }, { "kB", 1000 }, { "KB", 1000 }, { "MB", 1000000 },
        { "GB", 1000000000 }, { "TB", INT64_C (1000000000000) }, { "KiB", INT64_C (1) << 10 },
        { "MiB", INT64_C (1) << 20 }, { "GiB", INT64_C (1) << 30 }, { "TiB", INT64_C (1) << 40 },
    };
    size_t digits = text == NULL ? 0 : strspn (text, "0123456789");
    char number[20];
    const char *unit;
    int64_t value, bytes;

    if (digits == 0 || digits >= sizeof (number)) {
        return false;
    }
    memcpy (number, text, digits);
    number[digits] = '\0';
    unit = text + digits + strspn (text + digits, " ");
    for (size_t i = 0; i < sizeof (units) / sizeof (units[0]); i++) {
        if (strcmp (units[i].name, unit) == 0) {
            if (!str_to_i64 (number, &value)
                || __builtin_mul_overflow (value, units[i].factor, &bytes)) {
                return false;
            }
            *ret_bytes = bytes;
            return true;
        }
    }
    return false;
}

int64_t
conf_size_bytes (struct conf_at at, const char *key, int64_t min, int64_t max, int64_t fallback)
{
    struct conf_at value = conf_any (at, key);
    int64_t bytes = conf_value_i64 (value, fallback);

    if (!conf_is (value)) {
        return fallback;
    }
    if (conf_type_of (value) == CONF_STRING
        && !conf_size_parse (conf_value_string (value), &bytes)) {
        conf_complain (at, key, "key '%s' is \"%s\", which is not a size like \"64MiB\" or "
                       "\"10kB\"", key, conf_value_string (value));
        return fallback;
    }
    if (conf_type_of (value) != CONF_STRING && conf_type_of (value) != CONF_INTEGER) {
        complain_type (value, "a size like \"64MiB\", or a whole number of bytes");
        return fallback;
    }
    if (bytes < min || bytes > max) {
        conf_complain (at, key, "key '%s' is %lld bytes; allowed is %lld to %lld", key,
                       (long long) bytes, (long long) min, (long long) max);
        return fallback;
    }
    return bytes;
}

int
conf_enum (struct conf_at at, const char *key, const char *const *names, size_t count,
           int fallback)
{
    const char *word = conf_string (at, key, NULL), *meant;
    char *all;

    if (word == NULL) {
        return fallback;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp (names[i], word) == 0) {
            return (int) i;
        }
    }
    meant = str_did_you_mean (word, names, count);
    all = str_join ((char *const *) names, count, ", ");
    if (meant != NULL) {
        conf_complain (at, key, "key '%s' is \"%s\", did you mean \"%s\"? It may be one of: %s",
                       key, word, meant, all);
    } else {
        conf_complain (at, key, "key '%s' is \"%s\"; it may be one of: %s", key, word, all);
    }
    mem_free (all);
    return fallback;
}

bool
conf_strings (struct conf_at at, const char *key, struct vec *ret)
{
    struct conf_at value = conf_any (at, key);
    enum conf_type type = conf_type_of (value);

    if (!conf_is (value)) {
        return false;
    }
    if (type == CONF_STRING) {
        if (check_utf8 (value, key)) {
            vec_push (ret, (void *) conf_value_string (value));
        }
        return true;
    }
    if (type != CONF_ARRAY && type != CONF_LIST) {
        complain_type (value, "a string or an array of strings");
        return true;
    }
    for (size_t i = 0; i < conf_count (value); i++) {
        struct conf_at element = conf_child (value, i);

        if (conf_type_of (element) != CONF_STRING) {
            char *is = describe (element);

            conf_complain (element, NULL, "key '%s': element %zu must be a string, but is %s", key,
                           i + 1, is);
            mem_free (is);
        } else if (check_utf8 (element, key)) {
            vec_push (ret, (void *) conf_value_string (element));
        }
    }
    return true;
}

struct conf_at
conf_group (struct conf_at at, const char *key)
{
    struct conf_at value = typed (at, key, CONF_GROUP, "a group {…}");

    if (conf_is (value)) {
        touch (value);
    }
    return value;
}

struct conf_at
conf_groups (struct conf_at at, const char *key)
{
    struct conf_at value = typed (at, key, CONF_LIST, "a list of groups ( {…}, {…} )");
    bool ok = true;

    for (size_t i = 0; i < conf_count (value); i++) {
        struct conf_at element = conf_child (value, i);

        if (conf_type_of (element) != CONF_GROUP) {
            char *is = describe (element);

            conf_complain (element, NULL, "key '%s': element %zu must be a group {…}, but is %s",
                           key, i + 1, is);
            mem_free (is);
            ok = false;
        } else {
            touch (element);
        }
    }
    if (!ok) {
        value.setting = NULL;
    }
    return value;
}

bool
conf_required (struct conf_at at, const char *key)
{
    conf_known (at, key);
    if (conf_is (conf_find (at, key))) {
        return true;
    }
    if (conf_is (at)) {
        conf_complain (at, NULL, "key '%s' is missing", key);
    }
    return false;
}

static void
complain_unknown (struct conf_at key, const struct touched *t)
{
    const char *const *known = (const char *const *) t->keys.items;
    const char *meant = str_did_you_mean (conf_name (key), known, t->keys.count);

    if (meant != NULL) {
        conf_complain (key, NULL, "unknown key '%s', did you mean '%s'?", conf_name (key), meant);
    } else if (t->keys.count > 0 && t->keys.count <= LISTED_MAX) {
        char *all = str_join ((char *const *) t->keys.items, t->keys.count, ", ");

        conf_complain (key, NULL, "unknown key '%s'; known here: %s", conf_name (key), all);
        mem_free (all);
    } else {
        conf_complain (key, NULL, "unknown key '%s'", conf_name (key));
    }
}

void
conf_finish (struct conf_at at)
{
    struct touched *t;

    if (conf_type_of (at) != CONF_GROUP) {
        return;
    }
    t = touch (at);
    for (size_t i = 0; !t->finished && i < conf_count (at); i++) {
        struct conf_at child = conf_child (at, i);

        if (!is_known (t, conf_name (child))) {
            complain_unknown (child, t);
        }
    }
    t->finished = true;
}

void
conf_finish_all (struct conf *c)
{
    conf_finish (conf_root (c));
    for (size_t i = 0; i < c->touched.count; i++) {
        conf_finish (((struct touched *) c->touched.items[i])->at);
    }
}
