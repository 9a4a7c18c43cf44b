/* action_site: programs and services of the site: run, http, notify.
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
#include "engine/action.h"
#include "engine/step.h"
#include "farrier/sdk.h"

#define OUTPUT_DEFAULT (64 * 1024)
#define ASKED "asked"                  /* the program of `reconcile` was started */

/* --- run ------------------------------------------------------------------------------------ */

static int32_t
check_argv (struct farrier_step *step, const char *name, const json_t *argv,
            struct farrier_error *err)
{
    size_t i;
    json_t *v;
    bool good = json_array_size (argv) > 0;
    json_array_foreach ((json_t *) argv, i, v)
        good = good && json_is_string (v);
    const char *program = json_string_value (json_array_get (argv, 0));
    if (good && program[0] == '/')
        return FARRIER_OK;
    return farrier_fail (step, err, FARRIER_E_INVALID,
                         "run: %s must be a list of strings that begins with an absolute path, "
                         "not '%s'", name, program == NULL ? "" : program);
}

/* The program gets the job's context, and what step it serves. */
static char *
context_text (const struct farrier_step *step)
{
    json_t *v = json_copy ((json_t *) step->in.context);
    char *text = json_text (v);
    json_decref (v);
    return text;
}

static int32_t
spawn (struct farrier_step *step, const json_t *argv, const char *label, bool changes,
       struct farrier_error *err)
{
    json_t *spec = json_object ();
    json_t *env = json_array ();
    const char *name;
    json_t *value;
    json_put_str (spec, "kind", "process");
    json_put_str (spec, "label", label);
    json_object_set (spec, "argv", (json_t *) argv);
    json_object_foreach (json_object_get (step->in.params, "env"), name, value) {
        if (json_is_string (value))
            json_array_append_new (env, json_pack ("[sO]", name, value));
    }
    json_put (spec, "env", env);
    char *input = context_text (step);
    json_put_str (spec, "stdin", input);
    mem_free (input);
    int64_t max = farrier_param_i64 (step, "max_output");
    json_put_int (spec, "max_output_bytes", max > 0 ? max : OUTPUT_DEFAULT);
    int32_t rc = step_set_await (step, spec, changes, err);
    return rc == FARRIER_OK ? FARRIER_PENDING : rc;
}

int32_t
action_run_start (void *self, struct farrier_step *step, struct farrier_error *err)
{
    const json_t *argv = json_object_get (step->in.params, "argv");
    const json_t *asks = json_object_get (step->in.params, "reconcile");
    (void) self;
    const json_t *undo = json_object_get (step->in.params, "undo");
    int32_t rc = check_argv (step, "argv", argv, err);
    if (rc == FARRIER_OK && asks != NULL)
        rc = check_argv (step, "reconcile", asks, err);
    if (rc == FARRIER_OK && undo != NULL)
        rc = check_argv (step, "undo", undo, err);
    return rc != FARRIER_OK ? rc : spawn (step, argv, "program of the site", true, err);
}

int32_t
action_run_poll (void *self, struct farrier_step *step, struct farrier_error *err)
{
    struct farrier_wake wake = FARRIER_INIT (struct farrier_wake);
    size_t len = 0;
    (void) self;
    farrier_wake (step, &wake);
    const char *out = farrier_process_output (step, 1, &len);
    /* It has ended: whatever it said, there is nobody to ask what became of it. */
    step->known = wake.code != FARRIER_E_LOST;
    if (wake.code != FARRIER_OK)
        return farrier_fail (step, err, wake.code, "run: %s",
                             wake.message == NULL ? "" : wake.message);
    if (wake.exit_status != 0) {
        const char *said = farrier_process_output (step, 2, &len);
        return farrier_fail (step, err, FARRIER_E_HOST_FAULT,
                             "run: the program ended with %d: %.300s",
                             wake.exit_status, said == NULL ? "" : said);
    }
    const struct farrier_json *result = len == 0 ? NULL : farrier_json_parse (step, out);
    if (len > 0 && result == NULL)
        return farrier_fail (step, err, FARRIER_E_INVALID,
                             "run: what the program wrote is not JSON: %.80s", out);
    if (result != NULL)
        farrier_result_set (step, "value", result);
    return FARRIER_DONE;
}

/* Nobody saw how the program ended. The site's own word, where the workflow names who gives it. */
static int32_t
ask_site (struct farrier_step *step, struct farrier_error *err)
{
    const json_t *argv = json_object_get (step->in.params, "reconcile");
    if (json_array_size (argv) > 0) {
        int32_t rc = farrier_state_set (step, ASKED, "1");
        return rc < 0 ? rc : spawn (step, argv, "the site's word whether it ran", false, err);
    }
    farrier_fail (step, err, FARRIER_E_LOST, "run: the program ran, and nobody saw how it ended");
    return FARRIER_UNKNOWN;
}

static int32_t
site_said (struct farrier_step *step, const struct farrier_wake *wake, struct farrier_error *err)
{
    size_t len = 0;
    if (wake->code == FARRIER_OK && wake->exit_status == 0)
        return FARRIER_DONE;
    if (wake->code == FARRIER_OK && wake->exit_status == 1)
        return FARRIER_NOT_STARTED;
    const char *said = farrier_process_output (step, 2, &len);
    if (wake->code == FARRIER_OK)
        farrier_fail (step, err, FARRIER_E_LOST, "run: nobody saw how the program ended, and its "
                      "reconcile ended with %d, neither 0 nor 1: %.200s", wake->exit_status,
                      said == NULL ? "" : said);
    else
        farrier_fail (step, err, FARRIER_E_LOST, "run: nobody saw how the program ended, and its "
                      "reconcile failed: %s", wake->message == NULL ? "" : wake->message);
    return FARRIER_UNKNOWN;
}

/* The attempt's directory knows whether its one child ever ran: the launch asks it. */
int32_t
action_run_reconcile (void *self, struct farrier_step *step, struct farrier_error *err)
{
    struct farrier_wake wake = FARRIER_INIT (struct farrier_wake);
    int32_t status = 0;
    (void) self;
    farrier_wake (step, &wake);
    if (farrier_state_get (step, ASKED) != NULL)         /* the newest child is the asking one */
        return wake.kind == FARRIER_WAKE_PROCESS ? site_said (step, &wake, err)
                                                 : ask_site (step, err);
    switch (farrier_process_status (step, &status)) {
    case FARRIER_PROCESS_NOT_STARTED:
        return FARRIER_NOT_STARTED;
    case FARRIER_PROCESS_EXITED:
        if (status == 0)
            return FARRIER_DONE;
        step->known = true;
        return farrier_fail (step, err, FARRIER_E_HOST_FAULT, "run: the program ended with %d",
                             status);
    case FARRIER_PROCESS_RUNNING:
        return farrier_recheck (step, 1000);
    default:
        return ask_site (step, err);
    }
}

/* --- http ----------------------------------------------------------------------------------- */

static json_t *
header_list (const struct farrier_step *step)
{
    static const char *const tables[] = { "headers", "secrets" };
    json_t *list = json_array ();
    for (size_t i = 0; i < 2; i++) {
        const char *name;
        json_t *value;
        json_object_foreach (json_object_get (step->in.params, tables[i]), name, value) {
            if (!json_is_string (value))
                continue;
            char *text = i == 0 ? str_dup (json_string_value (value))
                                : str_printf ("${%s}", json_string_value (value));
            json_array_append_new (list, json_pack ("[ss]", name, text));
            mem_free (text);
        }
    }
    return list;
}

/* "https://cmdb.example/api/x" -> endpoint "url:https://cmdb.example", path "/api/x". */
static int32_t
split_url (struct farrier_step *step, const char *url, char **ret_endpoint, const char **ret_path,
           struct farrier_error *err)
{
    const char *host = url == NULL ? NULL : strstr (url, "://");
    if (host == NULL || !str_starts (url, "http"))
        return farrier_fail (step, err, FARRIER_E_INVALID, "http: '%s' is not an http(s) URL",
                             url == NULL ? "" : url);
    const char *slash = strchr (host + 3, '/');
    size_t len = slash == NULL ? strlen (url) : (size_t) (slash - url);
    *ret_endpoint = str_printf ("url:%.*s", (int) len, url);
    *ret_path = slash == NULL ? "/" : slash;
    return FARRIER_OK;
}

int32_t
action_http_start (void *self, struct farrier_step *step, struct farrier_error *err)
{
    const char *method = farrier_param_str (step, "method"), *path = NULL;
    char *endpoint = NULL;
    (void) self;
    int32_t rc = split_url (step, farrier_param_str (step, "url"), &endpoint, &path, err);
    if (rc != FARRIER_OK)
        return rc;
    bool reads = str_eq (method, "GET") || str_eq (method, "HEAD");
    json_t *spec = json_object ();
    json_t *headers = header_list (step);
    const json_t *body = json_object_get (step->in.params, "body");
    json_put_str (spec, "kind", "http");
    json_put_str (spec, "label", "service of the site");
    json_put_str (spec, "endpoint", endpoint);
    json_put_str (spec, "method", method);
    json_put_str (spec, "path", path);
    if (body != NULL) {
        char *text = json_is_string (body) ? str_dup (json_string_value (body)) : json_text (body);
        json_put_str (spec, "body", text);
        mem_free (text);
    }
    if (!reads) {
        /* The same for every attempt of this step: that is what the service knows it again by. */
        char *key = str_printf ("%s/%s", step->in.job_id, step->in.step_path);
        json_array_append_new (headers, json_pack ("[ss]", "Idempotency-Key", key));
        mem_free (key);
    }
    json_put (spec, "headers", headers);
    mem_free (endpoint);
    rc = step_set_await (step, spec, !reads, err);
    return rc == FARRIER_OK ? FARRIER_PENDING : rc;
}

static bool
expected (const struct farrier_step *step, int32_t status)
{
    size_t i;
    json_t *v;
    const json_t *list = json_object_get (step->in.params, "expect");
    bool found = json_array_size (list) == 0 && status >= 200 && status < 300;
    json_array_foreach ((json_t *) list, i, v)
        found = found || json_integer_value (v) == status;
    return found;
}

int32_t
action_http_poll (void *self, struct farrier_step *step, struct farrier_error *err)
{
    struct farrier_wake wake = FARRIER_INIT (struct farrier_wake);
    (void) self;
    farrier_wake (step, &wake);
    if (wake.code != FARRIER_OK)
        return farrier_fail (step, err, wake.code, "http: %s",
                             wake.message == NULL ? "" : wake.message);
    int32_t status = farrier_response_status (wake.response);
    step->known = true;                /* an answer is an answer, also one that nobody wants */
    if (!expected (step, status))
        return farrier_fail_http (step, err, wake.response, "http %s",
                                  farrier_param_str (step, "url"));
    const struct farrier_json *body = farrier_response_json (wake.response);
    struct farrier_json *value = farrier_json_object (step);
    farrier_json_put (value, "status", farrier_json_integer (step, status));
    farrier_json_put (value, "body",
                      body != NULL ? body
                                   : farrier_json_string (step, farrier_response_body (
                                                                    wake.response, NULL)));
    farrier_result_set (step, "value", value);
    return FARRIER_DONE;
}

/* The service has seen the Idempotency-Key, if it has seen anything: `idempotent` says that asking
 * again is right. Otherwise a person decides. */
int32_t
action_http_reconcile (void *self, struct farrier_step *step, struct farrier_error *err)
{
    (void) self;
    if (farrier_param_i64 (step, "idempotent") == 1)
        return FARRIER_NOT_STARTED;
    farrier_fail (step, err, FARRIER_E_LOST, "http %s %s was interrupted; it may have arrived",
                  farrier_param_str (step, "method"), farrier_param_str (step, "url"));
    return FARRIER_UNKNOWN;
}

/* --- notify --------------------------------------------------------------------------------- */

/* An event of the job, that whoever watches sees, and a line in the log. */
int32_t
action_notify_start (void *self, struct farrier_step *step, struct farrier_error *err)
{
    const char *message = farrier_param_str (step, "message");
    const char *severity = farrier_param_str (step, "severity");
    (void) self;
    (void) err;
    log_write (str_eq (severity, "info") ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "notify (%s): %s",
               severity, message);
    str_set (&step->progress_text, message);
    return FARRIER_DONE;
}
