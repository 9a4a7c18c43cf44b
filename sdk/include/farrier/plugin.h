/* farrier/plugin.h: what a plugin exports. Includes the rest of the ABI.
 *
 * Part of the plugin ABI; the version rule and the changelog are in farrier/version.h.
 *
 * SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_PLUGIN_H
#define FARRIER_PLUGIN_H

#include "farrier/error.h"
#include "farrier/host.h"
#include "farrier/types.h"
#include "farrier/version.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The two entry points of the loader are an ELF note (FARRIER_PLUGIN_DEFINE writes it) and one
 * symbol whose name carries the major. All structs here: Since 1.0. */

#define FARRIER_PLUGIN_MAGIC 0x50524146u          /* "FARP", read as little-endian */

/* Bits 0-31 of farrier_plugin.flags are must-understand: a core that does not know one refuses the
 * plugin. Bits 32-63 are advisory. None is defined in 1.0. */
#define FARRIER_PLUGIN_FLAGS_MUST_UNDERSTAND UINT64_C (0x00000000ffffffff)

enum farrier_thread_model {
    FARRIER_THREADS_SERIAL_PLUGIN = 1000,         /* one callback at a time in the whole plugin */
    FARRIER_THREADS_SERIAL_HOST = 2000,           /* one at a time per host (default) */
    FARRIER_THREADS_PARALLEL = 3000
};

enum farrier_param_type {
    FARRIER_PARAM_STRING = 0, FARRIER_PARAM_BOOL = 1, FARRIER_PARAM_INTEGER = 2,
    FARRIER_PARAM_DURATION = 3,                   /* "90s"; seen as ms */
    FARRIER_PARAM_SIZE = 4,                       /* "64MiB"; seen as bytes */
    FARRIER_PARAM_ENUM = 5,                       /* one of enum_values */
    FARRIER_PARAM_JSON = 6                        /* any value (a group or list in libconfig) */
};

enum farrier_param_flag {
    FARRIER_PARAM_REQUIRED = 1, FARRIER_PARAM_SECRET = 2, FARRIER_PARAM_RELOADABLE = 4
};

struct farrier_param {
    const char *name;                             /* [a-z][a-z0-9_]{0,63} */
    FARRIER_PAD (name)
    uint32_t type;                                /* enum farrier_param_type */
    uint32_t flags;                               /* enum farrier_param_flag */
    const char *default_value;                    /* as text; NULL = none */
    FARRIER_PAD (default_value)
    int64_t min, max;                             /* both 0 = unbounded; in ms, bytes */
    const char *enum_values;                      /* "auto|always|never" */
    FARRIER_PAD (enum_values)
    const char *unit;
    FARRIER_PAD (unit)
    const char *help;                             /* one line */
    FARRIER_PAD (help)
    const char *description;                      /* a paragraph for the man page; NULL = help */
    FARRIER_PAD (description)
    const char *since;                            /* plugin version */
    FARRIER_PAD (since)
};

struct farrier_result_desc {
    const char *name;
    FARRIER_PAD (name)
    uint32_t type;                                /* enum farrier_param_type */
    uint32_t reserved0;
    const char *help;
    FARRIER_PAD (help)
};

/* Recognition without running plugin code: globs (case folded) over what the core reads. Every
 * field that is not NULL must match; the highest score wins; a tie asks probe(). */
struct farrier_match {
    uint32_t score;                               /* 1..100 */
    int32_t ipmi_manufacturer_id;                 /* IANA number; -1 = any */
    const char *root_vendor;                      /* ServiceRoot.Vendor */
    FARRIER_PAD (root_vendor)
    const char *root_product;
    FARRIER_PAD (root_product)
    const char *redfish_version;
    FARRIER_PAD (redfish_version)
    const char *root_oem;                         /* a key of ServiceRoot.Oem */
    FARRIER_PAD (root_oem)
    const char *server_header;
    FARRIER_PAD (server_header)
};

/* The same over what is only visible after login. */
struct farrier_match_login {
    uint32_t score;
    uint32_t reserved0;
    const char *system_manufacturer;              /* Systems[0].Manufacturer */
    FARRIER_PAD (system_manufacturer)
    const char *system_oem;                       /* a key of Systems[0].Oem */
    FARRIER_PAD (system_oem)
    const char *manager_model;                    /* Managers[0].Model */
    FARRIER_PAD (manager_model)
    const char *manager_oem;                      /* a key of Managers[0].Oem */
    FARRIER_PAD (manager_oem)
};

enum farrier_op_flag {
    FARRIER_OP_IDEMPOTENT = 1,                    /* running it twice does no harm */
    /* changes the host so that it may not come back */
    FARRIER_OP_DESTRUCTIVE = 2,
    FARRIER_OP_NEEDS_IMAGE = 4,
    FARRIER_OP_NEEDS_BMC = 8,
    FARRIER_OP_NEEDS_HOST_OS = 16,
    FARRIER_OP_CANCELLABLE = 32,
    FARRIER_OP_DRY_RUN_OK = 64,                   /* changes nothing: may run in a dry run */
    FARRIER_OP_NEEDS_COMPONENT = 128
};

typedef int32_t farrier_callback (void *self, struct farrier_step *step,
                                  struct farrier_error *err);

struct farrier_op {
    /* "inventory", "firmware.install", "acme_bmc.drain" */
    const char *name;
    FARRIER_PAD (name)
    /* of the op's state and results; a job resumes only on the same */
    uint32_t version;
    uint32_t flags;                               /* enum farrier_op_flag */
    const char *help;                             /* one line */
    FARRIER_PAD (help)
    struct farrier_table params;                  /* struct farrier_param */
    struct farrier_table results;                 /* struct farrier_result_desc */
    uint32_t step_ms;                             /* one callback; 0 = 60 s */
    uint32_t op_ms;                               /* the whole op; 0 = 30 min */
    uint32_t poll_min_ms;                         /* 0 = 5 s */
    uint32_t poll_max_ms;                         /* 0 = 30 s */
    /* NOT_STARTED is believed only after this; 0 = 120 s */
    uint32_t settle_ms;
    uint32_t reserved0;
    farrier_callback *start;                      /* DONE PENDING SKIPPED */
    FARRIER_PAD (start)
    /* DONE PENDING SKIPPED; NULL when start never pends */
    farrier_callback *poll;
    FARRIER_PAD (poll)
    /* DONE PENDING TOO_LATE; needed for CANCELLABLE */
    farrier_callback *cancel;
    FARRIER_PAD (cancel)
    /* ADOPT NOT_STARTED DONE PENDING RECHECK UNKNOWN; needed unless IDEMPOTENT. PENDING: it takes
     * an await that only reads to find out; its wake comes to reconcile again. */
    farrier_callback *reconcile;
    FARRIER_PAD (reconcile)
};

/* Pure: no network, no state. inspect and read_catalog always run in a sandboxed child process. */
struct farrier_formats {
    uint32_t struct_size;
    uint32_t reserved0;
    /* DONE when the file is one of ours (sink_image was called), SKIPPED when not. */
    int32_t (*inspect) (const struct farrier_host *host, struct farrier_reader *reader,
                        struct farrier_sink *sink, struct farrier_error *err);
    FARRIER_PAD (inspect)
    int32_t (*read_catalog) (const struct farrier_host *host, struct farrier_reader *reader,
                             struct farrier_sink *sink, struct farrier_error *err);
    FARRIER_PAD (read_catalog)
    /* *ret_order: -1 a is older, 0 equal, 1 a is newer, 2 incomparable. Called in the daemon; any
     * thread. */
    int32_t (*compare_versions) (const struct farrier_component *component, const char *a,
                                 const char *b, int32_t *ret_order);
    FARRIER_PAD (compare_versions)
};

struct farrier_plugin {
    /* preamble: 32 bytes, frozen for ever; FARRIER_PLUGIN_PREAMBLE fills it */
    uint32_t magic;
    uint32_t struct_size;
    uint16_t abi_major, abi_minor, needs_minor;
    uint16_t op_stride;
    uint64_t flags;                               /* enum farrier_plugin_flag */
    uint64_t reserved0;

    /* body: append-only */
    /* [a-z][a-z0-9_]{0,31}; equals the file's stem */
    const char *name;
    FARRIER_PAD (name)
    const char *version;                          /* semver */
    FARRIER_PAD (version)
    const char *vendor;
    FARRIER_PAD (vendor)
    const char *description;
    FARRIER_PAD (description)
    const char *license;                          /* SPDX */
    FARRIER_PAD (license)
    uint32_t thread_model;                        /* enum farrier_thread_model; 0 = SERIAL_HOST */
    uint32_t max_inflight;                        /* callbacks at once; 0 = the core's default */
    struct farrier_table params;                  /* struct farrier_param */
    struct farrier_table match;                   /* struct farrier_match */
    struct farrier_table match_login;             /* struct farrier_match_login */
    struct farrier_table ops;                     /* struct farrier_op */
    const struct farrier_formats *formats;        /* NULL when it reads none */
    FARRIER_PAD (formats)

    /* No network in load. self is the plugin's; unload gives it back. Control thread. */
    int32_t (*load) (const struct farrier_host *host, void **ret_self, struct farrier_error *err);
    FARRIER_PAD (load)
    void (*unload) (void *self);
    FARRIER_PAD (unload)
    /* At start and at reload; cfg ends with the call. */
    int32_t (*configure) (void *self, const struct farrier_config *cfg,
                          struct farrier_error *err);
    FARRIER_PAD (configure)
    int32_t (*activate) (void *self, struct farrier_error *err);      /* service begins */
    FARRIER_PAD (activate)
    void (*deactivate) (void *self);                                  /* service ended */
    FARRIER_PAD (deactivate)
    /* Only where the tables tie or nothing matches: 0..100, or a negative code. Worker thread. */
    int32_t (*probe) (void *self, struct farrier_step *step, struct farrier_error *err);
    FARRIER_PAD (probe)
    /* Pure; any thread. ret holds the defaults with struct_size set; 0 or UNSUPPORTED (this image
     * does not go there). */
    int32_t (*effects) (void *self, const struct farrier_component *component,
                        const struct farrier_image_info *image, struct farrier_effects *ret);
    FARRIER_PAD (effects)
};

FARRIER_STATIC_ASSERT (offsetof (struct farrier_plugin, name) == 32, "the preamble is frozen");
FARRIER_STATIC_ASSERT (offsetof (struct farrier_plugin, flags) == 16, "preamble");
FARRIER_STATIC_ASSERT (sizeof (struct farrier_table) == 16, "same on LP64 and ILP32");
FARRIER_STATIC_ASSERT (sizeof (struct farrier_op) % 8 == 0, "same on LP64 and ILP32");

/* The one exported symbol of a plugin for this major. It returns a pointer to static const data and
 * does nothing else. */
#define FARRIER_PLUGIN_ENTRY farrier_plugin_entry_1
#define FARRIER_PLUGIN_ENTRY_NAME "farrier_plugin_entry_1"

#ifdef __cplusplus
}
#endif

#endif
