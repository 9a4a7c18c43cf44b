/* farrier/sdk.h: what a plugin's author calls: inline wrappers around the host table that test for
 * a member's presence (an older core answers FARRIER_E_UNSUPPORTED, NULL or 0), and the macros that
 * define a plugin. A plugin includes this one header and links nothing of Farrier's.
 *
 * Part of the plugin ABI; the version rule and the changelog are in farrier/version.h. What each
 * function means stands beside the member of the same name in farrier/host.h.
 *
 * SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_SDK_H
#define FARRIER_SDK_H

#include "farrier/plugin.h"

/* Every handle begins with the host table. */
static inline const struct farrier_host *
farrier_host_of (const void *handle)
{
    return *(const struct farrier_host *const *) handle;
}

#define FARRIER_HAS(host, member)                                                          \
    ((host)->struct_size >= offsetof (struct farrier_host, member) + sizeof ((host)->member) \
     && (host)->member != NULL)

/* `struct farrier_until until = FARRIER_INIT (struct farrier_until);` — all zero but the size. */
#ifdef __cplusplus
template <typename T> static inline T
farrier_init_ ()
{
    T value = T ();
    value.struct_size = (uint32_t) sizeof (T);
    return value;
}
#define FARRIER_INIT(type) farrier_init_<type> ()
#else
#define FARRIER_INIT(type) ((type) { .struct_size = (uint32_t) sizeof (type) })
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* A table from an array; FARRIER_NO_TABLE for none. */
#define FARRIER_TABLE(array)                                                               \
    { .items = (array), .count = (uint32_t) (sizeof (array) / sizeof (array)[0]),          \
      .stride = (uint32_t) sizeof (array)[0] }
#define FARRIER_TABLE_OF(pointer, n)                                                       \
    { .items = (pointer), .count = (uint32_t) (n), .stride = (uint32_t) sizeof *(pointer) }

/* The oldest minor that this plugin works with; define it before the include when it is not 0. */
#ifndef FARRIER_NEEDS_MINOR
#define FARRIER_NEEDS_MINOR 0
#endif

#define FARRIER_PLUGIN_PREAMBLE                                                            \
    .magic = FARRIER_PLUGIN_MAGIC, .struct_size = (uint32_t) sizeof (struct farrier_plugin), \
    .abi_major = FARRIER_ABI_MAJOR, .abi_minor = FARRIER_ABI_MINOR,                        \
    .needs_minor = FARRIER_NEEDS_MINOR, .op_stride = (uint16_t) sizeof (struct farrier_op)

/* Log, fail and the other printf-like members keep their format check when called through these. */
#define farrier_log(step, level, ...)                                                      \
    farrier_host_of (step)->log (farrier_host_of (step), (step), (level), __VA_ARGS__)
#define farrier_fail(step, err, code, ...) farrier_host_of (step)->fail ((err), (code), __VA_ARGS__)
#define farrier_fail_http(step, err, response, ...)                                        \
    farrier_host_of (step)->fail_http ((err), (response), __VA_ARGS__)
#define farrier_hint(step, err, ...) farrier_host_of (step)->hint ((err), __VA_ARGS__)
/* Where there is no step: load() has the host, configure() farrier_host_of (cfg). */
#define farrier_host_log(host, level, ...) (host)->log ((host), NULL, (level), __VA_ARGS__)
#define farrier_host_fail(host, err, code, ...) (host)->fail ((err), (code), __VA_ARGS__)
#define farrier_host_hint(host, err, ...) (host)->hint ((err), __VA_ARGS__)
#define farrier_skip(step, ...) farrier_host_of (step)->skip ((step), __VA_ARGS__)
#define farrier_printf(step, ...) farrier_host_of (step)->printf ((step), __VA_ARGS__)

/* --- configuration -------------------------------------------------------------------------- */

static inline const char *
farrier_config_str (const struct farrier_config *cfg, const char *name)
{
    const struct farrier_host *host = farrier_host_of (cfg);
    return FARRIER_HAS (host, config_str) ? host->config_str (cfg, name) : NULL;
}

static inline int64_t
farrier_config_i64 (const struct farrier_config *cfg, const char *name)
{
    const struct farrier_host *host = farrier_host_of (cfg);
    return FARRIER_HAS (host, config_i64) ? host->config_i64 (cfg, name) : 0;
}

static inline const struct farrier_json *
farrier_config_json (const struct farrier_config *cfg, const char *name)
{
    const struct farrier_host *host = farrier_host_of (cfg);
    return FARRIER_HAS (host, config_json) ? host->config_json (cfg, name) : NULL;
}

/* --- the step ------------------------------------------------------------------------------- */

static inline void
farrier_step_info (struct farrier_step *step, struct farrier_step_info *ret)
{
    const struct farrier_host *host = farrier_host_of (step);
    if (FARRIER_HAS (host, step_info))
        host->step_info (step, ret);
}

static inline const char *
farrier_param_str (struct farrier_step *step, const char *name)
{
    const struct farrier_host *host = farrier_host_of (step);
    return FARRIER_HAS (host, param_str) ? host->param_str (step, name) : NULL;
}

static inline int64_t
farrier_param_i64 (struct farrier_step *step, const char *name)
{
    const struct farrier_host *host = farrier_host_of (step);
    return FARRIER_HAS (host, param_i64) ? host->param_i64 (step, name) : 0;
}

static inline const struct farrier_json *
farrier_param_json (struct farrier_step *step, const char *name)
{
    const struct farrier_host *host = farrier_host_of (step);
    return FARRIER_HAS (host, param_json) ? host->param_json (step, name) : NULL;
}

static inline int32_t
farrier_component (struct farrier_step *step, struct farrier_component *ret)
{
    const struct farrier_host *host = farrier_host_of (step);
    return FARRIER_HAS (host, component) ? host->component (step, ret) : FARRIER_E_UNSUPPORTED;
}

static inline int32_t
farrier_component_at (struct farrier_step *step, uint32_t index, struct farrier_component *ret)
{
    const struct farrier_host *host = farrier_host_of (step);
    return FARRIER_HAS (host, component_at)
               ? host->component_at (step, index, ret) : FARRIER_E_UNSUPPORTED;
}

static inline int32_t
farrier_endpoint (struct farrier_step *step, const char *name, struct farrier_endpoint *ret)
{
    const struct farrier_host *host = farrier_host_of (step);
    return FARRIER_HAS (host, endpoint) ? host->endpoint (step, name, ret) : FARRIER_E_UNSUPPORTED;
}

static inline const struct farrier_image *
farrier_image (struct farrier_step *step)
{
    const struct farrier_host *host = farrier_host_of (step);
    return FARRIER_HAS (host, image) ? host->image (step) : NULL;
}

static inline int32_t
farrier_cancelled (struct farrier_step *step)
{
    const struct farrier_host *host = farrier_host_of (step);
    return FARRIER_HAS (host, cancelled) ? host->cancelled (step) : 0;
}

static inline void
farrier_wake (struct farrier_step *step, struct farrier_wake *ret)
{
    const struct farrier_host *host = farrier_host_of (step);
    if (FARRIER_HAS (host, wake))
        host->wake (step, ret);
}

static inline int32_t
farrier_wake_document (struct farrier_step *step, uint32_t index, struct farrier_document *ret)
{
    const struct farrier_host *host = farrier_host_of (step);
    return FARRIER_HAS (host, wake_document)
               ? host->wake_document (step, index, ret) : FARRIER_E_UNSUPPORTED;
}

static inline int32_t
farrier_recheck (struct farrier_step *step, uint32_t after_ms)
{
    const struct farrier_host *host = farrier_host_of (step);
    return FARRIER_HAS (host, recheck) ? host->recheck (step, after_ms) : FARRIER_UNKNOWN;
}

static inline void
farrier_known (struct farrier_step *step)
{
    const struct farrier_host *host = farrier_host_of (step);
    if (FARRIER_HAS (host, known))
        host->known (step);
}

/* --- state and results ---------------------------------------------------------------------- */

static inline const char *
farrier_state_get (struct farrier_step *step, const char *name)
{
    const struct farrier_host *host = farrier_host_of (step);
    return FARRIER_HAS (host, state_get) ? host->state_get (step, name) : NULL;
}

static inline int32_t
farrier_state_set (struct farrier_step *step, const char *name, const char *text)
{
    const struct farrier_host *host = farrier_host_of (step);
    return FARRIER_HAS (host, state_set)
               ? host->state_set (step, name, text) : FARRIER_E_UNSUPPORTED;
}

static inline void
farrier_state_del (struct farrier_step *step, const char *name)
{
    const struct farrier_host *host = farrier_host_of (step);
    if (FARRIER_HAS (host, state_del))
        host->state_del (step, name);
}

static inline int32_t
farrier_result_set (struct farrier_step *step, const char *name, const struct farrier_json *value)
{
    const struct farrier_host *host = farrier_host_of (step);
    return FARRIER_HAS (host, result_set)
               ? host->result_set (step, name, value) : FARRIER_E_UNSUPPORTED;
}

static inline const struct farrier_json *
farrier_result_get (struct farrier_step *step, const char *component_key, const char *name)
{
    const struct farrier_host *host = farrier_host_of (step);
    return FARRIER_HAS (host, result_get) ? host->result_get (step, component_key, name) : NULL;
}

static inline void
farrier_outcome (struct farrier_step *step, uint32_t rung)
{
    const struct farrier_host *host = farrier_host_of (step);
    if (FARRIER_HAS (host, outcome))
        host->outcome (step, rung);
}

static inline void
farrier_needs (struct farrier_step *step, uint32_t reboot)
{
    const struct farrier_host *host = farrier_host_of (step);
    if (FARRIER_HAS (host, needs))
        host->needs (step, reboot);
}

static inline uint32_t
farrier_needed (struct farrier_step *step)
{
    const struct farrier_host *host = farrier_host_of (step);
    return FARRIER_HAS (host, needed) ? host->needed (step) : 0;
}

static inline void
farrier_needs_done (struct farrier_step *step, uint32_t reboot)
{
    const struct farrier_host *host = farrier_host_of (step);
    if (FARRIER_HAS (host, needs_done))
        host->needs_done (step, reboot);
}

static inline void
farrier_progress (struct farrier_step *step, uint32_t permille, const char *text)
{
    const struct farrier_host *host = farrier_host_of (step);
    if (FARRIER_HAS (host, progress))
        host->progress (step, permille, text);
}

static inline void
farrier_critical_enter (struct farrier_step *step)
{
    const struct farrier_host *host = farrier_host_of (step);
    if (FARRIER_HAS (host, critical_enter))
        host->critical_enter (step);
}

static inline void
farrier_critical_leave (struct farrier_step *step)
{
    const struct farrier_host *host = farrier_host_of (step);
    if (FARRIER_HAS (host, critical_leave))
        host->critical_leave (step);
}

/* --- reads ---------------------------------------------------------------------------------- */

static inline int32_t
farrier_http_get (struct farrier_step *step, const char *endpoint, const char *path,
                  const struct farrier_http_options *options,
                  const struct farrier_response **ret_response, struct farrier_error *err)
{
    const struct farrier_host *host = farrier_host_of (step);
    return FARRIER_HAS (host, http_get)
               ? host->http_get (step, endpoint, path, options, ret_response, err)
               : FARRIER_E_UNSUPPORTED;
}

static inline int32_t
farrier_http_read (struct farrier_step *step, const char *endpoint, const char *path,
                   const char *body,
                   const struct farrier_http_options *options,
                   const struct farrier_response **ret_response, struct farrier_error *err)
{
    const struct farrier_host *host = farrier_host_of (step);
    return FARRIER_HAS (host, http_read)
               ? host->http_read (step, endpoint, path, body, options, ret_response, err)
               : FARRIER_E_UNSUPPORTED;
}

static inline int32_t
farrier_response_status (const struct farrier_response *response)
{
    const struct farrier_host *host = farrier_host_of (response);
    return FARRIER_HAS (host, response_status) ? host->response_status (response) : 0;
}

static inline const char *
farrier_response_header (const struct farrier_response *response, const char *name)
{
    const struct farrier_host *host = farrier_host_of (response);
    return FARRIER_HAS (host, response_header) ? host->response_header (response, name) : NULL;
}

static inline const char *
farrier_response_body (const struct farrier_response *response, size_t *ret_len)
{
    const struct farrier_host *host = farrier_host_of (response);
    return FARRIER_HAS (host, response_body) ? host->response_body (response, ret_len) : NULL;
}

static inline const struct farrier_json *
farrier_response_json (const struct farrier_response *response)
{
    const struct farrier_host *host = farrier_host_of (response);
    return FARRIER_HAS (host, response_json) ? host->response_json (response) : NULL;
}

#include "farrier/values.h"            /* JSON and XML */

static inline const struct farrier_json *
farrier_context (struct farrier_step *step, const char *pointer)
{
    const struct farrier_host *host = farrier_host_of (step);
    return FARRIER_HAS (host, context) ? host->context (step, pointer) : NULL;
}

/* --- awaits: at most one a callback, then return FARRIER_PENDING (or FARRIER_ADOPT) --------- */

static inline int32_t
farrier_await_collect (struct farrier_step *step, const struct farrier_collect *what,
                       struct farrier_error *err)
{
    const struct farrier_host *host = farrier_host_of (step);
    return FARRIER_HAS (host, await_collect)
               ? host->await_collect (step, what, err) : FARRIER_E_UNSUPPORTED;
}

static inline int32_t
farrier_await_download (struct farrier_step *step, const struct farrier_download *what,
                        struct farrier_error *err)
{
    const struct farrier_host *host = farrier_host_of (step);
    return FARRIER_HAS (host, await_download)
               ? host->await_download (step, what, err) : FARRIER_E_UNSUPPORTED;
}

static inline int32_t
farrier_await_task (struct farrier_step *step, const struct farrier_task *what,
                    struct farrier_error *err)
{
    const struct farrier_host *host = farrier_host_of (step);
    return FARRIER_HAS (host, await_task)
               ? host->await_task (step, what, err) : FARRIER_E_UNSUPPORTED;
}

static inline int32_t
farrier_await_until (struct farrier_step *step, const struct farrier_until *what,
                     struct farrier_error *err)
{
    const struct farrier_host *host = farrier_host_of (step);
    return FARRIER_HAS (host, await_until)
               ? host->await_until (step, what, err) : FARRIER_E_UNSUPPORTED;
}

static inline int32_t
farrier_await_process (struct farrier_step *step, const struct farrier_process *what,
                       struct farrier_error *err)
{
    const struct farrier_host *host = farrier_host_of (step);
    return FARRIER_HAS (host, await_process)
               ? host->await_process (step, what, err) : FARRIER_E_UNSUPPORTED;
}

static inline int32_t
farrier_await_http (struct farrier_step *step, const struct farrier_http_request *what,
                    struct farrier_error *err)
{
    const struct farrier_host *host = farrier_host_of (step);
    return FARRIER_HAS (host, await_http)
               ? host->await_http (step, what, err) : FARRIER_E_UNSUPPORTED;
}

static inline int32_t
farrier_await_transfer (struct farrier_step *step, const struct farrier_transfer *what,
                        struct farrier_error *err)
{
    const struct farrier_host *host = farrier_host_of (step);
    return FARRIER_HAS (host, await_transfer)
               ? host->await_transfer (step, what, err) : FARRIER_E_UNSUPPORTED;
}

static inline int32_t
farrier_await_timer (struct farrier_step *step, uint32_t after_ms, const char *label,
                     struct farrier_error *err)
{
    const struct farrier_host *host = farrier_host_of (step);
    return FARRIER_HAS (host, await_timer)
               ? host->await_timer (step, after_ms, label, err) : FARRIER_E_UNSUPPORTED;
}

static inline int32_t
farrier_process_status (struct farrier_step *step, int32_t *ret_exit_status)
{
    const struct farrier_host *host = farrier_host_of (step);
    return FARRIER_HAS (host, process_status)
               ? host->process_status (step, ret_exit_status) : FARRIER_E_UNSUPPORTED;
}

static inline const char *
farrier_process_output (struct farrier_step *step, int32_t stream, size_t *ret_len)
{
    const struct farrier_host *host = farrier_host_of (step);
    return FARRIER_HAS (host, process_output)
               ? host->process_output (step, stream, ret_len) : NULL;
}

/* --- image and artifacts -------------------------------------------------------------------- */

static inline void
farrier_image_info (const struct farrier_image *image, struct farrier_image_info *ret)
{
    const struct farrier_host *host = farrier_host_of (image);
    if (FARRIER_HAS (host, image_info))
        host->image_info (image, ret);
}

static inline int64_t
farrier_image_read (const struct farrier_image *image, uint64_t offset, void *buffer, size_t len)
{
    const struct farrier_host *host = farrier_host_of (image);
    return FARRIER_HAS (host, image_read)
               ? host->image_read (image, offset, buffer, len) : (int64_t) FARRIER_E_UNSUPPORTED;
}

static inline int32_t
farrier_image_path (struct farrier_step *step, const struct farrier_image *image,
                    const char **ret_path,
                    struct farrier_error *err)
{
    const struct farrier_host *host = farrier_host_of (step);
    return FARRIER_HAS (host, image_path)
               ? host->image_path (step, image, ret_path, err) : FARRIER_E_UNSUPPORTED;
}

static inline int32_t
farrier_image_publish (struct farrier_step *step, const struct farrier_image *image,
                       const char **ret_url,
                       struct farrier_error *err)
{
    const struct farrier_host *host = farrier_host_of (step);
    return FARRIER_HAS (host, image_publish)
               ? host->image_publish (step, image, ret_url, err) : FARRIER_E_UNSUPPORTED;
}

static inline const struct farrier_json *
farrier_image_metadata (struct farrier_step *step, const struct farrier_image *image)
{
    const struct farrier_host *host = farrier_host_of (step);
    return FARRIER_HAS (host, image_metadata) ? host->image_metadata (step, image) : NULL;
}

static inline int32_t
farrier_image_attachment_at (const struct farrier_image *image, uint32_t index,
                             struct farrier_attachment *ret)
{
    const struct farrier_host *host = farrier_host_of (image);
    return FARRIER_HAS (host, image_attachment_at)
               ? host->image_attachment_at (image, index, ret) : FARRIER_E_UNSUPPORTED;
}

static inline int64_t
farrier_image_attachment_read (const struct farrier_image *image, const char *name,
                               uint64_t offset, void *buffer, size_t len)
{
    const struct farrier_host *host = farrier_host_of (image);
    return FARRIER_HAS (host, image_attachment_read)
               ? host->image_attachment_read (image, name, offset, buffer, len)
               : (int64_t) FARRIER_E_UNSUPPORTED;
}

static inline int32_t
farrier_artifact_write (struct farrier_step *step, const char *name, const void *bytes,
                        size_t len,
                        struct farrier_error *err)
{
    const struct farrier_host *host = farrier_host_of (step);
    return FARRIER_HAS (host, artifact_write)
               ? host->artifact_write (step, name, bytes, len, err) : FARRIER_E_UNSUPPORTED;
}

static inline const char *
farrier_artifact_read (struct farrier_step *step, const char *name, size_t *ret_len)
{
    const struct farrier_host *host = farrier_host_of (step);
    return FARRIER_HAS (host, artifact_read) ? host->artifact_read (step, name, ret_len) : NULL;
}

/* --- emit ----------------------------------------------------------------------------------- */

static inline void
farrier_emit_component (struct farrier_step *step, const struct farrier_component *component)
{
    const struct farrier_host *host = farrier_host_of (step);
    if (FARRIER_HAS (host, emit_component))
        host->emit_component (step, component);
}

static inline void
farrier_emit_identity (struct farrier_step *step, const char *kind, const char *value,
                       const char *uri,
                       const char *pointer)
{
    const struct farrier_host *host = farrier_host_of (step);
    if (FARRIER_HAS (host, emit_identity))
        host->emit_identity (step, kind, value, uri, pointer);
}

static inline void
farrier_emit_fact (struct farrier_step *step, const char *name, const struct farrier_json *value)
{
    const struct farrier_host *host = farrier_host_of (step);
    if (FARRIER_HAS (host, emit_fact))
        host->emit_fact (step, name, value);
}

static inline void
farrier_emit_sensor (struct farrier_step *step, const char *name, double value, const char *unit,
                     const char *health)
{
    const struct farrier_host *host = farrier_host_of (step);
    if (FARRIER_HAS (host, emit_sensor))
        host->emit_sensor (step, name, value, unit, health);
}

/* --- memory and clock ----------------------------------------------------------------------- */

static inline void *
farrier_alloc (struct farrier_step *step, size_t size)
{
    const struct farrier_host *host = farrier_host_of (step);
    return FARRIER_HAS (host, alloc) ? host->alloc (step, size) : NULL;
}

static inline int64_t
farrier_now_ms (struct farrier_step *step)
{
    const struct farrier_host *host = farrier_host_of (step);
    return FARRIER_HAS (host, now_ms) ? host->now_ms (host) : 0;
}

static inline int64_t
farrier_mono_ms (struct farrier_step *step)
{
    const struct farrier_host *host = farrier_host_of (step);
    return FARRIER_HAS (host, mono_ms) ? host->mono_ms (host) : 0;
}

/* --- formats -------------------------------------------------------------------------------- */

static inline int64_t
farrier_reader_read (struct farrier_reader *reader, uint64_t offset, void *buffer, size_t len)
{
    const struct farrier_host *host = farrier_host_of (reader);
    return FARRIER_HAS (host, reader_read)
               ? host->reader_read (reader, offset, buffer, len)
               : (int64_t) FARRIER_E_UNSUPPORTED;
}

static inline uint64_t
farrier_reader_size (struct farrier_reader *reader)
{
    const struct farrier_host *host = farrier_host_of (reader);
    return FARRIER_HAS (host, reader_size) ? host->reader_size (reader) : 0;
}

static inline int32_t
farrier_sink_image (struct farrier_sink *sink, const struct farrier_image_info *info)
{
    const struct farrier_host *host = farrier_host_of (sink);
    return FARRIER_HAS (host, sink_image) ? host->sink_image (sink, info) : FARRIER_E_UNSUPPORTED;
}

static inline int32_t
farrier_sink_record (struct farrier_sink *sink, const char *json_text)
{
    const struct farrier_host *host = farrier_host_of (sink);
    return FARRIER_HAS (host, sink_record)
               ? host->sink_record (sink, json_text) : FARRIER_E_UNSUPPORTED;
}

/* --- defining a plugin ---------------------------------------------------------------------- */

#if defined(__GNUC__)
#define FARRIER_EXPORT __attribute__ ((visibility ("default"), used))
#else
#define FARRIER_EXPORT
#endif

/* The ELF note: section .note.farrier, owner "farrier", type 1, text lines key=value. It says again
 * what the struct says, so that tools can read it without running vendor code; the loader checks
 * that both agree. ops is a space-separated list in the order of the ops table. */
#define FARRIER_NOTE_SECTION ".note.farrier"
#define FARRIER_NOTE_OWNER "farrier"
#define FARRIER_NOTE_TYPE 1

#define FARRIER_NOTE_TEXT_(name, version, vendor, license, ops)                            \
    "name=" name "\nversion=" version "\nvendor=" vendor "\nlicense=" license               \
    "\nabi=" FARRIER_ABI_STRING "\nneeds=" FARRIER_ABI_STR (FARRIER_ABI_MAJOR) "."          \
    FARRIER_ABI_STR (FARRIER_NEEDS_MINOR)                                                  \
    "\nflags=0\nops=" ops "\n"

#define FARRIER_NOTE_(words)                                                                \
    struct farrier_note_ {                                                                 \
        uint32_t owner_size, text_size, type;                                              \
        char owner[8];                                                                     \
        char words_[(sizeof (words) + 3) / 4 * 4];                                         \
    };                                                                                     \
    __attribute__ ((section (FARRIER_NOTE_SECTION), aligned (4), used))                    \
    static const struct farrier_note_ farrier_note_ = {                                    \
        sizeof (FARRIER_NOTE_OWNER), sizeof (words), FARRIER_NOTE_TYPE,                    \
        FARRIER_NOTE_OWNER, words                                                          \
    };

/* FARRIER_PLUGIN_DEFINE (plugin, "acme_bmc", "1.0.0", "Acme", "Apache-2.0", "acme_bmc.drain"):
 * `plugin` is the static const struct farrier_plugin. Once per shared object. */
#define FARRIER_PLUGIN_DEFINE(plugin, name, version, vendor, license, ops)                 \
    FARRIER_NOTE_ (FARRIER_NOTE_TEXT_ (name, version, vendor, license, ops))               \
    FARRIER_EXPORT const struct farrier_plugin *FARRIER_PLUGIN_ENTRY (void);               \
    FARRIER_EXPORT const struct farrier_plugin *FARRIER_PLUGIN_ENTRY (void)                \
    {                                                                                      \
        return &(plugin);                                                                  \
    }

#ifdef __cplusplus
}
#endif

#endif
