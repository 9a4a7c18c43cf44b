/* selector: see selector.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "fleet/selector.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"
#include "fleet/host.h"

/* "rack=r1*|r20", "vendor!=dell" */
struct condition {
    char *key;
    bool negated;
    char **values;                     /* globs */
    size_t count;                      /* 0: "key=" or "key!=": whether it is there */
};

/* "web*" or "@web" */
struct pattern {
    char *text;
    bool group;
};

struct selector {
    char *text;
    bool all;
    struct map *names;                 /* plain names, of ranges too -> the selector (not NULL) */
    struct vec patterns;               /* struct pattern *: globs and groups that are taken in */
    struct vec away;                   /* struct pattern *: "!…" */
    struct vec conditions;
};

/* --- parse ------------------------------------------------------------------------------------ */

static int32_t
parse_error (const char *text, size_t column, struct err *err, const char *what)
{
    err_set (err, ERR_USAGE, "the selector \"%.120s\" is wrong at column %zu: %s", text, column + 1,
             what);
    err_hint (err, "for example: rack=r12,vendor!=dell or n[001-040] or @group");
    return ERR_USAGE;
}

static void
condition_free (void *p)
{
    struct condition *c = p;
    mem_free (c->key);
    str_free_all (c->values, c->count);
    mem_free (c);
}

static void
pattern_free (void *p)
{
    struct pattern *pattern = p;
    mem_free (pattern->text);
    mem_free (pattern);
}

void
selector_free (struct selector *s)
{
    if (s == NULL)
        return;
    mem_free (s->text);
    map_free (s->names, NULL);
    vec_free_with (&s->patterns, pattern_free);
    vec_free_with (&s->away, pattern_free);
    vec_free_with (&s->conditions, condition_free);
    mem_free (s);
}

static bool
key_valid (const char *key)
{
    for (const char *p = key; *p != '\0'; p++) {
        if (!isalnum ((unsigned char) *p) && strchr ("_./-", *p) == NULL)
            return false;
    }
    return isalnum ((unsigned char) key[0]);
}

static int32_t
parse_condition (struct selector *s, const char *term, size_t column, struct err *err)
{
    const char *equals = strchr (term, '=');
    bool negated = equals > term && equals[-1] == '!';
    char *copy = str_ndup (term, (size_t) (equals - term) - (negated ? 1 : 0));
    char *key = str_dup (str_trim (copy));
    mem_free (copy);
    size_t value_column = column + (size_t) (equals - term) + 1;
    const char *wrong = NULL;
    if (!key_valid (key))
        wrong = *key == '\0' ? "the name of the label is missing" : "this is no name of a label";
    if (wrong != NULL || equals[1] == '=') {
        int32_t rc = parse_error (s->text, wrong != NULL ? column : value_column, err,
                                  wrong != NULL ? wrong : "one '=' is enough");
        mem_free (key);
        return rc;
    }

    struct condition *c = mem_alloc (sizeof *c);
    c->key = key;
    c->negated = negated;
    char *value = str_dup (equals + 1);
    if (*str_trim (value) != '\0')
        c->values = str_split (equals + 1, '|', &c->count);
    mem_free (value);
    vec_push (&s->conditions, c);
    for (size_t i = 0; i < c->count; i++) {
        if (*c->values[i] == '\0')
            return parse_error (s->text, value_column, err, "an alternative is empty");
    }
    return 0;
}

static bool
is_glob (const char *text)
{
    return strpbrk (text, "*?[") != NULL;
}

static int32_t
name_error (const struct selector *s, const char *term, size_t column, struct err *err)
{
    for (const char *p = term; *p != '\0'; p++) {
        unsigned char c = (unsigned char) *p;
        if (!isalnum (c) && strchr ("._-*?[]-, ", c) == NULL)
            return parse_error (s->text, column + (size_t) (p - term), err,
                                "this character is in no host's name");
    }
    const char *open = strchr (term, '[');
    if (open != NULL && strchr (open, ']') == NULL)
        return parse_error (s->text, column + (size_t) (open - term), err,
                            "the bracket is not closed");
    return 0;
}

static void
add_pattern (struct vec *list, char *text, bool group)
{
    struct pattern *p = mem_alloc (sizeof *p);
    p->text = text;
    p->group = group;
    vec_push (list, p);
}

/* A name, a glob, a range or a group, perhaps to be taken away. */
static int32_t
parse_name (struct selector *s, const char *term, size_t column, struct err *err)
{
    bool away = *term == '!';
    const char *name = term + (away ? 1 : 0);
    column += away ? 1 : 0;
    if (*name == '\0')
        return parse_error (s->text, column, err, "a name is missing after '!'");
    if (*name == '@') {
        if (!key_valid (name + 1))
            return parse_error (s->text, column + 1, err, "the name of a group is missing");
        add_pattern (away ? &s->away : &s->patterns, str_dup (name + 1), true);
        return 0;
    }
    if (str_eq (name, "all") && !away) {
        s->all = true;
        return 0;
    }
    int32_t rc = name_error (s, name, column, err);
    if (rc < 0)
        return rc;

    struct vec names = { 0 };
    rc = selector_expand (name, &names, err);
    for (size_t i = 0; i < names.count; i++) {
        char *one = names.items[i];
        if (away || is_glob (one)) {
            add_pattern (away ? &s->away : &s->patterns, one, false);
            continue;
        }
        map_set (s->names, one, s);
        mem_free (one);
    }
    vec_free (&names);
    return rc;
}

/* Commas inside brackets belong to a range. */
static const char *
term_end (const char *p)
{
    int depth = 0;
    for (; *p != '\0'; p++) {
        if (*p == '[')
            depth++;
        else if (*p == ']' && depth > 0)
            depth--;
        else if (*p == ',' && depth == 0)
            break;
    }
    return p;
}

static int32_t
parse_term (struct selector *s, const char *from, const char *end, struct err *err)
{
    while (from < end && isspace ((unsigned char) *from))
        from++;
    while (end > from && isspace ((unsigned char) end[-1]))
        end--;
    size_t column = (size_t) (from - s->text);
    if (from == end)
        return parse_error (s->text, column, err, "a term is missing");
    char *term = str_ndup (from, (size_t) (end - from));
    int32_t rc = strchr (term, '=') != NULL ? parse_condition (s, term, column, err)
                                            : parse_name (s, term, column, err);
    mem_free (term);
    return rc;
}

int32_t
selector_parse (const char *text, struct selector **ret, struct err *err)
{
    struct selector *s = mem_alloc (sizeof *s);
    s->text = str_dup (text == NULL ? "" : text);
    s->names = map_new ();
    int32_t rc = 0;
    const char *p = s->text;
    for (;;) {
        const char *end = term_end (p);
        rc = parse_term (s, p, end, err);
        if (rc < 0 || *end == '\0')
            break;
        p = end + 1;
    }
    if (rc < 0) {
        selector_free (s);
        return rc;
    }
    *ret = s;
    return 0;
}

const char *
selector_text (const struct selector *s)
{
    return s->text;
}

/* "*", "**", "?*": no name is empty. */
static bool
fits_every_name (const char *glob)
{
    const char *mark = strchr (glob, '?');
    return strchr (glob, '*') != NULL && glob[strspn (glob, "*?")] == '\0'
           && (mark == NULL || strchr (mark + 1, '?') == NULL);
}

/* "name=*" and "name!=" hold for every host. */
static bool
restricts (const struct condition *c)
{
    bool holds = c->negated && c->count == 0;
    for (size_t i = 0; i < c->count && !c->negated && !holds; i++)
        holds = fits_every_name (c->values[i]);
    return !holds || !str_eq (c->key, "name");
}

bool
selector_is_all (const struct selector *s)
{
    if (s->away.count > 0)
        return false;
    for (size_t i = 0; i < s->conditions.count; i++) {
        if (restricts (s->conditions.items[i]))
            return false;
    }
    bool everything = s->all || (map_count (s->names) == 0 && s->patterns.count == 0);
    for (size_t i = 0; i < s->patterns.count && !everything; i++) {
        const struct pattern *p = s->patterns.items[i];
        everything = !p->group && fits_every_name (p->text);
    }
    return everything;
}

/* --- match ------------------------------------------------------------------------------------ */

static char *
attribute (const char *name, const json_t *labels, const json_t *facts, const char *key)
{
    if (str_eq (key, "name"))
        return str_dup (name);
    char *label = json_scalar_text (json_object_get (labels, key));
    return label != NULL ? label : json_scalar_text (json_object_get (facts, key));
}

static bool
condition_holds (const struct condition *c, const char *name, const json_t *labels,
                 const json_t *facts)
{
    char *value = attribute (name, labels, facts, c->key);
    bool hit = c->count == 0 && str_empty (value);
    for (size_t i = 0; i < c->count && !hit && value != NULL; i++)
        hit = str_glob (c->values[i], value, true);
    mem_free (value);
    return hit != c->negated;
}

static bool
pattern_hits (const struct pattern *p, const char *name, const json_t *labels)
{
    if (!p->group)
        return str_glob (p->text, name, false);
    char *group = json_scalar_text (json_object_get (labels, "group"));
    bool hit = str_case_eq (group, p->text);
    mem_free (group);
    return hit;
}

static bool
any_hits (const struct vec *patterns, const char *name, const json_t *labels)
{
    for (size_t i = 0; i < patterns->count; i++) {
        if (pattern_hits (patterns->items[i], name, labels))
            return true;
    }
    return false;
}

bool
selector_match_values (const struct selector *s, const char *name, const json_t *labels,
                       const json_t *facts)
{
    bool named = map_count (s->names) > 0 || s->patterns.count > 0;
    if (named && !s->all && map_get (s->names, name) == NULL
        && !any_hits (&s->patterns, name, labels))
        return false;
    if (any_hits (&s->away, name, labels))
        return false;
    for (size_t i = 0; i < s->conditions.count; i++) {
        if (!condition_holds (s->conditions.items[i], name, labels, facts))
            return false;
    }
    return true;
}

bool
selector_match (const struct selector *s, const struct store_host *host)
{
    json_t *labels = json_stored (host->labels_json, NULL);
    json_t *facts = s->conditions.count > 0 ? json_stored (host->facts_json, NULL) : NULL;
    bool hit = selector_match_values (s, host->name, labels, facts);
    json_decref (labels);
    json_decref (facts);
    return hit;
}

char *
host_attribute (const struct store_host *host, const char *key)
{
    json_t *labels = json_stored (host->labels_json, NULL);
    json_t *facts = json_stored (host->facts_json, NULL);
    char *value = attribute (host->name, labels, facts, key);
    json_decref (labels);
    json_decref (facts);
    return value;
}

/* --- resolve ---------------------------------------------------------------------------------- */

/* Names that were written out must exist. */
static int32_t
check_names (const struct selector *s, const struct store_host *hosts, size_t count,
             struct err *err)
{
    size_t it = 0, missing = 0;
    const char *name;
    struct buf list = { 0 };
    struct map *known = map_new ();
    for (size_t i = 0; i < count; i++)
        map_set (known, hosts[i].name, (void *) s);
    const char *first = NULL;
    while (map_next (s->names, &it, &name, NULL)) {
        if (map_get (known, name) != NULL)
            continue;
        first = first == NULL ? name : first;
        if (missing++ < 5)
            buf_printf (&list, "%s%s", missing == 1 ? "" : ", ", name);
    }
    map_free (known, NULL);
    if (missing == 0)
        return 0;

    const char **names = mem_array (count == 0 ? 1 : count, sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = hosts[i].name;
    const char *near = missing == 1 ? str_did_you_mean (first, names, count) : NULL;
    if (missing == 1)
        err_set (err, ERR_NOT_FOUND, "there is no host %s", first);
    else
        err_set (err, ERR_NOT_FOUND, "%zu of %zu names are no hosts: %s%s", missing,
                 map_count (s->names), list.data, missing > 5 ? ", …" : "");
    if (near != NULL)
        err_hint (err, "did you mean %s?", near);
    else
        err_hint (err, "farrier host list");
    mem_free (names);
    buf_free (&list);
    return ERR_NOT_FOUND;
}

static int32_t
guard_all (const struct selector *s, unsigned flags, struct err *err)
{
    if (!selector_is_all (s) || (flags & SELECTOR_ALLOW_ALL))
        return 0;
    err_set (err, ERR_USAGE, "the selector \"%s\" means every host", s->text);
    err_hint (err, "say --all if that is wanted");
    return ERR_USAGE;
}

static int32_t
resolve (struct store *store, const struct selector *s, unsigned flags, struct store_host **ret,
         size_t *ret_count, struct err *err)
{
    struct store_host *hosts = NULL;
    size_t count = 0, kept = 0;
    int32_t rc = store_host_list (store, NULL, &hosts, &count, err);
    if (rc < 0)
        return rc;
    if (map_count (s->names) > 0)
        rc = check_names (s, hosts, count, err);
    if (rc < 0) {
        store_host_free_all (hosts, count);
        return rc;
    }

    for (size_t i = 0; i < count; i++) {
        bool wanted = selector_match (s, &hosts[i])
                      && !((flags & SELECTOR_SKIP_EXCLUDED) && hosts[i].excluded);
        if (!wanted) {
            store_host_clear (&hosts[i]);
            continue;
        }
        if (kept != i) {
            hosts[kept] = hosts[i];
            hosts[i] = (struct store_host) { 0 };
        }
        kept++;
    }
    if (kept == 0 && !(flags & SELECTOR_ALLOW_EMPTY)) {
        store_host_free_all (hosts, kept);
        err_set (err, ERR_NOT_FOUND, "the selector \"%s\" matches none of %zu hosts", s->text,
                 count);
        err_hint (err, count == 0 ? "farrier host add NAME --bmc URL --user U --password-file F"
                                  : "farrier host list -o wide shows the labels");
        return ERR_NOT_FOUND;
    }
    *ret = hosts;
    *ret_count = kept;
    return 0;
}

int32_t
selector_resolve (struct store *store, const char *text, unsigned flags, struct store_host **ret,
                  size_t *ret_count, struct err *err)
{
    if (str_empty (text) && (flags & SELECTOR_ALLOW_ALL))
        text = "all";
    if (str_empty (text)) {
        err_set (err, ERR_USAGE, "no hosts are named");
        err_hint (err, "give a selector such as rack=r12 or n[001-040], or --all");
        return ERR_USAGE;
    }
    struct selector *s = NULL;
    int32_t rc = selector_parse (text, &s, err);
    if (rc == 0)
        rc = guard_all (s, flags, err);
    if (rc == 0)
        rc = resolve (store, s, flags, ret, ret_count, err);
    selector_free (s);
    return rc;
}
