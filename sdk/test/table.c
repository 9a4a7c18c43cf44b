/* table: the host table as the plugin sees it: the engine's own functions where they need nothing
 * but the step, this library's where they would reach for the BMC or the repository.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/mem.h"
#include "bench.h"
#include "guarded.h"

/* Behind the table lies what a later core would have: a plugin that reads it is caught. */
#define TAIL_BYTES 512
#define TAIL_BYTE 0x5a

struct farrier_test *bench_now;
struct arena *bench_arena;

const struct farrier_host *
bench_core (void)
{
    static struct farrier_host table;
    if (table.struct_size == 0) {
        table.struct_size = sizeof table;
        table.abi_major = FARRIER_ABI_MAJOR;
        table.abi_minor = FARRIER_ABI_MINOR;
        step_table_values (&table);
        step_table_state (&table);
        step_table_await (&table);
        step_table_xml (&table);
        step_table_attachment (&table);
        bench_table_io (&table);
    }
    return &table;
}

struct farrier_host *
bench_table_new (struct farrier_test *t, uint32_t *ret_size)
{
    (void) t;
    *ret_size = sizeof (struct farrier_host) + TAIL_BYTES;
    char *bytes = mem_alloc (*ret_size);
    memset (bytes, TAIL_BYTE, *ret_size);
    struct farrier_host *table = (struct farrier_host *) (void *) bytes;
    *table = *bench_core ();
    bench_table_watch (table);
    return table;
}

void
bench_set_host (struct farrier_test *t, uint32_t struct_size, uint16_t minor)
{
    char *bytes = (char *) t->host;
    t->host->struct_size = struct_size;
    t->host->abi_minor = minor;
    /* An older core's table ends there: what follows is not its own. */
    if (struct_size < sizeof *t->host)
        memset (bytes + struct_size, TAIL_BYTE, sizeof *t->host - struct_size);
}

const char *
bench_keep (const char *text)
{
    if (text == NULL || bench_arena == NULL)
        return text;
    char *copy = guarded_alloc (bench_arena, GUARDED_MEMORY, strlen (text) + 1);
    if (copy == NULL)
        return text;
    memcpy (copy, text, strlen (text) + 1);
    return copy;
}
