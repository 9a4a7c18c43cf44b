/* reset: which reset a System, Manager or Chassis allows, and how to ask for it.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "redfish.h"

static const struct farrier_json *
reset_of (const struct farrier_json *resource)
{
    static const char *const actions[] = {
        "/Actions/#ComputerSystem.Reset", "/Actions/#Manager.Reset", "/Actions/#Chassis.Reset",
    };
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
        if (farrier_json_at (resource, actions[i]) != NULL)
            return farrier_json_at (resource, actions[i]);
    return NULL;
}

/* The values of ResetType: beside the action, or in its ActionInfo. */
static const struct farrier_json *
allowed_of (struct farrier_step *step, const struct farrier_json *action)
{
    const struct farrier_json *values
        = farrier_json_at (action, "/ResetType@Redfish.AllowableValues");
    const char *info = redfish_path (farrier_json_str_at (action, "/@Redfish.ActionInfo"));
    if (farrier_json_count (values) > 0 || info == NULL)
        return values;
    struct farrier_error ignored = FARRIER_INIT (struct farrier_error);
    const struct farrier_json *document = NULL;
    if (redfish_get (step, info, &document, &ignored) < 0)
        return NULL;
    const struct farrier_json *parameters = farrier_json_at (document, "/Parameters");
    for (uint32_t i = 0; i < farrier_json_count (parameters); i++) {
        const struct farrier_json *p = farrier_json_item (parameters, i);
        if (redfish_glob ("ResetType", farrier_json_str_at (p, "/Name")))
            return farrier_json_at (p, "/AllowableValues");
    }
    return NULL;
}

int32_t
redfish_reset_action (struct farrier_step *step, const struct farrier_json *resource,
                      const char *const *wanted, const char **ret_target, const char **ret_type,
                      struct farrier_error *err)
{
    const struct farrier_json *action = reset_of (resource);
    const char *target = redfish_path (farrier_json_str_at (action, "/target"));
    const char *where = redfish_link (resource, "");
    where = where == NULL ? "the resource" : where;
    if (target == NULL)
        return farrier_fail (step, err, FARRIER_E_UNSUPPORTED, "%s offers no reset action", where);
    const struct farrier_json *allowed = allowed_of (step, action);
    if (farrier_json_count (allowed) == 0) {
        *ret_target = target;
        *ret_type = NULL;
        return FARRIER_OK;
    }
    for (const char *const *w = wanted; *w != NULL; w++) {
        for (uint32_t i = 0; i < farrier_json_count (allowed); i++) {
            if (!redfish_glob (*w, farrier_json_str (farrier_json_item (allowed, i))))
                continue;
            *ret_target = target;
            *ret_type = *w;
            return FARRIER_OK;
        }
    }
    return farrier_fail (step, err, FARRIER_E_UNSUPPORTED,
                         "%s does not allow the reset type %s (it allows: %s)", where, wanted[0],
                         redfish_join (step, allowed));
}

const char *
redfish_reset_body (struct farrier_step *step, const char *type)
{
    return type == NULL ? "{}" : farrier_printf (step, "{\"ResetType\":\"%s\"}", type);
}

uint32_t
redfish_reboot_of_target (const char *reset_target)
{
    if (redfish_glob ("*/Managers/*", reset_target))
        return FARRIER_REBOOT_BMC_RESET;
    if (redfish_glob ("*/Chassis/*", reset_target))
        return FARRIER_REBOOT_AC_CYCLE;
    return FARRIER_REBOOT_HOST_RESET;
}
