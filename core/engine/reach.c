/* reach: see reach.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "engine/reach.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/engine_private.h"
#include "fleet/credential.h"
#include "fleet/host.h"

#define REFUSED "refused"              /* in the place of a session's URI */

/* What the session's callbacks need; lives as long as the session, not the reach. */
struct login {
    struct engine *engine;
    char *host_id, *kind;
};

static void
login_free (void *arg)
{
    struct login *l = arg;
    mem_free (l->host_id);
    mem_free (l->kind);
    mem_free (l);
}

static int32_t
give_credential (void *arg, char **ret_user, char **ret_password, uint64_t *ret_version,
                 struct err *err)
{
    const struct login *l = arg;
    struct credential c = { 0 };
    int32_t rc = credential_load_for (l->engine->o.store, l->engine->o.key, l->host_id, l->kind, &c,
                                      err);
    if (rc != 0)
        return rc;
    *ret_user = str_dup (c.user == NULL ? "" : c.user);
    *ret_password = str_dup (c.password == NULL ? "" : c.password);
    *ret_version = c.version;
    credential_clear (&c);
    return 0;
}

/* Versions of credentials are the times when they were set; an inventory needs a login. */
static bool
has_worked (void *arg, uint64_t version)
{
    const struct login *l = arg;
    struct store_host *host = NULL;
    bool worked = store_host_get (l->engine->o.store, l->host_id, &host, NULL) == 0
                  && str_eq (l->kind, FARRIER_ENDPOINT_BMC)
                  && host->last_inventory_ms > (int64_t) version;
    store_host_free (host);
    return worked;
}

/* A token that a crash leaves on the BMC would fill its session table: it is kept, sealed. */
static void
keep_session (void *arg, const char *uri, const char *token)
{
    const struct login *l = arg;
    struct err err;
    struct store_batch *b = store_batch_new (NULL);
    if (token == NULL) {
        store_batch_bmc_session_delete (b, l->host_id, l->kind);
    } else {
        struct store_bmc_session row = {
            .host_id = l->host_id, .endpoint = l->kind, .uri = (char *) uri,
            .created_ms = clock_wall_ms (),
        };
        if (credential_seal_token (l->engine->o.key, l->host_id, l->kind, token, &row.token,
                                   &row.token_size, &err) != 0) {
            log_warn ("session of %s is not kept: %s", l->host_id, err.message);
            store_batch_free (b);
            return;
        }
        store_batch_bmc_session_put (b, &row);
        mem_free (row.token);
    }
    store_commit_async (l->engine->o.store, b, STORE_NORMAL, NULL, NULL);
}

/* In the place of the session that there is none of: version, when, how long, and why. */
static void
keep_refusal (void *arg, uint64_t version, int64_t wait_ms, const char *message)
{
    const struct login *l = arg;
    struct err err;
    json_t *v = json_object ();
    json_put_int (v, "version", (int64_t) version);
    json_put_int (v, "at_ms", clock_wall_ms ());
    json_put_int (v, "wait_ms", wait_ms);
    json_put_str (v, "message", message);
    char *text = json_text (v);
    struct store_bmc_session row = {
        .host_id = l->host_id, .endpoint = l->kind, .uri = (char *) REFUSED, .token = text,
        .token_size = strlen (text), .created_ms = clock_wall_ms (),
    };
    struct store_batch *b = store_batch_new (NULL);
    store_batch_bmc_session_put (b, &row);
    if (store_commit (l->engine->o.store, b, STORE_NORMAL, &err) != 0)
        log_warn ("the refused credential of %s is not remembered: %s", l->host_id, err.message);
    mem_free (text);
    json_decref (v);
}

static void
restore_refusal (struct session *session, const struct store_bmc_session *row)
{
    json_t *v = json_parse (row->token, row->token_size, NULL);
    int64_t wait = json_int_or (v, "/wait_ms", 0);
    int64_t left = json_int_or (v, "/at_ms", 0) + wait - clock_wall_ms ();
    if (wait > 0 && left <= wait)      /* else the clock was set back */
        session_restore_refusal (session, (uint64_t) json_int_or (v, "/version", 0), wait, left,
                                 json_str_or (v, "/message", "the credential was refused"));
    json_decref (v);
}

/* A session of its own takes no token over, but heeds that the password was refused. */
static void
restore_session (struct reach *r, struct session *session, bool own)
{
    struct store_bmc_session *rows = NULL;
    size_t count = 0;
    struct err err;
    if (store_bmc_session_list (r->engine->o.store, &rows, &count, &err) != 0)
        return;
    for (size_t i = 0; i < count; i++) {
        struct buf token = { 0 };
        if (!str_eq (rows[i].host_id, r->host_id) || !str_eq (rows[i].endpoint, r->kind))
            continue;
        if (str_eq (rows[i].uri, REFUSED))
            restore_refusal (session, &rows[i]);
        else if (own)
            continue;
        else if (credential_unseal_token (r->engine->o.key, r->host_id, r->kind, rows[i].token,
                                     rows[i].token_size, &token, &err) == 0)
            session_restore (session, rows[i].uri, token.data);
        else
            log_warn ("saved session of %s is not used: %s", r->host_id, err.message);
        buf_wipe_free (&token);
    }
    store_bmc_session_free_all (rows, count);
}

/* Where a certificate of first contact is recorded. A request that is still going on may ask for
 * it when its reach is forgotten already, so it lives as long as the engine. */
struct pin {
    struct store *store;
    char *host_id, *kind;
};

void
reach_pin_free (void *pin)
{
    struct pin *p = pin;
    mem_free (p->host_id);
    mem_free (p->kind);
    mem_free (p);
}

static struct pin *
pin_of (struct reach *r, const char *key)
{
    pthread_mutex_lock (&r->engine->lock);
    struct pin *p = map_get (r->engine->pins, key);
    if (p == NULL) {
        p = mem_alloc (sizeof *p);
        p->store = r->engine->o.store;
        p->host_id = str_dup (r->host_id);
        p->kind = str_dup (r->kind);
        map_set (r->engine->pins, key, p);
    }
    pthread_mutex_unlock (&r->engine->lock);
    return p;
}

static bool
pin_first (void *arg, const char *host_name, const char *sha256, const char *subject,
           const char *not_after)
{
    const struct pin *p = arg;
    log_info ("%s: certificate %s pinned at first contact", host_name, sha256);
    host_pin_first (p->store, p->host_id, p->kind, sha256, subject, not_after);
    return true;
}

static int32_t
make_target (struct reach *r, const struct store_endpoint *e, const char *host_name,
             struct err *err)
{
    char *key = str_printf ("%s %s", r->host_id, r->kind);
    struct net_target_config config = {
        .name = host_name,
        .key = key,
        .base_url = e->url,
        .trust = {
            .mode = str_eq (e->trust, "ca") ? TRUST_CA
                    : str_eq (e->trust, "insecure") ? TRUST_INSECURE : TRUST_PIN,
            .pin = e->pin_sha256,
            .ca_file = e->ca_file,
            .first = pin_first,
            .first_arg = pin_of (r, key),
        },
    };
    int32_t rc = net_target_new (r->engine->o.net, &config, &r->target, err);
    mem_free (key);
    return rc;
}

static struct session *
make_session (struct reach *r, bool own)
{
    struct login *l = mem_alloc (sizeof *l);
    l->engine = r->engine;
    l->host_id = str_dup (r->host_id);
    l->kind = str_dup (r->kind);
    struct session_config config = {
        .target = r->target,
        .credential = give_credential,
        .journal = own ? NULL : keep_session,
        .refused = keep_refusal,
        .worked = has_worked,
        .arg = l,
        .arg_unref = login_free,
    };
    struct session *session = session_new (&config);
    restore_session (r, session, own);
    return session;
}

struct session *
reach_begin_session (struct reach *r)
{
    return r->session == NULL ? NULL : make_session (r, true);
}

/* "url:https://cmdb.example": a service of the site, trusted by the system's CAs, no login. */
static int32_t
make_site (struct engine *engine, const char *kind, struct reach **ret, struct err *err)
{
    struct net_target_config config = {
        .name = kind + 4, .base_url = kind + 4, .trust = { .mode = TRUST_CA },
    };
    struct reach *r = mem_alloc (sizeof *r);
    r->engine = engine;
    r->host_id = str_dup ("");
    r->kind = str_dup (kind);
    r->refs = 1;
    int32_t rc = net_target_new (engine->o.net, &config, &r->target, err);
    if (rc == 0)
        *ret = r;
    else
        reach_unref (r);
    return rc;
}

static int32_t
reach_make (struct engine *engine, const char *host_id, const char *kind, struct reach **ret,
            struct err *err)
{
    struct store_endpoint *e = NULL;
    struct store_host *host = NULL;
    if (str_starts (kind, "url:"))
        return make_site (engine, kind, ret, err);
    int32_t rc = store_host_get (engine->o.store, host_id, &host, err);
    if (rc == 0)
        rc = store_endpoint_get (engine->o.store, host_id, kind, &e, err);
    struct reach *r = NULL;
    if (rc == 0) {
        r = mem_alloc (sizeof *r);
        r->engine = engine;
        r->host_id = str_dup (host_id);
        r->kind = str_dup (kind);
        r->refs = 1;
        rc = make_target (r, e, host->name, err);
        if (rc == 0 && e->credential_id != NULL)
            r->session = make_session (r, false);
    }
    store_endpoint_free (e);
    store_host_free (host);
    if (rc == 0)
        *ret = r;
    else
        reach_unref (r);
    return rc;
}

int32_t
reach_get (struct engine *engine, const char *host_id, const char *kind, struct reach **ret,
           struct err *err)
{
    if (str_starts (kind, "url:"))
        host_id = "";
    char *key = str_printf ("%s %s", host_id, kind);
    pthread_mutex_lock (&engine->lock);
    struct reach *r = map_get (engine->reaches, key);
    if (r != NULL)
        r->refs++;
    pthread_mutex_unlock (&engine->lock);
    int32_t rc = 0;
    if (r == NULL) {
        rc = reach_make (engine, host_id, kind, &r, err);
        if (rc == 0) {
            pthread_mutex_lock (&engine->lock);
            struct reach *other = map_get (engine->reaches, key);
            if (other == NULL) {
                map_set (engine->reaches, key, r);
                r->refs++;             /* the map's */
            } else {
                other->refs++;
            }
            pthread_mutex_unlock (&engine->lock);
            if (other != NULL) {
                reach_unref (r);
                r = other;
            }
        }
    }
    mem_free (key);
    if (rc == 0)
        *ret = r;
    return rc;
}

void
reach_unref (struct reach *reach)
{
    if (reach == NULL)
        return;
    pthread_mutex_lock (&reach->engine->lock);
    bool last = --reach->refs == 0;
    pthread_mutex_unlock (&reach->engine->lock);
    if (!last)
        return;
    session_unref (reach->session);
    net_target_unref (reach->target);
    mem_free (reach->host_id);
    mem_free (reach->kind);
    mem_free (reach);
}

/* Takes those of one host (NULL: all) out of the map. */
static void
take_out (struct engine *engine, const char *host_id, struct vec *ret)
{
    size_t it = 0;
    const char *key;
    void *value;
    pthread_mutex_lock (&engine->lock);
    while (map_next (engine->reaches, &it, &key, &value)) {
        const struct reach *r = value;
        if (host_id == NULL || str_eq (r->host_id, host_id))
            vec_push (ret, value);
    }
    for (size_t i = 0; i < ret->count; i++) {
        const struct reach *r = vec_at (ret, i);
        char *k = str_printf ("%s %s", r->host_id, r->kind);
        map_remove (engine->reaches, k);
        mem_free (k);
    }
    pthread_mutex_unlock (&engine->lock);
}

void
reach_forget (struct engine *engine, const char *host_id)
{
    struct vec found = { 0 };
    take_out (engine, host_id, &found);
    for (size_t i = 0; i < found.count; i++) {
        struct reach *r = vec_at (&found, i);
        if (r->session != NULL)
            session_credential_changed (r->session);
        reach_unref (r);
    }
    vec_free (&found);
}

struct logout {
    pthread_mutex_t lock;
    pthread_cond_t done;
    size_t open;
    bool abandoned;
};

static void
logged_out (void *arg, int32_t code)
{
    struct logout *l = arg;
    (void) code;
    pthread_mutex_lock (&l->lock);
    bool last = --l->open == 0;
    bool abandoned = l->abandoned;
    pthread_cond_signal (&l->done);
    pthread_mutex_unlock (&l->lock);
    if (last && abandoned)
        mem_free (l);
}

/* Logs them out at once, and waits at most timeout_ms. */
static void
log_out (struct session *const *sessions, size_t count, int64_t timeout_ms)
{
    struct logout *l = mem_alloc (sizeof *l);
    pthread_mutex_init (&l->lock, NULL);
    pthread_cond_init (&l->done, NULL);
    l->open = count + 1;
    for (size_t i = 0; i < count; i++)
        session_logout (sessions[i], logged_out, l);
    struct timespec until;
    clock_gettime (CLOCK_REALTIME, &until);
    until.tv_sec += timeout_ms / 1000;
    pthread_mutex_lock (&l->lock);
    l->open--;
    int late = 0;
    while (l->open > 0 && late == 0)
        late = pthread_cond_timedwait (&l->done, &l->lock, &until);
    bool finished = l->open == 0;
    l->abandoned = !finished;
    pthread_mutex_unlock (&l->lock);
    if (finished)
        mem_free (l);
}

void
reach_end_session (struct session *session, int64_t timeout_ms)
{
    if (session == NULL)
        return;
    log_out (&session, 1, timeout_ms);
    session_unref (session);
}

void
reach_logout_all (struct engine *engine, int64_t timeout_ms)
{
    struct vec all = { 0 };
    take_out (engine, NULL, &all);
    struct session **sessions = mem_array (all.count + 1, sizeof (struct session *));
    size_t count = 0;
    for (size_t i = 0; i < all.count; i++) {
        const struct reach *r = vec_at (&all, i);
        if (r->session != NULL)
            sessions[count++] = r->session;
    }
    log_out (sessions, count, timeout_ms);
    mem_free (sessions);
    for (size_t i = 0; i < all.count; i++)
        reach_unref (vec_at (&all, i));
    vec_free (&all);
}
