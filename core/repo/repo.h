/* repo: the store of firmware images, addressed by content; every change is a new generation.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_REPO_REPO_H
#define FARRIER_REPO_REPO_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/vec.h"
#include "firmware/component.h"
#include "firmware/image.h"

#define REPO_FORMAT 1              /* repository.conf: format */
#define REPO_IMAGE_MAX_BYTES (8ull << 30)

/* Layout (firmware-repo/README.md): repository.conf, objects/sha256/ab/cd…, manifests/…, incoming/,
 * generations/N.json, current -> generations/N.json. What the repository holds is what `current`
 * lists; files nobody lists are leftovers of an import that was cut off, and harmless.
 * A struct repo may be used by several threads at once. Several processes may use one repository:
 * changes take a lock file, readers see whole generations. */
struct repo;

/* create: makes an empty repository where there is none (also the directories of a fresh checkout
 * that git does not keep). ERR_NOT_FOUND when there is none and create is false; FARRIER_E_INVALID
 * for a newer format. A repository that cannot be written opens too: only changes fail then. */
int32_t repo_open (const char *path, bool create, struct repo **ret, struct err *err);
void repo_close (struct repo *r);                 /* readers that are still open stay valid */
const char *repo_path (const struct repo *r);
/* The number of the current generation; 0 = empty. Notices changes of other processes. */
uint64_t repo_generation (struct repo *r);

/* What an inspector found in the first bytes of a file. Strings on the heap, taken over. */
struct repo_facts {
    char *vendor, *type, *version, *name, *model;
    bool simulated;
    char *match_vendor;            /* glob over the host's vendor or manufacturer */
};

/* Recognises a file by its first bytes (at most 64 KiB of them are given). True = it is mine and
 * ret is filled in. Called on the importing thread; pure. */
typedef bool (*repo_inspect_fn) (void *ctx, const char *filename, const void *head, size_t head_len,
                                 struct repo_facts *ret);

/* Knows the text header of the simulator's images: first line "FARRIER-SIM-FIRMWARE 1", then
 * "key: value" lines up to an empty line. It gives vendor, type, name, version, and the model
 * for the kinds of BMC that come with the simulator; for another kind --model is needed. */
bool repo_inspect_simulated (void *ctx, const char *filename, const void *head, size_t head_len,
                             struct repo_facts *ret);

/* Metadata has one of three sources, the first that says it counts: these options, the sidecar
 * FILE.json (a manifest, sha256 and size optional), the inspector. Never guessed: what is missing
 * is an error that names the option. All strings may be NULL. */
struct repo_import_options {
    const char *vendor;
    const char *type;              /* "bios", "bmc" … */
    const char *version;
    const char *name;              /* NULL = the file name up to its version or suffix, made safe */
    const char *model;             /* glob over the host's model; "*" = any */
    const char *match_vendor;      /* glob over the host's vendor */
    const struct component_pair *keys;      /* globs over the component's vendor keys */
    size_t key_count;
    const char *sha256;            /* expected digest; besides a sidecar FILE.sha256 */
    const char *notes;
    repo_inspect_fn inspect;       /* NULL = repo_inspect_simulated */
    void *inspect_ctx;
};

enum repo_import_result {
    REPO_IMPORTED,
    /* the same bytes with the same metadata were there: nothing was done */
    REPO_UNCHANGED,
};

/* Copies the file in, hashing while copying, and switches to a new generation. A crash or an error
 * at any point leaves the old generation. Errors:
 *   FARRIER_E_VERIFY    digest differs from FILE.sha256 or options.sha256 (both in the message)
 *   ERR_USAGE           type, version, vendor or model unknown: the hint names the option
 *   ERR_EXISTS          other bytes under the same vendor, type, name and version
 *   FARRIER_E_NO_SPACE  the disk is full
 *   FARRIER_E_INVALID   an empty or too big file, a malformed sidecar or name
 * ret may be NULL; else *ret is filled in (image_clear it). */
int32_t repo_import (struct repo *r, const char *file, const struct repo_import_options *options,
                     struct image *ret, enum repo_import_result *ret_result, struct err *err);

/* What became of one file of incoming/. image is filled in when code is 0. */
struct repo_incoming {
    const char *path;
    int32_t code;
    const struct err *err;
    const struct image *image;
    enum repo_import_result result;
};

/* Imports every incoming/VENDOR/TYPE/FILE (folders give vendor and type; FILE.sha256 is required
 * here, FILE.json optional) and removes what was imported. One that fails stays there and does not
 * stop the others. Returns 0, ERR_NOTHING when incoming/ is empty, ERR_PARTLY when some failed (err
 * = the first). */
int32_t repo_import_incoming (struct repo *r, const struct repo_import_options *options,
                              void (*report) (void *ctx, const struct repo_incoming *file),
                                  void *ctx,
                              struct err *err);

/* The images of the current generation, sorted. ret: struct image * (copies), vec_free_with
 * image_free. */
int32_t repo_list (struct repo *r, struct vec *ret, struct err *err);

/* Filters: NULL (type: NULL) = any; vendor and version exact, name and model as globs. */
struct repo_match {
    const char *vendor;
    const char *type;
    const char *name;
    const char *version;
};

int32_t repo_find (struct repo *r, const struct repo_match *match, struct vec *ret,
                   struct err *err);

/* One image by "sha256:HEX" (8 digits at least), HEX, file name, name or "name-version".
 * ERR_NOT_FOUND with a near name in the hint; FARRIER_E_INVALID when several fit (the hint lists
 * them). image_clear *ret. */
int32_t repo_get (struct repo *r, const char *ref, struct image *ret, struct err *err);
/* Its manifest and where its bytes are. New reference. */
int32_t repo_show (struct repo *r, const char *ref, json_t **ret, struct err *err);

struct repo_verify_result {
    size_t images, objects, bytes_differ, missing, orphans;
    uint64_t bytes;
};

/* Hashes every object again. report (may be NULL) is told of each problem: path, and what is wrong.
 * FARRIER_E_VERIFY when anything differs or is missing. Orphans are counted, not an error. */
int32_t repo_verify (struct repo *r, void (*report) (void *ctx, const char *path,
                                                     const char *problem),
                     void *ctx, struct repo_verify_result *ret, struct err *err);

/* Takes one image out of the list; its bytes go too when no other manifest names them. Whoever asks
 * makes sure that no plan needs it. Open readers stay valid. */
int32_t repo_remove (struct repo *r, const char *ref, struct err *err);

#endif
