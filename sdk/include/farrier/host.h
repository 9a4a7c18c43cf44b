/* farrier/host.h: what the core offers to a plugin, as one append-only table.
 *
 * Part of the plugin ABI; the version rule and the changelog are in farrier/version.h.
 *
 * SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_HOST_H
#define FARRIER_HOST_H

#include "farrier/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* OWNERSHIP RULES, quoted by number in messages:
 *  R1  all that is reachable from struct farrier_plugin is static const
 *  R2  pointers passed in are valid until return
 *  R3  memory from alloc() and strings returned by the core live until the callback returns
 *  R4  strings given to the core are copied
 *  R5  handles end with the callback
 *  R6  nobody frees the other side's memory
 *  R7  no thread-locals, held locks, or more than 64 KiB of stack across a core call
 *  R8  no signals, fork, threads, setlocale, chdir, umask, setenv, stdout, stderr
 *  R9  do not link libcurl, libssl, libuv or a JSON library
 *  R10 wait only in the core's services
 *
 * Unless a member says otherwise: Since 1.0; call it on the thread of the callback, with that
 * callback's step; a returned string or handle lives until the callback returns (R3, R5); a
 * function that returns int32_t answers 0 or a negative enum farrier_error_code, having filled in
 * `err` where it takes one. Call through the inline wrappers of farrier/sdk.h: they test that an
 * older core has the member. */
struct farrier_host {
    uint32_t struct_size;              /* of the core's table */
    uint16_t abi_major;
    uint16_t abi_minor;

    /* --- log and errors --------------------------------------------------------------------- */

    /* job, host and op are attached by the core; registered secrets are redacted. step may be NULL
     * in load(), configure() and formats. */
    void (*log) (const struct farrier_host *host, struct farrier_step *step, int32_t level,
                 const char *fmt, ...) __attribute__ ((format (printf, 4, 5)));
    FARRIER_PAD (log)
    /* Fills err and returns code: `return host->fail (err, FARRIER_E_BUSY, "…", …)`. */
    int32_t (*fail) (struct farrier_error *err, int32_t code, const char *fmt, ...)
        __attribute__ ((format (printf, 3, 4)));
    FARRIER_PAD (fail)
    /* The same from an HTTP response: status, Retry-After and @Message.ExtendedInfo are parsed once
     * for everybody; fmt says what was tried. Returns the code that fits. */
    int32_t (*fail_http) (struct farrier_error *err, const struct farrier_response *response,
                          const char *fmt, ...) __attribute__ ((format (printf, 3, 4)));
    FARRIER_PAD (fail_http)
    /* The next command, for people: `err` keeps the last one. Text is copied and cut to size. */
    void (*hint) (struct farrier_error *err, const char *fmt, ...)
        __attribute__ ((format (printf, 2, 3)));
    FARRIER_PAD (hint)

    /* --- configuration (checked against the plugin's params table before it is seen) -------- */

    /* A setting as text, ENUM too; NULL when it is absent or no text. Ends with configure(). */
    const char *(*config_str) (const struct farrier_config *cfg, const char *name);
    FARRIER_PAD (config_str)
    /* bool: 0/1; durations: ms */
    int64_t (*config_i64) (const struct farrier_config *cfg, const char *name);
    FARRIER_PAD (config_i64)

    /* --- the step --------------------------------------------------------------------------- */

    /* Fills *ret (struct_size set by the caller); never fails. */
    void (*step_info) (struct farrier_step *step, struct farrier_step_info *ret);
    FARRIER_PAD (step_info)
    /* The op's parameters as the workflow gave them, else the table's default; NULL / 0 when
     * absent. */
    const char *(*param_str) (struct farrier_step *step, const char *name);
    FARRIER_PAD (param_str)
    /* BOOL as 0 and 1, DURATION in ms, SIZE in bytes; 0 when absent. */
    int64_t (*param_i64) (struct farrier_step *step, const char *name);
    FARRIER_PAD (param_i64)
    /* Any parameter as a value; NULL when absent. */
    const struct farrier_json *(*param_json) (struct farrier_step *step, const char *name);
    FARRIER_PAD (param_json)
    /* What the step is about. UNSUPPORTED when the action names no component. */
    int32_t (*component) (struct farrier_step *step, struct farrier_component *ret);
    FARRIER_PAD (component)
    /* The components of the last inventory, by position; INVALID past the end. */
    int32_t (*component_at) (struct farrier_step *step, uint32_t index,
                             struct farrier_component *ret);
    FARRIER_PAD (component_at)
    /* The image of a NEEDS_IMAGE op; NULL otherwise. */
    const struct farrier_image *(*image) (struct farrier_step *step);
    FARRIER_PAD (image)
    /* 1 when somebody asked to cancel: finish soon; inline reads answer CANCELLED from then on. */
    int32_t (*cancelled) (struct farrier_step *step);
    FARRIER_PAD (cancelled)
    /* Why this callback was called; kind is NONE in start(). Never fails. */
    void (*wake) (struct farrier_step *step, struct farrier_wake *ret);
    FARRIER_PAD (wake)
    /* One document of a COLLECTED wake, by position; INVALID past the last. */
    int32_t (*wake_document) (struct farrier_step *step, uint32_t index,
                              struct farrier_document *ret);
    FARRIER_PAD (wake_document)
    /* SKIPPED with its reason; RECHECK with its delay: `return host->skip (step, "…")`. */
    int32_t (*skip) (struct farrier_step *step, const char *fmt, ...)
        __attribute__ ((format (printf, 2, 3)));
    FARRIER_PAD (skip)
    /* `return host->recheck (step, ms)` from reconcile: ask again after that time. */
    int32_t (*recheck) (struct farrier_step *step, uint32_t after_ms);
    FARRIER_PAD (recheck)
    /* The failure that this callback is about to answer is certain: the BMC said so itself, or it
     * was measured. The core does not ask reconcile what became of it, and does not try again. */
    void (*known) (struct farrier_step *step);
    FARRIER_PAD (known)

    /* --- state, journaled with the next await; results, kept with the job ------------------- */

    /* The op's bag: at most 16 KiB in all, UTF-8. NULL when absent. A negative return of the
     * callback discards what it set. NO_SPACE past the limit. */
    const char *(*state_get) (struct farrier_step *step, const char *name);
    FARRIER_PAD (state_get)
    /* INVALID unless UTF-8; NO_SPACE past 16 KiB, and the callback then fails. Copied. */
    int32_t (*state_set) (struct farrier_step *step, const char *name, const char *value);
    FARRIER_PAD (state_set)
    /* Does nothing when there is no such name. */
    void (*state_del) (struct farrier_step *step, const char *name);
    FARRIER_PAD (state_del)
    /* A result: declared in the op's results[]; kept per component; seen by later ops of the job
     * (result_get: component_key NULL = this step's) and by the workflow when it says `save`. */
    int32_t (*result_set) (struct farrier_step *step, const char *name,
                           const struct farrier_json *value);
    FARRIER_PAD (result_set)
    /* NULL when nobody set it. */
    const struct farrier_json *(*result_get) (struct farrier_step *step,
                                              const char *component_key, const char *name);
    FARRIER_PAD (result_get)
    /* Climbs the outcome ladder of the step's component; lower than before is ignored. */
    void (*outcome) (struct farrier_step *step, uint32_t rung);
    FARRIER_PAD (outcome)
    /* The host needs this (enum farrier_reboot) before the new version runs; firmware.activate
     * without a component serves all that is needed. needed() tells what is open now, as a set:
     * FARRIER_REBOOT_BIT (kind) for each. needs_done() closes one kind. */
    void (*needs) (struct farrier_step *step, uint32_t reboot);
    FARRIER_PAD (needs)
    /* What is open now, with what this callback said. */
    uint32_t (*needed) (struct farrier_step *step);
    FARRIER_PAD (needed)
    /* This kind of reboot has taken place. */
    void (*needs_done) (struct farrier_step *step, uint32_t reboot);
    FARRIER_PAD (needs_done)
    /* 0..1000 of this step; clamped to grow; text is for people. */
    void (*progress) (struct farrier_step *step, uint32_t permille, const char *text);
    FARRIER_PAD (progress)
    /* Between the two a cancel waits: the flash is being written. */
    void (*critical_enter) (struct farrier_step *step);
    FARRIER_PAD (critical_enter)
    /* Every way out of the op passes here; until then a cancel waits. */
    void (*critical_leave) (struct farrier_step *step);
    FARRIER_PAD (critical_leave)

    /* --- read, inline, small ---------------------------------------------------------------- */

    /* endpoint NULL = "bmc". A status of 400 and more is not an error of the call: ask
     * response_status(). CANCELLED on cancel. */
    int32_t (*http_get) (struct farrier_step *step, const char *endpoint, const char *path,
                         const struct farrier_http_options *options,
                         const struct farrier_response **ret_response, struct farrier_error *err);
    FARRIER_PAD (http_get)
    /* A POST that only reads, declared so (Dell LC status, an OME report). */
    int32_t (*http_read) (struct farrier_step *step, const char *endpoint, const char *path,
                          const char *body, const struct farrier_http_options *options,
                          const struct farrier_response **ret_response, struct farrier_error *err);
    FARRIER_PAD (http_read)
    /* 100 to 599; 0 for NULL. */
    int32_t (*response_status) (const struct farrier_response *response);
    FARRIER_PAD (response_status)
    /* Names compare without case; NULL when absent. */
    const char *(*response_header) (const struct farrier_response *response, const char *name);
    FARRIER_PAD (response_header)
    /* NUL-terminated besides its length; "" when empty. ret_len may be NULL. */
    const char *(*response_body) (const struct farrier_response *response, size_t *ret_len);
    FARRIER_PAD (response_body)
    const struct farrier_json *(*response_json) (const struct farrier_response *response);
    FARRIER_PAD (response_json)        /* NULL when the body is not JSON */

    /* --- JSON: values are looked at through handles; a NULL value is an absent one ---------- */

    const struct farrier_json *(*json_at) (const struct farrier_json *value, const char *pointer);
    FARRIER_PAD (json_at)              /* RFC 6901; NULL when absent */
    const char *(*json_str) (const struct farrier_json *value);       /* NULL unless a string */
    FARRIER_PAD (json_str)
    /* INVALID unless a number */
    int32_t (*json_i64) (const struct farrier_json *value, int64_t *ret);
    FARRIER_PAD (json_i64)
    /* Integer or real; INVALID unless a number. */
    int32_t (*json_real) (const struct farrier_json *value, double *ret);
    FARRIER_PAD (json_real)
    /* 1, 0, or -1 unless a boolean */
    int32_t (*json_bool) (const struct farrier_json *value);
    FARRIER_PAD (json_bool)
    uint32_t (*json_count) (const struct farrier_json *value);        /* of an array or object */
    FARRIER_PAD (json_count)
    const struct farrier_json *(*json_item) (const struct farrier_json *value, uint32_t index);
    FARRIER_PAD (json_item)            /* array item or object member by position */
    const char *(*json_key) (const struct farrier_json *value, uint32_t index);
    FARRIER_PAD (json_key)             /* object member's name by position */
    char (*json_type) (const struct farrier_json *value);  /* o a s n b 0 (null); '-' absent */
    FARRIER_PAD (json_type)
    /* Making: text must be JSON; the result may be given to result_set, emit_fact, json_text. */
    const struct farrier_json *(*json_parse) (struct farrier_step *step, const char *text);
    FARRIER_PAD (json_parse)           /* NULL when malformed */
    /* Empty, to be filled with json_put(); NULL past the memory limit. */
    struct farrier_json *(*json_object) (struct farrier_step *step);
    FARRIER_PAD (json_object)
    /* The same for an array: json_put() with key NULL. */
    struct farrier_json *(*json_array) (struct farrier_step *step);
    FARRIER_PAD (json_array)
    /* text NULL makes a null. */
    const struct farrier_json *(*json_string) (struct farrier_step *step, const char *text);
    FARRIER_PAD (json_string)
    /* NULL past the memory limit, as of the other makers. */
    const struct farrier_json *(*json_integer) (struct farrier_step *step, int64_t number);
    FARRIER_PAD (json_integer)
    /* Not 0 is true. */
    const struct farrier_json *(*json_boolean) (struct farrier_step *step, int32_t truth);
    FARRIER_PAD (json_boolean)
    /* key NULL appends to an array. The value is copied when it belongs to another document. */
    int32_t (*json_put) (struct farrier_json *into, const char *key,
                         const struct farrier_json *value);
    FARRIER_PAD (json_put)
    /* As JSON text, keys sorted; NULL for NULL. */
    const char *(*json_text) (struct farrier_step *step, const struct farrier_json *value);
    FARRIER_PAD (json_text)

    /* --- awaits: at most one a callback; then return PENDING (or ADOPT) --------------------- */

    /* struct farrier_collect: many reads, one COLLECTED wake. */
    int32_t (*await_collect) (struct farrier_step *step, const struct farrier_collect *what,
                              struct farrier_error *err);
    FARRIER_PAD (await_collect)
    /* struct farrier_http_request: one changing request, sent once; RESPONSE. */
    int32_t (*await_http) (struct farrier_step *step, const struct farrier_http_request *what,
                           struct farrier_error *err);
    FARRIER_PAD (await_http)
    /* struct farrier_transfer: an upload, sent once; TRANSFER. */
    int32_t (*await_transfer) (struct farrier_step *step, const struct farrier_transfer *what,
                               struct farrier_error *err);
    FARRIER_PAD (await_transfer)
    /* struct farrier_download: GET into an artifact; TRANSFER. */
    int32_t (*await_download) (struct farrier_step *step, const struct farrier_download *what,
                               struct farrier_error *err);
    FARRIER_PAD (await_download)
    /* struct farrier_task: follow a task, a job, a state; TASK. */
    int32_t (*await_task) (struct farrier_step *step, const struct farrier_task *what,
                           struct farrier_error *err);
    FARRIER_PAD (await_task)
    /* struct farrier_until: look until it is as wanted; REACHABLE, or code TIMEOUT. */
    int32_t (*await_until) (struct farrier_step *step, const struct farrier_until *what,
                            struct farrier_error *err);
    FARRIER_PAD (await_until)
    /* Wall clock: it ends also when the core was away meanwhile; TIMER. */
    int32_t (*await_timer) (struct farrier_step *step, uint32_t after_ms, const char *label,
                            struct farrier_error *err);
    FARRIER_PAD (await_timer)
    /* struct farrier_process: a vendor tool, started once; PROCESS. */
    int32_t (*await_process) (struct farrier_step *step, const struct farrier_process *what,
                              struct farrier_error *err);
    FARRIER_PAD (await_process)
    /* For reconcile: what became of this attempt's process. Returns enum farrier_process_state. */
    int32_t (*process_status) (struct farrier_step *step, int32_t *ret_exit_status);
    FARRIER_PAD (process_status)
    /* Output of this attempt's process; stream 1 or 2. */
    const char *(*process_output) (struct farrier_step *step, int32_t stream, size_t *ret_len);
    FARRIER_PAD (process_output)

    /* --- image and artifacts ---------------------------------------------------------------- */

    /* Fills *ret (struct_size set by the caller); its strings live with the image. */
    void (*image_info) (const struct farrier_image *image, struct farrier_image_info *ret);
    FARRIER_PAD (image_info)
    int64_t (*image_read) (const struct farrier_image *image, uint64_t offset, void *buffer,
                           size_t len);
    FARRIER_PAD (image_read)           /* bytes read, 0 at the end, or a negative code */
    /* A private file with the image's bytes for a vendor tool; gone when the attempt ends. */
    int32_t (*image_path) (struct farrier_step *step, const struct farrier_image *image,
                           const char **ret_path, struct farrier_error *err);
    FARRIER_PAD (image_path)
    /* A one-time URL for BMCs that pull, on an address the BMC reaches; valid until the step
     * ends. */
    int32_t (*image_publish) (struct farrier_step *step, const struct farrier_image *image,
                              const char **ret_url, struct farrier_error *err);
    FARRIER_PAD (image_publish)
    /* Files of the job (configuration exports, logs): sealed, with digest and retention. */
    int32_t (*artifact_write) (struct farrier_step *step, const char *name, const void *bytes,
                               size_t len, struct farrier_error *err);
    FARRIER_PAD (artifact_write)
    const char *(*artifact_read) (struct farrier_step *step, const char *name, size_t *ret_len);
    FARRIER_PAD (artifact_read)        /* NULL when absent */

    /* --- emit: what identify, inventory and health found ------------------------------------ */

    /* Copied. One that is malformed (no key …) makes the callback a PLUGIN_BUG. */
    void (*emit_component) (struct farrier_step *step, const struct farrier_component *component);
    FARRIER_PAD (emit_component)
    /* kind: serial | uuid | board_id | asset. uri and pointer say where the core finds it again
     * when it checks, before each change, that the BMC is still the same. */
    void (*emit_identity) (struct farrier_step *step, const char *kind, const char *value,
                           const char *uri, const char *pointer);
    FARRIER_PAD (emit_identity)
    void (*emit_fact) (struct farrier_step *step, const char *name,
                       const struct farrier_json *value);
    FARRIER_PAD (emit_fact)            /* "vendor", "model", "power_state", "bmc.version" … */
    /* unit and health ("OK", "Warning", "Critical") may be NULL. */
    void (*emit_sensor) (struct farrier_step *step, const char *name, double value,
                         const char *unit, const char *health);
    FARRIER_PAD (emit_sensor)

    /* --- memory and clock ------------------------------------------------------------------- */

    /* zeroed; NULL past 16 MiB, which the handles and strings of the callback count for too; no
     * free. Once anything was refused the callback has failed with NO_SPACE, whatever it answers:
     * what it took for absent may be there. */
    void *(*alloc) (struct farrier_step *step, size_t size);
    FARRIER_PAD (alloc)
    /* Text in that memory; NULL past the limit. */
    char *(*printf) (struct farrier_step *step, const char *fmt, ...)
        __attribute__ ((format (printf, 2, 3)));
    FARRIER_PAD (printf)
    int64_t (*now_ms) (const struct farrier_host *host);       /* wall clock; virtual in tests */
    FARRIER_PAD (now_ms)
    int64_t (*mono_ms) (const struct farrier_host *host);      /* CLOCK_BOOTTIME */
    FARRIER_PAD (mono_ms)

    /* --- formats: only inside inspect() and read_catalog() ---------------------------------- */

    /* Bytes read, 0 at the end, or a negative code. */
    int64_t (*reader_read) (struct farrier_reader *reader, uint64_t offset, void *buffer,
                            size_t len);
    FARRIER_PAD (reader_read)
    /* Of the whole file, in bytes. */
    uint64_t (*reader_size) (struct farrier_reader *reader);
    FARRIER_PAD (reader_size)
    /* One recognised image, or one catalog record (a JSON object as documented in
     * farrier-plugin(3)). */
    int32_t (*sink_image) (struct farrier_sink *sink, const struct farrier_image_info *info);
    FARRIER_PAD (sink_image)
    /* INVALID unless a JSON object. */
    int32_t (*sink_record) (struct farrier_sink *sink, const char *json_text);
    FARRIER_PAD (sink_record)

    /* --- configuration and endpoints, further ----------------------------------------------- */

    /* A parameter of type JSON (a group or list in the file); NULL when absent. Ends with
     * configure(): copy what is needed. */
    const struct farrier_json *(*config_json) (const struct farrier_config *cfg, const char *name);
    FARRIER_PAD (config_json)
    /* Where an endpoint of the step's host is (name NULL = "bmc"), for tools that are told so in
     * their arguments. UNSUPPORTED when the host has none of that name. Sends nothing. */
    int32_t (*endpoint) (struct farrier_step *step, const char *name,
                         struct farrier_endpoint *ret);
    FARRIER_PAD (endpoint)
    const struct farrier_json *(*json_number) (struct farrier_step *step, double number);
    FARRIER_PAD (json_number)          /* NULL unless finite */

    /* --- XML, small: a document and XPath 1.0 ----------------------------------------------- */

    /* At most 8 MiB and 256 levels; a document with a DOCTYPE is INVALID, and nothing outside of
     * it is ever read. *ret_root: its root element. */
    int32_t (*xml_parse) (struct farrier_step *step, const char *bytes, size_t len,
                          const struct farrier_xml **ret_root, struct farrier_error *err);
    FARRIER_PAD (xml_parse)
    /* NULL when the body is not such a document. */
    const struct farrier_xml *(*response_xml) (const struct farrier_response *response);
    FARRIER_PAD (response_xml)
    /* The index-th element or attribute that xpath selects, seen from node; NULL past the last, and
     * for an expression that is malformed (logged). Prefixes are those that the root element
     * declares; its default namespace has the prefix "d". */
    const struct farrier_xml *(*xml_find) (const struct farrier_xml *node, const char *xpath,
                                           uint32_t index);
    FARRIER_PAD (xml_find)
    /* How many there are; 0 for none and for a malformed expression. */
    uint32_t (*xml_count) (const struct farrier_xml *node, const char *xpath);
    FARRIER_PAD (xml_count)
    /* The text of what xpath selects first ("string(…)" and "count(…)" work too); NULL when it
     * selects nothing. xpath NULL: of the node. */
    const char *(*xml_text) (const struct farrier_xml *node, const char *xpath);
    FARRIER_PAD (xml_text)
    const char *(*xml_name) (const struct farrier_xml *node);
    FARRIER_PAD (xml_name)             /* without prefix */
    const char *(*xml_attr) (const struct farrier_xml *node, const char *name);
    FARRIER_PAD (xml_attr)             /* without prefix; NULL when absent */

    /* --- XML, large: event by event, in little memory --------------------------------------- */

    /* bytes must stay until the callback returns. NULL past the memory limit. */
    struct farrier_xml_reader *(*xml_open) (struct farrier_step *step, const char *bytes,
                                            size_t len);
    FARRIER_PAD (xml_open)
    /* An enum farrier_xml_event; INVALID with the line when the document is malformed, has a
     * DOCTYPE or more than 256 levels. */
    int32_t (*xml_next) (struct farrier_xml_reader *reader, struct farrier_error *err);
    FARRIER_PAD (xml_next)
    /* Of the event: valid until the next xml_next(). */
    const char *(*xml_reader_name) (struct farrier_xml_reader *reader);
    FARRIER_PAD (xml_reader_name)      /* without prefix; NULL at a text */
    /* Of an ELEMENT, without prefix; NULL when absent. */
    const char *(*xml_reader_attr) (struct farrier_xml_reader *reader, const char *name);
    FARRIER_PAD (xml_reader_attr)
    const char *(*xml_reader_text) (struct farrier_xml_reader *reader);
    FARRIER_PAD (xml_reader_text)      /* NULL unless at a text */
    uint32_t (*xml_reader_depth) (struct farrier_xml_reader *reader);
    FARRIER_PAD (xml_reader_depth)     /* 0 = the root element */
    /* At an ELEMENT: all that is in it, for xml_find() and xml_text(); valid until the next
     * xml_next(). NULL when it is malformed. */
    const struct farrier_xml *(*xml_expand) (struct farrier_xml_reader *reader);
    FARRIER_PAD (xml_expand)
    /* At an ELEMENT: goes to its end; the next xml_next() tells what follows. */
    int32_t (*xml_skip) (struct farrier_xml_reader *reader, struct farrier_error *err);
    FARRIER_PAD (xml_skip)

    /* --- image, further --------------------------------------------------------------------- */

    /* The member "metadata" of the image's manifest, an object; NULL when it has none. */
    const struct farrier_json *(*image_metadata) (struct farrier_step *step,
                                                  const struct farrier_image *image);
    FARRIER_PAD (image_metadata)
    /* The image's attachments by position; INVALID past the last. */
    int32_t (*image_attachment_at) (const struct farrier_image *image, uint32_t index,
                                    struct farrier_attachment *ret);
    FARRIER_PAD (image_attachment_at)
    /* Bytes read, 0 at the end, or a negative code; INVALID: there is no such attachment. */
    int64_t (*image_attachment_read) (const struct farrier_image *image, const char *name,
                                      uint64_t offset, void *buffer, size_t len);
    FARRIER_PAD (image_attachment_read)

    /* --- the job ---------------------------------------------------------------------------- */

    /* A place in the job's context by RFC 6901 pointer: "/facts", "/inputs/policy", "/plan" …; NULL
     * when absent. What this callback emits is not in it yet. */
    const struct farrier_json *(*context) (struct farrier_step *step, const char *pointer);
    FARRIER_PAD (context)
};

#ifdef __cplusplus
}
#endif

#endif
