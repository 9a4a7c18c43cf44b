/* process_files: see process_files.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "engine/process_files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/answer.h"
#include "engine/artifact.h"
#include "engine/engine_private.h"
#include "engine/spawn.h"
#include "engine/turn.h"

static const char *
nth (const json_t *pair, size_t i)
{
    return json_string_value (json_array_get (pair, i));
}

static int32_t
put_input (struct engine *engine, const char *job_id, const char *work, const json_t *pair,
           struct err *err)
{
    struct buf bytes = { 0 };
    char *path = fs_join (work, nth (pair, 0));
    int32_t rc = artifact_read (engine, job_id, nth (pair, 1), &bytes, err);
    if (rc == 0)
        rc = fs_write_atomic (path, bytes.data == NULL ? "" : bytes.data, bytes.len, 0600, err);
    else
        err_prefix (err, "input '%s'", nth (pair, 0));
    buf_wipe_free (&bytes);
    mem_free (path);
    return rc;
}

int32_t
process_files_put (struct engine *engine, const char *job_id, const char *dir, const json_t *spec,
                   bool *ret_stdin, struct err *err)
{
    const json_t *inputs = json_object_get (spec, "inputs");
    const char *image = json_str (spec, "/stdin_sha256");
    char *work = fs_join (dir, "work"), *stdin_file = fs_join (dir, "stdin");
    int32_t rc = 0;
    if (json_array_size (inputs) > 0 || image != NULL)
        rc = fs_mkdirs (work, 0700, err);
    for (size_t i = 0; i < json_array_size (inputs) && rc == 0; i++)
        rc = put_input (engine, job_id, work, json_array_get (inputs, i), err);
    if (rc == 0 && image != NULL)
        rc = artifact_copy_image (engine, image, stdin_file, err);
    *ret_stdin = rc == 0 && image != NULL;
    mem_free (work);
    mem_free (stdin_file);
    return rc;
}

/* The tool may be anything, and the daemon may read more than it: a link is not followed. *ret_fd
 * -1: nothing is there. */
static int32_t
open_output (int work_fd, const char *name, int *ret_fd, struct err *err)
{
    struct stat st;
    *ret_fd = openat (work_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (*ret_fd < 0 && errno == ENOENT)
        return 0;
    if (*ret_fd < 0 || fstat (*ret_fd, &st) != 0 || !S_ISREG (st.st_mode)) {
        if (*ret_fd >= 0)
            close (*ret_fd);
        return err_set (err, FARRIER_E_INVALID, "output '%s' of the program is no regular file",
                        name);
    }
    if (st.st_size > (off_t) ARTIFACT_MAX_BYTES) {
        close (*ret_fd);
        return err_set (err, FARRIER_E_NO_SPACE, "output '%s' of the program has %lld bytes, %u "
                        "are kept", name, (long long) st.st_size, ARTIFACT_MAX_BYTES);
    }
    return 0;
}

static int32_t
read_output (int fd, const char *name, struct buf *ret, struct err *err)
{
    char chunk[16384];
    ssize_t n;
    while ((n = read (fd, chunk, sizeof chunk)) > 0 && ret->len <= ARTIFACT_MAX_BYTES)
        buf_append (ret, chunk, (size_t) n);
    return n < 0 ? err_set_errno (err, ERR_IO, errno, "output '%s' of the program", name) : 0;
}

static int32_t
keep_output (struct engine *engine, const char *job_id, const char *host_id, int work_fd,
             const json_t *pair, struct err *err)
{
    struct buf bytes = { 0 };
    int fd;
    int32_t rc = open_output (work_fd, nth (pair, 0), &fd, err);
    if (rc != 0 || fd < 0)
        return rc;
    rc = read_output (fd, nth (pair, 0), &bytes, err);
    close (fd);
    if (rc == 0)
        rc = artifact_write (engine, job_id, host_id, nth (pair, 1),
                             bytes.data == NULL ? "" : bytes.data, bytes.len, err);
    buf_wipe_free (&bytes);
    return rc;
}

int32_t
process_files_keep (struct engine *engine, const char *job_id, const char *host_id,
                    const char *dir, const json_t *spec, struct err *err)
{
    const json_t *outputs = json_object_get (spec, "outputs");
    int32_t rc = 0;
    if (json_array_size (outputs) == 0)
        return 0;
    char *work = fs_join (dir, "work");
    int fd = open (work, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        rc = err_set_errno (err, ERR_IO, errno, "%s", work);
    for (size_t i = 0; i < json_array_size (outputs) && rc == 0; i++)
        rc = keep_output (engine, job_id, host_id, fd, json_array_get (outputs, i), err);
    if (fd >= 0)
        close (fd);
    mem_free (work);
    return rc;
}

void
process_files_keep_for (struct turn *t, struct answer *answer)
{
    struct err err;
    json_t *spec = json_parse (t->await->spec_json, strlen (t->await->spec_json), NULL);
    char *dir = str_printf ("%s/%s/%lld", t->engine->o.run_dir, t->await->attempt_id,
                            (long long) t->await->seq);
    int32_t rc = process_files_keep (t->engine, t->job->id, t->row->host_id, dir, spec, &err);
    if (rc != 0 && answer->code == FARRIER_OK)
        answer_fail (answer, rc < FARRIER_E_LAST_ ? FARRIER_E_INTERNAL : rc, err.message,
                     err.hint);
    else if (rc != 0)                  /* that the tool failed matters more */
        log_warn ("%s", err.message);
    mem_free (dir);
    json_decref (spec);
}
