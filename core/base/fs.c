/* fs: see fs.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "base/fs.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"

#define SECRET_MAX_BYTES (64 * 1024)

char *
fs_join (const char *dir, const char *name)
{
    if (name[0] == '/' || str_empty (dir)) {
        return str_dup (name);
    }
    return str_printf ("%s%s%s", dir, str_ends (dir, "/") ? "" : "/", name);
}

const char *
fs_basename (const char *path)
{
    const char *slash = strrchr (path, '/');

    return slash == NULL ? path : slash + 1;
}

bool
fs_plain_name (const char *name)
{
    const char *at = name;

    if (str_empty (name) || name[0] == '.' || strlen (name) > 128) {
        return false;
    }
    while (isalnum ((unsigned char) *at) || (*at != '\0' && strchr ("._-", *at) != NULL)) {
        at++;
    }
    return *at == '\0';
}

static char *
parent_of (const char *path)
{
    const char *slash = strrchr (path, '/');

    if (slash == NULL) {
        return str_dup (".");
    }
    return slash == path ? str_dup ("/") : str_ndup (path, (size_t) (slash - path));
}

bool
fs_exists (const char *path)
{
    struct stat st;

    return stat (path, &st) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

int32_t
fs_mkdirs (const char *path, mode_t mode, struct err *err)
{
    char *copy = str_dup (path);
    struct stat st;
    int32_t rc = 0;

    for (char *p = copy; rc == 0 && *p != '\0';) {
        char *end = strchrnul (p + 1, '/'), kept = *end;

        *end = '\0';
        if (mkdir (copy, mode) != 0 && errno != EEXIST) {
            /* A read-only parent that is there already says EROFS or EACCES. */
            int why = errno;

            if (stat (copy, &st) != 0) {
                rc = err_set_errno (err, ERR_IO, why, "cannot make the folder %s", copy);
            }
        }
        *end = kept;
        p = end;
    }
    if (rc == 0 && (stat (path, &st) != 0 || !S_ISDIR (st.st_mode))) {
        rc = err_set (err, ERR_IO, "%s is needed as a folder, but it is something else", path);
    }
    mem_free (copy);
    return rc;
}

static int32_t
read_fd (int fd, const char *path, size_t max_bytes, struct buf *ret, struct err *err)
{
    struct buf b = { 0 };
    struct stat st;

    if (fstat (fd, &st) != 0 || S_ISDIR (st.st_mode)) {
        return err_set (err, ERR_IO, "cannot read %s: it is a folder", path);
    }
    for (;;) {
        ssize_t got;

        buf_reserve (&b, 16384);
        got = read (fd, b.data + b.len, b.capacity - b.len - 1);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            int why = errno;

            buf_wipe_free (&b);
            return err_set_errno (err, ERR_IO, why, "cannot read %s", path);
        }
        if (got == 0) {
            break;
        }
        b.len += (size_t) got;
        b.data[b.len] = '\0';
        if (b.len > max_bytes) {
            buf_wipe_free (&b);
            return err_set (err, FARRIER_E_INVALID, "%s is larger than the %zu bytes allowed here",
                            path, max_bytes);
        }
    }
    buf_append (ret, b.data, b.len);
    buf_wipe_free (&b);
    return 0;
}

int32_t
fs_read (const char *path, size_t max_bytes, struct buf *ret, struct err *err)
{
    int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    int32_t rc;

    if (fd < 0) {
        return err_set_errno (err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno,
                              "cannot open %s", path);
    }
    rc = read_fd (fd, path, max_bytes, ret, err);
    close (fd);
    return rc;
}

int32_t
fs_write_all (int fd, const void *bytes, size_t len)
{
    const char *at = bytes;

    while (len > 0) {
        ssize_t put = write (fd, at, len);

        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put < 0) {
            return -errno;
        }
        at += put;
        len -= (size_t) put;
    }
    return 0;
}

int32_t
fs_sync_dir (const char *dir, struct err *err)
{
    int fd = open (dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int why = 0;

    if (fd < 0) {
        return err_set_errno (err, ERR_IO, errno, "cannot open the folder %s", dir);
    }
    /* Some file systems cannot sync a folder and say EINVAL: nothing to be had there. */
    if (fsync (fd) != 0 && errno != EINVAL) {
        why = errno;
    }
    close (fd);
    return why == 0 ? 0 : err_set_errno (err, ERR_IO, why, "cannot sync the folder %s", dir);
}

/* Writes, syncs and closes fd; 0 or the errno. */
static int
write_and_close (int fd, const void *bytes, size_t len, mode_t mode)
{
    int why = -fs_write_all (fd, bytes, len);

    if (why == 0 && fchmod (fd, mode) != 0) {
        why = errno;
    }
    if (why == 0 && fsync (fd) != 0) {
        why = errno;
    }
    if (close (fd) != 0 && why == 0) {
        why = errno;
    }
    return why;
}

int32_t
fs_write_atomic (const char *path, const void *bytes, size_t len, mode_t mode, struct err *err)
{
    char *dir = parent_of (path), *id = hash_random_id ("new");
    char *temporary = str_printf ("%s/.%s.%s", dir, fs_basename (path), id);
    int fd = open (temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    int why = fd < 0 ? errno : write_and_close (fd, bytes, len, mode);
    int32_t rc = 0;

    if (why == 0 && rename (temporary, path) != 0) {
        why = errno;
    }
    if (why != 0) {
        if (fd >= 0) {
            unlink (temporary);
        }
        rc = err_set_errno (err, why == ENOSPC ? FARRIER_E_NO_SPACE : ERR_IO, why,
                            "cannot write %s", path);
    } else {
        rc = fs_sync_dir (dir, err);
    }
    mem_free (temporary);
    mem_free (id);
    mem_free (dir);
    return rc;
}

static int
compare_strings (const void *a, const void *b)
{
    return strcmp (a, b);
}

int32_t
fs_list (const char *dir, const char *suffix, struct vec *ret_paths, struct err *err)
{
    struct vec found = { 0 };
    struct dirent *e;
    DIR *d = opendir (dir);

    if (d == NULL) {
        return errno == ENOENT ? 0
            : err_set_errno (err, ERR_IO, errno, "cannot read the folder %s", dir);
    }
    while ((e = readdir (d)) != NULL) {
        if (e->d_name[0] != '.' && (suffix == NULL || str_ends (e->d_name, suffix))) {
            vec_push (&found, fs_join (dir, e->d_name));
        }
    }
    closedir (d);
    vec_sort (&found, compare_strings);
    for (size_t i = 0; i < found.count; i++) {
        vec_push (ret_paths, found.items[i]);
    }
    vec_free (&found);
    return 0;
}

/* Removes name from the open folder parent, by descriptor: a link is removed, never followed. */
static int
remove_at (int parent, const char *name)
{
    struct dirent *e;
    int fd, why = 0;
    DIR *d;

    if (unlinkat (parent, name, 0) == 0 || errno == ENOENT) {
        return 0;
    }
    if (errno != EISDIR && errno != EPERM) {
        return errno;
    }
    fd = openat (parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    d = fd < 0 ? NULL : fdopendir (fd);
    if (d == NULL) {
        why = errno;
        if (fd >= 0) {
            close (fd);
        }
        return why;
    }
    while (why == 0 && (e = readdir (d)) != NULL) {
        if (strcmp (e->d_name, ".") != 0 && strcmp (e->d_name, "..") != 0) {
            why = remove_at (dirfd (d), e->d_name);
        }
    }
    closedir (d);
    if (why == 0 && unlinkat (parent, name, AT_REMOVEDIR) != 0 && errno != ENOENT) {
        why = errno;
    }
    return why;
}

int32_t
fs_remove_tree (const char *path, struct err *err)
{
    int why = remove_at (AT_FDCWD, path);

    return why == 0 ? 0 : err_set_errno (err, ERR_IO, why, "cannot remove %s", path);
}

int32_t
fs_read_secret (const char *path, struct buf *ret, struct err *err)
{
    int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct buf b = { 0 };
    struct stat st;
    int32_t rc;

    if (fd < 0) {
        return err_set_errno (err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno,
                              "cannot open the secret file %s", path);
    }
    if (fstat (fd, &st) == 0 && S_ISREG (st.st_mode) && (st.st_mode & 0077) != 0) {
        rc = err_set (err, ERR_POLICY, "the secret file %s has mode %04o, so that others may "
                      "read or change it; 0600 is allowed", path, (unsigned) (st.st_mode & 07777));
        err_hint (err, "chmod 600 %s", path);
    } else {
        rc = read_fd (fd, path, SECRET_MAX_BYTES, &b, err);
    }
    close (fd);
    if (rc == 0) {
        while (b.len > 0 && (b.data[b.len - 1] == '\n' || b.data[b.len - 1] == '\r')) {
            b.len--;
        }
        buf_append (ret, b.data, b.len);
    }
    buf_wipe_free (&b);
    return rc;
}
