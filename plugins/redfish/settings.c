/* settings: BIOS attributes: what differs, and where the change belongs.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "redfish.h"

const char *
redfish_settings_uri (const struct farrier_json *bios, const char *bios_uri)
{
    const char *object = redfish_link (bios, "/@Redfish.Settings/SettingsObject");
    return object == NULL ? bios_uri : object;
}

const char *
redfish_settings_apply_time (const struct farrier_json *bios)
{
    const struct farrier_json *times
        = farrier_json_at (bios, "/@Redfish.Settings/SupportedApplyTimes");
    for (uint32_t i = 0; i < farrier_json_count (times); i++)
        if (redfish_glob ("OnReset", farrier_json_str (farrier_json_item (times, i))))
            return "OnReset";
    return NULL;
}

int
redfish_value_equal (const struct farrier_json *a, const struct farrier_json *b)
{
    int64_t x = 0, y = 0;
    double u = 0, v = 0;
    const char *s = farrier_json_str (a), *t = farrier_json_str (b);
    if (farrier_json_type (a) != farrier_json_type (b))
        return 0;
    if (s != NULL && t != NULL)
        return strcmp (s, t) == 0;
    if (farrier_json_bool (a) >= 0)
        return farrier_json_bool (a) == farrier_json_bool (b);
    if (farrier_json_i64 (a, &x) == 0 && farrier_json_i64 (b, &y) == 0)
        return x == y;
    if (farrier_json_real (a, &u) == 0 && farrier_json_real (b, &v) == 0)
        return !(u < v) && !(v < u);
    return farrier_json_type (a) == '0';
}

/* An attribute's name may hold '/' and '~', which a pointer must escape. */
static const struct farrier_json *
attribute (const struct farrier_json *attributes, const char *name)
{
    for (uint32_t i = 0; i < farrier_json_count (attributes); i++) {
        const char *key = farrier_json_key (attributes, i);
        if (key != NULL && strcmp (key, name) == 0)
            return farrier_json_item (attributes, i);
    }
    return NULL;
}

const char *
redfish_settings_body (struct farrier_step *step, const struct farrier_json *bios,
                       const struct farrier_json *wanted, uint32_t *ret_count,
                       const char **ret_unknown)
{
    const struct farrier_json *have = farrier_json_at (bios, "/Attributes");
    struct farrier_json *changes = farrier_json_object (step);
    const char *unknown = NULL;
    uint32_t count = 0;
    for (uint32_t i = 0; i < farrier_json_count (wanted); i++) {
        const char *name = farrier_json_key (wanted, i);
        const struct farrier_json *value = farrier_json_item (wanted, i);
        const struct farrier_json *now = attribute (have, name);
        if (now == NULL) {
            unknown = unknown == NULL ? name : farrier_printf (step, "%s, %s", unknown, name);
        } else if (!redfish_value_equal (now, value)) {
            farrier_json_put (changes, name, value);
            count++;
        }
    }
    *ret_unknown = unknown;
    *ret_count = count;
    if (count == 0 || changes == NULL)
        return NULL;
    struct farrier_json *body = farrier_json_object (step);
    const char *apply_time = redfish_settings_apply_time (bios);
    farrier_json_put (body, "Attributes", changes);
    if (apply_time != NULL) {
        struct farrier_json *time = farrier_json_object (step);
        farrier_json_put (time, "ApplyTime", farrier_json_string (step, apply_time));
        farrier_json_put (body, "@Redfish.SettingsApplyTime", time);
    }
    return farrier_json_text (step, body);
}
