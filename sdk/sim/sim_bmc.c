/* sim_bmc: one simulated BMC: who it is, what runs on it, whether it can be reached.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "sim_bmc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim_conn.h"
#include "sim_fault.h"
#include "sim_fleet.h"
#include "sim_session.h"
#include "sim_task.h"
#include "sim_timer.h"
#include "sim_update.h"

#define BACKLOG 512

/* How a restart's time is divided, in percent; the rest is "Starting". */
#define DOWN_PERCENT 60
#define BUSY_PERCENT 10
#define LOCKED_PERCENT 10

int64_t
sim_bmc_now (const struct sim_bmc *bmc)
{
    return bmc->fleet->lone ? clock_boot_ms () : (int64_t) uv_now (&bmc->fleet->loop);
}

int64_t
sim_bmc_scaled (const struct sim_bmc *bmc, int64_t ms)
{
    return (int64_t) ((double) ms * bmc->fleet->options->time_scale);
}

static void
init_components (struct sim_bmc *bmc)
{
    const struct sim_personality *p = bmc->personality;

    bmc->components = mem_array (p->components.count, sizeof *bmc->components);
    for (size_t i = 0; i < p->components.count; i++) {
        struct sim_component *c = &bmc->components[i];
        c->def = vec_at (&p->components, i);
        c->version = str_dup (c->def->version);
    }
}

struct sim_bmc *
sim_bmc_new (struct sim_fleet *fleet, const struct sim_personality *p, uint32_t index,
             const char *name, uint32_t address)
{
    struct sim_bmc *bmc = mem_alloc (sizeof *bmc);

    bmc->fleet = fleet;
    bmc->personality = p;
    bmc->index = index;
    bmc->name = str_dup (name);
    bmc->address.sin_family = AF_INET;
    bmc->address.sin_addr.s_addr = htonl (address);
    bmc->address.sin_port = htons (fleet->options->port);
    inet_ntop (AF_INET, &bmc->address.sin_addr, bmc->address_text, sizeof bmc->address_text);
    bmc->random = fleet->options->seed * 1000003u + index;
    for (size_t i = 0; i < 4; i++)
        bmc->silent_fds[i] = -1;
    list_init (&bmc->conns);
    list_init (&bmc->updates);
    list_init (&bmc->tasks);
    list_init (&bmc->sessions);
    bmc->next_task_id = (uint32_t) p->task_first_id;
    bmc->session_timeout_s = fleet->options->session_timeout_s > 0
                                 ? fleet->options->session_timeout_s
                                 : p->session_timeout_s;
    bmc->push_apply = p->default_apply;
    bmc->last_reset_ms = clock_wall_ms ();
    bmc->boot_ms = 0;
    init_components (bmc);
    return bmc;
}

static void
free_components (struct sim_bmc *bmc)
{
    for (size_t i = 0; i < bmc->personality->components.count; i++) {
        mem_free (bmc->components[i].version);
        mem_free (bmc->components[i].pending);
        mem_free (bmc->components[i].standby);
    }
    mem_free (bmc->components);
}

void
sim_bmc_free (struct sim_bmc *bmc)
{
    sim_task_drop_all (bmc);
    sim_session_end_all (bmc, false);
    sim_stats_release (bmc);
    free_components (bmc);
    json_decref (bmc->attributes);
    json_decref (bmc->pending_attributes);
    json_decref (bmc->settings_messages);
    json_decref (bmc->push_targets);
    mem_free (bmc->settings_time);
    mem_free (bmc->serial_override);
    mem_free (bmc->uuid_override);
    mem_free (bmc->certificate);
    mem_free (bmc->name);
    mem_free (bmc);
}

static void
on_connection (uv_stream_t *listener, int status)
{
    if (status == 0)
        sim_conn_accept (listener->data, listener);
}

static void
on_listener_closed (uv_handle_t *handle)
{
    mem_free (handle);
}

int32_t
sim_bmc_listen (struct sim_bmc *bmc, struct err *err)
{
    if (bmc->fleet->lone)
        return 0;

    uv_tcp_t *tcp = mem_alloc (sizeof *tcp);
    if (bmc->listener != NULL) {
        mem_free (tcp);
        return 0;
    }
    if (ntohl (bmc->address.sin_addr.s_addr) >> 24 != 127) {
        mem_free (tcp);
        return err_set (err, ERR_POLICY,
                        "%s is not in 127.0.0.0/8: a simulated BMC listens nowhere else",
                        bmc->address_text);
    }
    uv_tcp_init (&bmc->fleet->loop, tcp);
    tcp->data = bmc;
    int rc = uv_tcp_bind (tcp, (const struct sockaddr *) &bmc->address, 0);
    if (rc == 0)
        rc = uv_listen ((uv_stream_t *) tcp, BACKLOG, on_connection);
    if (rc < 0) {
        uv_close ((uv_handle_t *) tcp, on_listener_closed);
        int32_t code = err_set (err, ERR_IO, "cannot listen on %s port %u: %s", bmc->address_text,
                                ntohs (bmc->address.sin_port), uv_strerror (rc));
        err_hint (err, "choose other addresses with --base, or another port with --port");
        return code;
    }
    bmc->listener = tcp;
    return 0;
}

static void
close_listener (struct sim_bmc *bmc)
{
    if (bmc->listener == NULL)
        return;
    uv_close ((uv_handle_t *) bmc->listener, on_listener_closed);
    bmc->listener = NULL;
}

void
sim_bmc_refuse (struct sim_bmc *bmc)
{
    close_listener (bmc);
    sim_conn_end_all (bmc, true);
}

bool
sim_bmc_is_silent (const struct sim_bmc *bmc)
{
    return bmc->silent_fds[0] >= 0;
}

/* A listening socket with a full queue: the kernel drops each further SYN without a word. */
static void
open_silent_socket (struct sim_bmc *bmc)
{
    int on = 1;
    int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return;
    setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind (fd, (const struct sockaddr *) &bmc->address, sizeof bmc->address) < 0
        || listen (fd, 0) < 0) {
        close (fd);
        return;
    }
    bmc->silent_fds[0] = fd;
    for (size_t i = 1; i < 4; i++) {
        bmc->silent_fds[i] = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (bmc->silent_fds[i] >= 0
            && connect (bmc->silent_fds[i], (const struct sockaddr *) &bmc->address,
                        sizeof bmc->address)
                   < 0
            && errno != EINPROGRESS)
            break;
    }
}

void
sim_bmc_silence (struct sim_bmc *bmc, bool silent)
{
    if (bmc->fleet->lone || silent == sim_bmc_is_silent (bmc))
        return;
    sim_conn_freeze_all (bmc, silent);
    if (silent) {
        close_listener (bmc);
        open_silent_socket (bmc);
        return;
    }
    for (size_t i = 0; i < 4; i++) {
        if (bmc->silent_fds[i] >= 0)
            close (bmc->silent_fds[i]);
        bmc->silent_fds[i] = -1;
    }
    if (bmc->phase != SIM_PHASE_DOWN)
        sim_bmc_listen (bmc, NULL);
}

void
sim_bmc_stop (struct sim_bmc *bmc)
{
    bmc->phase = SIM_PHASE_DOWN;
    sim_bmc_silence (bmc, false);
    sim_timer_stop (&bmc->phase_timer);
    sim_timer_stop (&bmc->power_timer);
    sim_update_drop_all (bmc);
    sim_bmc_refuse (bmc);
}

static void
activate_after_reset (struct sim_bmc *bmc)
{
    for (size_t i = 0; i < bmc->personality->components.count; i++) {
        struct sim_component *c = &bmc->components[i];

        if (c->pending == NULL || c->def->activation != SIM_ACTIVATE_BMC_RESET)
            continue;
        if (c->def->two_slots) {
            mem_free (c->standby);
            c->standby = c->version;
            bmc->counters.slot_switches++;
        } else {
            mem_free (c->version);
        }
        c->version = c->pending;
        c->pending = NULL;
        c->counters.activations++;
    }
}

static int64_t
part_of_reboot (const struct sim_bmc *bmc, int percent)
{
    return sim_bmc_scaled (bmc, bmc->fleet->options->reboot_ms) * percent / 100;
}

static void
next_phase (void *arg)
{
    struct sim_bmc *bmc = arg;
    uv_loop_t *loop = &bmc->fleet->loop;

    switch (bmc->phase) {
    case SIM_PHASE_DOWN:
        if (sim_fault_take (bmc, SIM_FAULT_NO_RETURN, SIM_OTHER, NULL) != NULL)
            return;
        activate_after_reset (bmc);
        bmc->last_reset_ms = clock_wall_ms ();
        bmc->phase = SIM_PHASE_BUSY;
        if (!sim_bmc_is_silent (bmc) && !sim_fault_armed (bmc, SIM_FAULT_DROP))
            sim_bmc_listen (bmc, NULL);
        sim_timer_start (loop, &bmc->phase_timer, part_of_reboot (bmc, BUSY_PERCENT), next_phase,
                         bmc);
        break;
    case SIM_PHASE_BUSY:
        bmc->phase = SIM_PHASE_LOCKED;
        sim_timer_start (loop, &bmc->phase_timer, part_of_reboot (bmc, LOCKED_PERCENT), next_phase,
                         bmc);
        break;
    case SIM_PHASE_LOCKED:
        bmc->phase = SIM_PHASE_STARTING;
        sim_timer_start (loop, &bmc->phase_timer,
                         part_of_reboot (bmc, 100 - DOWN_PERCENT - BUSY_PERCENT - LOCKED_PERCENT),
                         next_phase, bmc);
        break;
    case SIM_PHASE_STARTING:
    case SIM_PHASE_UP: bmc->phase = SIM_PHASE_UP; break;
    }
}

void
sim_bmc_reboot (struct sim_bmc *bmc, int64_t extra_ms)
{
    if (bmc->phase == SIM_PHASE_DOWN)
        return;
    bmc->counters.resets_bmc++;
    bmc->phase = SIM_PHASE_DOWN;
    extra_ms += sim_update_on_bmc_reset (bmc);
    sim_bmc_refuse (bmc);
    sim_session_end_all (bmc, false);
    if (bmc->personality->volatile_tasks)
        sim_task_drop_all (bmc);
    bmc->tls_epoch++;
    bmc->failed_in_row = 0;
    bmc->locked_until_ms = 0;
    sim_timer_start (&bmc->fleet->loop, &bmc->phase_timer,
                     part_of_reboot (bmc, DOWN_PERCENT) + extra_ms, next_phase, bmc);
}

void
sim_bmc_return (struct sim_bmc *bmc)
{
    if (bmc->phase == SIM_PHASE_DOWN && bmc->phase_timer == NULL)
        next_phase (bmc);
}

bool
sim_bmc_switch_slot (struct sim_bmc *bmc)
{
    for (size_t i = 0; i < bmc->personality->components.count; i++) {
        struct sim_component *c = &bmc->components[i];

        if (!c->def->two_slots || c->standby == NULL || c->updating)
            continue;
        str_set (&c->pending, c->standby);
        return true;
    }
    return false;
}

char *
sim_bmc_serial (const struct sim_bmc *bmc)
{
    if (bmc->serial_override != NULL)
        return str_dup (bmc->serial_override);
    return str_printf ("SIM%03" PRIX64 "%05u%s", bmc->fleet->options->seed & 0xfff, bmc->index + 1,
                       bmc->identity == 0 ? "" : "X");
}

void
sim_bmc_uuid (const struct sim_bmc *bmc, enum sim_uuid which, char ret[37])
{
    char hex[HASH_SHA256_HEX];

    if (which == SIM_UUID_SYSTEM && bmc->uuid_override != NULL) {
        str_copy (ret, 37, bmc->uuid_override);
        return;
    }
    char *text = str_printf ("farrier-sim %" PRIu64 " %u %u %d", bmc->fleet->options->seed,
                             bmc->index, bmc->identity, (int) which);
    hash_sha256_hex (text, strlen (text), hex);
    mem_free (text);
    str_format (ret, 37, "%.8s-%.4s-4%.3s-8%.3s-%.12s", hex, hex + 8, hex + 12, hex + 15, hex + 18);
}

char *
sim_bmc_url (const struct sim_bmc *bmc)
{
    return str_printf ("https://%s:%u", bmc->address_text, ntohs (bmc->address.sin_port));
}

struct sim_component *
sim_bmc_component (struct sim_bmc *bmc, const char *component)
{
    int i = sim_personality_index (bmc->personality, component);

    return i < 0 ? NULL : &bmc->components[i];
}

char *
sim_bmc_inventory_id (const struct sim_component *c, const char *version)
{
    char hex[HASH_SHA256_HEX];

    if (*c->def->id != '\0')
        return str_dup (c->def->id);
    char *text = str_printf ("%s %s", c->def->component, version);
    hash_sha256_hex (text, strlen (text), hex);
    mem_free (text);
    return str_ndup (hex, 8);
}

static char *
variable (const struct sim_bmc *bmc, const char *name, size_t len)
{
    const struct sim_personality *p = bmc->personality;
    char uuid[37];
    const struct {
        const char *name, *value;
    } all[] = { { "name", bmc->name },       { "address", bmc->address_text },
                { "model", p->model },       { "manufacturer", p->manufacturer },
                { "system", p->system_id },  { "manager", p->manager_id },
                { "chassis", p->chassis_id } };

    if (len == 6 && memcmp (name, "serial", 6) == 0)
        return sim_bmc_serial (bmc);
    if (len == 4 && memcmp (name, "uuid", 4) == 0) {
        sim_bmc_uuid (bmc, SIM_UUID_SYSTEM, uuid);
        return str_dup (uuid);
    }
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (strlen (all[i].name) == len && memcmp (all[i].name, name, len) == 0)
            return str_dup (all[i].value);
    return str_dup ("");
}

char *
sim_bmc_expand (const struct sim_bmc *bmc, const char *text)
{
    struct buf out = { 0 };
    const char *dollar;

    while ((dollar = strstr (text, "${")) != NULL) {
        size_t len = strcspn (dollar + 2, "}");
        char *value = variable (bmc, dollar + 2, len);
        buf_append (&out, text, (size_t) (dollar - text));
        buf_puts (&out, value);
        mem_free (value);
        text = dollar + 2 + len + (dollar[2 + len] == '}');
    }
    buf_puts (&out, text);
    return buf_steal (&out);
}

void
sim_bmc_decorate (const struct sim_bmc *bmc, const char *document, json_t *doc)
{
    const struct vec *all = &bmc->personality->documents;

    for (size_t i = 0; i < all->count; i++) {
        const struct sim_document *d = vec_at (all, i);
        if (!str_eq (d->document, document))
            continue;
        char *text = sim_bmc_expand (bmc, d->json);
        json_t *more = json_parse (text, strlen (text), NULL);
        if (more != NULL)
            json_object_update_recursive (doc, more);
        json_decref (more);
        mem_free (text);
    }
}
