/* match: which plugins speak with this BMC, by globs over what the core read.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "plugin/params.h"
#include "plugin/private.h"

static bool
text_fits (const char *pattern, const char *seen)
{
    return pattern == NULL || (seen != NULL && str_glob (pattern, seen, true));
}

static bool
any_fits (const char *pattern, const char *const *seen, size_t count)
{
    if (pattern == NULL)
        return true;
    for (size_t i = 0; i < count; i++)
        if (str_glob (pattern, seen[i], true))
            return true;
    return false;
}

static uint32_t
score_root (const struct farrier_table *table, const struct plugin_seen *seen)
{
    struct farrier_match m;
    uint32_t best = 0;
    for (size_t i = 0; params_table_copy (table, i, &m, sizeof m); i++) {
        bool fits = (m.ipmi_manufacturer_id < 0
                     || m.ipmi_manufacturer_id == seen->ipmi_manufacturer_id)
                    && text_fits (m.root_vendor, seen->root_vendor)
                    && text_fits (m.root_product, seen->root_product)
                    && text_fits (m.redfish_version, seen->redfish_version)
                    && text_fits (m.server_header, seen->server_header)
                    && any_fits (m.root_oem, seen->root_oem, seen->root_oem_count);
        if (fits && m.score > best)
            best = m.score;
    }
    return best;
}

static uint32_t
score_login (const struct farrier_table *table, const struct plugin_seen *seen)
{
    struct farrier_match_login m;
    uint32_t best = 0;
    for (size_t i = 0; params_table_copy (table, i, &m, sizeof m); i++) {
        bool fits = text_fits (m.system_manufacturer, seen->system_manufacturer)
                    && text_fits (m.manager_model, seen->manager_model)
                    && any_fits (m.system_oem, seen->system_oem, seen->system_oem_count)
                    && any_fits (m.manager_oem, seen->manager_oem, seen->manager_oem_count);
        if (fits && m.score > best)
            best = m.score;
    }
    return best;
}

static int
compare_scores (const void *a, const void *b)
{
    const struct plugin_score *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return strcmp (plugin_info (x->plugin)->name, plugin_info (y->plugin)->name);
}

size_t
plugin_match (const struct plugin_registry *r, const struct plugin_seen *seen,
              struct plugin_score *ret, size_t max)
{
    size_t total = plugin_count (r), count = 0;
    struct plugin_score *all = mem_array (total + 1, sizeof *all);
    for (size_t i = 0; i < total; i++) {
        struct plugin *p = plugin_at (r, i);
        if (!plugin_is_usable (p))
            continue;
        uint32_t score = score_root (&p->def.match, seen);
        uint32_t login = seen->logged_in ? score_login (&p->def.match_login, seen) : 0;
        score = login > score ? login : score;
        if (score > 0)
            all[count++] = (struct plugin_score) { p, score, false };
    }
    qsort (all, count, sizeof *all, compare_scores);
    for (size_t i = 0; i < count; i++)
        all[i].tied = (i > 0 && all[i - 1].score == all[i].score)
                      || (i + 1 < count && all[i + 1].score == all[i].score);
    memcpy (ret, all, (count < max ? count : max) * sizeof *all);
    mem_free (all);
    return count;
}
