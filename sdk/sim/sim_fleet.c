/* sim_fleet: all BMCs of one process: start, run, stop.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "sim_fleet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim_conn.h"
#include "sim_control.h"
#include "sim_fault.h"
#include "sim_tls.h"

#define DESCRIPTORS_PER_HOST 3 /* the listener and two connections */
#define DESCRIPTORS_BESIDE 256
#define PASSWORD_BYTES 15

void
sim_options_init (struct sim_options *o)
{
    *o = (struct sim_options){ .hosts = 0,
                               .base = 0x7f140001,
                               .port = 8443,
                               .seed = 1,
                               .flash_ms = 20000,
                               .reboot_ms = 15000,
                               .boot_ms = 10000,
                               .time_scale = 1.0,
                               .ready_fd = -1 };
    o->user = str_dup ("admin");
    o->name_prefix = str_dup ("sim-");
}

static void
free_mix (void *arg)
{
    struct sim_mix *mix = arg;

    mem_free (mix->personality);
    mem_free (mix);
}

static void
free_choice (void *arg)
{
    struct sim_version_choice *choice = arg;

    mem_free (choice->target);
    mem_free (choice->component);
    mem_free (choice->version);
    mem_free (choice);
}

void
sim_options_drop_mix (struct sim_options *o)
{
    vec_free_with (&o->mix, free_mix);
}

void
sim_options_release (struct sim_options *o)
{
    sim_options_drop_mix (o);
    vec_free_with (&o->versions, free_choice);
    mem_free (o->user);
    mem_free (o->password_file);
    mem_free (o->state_dir);
    mem_free (o->personalities_dir);
    mem_free (o->config);
    mem_free (o->name_prefix);
    mem_free (o->trace);
    json_decref (o->faults);
}

/* As many hosts as there are descriptors for. */
static void
fit_descriptors (struct sim_fleet *fleet)
{
    struct sim_options *o = fleet->options;
    struct rlimit limit = { 0, 0 };

    if (getrlimit (RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit (RLIMIT_NOFILE, &limit);
    uint64_t most = limit.rlim_cur > DESCRIPTORS_BESIDE
                        ? (limit.rlim_cur - DESCRIPTORS_BESIDE) / DESCRIPTORS_PER_HOST
                        : 1;
    if (limit.rlim_cur == RLIM_INFINITY || o->hosts <= most)
        return;
    log_warn ("farrier-sim: %u hosts need %u descriptors, the hard limit of this process is %llu: "
              "starting %llu simulated hosts instead",
              o->hosts, o->hosts * DESCRIPTORS_PER_HOST + DESCRIPTORS_BESIDE,
              (unsigned long long) limit.rlim_cur, (unsigned long long) most);
    fleet->scaled_down_from = o->hosts;
    o->hosts = (uint32_t) most;
}

static int32_t
read_password (struct sim_fleet *fleet, struct err *err)
{
    struct sim_options *o = fleet->options;
    unsigned char bytes[PASSWORD_BYTES];

    if (o->password_file != NULL) {
        struct buf text = { 0 };
        int32_t rc = fs_read_secret (o->password_file, &text, err);
        if (rc == 0)
            fleet->password = buf_steal (&text);
        buf_wipe_free (&text);
        return rc;
    }
    hash_random (bytes, sizeof bytes);
    fleet->password = str_base64 (bytes, sizeof bytes);
    o->password_file = fs_join (o->state_dir, "password");
    char *line = str_printf ("%s\n", fleet->password);
    int32_t rc = fs_write_atomic (o->password_file, line, strlen (line), 0600, err);
    mem_wipe (line, strlen (line));
    mem_free (line);
    return rc;
}

static const struct sim_personality *
find_personality (struct sim_fleet *fleet, const char *name)
{
    for (size_t i = 0; i < fleet->personalities.count; i++) {
        const struct sim_personality *p = vec_at (&fleet->personalities, i);
        if (str_eq (p->name, name))
            return p;
    }
    return NULL;
}

static int32_t
load_personality (struct sim_fleet *fleet, const char *name, const struct sim_personality **ret,
                  struct err *err)
{
    struct sim_personality *p = NULL;

    *ret = find_personality (fleet, name);
    if (*ret != NULL)
        return 0;
    char *path = str_printf ("%s/%s.conf", fleet->options->personalities_dir, name);
    if (!fs_exists (path)) {
        int32_t rc = err_set (err, ERR_NOT_FOUND, "no personality '%s' in %s", name,
                              fleet->options->personalities_dir);
        err_hint (
            err, "generic and openbmc come with farrier-sim; --personalities names another folder");
        mem_free (path);
        return rc;
    }
    int32_t rc = sim_personality_read (path, &p, err);
    if (rc == 0 && !str_eq (p->name, name)) {
        rc = err_set (err, ERR_SYNTAX, "%s: name is \"%s\", not \"%s\" as the file is called", path,
                      p->name, name);
        sim_personality_free (p);
    }
    mem_free (path);
    if (rc < 0)
        return rc;
    vec_push (&fleet->personalities, p);
    *ret = p;
    return 0;
}

static void
choose_versions (struct sim_fleet *fleet, struct sim_bmc *bmc)
{
    const struct vec *all = &fleet->options->versions;

    for (size_t i = 0; i < all->count; i++) {
        const struct sim_version_choice *v = vec_at (all, i);
        struct sim_component *c = sim_bmc_component (bmc, v->component);
        if (c != NULL
            && (str_eq (v->target, "all") || str_glob (v->target, bmc->name, false)
                || str_eq (v->target, bmc->personality->name)))
            str_set (&c->version, v->version);
    }
}

static uint32_t
next_address (uint32_t address)
{
    do
        address++;
    while ((address & 0xff) == 0 || (address & 0xff) == 255);
    return address;
}

static int32_t
add_bmc (struct sim_fleet *fleet, const struct sim_personality *p, uint32_t address,
         struct err *err)
{
    uint32_t index = (uint32_t) fleet->bmcs.count;
    char name[64];

    if (address >> 24 != 127)
        return err_set (err, ERR_POLICY, "address %u.%u.%u.%u is outside 127.0.0.0/8",
                        address >> 24, address >> 16 & 255, address >> 8 & 255, address & 255);
    str_format (name, sizeof name, "%s%04u", fleet->options->name_prefix, index + 1);
    struct sim_bmc *bmc = sim_bmc_new (fleet, p, index, name, address);
    vec_push (&fleet->bmcs, bmc);
    map_set (fleet->by_name, bmc->name, bmc);
    choose_versions (fleet, bmc);
    int32_t rc = sim_tls_certify (bmc, err);
    return rc < 0 ? rc : sim_bmc_listen (bmc, err);
}

static int32_t
add_bmcs (struct sim_fleet *fleet, struct err *err)
{
    struct sim_options *o = fleet->options;
    uint32_t address = o->base;

    for (size_t i = 0; i < o->mix.count; i++) {
        const struct sim_mix *mix = vec_at (&o->mix, i);
        const struct sim_personality *p;

        int32_t rc = load_personality (fleet, mix->personality, &p, err);
        for (uint32_t k = 0; k < mix->count && rc == 0 && fleet->bmcs.count < o->hosts; k++) {
            rc = add_bmc (fleet, p, address, err);
            address = next_address (address);
        }
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* --port 0: one that is free now on the first address, for all of them. */
static int32_t
choose_port (struct sim_options *o, struct err *err)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (o->base) };
    socklen_t len = sizeof address;

    if (o->port != 0)
        return 0;
    int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int rc = fd < 0 ? -1 : bind (fd, (struct sockaddr *) &address, sizeof address);
    if (rc == 0)
        rc = getsockname (fd, (struct sockaddr *) &address, &len);
    int errnum = errno;
    if (fd >= 0)
        close (fd);
    if (rc < 0)
        return err_set_errno (err, ERR_IO, errnum, "cannot find a free port");
    o->port = ntohs (address.sin_port);
    return 0;
}

static int32_t
prepare_state_dir (struct sim_options *o, struct err *err)
{
    json_t *ping = json_pack ("{s:s}", "command", "faults"), *answer = NULL;
    char *control = fs_join (o->state_dir, "control.sock"),
         *images = fs_join (o->state_dir, "images");

    int32_t rc = fs_mkdirs (o->state_dir, 0700, err);
    if (rc == 0 && o->keep_images)
        rc = fs_mkdirs (images, 0700, err);
    if (rc == 0 && fs_exists (control) && sim_control_ask (control, ping, &answer, NULL) == 0) {
        rc = err_set (err, ERR_EXISTS, "a simulated fleet is already running in %s", o->state_dir);
        err_hint (err, "stop it with 'farrier-sim down --state-dir %s'", o->state_dir);
    }
    json_decref (ping);
    json_decref (answer);
    mem_free (control);
    mem_free (images);
    return rc;
}

static int32_t
write_json (const struct sim_fleet *fleet, const char *name, json_t *doc, struct err *err)
{
    char *path = fs_join (fleet->options->state_dir, name), *text = json_pretty (doc);
    int32_t rc = fs_write_atomic (path, text, strlen (text), 0644, err);

    json_decref (doc);
    mem_free (path);
    mem_free (text);
    return rc;
}

static int32_t
write_state (struct sim_fleet *fleet, struct err *err)
{
    char pid[16], *path = fs_join (fleet->options->state_dir, "pid");

    str_format (pid, sizeof pid, "%d\n", (int) getpid ());
    int32_t rc = fs_write_atomic (path, pid, strlen (pid), 0644, err);
    mem_free (path);
    return rc < 0 ? rc : write_json (fleet, "fleet.json", sim_fleet_json (fleet), err);
}

static int32_t
inject_configured (struct sim_fleet *fleet, struct err *err)
{
    size_t i;
    json_t *request;

    json_array_foreach (fleet->options->faults, i, request)
    {
        int32_t rc = sim_fault_inject (fleet, request, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static void
on_signal (uv_signal_t *handle, int number)
{
    (void) number;
    sim_fleet_stop (handle->data);
}

static void
watch_signals (struct sim_fleet *fleet)
{
    static const int numbers[] = { SIGTERM, SIGINT };

    signal (SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < 2; i++) {
        uv_signal_init (&fleet->loop, &fleet->signals[i]);
        fleet->signals[i].data = fleet;
        uv_signal_start (&fleet->signals[i], on_signal, numbers[i]);
    }
}

static int32_t
open_trace (struct sim_fleet *fleet, struct err *err)
{
    if (fleet->options->trace == NULL)
        return 0;
    fleet->trace = fopen (fleet->options->trace, "ae");
    if (fleet->trace == NULL)
        return err_set_errno (err, ERR_IO, errno, "cannot write %s", fleet->options->trace);
    setvbuf (fleet->trace, NULL, _IOLBF, 0);
    return 0;
}

int32_t
sim_fleet_start (struct sim_fleet *fleet, struct sim_options *options, struct err *err)
{
    *fleet = (struct sim_fleet){ .options = options };
    uv_loop_init (&fleet->loop);
    fleet->by_name = map_new ();
    fleet->images = map_new ();
    fleet->started_ms = (int64_t) uv_now (&fleet->loop);
    watch_signals (fleet);
    fit_descriptors (fleet);

    int32_t rc = prepare_state_dir (options, err);
    if (rc == 0)
        rc = open_trace (fleet, err);
    if (rc == 0)
        rc = choose_port (options, err);
    if (rc == 0)
        rc = read_password (fleet, err);
    if (rc == 0)
        rc = sim_tls_start (fleet, err);
    if (rc == 0)
        rc = add_bmcs (fleet, err);
    if (rc == 0)
        rc = inject_configured (fleet, err);
    if (rc == 0) {
        char *path = fs_join (options->state_dir, "control.sock");
        rc = sim_control_start (fleet, path, err);
        mem_free (path);
    }
    return rc < 0 ? rc : write_state (fleet, err);
}

void
sim_fleet_run (struct sim_fleet *fleet)
{
    uv_run (&fleet->loop, UV_RUN_DEFAULT);
}

static void
remove_file (const struct sim_fleet *fleet, const char *name)
{
    char *path = fs_join (fleet->options->state_dir, name);

    unlink (path);
    mem_free (path);
}

/* Closes all that keeps the loop alive; sim_fleet_run() returns when that is done. */
void
sim_fleet_stop (struct sim_fleet *fleet)
{
    if (fleet->stopping)
        return;
    fleet->stopping = true;
    for (size_t i = 0; i < 2; i++)
        uv_close ((uv_handle_t *) &fleet->signals[i], NULL);
    if (fleet->password != NULL && fleet->bmcs.count > 0)
        write_json (fleet, "stats.json", sim_fleet_stats (fleet, NULL, true), NULL);
    sim_fault_free_all (fleet);
    for (size_t i = 0; i < fleet->bmcs.count; i++) {
        struct sim_bmc *bmc = vec_at (&fleet->bmcs, i);
        sim_bmc_stop (bmc);
    }
    /* "farrier-sim down" waits for the end of its connection: all sockets are closed by then. */
    if (fleet->control != NULL)
        remove_file (fleet, "pid");
    sim_control_stop (fleet->control);
    fleet->control = NULL;
}

static void
free_bmc (void *arg)
{
    sim_bmc_free (arg);
}

static void
free_personality (void *arg)
{
    sim_personality_free (arg);
}

void
sim_fleet_free (struct sim_fleet *fleet)
{
    if (!fleet->stopping) {
        sim_fleet_stop (fleet);
        uv_run (&fleet->loop, UV_RUN_DEFAULT);
    }
    vec_free_with (&fleet->bmcs, free_bmc);
    uv_run (&fleet->loop, UV_RUN_DEFAULT);
    uv_loop_close (&fleet->loop);
    vec_free_with (&fleet->personalities, free_personality);
    map_free (fleet->by_name, NULL);
    map_free (fleet->images, mem_free);
    sim_tls_free (fleet->tls);
    if (fleet->trace != NULL)
        fclose (fleet->trace);
    if (fleet->password != NULL)
        mem_wipe (fleet->password, strlen (fleet->password));
    mem_free (fleet->password);
}

struct sim_bmc *
sim_fleet_find (const struct sim_fleet *fleet, const char *name)
{
    return map_get (fleet->by_name, name);
}

void
sim_fleet_note_image (struct sim_fleet *fleet, const struct sim_image *image)
{
    struct sim_image_record *record = map_get (fleet->images, image->sha256);

    if (record == NULL) {
        record = mem_alloc (sizeof *record);
        record->image = *image;
        map_set (fleet->images, image->sha256, record);
    }
    record->received++;
}

static json_t *
host_json (const struct sim_bmc *bmc)
{
    const struct sim_personality *p = bmc->personality;
    char *url = sim_bmc_url (bmc), *serial = sim_bmc_serial (bmc), uuid[37],
         fingerprint[HASH_SHA256_HEX];
    json_t *versions = json_object ();

    sim_bmc_uuid (bmc, SIM_UUID_SYSTEM, uuid);
    sim_tls_fingerprint (bmc, fingerprint);
    for (size_t i = 0; i < p->components.count; i++)
        json_put_str (versions, bmc->components[i].def->component, bmc->components[i].version);
    json_t *j = json_pack ("{s:s,s:s,s:s,s:i,s:s,s:s,s:s,s:s,s:s,s:s,s:o}", "name", bmc->name,
                           "url", url, "address", bmc->address_text, "port",
                           (int) ntohs (bmc->address.sin_port), "personality", p->name,
                           "manufacturer", p->manufacturer, "model", p->model, "serial", serial,
                           "uuid", uuid, "certificate_sha256", fingerprint, "components", versions);
    mem_free (url);
    mem_free (serial);
    return j;
}

json_t *
sim_fleet_json (struct sim_fleet *fleet)
{
    static const char *const certificates[] = { "ca", "self-signed", "shared" };
    const struct sim_options *o = fleet->options;
    json_t *doc = json_object (), *hosts = json_array ();

    json_put_bool (doc, "simulated", true);
    json_put_int (doc, "format", 1);
    json_put_int (doc, "pid", getpid ());
    json_put (doc, "ca", json_sprintf ("%s/ca.pem", o->state_dir));
    json_put (doc, "control", json_sprintf ("%s/control.sock", o->state_dir));
    json_put_str (doc, "user", o->user);
    json_put_str (doc, "password_file", o->password_file);
    json_put_int (doc, "port", o->port);
    json_put_str (doc, "certificates", certificates[o->certificates]);
    if (fleet->scaled_down_from > 0)
        json_put_int (doc, "scaled_down_from", fleet->scaled_down_from);
    for (size_t i = 0; i < fleet->bmcs.count; i++)
        json_array_append_new (hosts, host_json (vec_at (&fleet->bmcs, i)));
    json_put (doc, "hosts", hosts);
    return doc;
}

static json_t *
images_json (const struct sim_fleet *fleet)
{
    json_t *list = json_array ();
    const char *key;
    void *value;
    size_t it = 0;

    while (map_next (fleet->images, &it, &key, &value)) {
        const struct sim_image_record *r = value;
        json_t *j
            = json_pack ("{s:s,s:I,s:I}", "sha256", key, "size_bytes",
                         (json_int_t) r->image.size_bytes, "received", (json_int_t) r->received);
        if (r->image.valid) {
            json_put_str (j, "model", r->image.model);
            json_put_str (j, "component", r->image.component);
            json_put_str (j, "version", r->image.version);
        } else {
            json_put_str (j, "problem", r->image.problem);
        }
        json_array_append_new (list, j);
    }
    return list;
}

json_t *
sim_fleet_stats (struct sim_fleet *fleet, const char *host, bool with_log)
{
    json_t *doc = json_object (), *totals = json_object (), *hosts = json_object ();

    json_put_bool (doc, "simulated", true);
    json_put_int (doc, "uptime_ms", (int64_t) uv_now (&fleet->loop) - fleet->started_ms);
    for (size_t i = 0; i < fleet->bmcs.count; i++) {
        const struct sim_bmc *bmc = vec_at (&fleet->bmcs, i);
        json_t *one = sim_stats_host (bmc, with_log);

        sim_stats_add (totals, one);
        if (host == NULL || str_eq (host, bmc->name))
            json_put (hosts, bmc->name, one);
        else
            json_decref (one);
    }
    json_put (doc, "totals", totals);
    json_put (doc, "hosts", hosts);
    json_put (doc, "images", images_json (fleet));
    return doc;
}
