/* conf: configuration files (libconfig syntax), read by type, with file:line in every message.
 *
 * A reader asks for each key it knows; what does not fit becomes a finding and the fallback is
 * returned, so that all mistakes of a file are told at once:
 *
 *     struct vec findings = { 0 };
 *     struct conf *c;
 *
 *     rc = conf_load (path, &findings, &c, err);
 *     if (rc == 0) {
 *         struct conf_at root = conf_root (c), tls = conf_group (root, "tls");
 *
 *         port = conf_i64 (root, "port", 1, 65535, 8443);
 *         wait_ms = conf_duration_ms (tls, "timeout", 0, 3600000, 30000);   // absent tls: fallback
 *         conf_finish_all (c);                        // unknown keys, with "did you mean"
 *         rc = conf_result (c, err);
 *         conf_free (c);
 *     }
 *     conf_findings_free (&findings);
 *
 * A struct conf and its cursors belong to one thread at a time. Strings are borrowed and live as
 * long as the struct conf. No key may hold a dot: names with dots are values.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_CONF_CONF_H
#define FARRIER_CONF_CONF_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/map.h"
#include "base/vec.h"

#define CONF_TEXT_MAX (4 * 1024 * 1024)           /* bytes of one file */
#define CONF_DEPTH_MAX 32                         /* brackets inside brackets */
#define CONF_INCLUDE_DEPTH_MAX 8

struct conf;

/* A place in a file: a group, a list, an array or a single value. Passed by value; setting is NULL
 * where there is nothing (every getter then gives its fallback, without a finding). */
struct conf_at {
    struct conf *conf;
    void *setting;
};

struct conf_finding {
    char *file;
    int line;                                     /* 1…; 0: the file as a whole */
    char *message;                                /* names the key, and both values; no full stop */
};

/* ---- reading ---- */

/* 0; ERR_NOT_FOUND or ERR_IO; ERR_SYNTAX when it does not parse (err holds the first finding).
 * findings (of struct conf_finding *) is appended to, now and by the getters below; it must outlive
 * the struct conf; NULL: only counted. `@include "x.conf"` is relative to the file's own folder. */
int32_t conf_load (const char *path, struct vec *findings, struct conf **ret, struct err *err);
/* The same for a text in memory; name stands for the file in messages. @include is refused. */
int32_t conf_load_text (const char *text, size_t len, const char *name, struct vec *findings,
                        struct conf **ret, struct err *err);
void conf_free (struct conf *c);

/* 0, or ERR_SYNTAX with the first finding (and the number of the others) in err. */
int32_t conf_result (const struct conf *c, struct err *err);
size_t conf_finding_count (const struct conf *c);

char *conf_finding_text (const struct conf_finding *f);     /* "file:line: message"; heap */
void conf_finding_free (void *finding);                               /* for vec_free_with */
void conf_findings_free (struct vec *findings);                       /* and empties it */

/* ---- typed getters of a group ---- */

const char *conf_string (struct conf_at at, const char *key, const char *fallback);
bool conf_bool (struct conf_at at, const char *key, bool fallback);
int64_t conf_i64 (struct conf_at at, const char *key, int64_t min, int64_t max, int64_t fallback);
double conf_double (struct conf_at at, const char *key, double min, double max, double fallback);
/* "30s", "1h30m" as strings: a bare number is a finding that says so. */
int64_t conf_duration_ms (struct conf_at at, const char *key, int64_t min_ms, int64_t max_ms,
                          int64_t fallback_ms);
/* "64MiB", "10kB" as strings, or a whole number of bytes. */
int64_t conf_size_bytes (struct conf_at at, const char *key, int64_t min, int64_t max,
                         int64_t fallback);
/* The index of the word in names, case-sensitive; fallback (any int) when absent or wrong. */
int conf_enum (struct conf_at at, const char *key, const char *const *names, size_t count,
               int fallback);
/* Appends (const char *, borrowed) the strings of an array or list; one string is a list of one.
 * False when absent. */
bool conf_strings (struct conf_at at, const char *key, struct vec *ret);
/* A group; nothing (with a finding when it is something else) otherwise. */
struct conf_at conf_group (struct conf_at at, const char *key);
/* A list, each of whose elements is a group; for conf_count() and conf_child(). */
struct conf_at conf_groups (struct conf_at at, const char *key);
/* Whatever stands under the key, of any type: the reader looks for itself. */
struct conf_at conf_any (struct conf_at at, const char *key);

/* A finding when the key is absent; true when it is there. Counts as known. */
bool conf_required (struct conf_at at, const char *key);
/* The key is known without being read here. */
void conf_known (struct conf_at at, const char *key);
/* A finding for each key of this group that no getter asked for. */
void conf_finish (struct conf_at at);
/* conf_finish() of the root and of every group that a typed getter read from. */
void conf_finish_all (struct conf *c);
/* A finding of the reader's own, at the line of key (NULL or absent key: of the group itself). The
 * message should name the key. */
void conf_complain (struct conf_at at, const char *key, const char *fmt, ...)
    __attribute__ ((format (printf, 3, 4)));

/* ---- the raw tree ---- */

enum conf_type {
    CONF_NOTHING, CONF_GROUP, CONF_LIST, CONF_ARRAY, CONF_STRING, CONF_INTEGER, CONF_FLOAT,
    CONF_BOOL
};

struct conf_at conf_root (struct conf *c);
bool conf_is (struct conf_at at);                                     /* is there anything? */
enum conf_type conf_type_of (struct conf_at at);
const char *conf_type_name (enum conf_type type);                     /* "group", "whole number" */
const char *conf_name (struct conf_at at);             /* "" in lists and at the root */
const char *conf_file (struct conf_at at);
int conf_line (struct conf_at at);
size_t conf_count (struct conf_at at);                                /* children; 0 for a value */
struct conf_at conf_child (struct conf_at at, size_t i);              /* nothing past the end */
struct conf_at conf_find (struct conf_at at, const char *name);       /* does not make it known */
const char *conf_value_string (struct conf_at at);                    /* NULL unless a string */
int64_t conf_value_i64 (struct conf_at at, int64_t fallback);
double conf_value_double (struct conf_at at, double fallback);        /* whole numbers too */
bool conf_value_bool (struct conf_at at, bool fallback);

/* The place as JSON: group -> object (keys in the order of the file), list and array -> array. New
 * reference; NULL for nothing. ret_lines (may be NULL) receives a new map from JSON pointer
 * (relative to the place; "" is the place itself) to (void *) (intptr_t) line; free it with
 * map_free (m, NULL). */
json_t *conf_to_json (struct conf_at at, struct map **ret_lines);

/* "64MiB" "1 GB" "512": false when it is not a size or does not fit. */
bool conf_size_parse (const char *text, int64_t *ret_bytes);

#endif
