/* spawn_dir: see spawn_dir.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "engine/spawn_dir.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#define DOCUMENT_MAX (1024 * 1024)

/* Field 22 of /proc/PID/stat; the name in field 2 may hold blanks and parentheses. */
int64_t
spawn_start_ticks (pid_t pid)
{
    char path[40];
    struct buf text = { 0 };
    int64_t ticks = 0;

    str_format (path, sizeof path, "/proc/%ld/stat", (long) pid);
    if (fs_read (path, 4096, &text, NULL) != 0) {
        buf_free (&text);
        return 0;
    }
    const char *rest = strrchr (text.data, ')');
    size_t count = 0;
    char **fields = rest == NULL ? NULL : str_split (rest + 1, ' ', &count);
    /* After the parenthesis: a blank, then field 3, the state. A zombie has ended, even where
     * nobody reaps it. */
    if (count > 20 && (strchr ("ZXx", fields[1][0]) != NULL || !str_to_i64 (fields[20], &ticks))) {
        ticks = 0;
    }
    str_free_all (fields, count);
    buf_free (&text);
    return ticks;
}

int
spawn_open_process (const struct spawn_process *process)
{
    if (process->pid <= 0 || process->start_ticks == 0) {
        errno = ESRCH;
        return -1;
    }
    int fd = (int) syscall (SYS_pidfd_open, process->pid, 0);
    /* Looked at after the descriptor is ours: another process of that pid began at another time. */
    if (fd >= 0 && spawn_start_ticks (process->pid) != process->start_ticks) {
        close (fd);
        errno = ESRCH;
        return -1;
    }
    return fd;
}

bool
spawn_signal_process (const struct spawn_process *process, int signal_number, bool group)
{
    int fd = spawn_open_process (process);
    bool done;

    if (fd < 0 && errno != ENOSYS) {
        return false;
    }
    if (group || fd < 0) {
        /* The group is not another's while its leader lives; without pidfds the start time is what
         * there is to go by. */
        done = spawn_start_ticks (process->pid) == process->start_ticks &&
               kill (group ? -process->pid : process->pid, signal_number) == 0;
    } else {
        done = syscall (SYS_pidfd_send_signal, fd, signal_number, NULL, 0) == 0;
    }
    if (fd >= 0) {
        close (fd);
    }
    return done;
}

bool
spawn_has (const char *dir, const char *name)
{
    char *path = fs_join (dir, name);
    bool there = fs_exists (path);

    mem_free (path);
    return there;
}

int32_t
spawn_read_json (const char *dir, const char *name, json_t **ret, struct err *err)
{
    char *path = fs_join (dir, name);
    struct buf text = { 0 };
    int32_t code = 0;

    *ret = NULL;
    if (fs_exists (path)) {
        code = fs_read (path, DOCUMENT_MAX, &text, err);
    }
    if (code == 0 && text.len > 0) {
        *ret = json_parse (text.data, text.len, err);
        if (*ret == NULL) {
            err_prefix (err, "%s", path);
            code = FARRIER_E_INVALID;
        }
    }
    buf_free (&text);
    mem_free (path);
    return code;
}

int32_t
spawn_write_json (const char *dir, const char *name, json_t *object, struct err *err)
{
    char *path = fs_join (dir, name);
    char *text = json_pretty (object);
    int32_t code = fs_write_atomic (path, text, strlen (text), 0600, err);

    mem_free (text);
    mem_free (path);
    json_decref (object);
    return code;
}

struct spawn_process
spawn_process_of (const json_t *started, const char *who)
{
    const json_t *process = json_object_get (started, who);

    return (struct spawn_process) { .pid = (pid_t) json_int_or (process, "/pid", 0),
                                    .start_ticks = json_int_or (process, "/start_ticks", 0) };
}
