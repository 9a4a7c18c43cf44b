/* plan: the immutable answer of the planner: per host, what is installed, in which order, why, and
 * what is not, and why not.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_FIRMWARE_PLAN_H
#define FARRIER_FIRMWARE_PLAN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/vec.h"
#include "farrier/types.h"

#define PLAN_FORMAT 1

/* A value that must be found on the BMC before anything is sent. */
struct plan_guard {
    char *uri;
    char *pointer;                 /* RFC 6901 */
    char *expected;
};

enum plan_risk { PLAN_RISK_LOW, PLAN_RISK_MEDIUM, PLAN_RISK_HIGH };

/* One component, one image. JSON: see plan_step_to_json. */
struct plan_step {
    char *component;               /* the component's key */
    enum farrier_component_type type;
    char *name;                    /* display name */
    char *uri;                     /* NULL when there is none */
    char *version_pointer;         /* never NULL */
    char *from;                    /* measured; NULL when the BMC shows no version */
    char *to;
    char *image_sha256;
    char *image_name;
    uint64_t image_size_bytes;
    char *why;                     /* "baseline 2026-q4 wants 2.1.0 (conf.d/baselines/x.conf:12)" */
    char *baseline;                /* its name */
    enum plan_risk risk;
    enum farrier_reboot reboot;
    bool drops_bmc;
    bool exclusive;
    bool applies_at_once;
    bool downgrade;
    int32_t order_rank;
    int64_t p50_ms, p95_ms;        /* 0 = not known */
    bool rollback_ready;
    char *rollback_reason;         /* why ready, or why not */
    char *rollback_image_sha256;   /* NULL: none in the repository */
};

/* All that shares one activation. */
struct plan_batch {
    enum farrier_reboot reboot;    /* the strongest of its steps */
    bool activate_now;             /* firmware.activate runs after its steps */
    bool verify_now;               /* its versions must run when the batch ends */
    struct plan_step *steps;
    size_t step_count;
};

/* A component that gets no step. Outcomes of the ladder: noop, blocked, no_solution. */
enum plan_skip_outcome { PLAN_NOOP, PLAN_BLOCKED, PLAN_NO_SOLUTION };

struct plan_skip {
    char *component;
    enum farrier_component_type type;
    char *name;
    char *version;                 /* NULL when the BMC shows none */
    enum plan_skip_outcome outcome;
    /* at_version newer not_matched manual standby pending host not_updateable no_image ambiguous
     * incomparable no_version blocked_version floor downgrade */
    char *code;
    char *reason;                  /* one line for a person */
};

struct plan_host {
    char *id;
    char *name;
    struct plan_guard *identity;
    size_t identity_count;
    struct plan_batch *batches;
    size_t batch_count;
    struct plan_skip *skips;
    size_t skip_count;
    enum plan_skip_outcome outcome;   /* of a host without batches: the worst of its skips */
    /* shortest reason why it has no batch, or why not all; NULL: everything solved */
    char *reason;
};

struct plan {
    char *selector;                /* as the operator wrote it; may be NULL */
    char **baselines;              /* names, sorted */
    size_t baseline_count;
    struct plan_host *hosts;       /* sorted by name, naturally */
    size_t host_count;
    char digest[HASH_SHA256_HEX];  /* over the canonical JSON without "digest" */
};

struct plan_totals {
    size_t hosts, hosts_to_change, hosts_noop, hosts_blocked, hosts_no_solution;
    size_t steps, batches, host_reboots, bmc_resets, noops, blocked, no_solution;
    uint64_t upload_bytes;
    int64_t longest_host_p50_ms, longest_host_p95_ms;  /* 0 = not known */
};

void plan_free (struct plan *p);
/* By id or name; borrowed; NULL when absent. */
const struct plan_host *plan_find_host (const struct plan *p, const char *id_or_name);
/* "update" when it has batches, else plan_skip_outcome_name (outcome). */
const char *plan_host_status (const struct plan_host *h);
void plan_totals (const struct plan *p, struct plan_totals *ret);

/* {"format":1,"digest","selector","baselines":[…],"hosts":[…],"totals":{…}} */
json_t *plan_to_json (const struct plan *p);
/* Checks the digest: FARRIER_E_INVALID when the document was altered. */
int32_t plan_from_json (const json_t *v, struct plan **ret, struct err *err);

/* What a job's context gets as `plan`:
 * {"digest","host","outcome","reason","identity":[guard…],"batches":[
 *   {"index","reboot","activate_now","verify_now","steps":[step…]}],"skips":[…]}. */
json_t *plan_host_to_json (const struct plan *p, const struct plan_host *h);
/* {"component":KEY,"type","name","uri","version_pointer","from","to","image":"sha256:HEX",
 *  "image_name","image_size_bytes","why","baseline","risk","reboot","drops_bmc","exclusive",
 *  "applies_at_once","downgrade","order_rank","expected_ms":{"p50","p95"}|null,
 *  "rollback_ready","rollback_reason","rollback_image":"sha256:HEX"|null,
 *  "preconditions":{"from_version","pending":null,"uri","pointer"}} */
json_t *plan_step_to_json (const struct plan_step *s);

/* Names as in JSON: "none" "bmc_reset" "host_reset" … */
const char *plan_reboot_name (enum farrier_reboot reboot);
bool plan_reboot_from_name (const char *name, enum farrier_reboot *ret);
const char *plan_risk_name (enum plan_risk risk);                /* "low" "medium" "high" */
/* "noop" "blocked" "no_solution" */
const char *plan_skip_outcome_name (enum plan_skip_outcome o);

/* One line about one component, for a terminal or a page. */
struct plan_line {
    size_t batch;                  /* 1, 2, …; 0 = it has no step */
    size_t step;                   /* within the batch, from 1 */
    const char *component;         /* borrowed from the plan, like all strings but text */
    enum farrier_component_type type;
    const char *name;
    const char *from;              /* NULL when not known */
    const char *to;                /* NULL when there is no step */
    const char *decision;          /* "install" "noop" "blocked" "no_solution" */
    char *text;                    /* why, reboot, risk, rollback, in words; heap */
};

/* Batches in order, then the rest by component. ret: struct plan_line *, free with plan_line_free.
 * */
int32_t plan_explain (const struct plan *p, const char *host, struct vec *ret, struct err *err);
void plan_line_free (struct plan_line *l);

/* [{"host","component","change":"added|removed|changed","text","before":{…}|null,
 * "after":{…}|null}…], sorted; empty when both plans say the same. New reference. */
json_t *plan_diff (const struct plan *a, const struct plan *b);

#endif
