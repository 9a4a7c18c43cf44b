/* case_plugin: the plugin beside its ops: settings, probe, effects, formats.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "case.h"
#include "plugin/plugin.h"
#include "rules.h"

#define FILE_MAX (64u << 20)
#define NOISE_BYTES 5000

/* --- settings ------------------------------------------------------------------------------- */

/* A value of the parameter at one end of what is allowed; NULL when it has no ends. */
static json_t *
extreme (const struct farrier_param *p, bool high)
{
    bool bounded = p->min != 0 || p->max != 0;
    char text[40];
    switch (p->type) {
    case FARRIER_PARAM_BOOL:
        return json_boolean (high);
    case FARRIER_PARAM_INTEGER:
    case FARRIER_PARAM_SIZE:
        return bounded ? json_integer (high ? p->max : p->min) : NULL;
    case FARRIER_PARAM_DURATION:
        str_format (text, sizeof text, "%lldms", (long long) (high ? p->max : p->min));
        return bounded ? json_string (text) : NULL;
    case FARRIER_PARAM_ENUM: {
        const char *last = p->enum_values == NULL ? NULL : strrchr (p->enum_values, '|');
        if (p->enum_values == NULL)
            return NULL;
        if (high && last != NULL)
            return json_string (last + 1);
        return json_stringn (p->enum_values, strcspn (p->enum_values, "|"));
    }
    default:
        return NULL;
    }
}

/* configure() is called again and again, and may not fail on what its own table allows. */
static void
run_settings (const struct case_input *in, struct case_output *out)
{
    struct scene s;
    scene_open (&s, &in->set);
    for (int round = 0; round < 3 && out->message == NULL; round++) {
        json_t *values = in->set.conf->settings == NULL ? json_object ()
                                                        : json_copy (in->set.conf->settings);
        struct farrier_param p;
        for (uint32_t i = 0; round < 2 && plugin_param_at (&in->set.plugin->params, i, &p); i++) {
            json_t *v = extreme (&p, round == 1);
            if (v != NULL)
                json_object_set_new (values, p.name, v);
        }
        char *text = json_text (values);
        int32_t rc = farrier_test_configure (s.test, text);
        if (rc != FARRIER_OK)
            case_fail (out, "", "configure (%s) answered %s: %s", text, err_code_name (rc),
                       farrier_test_error (s.test)->message);
        mem_free (text);
        json_decref (values);
    }
    scene_close (&s);
}

/* --- probe, effects ------------------------------------------------------------------------- */

static void
run_probe (const struct case_input *in, struct case_output *out)
{
    struct scene s;
    scene_open (&s, &in->set);
    int32_t rc = farrier_test_probe (s.test);
    if (rc > 100 || rc == FARRIER_E_PLUGIN_BUG)
        case_fail (out, "", "answered %d, which is neither 0..100 nor a negative code: %s",
                   (int) rc, farrier_test_error (s.test)->message);
    scene_close (&s);
}

static void
judge_effects (const struct farrier_effects *e, int32_t rc, struct case_output *out)
{
    if (rc != FARRIER_OK && rc != FARRIER_E_UNSUPPORTED)
        case_fail (out, "", "answered %d: it may answer 0 or UNSUPPORTED", (int) rc);
    else if (e->reboot > FARRIER_REBOOT_AC_CYCLE)
        case_fail (out, "", "reboot is %u, which is no enum farrier_reboot", e->reboot);
    else if (e->drops_bmc > 1 || e->exclusive > 1 || e->can_rollback > 1
             || e->applies_at_once > 1)
        case_fail (out, "", "a flag of struct farrier_effects is neither 0 nor 1");
}

/* Asked about every type of component. It is pure: asked twice, it says the same. */
static void
run_effects (const struct case_input *in, struct case_output *out)
{
    struct scene s;
    scene_open (&s, &in->set);
    for (uint32_t type = 0; type < COMPONENT_TYPE_COUNT && out->message == NULL; type++) {
        struct farrier_effects first, second;
        struct farrier_component c = {
            .struct_size = sizeof c, .type = type, .key = "a key", .name = "a name",
            .uri = "/redfish/v1/UpdateService/FirmwareInventory/X", .version = "1.0",
            .updateable = 1,
        };
        struct farrier_image_info info = { .struct_size = sizeof info, .type = type,
                                           .name = "check.img", .version = "2.0" };
        farrier_test_component (s.test, &c);
        farrier_test_image (s.test, &info, in->set.image, in->set.image_len);
        int32_t rc = farrier_test_effects (s.test, &first);
        int32_t again = farrier_test_effects (s.test, &second);
        judge_effects (&first, rc, out);
        if (rc != again || memcmp (&first, &second, sizeof first) != 0)
            case_fail (out, "", "asked twice about a %s it says two things",
                       component_type_name ((enum farrier_component_type) type));
    }
    scene_close (&s);
}

/* --- formats -------------------------------------------------------------------------------- */

static void
feed (struct scene *s, const void *bytes, size_t len, const char *what, struct case_output *out)
{
    rules_note (what);
    int32_t rc = farrier_test_inspect (s->test, bytes, len);
    if (rc != FARRIER_DONE && rc != FARRIER_SKIPPED && rc >= 0)
        case_fail (out, "", "%s: inspect() answered %d", what, (int) rc);
    rc = farrier_test_read_catalog (s->test, bytes, len);
    if (rc != FARRIER_DONE && rc != FARRIER_SKIPPED && rc >= 0)
        case_fail (out, "", "%s: read_catalog() answered %d", what, (int) rc);
    rules_note ("");
}

/* Files that are none of its own, and its own ones cut off. */
static void
run_formats (const struct case_input *in, struct case_output *out)
{
    struct scene s;
    unsigned char noise[NOISE_BYTES];
    uint64_t state = 88172645463325252ull;
    for (size_t i = 0; i < sizeof noise; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        noise[i] = (unsigned char) state;
    }
    scene_open (&s, &in->set);
    feed (&s, "", 0, "an empty file", out);
    feed (&s, noise, sizeof noise, "noise", out);
    feed (&s, in->set.image, in->set.image_len, "an image of the simulator", out);
    for (size_t i = 0; i < in->set.conf->files.count; i++) {
        struct buf bytes = { 0 };
        struct err err = { 0 };
        const char *path = vec_at (&in->set.conf->files, i);
        if (fs_read (path, FILE_MAX, &bytes, &err) != 0) {
            case_fail (out, "", "%s", err.message);
            break;
        }
        if (farrier_test_inspect (s.test, bytes.data, bytes.len) != FARRIER_DONE)
            case_fail (out, "", "%s is not recognised", path);
        for (size_t len = bytes.len; len > 0; len /= 2)
            feed (&s, bytes.data, len - 1, "a file that was cut off", out);
        buf_free (&bytes);
    }
    scene_close (&s);
}

/* A version is equal to itself, and two of them compare the same from both sides. */
static void
run_compare (const struct case_input *in, struct case_output *out)
{
    static const char *const versions[]
        = { "", "1", "1.0", "1.0.0", "1.10", "1.9", "2.0-beta", "U30 v2.1 (01/02/2024)", "0x30",
            "22.36.1010", "\xff\xfe", "a very long version 1.2.3.4.5.6.7.8.9.10.11.12.13.14" };
    size_t n = sizeof versions / sizeof versions[0];
    const struct farrier_formats *f = in->set.plugin->formats;
    struct farrier_component c = { .struct_size = sizeof c, .type = FARRIER_COMPONENT_BIOS,
                                   .key = "a key", .name = "BIOS", .updateable = 1 };
    if (f->struct_size < sizeof *f || f->compare_versions == NULL)
        return;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < n; k++) {
            int32_t one = 9, other = 9;
            if (f->compare_versions (&c, versions[i], versions[k], &one) < 0
                || f->compare_versions (&c, versions[k], versions[i], &other) < 0)
                continue;
            bool fits = i == k            ? one == 0 || one == 2
                        : one == 0 || one == 2 ? one == other
                                               : one == -other && (one == 1 || one == -1);
            if (!fits)
                case_fail (out, "", "compare_versions (\"%s\", \"%s\") says %d, the other way "
                           "round %d", versions[i], versions[k], (int) one, (int) other);
        }
    }
}

void
case_plugin (const struct case_input *in, struct case_output *ret)
{
    if (str_eq (in->what, "settings"))
        run_settings (in, ret);
    else if (str_eq (in->what, "probe"))
        run_probe (in, ret);
    else if (str_eq (in->what, "effects"))
        run_effects (in, ret);
    else if (str_eq (in->what, "formats"))
        run_formats (in, ret);
    else if (str_eq (in->what, "versions"))
        run_compare (in, ret);
    else
        case_fail (ret, "", "there is no such case");
}
