/* sim_image: reads and makes the firmware files of the simulator.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "sim_image.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "sim_latency.h"

#define MAGIC "FARRIER-SIM-FIRMWARE 1\n"
#define CHUNK_SIZE 65536

struct check {
    uint64_t h;
    unsigned char rest[8];
    size_t rest_len;
};

struct sim_image_reader {
    struct hash *hash;
    int64_t size_bytes;
    char header[SIM_IMAGE_HEADER_MAX + 1];
    size_t header_len;
    bool in_payload;
    struct check check;
};

static uint64_t
word_at (const unsigned char *p)
{
    uint64_t w = 0;

    for (int i = 7; i >= 0; i--)
        w = w << 8 | p[i];
    return w;
}

static void
check_word (struct check *c, uint64_t w)
{
    c->h = ((c->h << 27 | c->h >> 37) ^ w) * 0x9E3779B97F4A7C15u;
}

static void
check_feed (struct check *c, const unsigned char *p, size_t len)
{
    while (len > 0 && (c->rest_len > 0 || len < 8)) {
        c->rest[c->rest_len++] = *p++;
        len--;
        if (c->rest_len == 8) {
            check_word (c, word_at (c->rest));
            c->rest_len = 0;
        }
    }
    for (; len >= 8; p += 8, len -= 8)
        check_word (c, word_at (p));
    memcpy (c->rest + c->rest_len, p, len);
    c->rest_len += len;
}

static uint64_t
check_final (struct check *c)
{
    if (c->rest_len > 0) {
        memset (c->rest + c->rest_len, 0, 8 - c->rest_len);
        check_word (c, word_at (c->rest));
        c->rest_len = 0;
    }
    return c->h;
}

struct sim_image_reader *
sim_image_reader_new (void)
{
    struct sim_image_reader *r = mem_alloc (sizeof *r);

    r->hash = hash_new ();
    return r;
}

void
sim_image_reader_free (struct sim_image_reader *r)
{
    if (r == NULL)
        return;
    hash_free (r->hash);
    mem_free (r);
}

void
sim_image_reader_feed (struct sim_image_reader *r, const void *bytes, size_t len)
{
    const char *p = bytes;

    hash_update (r->hash, bytes, len);
    r->size_bytes += (int64_t) len;
    /* Byte by byte: the header is short, and its end may fall between two reads. */
    while (!r->in_payload && len > 0 && r->header_len < SIM_IMAGE_HEADER_MAX) {
        r->header[r->header_len++] = *p++;
        len--;
        r->in_payload = r->header_len > 2 && memcmp (r->header + r->header_len - 2, "\n\n", 2) == 0;
    }
    if (r->in_payload)
        check_feed (&r->check, (const unsigned char *) p, len);
}

static void
header_value (const char *header, const char *key, char *ret, size_t ret_size)
{
    const char *p = strstr (header, key);

    *ret = '\0';
    if (p == NULL)
        return;
    p += strlen (key);
    size_t len = strcspn (p, "\n");
    if (len < ret_size) {
        memcpy (ret, p, len);
        ret[len] = '\0';
    }
}

static bool
judge (struct sim_image_reader *r, struct sim_image *ret)
{
    char size[24], check[24], expected[24];
    int64_t size_bytes;

    if (!r->in_payload || strncmp (r->header, MAGIC, strlen (MAGIC)) != 0
        || memchr (r->header, '\0', r->header_len) != NULL) {
        str_copy (ret->problem, sizeof ret->problem, "not a firmware file of the simulator");
        return false;
    }
    header_value (r->header, "\nmodel: ", ret->model, sizeof ret->model);
    header_value (r->header, "\ncomponent: ", ret->component, sizeof ret->component);
    header_value (r->header, "\nversion: ", ret->version, sizeof ret->version);
    header_value (r->header, "\nsize: ", size, sizeof size);
    header_value (r->header, "\ncheck: ", check, sizeof check);
    if (*ret->model == '\0' || *ret->component == '\0' || *ret->version == '\0'
        || !str_to_i64 (size, &size_bytes)) {
        str_copy (ret->problem, sizeof ret->problem,
                  "the header lacks model, component, version or size");
        return false;
    }
    if (size_bytes != r->size_bytes) {
        str_format (ret->problem, sizeof ret->problem,
                    "%" PRId64 " bytes arrived, the header says %" PRId64, r->size_bytes,
                    size_bytes);
        return false;
    }
    str_format (expected, sizeof expected, "%016" PRIx64, check_final (&r->check));
    if (strcmp (check, expected) != 0) {
        str_format (ret->problem, sizeof ret->problem,
                    "the payload is damaged: check %s, the header says %s", expected, check);
        return false;
    }
    return true;
}

void
sim_image_reader_finish (struct sim_image_reader *r, struct sim_image *ret)
{
    *ret = (struct sim_image){ .size_bytes = r->size_bytes };
    ret->valid = judge (r, ret);
    hash_final_hex (r->hash, ret->sha256);
    mem_free (r);
}

static uint64_t
recipe_state (const struct sim_image_recipe *recipe)
{
    char *text = str_printf ("%s/%s/%s", recipe->model, recipe->component, recipe->version);
    uint64_t state = hash_fnv1a (text) ^ recipe->seed;

    mem_free (text);
    return state;
}

static void
fill_chunk (unsigned char *chunk, size_t len, uint64_t *state)
{
    for (size_t i = 0; i < len; i += 8) {
        uint64_t w = sim_random_next (state);
        for (size_t k = 0; k < 8; k++)
            chunk[i + k] = (unsigned char) (w >> (8 * k));
    }
}

static size_t
write_header (const struct sim_image_recipe *recipe, uint64_t check, char *ret, size_t ret_size)
{
    return str_format (
        ret, ret_size,
        MAGIC "note: simulated firmware, not for real hardware\n"
              "model: %s\ncomponent: %s\nversion: %s\nsize: %" PRId64 "\ncheck: %016" PRIx64 "\n\n",
        recipe->model, recipe->component, recipe->version, recipe->size_bytes, check);
}

/* Gives the payload to the check, and to fd when that is not -1. Returns 0 or -errno. */
static int32_t
run_payload (const struct sim_image_recipe *recipe, size_t header_len, struct check *check, int fd)
{
    unsigned char *chunk = mem_alloc (CHUNK_SIZE);
    uint64_t state = recipe_state (recipe);
    int64_t left = recipe->size_bytes - (int64_t) header_len;
    int32_t rc = 0;

    while (left > 0 && rc == 0) {
        size_t len = left < CHUNK_SIZE ? (size_t) left : CHUNK_SIZE;
        fill_chunk (chunk, CHUNK_SIZE, &state);
        if (check != NULL)
            check_feed (check, chunk, len);
        if (fd >= 0)
            rc = fs_write_all (fd, chunk, len);
        left -= (int64_t) len;
    }
    mem_free (chunk);
    return rc;
}

static int32_t
check_recipe (const struct sim_image_recipe *recipe, struct err *err)
{
    const char *const parts[] = { recipe->model, recipe->component, recipe->version };
    static const size_t limits[] = { 31, 31, 63 };

    for (size_t i = 0; i < 3; i++)
        if (str_empty (parts[i]) || strlen (parts[i]) > limits[i]
            || strpbrk (parts[i], "\n\r") != NULL)
            return err_set (err, ERR_USAGE,
                            "model, component and version need 1 to 31 (version: 63) characters");
    if (recipe->size_bytes < SIM_IMAGE_HEADER_MAX || recipe->size_bytes > SIM_IMAGE_SIZE_MAX)
        return err_set (err, ERR_USAGE, "size is %" PRId64 " bytes, allowed are 1024 to 4294967296",
                        recipe->size_bytes);
    return 0;
}

int32_t
sim_image_write (const struct sim_image_recipe *recipe, const char *path, struct err *err)
{
    struct check check = { 0 };
    char header[SIM_IMAGE_HEADER_MAX];
    bool to_stdout = strcmp (path, "-") == 0;

    int32_t rc = check_recipe (recipe, err);
    if (rc < 0)
        return rc;
    /* The check has 16 digits whatever its value, so the header's length is known before it. */
    size_t header_len = write_header (recipe, 0, header, sizeof header);
    run_payload (recipe, header_len, &check, -1);
    write_header (recipe, check_final (&check), header, sizeof header);

    int fd
        = to_stdout ? STDOUT_FILENO : open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return err_set_errno (err, ERR_IO, errno, "cannot write %s", path);
    rc = fs_write_all (fd, header, header_len);
    if (rc == 0)
        rc = run_payload (recipe, header_len, NULL, fd);
    if (!to_stdout && close (fd) < 0 && rc == 0)
        rc = -errno;
    return rc == 0 ? 0 : err_set_errno (err, ERR_IO, -rc, "cannot write %s", path);
}
