/* spawn_start: fills an attempt's directory and starts farrier-spawn on it.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/spawn_dir.h"

static json_t *
string_array (const char *const *strings)
{
    json_t *array = json_array ();

    for (size_t i = 0; strings != NULL && strings[i] != NULL; i++) {
        json_array_append_new (array, json_string (strings[i]));
    }
    return array;
}

static int32_t
cannot_run (const char *spawn_path, int errnum, struct err *err)
{
    err_set_errno (err, ERR_IO, errnum, "cannot run %s", spawn_path);
    err_hint (err, "set FARRIER_SPAWN or \"spawn\" in farrier.conf to where it is");
    return ERR_IO;
}

static int32_t
check_spec (const struct spawn_spec *spec, struct err *err)
{
    if (access (spec->spawn_path, X_OK) != 0) {
        return cannot_run (spec->spawn_path, errno, err);
    }
    if (spec->argv == NULL || spec->argv[0] == NULL || spec->argv[0][0] != '/') {
        return err_set (err, FARRIER_E_INVALID, "a tool needs an absolute path, not '%s'",
                        spec->argv == NULL || spec->argv[0] == NULL ? "" : spec->argv[0]);
    }
    if (spec->cwd != NULL && spec->cwd[0] != '/') {
        return err_set (err, FARRIER_E_INVALID, "a working directory is absolute, not '%s'",
                        spec->cwd);
    }
    for (size_t i = 0; spec->env != NULL && spec->env[i] != NULL; i++) {
        if (strchr (spec->env[i], '=') == NULL || spec->env[i][0] == '=') {
            return err_set (err, FARRIER_E_INVALID, "an environment entry is NAME=value");
        }
    }
    return 0;
}

static int32_t
make_dirs (const char *dir, const struct spawn_spec *spec, struct err *err)
{
    if (mkdir (dir, 0700) != 0 && errno != EEXIST) {
        return err_set_errno (err, ERR_IO, errno, "cannot make %s", dir);
    }
    if (spec->cwd != NULL) {
        return 0;
    }
    char *work = fs_join (dir, "work");
    int32_t code = fs_mkdirs (work, 0700, err);
    mem_free (work);
    return code;
}

static int32_t
write_spec (const char *dir, const struct spawn_spec *spec, struct err *err)
{
    json_t *o = json_object ();
    char *work = fs_join (dir, "work");

    json_put (o, "argv", string_array (spec->argv));
    json_put (o, "env", string_array (spec->env));
    json_put_str (o, "cwd", spec->cwd != NULL ? spec->cwd : work);
    json_put_bool (o, "stdin", spec->stdin_bytes != NULL || spec->stdin_is_there);
    json_put_int (o, "timeout_ms", spec->timeout_ms);
    json_put_int (o, "grace_ms", spec->grace_ms > 0 ? spec->grace_ms : 5000);
    json_put_int (o, "max_output_bytes",
                  spec->max_output_bytes > 0 ? (long long) spec->max_output_bytes : 1 << 20);
    json_put_int (o, "max_memory_bytes", (long long) spec->max_memory_bytes);
    json_put_int (o, "max_file_bytes", (long long) spec->max_file_bytes);
    json_put_int (o, "max_cpu_s", (long long) spec->max_cpu_s);
    mem_free (work);
    return spawn_write_json (dir, SPAWN_FILE_SPEC, o, err);
}

static int32_t
write_stdin (const char *dir, const struct spawn_spec *spec, struct err *err)
{
    if (spec->stdin_bytes == NULL) {
        return 0;
    }
    char *path = fs_join (dir, SPAWN_FILE_STDIN);
    int32_t code = fs_write_atomic (path, spec->stdin_bytes, spec->stdin_len, 0600, err);
    mem_free (path);
    return code;
}

/* Records that end with a NUL each: "e:NAME=value" or "f:FD=value". */
static int32_t
encode_secrets (const struct spawn_secret *secrets, size_t count, struct buf *ret, struct err *err)
{
    /* All at once, so that no copy is left behind by growing. */
    buf_reserve (ret, SPAWN_SECRETS_MAX + 256);
    for (size_t i = 0; i < count; i++) {
        const struct spawn_secret *secret = &secrets[i];
        size_t len = strlen (secret->value) + (secret->env == NULL ? 16 : strlen (secret->env) + 4);

        if (ret->len + len > SPAWN_SECRETS_MAX) {
            return err_set (err, FARRIER_E_INVALID, "a tool's secrets exceed %d bytes",
                            SPAWN_SECRETS_MAX);
        }
        if (secret->env == NULL && (secret->fd < 0 || secret->fd == 1 || secret->fd == 2 ||
                                    secret->fd > SPAWN_FD_MAX)) {
            return err_set (err, FARRIER_E_INVALID, "a secret cannot go to descriptor %d",
                            secret->fd);
        }
        if (secret->env != NULL) {
            buf_printf (ret, "e:%s=", secret->env);
        } else {
            buf_printf (ret, "f:%d=", secret->fd);
        }
        buf_append (ret, secret->value, strlen (secret->value) + 1);
    }
    return 0;
}

/* farrier-spawn DIR, with the secrets on descriptor 0 and its report on 1. */
static int32_t
launch (const char *spawn_path, const char *dir, int secrets_fd, int report_fd, pid_t *ret_pid,
        struct err *err)
{
    char *argv[] = { (char *) spawn_path, (char *) dir, NULL };
    char *env[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C", NULL };
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    sigset_t none, all;

    sigemptyset (&none);
    sigfillset (&all);
    posix_spawnattr_init (&attr);
    posix_spawnattr_setflags (&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask (&attr, &none);
    posix_spawnattr_setsigdefault (&attr, &all);
    posix_spawn_file_actions_init (&actions);
    posix_spawn_file_actions_adddup2 (&actions, secrets_fd, 0);
    posix_spawn_file_actions_adddup2 (&actions, report_fd, 1);
    int rc = posix_spawn (ret_pid, spawn_path, &actions, &attr, argv, env);
    posix_spawn_file_actions_destroy (&actions);
    posix_spawnattr_destroy (&attr);
    return rc == 0 ? 0 : cannot_run (spawn_path, rc, err);
}

static void
send_secrets (int fd, const struct buf *secrets)
{
    size_t sent = 0;

    while (sent < secrets->len) {
        ssize_t n = send (fd, secrets->data + sent, secrets->len - sent, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR) {
            return;                /* farrier-spawn is gone: its report tells */
        }
        sent += n > 0 ? (size_t) n : 0;
    }
}

/* "ok", or a code and a message. */
static int32_t
read_report (int fd, const char *dir, struct err *err)
{
    char text[600];
    size_t len = 0;
    ssize_t n;

    while ((n = read (fd, text + len, sizeof text - 1 - len)) != 0) {
        if (n > 0) {
            len += (size_t) n;
        } else if (errno != EINTR) {
            break;
        }
    }
    text[len] = '\0';
    str_trim (text);
    if (str_eq (text, "ok")) {
        return 0;
    }
    char *message;
    long code = strtol (text, &message, 10);
    if (code >= 0) {
        return err_set (err, FARRIER_E_INTERNAL, "farrier-spawn ended without a word in %s", dir);
    }
    return err_set (err, (int32_t) code, "%s", str_trim (message));
}

static int32_t
hand_over (const char *dir, const struct spawn_spec *spec, const struct buf *secrets,
           struct err *err)
{
    int channel[2], report[2];
    pid_t pid;

    if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel) != 0) {
        return err_set_errno (err, ERR_IO, errno, "cannot make a socket for %s", dir);
    }
    if (pipe2 (report, O_CLOEXEC) != 0) {
        int errnum = errno;
        close (channel[0]);
        close (channel[1]);
        return err_set_errno (err, ERR_IO, errnum, "cannot make a pipe for %s", dir);
    }
    int32_t code = launch (spec->spawn_path, dir, channel[1], report[1], &pid, err);
    close (channel[1]);
    close (report[1]);
    if (code == 0) {
        send_secrets (channel[0], secrets);
    }
    close (channel[0]);
    if (code == 0) {
        code = read_report (report[0], dir, err);
        /* The program we started ends as soon as it has left the supervisor behind. */
        while (waitpid (pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    close (report[0]);
    return code;
}

int32_t
spawn_start (const char *dir, const struct spawn_spec *spec, const struct spawn_secret *secrets,
             size_t secret_count, struct err *err)
{
    struct buf encoded = { 0 };
    struct spawn_status status;
    int32_t code = check_spec (spec, err);

    if (code == 0 && dir[0] != '/') {
        code = err_set (err, FARRIER_E_INVALID, "an attempt's directory is absolute, not '%s'",
                        dir);
    }
    if (code == 0) {
        code = encode_secrets (secrets, secret_count, &encoded, err);
    }
    if (code == 0) {
        code = spawn_status (dir, &status, err);
    }
    if (code == 0 && status.state != SPAWN_NOT_STARTED) {
        code = err_set (err, ERR_EXISTS, "%s had its tool already", dir);
    }
    if (code == 0) {
        code = make_dirs (dir, spec, err);
    }
    if (code == 0) {
        code = write_stdin (dir, spec, err);
    }
    if (code == 0) {
        code = write_spec (dir, spec, err);
    }
    if (code == 0) {
        code = hand_over (dir, spec, &encoded, err);
    }
    buf_wipe_free (&encoded);
    return code;
}
