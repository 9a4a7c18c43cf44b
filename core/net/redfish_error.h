/* redfish_error: what a BMC means by an error answer. Tolerant of the shapes that real ones use:
 * ExtendedInfo as array or object, at the top, in error, in Accepted; message as text or object;
 * HTML or nothing at all.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_NET_REDFISH_ERROR_H
#define FARRIER_NET_REDFISH_ERROR_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "farrier/error.h"

struct redfish_error {
    int32_t code;                      /* FARRIER_E_*; 0: no message is an error */
    int status;                        /* as given */
    int64_t retry_after_ms;            /* from "Retry in N seconds" in message arguments; -1 */
    char vendor_id[FARRIER_VENDOR_ID_MAX];       /* MessageId of the message that decided */
    /* its text, Resolution appended where there is one */
    char message[FARRIER_MESSAGE_MAX];
    bool password_change;              /* PasswordChangeRequired */
    char password_uri[256];            /* its MessageArgs[0] */
    bool session_limit;                /* the session table is full */
};

enum redfish_message_kind {
    REDFISH_UNKNOWN = 0, REDFISH_PROGRESS, REDFISH_SUCCESS, REDFISH_SKIPPED, REDFISH_NEEDS_RESET,
    REDFISH_FAILURE
};

/* status: HTTP status (0 = none); is_get: a 500 is TRANSIENT only then; doc may be NULL (body was
 * not JSON): the status alone decides. */
void redfish_error_parse (int status, bool is_get, const json_t *doc, struct redfish_error *ret);
/* The same from a body: parses it (depth and size are capped). */
void redfish_error_from_body (int status, bool is_get, const char *body, size_t len,
                              struct redfish_error *ret);
/* What a message of a task says. Only the registry's first and the key's last token are looked at
 * ("Update.1.2.0.ApplyFailed" -> Update, ApplyFailed). */
enum redfish_message_kind redfish_message_kind (const char *message_id);
/* FARRIER_E_* for an error key; 0 when it is not known. */
int32_t redfish_key_code (const char *message_id);
/* FARRIER_E_* for a bare status; 0 for 1xx-3xx. */
int32_t redfish_status_code (int status, bool is_get);
/* Borrowed array or object of messages of a document, wherever it is kept; NULL when there is
 * none. */
const json_t *redfish_messages (const json_t *doc);

#endif
