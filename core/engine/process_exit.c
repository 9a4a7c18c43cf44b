/* process_exit: see process_exit.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "engine/process_exit.h"

#include <stdbool.h>

#include "base/json.h"
#include "farrier/error.h"

int32_t
process_exit_code (const json_t *spec, int exit_status)
{
    bool as_signed = json_bool_or (spec, "/exit_signed", false);
    int value = as_signed && exit_status > 127 ? exit_status - 256 : exit_status;
    size_t i;
    json_t *one;
    if (as_signed && exit_status < 0)  /* a signal is none of the numbers that it looks like */
        return FARRIER_OK;
    json_array_foreach (json_object_get (spec, "exits"), i, one) {
        json_int_t from = json_integer_value (json_array_get (one, 0));
        json_int_t to = json_integer_value (json_array_get (one, 1));
        if (value == from || (value >= 0 && value > from && value <= to)
            || (as_signed && value > from && value <= to))
            return (int32_t) json_integer_value (json_array_get (one, 2));
    }
    return FARRIER_OK;
}
