/* policy: may this file be loaded at all, and from where.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "plugin/policy.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"

static bool
read_all (int fd, struct buf *ret)
{
    char chunk[65536];
    for (;;) {
        ssize_t n = read (fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0;
        buf_append (ret, chunk, (size_t) n);
        if (ret->len > POLICY_FILE_MAX) {
            errno = EFBIG;
            return false;
        }
    }
}

static void
unreadable (const char *file, int error, struct fault_list *faults)
{
    fault_add (faults, PLUGIN_FAULT_OPEN, "%s can't be read by user %u: %s", file,
               (unsigned) geteuid (), strerror (error));
    fault_hint (faults, "ls -lL %s", file);
}

static const char *
kind_of (mode_t mode)
{
    return S_ISDIR (mode) ? "a directory" : S_ISFIFO (mode) ? "a FIFO"
           : S_ISSOCK (mode) ? "a socket" : S_ISBLK (mode) ? "a block device"
           : S_ISCHR (mode) ? "a character device" : "something else";
}

/* A FIFO would block, a device do what devices do when they are opened. */
static bool
is_regular (const char *file, const struct stat *st, struct fault_list *faults)
{
    if (!S_ISREG (st->st_mode)) {
        fault_add (faults, PLUGIN_FAULT_NOT_REGULAR, "%s is %s, must be a regular file", file,
                   kind_of (st->st_mode));
        fault_hint (faults, "remove it, or install the plugin's package again");
        return false;
    }
    if (st->st_size > (off_t) POLICY_FILE_MAX) {
        fault_add (faults, PLUGIN_FAULT_TOO_LARGE, "%s has %lld bytes, at most %u are read", file,
                   (long long) st->st_size, POLICY_FILE_MAX);
        fault_hint (faults, "strip %s, or install the plugin's package again", file);
        return false;
    }
    return true;
}

bool
policy_read (const char *file, struct buf *ret, struct stat *ret_st, struct fault_list *faults)
{
    if (stat (file, ret_st) != 0) {
        unreadable (file, errno, faults);
        return false;
    }
    if (!is_regular (file, ret_st, faults))
        return false;
    int fd = open (file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat (fd, ret_st) != 0 || !read_all (fd, ret)) {
        unreadable (file, errno, faults);
        if (fd >= 0)
            close (fd);
        return false;
    }
    close (fd);
    return is_regular (file, ret_st, faults);
}

static bool
others_write (const struct stat *st)
{
    if ((st->st_mode & S_IWOTH) != 0 && (st->st_mode & S_ISVTX) == 0)
        return true;
    return (st->st_mode & S_IWGRP) != 0 && st->st_gid != 0;
}

static bool
owner_trusted (const struct stat *st)
{
    return st->st_uid == 0 || st->st_uid == geteuid ();
}

bool
policy_file (const char *file, const struct stat *st, struct fault_list *faults)
{
    size_t before = faults->count;
    if (others_write (st)) {
        fault_add (faults, PLUGIN_FAULT_WRITABLE,
                   "the file's mode is %04o: others may write to it, must be %04o",
                   (unsigned) (st->st_mode & 07777), (unsigned) (st->st_mode & 07755));
        fault_hint (faults, "chmod go-w %s", file);
    }
    if (!owner_trusted (st)) {
        fault_add (faults, PLUGIN_FAULT_OWNER,
                   "the file belongs to user %u, must be root or %u, who runs farrier",
                   (unsigned) st->st_uid, (unsigned) geteuid ());
        fault_hint (faults, "chown root: %s", file);
    }
    return faults->count == before;
}

bool
policy_folder (const char *file, struct fault_list *faults)
{
    size_t before = faults->count;
    char *dir = str_ndup (file, (size_t) (fs_basename (file) - file));
    const char *path = dir[0] == '\0' ? "." : dir;
    struct stat st;
    if (stat (path, &st) == 0 && (others_write (&st) || !owner_trusted (&st))) {
        fault_add (faults, PLUGIN_FAULT_DIR_WRITABLE,
                   "its directory %s has mode %04o and owner %u: others may replace the file; must "
                   "be %04o and root or %u", path, (unsigned) (st.st_mode & 07777),
                   (unsigned) st.st_uid, (unsigned) (st.st_mode & 07755), (unsigned) geteuid ());
        fault_hint (faults, "chown root: %s; chmod go-w %s", path, path);
    }
    mem_free (dir);
    return faults->count == before;
}

bool
policy_digest (const struct plugin_config *config, const char *sha256, struct fault_list *faults)
{
    if (config->sha256_count == 0)
        return true;
    for (size_t i = 0; i < config->sha256_count; i++)
        if (str_case_eq (config->sha256[i], sha256))
            return true;
    fault_add (faults, PLUGIN_FAULT_DIGEST, "its sha256 is %s, the allow-list of %s begins with %s",
               sha256, config->file, config->sha256[0]);
    fault_hint (faults, "add the digest to sha256 in %s when this build is wanted", config->file);
    return false;
}

int
policy_private_copy (const char *name, const char *build, const struct buf *bytes,
                     struct fault_list *faults)
{
    char label[128];
    str_format (label, sizeof label, "farrier-plugin-%s-%.40s", name, build);
    int fd = memfd_create (label, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int32_t rc = fd < 0 ? -errno : fs_write_all (fd, bytes->data, bytes->len);
    if (rc == 0
        && fcntl (fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0)
        rc = -errno;
    if (rc == 0)
        return fd;
    fault_add (faults, PLUGIN_FAULT_COPY, "a private copy of %zu bytes can't be made: %s",
               bytes->len, strerror (-rc));
    fault_hint (faults, "free memory, or raise the limit of file descriptors (ulimit -n)");
    if (fd >= 0)
        close (fd);
    return -1;
}
