/* sim_session: logins: Redfish sessions and Basic, their limits and their expiry.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "sim_session.h"

#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim_fault.h"
#include "sim_fleet.h"
#include "sim_message.h"
#include "sim_router.h"

#define SERVICE "/redfish/v1/SessionService"
#define SESSIONS SERVICE "/Sessions"

static void
session_end (struct sim_bmc *bmc, struct sim_session *session)
{
    list_remove (&session->link);
    mem_wipe (session->token, sizeof session->token);
    mem_free (session);
    bmc->session_count--;
    bmc->counters.sessions_open--;
}

void
sim_session_end_all (struct sim_bmc *bmc, bool as_expired)
{
    list_for_each_safe (it, next, &bmc->sessions) {
        bmc->counters.sessions_expired += as_expired;
        session_end (bmc, list_entry (it, struct sim_session, link));
    }
}

void
sim_session_expire_old (struct sim_bmc *bmc)
{
    int64_t limit = sim_bmc_now (bmc) - (int64_t) bmc->session_timeout_s * 1000;

    list_for_each_safe (it, next, &bmc->sessions) {
        struct sim_session *session = list_entry (it, struct sim_session, link);
        if (session->used_ms >= limit)
            continue;
        bmc->counters.sessions_expired++;
        session_end (bmc, session);
    }
}

static bool
login_is_right (struct sim_bmc *bmc, const char *user, const char *password)
{
    const struct sim_personality *p = bmc->personality;
    int64_t now = sim_bmc_now (bmc);
    bool locked = bmc->locked_until_ms > now;

    if (!locked && !sim_fault_armed (bmc, SIM_FAULT_PASSWORD)
        && str_eq (user, bmc->fleet->options->user) && str_eq (password, bmc->fleet->password)) {
        bmc->failed_in_row = 0;
        return true;
    }
    bmc->counters.failed_logins++;
    if (!locked && p->lockout_threshold > 0 && ++bmc->failed_in_row >= p->lockout_threshold) {
        bmc->counters.lockouts++;
        bmc->failed_in_row = 0;
        bmc->locked_until_ms = now + (int64_t) p->lockout_s * 1000;
    }
    return false;
}

static bool
basic_is_right (struct sim_call *call, const char *header)
{
    size_t len = 0;
    char *plain = str_unbase64 (header + 6, &len);
    char *user = plain == NULL ? NULL : str_ndup (plain, len);
    char *colon = user == NULL ? NULL : strchr (user, ':');
    bool ok = false;

    call->bmc->counters.basic_requests++;
    if (colon != NULL) {
        *colon = '\0';
        ok = login_is_right (call->bmc, user, colon + 1);
    }
    mem_free (plain);
    mem_free (user);
    return ok;
}

static struct sim_session *
session_of_token (struct sim_bmc *bmc, const char *token)
{
    list_for_each (it, &bmc->sessions) {
        struct sim_session *session = list_entry (it, struct sim_session, link);
        if (strcmp (session->token, token) == 0)
            return session;
    }
    return NULL;
}

bool
sim_session_authenticate (struct sim_call *call)
{
    const char *token = sim_http_header (call->request, "X-Auth-Token");
    const char *basic = sim_http_header (call->request, "Authorization");

    if (token != NULL) {
        sim_session_expire_old (call->bmc);
        call->session = session_of_token (call->bmc, token);
        if (call->session != NULL) {
            call->session->used_ms = sim_bmc_now (call->bmc);
            return true;
        }
    } else if (basic != NULL && strncasecmp (basic, "Basic ", 6) == 0) {
        if (basic_is_right (call, basic))
            return true;
    }
    sim_message_error (call, 401, "Base.NoValidSession");
    sim_call_header (call, "WWW-Authenticate", "Basic realm=\"farrier-sim (simulated)\"");
    return false;
}

static json_t *
session_doc (struct sim_call *call, const struct sim_session *session)
{
    char *uri = str_printf (SESSIONS "/%s", session->id);
    char *created = clock_iso8601 (session->created_ms);
    json_t *doc = sim_doc_new (uri, "#Session.v1_5_0.Session", session->id, "User Session");

    json_put_str (doc, "UserName", call->fleet->options->user);
    json_put_str (doc, "CreatedTime", created);
    mem_free (uri);
    mem_free (created);
    return doc;
}

static struct sim_session *
session_new (struct sim_bmc *bmc)
{
    struct sim_session *session = mem_alloc (sizeof *session);
    unsigned char bytes[16];
    static const char letters[] = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

    hash_random (bytes, sizeof bytes);
    char *hex = str_hex (bytes, sizeof bytes);
    str_copy (session->token, sizeof session->token, hex);
    mem_free (hex);
    hash_random (bytes, sizeof bytes);
    if (bmc->personality->random_session_ids)
        for (size_t i = 0; i < 10; i++)
            session->id[i] = letters[bytes[i] % (sizeof letters - 1)];
    else
        str_format (session->id, sizeof session->id, "%u", ++bmc->next_session_id);
    session->used_ms = sim_bmc_now (bmc);
    session->created_ms = clock_wall_ms ();
    list_add_tail (&bmc->sessions, &session->link);
    bmc->session_count++;
    bmc->counters.logins++;
    if (++bmc->counters.sessions_open > bmc->counters.sessions_peak)
        bmc->counters.sessions_peak = bmc->counters.sessions_open;
    return session;
}

void
sim_session_post (struct sim_call *call)
{
    struct sim_bmc *bmc = call->bmc;
    const char *user = json_str (call->json, "/UserName"),
               *password = json_str (call->json, "/Password");
    int limit = call->fleet->options->session_limit;

    if (user == NULL || password == NULL) {
        sim_message_error (call, 400, "Base.PropertyMissing",
                           user == NULL ? "UserName" : "Password");
        return;
    }
    if (!login_is_right (bmc, user, password)) {
        sim_message_error (call, 401, "Base.ResourceAtUriUnauthorized", SESSIONS,
                           "Invalid username or password");
        return;
    }
    sim_session_expire_old (bmc);
    if (limit == 0)
        limit = bmc->personality->session_limit;
    if (bmc->session_count >= (uint32_t) limit || sim_fault_armed (bmc, SIM_FAULT_SESSIONS_FULL)) {
        sim_fault_take (bmc, SIM_FAULT_SESSIONS_FULL, SIM_OTHER, NULL);
        sim_message_error (call, 503, "Base.SessionLimitExceeded");
        return;
    }
    struct sim_session *session = session_new (bmc);
    sim_call_header (call, "X-Auth-Token", "%s", session->token);
    sim_call_header (call, "Location", SESSIONS "/%s", session->id);
    sim_call_answer (call, 201, session_doc (call, session));
}

static struct sim_session *
session_of_id (struct sim_bmc *bmc, const char *id)
{
    sim_session_expire_old (bmc);
    list_for_each (it, &bmc->sessions) {
        struct sim_session *session = list_entry (it, struct sim_session, link);
        if (strcmp (session->id, id) == 0)
            return session;
    }
    return NULL;
}

void
sim_session_get (struct sim_call *call)
{
    struct sim_session *session = session_of_id (call->bmc, call->id);

    if (session == NULL)
        sim_call_not_found (call);
    else
        sim_call_answer (call, 200, session_doc (call, session));
}

void
sim_session_delete (struct sim_call *call)
{
    struct sim_session *session = session_of_id (call->bmc, call->id);

    if (session == NULL) {
        sim_call_not_found (call);
        return;
    }
    session_end (call->bmc, session);
    call->bmc->counters.logouts++;
    sim_call_answer (call, 204, NULL);
}

void
sim_session_get_all (struct sim_call *call)
{
    json_t *doc = sim_doc_collection (SESSIONS, "SessionCollection", "Session Collection");

    sim_session_expire_old (call->bmc);
    list_for_each (it, &call->bmc->sessions)
        sim_doc_add_member (doc, SESSIONS "/%s", list_entry (it, struct sim_session, link)->id);
    sim_call_answer (call, 200, doc);
}

void
sim_session_get_service (struct sim_call *call)
{
    json_t *doc = sim_doc_new (SERVICE, "#SessionService.v1_1_8.SessionService", "SessionService",
                               "Session Service");

    json_put_str (doc, "Description", "Session Service (simulated)");
    json_put_bool (doc, "ServiceEnabled", true);
    json_put (doc, "Status", json_pack ("{s:s,s:s}", "State", "Enabled", "Health", "OK"));
    json_put_int (doc, "SessionTimeout", call->bmc->session_timeout_s);
    json_put (doc, "Sessions", sim_doc_link (SESSIONS));
    sim_call_answer (call, 200, doc);
}

void
sim_session_patch_service (struct sim_call *call)
{
    const struct sim_personality *p = call->bmc->personality;
    json_t *value = json_object_get (call->json, "SessionTimeout");
    const char *key;
    json_t *member;

    json_object_foreach (call->json, key, member)
    {
        if (!str_eq (key, "SessionTimeout")) {
            sim_message_error (call, 400, "Base.PropertyUnknown", key);
            return;
        }
    }
    if (!json_is_integer (value)) {
        sim_message_error (call, 400, "Base.PropertyValueTypeError", "", "SessionTimeout");
        return;
    }
    long long seconds = json_integer_value (value);
    if (seconds < p->session_timeout_min_s || seconds > p->session_timeout_max_s) {
        sim_message_error (call, 400, "Base.PropertyValueOutOfRange", "", "SessionTimeout");
        return;
    }
    call->bmc->session_timeout_s = (int) seconds;
    sim_session_get_service (call);
}
