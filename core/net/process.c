/* process: children by uv_spawn, each in a session of its own so that all of it can be ended.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "net/process.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "net/loop.h"

#define MAX_OUTPUT ((size_t) 1 << 20)
#define TIMEOUT_MS 60000
#define KILL_AFTER_MS 2000             /* between TERM and KILL, and for pipes after the exit */
#define LOOK_NS 100000000u

struct stream {
    uv_pipe_t pipe;
    struct buf *into;
    bool open;
};

struct process {
    struct loop_user user;
    struct loop *loop;
    uint64_t id;
    char **argv, **env;
    char *cwd, *input;
    size_t input_len, max_output;
    int64_t timeout_ms;

    uv_process_t child;
    uv_pipe_t in;
    struct stream out, err;
    uv_timer_t timer;
    uv_write_t write;
    bool in_open, running, killed, over;
    int handles;                       /* that are not closed yet */
    uint64_t started_at;
    struct process_result *result;
    void (*done) (void *arg, struct process_result *result);
    void *arg;
};

static char **
copy_list (const char *const *from)
{
    size_t count = 0;
    while (from[count] != NULL)
        count++;
    char **to = mem_array (count + 1, sizeof *to);
    for (size_t i = 0; i < count; i++)
        to[i] = str_dup (from[i]);
    return to;
}

static void
free_list (char **list)
{
    for (size_t i = 0; list[i] != NULL; i++)
        mem_free (list[i]);
    mem_free (list);
}

/* ---- the end ------------------------------------------------------------------------------- */

static void
deliver (struct process *p)
{
    struct process_result *result = p->result;
    list_remove (&p->user.link);
    loop_slot_free (p->loop, p->id);
    result->elapsed_ms = (int64_t) (loop_now (p->loop) - p->started_at);
    p->done (p->arg, result);
    free_list (p->argv);
    free_list (p->env);
    mem_free (p->cwd);
    if (p->input != NULL)
        mem_wipe (p->input, p->input_len);
    mem_free (p->input);
    mem_free (p);
}

static void
on_closed (uv_handle_t *handle)
{
    struct process *p = handle->data;
    if (--p->handles == 0)
        deliver (p);
}

static void
stream_close (struct process *p, struct stream *s)
{
    (void) p;
    if (s->open)
        uv_close ((uv_handle_t *) &s->pipe, on_closed);
    s->open = false;
}

static void
input_close (struct process *p)
{
    if (p->in_open)
        uv_close ((uv_handle_t *) &p->in, on_closed);
    p->in_open = false;
}

static void
maybe_over (struct process *p)
{
    if (p->running || p->out.open || p->err.open || p->over)
        return;
    p->over = true;
    input_close (p);
    uv_close ((uv_handle_t *) &p->timer, on_closed);
    uv_close ((uv_handle_t *) &p->child, on_closed);
}

static void
on_time (uv_timer_t *timer)
{
    struct process *p = timer->data;
    if (!p->running) {
        /* a grandchild holds the pipes */
        stream_close (p, &p->out);
        stream_close (p, &p->err);
        maybe_over (p);
        return;
    }
    if (p->result->code == 0)
        p->result->code = err_set (&p->result->err, FARRIER_E_TIMEOUT,
                                   "%s did not end within %lld ms", p->argv[0],
                                   (long long) p->timeout_ms);
    /* a positive id is the child's group: it leads its own session */
    kill (-p->child.pid, p->killed ? SIGKILL : SIGTERM);
    p->killed = true;
    uv_timer_start (&p->timer, on_time, KILL_AFTER_MS, 0);
}

static void
on_exit_status (uv_process_t *child, int64_t status, int signal_number)
{
    struct process *p = child->data;
    p->running = false;
    p->result->exit_status = signal_number != 0 ? -signal_number : (int) status;
    if (p->killed)
        kill (-child->pid, SIGKILL);   /* what is left of its group */
    uv_timer_start (&p->timer, on_time, KILL_AFTER_MS, 0);
    maybe_over (p);
}

/* ---- streams ------------------------------------------------------------------------------- */

static void
on_alloc (uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    static _Thread_local char room[65536];
    (void) handle;
    (void) suggested;
    *buf = uv_buf_init (room, sizeof room);
}

static void
on_output (uv_stream_t *pipe, ssize_t n, const uv_buf_t *buf)
{
    struct process *p = pipe->data;
    struct stream *s = pipe == (uv_stream_t *) &p->out.pipe ? &p->out : &p->err;
    if (n < 0) {
        stream_close (p, s);
        maybe_over (p);
        return;
    }
    size_t room = p->max_output - s->into->len, take = (size_t) n < room ? (size_t) n : room;
    buf_append (s->into, buf->base, take);
    p->result->truncated = p->result->truncated || take < (size_t) n;
}

static void
on_written (uv_write_t *write, int status)
{
    (void) status;                     /* a child may end without reading */
    input_close (write->data);
}

static void
streams_open (struct process *p)
{
    uv_read_start ((uv_stream_t *) &p->out.pipe, on_alloc, on_output);
    uv_read_start ((uv_stream_t *) &p->err.pipe, on_alloc, on_output);
    if (p->input_len == 0) {
        input_close (p);
        return;
    }
    uv_buf_t buf = uv_buf_init (p->input, (unsigned int) p->input_len);
    p->write.data = p;
    if (uv_write (&p->write, (uv_stream_t *) &p->in, &buf, 1, on_written) != 0)
        input_close (p);
}

/* ---- the beginning ------------------------------------------------------------------------- */

static void
init_handles (struct process *p)
{
    uv_loop_t *uv = &p->loop->uv;
    uv_pipe_init (uv, &p->in, 0);
    uv_pipe_init (uv, &p->out.pipe, 0);
    uv_pipe_init (uv, &p->err.pipe, 0);
    uv_timer_init (uv, &p->timer);
    p->in.data = p->out.pipe.data = p->err.pipe.data = p->timer.data = p->child.data = p;
    p->in_open = p->out.open = p->err.open = true;
    p->out.into = &p->result->out;
    p->err.into = &p->result->err_out;
    p->handles = 5;                    /* with the child's */
}

static void
process_cancel_user (struct loop_user *user)
{
    struct process *p = list_entry (user, struct process, user);
    if (p->over)
        return;
    if (p->result->code == 0)
        p->result->code = err_set (&p->result->err, FARRIER_E_CANCELLED, "%s was cancelled",
                                   p->argv[0]);
    if (p->running) {
        kill (-p->child.pid, p->loop->stopping ? SIGKILL : SIGTERM);
        p->killed = true;
        uv_timer_start (&p->timer, on_time, KILL_AFTER_MS, 0);
    }
}

static void
process_begin (void *arg)
{
    struct process *p = arg;
    uv_stdio_container_t stdio[3] = {
        { .flags = UV_CREATE_PIPE | UV_READABLE_PIPE, .data.stream = (uv_stream_t *) &p->in },
        { .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
          .data.stream = (uv_stream_t *) &p->out.pipe },
        { .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
          .data.stream = (uv_stream_t *) &p->err.pipe },
    };
    uv_process_options_t options = { .exit_cb = on_exit_status, .file = p->argv[0],
                                     .args = p->argv, .env = p->env, .cwd = p->cwd,
                                     .flags = UV_PROCESS_DETACHED, .stdio_count = 3,
                                     .stdio = stdio };
    p->started_at = loop_now (p->loop);
    list_add_tail (&p->loop->processes, &p->user.link);
    init_handles (p);
    int status = p->loop->stopping              ? UV_ECANCELED
                 : strchr (p->argv[0], '/') == NULL ? UV_ENOENT
                                                    : uv_spawn (&p->loop->uv, &p->child, &options);
    if (status != 0) {
        p->result->code = err_set (&p->result->err,
                                   p->loop->stopping ? FARRIER_E_CANCELLED : ERR_IO,
                                   "%s cannot be started: %s", p->argv[0], uv_strerror (status));
        if (p->loop->stopping || strchr (p->argv[0], '/') == NULL)
            p->handles--;              /* uv_spawn never saw the child's handle */
        stream_close (p, &p->out);
        stream_close (p, &p->err);
        input_close (p);
        p->over = true;
        uv_close ((uv_handle_t *) &p->timer, on_closed);
        if (p->handles == 5)
            uv_close ((uv_handle_t *) &p->child, on_closed);
        return;
    }
    p->running = true;
    uv_timer_start (&p->timer, on_time, (uint64_t) p->timeout_ms, 0);
    streams_open (p);
}

uint64_t
process_start (struct net *net, const struct process_spec *spec,
               void (*done) (void *arg, struct process_result *result), void *arg)
{
    static const char *const bare[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C", NULL };
    struct process *p = mem_alloc (sizeof *p);
    p->loop = loop_of_key (net, NULL);
    p->user.cancel = process_cancel_user;
    list_init (&p->user.link);
    p->argv = copy_list (spec->argv);
    p->env = copy_list (spec->env == NULL ? bare : spec->env);
    p->cwd = str_dup (spec->cwd == NULL ? "/" : spec->cwd);
    if (spec->stdin_len > 0)
        p->input = mem_dup (spec->stdin_bytes, spec->stdin_len);
    p->input_len = spec->stdin_len;
    p->max_output = spec->max_output_bytes == 0 ? MAX_OUTPUT : spec->max_output_bytes;
    p->timeout_ms = spec->timeout_ms == 0 ? TIMEOUT_MS : spec->timeout_ms;
    p->result = mem_alloc (sizeof *p->result);
    p->done = done;
    p->arg = arg;
    uint64_t id = loop_slot_take (p->loop, SLOT_PROCESS, p);
    p->id = id;
    loop_post (p->loop, process_begin, p);
    return id;
}

struct cancel_call {
    struct loop *loop;
    uint64_t id;
};

static void
cancel_posted (void *arg)
{
    struct cancel_call *call = arg;
    struct process *p = loop_slot_get (call->loop, call->id, SLOT_PROCESS);
    if (p != NULL)
        process_cancel_user (&p->user);
    mem_free (call);
}

void
process_cancel (struct net *net, uint64_t id)
{
    struct loop *loop = loop_of_id (net, id);
    if (loop == NULL)
        return;
    struct cancel_call *call = mem_alloc (sizeof *call);
    call->loop = loop;
    call->id = id;
    loop_post (loop, cancel_posted, call);
}

void
process_result_free (struct process_result *result)
{
    if (result == NULL)
        return;
    buf_free (&result->out);
    buf_free (&result->err_out);
    mem_free (result);
}

/* ---- for threads that may wait ------------------------------------------------------------- */

struct waiter {
    uv_mutex_t lock;
    uv_cond_t ended;
    struct process_result *result;
};

static void
on_result (void *arg, struct process_result *result)
{
    struct waiter *w = arg;
    uv_mutex_lock (&w->lock);
    w->result = result;
    uv_cond_signal (&w->ended);
    uv_mutex_unlock (&w->lock);
}

int32_t
process_run (struct net *net, const struct process_spec *spec, const atomic_bool *cancelled,
             struct process_result **ret)
{
    struct waiter w = { .result = NULL };
    if (net_on_loop (net))
        abort ();                      /* it would wait for itself */
    uv_mutex_init (&w.lock);
    uv_cond_init (&w.ended);
    uint64_t id = process_start (net, spec, on_result, &w);
    bool asked = false;
    uv_mutex_lock (&w.lock);
    while (w.result == NULL) {
        uv_cond_timedwait (&w.ended, &w.lock, LOOK_NS);
        if (w.result == NULL && !asked && cancelled != NULL && atomic_load (cancelled)) {
            asked = true;
            process_cancel (net, id);
        }
    }
    uv_mutex_unlock (&w.lock);
    uv_cond_destroy (&w.ended);
    uv_mutex_destroy (&w.lock);
    *ret = w.result;
    return w.result->code;
}
