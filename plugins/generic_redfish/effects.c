/* effects: what an update does to a host, as data.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "generic.h"

/* vendor -1: any. The first row that fits counts. */
static const struct {
    uint32_t type;
    int32_t vendor;
    uint32_t reboot;
    int32_t order_rank;
    uint8_t drops_bmc, exclusive, can_rollback, applies_at_once;
    uint64_t expected_ms;
} rows[] = {
    { FARRIER_COMPONENT_BMC, REDFISH_OPENBMC, FARRIER_REBOOT_BMC_RESET, 10, 1, 1, 1, 1, 600000 },
    { FARRIER_COMPONENT_BMC, -1, FARRIER_REBOOT_BMC_RESET, 10, 1, 1, 0, 0, 600000 },
    { FARRIER_COMPONENT_BIOS, REDFISH_OPENBMC, FARRIER_REBOOT_HOST_OFF_BEFORE, 100, 0, 0, 0, 0,
      600000 },
    { FARRIER_COMPONENT_UEFI, REDFISH_OPENBMC, FARRIER_REBOOT_HOST_OFF_BEFORE, 100, 0, 0, 0, 0,
      600000 },
    { FARRIER_COMPONENT_CPLD, -1, FARRIER_REBOOT_HOST_OFF_ON, 200, 0, 0, 0, 0, 600000 },
    { FARRIER_COMPONENT_GPU, -1, FARRIER_REBOOT_HOST_OFF_ON, 120, 0, 0, 0, 0, 900000 },
    { FARRIER_COMPONENT_PSU, -1, FARRIER_REBOOT_NONE, 150, 0, 0, 0, 1, 900000 },
};

#define OTHER_EXPECTED_MS 600000

static size_t
row_of (uint32_t type, uint32_t vendor)
{
    size_t i = 0;
    for (; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].type == type
            && (rows[i].vendor < 0 || (uint32_t) rows[i].vendor == vendor))
            break;
    return i;
}

static uint32_t
vendor_of (const struct farrier_component *component)
{
    const char *name = redfish_vendor_key (component, "redfish.service");
    for (uint32_t v = REDFISH_OTHER; name != NULL && v <= REDFISH_OPENBMC; v++)
        if (strcmp (redfish_vendor_name (v), name) == 0)
            return v;
    return REDFISH_OTHER;
}

uint32_t
effects_reboot (const struct farrier_component *component, uint32_t vendor)
{
    size_t i = row_of (component->type, vendor);
    return i < sizeof rows / sizeof rows[0] ? rows[i].reboot : FARRIER_REBOOT_HOST_RESET;
}

int32_t
generic_effects (void *self, const struct farrier_component *component,
                 const struct farrier_image_info *image, struct farrier_effects *ret)
{
    (void) self;
    (void) image;
    /* Copies kept aside (golden, backup …) are never written by this plugin. */
    if (redfish_vendor_key (component, "role") != NULL)
        return FARRIER_E_UNSUPPORTED;
    size_t i = row_of (component->type, vendor_of (component));
    ret->reboot = FARRIER_REBOOT_HOST_RESET;
    ret->order_rank = 100;
    ret->drops_bmc = ret->exclusive = ret->can_rollback = ret->applies_at_once = 0;
    ret->expected_ms = OTHER_EXPECTED_MS;
    if (i < sizeof rows / sizeof rows[0]) {
        ret->reboot = rows[i].reboot;
        ret->order_rank = rows[i].order_rank;
        ret->drops_bmc = rows[i].drops_bmc;
        ret->exclusive = rows[i].exclusive;
        ret->can_rollback = rows[i].can_rollback;
        ret->applies_at_once = rows[i].applies_at_once;
        ret->expected_ms = rows[i].expected_ms;
    }
    return FARRIER_OK;
}
