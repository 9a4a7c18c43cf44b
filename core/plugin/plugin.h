/* plugin: finds, judges and loads vendor plugins, keeps the registry of their ops, and calls them.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_PLUGIN_PLUGIN_H
#define FARRIER_PLUGIN_PLUGIN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/vec.h"
#include "farrier/plugin.h"
#include "plugin/problem.h"

/* THREADS: open, activate, deactivate, close belong to one thread (control). In between every other
 * function may be called from any thread, plugin_registry_reload() too. Everything that a function
 * returns belongs to the registry and lives until plugin_registry_close(): after a reload, the
 * plugins and ops of before as well, so that a callback under way ends in the code it began in. */

struct plugin_registry;
struct plugin;

enum plugin_state {
    PLUGIN_REGISTERED = 0,             /* loaded, configured, its ops may be called */
    PLUGIN_DISABLED = 1,               /* enabled = false in its file */
    PLUGIN_QUARANTINED = 2,            /* the process died twice in a row inside it */
    PLUGIN_FAILED = 3,                 /* see faults */
    PLUGIN_ABSENT = 4                  /* configured or required, but there is no such file */
};

/* One op, copied in: members that an older plugin does not have are zero. Strings, tables and
 * callbacks still point into the plugin. */
struct plugin_op {
    struct plugin *plugin;
    struct farrier_op def;
};

enum plugin_kind {
    PLUGIN_KIND_SHARED_OBJECT = 0,
    PLUGIN_KIND_EXECUTABLE = 1,        /* farrier-exec-plugin(7) */
    PLUGIN_KIND_BUILT_IN = 2           /* linked into this program */
};

/* What is known about a plugin; members from the struct are NULL when it was not read so far
 * (name, version, vendor, license, abi then come from the ELF note, where there is one). */
struct plugin_info {
    const char *name;                  /* never NULL: the file's stem at least */
    const char *file;                  /* NULL for PLUGIN_ABSENT */
    const char *config_file;           /* conf.d/plugins/NAME.conf; NULL when there is none */
    /* EXECUTABLE (file is its description), else NULL: what is run, and what a run may get of a
     * host's addresses and credentials, as one line for people */
    const char *executable, *grants;
    const char *version, *vendor, *description, *license;
    const char *abi;                   /* "1.0" */
    const char *build_id;              /* lower-case hex; NULL when the linker wrote none */
    const char *sha256;                /* of the file */
    enum plugin_state state;
    enum plugin_kind kind;
    bool required;
    uint32_t thread_model;             /* enum farrier_thread_model, never 0 once registered */
    uint32_t max_inflight;             /* 0 = no limit of its own */
    const struct plugin_op *ops;
    size_t op_count;
    char *const *noted_ops;            /* as the ELF note names them: also when it is not loaded */
    size_t noted_op_count;
    struct farrier_table params;       /* struct farrier_param; read with plugin_param_at() */
    const struct plugin_fault *faults; /* all violations that were found */
    size_t fault_count;
};

/* A plugin that is linked into the program. */
struct plugin_built_in {
    const char *name;
    const struct farrier_plugin *(*entry) (void);
};

/* Those of this program; ends with a NULL name. Empty but in a monolithic build. */
extern const struct plugin_built_in plugin_built_ins[];

struct plugin_settings {
    const struct plugin_built_in *built_ins;   /* before all directories; NULL = none */
    const char *const *dirs;           /* searched in order; the first of a name wins */
    size_t dir_count;
    const char *const *exec_dirs;      /* of executable plugins, after dirs; always judged */
    size_t exec_dir_count;
    const char *config_dir;            /* conf.d/plugins; NULL = all defaults */
    const char *run_dir;               /* mark files; made when missing; NULL = no quarantine */
    const char *state_dir;             /* where quarantine is remembered; NULL = run_dir */
    /* With run_dir NULL: where others keep theirs. A plugin in which one of them died is not run
     * here; nothing in it is changed. NULL = nobody looks. */
    const char *peek_dir;
    const struct farrier_host *host;   /* the core's table; outlives the registry */
    uint32_t max_inflight;             /* default for plugins that name none; 0 = no limit */
    bool trust_files;                  /* do not judge owner and mode: an uninstalled build */
    bool lenient;                      /* a required plugin may fail: to list and to check */
};

/* --- open, close ---------------------------------------------------------------------------- */

/* Finds and loads everything. A plugin that fails is listed with its faults, all of them, and so
 * are directories; the call itself fails only when a plugin marked `required` did (message names
 * the first), unless settings->lenient: then nothing is logged either, the caller tells. */
int32_t plugin_registry_open (const struct plugin_settings *settings,
                              struct plugin_registry **ret_registry, struct err *err);
/* Every fault of plugins and directories, as warnings. */
void plugin_registry_log (const struct plugin_registry *r);
/* FARRIER_E_INVALID when a plugin marked `required` is not registered. */
int32_t plugin_registry_require (const struct plugin_registry *r, struct err *err);

/* What a reload did. */
struct plugin_changes {
    size_t taken;                      /* new files, and new builds of known ones */
    size_t configured;                 /* same build, new settings */
    size_t kept;                       /* as before */
    size_t refused;                    /* new builds or settings that are wrong: the former stay */
    size_t gone;                       /* their file is not there any more */
};
/* Looks at all directories and conf.d/plugins again. A plugin whose file has other bytes than those
 * that were loaded is loaded from a new private copy beside the former, and takes over when it is
 * good; callbacks under way end in the former, which stays in memory. Of others configure() is
 * called when their settings changed, while none of their callbacks runs. Parameters without
 * RELOADABLE keep their value: a change of one is logged as "takes effect at the next start".
 * Nothing that is wrong replaces what is good. ret may be NULL. FARRIER_E_INVALID with the first
 * fault when something was refused; all are listed and logged. */
int32_t plugin_registry_reload (struct plugin_registry *r, struct plugin_changes *ret,
                                struct err *err);
/* What is wrong with the directories. */
const struct plugin_fault *plugin_registry_faults (const struct plugin_registry *r,
                                                   size_t *ret_count);
int32_t plugin_registry_activate (struct plugin_registry *r, struct err *err);
void plugin_registry_deactivate (struct plugin_registry *r);
/* deactivate (if it was activated), unload, forget. The code stays mapped (RTLD_NODELETE). */
void plugin_registry_close (struct plugin_registry *r);

/* How plugin_check() looks at a file. */
enum plugin_check_flag {
    /* Run its code too, up to and with the struct: constructors and the entry point. Do that in a
     * process that may die of it. Without it nothing of the file is executed. */
    PLUGIN_CHECK_RUN = 1,
    /* Owner and mode of the file and of its directory as well. */
    PLUGIN_CHECK_POLICY = 2,
    /* What a loader forgives, an author should not: PLUGIN_FAULT_EXPORTS. */
    PLUGIN_CHECK_STRICT = 4,
    /* With RUN: go on to the struct after faults that would keep a loader from running its code
     * (a denied library, an executable stack, policy), so that one report has everything. */
    PLUGIN_CHECK_ALL = 8
};

struct plugin_report {
    struct plugin_info info;           /* faults: all of them; ops and params only with RUN */
    void *owned;
};

/* Judges one file without a registry, a configuration or a running farrier. Returns 0 when there is
 * no fault, else FARRIER_E_INVALID with the first in *err; or ERR_NOT_FOUND, and *ret untouched,
 * when there is no such file. Free *ret with plugin_report_free(). */
int32_t plugin_check (const char *file, unsigned flags, struct plugin_report *ret,
                      struct err *err);
/* The same with PLUGIN_CHECK_POLICY. */
int32_t plugin_check_file (const char *file, bool run_code, struct plugin_report *ret,
                           struct err *err);
void plugin_report_free (struct plugin_report *report);

/* Lifts a quarantine (takes effect at the next start). ERR_NOT_FOUND when there is none. */
int32_t plugin_release (const char *state_dir, const char *name, struct err *err);
const char *plugin_state_name (enum plugin_state state);   /* "registered", "failed" … */
const char *plugin_kind_name (enum plugin_kind kind);      /* "shared object", "built in" … */

/* --- look ----------------------------------------------------------------------------------- */

size_t plugin_count (const struct plugin_registry *r);
/* Sorted by name. Several may have one name (duplicates, a new build that was refused): the first
 * of them counts, and is what plugin_find() gives. A reload may change the count between two calls;
 * an index that was good stays good. */
struct plugin *plugin_at (const struct plugin_registry *r, size_t i);
struct plugin *plugin_find (const struct plugin_registry *r, const char *name);    /* or NULL */
const struct plugin_info *plugin_info (const struct plugin *p);
bool plugin_is_usable (const struct plugin *p);   /* registered */
/* Its file is another one now than when it was loaded: a reload would look at it. */
bool plugin_is_stale (const struct plugin *p);
/* The op of a plugin; NULL when it has none of that name or is not registered. */
const struct plugin_op *plugin_op (const struct plugin *p, const char *op);
/* The same by names, with the reason: no such plugin ("did you mean"), not registered (why), no
 * such op. plugin NULL: the op of whichever registered plugin has it, by name order (for checking
 * only: a run asks the host's bindings). */
const struct plugin_op *plugin_op_find (const struct plugin_registry *r, const char *plugin,
                                        const char *op, struct err *err);
/* The standard op names ("identify", "firmware.install" …), NULL-terminated. */
extern const char *const plugin_standard_ops[];
bool plugin_is_standard_op (const char *op);

/* --- call ----------------------------------------------------------------------------------- */

enum plugin_callback {
    PLUGIN_CALL_START = 0, PLUGIN_CALL_POLL = 1, PLUGIN_CALL_CANCEL = 2, PLUGIN_CALL_RECONCILE = 3
};

const char *plugin_callback_name (enum plugin_callback which);
bool plugin_has_callback (const struct plugin_op *op, enum plugin_callback which);
/* Runs a callback on this thread: waits for the plugin's turn (SERIAL_PLUGIN, max_inflight), sets
 * the "in plugin call" mark, and validates the answer: a value that this callback may not return,
 * or a negative one outside the closed list, becomes FARRIER_E_PLUGIN_BUG with plugin, op and
 * callback in *ret_error. A negative answer without a message gets one. *ret_error is cleared
 * first. SERIAL_HOST, and one callback at a time per step, are the caller's business. */
int32_t plugin_call (const struct plugin_op *op, enum plugin_callback which,
                     struct farrier_step *step, struct farrier_error *ret_error);
/* 0..100, or a negative code (UNSUPPORTED when the plugin has no probe). */
int32_t plugin_probe (struct plugin *p, struct farrier_step *step, struct farrier_error *ret_error);
/* Never fails: a plugin without effects() gives the defaults (HOST_RESET, rank 100; for a BMC
 * BMC_RESET, rank 10, drops_bmc, exclusive). Returns false when the plugin says that this image
 * does not go on this component; *ret then holds the defaults. */
bool plugin_effects (struct plugin *p, const struct farrier_component *component,
                     const struct farrier_image_info *image, struct farrier_effects *ret);
/* *ret_order as in struct farrier_formats; false when the plugin compares nothing. */
bool plugin_compare_versions (struct plugin *p, const struct farrier_component *component,
                              const char *a, const char *b, int32_t *ret_order);
/* UNSUPPORTED when the plugin reads no formats. Run these two in the sandbox child only. */
int32_t plugin_inspect (struct plugin *p, struct farrier_reader *reader,
                        struct farrier_sink *sink, struct farrier_error *ret_error);
int32_t plugin_read_catalog (struct plugin *p, struct farrier_reader *reader,
                             struct farrier_sink *sink, struct farrier_error *ret_error);
/* An error struct as the ABI wants it at entry of a callback. */
void plugin_error_clear (struct farrier_error *error);
/* Moves code, message and hint over. Returns the code. */
int32_t plugin_error_to_err (const struct farrier_error *error, struct err *err);

/* --- for the host table --------------------------------------------------------------------- */

/* Members config_str and config_i64: the engine puts them into its struct farrier_host. */
const char *plugin_host_config_str (const struct farrier_config *cfg, const char *name);
int64_t plugin_host_config_i64 (const struct farrier_config *cfg, const char *name);

/* --- match ---------------------------------------------------------------------------------- */

/* What the core read on a BMC. NULL and empty lists are "not seen"; a pattern never matches those.
 * */
struct plugin_seen {
    int32_t ipmi_manufacturer_id;      /* -1 = not known */
    const char *root_vendor, *root_product, *redfish_version, *server_header;
    const char *const *root_oem;
    size_t root_oem_count;
    bool logged_in;                    /* the members below were asked for */
    const char *system_manufacturer, *manager_model;
    const char *const *system_oem;
    size_t system_oem_count;
    const char *const *manager_oem;
    size_t manager_oem_count;
};

struct plugin_score {
    struct plugin *plugin;
    uint32_t score;                    /* 1..100 */
    bool tied;                         /* another plugin has the same score: ask plugin_probe() */
};

/* Scores of all registered plugins that match, best first (equal ones by name). Returns how many;
 * at most max are stored. */
size_t plugin_match (const struct plugin_registry *r, const struct plugin_seen *seen,
                     struct plugin_score *ret, size_t max);

/* --- parameters ----------------------------------------------------------------------------- */

/* Copies entry i out, with a zero tail where the plugin's struct is shorter. */
bool plugin_param_at (const struct farrier_table *table, size_t i, struct farrier_param *ret);
bool plugin_param_find (const struct farrier_table *table, const char *name,
                        struct farrier_param *ret);
bool plugin_result_at (const struct farrier_table *table, size_t i,
                       struct farrier_result_desc *ret);

enum plugin_params_flag {
    /* A string that contains ${…} is accepted for any type: it is not known before the run. */
    PLUGIN_PARAMS_EXPRESSIONS = 1,
    /* Unknown names are not reported (the caller has keys of its own in the same object). */
    PLUGIN_PARAMS_OPEN = 2
};

/* Called for each finding; message names the parameter and both values. */
typedef void plugin_params_report (void *ctx, const char *param, const char *message,
                                   const char *hint);

/* Checks values (an object; NULL = {}) against the table: types, ranges, enums, unknown and missing
 * names. All findings are reported (report may be NULL). ret_values (may be NULL) receives, when
 * there is no finding, a new object with the defaults filled in and every value in the form that
 * the plugin sees: durations in ms and sizes in bytes as integers, bools as bools. Returns 0 or
 * FARRIER_E_INVALID with the first finding. */
int32_t plugin_params_check (const struct farrier_table *table, const json_t *values,
                             unsigned flags, plugin_params_report *report, void *ctx,
                             json_t **ret_values, struct err *err);

#endif
