/* bench: runs ops of the real plugin, by the real loader and the engine's own step, on a BMC that
 * is a set of JSON documents and some hooks. It stands where the engine's loop stands: it fulfils
 * awaits, and may "crash" at any of them.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef GENERIC_REDFISH_TESTING_BENCH_H
#define GENERIC_REDFISH_TESTING_BENCH_H

#include <jansson.h>
#include <stdbool.h>

#include "base/testing.h"
#include "engine/step.h"
#include "plugin/plugin.h"

struct bench;

/* An answer to a change. */
struct bench_answer {
    int status;
    const char *location;
    json_t *body;                      /* owned by the caller of the hook afterwards; may be NULL */
};

/* A crash: at the n-th changing await (from 0), with this delivery. performed: the BMC did it. */
struct bench_crash {
    int at;                            /* -1 = never */
    enum farrier_delivery delivery;
    bool performed;
    bool reads_too;                    /* count every await, not only the changing ones */
};

struct bench {
    json_t *docs;                      /* path -> document; absent = 404 */
    const char *root_dir;              /* or: documents are files root_dir/PATH/index.json */
    bool away;                         /* nothing answers */
    int reads_until_back;              /* away ends after so many reads; 0 = by hand */
    int32_t page_code;                 /* a later page of collections can't be read; 0 = it can */
    /* A change that arrived: do it and answer. body is the JSON text, or the await's parts. */
    struct bench_answer (*on_change) (struct bench *b, const char *method, const char *path,
                                      const json_t *spec);
    /* The end of a task: documents may change meanwhile. */
    enum farrier_task_end (*on_task) (struct bench *b, const char *uri, json_t **ret_document);
    void (*on_wait) (struct bench *b); /* time passes: a timer, a watch */
    void *device;                      /* the test's own */

    json_t *changes;                   /* ["POST /path", …] in the order of arrival */
    struct bench_crash crash;
    int awaits;                        /* how many crash points were passed */
    bool crashed;

    /* what the last op said */
    json_t *results, *facts, *identity;
    struct vec components;             /* struct component * */
    uint32_t needs;                    /* open, as a set */
    int rung;
    char *skip_reason;
    struct farrier_error error;
    int recheck_count;

    struct plugin_registry *registry;
    struct farrier_host host;
    json_t *context;
    struct farrier_image image;
    bool has_image;
    struct component component;
    bool has_component;
};

/* docs: a JSON object path -> document as text; NULL = none. */
void bench_make (struct bench *b, const char *docs);
void bench_free (struct bench *b);
/* value is stolen */
void bench_set (struct bench *b, const char *path, const char *pointer, json_t *value);
json_t *bench_doc (struct bench *b, const char *path);
void bench_image (struct bench *b, const char *version, uint64_t size);
void bench_component (struct bench *b, enum farrier_component_type type, const char *key,
                      const char *uri, const char *version);
/* Runs an op to its end: DONE, SKIPPED, UNKNOWN (parked), or negative with b->error. params: JSON
 * text or NULL. */
int32_t bench_run (struct bench *b, const char *op, const char *params);
/* Components found by the last op, by key; NULL when there is none. */
const struct component *bench_found (const struct bench *b, const char *key);
size_t bench_count_changes (const struct bench *b, const char *text);

#endif
