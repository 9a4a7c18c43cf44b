/* farrier/types.h: the plain values that plugins and the core exchange.
 *
 * Part of the plugin ABI; the version rule and the changelog are in farrier/version.h.
 *
 * SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_TYPES_H
#define FARRIER_TYPES_H

#include <stddef.h>
#include <stdint.h>

#include "farrier/error.h"
#include "farrier/version.h"

#ifdef __cplusplus
extern "C" {
#define FARRIER_STATIC_ASSERT(cond, text) static_assert (cond, text)
#else
#define FARRIER_STATIC_ASSERT(cond, text) _Static_assert (cond, text)
#endif

/* Layout is the same on LP64 and ILP32: a pointer member is followed by this pad. */
#if UINTPTR_MAX == 0xffffffffu
#define FARRIER_PAD(member) uint32_t pad_##member##_;
#else
#define FARRIER_PAD(member)
#endif

/* All structs below: Since 1.0. Strings are UTF-8 and NUL-terminated; NULL means "not known" unless
 * a member says otherwise. A struct that a plugin fills in starts with struct_size = sizeof (struct
 * …) (sdk.h: FARRIER_INIT); everything it does not set is zero. */

/* Handles: opaque, made by the core, end with the callback they were given to (rule R5). Their
 * first member is the host table, so that the inline wrappers of sdk.h need nothing else. */
struct farrier_host;
struct farrier_step;                   /* one run of one op's callback */
struct farrier_response;               /* an HTTP response */
struct farrier_json;                   /* a value inside a JSON document */
struct farrier_image;                  /* a firmware image of the repository */
struct farrier_config;                 /* the plugin's section of conf.d/plugins/NAME.conf */
struct farrier_reader;                 /* bytes of a file that is being recognised */
struct farrier_sink;                   /* where recognised metadata goes */
struct farrier_xml;                    /* an element (or attribute) of an XML document */
struct farrier_xml_reader;             /* an XML document that is read event by event */

/* A table: items are `stride` bytes apart, so that an item may grow. */
struct farrier_table {
    const void *items;
    FARRIER_PAD (items)
    uint32_t count;
    uint32_t stride;
};

/* What a callback answers (a negative value is an enum farrier_error_code). */
enum farrier_result {
    FARRIER_DONE = 0,                  /* finished */
    FARRIER_PENDING = 1,               /* exactly one await was registered */
    FARRIER_SKIPPED = 2,               /* nothing had to be done; say why with farrier_skip() */
    FARRIER_TOO_LATE = 3,              /* cancel: it can't be stopped any more */
    FARRIER_ADOPT = 4,                 /* reconcile: it is running; one await was registered */
    FARRIER_NOT_STARTED = 5,           /* reconcile: the device shows no trace of it */
    FARRIER_RECHECK = 6,               /* reconcile: ask again later (farrier_recheck()) */
    FARRIER_UNKNOWN = 7                /* reconcile: a person must decide */
};

enum farrier_log_level {
    FARRIER_LOG_DEBUG = 0, FARRIER_LOG_INFO = 1, FARRIER_LOG_WARN = 2, FARRIER_LOG_ERROR = 3
};

/* Component types, as in the field "type" of baselines and inventories. */
enum farrier_component_type {
    FARRIER_COMPONENT_OTHER = 0, FARRIER_COMPONENT_BIOS = 1, FARRIER_COMPONENT_UEFI = 2,
    FARRIER_COMPONENT_BMC = 3, FARRIER_COMPONENT_CPLD = 4, FARRIER_COMPONENT_NIC = 5,
    FARRIER_COMPONENT_STORAGE_CONTROLLER = 6, FARRIER_COMPONENT_DRIVE = 7,
    FARRIER_COMPONENT_NVME = 8, FARRIER_COMPONENT_PSU = 9, FARRIER_COMPONENT_GPU = 10,
    FARRIER_COMPONENT_TPM = 11, FARRIER_COMPONENT_BACKPLANE = 12, FARRIER_COMPONENT_SWITCH = 13,
    FARRIER_COMPONENT_DRIVER = 14
};

/* What makes a new version run. Ordered by how much it disturbs. */
enum farrier_reboot {
    FARRIER_REBOOT_NONE = 0, FARRIER_REBOOT_BMC_RESET = 1, FARRIER_REBOOT_HOST_RESET = 2,
    FARRIER_REBOOT_HOST_OFF_ON = 3, FARRIER_REBOOT_HOST_OFF_BEFORE = 4, FARRIER_REBOOT_AC_CYCLE = 5
};

/* A set of them (needed()): 1 << kind. */
#define FARRIER_REBOOT_BIT(kind) (UINT32_C (1) << (kind))

/* The ladder of a component's outcome: it is climbed, never descended. */
enum farrier_rung {
    FARRIER_RUNG_PLANNED = 0, FARRIER_RUNG_ACCEPTED = 1, FARRIER_RUNG_STAGED = 2,
    FARRIER_RUNG_FLASHED = 3, FARRIER_RUNG_ACTIVATED = 4
    /* verified is not here: only the core's own fresh inventory gives it */
};

/* A pair of strings: a header, a vendor key, an environment variable. */
struct farrier_pair {
    const char *name;
    FARRIER_PAD (name)
    const char *value;
    FARRIER_PAD (value)
};

/* A component, as a plugin measured it (emit_component) or as a step is about it (component()). */
struct farrier_component {
    uint32_t struct_size;
    uint32_t type;                     /* enum farrier_component_type */
    const char *key;                   /* identity across updates; never the display name */
    FARRIER_PAD (key)
    const char *name;
    FARRIER_PAD (name)
    /* the resource that shows the version; "" when there is none */
    const char *uri;
    FARRIER_PAD (uri)
    const char *version;               /* running now; NULL when the BMC does not say */
    FARRIER_PAD (version)
    /* RFC 6901 pointer of the version at uri; NULL = "/Version" */
    const char *version_pointer;
    FARRIER_PAD (version_pointer)
    const char *pending;               /* flashed or staged, not running yet */
    FARRIER_PAD (pending)
    /* what a rollback would go back to, where the BMC keeps it */
    const char *previous;
    FARRIER_PAD (previous)
    const char *slot;
    FARRIER_PAD (slot)
    /* struct farrier_pair: PCI ids, SoftwareId, GUID, board id … */
    struct farrier_table vendor_keys;
    int32_t updateable;                /* 1 yes, 0 no, -1 the BMC does not say */
    uint32_t reserved0;
    const char *status;                /* Redfish Status.State */
    FARRIER_PAD (status)
};

/* A firmware image, as the repository knows it. */
struct farrier_image_info {
    uint32_t struct_size;
    uint32_t type;                     /* enum farrier_component_type */
    const char *name;                  /* file name, without directory */
    FARRIER_PAD (name)
    const char *version;
    FARRIER_PAD (version)
    const char *vendor;
    FARRIER_PAD (vendor)
    const char *model;                 /* glob the image was imported for; NULL = any */
    FARRIER_PAD (model)
    const char *sha256;                /* 64 lower-case hex digits */
    FARRIER_PAD (sha256)
    uint64_t size_bytes;
};

/* What installing an image does to the host (the planner asks; conf.d/compat may override). */
struct farrier_effects {
    uint32_t struct_size;
    uint32_t reboot;                   /* enum farrier_reboot */
    int32_t order_rank;                /* lower goes first; default 100 for all, 10 for a BMC */
    uint8_t drops_bmc;                 /* 1: the BMC is away for a while */
    uint8_t exclusive;                 /* 1: nothing else may be in the same batch */
    /* 1: the BMC keeps the previous image in a slot of its own */
    uint8_t can_rollback;
    /* 1: the install op itself activates; no activate step needed */
    uint8_t applies_at_once;
    uint64_t expected_ms;              /* 0 = not known */
};

/* Where a host can be spoken to. */
#define FARRIER_ENDPOINT_BMC "bmc"
#define FARRIER_ENDPOINT_IPMI "ipmi"
#define FARRIER_ENDPOINT_OS "os"       /* further ones: "service:NAME" */

/* What endpoint() answers: for tools that are told where to go in their arguments. Credentials are
 * not here: await_process hands them to the tool (secret_env, secret_fds). */
struct farrier_endpoint {
    uint32_t struct_size;
    uint32_t port;
    const char *url;                   /* "https://192.0.2.7:8443"; no path */
    FARRIER_PAD (url)
    const char *address;               /* "192.0.2.7", "2001:db8::7", "bmc7.example" */
    FARRIER_PAD (address)
    uint8_t has_credential;            /* 1: a user and a password are kept for it */
    uint8_t reserved0[7];
};

/* A file that belongs to an image (a detached signature …): image_attachment_at(). */
struct farrier_attachment {
    uint32_t struct_size;
    uint32_t reserved0;
    const char *name;                  /* "compsig": by which a part or a read asks for it */
    FARRIER_PAD (name)
    const char *filename;              /* what a BMC is told */
    FARRIER_PAD (filename)
    const char *sha256;                /* 64 lower-case hex digits */
    FARRIER_PAD (sha256)
    uint64_t size_bytes;
};

/* What xml_next() came to. */
enum farrier_xml_event {
    FARRIER_XML_END = 0,               /* of the document */
    FARRIER_XML_ELEMENT = 1,           /* begins: name, attributes */
    FARRIER_XML_ELEMENT_END = 2,       /* ends (also of an empty one) */
    FARRIER_XML_TEXT = 3               /* text or CDATA that is not only blanks */
};

/* About the step (step_info). */
struct farrier_step_info {
    uint32_t struct_size;
    uint32_t attempt;                  /* 1, 2, … */
    const char *job_id;
    FARRIER_PAD (job_id)
    const char *attempt_id;
    FARRIER_PAD (attempt_id)
    const char *host_name;
    FARRIER_PAD (host_name)
    const char *op;
    FARRIER_PAD (op)
    int64_t deadline_ms;               /* wall clock; the step ends then */
    uint8_t dry_run;                   /* 1: nothing may be changed (DRY_RUN_OK ops only) */
    uint8_t reserved0[7];
};

/* Why a callback was called. */
enum farrier_wake_kind {
    FARRIER_WAKE_NONE = 0,             /* start */
    FARRIER_WAKE_RESPONSE = 1,         /* of an await_http */
    FARRIER_WAKE_TRANSFER = 2,         /* of an await_transfer or await_download */
    FARRIER_WAKE_TASK = 3,
    FARRIER_WAKE_TIMER = 4,
    FARRIER_WAKE_PROCESS = 5,
    FARRIER_WAKE_REACHABLE = 6,        /* of an await_until */
    FARRIER_WAKE_COLLECTED = 7,        /* of an await_collect */
    /* reconcile: the core restarted, or the step ran out of time */
    FARRIER_WAKE_RESUMED = 8
};

enum farrier_task_end {
    FARRIER_TASK_DONE = 0, FARRIER_TASK_FAILED = 1, FARRIER_TASK_VANISHED = 2,
    FARRIER_TASK_NEEDS_RESET = 3,      /* the vendor waits for a reboot to go on */
    FARRIER_TASK_UNCHANGED = 4         /* must_change_within passed: the state is a stale one */
};

struct farrier_wake {
    uint32_t struct_size;
    uint32_t kind;                     /* enum farrier_wake_kind */
    /* 0, or the enum farrier_error_code the await ended with */
    int32_t code;
    int32_t delivery;                  /* enum farrier_delivery of the await */
    const char *label;                 /* the await's label */
    FARRIER_PAD (label)
    const char *id;                    /* job/step/attempt/sequence: for logs */
    FARRIER_PAD (id)
    const char *message;               /* for code != 0: what happened */
    FARRIER_PAD (message)
    /* RESPONSE, TRANSFER, TASK (last document); else NULL */
    const struct farrier_response *response;
    FARRIER_PAD (response)
    uint32_t task_end;                 /* enum farrier_task_end */
    int32_t exit_status;               /* PROCESS: exit code, or -signal */
    uint32_t documents;                /* COLLECTED: how many; read with wake_document() */
    uint32_t reads;                    /* REACHABLE: good reads seen; TASK: polls made */
    uint8_t gap_seen;                  /* REACHABLE, TASK: 1 when the BMC was away meanwhile */
    uint8_t reserved0[7];
    /* TASK that failed: "Update.1.0.ApplyFailed"; NULL = none told */
    const char *vendor_id;
    FARRIER_PAD (vendor_id)
    const char *hint;                  /* for code != 0: the next command; NULL = none */
    FARRIER_PAD (hint)
};

/* One document of a COLLECTED wake. */
struct farrier_document {
    uint32_t struct_size;
    int32_t code;                      /* 0, or why it could not be read */
    int32_t http_status;
    uint32_t reserved0;
    const char *path;
    FARRIER_PAD (path)
    const struct farrier_json *json;   /* NULL when code != 0 */
    FARRIER_PAD (json)
    const char *message;
    FARRIER_PAD (message)
};

/* Options of an inline read. NULL stands for all zero. */
struct farrier_http_options {
    uint32_t struct_size;
    uint32_t timeout_ms;               /* 0 = 60 s */
    struct farrier_table headers;      /* struct farrier_pair */
    uint64_t max_bytes;                /* 0 = 4 MiB */
    uint8_t no_auth;                   /* 1: send no credentials (the service root) */
    uint8_t raw;                       /* 1: the body is not JSON; do not parse */
    uint8_t reserved0[6];
};

/* A condition that the core reads on the BMC just before a changing request leaves: GET uri, value
 * at pointer must equal expected (one of several, separated by newlines). The core adds the host's
 * identity and the component's from-version by itself. A mismatch sends nothing. */
struct farrier_guard {
    const char *uri;
    FARRIER_PAD (uri)
    const char *pointer;
    FARRIER_PAD (pointer)
    const char *expected;
    FARRIER_PAD (expected)
    int32_t code;                      /* FARRIER_E_PRECONDITION or FARRIER_E_BUSY */
    uint32_t reserved0;
};

enum farrier_request_flag {
    FARRIER_REQUEST_READ_ONLY = 1,     /* declared: this POST changes nothing */
    FARRIER_REQUEST_BMC_RESETS = 2     /* a lost answer is expected: the BMC goes away */
};

/* await_http: a request that changes something. */
struct farrier_http_request {
    uint32_t struct_size;
    uint32_t flags;                    /* enum farrier_request_flag */
    const char *endpoint;              /* NULL = "bmc" */
    FARRIER_PAD (endpoint)
    const char *method;                /* POST PATCH PUT DELETE */
    FARRIER_PAD (method)
    const char *path;
    FARRIER_PAD (path)
    const char *content_type;          /* NULL = application/json */
    FARRIER_PAD (content_type)
    const char *body;                  /* text; NULL = none */
    FARRIER_PAD (body)
    /* what this is, in three words, for people and for reconcile */
    const char *label;
    FARRIER_PAD (label)
    struct farrier_table headers;      /* struct farrier_pair; values may hold ${session.token} */
    struct farrier_table guards;       /* struct farrier_guard */
    uint32_t timeout_ms;               /* 0 = 60 s */
    uint32_t reserved0;
};

enum farrier_part_kind {
    FARRIER_PART_TEXT = 0,             /* text; may hold ${session.token} */
    FARRIER_PART_JSON = 1,             /* text, sent as application/json */
    FARRIER_PART_IMAGE = 2,            /* bytes of the image, offset and length */
    FARRIER_PART_ATTACHMENT = 3,       /* a named attachment of the image (signature file …) */
    FARRIER_PART_ARTIFACT = 4          /* a saved artifact by name */
};

struct farrier_part {
    uint32_t kind;                     /* enum farrier_part_kind */
    uint32_t reserved0;
    const char *name;                  /* multipart: form-data name */
    FARRIER_PAD (name)
    /* multipart: NULL = no filename attribute; "" = the image's name */
    const char *filename;
    FARRIER_PAD (filename)
    const char *content_type;          /* NULL = by kind */
    FARRIER_PAD (content_type)
    const char *text;                  /* TEXT, JSON: the bytes; ATTACHMENT, ARTIFACT: its name */
    FARRIER_PAD (text)
    const struct farrier_image *image; /* IMAGE, ATTACHMENT; NULL = the step's image */
    FARRIER_PAD (image)
    uint64_t offset;                   /* IMAGE: where to begin */
    uint64_t length;                   /* IMAGE: 0 = to the end */
};

/* await_transfer: an upload. Content-Length is always sent, never chunked. */
struct farrier_transfer {
    uint32_t struct_size;
    uint32_t flags;                    /* enum farrier_request_flag */
    const char *endpoint;              /* NULL = "bmc" */
    FARRIER_PAD (endpoint)
    const char *method;                /* NULL = POST */
    FARRIER_PAD (method)
    const char *path;
    FARRIER_PAD (path)
    /* raw: NULL = application/octet-stream; multipart: ignored */
    const char *content_type;
    FARRIER_PAD (content_type)
    const char *label;
    FARRIER_PAD (label)
    struct farrier_table headers;      /* struct farrier_pair */
    struct farrier_table parts;        /* struct farrier_part, in order */
    struct farrier_table guards;       /* struct farrier_guard */
    uint32_t timeout_ms;               /* 0 = max (600 s, size / 50 KB/s) */
    /* 1: multipart/form-data; 0: the parts one after another */
    uint8_t multipart;
    uint8_t reserved0[3];
};

/* await_download: GET into an artifact. */
struct farrier_download {
    uint32_t struct_size;
    uint32_t timeout_ms;
    const char *endpoint;
    FARRIER_PAD (endpoint)
    const char *path;
    FARRIER_PAD (path)
    const char *artifact;              /* the name it is kept under */
    FARRIER_PAD (artifact)
    const char *label;
    FARRIER_PAD (label)
    uint64_t max_bytes;                /* 0 = 64 MiB */
};

/* What a value of the state pointer means, as data. Globs; the first match counts. */
struct farrier_state_map {
    const char *value;                 /* "Completed", "Exception", "Down*" */
    FARRIER_PAD (value)
    uint32_t means;                    /* enum farrier_task_meaning */
    uint32_t reserved0;
};

enum farrier_task_meaning {
    FARRIER_TASK_MEANS_RUNNING = 0, FARRIER_TASK_MEANS_DONE = 1, FARRIER_TASK_MEANS_FAILED = 2,
    FARRIER_TASK_MEANS_NEEDS_RESET = 3
};

/* await_task: a vendor task, a job, or any resource that shows a state. Polling is a read: it may
 * be repeated freely and survives a restart of the core. */
struct farrier_task {
    uint32_t struct_size;
    uint32_t poll_min_ms;              /* 0 = the op's; 5 s */
    uint32_t poll_max_ms;              /* 0 = the op's; 30 s */
    /* 401/404/5xx/refused within it mean "BMC is rebooting"; 0 = none */
    uint32_t grace_ms;
    const char *endpoint;              /* NULL = "bmc" */
    FARRIER_PAD (endpoint)
    /* the task resource; preferred; NULL when only a monitor is known */
    const char *uri;
    FARRIER_PAD (uri)
    const char *monitor;               /* the task monitor; NULL when there is none */
    FARRIER_PAD (monitor)
    struct farrier_table fallbacks;    /* const char *: resources to look at when uri is gone */
    const char *label;
    FARRIER_PAD (label)
    const char *state_pointer;         /* NULL = "/TaskState", then "/JobState" */
    FARRIER_PAD (state_pointer)
    const char *percent_pointer;       /* NULL = "/PercentComplete" */
    FARRIER_PAD (percent_pointer)
    const char *messages_pointer;      /* NULL = "/Messages" */
    FARRIER_PAD (messages_pointer)
    struct farrier_table states;       /* struct farrier_state_map; empty = the DMTF states */
    /* NULL = "/StartTime": ids restart, so a task is itself only while this stays */
    const char *identity_pointer;
    FARRIER_PAD (identity_pointer)
    /* value of state_pointer before the change; with must_change_within_ms */
    const char *before;
    FARRIER_PAD (before)
    uint32_t must_change_within_ms;    /* 0 = not asked */
    uint32_t timeout_ms;               /* 0 = until the step's deadline */
    uint32_t progress_from;            /* permille that percent 0 stands for */
    uint32_t progress_to;              /* permille that percent 100 stands for; 0 = 1000 */
};

enum farrier_probe_kind {
    FARRIER_PROBE_POINTER = 0,         /* GET uri; value at pointer */
    FARRIER_PROBE_TCP = 1              /* a TCP connection to the endpoint opens */
};

enum farrier_proof {
    FARRIER_PROOF_NONE = 0,
    FARRIER_PROOF_GAP = 1,             /* a read failed in between */
    FARRIER_PROOF_CHANGED = 2,         /* the value at proof_pointer differs from proof_before */
    FARRIER_PROOF_GAP_OR_CHANGED = 3,
    /* the number at proof_pointer is below proof_before, or below an earlier read: an uptime */
    FARRIER_PROOF_LOWER = 4
};

/* await_until: watch a resource until it is as wanted, `good` times in a row. */
struct farrier_until {
    uint32_t struct_size;
    uint32_t probe;                    /* enum farrier_probe_kind */
    const char *endpoint;
    FARRIER_PAD (endpoint)
    const char *uri;
    FARRIER_PAD (uri)
    const char *pointer;               /* NULL: a 200 with JSON is enough */
    FARRIER_PAD (pointer)
    const char *wanted;                /* newline-separated globs; NULL: any value */
    FARRIER_PAD (wanted)
    const char *unwanted;              /* newline-separated globs that must not match */
    FARRIER_PAD (unwanted)
    const char *label;
    FARRIER_PAD (label)
    const char *proof_uri;             /* NULL = uri */
    FARRIER_PAD (proof_uri)
    const char *proof_pointer;         /* "/LastResetTime" … */
    FARRIER_PAD (proof_pointer)
    const char *proof_before;
    FARRIER_PAD (proof_before)
    uint32_t proof;                    /* enum farrier_proof */
    uint32_t good;                     /* 0 = 1 */
    uint32_t interval_ms;              /* 0 = 5 s */
    uint32_t within_ms;                /* 0 = until the step's deadline */
};

/* await_collect: many reads, one wake. */
struct farrier_collect {
    uint32_t struct_size;
    uint32_t max_in_flight;            /* 0 = 4 */
    const char *endpoint;
    FARRIER_PAD (endpoint)
    /* its members are read (with $expand where offered); or NULL */
    const char *collection;
    FARRIER_PAD (collection)
    struct farrier_table paths;        /* const char *: read as well */
    const char *label;
    FARRIER_PAD (label)
    /* the query to try, "$expand=.($levels=1)"; NULL = never */
    const char *expand;
    FARRIER_PAD (expand)
    uint32_t timeout_ms;               /* for each read; 0 = 60 s */
    uint32_t reserved0;
};

/* await_process: a vendor tool. argv only, no shell; runs under farrier-spawn and outlives the
 * core. */
struct farrier_process {
    uint32_t struct_size;
    uint32_t timeout_ms;               /* 0 = until the step's deadline */
    struct farrier_table argv;         /* const char *; argv[0] is an absolute path */
    /* struct farrier_pair; nothing else is inherited but PATH, LANG=C */
    struct farrier_table env;
    const char *stdin_text;            /* NULL = /dev/null */
    FARRIER_PAD (stdin_text)
    const char *label;
    FARRIER_PAD (label)
    /* POSIX extended regular expression, group 1 = percent; NULL = none */
    const char *progress_pattern;
    FARRIER_PAD (progress_pattern)
    uint64_t max_output_bytes;         /* 0 = 1 MiB of each stream is kept */
    /* struct farrier_pair: value is "endpoint:user" or "endpoint:password" */
    struct farrier_table secret_env;
    struct farrier_table secret_fds;   /* struct farrier_secret_fd */
    /* The tool's input instead of stdin_text; 1: the step's image, its bytes as they are. */
    uint8_t stdin_image;
    /* 1: exits[] is judged on the exit status as a signed byte (255 is -1) */
    uint8_t exit_signed;
    /* 1: declared: it changes nothing, on the host or beside it, and may be run twice */
    uint8_t read_only;
    uint8_t reserved0[5];
    /* struct farrier_exit_map; the first that fits gives the wake its code. None fits: code 0, and
     * the plugin judges exit_status itself. */
    struct farrier_table exits;
    /* struct farrier_pair: name is a file in the tool's working directory, value the artifact that
     * is put there before it starts. */
    struct farrier_table inputs;
    /* struct farrier_pair: name is a file in the tool's working directory, value the artifact that
     * it is kept as when the tool has ended. A file that is not there is passed over. */
    struct farrier_table outputs;
    uint64_t max_memory_bytes;         /* address space; 0 = no limit */
    uint64_t max_file_bytes;           /* of one file it writes; 0 = no limit */
    uint64_t max_cpu_s;                /* processor time; 0 = no limit */
};

/* A secret that the tool reads from a descriptor of its own. */
struct farrier_secret_fd {
    int32_t fd;                        /* 3 to 9; 0 = its standard input */
    uint32_t reserved0;
    const char *value;                 /* "endpoint:user" or "endpoint:password" */
    FARRIER_PAD (value)
};

/* What an exit status means. A tool that was killed has -signal: an entry whose `from` is just that
 * fits it; with exit_signed none does. */
struct farrier_exit_map {
    int32_t from, to;                  /* both included */
    int32_t code;                      /* FARRIER_OK or an enum farrier_error_code */
    uint32_t reserved0;
};

enum farrier_process_state {
    FARRIER_PROCESS_NOT_STARTED = 0, FARRIER_PROCESS_RUNNING = 1, FARRIER_PROCESS_EXITED = 2
};

#ifdef __cplusplus
}
#endif

#endif
