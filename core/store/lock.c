/* lock: see lock.h. flock, so that the lock is the open file's and ends with its process.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/str.h"

static pid_t
read_pid (int fd)
{
    char text[32];
    int64_t pid;
    ssize_t len = pread (fd, text, sizeof text - 1, 0);

    if (len <= 0) {
        return 0;
    }
    text[len] = '\0';
    return str_to_i64 (str_trim (text), &pid) && pid > 0 ? (pid_t) pid : 0;
}

/* A lock of the open file, as flock() makes one, but one that can also be asked for: whoever only
 * looks (F_OFD_GETLK) never stands in the way of a writer that starts at that moment. */
static struct flock
whole_file (void)
{
    return (struct flock) { .l_type = F_WRLCK, .l_whence = SEEK_SET };
}

static int32_t
write_pid (int fd, const char *path, struct err *err)
{
    char text[32];
    size_t len = str_format (text, sizeof text, "%ld\n", (long) getpid ());
    ssize_t done = pwrite (fd, text, len, 0);

    if (done != (ssize_t) len || ftruncate (fd, (off_t) len) != 0) {
        int errnum = done >= 0 && done != (ssize_t) len ? ENOSPC : errno;
        err_set_errno (err, errnum == ENOSPC ? FARRIER_E_NO_SPACE : ERR_IO, errnum,
                       "cannot write %s", path);
        err_hint (err, "free some space on its file system");
        return errnum == ENOSPC ? FARRIER_E_NO_SPACE : ERR_IO;
    }
    return 0;
}

int32_t
lock_take (const char *path, int *ret_fd, bool *ret_held, pid_t *ret_pid, struct err *err)
{
    int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0) {
        err_set_errno (err, ERR_IO, errno, "cannot write %s", path);
        err_hint (err, "mount its file system writable, or give this user the right to write");
        return ERR_IO;
    }
    struct flock wanted = whole_file ();
    if (fcntl (fd, F_OFD_SETLK, &wanted) != 0) {
        int errnum = errno;
        if (errnum == EAGAIN || errnum == EACCES) {
            *ret_pid = read_pid (fd);
            *ret_held = false;
            close (fd);
            return 0;
        }
        close (fd);
        return err_set_errno (err, ERR_IO, errnum, "cannot lock %s", path);
    }
    int32_t code = write_pid (fd, path, err);
    if (code != 0) {
        close (fd);
        return code;
    }
    *ret_fd = fd;
    *ret_held = true;
    return 0;
}

pid_t
lock_holder (const char *path)
{
    int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    pid_t pid = 0;

    if (fd < 0) {
        return 0;
    }
    /* Asked for a shared lock, the kernel names an exclusive one; the descriptor is read-only. */
    struct flock held = whole_file ();
    held.l_type = F_RDLCK;
    if (fcntl (fd, F_OFD_GETLK, &held) == 0 && held.l_type != F_UNLCK) {
        pid = read_pid (fd);
    }
    close (fd);
    return pid;
}
