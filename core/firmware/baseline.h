/* baseline: what a set of hosts shall run, as an operator writes it in conf.d/baselines/NAME.conf.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_FIRMWARE_BASELINE_H
#define FARRIER_FIRMWARE_BASELINE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/vec.h"
#include "firmware/component.h"
#include "firmware/version.h"

enum baseline_want {
    BASELINE_VERSION,              /* version = "2.1.0" */
    BASELINE_IMAGE,                /* image = "sha256:…" or a name */
    BASELINE_LATEST,               /* policy = "latest": the newest image of the repository */
    BASELINE_MANUAL,               /* policy = "manual": left alone */
};

/* One entry of `targets`. What is NULL in the match matches anything; `type` is required. */
struct baseline_target {
    enum farrier_component_type type;
    char *vendor;                  /* glob over the host's vendor, without case */
    char *model;                   /* glob over the host's model */
    char *name;                    /* glob over the component's display name */
    char *slot;                    /* glob */
    struct component_pair *facts;  /* globs over facts of the host (match.facts = { … }) */
    size_t fact_count;
    /* globs over vendor keys of the component (match.keys = { … }) */
    struct component_pair *keys;
    size_t key_count;

    enum baseline_want want;
    char *version;                 /* BASELINE_VERSION */
    char *image;                   /* BASELINE_IMAGE */
    bool allow_downgrade;
    bool pin;                      /* exactly this version: a newer one does not satisfy it */
    char *floor;                   /* nothing below it is ever installed, by rollback neither */
    char **blocks;                 /* forbidden versions */
    size_t block_count;
    int priority;                  /* higher wins; the baseline's where the target gives none */
    unsigned line;
};

struct baseline {
    char *name;
    char *summary;
    char *selector;                /* text for fleet's selector; "" = no host until assigned */
    int priority;
    struct baseline_target *targets;
    size_t target_count;
    char *file;
    unsigned line;
};

/* Reads one file. 0, or the code of conf_load() / conf_result() (ERR_SYNTAX …) with *ret untouched:
 * err holds the first finding, and all are appended to `findings` (struct conf_finding * of
 * core/conf; may be NULL). */
int32_t baseline_load (const char *path, struct baseline **ret, struct vec *findings,
                       struct err *err);
/* The same for a text in memory; name stands for the file. */
int32_t baseline_load_text (const char *text, size_t len, const char *name, struct baseline **ret,
                            struct vec *findings, struct err *err);
/* All *.conf of a directory (a missing directory is an empty list), in order of their names; two
 * baselines of one name are a finding. The good ones are returned even when others are not, with
 * ERR_SYNTAX then. ret: struct baseline *. */
int32_t baseline_load_dir (const char *dir, struct vec *ret, struct vec *findings,
                           struct err *err);
void baseline_free (struct baseline *b);          /* for vec_free_with */

/* By name; NULL when absent. Borrowed. */
const struct baseline *baseline_find (const struct vec *baselines, const char *name);

bool baseline_target_matches (const struct baseline_target *t, const struct component *c,
                              const char *host_vendor, const char *host_model,
                              const struct component_pair *facts, size_t fact_count);
bool baseline_target_blocks (const struct baseline_target *t,
                             const struct version_comparer *comparer,
                             const char *version);
/* "version 2.1.0", "latest image", "image bios-2.1.0": heap. */
char *baseline_target_text (const struct baseline_target *t);

/* For `baseline show -o json`. */
json_t *baseline_to_json (const struct baseline *b);

#endif
