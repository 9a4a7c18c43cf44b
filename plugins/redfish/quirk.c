/* quirk: how vendors differ, as data.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "redfish.h"

/* In the order of enum redfish_vendor. */
static const struct redfish_quirk quirks[] = {
    { REDFISH_OTHER, 0, "other" },
    { REDFISH_DELL,
      REDFISH_QUIRK_WILDCARD_TARGETS | REDFISH_QUIRK_OEM_PARAMETERS | REDFISH_QUIRK_OWN_PUSH
          | REDFISH_QUIRK_BMC_AT_ONCE,
      "dell" },
    { REDFISH_HPE, REDFISH_QUIRK_OWN_PUSH | REDFISH_QUIRK_BMC_AT_ONCE, "hpe" },
    { REDFISH_SUPERMICRO, REDFISH_QUIRK_ONE_UPDATE, "supermicro" },
    { REDFISH_LENOVO, REDFISH_QUIRK_WILDCARD_TARGETS, "lenovo" },
    { REDFISH_AMI, 0, "ami" },
    { REDFISH_NVIDIA, REDFISH_QUIRK_WILDCARD_TARGETS | REDFISH_QUIRK_RAM_TASKS, "nvidia" },
    { REDFISH_OPENBMC,
      REDFISH_QUIRK_WILDCARD_TARGETS | REDFISH_QUIRK_BMC_AT_ONCE | REDFISH_QUIRK_BIOS_OFF
          | REDFISH_QUIRK_HASHED_IDS | REDFISH_QUIRK_ONE_UPDATE | REDFISH_QUIRK_RAM_TASKS,
      "openbmc" },
};

const struct redfish_quirk *
redfish_quirk (uint32_t vendor)
{
    if (vendor >= sizeof quirks / sizeof quirks[0])
        vendor = REDFISH_OTHER;
    return &quirks[vendor];
}

const char *
redfish_vendor_name (uint32_t vendor)
{
    return redfish_quirk (vendor)->name;
}
