/* exec_run: the callbacks of an executable plugin's ops. Each one is a run of the executable, as an
 * await_process: the callback describes the run and answers PENDING; when the run has ended, the
 * same op is called again, and the reply on its standard output decides.
 *
 * What waits in between is in the op's bag: EXEC_BAG_RUN names the callback whose run is under way;
 * it is empty while the executable's own await (a timer, a request …) is open. Both are journaled
 * with the await. So a daemon that died finds out from the bag and the run's directory alone where
 * it was, and a run that ended meanwhile is judged as if nothing had happened.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "farrier/sdk.h"
#include "plugin/config.h"
#include "plugin/exec.h"

/* Lines of standard error that reach the job's log. */
#define LOG_LINES_MAX 200
#define LOG_LINE_MAX 400

static bool
op_of (struct exec_plugin *x, struct farrier_step *step, enum plugin_callback which,
       struct exec_run *ret)
{
    struct farrier_step_info info = FARRIER_INIT (struct farrier_step_info);
    farrier_step_info (step, &info);
    *ret = (struct exec_run) { .plugin = x, .which = which };
    for (size_t i = 0; i < x->op_count; i++) {
        if (str_eq (x->ops[i].name, info.op)) {
            ret->op = i;
            return true;
        }
    }
    return false;
}

static int32_t
no_op (const struct exec_plugin *x, struct farrier_step *step, struct farrier_error *err)
{
    return farrier_fail (step, err, FARRIER_E_INTERNAL, "plugin %s was called for an op that its "
                         "description does not have", x->name);
}

/* --- a run begins --------------------------------------------------------------------------- */

static size_t
secrets_of (const struct exec_plugin *x, const json_t *request, struct farrier_secret_fd *ret,
            char values[][64])
{
    size_t count = 0;
    for (size_t i = 0; i < x->secret_count; i++) {
        const struct exec_secret *s = &x->secrets[i];
        char *pointer = str_printf ("/credentials/%s/%s", s->endpoint, s->what);
        if (json_at (request, pointer) != NULL) {
            str_format (values[count], 64, "%s:%s", s->endpoint, s->what);
            ret[count] = (struct farrier_secret_fd) { .fd = s->fd, .value = values[count] };
            count++;
        }
        mem_free (pointer);
    }
    return count;
}

static struct farrier_table
pairs_of (struct farrier_step *step, const json_t *list)
{
    size_t n = json_array_size (list);
    struct farrier_pair *pairs = farrier_alloc (step, (n + 1) * sizeof *pairs);
    for (size_t i = 0; pairs != NULL && i < n; i++) {
        const json_t *pair = json_array_get (list, i);
        pairs[i].name = json_string_value (json_array_get (pair, 0));
        pairs[i].value = json_string_value (json_array_get (pair, 1));
    }
    return (struct farrier_table) FARRIER_TABLE_OF (pairs, pairs == NULL ? 0 : n);
}

static int32_t
await_run (const struct exec_run *run, struct farrier_step *step, const json_t *request,
           const json_t *env, struct farrier_error *err)
{
    const struct exec_plugin *x = run->plugin;
    const char *const argv[] = { x->program, plugin_callback_name (run->which),
                                 x->ops[run->op].name };
    struct farrier_secret_fd secrets[EXEC_SECRETS_MAX];
    char values[EXEC_SECRETS_MAX][64], label[160];
    size_t secret_count = secrets_of (x, request, secrets, values);
    struct farrier_process p = FARRIER_INIT (struct farrier_process);
    char *input = json_text (request);
    str_format (label, sizeof label, "%s %s", x->ops[run->op].name,
                plugin_callback_name (run->which));
    p.argv = (struct farrier_table) FARRIER_TABLE (argv);
    p.env = pairs_of (step, env);
    p.stdin_text = input;
    p.label = label;
    p.timeout_ms = x->ops[run->op].step_ms;
    p.max_output_bytes = EXEC_REPLY_MAX + 1;
    p.secret_fds = (struct farrier_table) FARRIER_TABLE_OF (secrets, secret_count);
    p.max_memory_bytes = x->max_memory_bytes;
    p.max_file_bytes = x->max_file_bytes;
    p.max_cpu_s = x->max_cpu_s;
    p.read_only = (x->extra[run->op].changes & (1u << run->which)) == 0;
    int32_t rc = farrier_await_process (step, &p, err);
    mem_free (input);
    return rc;
}

static int32_t
begin (const struct exec_run *run, struct farrier_step *step, struct farrier_error *err)
{
    json_t *request = NULL, *env = NULL;
    int32_t rc = exec_request (run, step, &request, &env, err);
    if (rc != FARRIER_OK)
        return rc;
    rc = await_run (run, step, request, env, err);
    json_decref (request);
    json_decref (env);
    if (rc != FARRIER_OK)
        return rc;
    farrier_state_set (step, EXEC_BAG_RUN, plugin_callback_name (run->which));
    return FARRIER_PENDING;
}

/* --- a run has ended ------------------------------------------------------------------------ */

/* Standard error, line by line; secrets that the run got are redacted by the core. Copies the last
 * line that is not blank: it says most about a failure. */
static void
log_errors (struct farrier_step *step, char *ret_last, size_t size)
{
    size_t len = 0;
    const char *out = farrier_process_output (step, 2, &len), *end = out == NULL ? NULL : out + len;
    ret_last[0] = '\0';
    for (int lines = 0; out != NULL && out < end; lines++) {
        const char *stop = memchr (out, '\n', (size_t) (end - out));
        size_t n = (size_t) ((stop == NULL ? end : stop) - out);
        char line[LOG_LINE_MAX];
        size_t take = n < sizeof line - 1 ? n : sizeof line - 1;
        for (size_t i = 0; i < take; i++)
            line[i] = (unsigned char) out[i] < ' ' ? ' ' : out[i];
        line[take] = '\0';
        if (lines < LOG_LINES_MAX && take > 0)
            farrier_log (step, FARRIER_LOG_INFO, "%s", line);
        if (line[strspn (line, " ")] != '\0')
            str_copy (ret_last, size, line);
        out += n + 1;
    }
}

/* How the sentence of every failure of a run begins. */
static const char *
who (const struct exec_run *run, struct farrier_step *step)
{
    return farrier_printf (step, "plugin %s: %s %s", run->plugin->name,
                           run->plugin->ops[run->op].name, plugin_callback_name (run->which));
}

static int32_t
bad_exit (const struct exec_run *run, struct farrier_step *step, int32_t status,
          const char *said, struct farrier_error *err)
{
    const char *meaning = NULL;
    const char *colon = said[0] == '\0' ? "" : ": ";
    int32_t code = exec_reply_exit_code (status, &meaning);
    farrier_hint (step, err, "farrier-exec-plugin(7), exit status");
    if (status < 0)
        return farrier_fail (step, err, code, "%s: killed by signal %d%s%s", who (run, step),
                             -status, colon, said);
    if (meaning == NULL)
        return farrier_fail (step, err, code, "%s: exit status %d, which stands for nothing%s%s",
                             who (run, step), status, colon, said);
    return farrier_fail (step, err, code, "%s: exit status %s%s%s", who (run, step), meaning,
                         colon, said);
}

static int32_t
read_reply (const struct exec_run *run, struct farrier_step *step, const char *said,
            struct exec_reply *ret, struct farrier_error *err)
{
    struct err why = { 0 };
    size_t len = 0;
    const char *out = farrier_process_output (step, 1, &len);
    int32_t rc = exec_reply_parse (out == NULL ? "" : out, len, run->which, ret, &why);
    if (rc == 0)
        return FARRIER_OK;
    farrier_hint (step, err, "correct %s (farrier-exec-plugin(7), the reply)",
                  run->plugin->executable);
    return farrier_fail (step, err, rc, "%s: the reply: %s%s%s", who (run, step), why.message,
                         said[0] == '\0' ? "" : "; its last words: ", said);
}

static int32_t
failed (const struct exec_run *run, struct farrier_step *step, const struct exec_reply *reply,
        struct farrier_error *err)
{
    const json_t *e = json_object_get (reply->doc, "error");
    const char *hint = json_str (e, "/hint");
    if (hint != NULL)
        farrier_hint (step, err, "%s", hint);
    str_copy (err->vendor_id, sizeof err->vendor_id, json_str_or (e, "/vendor_id", ""));
    err->retry_after_ms = json_int_or (e, "/retry_after_ms", -1);
    if (json_bool_or (e, "/known", false))
        farrier_known (step);
    return farrier_fail (step, err, reply->result, "%s: %s", who (run, step),
                         json_str_or (e, "/message", ""));
}

static int32_t
answer (const struct exec_run *run, struct farrier_step *step, const struct exec_reply *reply,
        struct farrier_error *err)
{
    const char *message = json_str (reply->doc, "/message");
    const struct exec_op *extra = &run->plugin->extra[run->op];
    int32_t rc = FARRIER_OK;
    switch (reply->result) {
    case FARRIER_PENDING:
    case FARRIER_ADOPT:
        if (run->which != PLUGIN_CALL_CANCEL
            && (extra->callbacks & (1u << PLUGIN_CALL_POLL)) == 0)
            return farrier_fail (step, err, FARRIER_E_PLUGIN_BUG,
                                 "%s: the reply waits for something, but the description names no "
                                 "callback poll", who (run, step));
        farrier_state_set (step, EXEC_BAG_RUN, "");
        rc = exec_await (step, json_object_get (reply->doc, "await"), err);
        break;
    case FARRIER_SKIPPED:
        return farrier_skip (step, "%s", message);
    case FARRIER_RECHECK:
        return farrier_recheck (step, (uint32_t) json_int_or (reply->doc, "/after_ms", 0));
    case FARRIER_UNKNOWN:
        farrier_fail (step, err, FARRIER_E_LOST, "%s: %s", who (run, step), message);
        return FARRIER_UNKNOWN;
    default:
        break;
    }
    return rc == FARRIER_OK ? reply->result : rc;
}

/* The reply of a run that ended well. */
static int32_t
obey (const struct exec_run *run, struct farrier_step *step, const char *said,
      struct farrier_error *err)
{
    struct exec_reply reply = { 0 };
    int32_t rc = read_reply (run, step, said, &reply, err);
    if (rc != FARRIER_OK)
        return rc;
    const char *message = json_str (reply.doc, "/message");
    if (message != NULL)
        farrier_log (step, FARRIER_LOG_INFO, "%s", message);
    rc = reply.result < 0 ? failed (run, step, &reply, err)
                          : exec_apply (run, step, reply.doc, err);
    if (rc == FARRIER_OK)
        rc = answer (run, step, &reply, err);
    exec_reply_clear (&reply);
    return rc;
}

static int32_t
ended (const struct exec_run *run, struct farrier_step *step, struct farrier_error *err)
{
    struct farrier_wake wake = FARRIER_INIT (struct farrier_wake);
    char said[LOG_LINE_MAX];
    farrier_wake (step, &wake);
    log_errors (step, said, 200);
    if (wake.code != FARRIER_OK)
        return farrier_fail (step, err, wake.code, "%s: %s%s%s", who (run, step),
                             wake.message == NULL ? "it did not end" : wake.message,
                             said[0] == '\0' ? "" : ": ", said);
    if (wake.exit_status != 0)
        return bad_exit (run, step, wake.exit_status, said, err);
    return obey (run, step, said, err);
}

/* Is this the end of the run of that callback? */
static bool
is_end_of (struct farrier_step *step, const char *callback)
{
    struct farrier_wake wake = FARRIER_INIT (struct farrier_wake);
    farrier_wake (step, &wake);
    return wake.kind == FARRIER_WAKE_PROCESS
           && str_eq (farrier_state_get (step, EXEC_BAG_RUN), callback);
}

/* --- the callbacks -------------------------------------------------------------------------- */

int32_t
exec_start (void *self, struct farrier_step *step, struct farrier_error *err)
{
    struct exec_run run;
    return op_of (self, step, PLUGIN_CALL_START, &run) ? begin (&run, step, err)
                                                       : no_op (self, step, err);
}

int32_t
exec_poll (void *self, struct farrier_step *step, struct farrier_error *err)
{
    struct exec_run run;
    if (!op_of (self, step, PLUGIN_CALL_POLL, &run))
        return no_op (self, step, err);
    if (is_end_of (step, plugin_callback_name (PLUGIN_CALL_START)))
        run.which = PLUGIN_CALL_START;
    else if (!is_end_of (step, plugin_callback_name (PLUGIN_CALL_POLL)))
        return begin (&run, step, err);
    return ended (&run, step, err);
}

/* The run before this one, for reconcile and cancel: which callback, and how it ended. Kept in the
 * bag, since reconcile may be asked more than once. New reference; NULL = none. */
static json_t *
last_run (struct farrier_step *step)
{
    static const char *const ends[] = { "not_started", "running", "exited" };
    const char *kept = farrier_state_get (step, EXEC_BAG_LAST);
    const char *callback = farrier_state_get (step, EXEC_BAG_RUN);
    int32_t status = 0;
    if (kept != NULL && str_eq (callback, plugin_callback_name (PLUGIN_CALL_RECONCILE)))
        return json_parse (kept, strlen (kept), NULL);
    if (str_empty (callback))
        return NULL;
    int32_t state = farrier_process_status (step, &status);
    json_t *v = json_object ();
    json_put_str (v, "callback", callback);
    json_put_str (v, "ended", state < 0 || state > FARRIER_PROCESS_EXITED ? "lost" : ends[state]);
    if (state == FARRIER_PROCESS_EXITED)
        json_put_int (v, "exit_status", status);
    char *text = json_text (v);
    farrier_state_set (step, EXEC_BAG_LAST, text);
    mem_free (text);
    return v;
}

static int32_t
begin_with_last (struct exec_run *run, struct farrier_step *step, struct farrier_error *err)
{
    json_t *last = last_run (step);
    run->last = last;
    int32_t rc = begin (run, step, err);
    json_decref (last);
    return rc;
}

int32_t
exec_cancel (void *self, struct farrier_step *step, struct farrier_error *err)
{
    struct exec_run run;
    if (!op_of (self, step, PLUGIN_CALL_CANCEL, &run))
        return no_op (self, step, err);
    return is_end_of (step, plugin_callback_name (PLUGIN_CALL_CANCEL))
               ? ended (&run, step, err) : begin_with_last (&run, step, err);
}

/* `start` ended with the word that it did nothing: there is nothing to look for. */
static bool
did_nothing (struct farrier_step *step)
{
    struct exec_reply reply = { 0 };
    int32_t status = -1;
    size_t len = 0;
    if (!str_eq (farrier_state_get (step, EXEC_BAG_RUN), plugin_callback_name (PLUGIN_CALL_START))
        || farrier_process_status (step, &status) != FARRIER_PROCESS_EXITED || status != 0)
        return false;
    const char *out = farrier_process_output (step, 1, &len);
    if (exec_reply_parse (out == NULL ? "" : out, len, PLUGIN_CALL_START, &reply, NULL) != 0)
        return false;
    bool nothing = json_bool_or (reply.doc, "/error/nothing_done", false);
    exec_reply_clear (&reply);
    return nothing;
}

int32_t
exec_reconcile (void *self, struct farrier_step *step, struct farrier_error *err)
{
    struct exec_run run;
    if (!op_of (self, step, PLUGIN_CALL_RECONCILE, &run))
        return no_op (self, step, err);
    if (is_end_of (step, plugin_callback_name (PLUGIN_CALL_RECONCILE)))
        return ended (&run, step, err);
    return did_nothing (step) ? FARRIER_NOT_STARTED : begin_with_last (&run, step, err);
}

int32_t
exec_configure (void *self, const struct farrier_config *cfg, struct farrier_error *err)
{
    struct exec_plugin *x = self;
    (void) err;
    json_t *fresh = cfg->values == NULL ? NULL : json_deep_copy (cfg->values);
    pthread_mutex_lock (&x->lock);
    json_decref (x->settings);
    x->settings = fresh;
    pthread_mutex_unlock (&x->lock);
    return FARRIER_OK;
}
