/* farrier/test.h: a fake core for the tests of a plugin: one host with its BMC, a clock that stands
 * still until somebody waits, and every service of struct farrier_host. Link libfarrier-test.
 *
 *     struct farrier_test *t = farrier_test_load ("./acme_bmc.so");
 *     farrier_test_document (t, "/redfish/v1/Systems/1", "{\"PowerState\": \"On\"}");
 *     farrier_test_answer (t, "POST", "/redfish/v1/Systems/1/Oem/Acme/Drain", 204, NULL, NULL);
 *     farrier_test_ok (farrier_test_run (t, "acme_bmc.drain", "{\"timeout\": \"10m\"}")
 *                          == FARRIER_DONE, "drains: %s", farrier_test_error (t)->message);
 *     farrier_test_ok (farrier_test_count (t, "POST", "*") == 1, "asks once");
 *     farrier_test_free (t);
 *     return farrier_test_end ();
 *
 * This is for tests only and no part of the plugin ABI: it changes with the version of the SDK.
 * Nothing here sleeps, forks or opens a socket. One struct farrier_test is for one thread. Strings
 * and pointers that a function returns live until the next call that runs a callback, or until
 * farrier_test_free(). A wrong use (no such op, malformed JSON) ends the process with a message:
 * it is a defect of the test, not a result.
 *
 * SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_TEST_H
#define FARRIER_TEST_H

#include <stddef.h>
#include <stdint.h>

#include "farrier/plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

struct farrier_test;

/* --- begin, end ----------------------------------------------------------------------------- */

/* The plugin of this program, where it is linked in: farrier_test_new (farrier_plugin_entry_1 ()).
 */
struct farrier_test *farrier_test_new (const struct farrier_plugin *plugin);
/* The same for a shared object. It stays loaded until the process ends. */
struct farrier_test *farrier_test_load (const char *file);
/* unload() if load() was called; everything that belongs to t. */
void farrier_test_free (struct farrier_test *t);

/* The plugin's settings, a JSON object as text (as in conf.d/plugins/NAME.conf: "90s" for a
 * duration); checked against its params table. Calls load() the first time, and configure().
 * Without it the first run does so with the defaults. 0, or the negative code that load() or
 * configure() answered. */
int32_t farrier_test_configure (struct farrier_test *t, const char *settings);

/* --- the BMC ------------------------------------------------------------------------------- */

/* What GET of path answers; text is JSON. NULL takes the document away (404). A path is compared
 * without its query and its last slash. */
void farrier_test_document (struct farrier_test *t, const char *path, const char *text);
/* Changes one value of a document; value is JSON text: (…, "/PowerState", "\"Off\""). */
void farrier_test_set (struct farrier_test *t, const char *path, const char *pointer,
                       const char *value);
/* All documents of a folder as farrier-plugin-check --record writes it: PATH/index.json. Documents
 * that were set by hand win. */
void farrier_test_fixture (struct farrier_test *t, const char *dir);

/* What requests of this method and path (glob; method "*" = any but GET) answer from now on.
 * location and body may be NULL. Without an answer or a handler, a change answers 404. */
void farrier_test_answer (struct farrier_test *t, const char *method, const char *path,
                          int32_t status, const char *location, const char *body);

/* A request that reached the BMC. Strings are the core's and live for the call. */
struct farrier_test_request {
    const char *method;
    const char *path;                  /* with its query */
    const char *body;                  /* of an upload: the parts as JSON text; NULL = none */
    size_t body_len;
    uint64_t image_bytes;              /* of an upload: bytes of the image in it */
    uint64_t number;                   /* of this BMC, from 1 */
};

/* How it answers. All zero but status at entry of a handler: 200. Strings are copied when the
 * handler returns. */
struct farrier_test_reply {
    int32_t status;
    const char *location;
    const char *content_type;          /* NULL = application/json */
    const char *body;                  /* NULL = none */
    size_t body_len;                   /* 0 = strlen (body) */
    int32_t retry_after_s;             /* 0 = no such header */
    /* instead of an answer: the code that the request fails with, and how far it got */
    int32_t code;                      /* enum farrier_error_code; 0 = it was answered */
    int32_t delivery;                  /* enum farrier_delivery */
    const char *etag;                  /* NULL = no such header */
};

/* Answers a request: true when *ret says how, false to let others answer (documents last). It may
 * change documents: this is where the device does what it was told. */
typedef int farrier_test_handler (void *arg, struct farrier_test *t,
                                  const struct farrier_test_request *request,
                                  struct farrier_test_reply *ret);
/* The handler that was set last is asked first. method and path: globs; "*" = any. */
void farrier_test_on (struct farrier_test *t, const char *method, const char *path,
                      farrier_test_handler *handler, void *arg);
/* Called whenever the clock moves, with the new time: what a device does by itself. */
void farrier_test_on_time (struct farrier_test *t, void (*fn) (void *arg, struct farrier_test *t),
                           void *arg);
/* The BMC answers nothing (connection refused) for so long; 0 = it is back now. */
void farrier_test_away (struct farrier_test *t, int64_t ms);

/* --- what a step is about ------------------------------------------------------------------- */

/* The component of NEEDS_COMPONENT ops; copied. NULL = none. */
void farrier_test_component (struct farrier_test *t, const struct farrier_component *component);
/* The image of NEEDS_IMAGE ops; copied. sha256 may be NULL: it is then a constant. NULL = none. */
void farrier_test_image (struct farrier_test *t, const struct farrier_image_info *info,
                         const void *bytes, size_t len);
/* Of that image: its metadata (a JSON object as text), and one more attachment; copied. */
void farrier_test_image_metadata (struct farrier_test *t, const char *text);
void farrier_test_attach (struct farrier_test *t, const char *name, const char *filename,
                          const void *bytes, size_t len);
/* A result that an earlier op of the job left (value: JSON text); component NULL = this one. */
void farrier_test_result_before (struct farrier_test *t, const char *component_key,
                                 const char *name, const char *value);
/* What the host is known to need (FARRIER_REBOOT_BIT …): what needed() answers. */
void farrier_test_needs_before (struct farrier_test *t, uint32_t needs);
/* What a program run by await_process prints and how it ends. Programs are never run. */
void farrier_test_program (struct farrier_test *t, const char *path, int32_t exit_status,
                           const char *standard_output, const char *standard_error);
/* 1: step_info says dry_run. */
void farrier_test_dry_run (struct farrier_test *t, int32_t dry_run);

/* --- run ----------------------------------------------------------------------------------- */

/* Runs an op to its end as the core does: each await is carried out on the BMC, on the virtual
 * clock, and woken with its outcome. params: JSON object as text, checked against the op's table;
 * NULL = {}. DONE, SKIPPED, or a negative code (see farrier_test_error()); UNKNOWN when reconcile
 * left it to a person. What the run before this one left (results, facts …) is forgotten; the
 * documents stay as they are. */
int32_t farrier_test_run (struct farrier_test *t, const char *op, const char *params);

/* Or step by step. start: the op's first callback; its answer. */
int32_t farrier_test_start (struct farrier_test *t, const char *op, const char *params);
/* The open await as JSON text ({"kind": "http", "label": …, "method": …, "path": …}); NULL when
 * there is none. Its members are named as in farrier/types.h. */
const char *farrier_test_await (struct farrier_test *t);
/* Carries the open await out and calls poll() with its outcome; the answer of poll(). */
int32_t farrier_test_wake (struct farrier_test *t);

/* An outcome that a test makes up. Members that are zero are absent. */
struct farrier_test_outcome {
    uint32_t kind;                     /* enum farrier_wake_kind; 0 = what the await asks for */
    int32_t code;                      /* enum farrier_error_code */
    int32_t delivery;                  /* enum farrier_delivery */
    const char *message;
    int32_t status;                    /* of a response; 0 = there is none */
    const char *location;
    const char *body;
    uint32_t task_end;                 /* enum farrier_task_end */
    int32_t exit_status;
    uint32_t reads;
    uint32_t gap_seen;
};
/* Instead of farrier_test_wake(): nothing is carried out, poll() sees this. */
int32_t farrier_test_deliver (struct farrier_test *t, const struct farrier_test_outcome *outcome);
/* poll() once more with the wake it was given last and the state from before it: what happens when
 * the core dies after a callback and before its commit. */
int32_t farrier_test_repeat (struct farrier_test *t);

/* The core dies at the open await and comes back: reconcile() is called with a RESUMED wake and
 * this delivery. NONE: the request was never sent. MAYBE and ANSWERED: it was carried out, and its
 * answer is lost. The answer of reconcile(); farrier_test_finish() acts upon it. An op without
 * reconcile() answers NOT_STARTED when it is IDEMPOTENT, else UNKNOWN. */
int32_t farrier_test_crash (struct farrier_test *t, int32_t delivery);
/* Like MAYBE, but the request was lost on its way: nothing was carried out. */
int32_t farrier_test_crash_lost (struct farrier_test *t);
/* Somebody cancels: cancel() is called. */
int32_t farrier_test_cancel (struct farrier_test *t);
/* Goes on with an open await until the end, as farrier_test_run() does. */
int32_t farrier_test_finish (struct farrier_test *t);

/* Makes farrier_test_run() and farrier_test_finish() die at the n-th await from now (from 1) with
 * this delivery, once. 0 = never. */
void farrier_test_crash_at (struct farrier_test *t, uint32_t n, int32_t delivery);
/* How many awaits were registered since the run began. */
uint32_t farrier_test_awaits (struct farrier_test *t);

/* probe(), effects(), inspect() … of the plugin; UNSUPPORTED when it has none. */
int32_t farrier_test_probe (struct farrier_test *t);
int32_t farrier_test_effects (struct farrier_test *t, struct farrier_effects *ret);
int32_t farrier_test_inspect (struct farrier_test *t, const void *bytes, size_t len);
int32_t farrier_test_read_catalog (struct farrier_test *t, const void *bytes, size_t len);

/* --- what it did ---------------------------------------------------------------------------- */

/* The error of the last callback that failed; message "" when none did. Never NULL. */
const struct farrier_error *farrier_test_error (struct farrier_test *t);
/* As JSON text; NULL when it was not set. */
const char *farrier_test_result (struct farrier_test *t, const char *name);
const char *farrier_test_fact (struct farrier_test *t, const char *name);
/* The state bag. */
const char *farrier_test_state (struct farrier_test *t, const char *name);
/* emit_component(), by position and by key; NULL past the end. */
const struct farrier_component *farrier_test_found_at (struct farrier_test *t, uint32_t index);
const struct farrier_component *farrier_test_found (struct farrier_test *t, const char *key);
/* emit_identity(): the value of a kind ("serial"); NULL. */
const char *farrier_test_identity (struct farrier_test *t, const char *kind);
/* emit_sensor() and sink_image(), sink_record(): all of them as a JSON array. */
const char *farrier_test_sensors (struct farrier_test *t);
const char *farrier_test_images (struct farrier_test *t);
const char *farrier_test_records (struct farrier_test *t);
const char *farrier_test_artifact (struct farrier_test *t, const char *name, size_t *ret_len);
const char *farrier_test_skip_reason (struct farrier_test *t);
int32_t farrier_test_rung (struct farrier_test *t);            /* enum farrier_rung; -1 = none */
uint32_t farrier_test_needs (struct farrier_test *t);          /* what the host needs now, a set */
uint32_t farrier_test_permille (struct farrier_test *t);
/* Requests that reached the BMC since farrier_test_new(), by globs over method and path. */
uint32_t farrier_test_count (struct farrier_test *t, const char *method, const char *path);
/* Everything that was logged, a line each. */
const char *farrier_test_log (struct farrier_test *t);
/* The rule of farrier/host.h that the plugin was first seen to break: "R8: …"; NULL when there is
 * none. Seen here: stack at a call of the core (R7), environment, locale and folder (R8). Memory
 * of a callback that has ended (R2, R3, R5) can't be touched at all: the test program dies of it,
 * with a line on standard error. farrier-plugin-check(1) sees the others. */
const char *farrier_test_broken (struct farrier_test *t);

/* --- clock ---------------------------------------------------------------------------------- */

int64_t farrier_test_now_ms (struct farrier_test *t);          /* wall clock */
void farrier_test_advance (struct farrier_test *t, int64_t ms);

/* --- reporting ------------------------------------------------------------------------------ */

/* One line of TAP on standard output: "ok 1 - name". Returns condition. */
int farrier_test_ok (int condition, const char *fmt, ...) __attribute__ ((format (printf, 2, 3)));
/* The plan; the exit status of the test program: 0 when all were good, else 1. */
int farrier_test_end (void);

#ifdef __cplusplus
}
#endif

#endif
