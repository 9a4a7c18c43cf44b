/* classify: what kind of component a SoftwareInventory document is about, and whether it is the one
 * that runs or a copy kept aside.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "redfish.h"

/* RelatedItem paths: the most reliable witness. The first rule that any of them fits counts. */
static const struct {
    const char *glob;
    uint32_t type;
} related_rules[] = {
    { "*/NetworkAdapters/*", FARRIER_COMPONENT_NIC },
    { "*/NetworkInterfaces/*", FARRIER_COMPONENT_NIC },
    { "*/EthernetInterfaces/*", FARRIER_COMPONENT_NIC },
    { "*/Drives/*", FARRIER_COMPONENT_DRIVE },
    { "*/StorageControllers/*", FARRIER_COMPONENT_STORAGE_CONTROLLER },
    { "*/Storage/*", FARRIER_COMPONENT_STORAGE_CONTROLLER },
    { "*/Processors/GPU*", FARRIER_COMPONENT_GPU },
    { "*/PowerSupplies/*", FARRIER_COMPONENT_PSU },
    { "*/Chassis/*/Power", FARRIER_COMPONENT_PSU },
    { "*/Chassis/*Backplane*", FARRIER_COMPONENT_BACKPLANE },
    { "*/TrustedComponents/*", FARRIER_COMPONENT_TPM },
    { "*/Systems/*/Bios*", FARRIER_COMPONENT_BIOS },
    { "*/Managers/*", FARRIER_COMPONENT_BMC },
};

/* Words of Id and Name. A word ends where letters and digits do; digits at its end are dropped
 * ("NIC10" is "nic"). A '*' at the end of the rule takes longer words too. */
static const struct {
    const char *word;
    uint32_t type;
} word_rules[] = {
    { "programmable", FARRIER_COMPONENT_CPLD },
    { "cpld", FARRIER_COMPONENT_CPLD },
    { "fpga", FARRIER_COMPONENT_CPLD },
    { "psu", FARRIER_COMPONENT_PSU },
    { "powersupply", FARRIER_COMPONENT_PSU },
    { "power supply", FARRIER_COMPONENT_PSU },
    { "backplane", FARRIER_COMPONENT_BACKPLANE },
    { "bp", FARRIER_COMPONENT_BACKPLANE },
    { "tpm", FARRIER_COMPONENT_TPM },
    { "gpu", FARRIER_COMPONENT_GPU },
    { "nvme*", FARRIER_COMPONENT_NVME },
    { "raid", FARRIER_COMPONENT_STORAGE_CONTROLLER },
    { "perc", FARRIER_COMPONENT_STORAGE_CONTROLLER },
    { "hba", FARRIER_COMPONENT_STORAGE_CONTROLLER },
    { "storage", FARRIER_COMPONENT_STORAGE_CONTROLLER },
    { "ssd", FARRIER_COMPONENT_DRIVE },
    { "disk", FARRIER_COMPONENT_DRIVE },
    { "drive", FARRIER_COMPONENT_DRIVE },
    { "nic", FARRIER_COMPONENT_NIC },
    { "network", FARRIER_COMPONENT_NIC },
    { "ethernet", FARRIER_COMPONENT_NIC },
    { "infiniband", FARRIER_COMPONENT_NIC },
    { "connectx", FARRIER_COMPONENT_NIC },
    { "nvswitch", FARRIER_COMPONENT_SWITCH },
    { "pcieswitch", FARRIER_COMPONENT_SWITCH },
    { "bios", FARRIER_COMPONENT_BIOS },
    { "uefi", FARRIER_COMPONENT_BIOS },
    { "system rom", FARRIER_COMPONENT_BIOS },
    { "host image", FARRIER_COMPONENT_BIOS },
    { "bmc", FARRIER_COMPONENT_BMC },
    { "ilo", FARRIER_COMPONENT_BMC },
    { "idrac", FARRIER_COMPONENT_BMC },
    { "xcc", FARRIER_COMPONENT_BMC },
    { "remote access controller", FARRIER_COMPONENT_BMC },
};

/* Parts that live inside another's image, or beside it: never that other component itself. */
static const char *const inner_words[] = {
    "me", "sps", "mcu", "lifecycle", "diagnostics", "driver", "drivers", "erot", "inforom", "lxpm*",
    "agent",
};

static const struct {
    const char *word;
    const char *role;
} role_words[] = {
    { "backup", "backup" },       { "golden", "golden" },     { "staging", "staging" },
    { "recovery", "recovery" },   { "pending", "pending" },   { "redundant", "backup" },
    { "capsule", "capsule" },     { "secondary", "backup" },
};

static const struct {
    const char *glob;
    const char *role;
} role_ids[] = {
    { "Previous-*", "previous" }, { "Available-*", "available" }, { "Current-*", "current" },
    { "HGX_*", "gpu-baseboard" }, { "*ERoT*", "root-of-trust" },
};

/* --- words ---------------------------------------------------------------------------------- */

/* Copies text so that only single blanks, lower-case letters and digits inside words remain:
 * " nic slot " for "NIC1_Slot-3". Bounded by size. */
static void
to_words (const char *text, char *out, size_t size)
{
    size_t n = 0;
    out[n++] = ' ';
    for (const char *c = text; *c != '\0' && n + 2 < size; c++) {
        if (isalnum ((unsigned char) *c)) {
            out[n++] = (char) tolower ((unsigned char) *c);
            continue;
        }
        while (n > 1 && isdigit ((unsigned char) out[n - 1]))
            n--;
        if (out[n - 1] != ' ')
            out[n++] = ' ';
    }
    while (n > 1 && isdigit ((unsigned char) out[n - 1]))
        n--;
    if (out[n - 1] != ' ')
        out[n++] = ' ';
    out[n] = '\0';
}

static int
has_word (const char *words, const char *rule)
{
    size_t len = strlen (rule);
    int open = rule[len - 1] == '*';
    len -= open ? 1 : 0;
    for (const char *at = words; (at = strchr (at, ' ')) != NULL; at++)
        if (strncmp (at + 1, rule, len) == 0 && (open || at[1 + len] == ' '))
            return 1;
    return 0;
}

/* Id, Name and, where Name says nothing, Description. */
static void
words_of (const struct farrier_json *software, char *out, size_t size)
{
    char part[256];
    static const char *const pointers[] = { "/Id", "/Name", "/Description" };
    const char *name = farrier_json_str_at (software, "/Name");
    int generic = redfish_glob ("Software Inventory", name);
    out[0] = '\0';
    for (size_t i = 0; i < (generic ? 3u : 2u); i++) {
        const char *text = farrier_json_str_at (software, pointers[i]);
        to_words (text == NULL ? "" : text, part, sizeof part);
        if (strlen (out) + strlen (part) + 1 < size)
            strncat (out, part, size - strlen (out) - 1);
    }
}

/* --- type ----------------------------------------------------------------------------------- */

static uint32_t
type_of_related (const struct farrier_json *software)
{
    const struct farrier_json *list = farrier_json_at (software, "/RelatedItem");
    for (size_t r = 0; r < sizeof related_rules / sizeof related_rules[0]; r++)
        for (uint32_t i = 0; i < farrier_json_count (list); i++)
            if (redfish_glob (related_rules[r].glob,
                              redfish_link (farrier_json_item (list, i), "")))
                return related_rules[r].type;
    return FARRIER_COMPONENT_OTHER;
}

static uint32_t
type_of_words (const char *words)
{
    for (size_t i = 0; i < sizeof word_rules / sizeof word_rules[0]; i++)
        if (has_word (words, word_rules[i].word))
            return word_rules[i].type;
    return FARRIER_COMPONENT_OTHER;
}

uint32_t
redfish_component_type (const struct farrier_json *software)
{
    char words[800];
    words_of (software, words, sizeof words);
    for (size_t i = 0; i < sizeof inner_words / sizeof inner_words[0]; i++)
        if (has_word (words, inner_words[i]))
            return FARRIER_COMPONENT_OTHER;
    uint32_t by_words = type_of_words (words);
    uint32_t type = type_of_related (software);
    if (type == FARRIER_COMPONENT_OTHER)
        return by_words;
    if (type == FARRIER_COMPONENT_DRIVE && by_words == FARRIER_COMPONENT_NVME)
        return by_words;
    return type;
}

const char *
redfish_component_role (const struct farrier_json *software)
{
    const char *id = farrier_json_str_at (software, "/Id");
    for (size_t i = 0; i < sizeof role_ids / sizeof role_ids[0]; i++)
        if (redfish_glob (role_ids[i].glob, id))
            return role_ids[i].role;
    char words[800];
    words_of (software, words, sizeof words);
    for (size_t i = 0; i < sizeof role_words / sizeof role_words[0]; i++)
        if (has_word (words, role_words[i].word))
            return role_words[i].role;
    return NULL;
}
