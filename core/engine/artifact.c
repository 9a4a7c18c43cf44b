/* artifact: see artifact.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "engine/artifact.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/answer.h"
#include "engine/turn.h"
#include "fleet/seal.h"
#include "repo/reader.h"
#include "repo/repo.h"

static int32_t
check_name (const char *name, struct err *err)
{
    if (fs_plain_name (name))
        return 0;
    return err_set (err, FARRIER_E_INVALID,
                    "artifact name '%s' may have letters, digits, '.', '_' and '-' only",
                    name == NULL ? "" : name);
}

static char *
file_of (struct engine *engine, const char *job_id, const char *name)
{
    return str_printf ("%s/%s/%s.sealed", engine->o.artifact_dir, job_id, name);
}

char *
artifact_download_path (struct engine *engine, const char *job_id, const char *name)
{
    char *dir = str_printf ("%s/%s", engine->o.artifact_dir, job_id);
    fs_mkdirs (dir, 0700, NULL);
    char *path = str_printf ("%s/%s.download", dir, name);
    mem_free (dir);
    return path;
}

static int32_t
put_row (struct engine *engine, const char *job_id, const char *host_id, const char *name,
         const char *path, const void *bytes, size_t len, struct err *err)
{
    char digest[HASH_SHA256_HEX];
    hash_sha256_hex (bytes, len, digest);
    char *id = str_printf ("art-%s-%s", job_id, name);
    struct store_artifact row = {
        .id = id, .job_id = (char *) job_id, .host_id = (char *) host_id, .name = (char *) name,
        .path = (char *) path, .sha256 = digest, .size_bytes = (int64_t) len,
        .created_ms = clock_wall_ms (),
    };
    struct store_batch *b = store_batch_new (NULL);
    store_batch_artifact_put (b, &row);
    mem_free (id);
    return store_commit (engine->o.store, b, STORE_NORMAL, err);
}

int32_t
artifact_write (struct engine *engine, const char *job_id, const char *host_id, const char *name,
                const void *bytes, size_t len, struct err *err)
{
    int32_t rc = check_name (name, err);
    if (rc == 0 && len > ARTIFACT_MAX_BYTES)
        rc = err_set (err, FARRIER_E_NO_SPACE, "artifact '%s' has %zu bytes, %u are allowed", name,
                      len, ARTIFACT_MAX_BYTES);
    if (rc != 0)
        return rc;
    char *dir = str_printf ("%s/%s", engine->o.artifact_dir, job_id);
    char *path = file_of (engine, job_id, name);
    void *sealed = NULL;
    size_t sealed_size = 0;
    struct seal_place place = { SEAL_ARTIFACT, "artifact", job_id, name };
    rc = seal_bytes (engine->o.key, &place, bytes, len, &sealed, &sealed_size, err);
    if (rc == 0)
        rc = fs_mkdirs (dir, 0700, err);
    if (rc == 0)
        rc = fs_write_atomic (path, sealed, sealed_size, 0600, err);
    if (rc == 0)
        rc = put_row (engine, job_id, host_id, name, path, bytes, len, err);
    mem_free (sealed);
    mem_free (path);
    mem_free (dir);
    return rc;
}

int32_t
artifact_read (struct engine *engine, const char *job_id, const char *name, struct buf *ret,
               struct err *err)
{
    int32_t rc = check_name (name, err);
    if (rc != 0)
        return rc;
    struct buf sealed = { 0 };
    char *path = file_of (engine, job_id, name);
    struct seal_place place = { SEAL_ARTIFACT, "artifact", job_id, name };
    rc = fs_read (path, ARTIFACT_MAX_BYTES + 4096, &sealed, err);
    if (rc == 0)
        rc = unseal_bytes (engine->o.key, &place, sealed.data, sealed.len, ret, err);
    buf_free (&sealed);
    mem_free (path);
    return rc;
}

void
artifact_keep_download (struct turn *t, struct answer *answer)
{
    struct err err;
    struct buf bytes = { 0 };
    json_t *spec = json_parse (t->await->spec_json, strlen (t->await->spec_json), NULL);
    const char *name = json_str_or (spec, "/artifact", "");
    char *path = artifact_download_path (t->engine, t->job->id, name);
    int32_t rc = fs_read (path, ARTIFACT_MAX_BYTES, &bytes, &err);
    if (rc == 0)
        rc = artifact_write (t->engine, t->job->id, t->row->host_id, name, bytes.data, bytes.len,
                             &err);
    unlink (path);                     /* plaintext does not stay */
    if (rc != 0)
        answer_fail (answer, rc == FARRIER_E_NO_SPACE ? rc : FARRIER_E_INTERNAL, err.message,
                     err.hint);
    buf_wipe_free (&bytes);
    mem_free (path);
    json_decref (spec);
}

struct held {
    struct buf bytes;
    char *filename;
};

static int64_t
held_read (void *arg, uint64_t offset, void *buf, size_t len, struct err *err)
{
    const struct held *h = arg;
    (void) err;
    if (offset >= h->bytes.len)
        return 0;
    size_t n = h->bytes.len - offset < len ? h->bytes.len - offset : len;
    memcpy (buf, h->bytes.data + offset, n);
    return (int64_t) n;
}

static void
held_close (void *arg)
{
    struct held *h = arg;
    buf_wipe_free (&h->bytes);
    mem_free (h->filename);
    mem_free (h);
}

static void
hold (struct held *h, struct transfer_part *part)
{
    part->kind = TRANSFER_READER;
    part->reader = (struct transfer_reader) {
        .size_bytes = h->bytes.len, .read = held_read, .close = held_close, .arg = h,
    };
}

int32_t
artifact_part (struct engine *engine, const char *job_id, const char *name,
               struct transfer_part *part, struct err *err)
{
    struct held *h = mem_alloc (sizeof *h);
    int32_t rc = artifact_read (engine, job_id, name, &h->bytes, err);
    if (rc != 0) {
        mem_free (h);
        return rc;
    }
    hold (h, part);
    if (part->filename == NULL)
        part->filename = name;
    return 0;
}

int32_t
artifact_attachment_part (struct engine *engine, const char *sha256, const char *name,
                          struct transfer_part *part, struct err *err)
{
    struct image image = { 0 };
    int32_t rc = repo_get (engine->o.repo, sha256, &image, err);
    if (rc != 0)
        return rc;
    const struct image_attachment *a =
        image_attachment_find (image.attachments, image.attachment_count, name);
    if (a == NULL) {
        rc = err_set (err, FARRIER_E_INVALID, "image %s has no attachment '%s'", image.name, name);
        err_hint (err, "import it again with a sidecar that names the attachment");
    } else {
        struct held *h = mem_alloc (sizeof *h);
        buf_append (&h->bytes, a->bytes, a->len);
        h->filename = str_dup (a->filename);
        hold (h, part);
        if (part->filename != NULL && part->filename[0] == '\0')
            part->filename = h->filename;
    }
    image_clear (&image);
    return rc;
}

/* --- images for vendor tools ---------------------------------------------------------------- */

static int32_t
copy_image (struct reader *reader, int fd, struct err *err)
{
    char chunk[64 * 1024];
    uint64_t offset = 0;
    ssize_t n;
    while ((n = reader_pread (reader, chunk, sizeof chunk, offset)) > 0) {
        int32_t rc = fs_write_all (fd, chunk, (size_t) n);
        if (rc != 0)
            return err_set_errno (err, rc == -ENOSPC ? FARRIER_E_NO_SPACE : ERR_IO, -rc,
                                  "a private copy of image %s", reader_sha256 (reader));
        offset += (uint64_t) n;
    }
    if (n < 0)
        return err_set_errno (err, ERR_IO, (int) -n, "image %s", reader_sha256 (reader));
    return 0;
}

int32_t
artifact_copy_image (struct engine *engine, const char *sha256, const char *path, struct err *err)
{
    struct reader *reader;
    int32_t rc = reader_open (engine->o.repo, sha256, &reader, err);
    if (rc != 0)
        return rc;
    int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        rc = err_set_errno (err, ERR_IO, errno, "%s", path);
    if (rc == 0)
        rc = copy_image (reader, fd, err);
    if (fd >= 0)
        close (fd);
    reader_unref (reader);
    return rc;
}

int32_t
artifact_materialise (struct engine *engine, const char *attempt_id, const char *sha256,
                      const char *name, char **ret_path, struct err *err)
{
    char *dir = str_printf ("%s/%s/image", engine->o.run_dir, attempt_id);
    char *path = fs_join (dir, fs_basename (name));
    int32_t rc = fs_mkdirs (dir, 0700, err);
    if (rc == 0)
        rc = artifact_copy_image (engine, sha256, path, err);
    mem_free (dir);
    if (rc == 0)
        *ret_path = path;
    else
        mem_free (path);
    return rc;
}
