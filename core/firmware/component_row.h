/* component_row: between a component and its row in the store.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_FIRMWARE_COMPONENT_ROW_H
#define FARRIER_FIRMWARE_COMPONENT_ROW_H

#include "base/err.h"
#include "firmware/component.h"
#include "store/store.h"

/* FARRIER_E_INVALID for a row whose type or vendor keys do not parse (host and key are named). */
int32_t component_from_row (const struct store_component *row, struct component *ret,
                            struct err *err);
/* All strings of *ret are on the heap: release it as rows of the store are released. host_id may be
 * NULL. */
void component_to_row (const struct component *c, const char *host_id, struct store_component *ret);

#endif
