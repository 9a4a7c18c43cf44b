/* inventory_row: the components of a host's last inventory.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_ENGINE_INVENTORY_ROW_H
#define FARRIER_ENGINE_INVENTORY_ROW_H

#include "base/vec.h"
#include "firmware/component.h"
#include "store/store.h"

/* ret: struct component *, appended; a host without an inventory has none. Errors are logged. */
void inventory_row_read (struct store *store, const char *host_id, struct vec *ret);

#endif
