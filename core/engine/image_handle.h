/* image_handle: an image of the repository as a plugin sees it.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_ENGINE_IMAGE_HANDLE_H
#define FARRIER_ENGINE_IMAGE_HANDLE_H

#include "engine/step.h"

/* NULL when digest is NULL or the repository does not have it (any more). */
struct farrier_image *image_handle (struct engine *engine, const char *digest);
void image_handle_free (struct farrier_image *image);

#endif
