/* spawn: what became of an attempt's tool, told by its directory.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "engine/spawn.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/spawn_dir.h"

/* While a tool is being started there is nobody to wait for yet; a start takes milliseconds. */
#define STARTING_POLL_MS 10

/* The lock is inherited by the tool: it is free only when tool and supervisor are gone. */
static int32_t
is_locked (const char *dir, bool *ret, struct err *err)
{
    char *path = fs_join (dir, SPAWN_FILE_LOCK);
    int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    int32_t code = 0;

    *ret = false;
    if (fd >= 0) {
        /* As lock_take() holds it. Asking takes no lock, not for a moment. */
        struct flock held = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
        *ret = fcntl (fd, F_OFD_GETLK, &held) == 0 && held.l_type != F_UNLCK;
        close (fd);
    } else if (errno != ENOENT && errno != ENOTDIR) {
        code = err_set_errno (err, ERR_IO, errno, "cannot open %s", path);
    }
    mem_free (path);
    return code;
}

static void
fill_exit (const json_t *end, struct spawn_status *ret)
{
    ret->state = SPAWN_EXITED;
    ret->exit_status = (int) json_int_or (end, "/exit_status", 0);
    ret->timed_out = json_bool_or (end, "/timed_out", false);
    ret->killed = json_bool_or (end, "/killed", false);
    ret->truncated = json_bool_or (end, "/truncated", false);
    ret->ended_ms = json_int_or (end, "/ended_ms", 0);
    str_copy (ret->error, sizeof ret->error, json_str_or (end, "/error", ""));
}

/* Reads exit; true when there is one. */
static int32_t
look_for_exit (const char *dir, struct spawn_status *ret, bool *found, struct err *err)
{
    json_t *end;
    int32_t code = spawn_read_json (dir, SPAWN_FILE_EXIT, &end, err);

    *found = code == 0 && end != NULL;
    if (*found) {
        fill_exit (end, ret);
    }
    json_decref (end);
    return code;
}

static int32_t
find_state (const char *dir, struct spawn_status *ret, struct err *err)
{
    bool found, locked = false;
    int32_t code = look_for_exit (dir, ret, &found, err);

    if (code != 0 || found) {
        return code;
    }
    code = is_locked (dir, &locked, err);
    if (code != 0 || locked) {
        ret->state = SPAWN_RUNNING;
        return code;
    }
    /* The lock may have become free because it ended just now: then the exit file is there. */
    code = look_for_exit (dir, ret, &found, err);
    if (code == 0 && !found) {
        ret->state = spawn_has (dir, SPAWN_FILE_STARTED) ? SPAWN_LOST : SPAWN_NOT_STARTED;
    }
    return code;
}

int32_t
spawn_status (const char *dir, struct spawn_status *ret, struct err *err)
{
    struct spawn_status status = { 0 };
    json_t *started;
    int32_t code = find_state (dir, &status, err);

    if (code == 0) {
        code = spawn_read_json (dir, SPAWN_FILE_STARTED, &started, err);
    }
    if (code != 0) {
        return code;
    }
    if (started != NULL) {
        status.pid = spawn_process_of (started, "tool").pid;
        status.started_ms = json_int_or (started, "/started_ms", 0);
        json_decref (started);
    }
    *ret = status;
    return 0;
}

/* A pidfd of the supervisor, or of the tool when the supervisor is gone; -1: neither. */
static int
open_running (const char *dir)
{
    json_t *started;
    int fd = -1;

    errno = ESRCH;
    if (spawn_read_json (dir, SPAWN_FILE_STARTED, &started, NULL) == 0 && started != NULL) {
        struct spawn_process supervisor = spawn_process_of (started, "supervisor");
        struct spawn_process tool = spawn_process_of (started, "tool");

        fd = spawn_open_process (&supervisor);
        if (fd < 0) {
            fd = spawn_open_process (&tool);
        }
        int errnum = errno;
        json_decref (started);
        errno = errnum;
    }
    return fd;
}

int32_t
spawn_watch (const char *dir, int *ret_fd, struct err *err)
{
    int fd = open_running (dir);

    if (fd < 0 && errno == ENOSYS) {
        return err_set (err, FARRIER_E_UNSUPPORTED, "this kernel cannot watch a process");
    }
    if (fd < 0) {
        return err_set (err, ERR_NOT_FOUND, "no tool runs in %s", dir);
    }
    *ret_fd = fd;
    return 0;
}

int32_t
spawn_wait (const char *dir, int64_t timeout_ms, struct spawn_status *ret, struct err *err)
{
    int64_t deadline_ms = clock_boot_ms () + timeout_ms;
    struct spawn_status status;

    for (;;) {
        int32_t code = spawn_status (dir, &status, err);
        if (code != 0) {
            return code;
        }
        if (status.state != SPAWN_RUNNING) {
            *ret = status;
            return 0;
        }
        int64_t left_ms = timeout_ms == 0 ? INT32_MAX : deadline_ms - clock_boot_ms ();
        if (left_ms <= 0) {
            return err_set (err, FARRIER_E_TIMEOUT, "the tool in %s still runs after %lld ms", dir,
                            (long long) timeout_ms);
        }
        struct pollfd p = { .fd = open_running (dir), .events = POLLIN };
        if (p.fd < 0 && left_ms > STARTING_POLL_MS) {
            left_ms = STARTING_POLL_MS;
        }
        poll (&p, 1, (int) left_ms);
        if (p.fd >= 0) {
            close (p.fd);
        }
    }
}

/* The supervisor reads the wish from `cancel` when the signal wakes it, or when it starts. */
static void
wake_supervisor (const struct spawn_process *supervisor, const struct spawn_process *tool)
{
    if (!spawn_signal_process (supervisor, SIGUSR1, false)) {
        spawn_signal_process (tool, SIGKILL, true);   /* nobody is left to be gentle */
    }
}

int32_t
spawn_kill (const char *dir, int64_t grace_ms, struct err *err)
{
    struct spawn_status status;
    int32_t code = spawn_status (dir, &status, err);

    if (code != 0 || status.state != SPAWN_RUNNING) {
        return code;
    }
    json_t *wish = json_object ();
    json_put_int (wish, "grace_ms", grace_ms);
    code = spawn_write_json (dir, SPAWN_FILE_CANCEL, wish, err);
    if (code != 0) {
        return code;
    }
    json_t *started;
    code = spawn_read_json (dir, SPAWN_FILE_STARTED, &started, err);
    if (code == 0 && started != NULL) {
        struct spawn_process supervisor = spawn_process_of (started, "supervisor");
        struct spawn_process tool = spawn_process_of (started, "tool");
        wake_supervisor (&supervisor, &tool);
        json_decref (started);
    }
    return code;
}

char *
spawn_last (const char *dir, int64_t below)
{
    DIR *d = opendir (dir);
    struct dirent *entry;
    int64_t last = 0, number;

    while (d != NULL && (entry = readdir (d)) != NULL) {
        if (str_to_i64 (entry->d_name, &number) && number > last && number < below) {
            last = number;
        }
    }
    if (d != NULL) {
        closedir (d);
    }
    return last == 0 ? NULL : str_printf ("%s/%lld", dir, (long long) last);
}

int32_t
spawn_give_up (const char *dir, struct err *err)
{
    int32_t code = fs_mkdirs (dir, 0700, err);

    return code != 0 ? code : spawn_write_json (dir, SPAWN_FILE_STARTED, json_object (), err);
}

static int32_t
still_runs (const char *dir, struct err *err)
{
    struct spawn_status status;
    int32_t code = spawn_status (dir, &status, err);

    if (code == 0 && status.state == SPAWN_RUNNING) {
        code = err_set (err, ERR_CONFLICT, "the tool in %s still runs (process %ld)", dir,
                        (long) status.pid);
    }
    return code;
}

int32_t
spawn_remove (const char *dir, struct err *err)
{
    int32_t code = still_runs (dir, err);
    char *last = spawn_last (dir, INT64_MAX);   /* they run one after another: the newest tells */

    if (code == 0 && last != NULL) {
        code = still_runs (last, err);
    }
    mem_free (last);
    return code != 0 || !fs_exists (dir) ? code : fs_remove_tree (dir, err);
}
