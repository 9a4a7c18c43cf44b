/* answer: how an await ended, on its way from the loop to the job; journaled for awaits that change
 * something, so that a crash after it replays the same wake.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_ENGINE_ANSWER_H
#define FARRIER_ENGINE_ANSWER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"
#include "farrier/types.h"
#include "net/http.h"

#define ANSWER_BODY_MAX (64u << 10)    /* more of a body is not journaled */

struct answer {
    enum farrier_wake_kind kind;
    int32_t code;                      /* 0 or enum farrier_error_code */
    int32_t delivery;
    char *message;                     /* for code != 0 */
    char *hint;
    char *vendor_id;
    int32_t status;                    /* HTTP; 0 = none */
    json_t *headers;                   /* [[name, value] …] */
    char *body;
    size_t body_len;
    int64_t retry_after_ms;            /* -1 */
    enum farrier_task_end task_end;
    int32_t exit_status;
    uint32_t reads;
    bool gap_seen;
    struct vec documents;              /* struct step_document *; not journaled */
};

struct answer *answer_new (enum farrier_wake_kind kind);
void answer_free (struct answer *a);
/* Takes over code, delivery, status, headers and body. */
void answer_take_response (struct answer *a, const struct net_response *r);
void answer_fail (struct answer *a, int32_t code, const char *message, const char *hint);
json_t *answer_to_json (const struct answer *a);
struct answer *answer_from_json (const json_t *v);

#endif
