/* inventory_row: see inventory_row.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "engine/inventory_row.h"

#include "base/log.h"
#include "base/mem.h"
#include "firmware/component_row.h"

void
inventory_row_read (struct store *store, const char *host_id, struct vec *ret)
{
    struct store_component_filter filter = { .host_id = host_id };
    struct store_component *rows = NULL;
    size_t count = 0;
    struct err err;
    if (store_component_list (store, &filter, NULL, &rows, &count, &err) != 0) {
        log_error ("host %s: inventory: %s", host_id, err.message);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct component *c = mem_alloc (sizeof *c);
        if (component_from_row (&rows[i], c, &err) == 0) {
            vec_push (ret, c);
        } else {
            log_error ("%s", err.message);
            mem_free (c);
        }
    }
    store_component_free_all (rows, count);
}
