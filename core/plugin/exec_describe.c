/* exec_describe: the description of an executable plugin: who it is, what it may get, its limits.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "farrier/sdk.h"
#include "plugin/exec.h"

#define SERVICE_NAME_MAX 40
#define HOURS_MS (3600 * INT64_C (1000))

static const char *
kept (struct exec_plugin *x, const char *text)
{
    return text == NULL ? NULL : arena_strdup (x->arena, text);
}

/* --- who it is ------------------------------------------------------------------------------ */

static void
read_names (struct exec_plugin *x, struct conf_at at)
{
    static const char *const keys[] = { "name", "version", "vendor", "description", "license" };
    const char **const into[] = { &x->def.name, &x->def.version, &x->def.vendor,
                                  &x->def.description, &x->def.license };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        conf_required (at, keys[i]);
        *into[i] = kept (x, conf_string (at, keys[i], ""));
    }
    if (x->def.name[0] != '\0' && !str_eq (x->def.name, x->name))
        conf_complain (at, "name", "name is \"%s\", its file is called %s%s", x->def.name, x->name,
                       EXEC_SUFFIX);
    conf_required (at, "protocol");
    conf_i64 (at, "protocol", EXEC_PROTOCOL, EXEC_PROTOCOL, EXEC_PROTOCOL);
    const char *file = conf_string (at, "executable", x->name);
    if (strchr (file, '/') != NULL)
        conf_complain (at, "executable",
                       "executable is \"%s\", must be a file name: it lies beside its description",
                       file);
    x->executable = arena_printf (x->arena, "%s/%s", x->dir, file);
    x->program = x->executable;
}

/* --- what it may get ------------------------------------------------------------------------ */

static bool
endpoint_valid (const char *name)
{
    const char *word = str_starts (name, "service:") ? name + strlen ("service:") : NULL;
    if (word != NULL)
        return word[0] != '\0' && strlen (word) <= SERVICE_NAME_MAX
               && word[strspn (word, "abcdefghijklmnopqrstuvwxyz0123456789_-")] == '\0';
    return str_eq (name, FARRIER_ENDPOINT_BMC) || str_eq (name, FARRIER_ENDPOINT_IPMI)
           || str_eq (name, FARRIER_ENDPOINT_OS);
}

static void
read_endpoints (struct exec_plugin *x, struct conf_at at)
{
    struct vec names = { 0 };
    conf_strings (at, "endpoints", &names);
    x->endpoints = arena_alloc (x->arena, (names.count + 1) * sizeof *x->endpoints);
    for (size_t i = 0; i < names.count; i++) {
        if (!endpoint_valid (names.items[i]))
            conf_complain (at, "endpoints",
                           "endpoints[%zu] is \"%s\", must be bmc, ipmi, os or service:NAME", i,
                           (const char *) names.items[i]);
        x->endpoints[x->endpoint_count++] = kept (x, names.items[i]);
    }
    vec_free (&names);
}

static bool
fd_taken (const struct exec_plugin *x, int fd)
{
    for (size_t i = 0; i < x->secret_count; i++) {
        if (x->secrets[i].fd == fd)
            return true;
    }
    return false;
}

/* Those that name none get what is left, from the end. */
static int
free_fd (const struct exec_plugin *x)
{
    int fd = EXEC_FD_MAX;
    while (fd > EXEC_FD_MIN && fd_taken (x, fd))
        fd--;
    return fd;
}

static bool
variable_valid (const char *name)
{
    return name[0] >= 'A' && name[0] <= 'Z' && !str_starts (name, "FARRIER_")
           && name[strspn (name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] == '\0';
}

static void
read_secret (struct exec_plugin *x, struct conf_at at, bool by_fd)
{
    static const char *const words[] = { "user", "password" };
    struct exec_secret s = { 0 };
    bool has_fd = conf_is (conf_find (at, "descriptor"));
    if (has_fd != by_fd)
        return;
    conf_required (at, "endpoint");
    conf_required (at, "what");
    s.endpoint = kept (x, conf_string (at, "endpoint", FARRIER_ENDPOINT_BMC));
    s.what = words[conf_enum (at, "what", words, 2, 1)];
    s.fd = (int) conf_i64 (at, "descriptor", EXEC_FD_MIN, EXEC_FD_MAX, free_fd (x));
    s.file = kept (x, conf_string (at, "file", NULL));
    if (!endpoint_valid (s.endpoint))
        conf_complain (at, "endpoint", "endpoint is \"%s\", must be bmc, ipmi, os or service:NAME",
                       s.endpoint);
    if (fd_taken (x, s.fd))
        conf_complain (at, "descriptor", "descriptor %d is taken by another credential", s.fd);
    if (!has_fd && s.file == NULL)
        conf_complain (at, NULL, "a credential is given by descriptor = %d to %d or by file = "
                       "\"VARIABLE\", never in the arguments", EXEC_FD_MIN, EXEC_FD_MAX);
    if (s.file != NULL && !variable_valid (s.file))
        conf_complain (at, "file", "file is \"%s\", must be the name of an environment variable "
                       "(A-Z, 0-9, _) that does not begin with FARRIER_", s.file);
    conf_finish (at);
    x->secrets[x->secret_count++] = s;
}

static void
read_credentials (struct exec_plugin *x, struct conf_at at)
{
    struct conf_at list = conf_groups (at, "credentials");
    size_t count = conf_count (list);
    if (count > EXEC_SECRETS_MAX) {
        conf_complain (at, "credentials", "there are %zu credentials, at most %d are allowed",
                       count, EXEC_SECRETS_MAX);
        return;
    }
    for (int by_fd = 1; by_fd >= 0; by_fd--) {
        for (size_t i = 0; i < count; i++)
            read_secret (x, conf_child (list, i), by_fd == 1);
    }
}

/* What it may get, in one line for those who look at it. */
static void
tell_grants (struct exec_plugin *x)
{
    struct buf text = { 0 };
    for (size_t i = 0; i < x->endpoint_count; i++)
        buf_printf (&text, "%saddress of %s", text.len > 0 ? ", " : "", x->endpoints[i]);
    for (size_t i = 0; i < x->secret_count; i++) {
        const struct exec_secret *s = &x->secrets[i];
        buf_printf (&text, "%s%s of %s by descriptor %d", text.len > 0 ? ", " : "", s->what,
                    s->endpoint, s->fd);
        if (s->file != NULL)
            buf_printf (&text, " (file %s)", s->file);
    }
    x->grants = kept (x, text.len == 0 ? "nothing of the host but its name" : text.data);
    buf_free (&text);
}

static void
read_limits (struct exec_plugin *x, struct conf_at at)
{
    struct conf_at limits = conf_group (at, "limits");
    x->max_memory_bytes = (uint64_t) conf_size_bytes (limits, "memory", 1 << 20, INT64_MAX, 0);
    x->max_file_bytes = (uint64_t) conf_size_bytes (limits, "file", 0, INT64_MAX, 0);
    x->max_cpu_s = (uint64_t) conf_duration_ms (limits, "cpu", 1000, 24 * HOURS_MS, 0) / 1000;
    if (conf_is (limits))
        conf_finish (limits);
}

/* --- which BMCs it knows -------------------------------------------------------------------- */

static void
read_match (struct exec_plugin *x, struct conf_at at)
{
    struct conf_at list = conf_groups (at, "match");
    size_t count = conf_count (list);
    struct farrier_match *items = arena_alloc (x->arena, (count + 1) * sizeof *items);
    for (size_t i = 0; i < count; i++) {
        struct conf_at m = conf_child (list, i);
        items[i] = (struct farrier_match) {
            .score = (uint32_t) conf_i64 (m, "score", 1, 100, 50),
            .ipmi_manufacturer_id = (int32_t) conf_i64 (m, "ipmi_manufacturer_id", 0, 0xffffff, -1),
            .root_vendor = kept (x, conf_string (m, "root_vendor", NULL)),
            .root_product = kept (x, conf_string (m, "root_product", NULL)),
            .redfish_version = kept (x, conf_string (m, "redfish_version", NULL)),
            .root_oem = kept (x, conf_string (m, "root_oem", NULL)),
            .server_header = kept (x, conf_string (m, "server_header", NULL)),
        };
        conf_finish (m);
    }
    x->def.match = (struct farrier_table) FARRIER_TABLE_OF (items, count);
}

static void
read_match_login (struct exec_plugin *x, struct conf_at at)
{
    struct conf_at list = conf_groups (at, "match_login");
    size_t count = conf_count (list);
    struct farrier_match_login *items = arena_alloc (x->arena, (count + 1) * sizeof *items);
    for (size_t i = 0; i < count; i++) {
        struct conf_at m = conf_child (list, i);
        items[i] = (struct farrier_match_login) {
            .score = (uint32_t) conf_i64 (m, "score", 1, 100, 50),
            .system_manufacturer = kept (x, conf_string (m, "system_manufacturer", NULL)),
            .system_oem = kept (x, conf_string (m, "system_oem", NULL)),
            .manager_model = kept (x, conf_string (m, "manager_model", NULL)),
            .manager_oem = kept (x, conf_string (m, "manager_oem", NULL)),
        };
        conf_finish (m);
    }
    x->def.match_login = (struct farrier_table) FARRIER_TABLE_OF (items, count);
}

/* --- all ------------------------------------------------------------------------------------ */

static void
read_plugin (struct exec_plugin *x, struct conf_at at)
{
    x->def = (struct farrier_plugin) {
        FARRIER_PLUGIN_PREAMBLE,
        /* A callback here only describes a run: the runs themselves are the processes. */
        .thread_model = FARRIER_THREADS_PARALLEL,
    };
    read_names (x, at);
    read_endpoints (x, at);
    read_credentials (x, at);
    tell_grants (x);
    read_limits (x, at);
    read_match (x, at);
    read_match_login (x, at);
    x->def.params = exec_describe_params (x, at, "settings", false);
    x->def.configure = exec_configure;
    exec_describe_ops (x, at);
    conf_finish (at);
}

struct exec_plugin *
exec_describe (struct conf *c, const char *dir, const char *name)
{
    struct exec_plugin *x = mem_alloc (sizeof *x);
    struct conf_at root = conf_root (c);
    x->arena = arena_new (0);
    pthread_mutex_init (&x->lock, NULL);
    x->name = kept (x, name);
    x->dir = kept (x, dir);
    if (conf_required (root, "plugin"))
        read_plugin (x, conf_group (root, "plugin"));
    conf_finish (root);
    if (conf_finding_count (c) == 0)
        return x;
    exec_free (x);
    return NULL;
}

void
exec_free (struct exec_plugin *x)
{
    if (x == NULL)
        return;
    json_decref (x->settings);
    pthread_mutex_destroy (&x->lock);
    arena_free (x->arena);
    mem_free (x);
}
