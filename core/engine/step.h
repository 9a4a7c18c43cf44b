/* step: one run of one callback of one op: what the plugin may look at, and what it said. The
 * struct behind the public handle of the same name. Nothing here touches the store: the job takes
 * what the callback said and commits it in one transaction, or drops it.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_ENGINE_STEP_H
#define FARRIER_ENGINE_STEP_H

#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/vec.h"
#include "farrier/plugin.h"
#include "firmware/component.h"
#include "firmware/image.h"
#include "plugin/plugin.h"

struct engine;

#define STEP_ARENA_BYTES (16u << 20)
#define STEP_BAG_BYTES (16u << 10)

/* A value in a document, as the plugin sees it. Lives in the arena of its callback. */
struct farrier_json {
    const struct farrier_host *host;
    struct arena *arena;
    json_t *value;
};

/* An answer, as the plugin sees it. */
struct farrier_response {
    const struct farrier_host *host;
    struct farrier_step *step;
    int32_t status;
    json_t *headers;                   /* array of [name, value] */
    const char *body;
    size_t body_len;
    json_t *json;                      /* parsed at the first question: json_asked */
    bool json_asked;
    int64_t retry_after_ms;
};

/* An image of the repository. */
struct farrier_image {
    const struct farrier_host *host;
    struct engine *engine;
    char *sha256, *name, *version, *vendor, *model;
    uint32_t type;
    uint64_t size_bytes;
    json_t *metadata;                  /* NULL = none */
    struct image_attachment *attachments;
    size_t attachment_count;
};

/* What the callback may look at. All borrowed; outlives the callback. */
struct step_input {
    struct engine *engine;
    const struct plugin_op *op;
    enum plugin_callback callback;
    const char *job_id, *attempt_id, *step_path, *host_id, *host_name, *action;
    uint32_t attempt;
    int64_t deadline_ms;
    bool dry_run;
    const json_t *params;              /* checked, with defaults */
    const json_t *context;             /* the job's */
    const struct component *component; /* NULL = none */
    /* The last inventory, struct component *; read only when somebody asks. */
    const struct vec *(*load_components) (void *arg);
    void *load_arg;
    const struct farrier_image *image; /* NULL = none */
    const json_t *bag;                 /* the op's state so far */
    const char *process_dir;           /* of this attempt's child; NULL = none */
    atomic_bool *cancelled;
    struct farrier_wake wake;
    struct vec *documents;             /* of struct step_document, for COLLECTED */
};

struct step_document {
    char *path;
    int32_t code, http_status;
    char *message, *hint;              /* of a failure; hint may be NULL */
    json_t *json;
};

struct farrier_step {
    const struct farrier_host *host;   /* first: every handle begins so */
    struct step_input in;
    struct arena *arena;

    /* what the callback said */
    json_t *bag;                       /* a copy that it changed */
    json_t *results;                   /* name -> value */
    struct vec components;             /* struct component * */
    json_t *identity, *facts, *sensors;
    json_t *outcomes;                  /* core actions: [{component, outcome, measured, cause}] */
    json_t *context_set;               /* core actions: what the job's context gets */
    json_t *failed;                    /* core actions: keys of the components that failed */
    bool known;                        /* it failed, and there is nothing left to ask */
    char *bind_plugin;                 /* the action bind: which plugin serves the host */
    struct farrier_error emit_error;   /* the first emission that was refused */
    json_t *await;                     /* the one await, as journaled; NULL = none */
    bool await_changing;
    int32_t rung;                      /* enum farrier_rung; -1 = not said */
    uint32_t needs, needs_done;        /* bits 1 << enum farrier_reboot */
    char *skip_reason;
    uint32_t recheck_ms;
    int32_t permille;                  /* -1 = not said */
    char *progress_text;
    bool critical, critical_said;
    bool oversize;                     /* the bag would not fit */
    uint32_t awaits;                   /* how many it tried to register */
};

/* The table every plugin gets; one for the process. */
const struct farrier_host *step_host_table (void);

/* Runs the callback. Returns what plugin_call() did; PLUGIN_BUG where the answer and the awaits do
 * not fit together. The step must be freed with step_free() in either case. */
int32_t step_run (struct farrier_step *step, struct farrier_error *ret_error);
void step_init (struct farrier_step *step, const struct step_input *in);
void step_free (struct farrier_step *step);

/* For the files that implement the table. */
struct farrier_json *step_json (struct farrier_step *step, json_t *value);      /* borrows value */
struct farrier_json *step_json_in (const struct farrier_host *host, struct arena *arena,
                                   json_t *value);        /* the same without a step */
struct farrier_response *step_response (struct farrier_step *step, int32_t status,
                                        json_t *headers, const char *body, size_t len,
                                        int64_t retry_after_ms);
void step_split_url (struct arena *arena, const char *url, struct farrier_endpoint *ret);
int32_t step_set_await (struct farrier_step *step, json_t *spec, bool changing,
                        struct farrier_error *err);

/* The members of the host table by topic; each fills in its part. */
void step_table_values (struct farrier_host *table);      /* host_values.c: JSON, memory, clock */
void step_table_state (struct farrier_host *table);       /* host_state.c: log, params, bag, emit */
void step_table_xml (struct farrier_host *table);         /* host_xml.c */
void step_table_io (struct farrier_host *table);          /* host_io.c: reads, responses, config */
void step_table_attachment (struct farrier_host *table);  /* host_attachment.c */
void step_table_image (struct farrier_host *table);       /* host_image.c: images, artifacts */
void step_table_await (struct farrier_host *table);       /* host_await.c */

#endif
