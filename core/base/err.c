/* err: see err.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "base/err.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

static const struct {
    int32_t code;
    const char *name;
} names[] = {
    { FARRIER_OK, "OK" },
    { FARRIER_E_TRANSIENT, "TRANSIENT" },
    { FARRIER_E_BUSY, "BUSY" },
    { FARRIER_E_TIMEOUT, "TIMEOUT" },
    { FARRIER_E_UNREACHABLE, "UNREACHABLE" },
    { FARRIER_E_TLS, "TLS" },
    { FARRIER_E_AUTH, "AUTH" },
    { FARRIER_E_LICENSE, "LICENSE" },
    { FARRIER_E_UNSUPPORTED, "UNSUPPORTED" },
    { FARRIER_E_INVALID, "INVALID" },
    { FARRIER_E_REJECTED, "REJECTED" },
    { FARRIER_E_PRECONDITION, "PRECONDITION" },
    { FARRIER_E_NO_SPACE, "NO_SPACE" },
    { FARRIER_E_STALE, "STALE" },
    { FARRIER_E_VERIFY, "VERIFY" },
    { FARRIER_E_HOST_FAULT, "HOST_FAULT" },
    { FARRIER_E_CANCELLED, "CANCELLED" },
    { FARRIER_E_LOST, "LOST" },
    { FARRIER_E_INTERNAL, "INTERNAL" },
    { FARRIER_E_PLUGIN_BUG, "PLUGIN_BUG" },
    { ERR_NOT_FOUND, "NOT_FOUND" },
    { ERR_EXISTS, "EXISTS" },
    { ERR_USAGE, "USAGE" },
    { ERR_SYNTAX, "SYNTAX" },
    { ERR_IO, "IO" },
    { ERR_STORE_BUSY, "STORE_BUSY" },
    { ERR_POLICY, "POLICY" },
    { ERR_APPROVAL, "APPROVAL" },
    { ERR_NOTHING, "NOTHING" },
    { ERR_PARTLY, "PARTLY" },
    { ERR_CONFLICT, "CONFLICT" },
};

static void
vset (struct err *err, int32_t code, const char *fmt, va_list ap)
{
    err->code = code;
    err->hint[0] = '\0';
    vsnprintf (err->message, sizeof (err->message), fmt, ap);
}

int32_t
err_set (struct err *err, int32_t code, const char *fmt, ...)
{
    va_list ap;

    if (err != NULL) {
        va_start (ap, fmt);
        vset (err, code, fmt, ap);
        va_end (ap);
    }
    return code;
}

int32_t
err_set_errno (struct err *err, int32_t code, int errnum, const char *fmt, ...)
{
    va_list ap;
    size_t len;
    char text[128];

    if (err != NULL) {
        va_start (ap, fmt);
        vset (err, code, fmt, ap);
        va_end (ap);
        len = strlen (err->message);
        str_format (err->message + len, sizeof (err->message) - len, ": %s",
                    strerror_r (errnum, text, sizeof (text)));
    }
    return code;
}

void
err_hint (struct err *err, const char *fmt, ...)
{
    va_list ap;

    if (err == NULL) {
        return;
    }
    va_start (ap, fmt);
    vsnprintf (err->hint, sizeof (err->hint), fmt, ap);
    va_end (ap);
}

void
err_prefix (struct err *err, const char *fmt, ...)
{
    char message[sizeof (err->message)];
    va_list ap;
    int len;

    if (err == NULL) {
        return;
    }
    str_copy (message, sizeof (message), err->message);
    va_start (ap, fmt);
    len = vsnprintf (err->message, sizeof (err->message), fmt, ap);
    va_end (ap);
    if (len >= 0 && (size_t) len < sizeof (err->message)) {
        str_format (err->message + len, sizeof (err->message) - (size_t) len, ": %s", message);
    }
}

void
err_clear (struct err *err)
{
    if (err != NULL) {
        *err = (struct err) { 0 };
    }
}

const char *
err_code_name (int32_t code)
{
    for (size_t i = 0; i < sizeof (names) / sizeof (names[0]); i++) {
        if (names[i].code == code) {
            return names[i].name;
        }
    }
    return "UNKNOWN";
}

int32_t
err_code_from_name (const char *name)
{
    for (size_t i = 0; name != NULL && i < sizeof (names) / sizeof (names[0]); i++) {
        if (str_case_eq (names[i].name, name)) {
            return names[i].code;
        }
    }
    return 0;
}

int
err_exit_status (int32_t code)
{
    switch (code) {
    case FARRIER_OK: return 0;
    case ERR_USAGE: return 2;
    case ERR_SYNTAX: return 2;
    case ERR_NOT_FOUND: return 3;
    case ERR_NOTHING: return 4;
    case ERR_PARTLY: return 5;
    case ERR_POLICY: return 6;
    case ERR_APPROVAL: return 7;
    case FARRIER_E_CANCELLED: return 8;
    case ERR_STORE_BUSY: return 9;
    default: return 1;
    }
}
