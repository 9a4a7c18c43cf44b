/* session: who may send with which token, and what happens when it is refused or lapses.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "net/session.h"

#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/session_state.h"

#define LATCH_DEFAULT_MS (30 * 60000)
#define LATCH_SOFT_MS 60000            /* first latch of a credential that has worked before */
/* The same when the BMC was just away: while it starts many a BMC refuses everybody. Once. */
#define LATCH_AWAY_MS 10000
#define AWAY_MS (15 * 60000)           /* for so long after it was not reached */
#define LAPSE_UNKNOWN_MS 240000
#define ASK_LAPSE_AFTER_MS 20000       /* idle for so long: the timeout is worth knowing */
#define TOKEN_MARK "${session.token}"

/* ---- life ---------------------------------------------------------------------------------- */

struct session *
session_new (const struct session_config *config)
{
    struct session *s = mem_alloc (sizeof *s);
    atomic_init (&s->references, 1);
    s->target = net_target_ref (config->target);
    s->loop = s->target->loop;
    s->credential = config->credential;
    s->journal = config->journal;
    s->refused = config->refused;
    s->worked = config->worked;
    s->arg = config->arg;
    s->arg_unref = config->arg_unref;
    s->basic_only = config->basic_only;
    s->basic_on_login = config->basic_on_login;
    s->latch_ms = config->latch_ms == 0 ? LATCH_DEFAULT_MS : config->latch_ms;
    s->path_fixed = config->sessions_path != NULL;
    s->sessions_path = str_dup (config->sessions_path);
    s->lapse_known = config->lapse_ms != 0;
    s->lapse_ms = s->lapse_known ? config->lapse_ms : LAPSE_UNKNOWN_MS;
    list_init (&s->waiters);
    uv_mutex_init (&s->lock);
    uv_mutex_init (&s->journal_lock);
    return s;
}

struct session *
session_ref (struct session *session)
{
    atomic_fetch_add (&session->references, 1);
    return session;
}

static void
forget_secret (char **secret)
{
    if (*secret == NULL)
        return;
    log_secret_remove (*secret);
    mem_wipe (*secret, strlen (*secret));
    mem_free (*secret);
    *secret = NULL;
}

void
session_unref (struct session *s)
{
    if (s == NULL || atomic_fetch_sub (&s->references, 1) != 1)
        return;
    forget_secret (&s->token);
    forget_secret (&s->basic);
    mem_free (s->uri);
    mem_free (s->sessions_path);
    uv_mutex_destroy (&s->lock);
    uv_mutex_destroy (&s->journal_lock);
    net_target_unref (s->target);
    if (s->arg_unref != NULL)
        s->arg_unref (s->arg);
    mem_free (s);
}

struct net_target *
session_target (struct session *session)
{
    return session->target;
}

void
session_publish (struct session *s)
{
    uv_mutex_lock (&s->lock);
    s->status.state = s->busy && s->state == SESSION_IDLE ? SESSION_LOGIN : s->state;
    str_copy (s->status.uri, sizeof s->status.uri, s->uri == NULL ? "" : s->uri);
    str_copy (s->status.note, sizeof s->status.note, s->note);
    s->status.logins = s->logins;
    s->status.latched_until_ms = s->latched ? s->latched_until_ms : 0;
    if (s->latched)
        s->status.err = s->latch_err;
    else
        err_clear (&s->status.err);
    uv_mutex_unlock (&s->lock);
}

void
session_status (struct session *session, struct session_status *ret)
{
    uv_mutex_lock (&session->lock);
    *ret = session->status;
    uv_mutex_unlock (&session->lock);
}

/* ---- state --------------------------------------------------------------------------------- */

void
session_set_basic (struct session *s, const char *user, const char *password)
{
    char *pair = str_printf ("%s:%s", user, password);
    char *encoded = str_base64 (pair, strlen (pair));
    forget_secret (&s->basic);
    s->basic = str_printf ("Basic %s", encoded);
    log_secret_add (s->basic);
    mem_wipe (pair, strlen (pair));
    mem_wipe (encoded, strlen (encoded));
    mem_free (pair);
    mem_free (encoded);
}

struct journal_drop {
    struct session *session;
    char *uri;
};

static void
drop_work (void *arg)
{
    struct journal_drop *drop = arg;
    struct session *s = drop->session;
    uv_mutex_lock (&s->journal_lock);
    s->journal (s->arg, drop->uri, NULL);
    uv_mutex_unlock (&s->journal_lock);
}

static void
drop_done (void *arg)
{
    struct journal_drop *drop = arg;
    session_unref (drop->session);
    mem_free (drop->uri);
    mem_free (drop);
}

static void
journal_gone (struct session *s, const char *uri)
{
    if (s->journal == NULL || str_empty (uri))
        return;
    struct journal_drop *drop = mem_alloc (sizeof *drop);
    drop->session = session_ref (s);
    drop->uri = str_dup (uri);
    loop_work (s->loop, drop_work, drop_done, drop);
}

void
session_drop_token (struct session *s, bool journal)
{
    if (journal)
        journal_gone (s, s->uri);
    forget_secret (&s->token);
    mem_free (s->uri);
    s->uri = NULL;
    if (s->state == SESSION_TOKEN)
        s->state = SESSION_IDLE;
    session_publish (s);
}

/* --- a refusal that outlives the process --- */

struct refusal {
    struct session *session;
    uint64_t version;
    int64_t wait_ms;
    char message[sizeof ((struct err *) 0)->message];
};

static void
refusal_work (void *arg)
{
    struct refusal *r = arg;
    struct session *s = r->session;
    uv_mutex_lock (&s->journal_lock);
    s->refused (s->arg, r->version, r->wait_ms, r->message);
    uv_mutex_unlock (&s->journal_lock);
}

static void
refusal_done (void *arg)
{
    struct refusal *r = arg;
    session_unref (r->session);
    mem_free (r);
}

static void
keep_refusal (struct session *s)
{
    if (s->refused == NULL)
        return;
    struct refusal *r = mem_alloc (sizeof *r);
    r->session = session_ref (s);
    r->version = s->latch_version;
    r->wait_ms = s->latch_step_ms;
    str_copy (r->message, sizeof r->message, s->latch_err.message);
    loop_work (s->loop, refusal_work, refusal_done, r);
}

void
session_restore_refusal (struct session *s, uint64_t version, int64_t wait_ms, int64_t left_ms,
                         const char *message)
{
    s->has_version = true;
    s->version = s->latch_version = version;
    s->latch_step_ms = wait_ms;
    if (left_ms <= 0)
        return;
    s->latched = true;
    s->latched_until_ms = clock_boot_ms () + left_ms;
    s->state = SESSION_LATCHED;
    err_set (&s->latch_err, FARRIER_E_AUTH, "%s", message);
    err_hint (&s->latch_err, "farrier credential set %s --user USER --password-file FILE",
              s->target->name);
    session_publish (s);
}

static bool
was_away (const struct session *s)
{
    return s->missed_ms != 0 && clock_boot_ms () - s->missed_ms < AWAY_MS;
}

void
session_missed (struct session *s, int32_t code)
{
    if (code == FARRIER_E_UNREACHABLE || code == FARRIER_E_TIMEOUT || code == FARRIER_E_TRANSIENT)
        s->missed_ms = clock_boot_ms ();
}

void
session_latch (struct session *s, const char *what)
{
    if (s->latch_step_ms == 0)
        s->latch_step_ms = !s->proven ? s->latch_ms : was_away (s) ? LATCH_AWAY_MS : LATCH_SOFT_MS;
    else if (s->latch_step_ms == LATCH_AWAY_MS)
        s->latch_step_ms = LATCH_SOFT_MS;
    else if (s->latch_step_ms < s->latch_ms)
        s->latch_step_ms *= 2;
    if (s->latch_step_ms > s->latch_ms)
        s->latch_step_ms = s->latch_ms;
    s->latched = true;
    s->latch_version = s->version;
    s->latched_until_ms = clock_boot_ms () + s->latch_step_ms;
    s->state = SESSION_LATCHED;
    char *wait = duration_format (s->latch_step_ms);
    err_set (&s->latch_err, FARRIER_E_AUTH,
             "%s (%s): %s; it is not tried again until the credential changes, or for %s",
             s->target->name, s->target->base_url, what, wait);
    err_hint (&s->latch_err, "farrier credential set %s --user USER --password-file FILE",
              s->target->name);
    mem_free (wait);
    session_publish (s);
    keep_refusal (s);
}

static bool
lapsed (const struct session *s)
{
    return clock_boot_ms () - s->used_ms > s->lapse_ms / 10 * 8;
}

static bool
usable (const struct session *s, const struct request *r)
{
    if (r->auth == NET_AUTH_BASIC)
        return s->basic != NULL && !s->latched;
    if (s->state == SESSION_TOKEN)
        return !lapsed (s);
    return s->state == SESSION_BASIC && clock_boot_ms () < s->basic_until_ms;
}

/* ---- how long the BMC keeps an idle session ------------------------------------------------ */

struct lapse_ask {
    struct session *session;
    struct net_response *response;
    long long seconds;
};

static void
lapse_parse (void *arg)
{
    struct lapse_ask *ask = arg;
    json_t *doc = ask->response->status == 200 ? net_response_json (ask->response, NULL) : NULL;
    ask->seconds = json_int_or (doc, "/SessionTimeout", 0);
    json_decref (doc);
}

static void
lapse_parsed (void *arg)
{
    struct lapse_ask *ask = arg;
    if (ask->seconds >= 1 && ask->seconds <= 31 * 86400)
        ask->session->lapse_ms = ask->seconds * 1000;
    session_unref (ask->session);
    net_response_free (ask->response);
    mem_free (ask);
}

static void
lapse_answered (void *arg, struct net_response *response)
{
    struct lapse_ask *ask = arg;
    ask->response = response;
    loop_work (ask->session->loop, lapse_parse, lapse_parsed, ask);
}

static void
ask_lapse (struct session *s)
{
    if (s->lapse_known || clock_boot_ms () - s->used_ms < ASK_LAPSE_AFTER_MS)
        return;
    s->lapse_known = true;             /* asked once; an answer or none */
    struct lapse_ask *ask = mem_alloc (sizeof *ask);
    ask->session = session_ref (s);
    struct net_request request = { .target = s->target, .path = "/redfish/v1/SessionService",
                                   .auth = NET_AUTH_SESSION, .session = s,
                                   .done = lapse_answered, .arg = ask };
    net_submit (&request);
}

/* ---- requests ------------------------------------------------------------------------------ */

void
session_admit (struct session *s, struct request *r)
{
    r->state = REQUEST_SESSION;
    if (usable (s, r)) {
        if (s->state == SESSION_TOKEN)
            ask_lapse (s);
        request_authorised (r);
        return;
    }
    if (r->auth == NET_AUTH_SESSION && s->state == SESSION_TOKEN)
        session_drop_token (s, true);  /* idle for too long */
    if (s->state == SESSION_BASIC && clock_boot_ms () >= s->basic_until_ms)
        s->state = SESSION_IDLE;
    list_add_tail (&s->waiters, &r->link);
    session_login (s);
}

void
session_forget (struct request *r)
{
    list_remove (&r->link);
}

static void
add_secret_line (struct request *r, const char *name, const char *value)
{
    char *line = str_printf ("%s: %s", name, value);
    r->lines = curl_slist_append (r->lines, line);
    mem_wipe (line, strlen (line));
    mem_free (line);
}

bool
session_lines (struct session *s, struct request *r)
{
    if (!usable (s, r))
        return false;
    r->sent_basic = r->auth == NET_AUTH_BASIC || s->state == SESSION_BASIC;
    r->response->basic = r->sent_basic && r->auth == NET_AUTH_SESSION;
    r->session_generation = s->generation;
    if (r->sent_basic)
        add_secret_line (r, "Authorization", s->basic);
    else
        add_secret_line (r, "X-Auth-Token", s->token);
    return true;
}

char *
session_substitute (struct session *s, const char *text)
{
    struct buf b = { 0 };
    const char *at;
    while ((at = strstr (text, TOKEN_MARK)) != NULL) {
        buf_append (&b, text, (size_t) (at - text));
        if (s->token != NULL)
            buf_puts (&b, s->token);
        text = at + strlen (TOKEN_MARK);
    }
    buf_puts (&b, text);
    return buf_steal (&b);
}

void
session_used (struct session *s, struct request *r)
{
    if (r->auth == NET_AUTH_NONE || r->response->status == 401)
        return;
    s->proven = true;
    s->latch_step_ms = 0;
    s->missed_ms = 0;
    if (!r->sent_basic && r->session_generation == s->generation)
        s->used_ms = clock_boot_ms ();
}

bool
session_refused (struct session *s, struct request *r)
{
    if (r->sent_basic) {
        /* a token that works tells that the password is right: Basic is off, or not for this */
        if (s->state != SESSION_TOKEN && s->state != SESSION_LOGIN && !s->latched) {
            session_latch (s, "the BMC refuses the credential (HTTP 401 to Basic)");
            forget_secret (&s->basic);
        }
        return false;
    }
    if (r->relogged)
        return false;
    r->relogged = true;
    if (s->state == SESSION_TOKEN && s->generation == r->session_generation)
        session_drop_token (s, true);
    request_again (r);
    return true;
}

/* ---- from outside -------------------------------------------------------------------------- */

struct session_call {
    struct session *session;
    char *uri, *token;
    void (*done) (void *arg, int32_t code);
    void *arg;
};

static struct session_call *
call_new (struct session *s, const char *uri, const char *token)
{
    struct session_call *call = mem_alloc (sizeof *call);
    call->session = session_ref (s);
    call->uri = str_dup (uri);
    call->token = str_dup (token);
    return call;
}

static void
call_free (struct session_call *call)
{
    if (call->token != NULL)
        mem_wipe (call->token, strlen (call->token));
    mem_free (call->token);
    mem_free (call->uri);
    session_unref (call->session);
    mem_free (call);
}

static void
restore_posted (void *arg)
{
    struct session_call *call = arg;
    struct session *s = call->session;
    if (s->state == SESSION_IDLE && !s->busy && !s->basic_only) {
        s->token = str_dup (call->token);
        log_secret_add (s->token);
        s->uri = str_dup (call->uri);
        s->generation++;
        s->used_ms = clock_boot_ms ();
        s->state = SESSION_TOKEN;
        session_publish (s);
    }
    call_free (call);
}

void
session_restore (struct session *session, const char *uri, const char *token)
{
    loop_post (session->loop, restore_posted, call_new (session, uri, token));
}

static void
call_done (struct session_call *call, int32_t code)
{
    if (call->done != NULL)
        call->done (call->arg, code);
    call_free (call);
}

static void
deleted (void *arg, struct net_response *response)
{
    struct session_call *call = arg;
    int32_t code = response->code;
    /* whatever was answered but "later": the session is gone or was not there */
    if (code == 0 && response->status >= 500)
        code = FARRIER_E_TRANSIENT;
    net_response_free (response);
    if (code == 0)
        journal_gone (call->session, call->uri);
    call_done (call, code);
}

static void
delete_posted (void *arg)
{
    struct session_call *call = arg;
    struct session *s = call->session;
    struct net_header token = { "X-Auth-Token", call->token };
    struct net_request ask = { .target = s->target, .method = "DELETE", .path = call->uri,
                               .headers = &token, .header_count = 1, .done = deleted,
                               .arg = call };
    net_submit (&ask);
}

static void
logout_posted (void *arg)
{
    struct session_call *call = arg;
    struct session *s = call->session;
    if (s->state != SESSION_TOKEN || str_empty (s->uri)) {
        call_done (call, 0);
        return;
    }
    call->uri = str_dup (s->uri);
    call->token = str_dup (s->token);
    session_drop_token (s, false);
    delete_posted (call);
}

void
session_logout (struct session *session, void (*done) (void *arg, int32_t code), void *arg)
{
    struct session_call *call = call_new (session, NULL, NULL);
    call->done = done;
    call->arg = arg;
    loop_post (session->loop, logout_posted, call);
}

void
session_delete_saved (struct session *session, const char *uri, const char *token,
                      void (*done) (void *arg, int32_t code), void *arg)
{
    struct session_call *call = call_new (session, uri, token);
    call->done = done;
    call->arg = arg;
    loop_post (session->loop, delete_posted, call);
}

static void
changed_posted (void *arg)
{
    struct session_call *call = arg;
    struct session *s = call->session;
    s->latched = false;
    s->has_version = false;
    forget_secret (&s->basic);
    if (s->state == SESSION_BASIC || s->state == SESSION_LATCHED)
        s->state = SESSION_IDLE;
    session_publish (s);
    logout_posted (call);
}

void
session_credential_changed (struct session *session)
{
    loop_post (session->loop, changed_posted, call_new (session, NULL, NULL));
}
