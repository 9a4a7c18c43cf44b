/* inventory: SoftwareInventory documents become components: key, version, slots, vendor keys.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "redfish.h"

#define VENDOR_KEYS_MAX 8

static const char *const type_words[] = {
    "other", "bios", "uefi", "bmc", "cpld", "nic", "storage_controller", "drive", "nvme", "psu",
    "gpu", "tpm", "backplane", "switch", "driver",
};

/* --- versions ------------------------------------------------------------------------------- */

static const char *
skip_blanks (const char *s, size_t *ret_len)
{
    while (*s == ' ' || *s == '\t')
        s++;
    size_t len = strlen (s);
    while (len > 0 && (s[len - 1] == ' ' || s[len - 1] == '\t'))
        len--;
    *ret_len = len;
    return s;
}

int
redfish_version_equal (const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return 0;
    size_t a_len, b_len;
    a = skip_blanks (a, &a_len);
    b = skip_blanks (b, &b_len);
    return a_len > 0 && a_len == b_len && memcmp (a, b, a_len) == 0;
}

/* What BMCs say where there is nothing. */
static int
no_version (const char *version)
{
    static const char *const words[] = { "", "-*", "Not Present", "N/A", "NA", "None", "Unknown" };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcasecmp (version, words[i]) == 0)
            return 1;
    return 0;
}

static const char *
version_of (struct farrier_step *step, const struct farrier_json *software)
{
    const char *version = farrier_json_str_at (software, "/Version");
    size_t len;
    if (version == NULL)
        return NULL;
    version = skip_blanks (version, &len);
    const char *trimmed = farrier_printf (step, "%.*s", (int) len, version);
    return trimmed == NULL || no_version (trimmed) ? NULL : trimmed;
}

/* --- keys ----------------------------------------------------------------------------------- */

static int
all_of (const char *s, int (*test) (int))
{
    if (*s == '\0')
        return 0;
    for (; *s != '\0'; s++)
        if (!test ((unsigned char) *s))
            return 0;
    return 1;
}

static int
hashed_id (const char *id)
{
    return strlen (id) == 8 && all_of (id, isxdigit);
}

/* "Installed-159-1.8.2__BIOS.Setup.1-1" -> "BIOS.Setup.1-1"; the other copies keep their word. */
static const char *
dell_key (struct farrier_step *step, const char *id)
{
    const char *fqdd = strstr (id, "__");
    const char *dash = strchr (id, '-');
    if (fqdd == NULL || dash == NULL || dash > fqdd || fqdd[2] == '\0')
        return NULL;
    if (strncasecmp (id, "Installed-", 10) == 0)
        return fqdd + 2;
    return farrier_printf (step, "%.*s/%s", (int) (dash - id), id, fqdd + 2);
}

/* A positional number says nothing: the device's class and place do. */
static const char *
hpe_key (struct farrier_step *step, const struct farrier_json *software)
{
    const char *class = farrier_json_str_at (software, "/Oem/Hpe/DeviceClass");
    const char *place = farrier_json_str_at (software, "/Oem/Hpe/DeviceContext");
    if (class == NULL && place == NULL)
        return NULL;
    return farrier_printf (step, "%.8s@%s", class == NULL ? "device" : class,
                           place == NULL ? "board" : place);
}

/* The last two steps of a path: "Managers/bmc". */
static const char *
path_tail (const char *path)
{
    const char *last = strrchr (path, '/');
    if (last == NULL || last == path)
        return path;
    const char *at = last - 1;
    while (at > path && *at != '/')
        at--;
    return *at == '/' ? at + 1 : at;
}

static const char *
related_key (struct farrier_step *step, const struct farrier_json *software)
{
    const char *path = redfish_link (software, "/RelatedItem/0");
    uint32_t type = redfish_component_type (software);
    const char *word = type_words[type < sizeof type_words / sizeof type_words[0] ? type : 0];
    if (path == NULL)
        return word;
    return farrier_printf (step, "%s@%s", word, path_tail (path));
}

/* Id without the version that it may carry. */
static const char *
plain_key (struct farrier_step *step, const char *id, const char *version)
{
    const char *at = version == NULL || strlen (version) < 3 ? NULL : strstr (id, version);
    if (at == NULL || strcmp (id, version) == 0)
        return id;
    const char *rest = at + strlen (version);
    size_t len = (size_t) (at - id);
    while (len > 0 && strchr ("-_. ", id[len - 1]) != NULL)
        len--;
    return len + strlen (rest) == 0 ? id : farrier_printf (step, "%.*s%s", (int) len, id, rest);
}

/* A key is typed by people and stands in paths: no blanks. */
static const char *
without_blanks (struct farrier_step *step, const char *key)
{
    if (key == NULL || strpbrk (key, " \t") == NULL)
        return key;
    char *copy = farrier_printf (step, "%s", key);
    for (char *c = copy; c != NULL && *c != '\0'; c++)
        if (*c == ' ' || *c == '\t')
            *c = '_';
    return copy;
}

const char *
redfish_component_key (struct farrier_step *step, const struct redfish_service *service,
                       const struct farrier_json *software)
{
    const char *id = farrier_json_str_at (software, "/Id");
    const char *uri = redfish_link (software, "");
    if (id == NULL)
        id = uri == NULL ? "" : path_tail (uri);
    const char *key = NULL;
    if (service->vendor == REDFISH_DELL)
        key = dell_key (step, id);
    else if (service->vendor == REDFISH_HPE)
        key = hpe_key (step, software);
    else if ((redfish_quirk (service->vendor)->flags & REDFISH_QUIRK_HASHED_IDS) != 0
             && hashed_id (id))
        key = related_key (step, software);
    if (key == NULL && all_of (id, isdigit)) {
        const char *name = farrier_json_str_at (software, "/Name");
        const char *software_id = farrier_json_str_at (software, "/SoftwareId");
        key = software_id != NULL && software_id[0] != '\0' ? software_id : name;
    }
    if (key == NULL)
        key = plain_key (step, id, farrier_json_str_at (software, "/Version"));
    return without_blanks (step, key);
}

/* --- one component -------------------------------------------------------------------------- */

struct keys {
    struct farrier_pair *pairs;
    uint32_t count;
};

static void
add_key (struct keys *keys, const char *name, const char *value)
{
    if (value == NULL || value[0] == '\0' || keys->pairs == NULL
        || keys->count == VENDOR_KEYS_MAX)
        return;
    keys->pairs[keys->count].name = name;
    keys->pairs[keys->count].value = value;
    keys->count++;
}

static void
fill_keys (struct farrier_step *step, const struct redfish_service *service,
           const struct farrier_json *software, const char *role, struct farrier_component *ret)
{
    struct keys keys = { farrier_alloc (step, VENDOR_KEYS_MAX * sizeof (struct farrier_pair)), 0 };
    add_key (&keys, "redfish.service", redfish_vendor_name (service->vendor));
    add_key (&keys, "software_id", farrier_json_str_at (software, "/SoftwareId"));
    add_key (&keys, "role", role);
    add_key (&keys, "hpe.device_class", farrier_json_str_at (software, "/Oem/Hpe/DeviceClass"));
    add_key (&keys, "hpe.target", farrier_json_str_at (software, "/Oem/Hpe/Targets/0"));
    add_key (&keys, "lowest_version",
             farrier_json_str_at (software, "/LowestSupportedVersion"));
    ret->vendor_keys = (struct farrier_table) FARRIER_TABLE_OF (keys.pairs, keys.count);
}

static const char *
name_of (const struct farrier_json *software)
{
    const char *name = farrier_json_str_at (software, "/Name");
    const char *words = farrier_json_str_at (software, "/Description");
    /* OpenBMC calls everything "Software Inventory". */
    if ((name == NULL || redfish_glob ("Software Inventory", name)) && words != NULL)
        return words;
    return name != NULL ? name : farrier_json_str_at (software, "/Id");
}

int32_t
redfish_component (struct farrier_step *step, const struct redfish_service *service,
                   const struct farrier_json *software, struct farrier_component *ret)
{
    struct farrier_component c = FARRIER_INIT (struct farrier_component);
    const char *uri = redfish_link (software, "");
    if (farrier_json_type (software) != 'o' || uri == NULL)
        return FARRIER_E_INVALID;
    const char *role = redfish_component_role (software);
    c.type = role == NULL ? redfish_component_type (software) : FARRIER_COMPONENT_OTHER;
    c.key = redfish_component_key (step, service, software);
    c.name = name_of (software);
    c.uri = uri;
    c.version = version_of (step, software);
    c.status = farrier_json_str_at (software, "/Status/State");
    c.slot = role;
    c.updateable = farrier_json_bool (farrier_json_at (software, "/Updateable"));
    if (role != NULL)
        c.updateable = 0;              /* copies are the vendor's own business */
    fill_keys (step, service, software, role, &c);
    if (c.key == NULL || c.key[0] == '\0')
        return FARRIER_E_INVALID;
    *ret = c;
    return FARRIER_OK;
}

const char *
redfish_vendor_key (const struct farrier_component *component, const char *name)
{
    const struct farrier_table *t = &component->vendor_keys;
    for (uint32_t i = 0; t->items != NULL && i < t->count; i++) {
        const struct farrier_pair *pair
            = (const void *) ((const char *) t->items + (size_t) i * t->stride);
        if (strcmp (pair->name, name) == 0)
            return pair->value;
    }
    return NULL;
}

/* --- all of them ---------------------------------------------------------------------------- */

static struct farrier_component *
find_key (struct farrier_component *list, uint32_t count, const char *key)
{
    for (uint32_t i = 0; i < count; i++)
        if (strcmp (list[i].key, key) == 0)
            return &list[i];
    return NULL;
}

/* A slot that does not run: folded into the component that does. */
static int
is_standby (const struct farrier_component *c)
{
    return c->status != NULL && strcmp (c->status, "Enabled") != 0;
}

static void
fold (struct farrier_component *active, const struct farrier_component *other)
{
    struct keys keys = { (struct farrier_pair *) (uintptr_t) active->vendor_keys.items,
                         active->vendor_keys.count };
    if (redfish_glob ("StandbySpare", other->status)) {
        active->previous = other->version;
        add_key (&keys, "redfish.standby", other->uri);
    } else {
        active->pending = other->version;
        add_key (&keys, "redfish.pending", other->uri);
    }
    active->vendor_keys.count = keys.count;
}

static void
make_unique (struct farrier_step *step, struct farrier_component *list, uint32_t count,
             struct farrier_component *c)
{
    const char *key = c->key;
    for (unsigned n = 2; key != NULL && find_key (list, count, key) != NULL && n < 10000; n++)
        key = farrier_printf (step, "%s#%u", c->key, n);
    if (key != NULL)
        c->key = key;
}

uint32_t
redfish_components (struct farrier_step *step, const struct redfish_service *service,
                    const struct farrier_json *const *software, uint32_t count,
                    struct farrier_component *ret, uint32_t max)
{
    int slots = (redfish_quirk (service->vendor)->flags & REDFISH_QUIRK_HASHED_IDS) != 0;
    uint32_t stored = 0;
    struct farrier_component c;
    /* Active images first, so that a standby finds the one that it belongs to. */
    for (uint32_t i = 0; i < count && stored < max; i++) {
        if (redfish_component (step, service, software[i], &c) != 0 || (slots && is_standby (&c)))
            continue;
        make_unique (step, ret, stored, &c);
        ret[stored++] = c;
    }
    for (uint32_t i = 0; slots && i < count && stored < max; i++) {
        if (redfish_component (step, service, software[i], &c) != 0 || !is_standby (&c))
            continue;
        struct farrier_component *active = find_key (ret, stored, c.key);
        if (active != NULL && c.slot == NULL) {
            fold (active, &c);
            continue;
        }
        if (redfish_glob ("StandbySpare", c.status)) {
            c.slot = "standby";
            c.updateable = 0;
        }
        make_unique (step, ret, stored, &c);
        ret[stored++] = c;
    }
    return stored;
}
