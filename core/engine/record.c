/* record: see record.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "engine/record.h"

#include <string.h>

#include "base/json.h"
#include "firmware/plan.h"

void
record_copy_out (void *caller, const void *ours, size_t size)
{
    uint32_t room;
    memcpy (&room, caller, sizeof room);
    size_t n = room < size ? room : size;
    if (n > sizeof room)
        memcpy ((char *) caller + sizeof room, (const char *) ours + sizeof room, n - sizeof room);
}

static struct farrier_table
keys_table (struct farrier_step *step, const struct component *c)
{
    struct farrier_table table = { .stride = sizeof (struct farrier_pair) };
    if (c->vendor_key_count == 0)
        return table;
    struct farrier_pair *pairs = arena_alloc (step->arena, c->vendor_key_count * sizeof *pairs);
    if (pairs == NULL)
        return table;
    for (size_t i = 0; i < c->vendor_key_count; i++) {
        pairs[i].name = c->vendor_keys[i].name;
        pairs[i].value = c->vendor_keys[i].value;
    }
    table.items = pairs;
    table.count = (uint32_t) c->vendor_key_count;
    return table;
}

void
record_to_component (struct farrier_step *step, const struct component *c,
                     struct farrier_component *ret)
{
    struct farrier_component out = {
        .struct_size = sizeof out,
        .type = c->type,
        .key = c->key,
        .name = c->name,
        .uri = c->uri,
        .version = c->version,
        .version_pointer = c->version_pointer,
        .pending = c->pending,
        .previous = c->previous,
        .slot = c->slot,
        .vendor_keys = keys_table (step, c),
        .updateable = c->updateable,
        .status = c->status,
    };
    if (ret->struct_size == 0)
        ret->struct_size = sizeof out;
    record_copy_out (ret, &out, sizeof out);
}

uint32_t
record_needs_mask (const json_t *context)
{
    uint32_t mask = 0;
    size_t i;
    json_t *v;
    json_t *needs = json_object_get (json_object_get (context, "job"), "needs");
    json_array_foreach (needs, i, v) {
        enum farrier_reboot reboot;
        if (json_is_string (v) && plan_reboot_from_name (json_string_value (v), &reboot))
            mask |= 1u << reboot;
    }
    return mask;
}

void
record_set_needs (json_t *context, uint32_t mask)
{
    json_t *job = json_object_get (context, "job");
    if (job == NULL) {
        job = json_object ();
        json_object_set_new (context, "job", job);
    }
    json_t *needs = json_array ();
    for (uint32_t r = FARRIER_REBOOT_BMC_RESET; r <= FARRIER_REBOOT_AC_CYCLE; r++) {
        if (mask & (1u << r))
            json_array_append_new (needs,
                                   json_string (plan_reboot_name ((enum farrier_reboot) r)));
    }
    json_object_set_new (job, "needs", needs);
}
