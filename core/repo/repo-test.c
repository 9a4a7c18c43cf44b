/* Tests of repo.h and reader.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "repo/repo.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/testing.h"
#include "repo/reader.h"

/* A repository, and a folder with files to import beside it. */
struct world {
    char *dir, *repo_dir;
    struct repo *repo;
};

static void
world_open (struct world *w)
{
    struct err err;

    w->dir = testing_make_dir ();
    w->repo_dir = fs_join (w->dir, "repo");
    ck_assert_int_eq (repo_open (w->repo_dir, false, &w->repo, &err), ERR_NOT_FOUND);
    ck_assert_int_eq (repo_open (w->repo_dir, true, &w->repo, &err), 0);
}

static void
world_close (struct world *w)
{
    repo_close (w->repo);
    mem_free (w->repo_dir);
    testing_remove_dir (w->dir);
}

/* dir/name with these bytes; the path, heap. */
static char *
put (const struct world *w, const char *name, const char *bytes)
{
    char *path = fs_join (w->dir, name);

    ck_assert_int_eq (fs_write_atomic (path, bytes, strlen (bytes), 0644, NULL), 0);
    return path;
}

static void
free_image (void *image)
{
    image_free (image);
}

static size_t
count_images (struct repo *r)
{
    struct vec all = { 0 };
    size_t count;

    ck_assert_int_eq (repo_list (r, &all, NULL), 0);
    count = all.count;
    vec_free_with (&all, free_image);
    return count;
}

static const struct repo_import_options bios = { .vendor = "acme", .type = "bios",
                                                 .version = "2.1.0", .model = "*" };

START_TEST (import_list_show)
{
    struct world w;
    struct image image;
    struct vec found = { 0 };
    struct repo_match match = { .vendor = "acme", .type = "bios", .name = "FW*" };
    struct repo_verify_result verified;
    enum repo_import_result result;
    struct repo *again;
    char *file, hex[HASH_SHA256_HEX];
    json_t *v;

    world_open (&w);
    ck_assert_uint_eq (repo_generation (w.repo), 0);
    file = put (&w, "fw-2.1.0.bin", "firmware bytes");
    hash_sha256_hex ("firmware bytes", 14, hex);
    ck_assert_int_eq (repo_import (w.repo, file, &bios, &image, &result, NULL), 0);
    ck_assert_int_eq (result, REPO_IMPORTED);
    ck_assert_str_eq (image.name, "fw");
    ck_assert_str_eq (image.filename, "fw-2.1.0.bin");
    ck_assert_str_eq (image.sha256, hex);
    ck_assert_uint_eq (image.size_bytes, 14);
    image_clear (&image);
    ck_assert_int_eq (repo_import (w.repo, file, &bios, NULL, &result, NULL), 0);
    ck_assert_int_eq (result, REPO_UNCHANGED);
    ck_assert_uint_eq (repo_generation (w.repo), 1);

    ck_assert_int_eq (repo_open (w.repo_dir, false, &again, NULL), 0);
    ck_assert_uint_eq (count_images (again), 1);
    ck_assert_int_eq (repo_find (again, &match, &found, NULL), 0);
    ck_assert_uint_eq (found.count, 1);
    vec_free_with (&found, free_image);
    found = (struct vec){ 0 };
    match.version = "2.1";
    ck_assert_int_eq (repo_find (again, &match, &found, NULL), 0);
    ck_assert_uint_eq (found.count, 0);
    ck_assert_int_eq (repo_show (again, "fw", &v, NULL), 0);
    ck_assert (json_bool_or (v, "/object_present", false));
    ck_assert_ptr_nonnull (strstr (json_str (v, "/object"), hex + 2));
    json_decref (v);

    ck_assert_int_eq (repo_remove (w.repo, "fw-2.1.0", NULL), 0);
    ck_assert_uint_eq (count_images (again), 0);           /* the other one notices */
    ck_assert_int_eq (repo_verify (again, NULL, NULL, &verified, NULL), 0);
    ck_assert (verified.images == 0 && verified.orphans == 0);
    repo_close (again);
    mem_free (file);
    world_close (&w);
}
END_TEST

START_TEST (references)
{
    struct world w;
    struct repo_import_options options = bios;
    struct image image;
    struct err err = { 0 };
    char *a, *b, *ref;

    world_open (&w);
    a = put (&w, "a.bin", "same bytes");
    b = put (&w, "b.bin", "other bytes");
    ck_assert_int_eq (repo_import (w.repo, a, &options, NULL, NULL, NULL), 0);
    options.type = "uefi";
    ck_assert_int_eq (repo_import (w.repo, a, &options, &image, NULL, NULL), 0);
    options.version = "3";
    ck_assert_int_eq (repo_import (w.repo, b, &options, NULL, NULL, NULL), 0);
    ref = str_printf ("sha256:%.9s", image.sha256);
    image_clear (&image);
    ck_assert_int_eq (repo_get (w.repo, ref, &image, &err), 0);  /* one object, two names */
    image_clear (&image);
    ck_assert_int_eq (repo_get (w.repo, "a", &image, &err), FARRIER_E_INVALID);
    ck_assert_ptr_nonnull (strstr (err.hint, "a-2.1.0"));
    ck_assert_int_eq (repo_get (w.repo, "b-3", &image, &err), 0);
    image_clear (&image);
    ck_assert_int_eq (repo_get (w.repo, "cc", &image, &err), ERR_NOT_FOUND);
    ck_assert_int_eq (repo_get (w.repo, "sha256:", &image, &err), ERR_NOT_FOUND);
    ck_assert_int_eq (repo_remove (w.repo, "nope", &err), ERR_NOT_FOUND);
    mem_free (ref);
    mem_free (a);
    mem_free (b);
    world_close (&w);
}
END_TEST

START_TEST (refusals)
{
    static const struct {
        const char *bytes, *sidecar, *digest;
        struct repo_import_options options;
        int32_t code;
        const char *message, *hint;
    } table[] = {
        { "x", NULL, NULL, { .type = "bios", .version = "1", .model = "*" }, ERR_USAGE, "vendor",
          "--vendor" },
        { "x", NULL, NULL, { .vendor = "a", .version = "1", .model = "*" }, ERR_USAGE, "type",
          "--type" },
        { "x", NULL, NULL, { .vendor = "a", .type = "bios", .model = "*" }, ERR_USAGE, "version",
          "--version" },
        { "x", NULL, NULL, { .vendor = "a", .type = "bios", .version = "1" }, ERR_USAGE, "model",
          "--model" },
        { "x", NULL, NULL, { .vendor = "a", .type = "bois", .version = "1", .model = "*" },
          FARRIER_E_INVALID, "bois", "bios" },
        { "x", NULL, NULL, { .vendor = "A/B", .type = "bios", .version = "1", .model = "*" },
          FARRIER_E_INVALID, "A/B", "" },
        { "x", NULL, NULL, { .vendor = "a", .type = "bios", .version = "1", .model = "*",
                             .name = "../x" }, FARRIER_E_INVALID, "../x", "" },
        { "x", NULL, NULL, { .vendor = "a", .type = "bios", .version = "-", .model = "*" },
          FARRIER_E_INVALID, "version", "" },
        { "", NULL, NULL, { .vendor = "a", .type = "bios", .version = "1", .model = "*" },
          FARRIER_E_INVALID, "empty", "" },
        { "x", "{", NULL, { .vendor = "a", .type = "bios", .version = "1", .model = "*" },
          FARRIER_E_INVALID, "f.bin.json", "" },
        { "x", "[]", NULL, { .vendor = "a", .type = "bios", .version = "1", .model = "*" },
          FARRIER_E_INVALID, "f.bin.json", "" },
        { "x", NULL, "zz", { .vendor = "a", .type = "bios", .version = "1", .model = "*" },
          FARRIER_E_INVALID, "f.bin.sha256", "" },
        { "x", NULL, "0000000000000000000000000000000000000000000000000000000000000000  f.bin\n",
          { .vendor = "a", .type = "bios", .version = "1", .model = "*" }, FARRIER_E_VERIFY,
          "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881, but 0000", "again" },
        { "x", NULL, NULL, { .vendor = "a", .type = "bios", .version = "1", .model = "*",
                             .sha256 = "12" }, FARRIER_E_INVALID, "'12'", "" },
    };

    for (size_t i = 0; i < COUNT_OF (table); i++) {
        struct world w;
        struct err err = { 0 };
        char *file, *sidecar = NULL, *digest = NULL, *objects;
        struct vec left = { 0 };

        world_open (&w);
        file = put (&w, "f.bin", table[i].bytes);
        sidecar = table[i].sidecar == NULL ? NULL : put (&w, "f.bin.json", table[i].sidecar);
        digest = table[i].digest == NULL ? NULL : put (&w, "f.bin.sha256", table[i].digest);
        ck_assert_msg (repo_import (w.repo, file, &table[i].options, NULL, NULL, &err) ==
                           table[i].code, "case %zu: %s", i, err.message);
        ck_assert_msg (strstr (err.message, table[i].message) != NULL, "case %zu: %s", i,
                       err.message);
        ck_assert_msg (strstr (err.hint, table[i].hint) != NULL, "case %zu: %s", i, err.hint);
        ck_assert_uint_eq (repo_generation (w.repo), 0);
        objects = fs_join (w.repo_dir, "objects/sha256");
        ck_assert_int_eq (fs_list (objects, NULL, &left, NULL), 0);
        ck_assert_uint_eq (left.count, 0);
        mem_free (objects);
        mem_free (file);
        mem_free (sidecar);
        mem_free (digest);
        world_close (&w);
    }
}
END_TEST

START_TEST (place_taken)
{
    struct world w;
    struct repo_import_options options = bios;
    struct err err = { 0 };
    char *a, *b;

    world_open (&w);
    a = put (&w, "fw-2.1.0.bin", "one");
    b = put (&w, "fw-2.1.0.img", "two");
    ck_assert_int_eq (repo_import (w.repo, a, &options, NULL, NULL, &err), 0);
    ck_assert_int_eq (repo_import (w.repo, b, &options, NULL, NULL, &err), ERR_EXISTS);
    ck_assert_ptr_nonnull (strstr (err.message, "other bytes"));
    options.model = "R*";
    ck_assert_int_eq (repo_import (w.repo, a, &options, NULL, NULL, &err), ERR_EXISTS);
    ck_assert_ptr_nonnull (strstr (err.message, "other metadata"));
    ck_assert_ptr_nonnull (strstr (err.hint, "farrier repo show fw-2.1.0 shows"));
    options.name = "fw2";
    ck_assert_int_eq (repo_import (w.repo, b, &options, NULL, NULL, &err), 0);
    ck_assert_uint_eq (count_images (w.repo), 2);
    mem_free (a);
    mem_free (b);
    world_close (&w);
}
END_TEST

static const char sim[] = "FARRIER-SIM-FIRMWARE 1\nnote: simulated firmware\nmodel: odd\n"
                          "component: storage\nversion: 7.2\nsize: 120\ncheck: 0\n\npayload";

START_TEST (sources_of_metadata)
{
    static const char sidecar[] = "{\"version\":\"9\",\"match\":{\"model\":\"S*\",\"keys\":"
                                  "{\"id\":\"1\"}},\"name\":\"told\"}";
    struct repo_import_options none = { .vendor = NULL }, some = { .version = "8", .model = "*" };
    struct world w;
    struct image image;
    struct err err = { 0 };
    char *file, *side;

    world_open (&w);
    file = put (&w, "s.bin", sim);
    ck_assert_int_eq (repo_import (w.repo, file, &none, &image, NULL, &err), ERR_USAGE);
    ck_assert_ptr_nonnull (strstr (err.hint, "--model"));
    ck_assert_int_eq (repo_import (w.repo, file, &some, &image, NULL, &err), 0);
    ck_assert_str_eq (image.version, "8");
    ck_assert_str_eq (image.name, "odd-storage");
    ck_assert_str_eq (image.vendor, "farrier-sim");
    ck_assert_uint_eq (image.type, FARRIER_COMPONENT_STORAGE_CONTROLLER);
    ck_assert (image.simulated);
    image_clear (&image);
    mem_free (file);
    file = put (&w, "g.bin", "FARRIER-SIM-FIRMWARE 1\nmodel: generic\ncomponent: bmc\n"
                             "version: 1.2.0\n\nx");
    ck_assert_int_eq (repo_import (w.repo, file, &none, &image, NULL, &err), 0);
    ck_assert_str_eq (image.match_model, "SIM-G1*");
    ck_assert_str_eq (image.match_vendor, "*(simulated)");
    image_clear (&image);
    mem_free (file);
    file = fs_join (w.dir, "s.bin");
    side = put (&w, "s.bin.json", sidecar);
    ck_assert_int_eq (repo_import (w.repo, file, &none, &image, NULL, &err), 0);
    ck_assert_str_eq (image.version, "9");
    ck_assert_str_eq (image.name, "told");
    ck_assert_str_eq (image.match_model, "S*");
    ck_assert_uint_eq (image.match_key_count, 1);
    image_clear (&image);
    mem_free (side);
    mem_free (file);
    world_close (&w);
}
END_TEST

static void
count_results (void *ctx, const struct repo_incoming *file)
{
    size_t *counts = ctx;

    counts[file->code == 0 ? 0 : 1]++;
    ck_assert ((file->code == 0) == (file->image->sha256 != NULL));
}

START_TEST (incoming)
{
    struct world w;
    struct repo_import_options options = { .model = "*", .version = "1" };
    struct err err = { 0 };
    size_t counts[2] = { 0, 0 };
    char *dir, *good, *file, *text, hex[HASH_SHA256_HEX];

    world_open (&w);
    ck_assert_int_eq (repo_import_incoming (w.repo, &options, NULL, NULL, &err), ERR_NOTHING);
    dir = fs_join (w.repo_dir, "incoming/acme/nic");
    ck_assert_int_eq (fs_mkdirs (dir, 0755, NULL), 0);
    good = put (&w, "repo/incoming/acme/nic/good.bin", "good");
    hash_sha256_hex ("good", 4, hex);
    text = str_printf ("%s  good.bin\n", hex);
    mem_free (put (&w, "repo/incoming/acme/nic/good.bin.sha256", text));
    file = put (&w, "repo/incoming/acme/nic/nodigest.bin", "x");
    mem_free (put (&w, "repo/incoming/acme/nic/wrong.bin", "x"));
    mem_free (put (&w, "repo/incoming/acme/nic/wrong.bin.sha256", text));
    ck_assert_int_eq (repo_import_incoming (w.repo, &options, count_results, counts, &err),
                      ERR_PARTLY);
    ck_assert_ptr_nonnull (strstr (err.message, "nodigest.bin.sha256"));
    ck_assert (counts[0] == 1 && counts[1] == 2);
    ck_assert (!fs_exists (good) && fs_exists (file));
    ck_assert_uint_eq (count_images (w.repo), 1);
    mem_free (text);
    mem_free (good);
    mem_free (file);
    mem_free (dir);
    world_close (&w);
}
END_TEST

static void
remember_path (void *ctx, const char *path, const char *problem)
{
    (void) problem;
    str_set (ctx, path);
}

START_TEST (damage)
{
    struct world w;
    struct repo_verify_result result;
    struct image image;
    struct reader *rd;
    struct err err = { 0 };
    char *file, *object, *manifest, *told = NULL;

    world_open (&w);
    file = put (&w, "fw.bin", "bytes");
    ck_assert_int_eq (repo_import (w.repo, file, &bios, &image, NULL, NULL), 0);
    object = str_printf ("%s/objects/sha256/%.2s/%s", w.repo_dir, image.sha256, image.sha256 + 2);
    ck_assert_int_eq (repo_verify (w.repo, NULL, NULL, &result, NULL), 0);
    ck_assert (result.images == 1 && result.objects == 1 && result.bytes == 5);

    ck_assert_int_eq (fs_write_atomic (object, "bitez", 5, 0644, NULL), 0);
    ck_assert_int_eq (repo_verify (w.repo, remember_path, &told, &result, &err), FARRIER_E_VERIFY);
    ck_assert_str_eq (told, object);
    ck_assert_uint_eq (result.bytes_differ, 1);
    ck_assert_int_eq (reader_open (w.repo, "fw", &rd, &err), 0);
    ck_assert_int_eq (reader_verify (rd, &err), FARRIER_E_VERIFY);
    reader_unref (rd);
    ck_assert_int_eq (fs_write_atomic (object, "byte", 4, 0644, NULL), 0);
    ck_assert_int_eq (reader_open (w.repo, "fw", &rd, &err), FARRIER_E_VERIFY);
    ck_assert_int_eq (unlink (object), 0);
    ck_assert_int_eq (repo_verify (w.repo, NULL, NULL, &result, &err), FARRIER_E_VERIFY);
    ck_assert_uint_eq (result.missing, 1);
    ck_assert_int_eq (reader_open (w.repo, "fw", &rd, &err), FARRIER_E_VERIFY);

    /* Importing the same file again mends it. */
    ck_assert_int_eq (repo_import (w.repo, file, &bios, NULL, NULL, NULL), 0);
    ck_assert_int_eq (repo_verify (w.repo, NULL, NULL, &result, NULL), 0);

    manifest = str_printf ("%s/manifests/acme/bios/fw-2.1.0.json", w.repo_dir);
    ck_assert_int_eq (fs_write_atomic (manifest, "{}", 2, 0644, NULL), 0);
    repo_close (w.repo);
    w.repo = NULL;
    ck_assert_int_eq (repo_open (w.repo_dir, false, &w.repo, &err), FARRIER_E_VERIFY);
    ck_assert_ptr_nonnull (strstr (err.message, manifest));
    image_clear (&image);
    mem_free (manifest);
    mem_free (object);
    mem_free (told);
    mem_free (file);
    world_close (&w);
}
END_TEST

START_TEST (newer_format)
{
    struct world w;
    struct err err = { 0 };
    char *conf;

    world_open (&w);
    conf = put (&w, "repo/repository.conf", "repository = { format = 2; };");
    repo_close (w.repo);
    w.repo = NULL;
    ck_assert_int_eq (repo_open (w.repo_dir, false, &w.repo, &err), FARRIER_E_INVALID);
    ck_assert_ptr_nonnull (strstr (err.message, "format 2"));
    mem_free (conf);
    world_close (&w);
}
END_TEST

/* The repository of the source tree: made by an import, kept as it is. */
START_TEST (sample)
{
    const char *source = getenv ("FARRIER_TEST_SRCDIR");
    struct repo_verify_result result;
    struct vec all = { 0 };
    struct err err = { 0 };
    struct repo *r;
    char *path;

    if (str_empty (source)) {
        return;                                    /* run by hand: there is nothing to look at */
    }
    path = fs_join (source, "firmware-repo/sample");
    ck_assert_msg (repo_open (path, false, &r, &err) == 0, "%s", err.message);
    ck_assert_msg (repo_verify (r, NULL, NULL, &result, &err) == 0, "%s", err.message);
    ck_assert (result.images == 3 && result.objects == 3 && result.orphans == 0);
    ck_assert_int_eq (repo_list (r, &all, NULL), 0);
    for (size_t i = 0; i < all.count; i++) {
        ck_assert (((const struct image *) all.items[i])->simulated);
    }
    vec_free_with (&all, free_image);
    repo_close (r);
    mem_free (path);
}
END_TEST

/* ---- readers ---- */

#define READ_THREADS 4

static void *
read_all (void *arg)
{
    struct reader *rd = reader_ref (arg);
    char buf[7];
    struct hash *h = hash_new ();
    char hex[HASH_SHA256_HEX];
    ssize_t got;
    uint64_t at = 0;

    while ((got = reader_pread (rd, buf, sizeof (buf), at)) > 0) {
        hash_update (h, buf, (size_t) got);
        at += (uint64_t) got;
    }
    hash_final_hex (h, hex);
    ck_assert_str_eq (hex, reader_sha256 (rd));
    reader_unref (rd);
    return NULL;
}

START_TEST (readers)
{
    struct world w;
    struct reader *a, *b;
    struct err err = { 0 };
    pthread_t threads[READ_THREADS];
    char *file, *text = mem_alloc (100001), buf[8];

    world_open (&w);
    memset (text, 'q', 100000);
    file = put (&w, "fw.bin", text);
    ck_assert_int_eq (repo_import (w.repo, file, &bios, NULL, NULL, NULL), 0);
    ck_assert_int_eq (reader_open (w.repo, "fw", &a, NULL), 0);
    ck_assert_int_eq (reader_open (w.repo, "fw.bin", &b, NULL), 0);
    ck_assert_ptr_eq (a, b);
    ck_assert_uint_eq (reader_size (a), 100000);
    for (size_t i = 0; i < READ_THREADS; i++) {
        ck_assert_int_eq (pthread_create (&threads[i], NULL, read_all, a), 0);
    }
    for (size_t i = 0; i < READ_THREADS; i++) {
        pthread_join (threads[i], NULL);
    }
    ck_assert_int_eq (reader_pread (a, buf, 8, 99996), 4);
    ck_assert_int_eq (reader_pread (a, buf, 8, 100000), 0);
    ck_assert_int_eq (reader_pread (a, buf, 8, UINT64_MAX), 0);
    ck_assert_int_eq (reader_verify (a, &err), 0);
    reader_unref (b);
    ck_assert_int_eq (repo_remove (w.repo, "fw", NULL), 0);
    repo_close (w.repo);
    w.repo = NULL;
    ck_assert_int_eq (reader_pread (a, buf, 8, 0), 8);     /* outlives all that */
    ck_assert_int_eq (reader_check (a, &err), 0);
    reader_unref (a);
    mem_free (text);
    mem_free (file);
    world_close (&w);
}
END_TEST

/* ---- crashes and full disks ---- */

/* The child imports; it is killed at its stop_at-th stop, before or after a system call.
 * Returns true when it came to its end. */
static bool
import_until (const char *repo_dir, const char *file, long stop_at)
{
    pid_t pid = fork ();
    int status;

    if (pid == 0) {
        struct repo *r;

        if (repo_open (repo_dir, false, &r, NULL) != 0) {
            _exit (3);
        }
        ptrace (PTRACE_TRACEME, 0, NULL, NULL);
        raise (SIGSTOP);
        _exit (repo_import (r, file, &bios, NULL, NULL, NULL) == 0 ? 0 : 1);
    }
    ck_assert_int_eq (waitpid (pid, &status, 0), pid);
    ck_assert (WIFSTOPPED (status));
    for (long stops = 0; WIFSTOPPED (status); stops++) {
        if (stops == stop_at) {
            kill (pid, SIGKILL);
            ck_assert_int_eq (waitpid (pid, &status, 0), pid);
            return false;
        }
        ck_assert_int_eq (ptrace (PTRACE_SYSCALL, pid, NULL, NULL), 0);
        ck_assert_int_eq (waitpid (pid, &status, 0), pid);
    }
    ck_assert (WIFEXITED (status));
    ck_assert_int_eq (WEXITSTATUS (status), 0);
    return true;
}

static bool
under_valgrind (void)
{
    return !str_empty (getenv ("FARRIER_TEST_WITH"));
}

/* Killed at every system call: the repository is the old one or the new one, and both are whole. */
START_TEST (killed_anywhere)
{
    struct world w;
    char *first, *second;
    bool done = under_valgrind (), seen_old = false;
    struct repo_import_options old = bios;

    world_open (&w);
    first = put (&w, "first.bin", "old bytes");
    second = put (&w, "second.bin", "new bytes");
    old.name = "old";
    ck_assert_int_eq (repo_import (w.repo, first, &old, NULL, NULL, NULL), 0);
    for (long stop_at = 1; !done; stop_at++) {
        struct repo_verify_result result;
        size_t count;

        done = import_until (w.repo_dir, second, stop_at);
        count = count_images (w.repo);
        ck_assert (count == 1 || count == 2);
        ck_assert (!done || count == 2);
        seen_old = seen_old || count == 1;
        ck_assert_int_eq (repo_verify (w.repo, NULL, NULL, &result, NULL), 0);
        ck_assert_uint_eq (result.images, count);
        if (count == 2 && !done) {
            ck_assert_int_eq (repo_remove (w.repo, "second", NULL), 0);
        }
        ck_assert_int_lt (stop_at, 2000);
    }
    ck_assert (seen_old || under_valgrind ());
    mem_free (first);
    mem_free (second);
    world_close (&w);
}
END_TEST

/* A file size limit stands for a disk that is full after so many bytes. */
START_TEST (full_disk)
{
    struct world w;
    struct err err = { 0 };
    struct rlimit limit = { 4096, 4096 }, before;
    struct vec left = { 0 };
    char *file, *text = mem_alloc (300001), *objects;

    world_open (&w);
    memset (text, 'q', 300000);
    file = put (&w, "fw.bin", text);
    signal (SIGXFSZ, SIG_IGN);
    getrlimit (RLIMIT_FSIZE, &before);
    limit.rlim_max = before.rlim_max;
    ck_assert_int_eq (setrlimit (RLIMIT_FSIZE, &limit), 0);
    ck_assert_int_eq (repo_import (w.repo, file, &bios, NULL, NULL, &err), FARRIER_E_NO_SPACE);
    ck_assert_int_eq (setrlimit (RLIMIT_FSIZE, &before), 0);
    ck_assert_ptr_nonnull (strstr (err.hint, "room"));
    objects = fs_join (w.repo_dir, "objects/sha256");
    ck_assert_int_eq (fs_list (objects, NULL, &left, NULL), 0);
    ck_assert_uint_eq (left.count, 0);
    ck_assert_uint_eq (repo_generation (w.repo), 0);
    ck_assert_int_eq (repo_import (w.repo, file, &bios, NULL, NULL, &err), 0);
    mem_free (objects);
    mem_free (text);
    mem_free (file);
    world_close (&w);
}
END_TEST

int
main (void)
{
    return testing_run ("repo",
                        (const TTest *const[]){ import_list_show, references, refusals,
                                                place_taken, sources_of_metadata, incoming, damage,
                                                newer_format, sample, readers,
                                                killed_anywhere, full_disk, NULL });
}
