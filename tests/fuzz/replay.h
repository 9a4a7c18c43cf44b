/* replay: makes a plain program of a libFuzzer harness: each file (or folder of files) that is
 * named on the command line is handed to LLVMFuzzerTestOneInput once. TAP on stdout, one case for
 * each file.
 *
 * Without arguments the folder FUZZ_CORPUS (below FARRIER_TEST_SRCDIR) is replayed. With
 * -fsanitize=fuzzer, define FUZZ_LIBFUZZER and this header adds nothing.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_FUZZ_REPLAY_H
#define FARRIER_FUZZ_REPLAY_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

#ifndef FUZZ_LIBFUZZER

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"

#define REPLAY_MAX_BYTES (1024 * 1024)

static unsigned replay_count;
static int replay_status = EXIT_SUCCESS;

static void
replay_file (const char *path)
{
    struct buf bytes = { 0 };
    struct err err = { 0 };

    if (fs_read (path, REPLAY_MAX_BYTES, &bytes, &err) != 0) {
        printf ("not ok %u - %s\n# %s\n", ++replay_count, fs_basename (path), err.message);
        replay_status = EXIT_FAILURE;
    } else {
        LLVMFuzzerTestOneInput ((const uint8_t *) (bytes.data == NULL ? "" : bytes.data),
                                bytes.len);
        printf ("ok %u - %s\n", ++replay_count, fs_basename (path));
    }
    fflush (stdout);
    buf_free (&bytes);
}

static void
replay_path (const char *path)
{
    struct stat st;
    struct vec paths = { 0 };

    if (stat (path, &st) != 0 || !S_ISDIR (st.st_mode)) {
        replay_file (path);
        return;
    }
    fs_list (path, "", &paths, NULL);
    for (size_t i = 0; i < paths.count; i++) {
        replay_file (vec_at (&paths, i));
    }
    vec_free_with (&paths, mem_free);
}

int
main (int argc, char **argv)
{
    const char *srcdir = getenv ("FARRIER_TEST_SRCDIR");

    for (int i = 1; i < argc; i++) {
        replay_path (argv[i]);
    }
    if (argc == 1) {
        char *path = fs_join (srcdir == NULL ? "." : srcdir, FUZZ_CORPUS);
        replay_path (path);
        mem_free (path);
    }
    printf ("1..%u\n", replay_count);
    if (replay_count == 0) {
        printf ("Bail out! no file to replay\n");
        return EXIT_FAILURE;
    }
    return replay_status;
}

#endif
#endif
