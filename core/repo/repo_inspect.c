/* repo_inspect: recognises the simulator's firmware files by their text header.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "repo/repo.h"

#define MAGIC "FARRIER-SIM-FIRMWARE 1\n"
#define HEADER_MAX 1024

/* "key: value"; the value of the first such line, on the heap. */
static char *
header_value (const char *header, const char *key)
{
    size_t key_len = strlen (key);

    for (const char *line = header; *line != '\0';) {
        size_t len = strcspn (line, "\n");

        if (len > key_len + 1 && strncmp (line, key, key_len) == 0 && line[key_len] == ':') {
            char *copy = str_ndup (line + key_len + 1, len - key_len - 1);
            char *value = str_dup (str_trim (copy));

            mem_free (copy);
            return value;
        }
        line += len + (line[len] == '\n');
    }
    return NULL;
}

/* The simulator's word for a component as a component type. */
static const char *
type_of (const char *component)
{
    static const struct { const char *word, *type; } table[] = {
        { "storage", "storage_controller" },
    };
    enum farrier_component_type type;

    for (size_t i = 0; i < sizeof (table) / sizeof (table[0]); i++) {
        if (str_eq (component, table[i].word)) {
            return table[i].type;
        }
    }
    return component_type_from_name (component, &type) ? component : NULL;
}

/* The models that hosts of a simulated kind show. */
static const char *
host_model_of (const char *kind)
{
    static const struct { const char *kind, *model; } table[] = {
        { "generic", "SIM-G1*" },
        { "openbmc", "SIM-O1*" },
    };

    for (size_t i = 0; i < sizeof (table) / sizeof (table[0]); i++) {
        if (str_eq (kind, table[i].kind)) {
            return table[i].model;
        }
    }
    return NULL;
}

bool
repo_inspect_simulated (void *ctx, const char *filename, const void *head, size_t head_len,
                        struct repo_facts *ret)
{
    size_t len = head_len < HEADER_MAX ? head_len : HEADER_MAX;
    char *header, *end, *component, *model;

    (void) ctx;
    (void) filename;
    if (len < strlen (MAGIC) || memcmp (head, MAGIC, strlen (MAGIC)) != 0) {
        return false;
    }
    header = str_ndup (head, len);
    end = strstr (header, "\n\n");
    if (end == NULL) {
        mem_free (header);
        return false;
    }
    end[1] = '\0';
    component = header_value (header, "component");
    model = header_value (header, "model");
    *ret = (struct repo_facts){
        .vendor = str_dup ("farrier-sim"),
        .match_vendor = str_dup ("*(simulated)"),
        .model = str_dup (host_model_of (model)),
        .type = str_dup (type_of (component)),
        .version = header_value (header, "version"),
        .name = model != NULL && component != NULL ? str_printf ("%s-%s", model, component) : NULL,
        .simulated = true,
    };
    mem_free (component);
    mem_free (model);
    mem_free (header);
    return true;
}
