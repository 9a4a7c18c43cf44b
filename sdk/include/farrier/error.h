/* farrier/error.h: the closed list of error codes, and the error that a callback fills in.
 *
 * Part of the plugin ABI; the version rule and the changelog are in farrier/version.h.
 *
 * SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_ERROR_H
#define FARRIER_ERROR_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A callback or host function that fails returns one of these. Retry policy is keyed on the code
 * in the workflow file ("TRANSIENT", "BUSY", …: the names without FARRIER_E_). The list is closed:
 * a value outside it is reported as PLUGIN_BUG. Since 1.0. */
enum farrier_error_code {
    FARRIER_OK = 0,
    FARRIER_E_TRANSIENT = -1,      /* likely to work if repeated (5xx on a read, reset) */
    FARRIER_E_BUSY = -2,           /* the BMC is doing something else (409, 503, foreign job) */
    FARRIER_E_TIMEOUT = -3,        /* a deadline passed */
    FARRIER_E_UNREACHABLE = -4,    /* no route, refused, name unknown */
    FARRIER_E_TLS = -5,            /* certificate not trusted, expired, changed; handshake */
    FARRIER_E_AUTH = -6,           /* credentials refused, privilege missing, password due */
    FARRIER_E_LICENSE = -7,        /* the vendor wants a licence for this */
    FARRIER_E_UNSUPPORTED = -8,    /* this BMC, this core or this plugin cannot do it */
    FARRIER_E_INVALID = -9,        /* malformed: configuration, parameter, BMC answer, file */
    FARRIER_E_REJECTED = -10,      /* the BMC understood and said no (wrong image, signature) */
    FARRIER_E_PRECONDITION = -11,  /* power state, lockdown, TPM, identity: nothing was sent */
    FARRIER_E_NO_SPACE = -12,      /* no room here or on the BMC (413 too) */
    FARRIER_E_STALE = -13,         /* the plan no longer fits what is measured */
    FARRIER_E_VERIFY = -14,        /* measured version or digest differs from the wanted one */
    FARRIER_E_HOST_FAULT = -15,    /* the hardware reports a fault (flash failed) */
    FARRIER_E_CANCELLED = -16,     /* somebody cancelled */
    FARRIER_E_LOST = -17,          /* the host fell silent after its first changing request */
    FARRIER_E_INTERNAL = -18,      /* a defect in the core */
    FARRIER_E_PLUGIN_BUG = -19,    /* a defect in a plugin (rule broken, unknown code) */
    FARRIER_E_LAST_ = -19
};

/* How far a request got. Decides whether a repetition is safe. Since 1.0. */
enum farrier_delivery {
    FARRIER_DELIVERY_NONE = 0,     /* nothing left this machine */
    FARRIER_DELIVERY_MAYBE = 1,    /* some or all of it may have arrived */
    FARRIER_DELIVERY_ANSWERED = 2  /* the other side answered */
};

#define FARRIER_MESSAGE_MAX 512
#define FARRIER_HINT_MAX 256
#define FARRIER_VENDOR_ID_MAX 64

/* Owned by the core, valid for the callback, zero at entry; written through the host table's
 * fail() and hint() (sdk.h: farrier_fail, farrier_fail_http). Fixed size: never grows.
 * Since 1.0. */
struct farrier_error {
    uint32_t struct_size;
    int32_t code;                  /* enum farrier_error_code */
    int32_t http_status;           /* 0 when there was none */
    int32_t delivery;              /* enum farrier_delivery */
    int64_t retry_after_ms;        /* -1 when the other side named none */
    char vendor_id[FARRIER_VENDOR_ID_MAX];   /* "Update.1.0.ApplyFailed"; "" when there is none */
    char message[FARRIER_MESSAGE_MAX];
    char hint[FARRIER_HINT_MAX];
    uint64_t reserved[4];          /* zero */
};

#ifdef __cplusplus
}
#endif

#endif
