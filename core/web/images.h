/* images: the image server behind one-time URLs, as the api wants it started and stopped.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_WEB_IMAGES_H
#define FARRIER_WEB_IMAGES_H

#include "api/api.h"

struct web;

struct images {
    struct web *web;                   /* NULL until started */
};

/* Fills in the hook for api_open(); images outlives the api. */
void images_hook (struct images *images, struct api_images *ret);

#endif
