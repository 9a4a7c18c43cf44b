/* sim_image: the firmware files of the simulator: a text header, then a payload made from a seed.
 *
 *     FARRIER-SIM-FIRMWARE 1
 *     note: simulated firmware, not for real hardware
 *     model: generic              the personality's name
 *     component: bios             as in the personality's file
 *     version: 2.1.0
 *     size: 1048576               bytes of the whole file
 *     check: 0123456789abcdef     of the payload, see below
 *                                 an empty line ends the header (LF line ends, 1,024 bytes at most)
 *     payload
 *
 * check: h = 0; for each 8 bytes of the payload, read as a little-endian number w (the last one
 * filled up with zeros): h = (rotate_left (h, 27) xor w) * 0x9E3779B97F4A7C15, modulo 2^64.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_SIM_IMAGE_H
#define FARRIER_SIM_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"

#define SIM_IMAGE_HEADER_MAX 1024
#define SIM_IMAGE_SIZE_MAX (int64_t) 4294967296

struct sim_image {
    char sha256[HASH_SHA256_HEX]; /* of all bytes */
    int64_t size_bytes;           /* that arrived */
    bool valid;
    char problem[160]; /* why it is not valid; "" else */
    char model[32], component[32], version[64];
};

struct sim_image_reader;

struct sim_image_reader *sim_image_reader_new (void);
void sim_image_reader_feed (struct sim_image_reader *r, const void *bytes, size_t len);
/* Frees r. */
void sim_image_reader_finish (struct sim_image_reader *r, struct sim_image *ret);
void sim_image_reader_free (struct sim_image_reader *r);

struct sim_image_recipe {
    const char *model, *component, *version;
    int64_t size_bytes; /* of the file; at least SIM_IMAGE_HEADER_MAX */
    uint64_t seed;
};

/* The same recipe gives the same bytes. "-" writes to standard output. */
int32_t sim_image_write (const struct sim_image_recipe *recipe, const char *path, struct err *err);

#endif
