/* flight_process: vendor tools and programs of the site, under farrier-spawn. The attempt's
 * directory tells what became of the child, also after a restart; so a launch re-adopts it too.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/flight.h"
#include "engine/process_exit.h"
#include "engine/process_files.h"
#include "engine/spawn.h"
#include "engine/step.h"
#include "fleet/credential.h"
#include "net/net.h"

/* Between two looks at a running child: short ones are seen to end at once. */
#define LOOK_FIRST_MS 20
#define LOOK_MS 300
#define OUTPUT_MAX (1u << 20)

struct child {
    char *attempt_dir;
    char *dir;                         /* of this run: attempt_dir/SEQ */
    char *host_id;
    struct spawn_tail tail;
    struct spawn_status status;
    char *pattern, *line;
    int permille;
    int64_t look_ms;                   /* until the next look */
    atomic_bool stopped;
};

/* The newest run of the step's attempt; the attempt's own when there was none. Heap. */
static char *
last_dir (struct farrier_step *step)
{
    char *dir = fs_join (step->in.engine->o.run_dir, step->in.attempt_id);
    char *last = spawn_last (dir, INT64_MAX);
    if (last == NULL)
        return dir;
    mem_free (dir);
    return last;
}

static void
child_free (struct child *c)
{
    spawn_tail_clear (&c->tail);
    mem_free (c->attempt_dir);
    mem_free (c->dir);
    mem_free (c->host_id);
    mem_free (c->pattern);
    mem_free (c->line);
    mem_free (c);
}

/* --- watching ------------------------------------------------------------------------------- */

static void look (void *arg);

/* On the thread pool. */
static void
read_child (void *arg)
{
    struct flight *f = arg;
    struct child *c = f->child;
    struct buf lines = { 0 };
    struct err err;
    if (spawn_status (c->dir, &c->status, &err) != 0) {
        c->status.state = SPAWN_LOST;
        log_warn ("%s: %s", c->dir, err.message);
    }
    spawn_tail_read (c->dir, SPAWN_OUT, &c->tail, &lines, NULL);
    buf_append (&lines, c->tail.line.data == NULL ? "" : c->tail.line.data, c->tail.line.len);
    if (c->pattern != NULL && lines.len > 0)
        spawn_progress (c->pattern, lines.data, &c->permille, NULL);
    buf_free (&lines);
}

/* What the plugin said that the tool's exit status means. */
static void
judge_exit (const struct flight *f, struct answer *a)
{
    int32_t code = process_exit_code (f->spec, a->exit_status);
    if (code == FARRIER_OK)
        return;
    char *text = a->exit_status < 0
                     ? str_printf ("the program was ended by signal %d", -a->exit_status)
                     : str_printf ("the program ended with exit status %d", a->exit_status);
    answer_fail (a, code, text, NULL);
    mem_free (text);
}

static void
child_ended (struct flight *f)
{
    const struct child *c = f->child;
    struct answer *a = answer_new (FARRIER_WAKE_PROCESS);
    a->exit_status = c->status.exit_status;
    a->delivery = FARRIER_DELIVERY_ANSWERED;
    if (c->status.state == SPAWN_LOST)
        answer_fail (a, FARRIER_E_LOST, "the program ran, and nobody saw how it ended", NULL);
    else if (c->status.timed_out)
        answer_fail (a, FARRIER_E_TIMEOUT, "the program was ended by its time limit", NULL);
    else if (c->status.error[0] != '\0')
        answer_fail (a, FARRIER_E_INVALID, c->status.error, NULL);
    else
        judge_exit (f, a);
    if (c->status.error[0] != '\0')
        a->delivery = FARRIER_DELIVERY_NONE;       /* none of it ran */
    flight_answer (f, a);
}

/* The loop ends before the next look. */
static void
let_go (void *flight)
{
    flight_unref (flight);
}

/* On the loop. */
static void
child_read (void *arg)
{
    struct flight *f = arg;
    struct child *c = f->child;
    if (c->permille >= 0)
        flight_progress (f, (uint32_t) c->permille, NULL);
    if (c->status.state == SPAWN_RUNNING && !atomic_load (&c->stopped)) {
        c->look_ms = c->look_ms == 0 ? LOOK_FIRST_MS : c->look_ms * 2;
        c->look_ms = c->look_ms > LOOK_MS ? LOOK_MS : c->look_ms;
        net_timer (f->engine->o.net, f->job_id, c->look_ms, look, let_go, f);
        return;
    }
    if (c->status.state != SPAWN_RUNNING)
        child_ended (f);
    flight_unref (f);
}

static void
look (void *arg)
{
    struct flight *f = arg;
    net_work (f->engine->o.net, f->job_id, read_child, child_read, f);
}

/* --- starting ------------------------------------------------------------------------------- */

static const char **
argv_of (const json_t *list)
{
    size_t count = json_array_size (list);
    const char **argv = mem_array (count + 1, sizeof *argv);
    for (size_t i = 0; i < count; i++)
        argv[i] = json_string_value (json_array_get (list, i));
    return argv;
}

static char **
env_of (const json_t *pairs)
{
    size_t count = json_array_size (pairs);
    char **env = mem_array (count + 1, sizeof *env);
    for (size_t i = 0; i < count; i++) {
        const json_t *pair = json_array_get (pairs, i);
        env[i] = str_printf ("%s=%s", json_string_value (json_array_get (pair, 0)),
                             json_string_value (json_array_get (pair, 1)));
    }
    return env;
}

/* "bmc:password": of which endpoint's credential, which half. */
static int32_t
secret_value (struct flight *f, const char *host_id, const char *what, char **ret,
              struct err *err)
{
    const char *colon = strrchr (what, ':');
    if (colon == NULL)
        return err_set (err, FARRIER_E_PLUGIN_BUG, "secret_env '%s' is not ENDPOINT:user|password",
                        what);
    char *endpoint = str_ndup (what, (size_t) (colon - what));
    struct credential c = { 0 };
    int32_t rc = credential_load_for (f->engine->o.store, f->engine->o.key, host_id, endpoint, &c,
                                      err);
    if (rc == 0)
        *ret = str_dup (str_eq (colon + 1, "user") ? c.user : c.password);
    credential_clear (&c);
    mem_free (endpoint);
    return rc;
}

static void
wipe_secrets (struct spawn_secret *secrets, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (secrets[i].value != NULL)
            mem_wipe ((char *) secrets[i].value, strlen (secrets[i].value));
        mem_free ((char *) secrets[i].value);
    }
    mem_free (secrets);
}

/* The file in a run's directory that names (never holds) the secrets that the run got: what it
 * wrote is read without them, also by a daemon that did not start it. */
#define GIVEN_FILE "given.json"

static int32_t
note_given (struct flight *f, const json_t *names, struct err *err)
{
    if (json_array_size (names) == 0)
        return 0;
    char *path = fs_join (f->child->dir, GIVEN_FILE), *text = json_text (names);
    int32_t rc = fs_mkdirs (f->child->dir, 0700, err);
    if (rc == 0)
        rc = fs_write_atomic (path, text, strlen (text), 0600, err);
    mem_free (path);
    mem_free (text);
    return rc;
}

static int32_t
secrets_of (struct flight *f, const char *host_id, struct spawn_secret **ret, size_t *ret_count,
            struct err *err)
{
    const json_t *const lists[] = { json_object_get (f->spec, "secret_env"),
                                    json_object_get (f->spec, "secret_fds") };
    size_t count = 0, max = json_array_size (lists[0]) + json_array_size (lists[1]);
    struct spawn_secret *secrets = mem_array (max + 1, sizeof *secrets);
    json_t *names = json_array ();
    int32_t rc = 0;
    for (size_t i = 0; i < max && rc == 0; i++) {
        size_t envs = json_array_size (lists[0]);
        const json_t *pair = i < envs ? json_array_get (lists[0], i)
                                      : json_array_get (lists[1], i - envs);
        const char *what = json_string_value (json_array_get (pair, 1));
        char *value = NULL;
        rc = secret_value (f, host_id, what, &value, err);
        secrets[count].env = json_string_value (json_array_get (pair, 0));
        secrets[count].fd = (int) json_integer_value (json_array_get (pair, 0));
        secrets[count++].value = value;
        json_array_append_new (names, json_string (what));
    }
    if (rc == 0)
        rc = note_given (f, names, err);
    json_decref (names);
    if (rc != 0) {
        wipe_secrets (secrets, count);
        return rc;
    }
    *ret = secrets;
    *ret_count = count;
    return 0;
}

static int32_t
start_child (struct flight *f, const char *host_id, struct err *err)
{
    const json_t *s = f->spec;
    const char *input = json_str (s, "/stdin");
    struct spawn_secret *secrets;
    size_t secret_count;
    int32_t rc = secrets_of (f, host_id, &secrets, &secret_count, err);
    if (rc != 0)
        return rc;
    const char **argv = argv_of (json_object_get (s, "argv"));
    size_t env_count = json_array_size (json_object_get (s, "env"));
    char **env = env_of (json_object_get (s, "env"));
    struct spawn_spec spec = {
        .spawn_path = f->engine->o.spawn_path,
        .argv = argv,
        .env = (const char *const *) env,
        .stdin_bytes = input,
        .stdin_len = input == NULL ? 0 : strlen (input),
        .timeout_ms = flight_left_ms (f, json_int_or (s, "/timeout_ms", 0)),
        .max_output_bytes = (uint64_t) json_int_or (s, "/max_output_bytes", 0),
        .max_memory_bytes = (uint64_t) json_int_or (s, "/max_memory_bytes", 0),
        .max_file_bytes = (uint64_t) json_int_or (s, "/max_file_bytes", 0),
        .max_cpu_s = (uint64_t) json_int_or (s, "/max_cpu_s", 0),
    };
    rc = fs_mkdirs (f->child->attempt_dir, 0700, err);
    if (rc == 0)
        rc = process_files_put (f->engine, f->job_id, f->child->dir, s, &spec.stdin_is_there, err);
    if (rc == 0)
        rc = spawn_start (f->child->dir, &spec, secrets, secret_count, err);
    wipe_secrets (secrets, secret_count);
    str_free_all (env, env_count);
    mem_free (argv);
    return rc;
}

/* A machine that was restarted has forgotten what ran (run_dir may be in memory): the journal says
 * that it was started, so it counts as lost, never as not started. */
static bool
forgotten (const struct flight *f)
{
    return f->launched_ms != 0 && f->launched_ms < clock_wall_ms () - clock_boot_ms ();
}

/* Runs of one attempt never overlap: one that was told to end has its grace first. */
static bool
predecessor_runs (const struct flight *f)
{
    struct spawn_status status = { 0 };
    char *dir = spawn_last (f->child->attempt_dir, f->seq);
    bool runs = dir != NULL && spawn_status (dir, &status, NULL) == 0
                && status.state == SPAWN_RUNNING;
    mem_free (dir);
    return runs;
}

static void go (void *arg);

/* On the loop. */
static void
go_again (void *arg)
{
    struct flight *f = arg;
    net_work (f->engine->o.net, f->job_id, go, let_go, f);
}

/* Start it, or take up the one that is there already. Worker or thread pool; borrows the flight. */
static void
go (void *arg)
{
    struct flight *f = arg;
    struct spawn_status status;
    struct err err;
    if (atomic_load (&f->child->stopped))
        return;
    int32_t rc = spawn_status (f->child->dir, &status, &err);
    bool fresh = rc == 0 && status.state == SPAWN_NOT_STARTED;
    if (fresh && predecessor_runs (f)) {
        net_timer (f->engine->o.net, f->job_id, LOOK_MS, go_again, let_go, flight_ref (f));
        return;
    }
    if (fresh)
        rc = forgotten (f) ? spawn_give_up (f->child->dir, &err)
                           : start_child (f, f->child->host_id, &err);
    if (rc != 0) {
        flight_fail (f, FARRIER_WAKE_PROCESS, rc < FARRIER_E_LAST_ ? FARRIER_E_INVALID : rc,
                     err.message, err.hint);
        return;
    }
    look (flight_ref (f));
}

/* `launched` is on the disk. */
void
flight_process_go (struct flight *f, const char *host_id)
{
    str_set (&f->child->host_id, host_id);
    go (f);
}

void
flight_start_process (struct flight *f)
{
    f->child = mem_alloc (sizeof *f->child);
    f->child->attempt_dir = fs_join (f->engine->o.run_dir, f->attempt_id);
    f->child->dir = str_printf ("%s/%lld", f->child->attempt_dir, (long long) f->seq);
    f->child->pattern = str_dup (json_str (f->spec, "/progress_pattern"));
    f->child->permille = -1;
    atomic_init (&f->child->stopped, false);
    engine_post (f->engine, f->job_id, LETTER_GATE, f->attempt_id, f->seq, 0, NULL, NULL);
}

void
flight_free_process (struct flight *f)
{
    if (f->child != NULL)
        child_free (f->child);
}

/* Only when the engine stops is a child left alone: it outlives us. Here somebody wants its end. */
void
flight_cancel_process (struct flight *f)
{
    if (atomic_exchange (&f->child->stopped, true) || atomic_load (&f->engine->halted))
        return;
    spawn_kill (f->child->dir, 0, NULL);
}

/* --- the host table ------------------------------------------------------------------------- */

int32_t
flight_process_status (struct farrier_step *step, int32_t *ret_exit_status)
{
    struct spawn_status status;
    char *dir = last_dir (step);
    int32_t rc = spawn_status (dir, &status, NULL);
    mem_free (dir);
    if (rc != 0)
        return FARRIER_E_INVALID;
    if (ret_exit_status != NULL)
        *ret_exit_status = status.exit_status;
    if (status.state == SPAWN_LOST)
        return FARRIER_E_LOST;
    return status.state == SPAWN_NOT_STARTED ? FARRIER_PROCESS_NOT_STARTED
           : status.state == SPAWN_RUNNING   ? FARRIER_PROCESS_RUNNING
                                             : FARRIER_PROCESS_EXITED;
}

static void
free_output (void *p)
{
    mem_free (p);
}

/* While a credential is loaded, the redactor knows it. It works on text: a NUL becomes a blank. */
static void
redact_given (struct farrier_step *step, const char *dir, struct buf *out)
{
    struct buf text = { 0 };
    char *path = fs_join (dir, GIVEN_FILE);
    json_t *names = fs_read (path, 65536, &text, NULL) == 0 ? json_parse (text.data, text.len, NULL)
                                                            : NULL;
    size_t i;
    json_t *v;
    for (char *nul; names != NULL && (nul = memchr (out->data, '\0', out->len)) != NULL;)
        *nul = ' ';
    json_array_foreach (names, i, v) {
        const struct engine_options *o = &step->in.engine->o;
        const char *what = json_string_value (v), *colon = strrchr (what, ':');
        char *endpoint = str_ndup (what, (size_t) (colon - what));
        struct credential c = { 0 };
        if (credential_load_for (o->store, o->key, step->in.host_id, endpoint, &c, NULL) == 0) {
            char *clean = log_redact (out->data);
            buf_clear (out);
            buf_puts (out, clean);
            mem_free (clean);
        }
        credential_clear (&c);
        mem_free (endpoint);
    }
    json_decref (names);
    buf_free (&text);
    mem_free (path);
}

const char *
flight_process_output (struct farrier_step *step, int32_t stream, size_t *ret_len)
{
    struct buf out = { 0 };
    char *dir = last_dir (step);
    int32_t rc = spawn_output (dir, stream == 2 ? SPAWN_ERR : SPAWN_OUT, 0, OUTPUT_MAX, &out, NULL);
    if (rc == 0 && out.len > 0)
        redact_given (step, dir, &out);
    mem_free (dir);
    if (ret_len != NULL)
        *ret_len = rc == 0 ? out.len : 0;
    if (rc != 0) {
        buf_free (&out);
        return NULL;
    }
    char *text = buf_steal (&out);
    arena_defer (step->arena, free_output, text);
    return text;
}
