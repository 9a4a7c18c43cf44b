/* session_login: one login, step by step: credential, service root, POST Sessions, journal. Only
 * one runs at a time; who needs it waits.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/session_state.h"

#define BASIC_WHILE_FULL_MS 600000

static void login_post (struct session *s);

static void
wipe_string (char **s)
{
    if (*s != NULL)
        mem_wipe (*s, strlen (*s));
    mem_free (*s);
    *s = NULL;
}

static void
login_clear (struct session *s)
{
    struct login *l = &s->login;
    if (l->password != NULL)
        log_secret_remove (l->password);
    wipe_string (&l->user);
    wipe_string (&l->password);
    net_response_free (l->response);
    mem_free (l->path);
    mem_free (l->uri);
    memset (l, 0, sizeof *l);
}

/* ---- how it ends --------------------------------------------------------------------------- */

static void
take_waiters (struct session *s, struct list *ret)
{
    list_init (ret);
    while (!list_empty (&s->waiters)) {
        struct list *first = s->waiters.next;
        list_remove (first);
        list_add_tail (ret, first);
    }
}

static void
login_done (struct session *s)
{
    struct list ready;
    s->busy = false;
    login_clear (s);
    session_publish (s);
    take_waiters (s, &ready);
    while (!list_empty (&ready)) {
        struct request *r = list_entry (ready.next, struct request, link);
        list_remove (&r->link);
        session_admit (s, r);          /* may start another login: for Basic beside a token */
    }
    session_unref (s);
}

static void
login_fail (struct session *s, int32_t code, const struct err *err)
{
    struct list lost;
    struct err copy = *err;
    s->busy = false;
    if (s->state == SESSION_LOGIN)
        s->state = s->latched ? SESSION_LATCHED : SESSION_IDLE;
    login_clear (s);
    session_publish (s);
    take_waiters (s, &lost);
    while (!list_empty (&lost)) {
        struct request *r = list_entry (lost.next, struct request, link);
        list_remove (&r->link);
        request_fail (r, code, "%s", copy.message);
        if (copy.hint[0] != '\0')
            request_hint (r, "%s", copy.hint);
        r->response->delivery = request_delivery (r);
        request_end (r);
    }
    session_unref (s);
}

static void
login_basic (struct session *s, int64_t for_ms, const char *why)
{
    session_set_basic (s, s->login.user, s->login.password);
    s->state = SESSION_BASIC;
    s->basic_until_ms = for_ms == 0 ? INT64_MAX : clock_boot_ms () + for_ms;
    str_copy (s->note, sizeof s->note, why);
    if (why[0] != '\0')
        log_info ("%s: Basic authentication instead of a session: %s", s->target->name, why);
    login_done (s);
}

/* ---- the answer to POST Sessions ----------------------------------------------------------- */

static void
journal_work (void *arg)
{
    struct session *s = arg;
    uv_mutex_lock (&s->journal_lock);
    s->journal (s->arg, s->uri, s->token);
    uv_mutex_unlock (&s->journal_lock);
}

static void
journal_done (void *arg)
{
    struct session *s = arg;
    s->state = SESSION_TOKEN;          /* only now: the pool had the token to itself */
    login_done (s);
}

static void
login_taken (struct session *s, const char *token)
{
    s->token = str_dup (token);
    log_secret_add (s->token);
    s->uri = s->login.uri == NULL ? str_dup ("") : str_dup (s->login.uri);
    s->generation++;
    s->used_ms = clock_boot_ms ();
    s->note[0] = '\0';
    s->proven = true;
    s->latched = false;
    s->latch_step_ms = 0;
    if (s->journal != NULL && s->uri[0] != '\0')
        loop_work (s->loop, journal_work, journal_done, s);
    else
        journal_done (s);
}

static void
login_refused (struct session *s)
{
    struct login *l = &s->login;
    char what[300];
    if (l->error.password_change)
        str_format (what, sizeof what, "the BMC wants the password of user %s changed first (%s)",
                    l->user, l->error.password_uri[0] == '\0' ? "PasswordChangeRequired"
                                                              : l->error.password_uri);
    else
        str_format (what, sizeof what,
                    "the BMC refuses the credential of user %s (HTTP %d%s%.120s)", l->user,
                    l->response->status, l->error.message[0] == '\0' ? "" : ": ",
                    l->error.message);
    session_latch (s, what);
    struct err err = s->latch_err;
    login_fail (s, err.code, &err);
}

static void
login_judge (void *arg)
{
    struct session *s = arg;
    struct login *l = &s->login;
    int status = l->response->status;
    const char *token = net_response_header (l->response, "X-Auth-Token");
    char why[160];

    if (status >= 200 && status < 300 && !str_empty (token)) {
        login_taken (s, token);
    } else if (status >= 200 && status < 300) {
        login_basic (s, 0, "the login was answered without a token");
    } else if ((status == 404 || status == 405 || status == 501) && !l->from_root
               && !s->path_fixed && !s->tried_old) {
        s->tried_old = true;
        str_set (&s->sessions_path, SESSION_OLD_PATH);
        login_post (s);
    } else if (status == 404 || status == 405 || status == 410 || status == 501) {
        str_format (why, sizeof why, "no sessions to be had (HTTP %d)", status);
        login_basic (s, 0, why);
    } else if (l->error.session_limit) {
        str_format (why, sizeof why, "session table full (%s)",
                    l->error.vendor_id[0] == '\0' ? "no message id" : l->error.vendor_id);
        login_basic (s, BASIC_WHILE_FULL_MS, why);
    } else if (status == 401 || status == 403 || l->error.code == FARRIER_E_AUTH
               || status == 400) {
        login_refused (s);
    } else {
        struct err err = { 0 };
        int32_t code = l->error.code == 0 ? FARRIER_E_TRANSIENT : l->error.code;
        err_set (&err, code, "%s (%s): login answered HTTP %d%s%.200s", s->target->name,
                 s->target->base_url, status, l->error.message[0] == '\0' ? "" : ": ",
                 l->error.message);
        login_fail (s, code, &err);
    }
}

static void
login_parse (void *arg)
{
    struct session *s = arg;
    struct login *l = &s->login;
    redfish_error_from_body (l->response->status, false, l->response->body, l->response->body_len,
                             &l->error);
    l->uri = net_response_location (l->response);
    if (l->uri != NULL)
        return;
    json_t *doc = net_response_json (l->response, NULL);
    l->uri = net_path_of (json_str (doc, "/@odata.id"));
    json_decref (doc);
}

/* An answer of a login step: the transport failed, or work on it goes on in the pool. */
static bool
login_step_failed (struct session *s, struct net_response *response)
{
    net_response_free (s->login.response);
    s->login.response = response;
    if (response->code == 0)
        return false;
    struct err err = response->err;
    session_missed (s, response->code);
    login_fail (s, response->code, &err);
    return true;
}

static void
login_answered (void *arg, struct net_response *response)
{
    struct session *s = arg;
    if (!login_step_failed (s, response))
        loop_work (s->loop, login_parse, login_judge, s);
}

static void
login_post (struct session *s)
{
    struct login *l = &s->login;
    json_t *body = json_object ();
    json_put_str (body, "UserName", l->user);
    json_put_str (body, "Password", l->password);
    char *text = json_text (body);
    json_decref (body);

    struct net_header basic = { "Authorization", NULL };
    if (s->basic_on_login) {
        session_set_basic (s, l->user, l->password);
        basic.value = s->basic;
    }
    struct net_request ask = { .target = s->target, .method = "POST", .path = s->sessions_path,
                               .body = text, .body_len = strlen (text), .headers = &basic,
                               .header_count = s->basic_on_login ? 1 : 0, .keep = true,
                               .done = login_answered, .arg = s };
    s->logins++;
    session_publish (s);
    struct request *r = request_new (&ask);
    if (!s->target->tls && s->target->mode != TRUST_INSECURE)
        request_fail (r, FARRIER_E_TLS, "%s (%s): credentials are not sent over plain http",
                      s->target->name, s->target->base_url);
    request_submit (r);
    mem_wipe (text, strlen (text));
    mem_free (text);
}

/* ---- the service root ---------------------------------------------------------------------- */

static void
root_parse (void *arg)
{
    struct session *s = arg;
    json_t *doc = net_response_json (s->login.response, NULL);
    s->login.path = net_path_of (json_str (doc, "/Links/Sessions/@odata.id"));
    json_decref (doc);
}

static void
root_parsed (void *arg)
{
    struct session *s = arg;
    struct login *l = &s->login;
    l->from_root = l->path != NULL;
    str_set (&s->sessions_path, l->path == NULL ? SESSION_DEFAULT_PATH : l->path);
    login_post (s);
}

static void
root_answered (void *arg, struct net_response *response)
{
    struct session *s = arg;
    if (!login_step_failed (s, response))
        loop_work (s->loop, root_parse, root_parsed, s);
}

static void
root_get (struct session *s)
{
    struct net_request ask = { .target = s->target, .path = "/redfish/v1/", .keep = true,
                               .done = root_answered, .arg = s };
    net_submit (&ask);
}

/* ---- the credential ------------------------------------------------------------------------ */

static bool
wanted (const struct session *s, enum net_auth auth)
{
    list_for_each (it, &s->waiters)
        if (list_entry (it, struct request, link)->auth == auth)
            return true;
    return false;
}

static void
credential_work (void *arg)
{
    struct session *s = arg;
    struct login *l = &s->login;
    l->code = s->credential (s->arg, &l->user, &l->password, &l->version, &l->err);
    if (l->code == 0 && (l->user == NULL || l->password == NULL))
        l->code = err_set (&l->err, FARRIER_E_AUTH, "the credential of %s is empty",
                           s->target->name);
    l->worked = l->code == 0 && s->worked != NULL && s->worked (s->arg, l->version);
}

static void
credential_done (void *arg)
{
    struct session *s = arg;
    struct login *l = &s->login;
    if (l->code < 0) {
        struct err err = l->err;
        login_fail (s, l->code, &err);
        return;
    }
    log_secret_add (l->password);
    if (s->latched && s->latch_version == l->version && clock_boot_ms () < s->latched_until_ms) {
        struct err err = s->latch_err;
        login_fail (s, err.code, &err);
        return;
    }
    s->latched = false;
    if (!s->has_version || s->version != l->version) {
        s->proven = l->worked;
        s->latch_step_ms = 0;
    }
    s->version = l->version;
    s->has_version = true;
    if (s->basic_only) {
        login_basic (s, 0, "");
        return;
    }
    if (wanted (s, NET_AUTH_BASIC))
        session_set_basic (s, l->user, l->password);
    if (!wanted (s, NET_AUTH_SESSION) || s->state == SESSION_TOKEN) {
        login_done (s);
        return;
    }
    s->state = SESSION_LOGIN;
    l->from_root = s->sessions_path != NULL && !s->tried_old;
    if (s->sessions_path == NULL)
        root_get (s);
    else
        login_post (s);
}

void
session_login (struct session *s)
{
    if (s->busy)
        return;
    s->busy = true;
    session_ref (s);
    loop_work (s->loop, credential_work, credential_done, s);
}
