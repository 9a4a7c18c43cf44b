/* guard: see guard.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "engine/guard.h"

#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/step.h"
#include "fleet/inventory.h"

void
guard_add (struct vec *guards, enum guard_kind kind, const char *uri, const char *pointer,
           const char *expected, const char *what, int32_t code)
{
    if (str_empty (uri) || expected == NULL)
        return;
    struct guard *g = mem_alloc (sizeof *g);
    g->kind = kind;
    g->uri = str_dup (uri);
    g->pointer = str_dup (pointer == NULL ? "" : pointer);
    g->expected = str_dup (expected);
    g->what = str_dup (what);
    g->code = code;
    vec_push (guards, g);
}

void
guard_free (void *guard)
{
    struct guard *g = guard;
    mem_free (g->uri);
    mem_free (g->pointer);
    mem_free (g->expected);
    mem_free (g->what);
    mem_free (g);
}

void
guard_add_identity (struct vec *guards, const json_t *identity)
{
    size_t i;
    json_t *v;
    json_array_foreach ((json_t *) identity, i, v) {
        const char *kind = json_str_or (v, "/kind", "");
        if (str_eq (kind, "serial") || str_eq (kind, "uuid") || str_eq (kind, "board_id"))
            guard_add (guards, GUARD_IDENTITY, json_str (v, "/uri"), json_str (v, "/pointer"),
                       json_str (v, "/value"), kind, FARRIER_E_PRECONDITION);
    }
}

void
guard_add_spec (struct vec *guards, const json_t *spec)
{
    size_t i;
    json_t *v;
    json_array_foreach (json_object_get (spec, "guards"), i, v)
        guard_add (guards, GUARD_PLUGIN, json_str (v, "/uri"), json_str (v, "/pointer"),
                   json_str (v, "/expected"), json_str_or (v, "/pointer", ""),
                   (int32_t) json_int_or (v, "/code", FARRIER_E_PRECONDITION));
}

size_t
guard_paths (const struct vec *guards, const char **ret)
{
    size_t count = 0;
    for (size_t i = 0; i < guards->count; i++) {
        const struct guard *g = vec_at (guards, i);
        bool known = false;
        for (size_t k = 0; k < count && !known; k++)
            known = str_eq (ret[k], g->uri);
        if (!known)
            ret[count++] = g->uri;
    }
    return count;
}

static const struct step_document *
find_document (const struct vec *documents, const char *uri)
{
    for (size_t i = 0; i < documents->count; i++) {
        const struct step_document *d = vec_at (documents, i);
        if (str_eq (d->path, uri))
            return d;
    }
    return NULL;
}

static char *
value_text (const json_t *v)
{
    if (v == NULL)
        return str_dup ("(absent)");
    return json_is_string (v) ? str_dup (json_string_value (v)) : json_text (v);
}

static bool
agrees (const struct guard *g, const char *measured)
{
    if (g->kind == GUARD_IDENTITY)
        return identity_value_equal (g->what, g->expected, measured);
    size_t count;
    char **wanted = str_split (g->expected, '\n', &count);
    bool found = false;
    for (size_t i = 0; i < count && !found; i++)
        found = str_eq (wanted[i], measured);
    str_free_all (wanted, count);
    return found;
}

static int32_t
mismatch (const struct guard *g, const char *measured, struct err *err)
{
    switch (g->kind) {
    case GUARD_IDENTITY:
        err_set (err, g->code, "identity changed: %s is '%s' at %s, the host's record has '%s'",
                 g->what, measured, g->uri, g->expected);
        err_hint (err, "if the board was replaced on purpose: farrier host accept-identity HOST");
        break;
    case GUARD_VERSION:
        err_set (err, g->code, "%s is '%s' at %s, the plan was made for '%s'", g->what, measured,
                 g->uri, g->expected);
        err_hint (err, "farrier inventory refresh, then farrier plan create");
        break;
    case GUARD_PLUGIN:
        err_set (err, g->code, "%s at %s is '%s', it must be '%s' before anything is sent",
                 g->what, g->uri, measured, g->expected);
        break;
    }
    return g->code;
}

int32_t
guard_judge (const struct vec *guards, const struct vec *documents,
             const struct guard **ret_guard, struct err *err)
{
    *ret_guard = NULL;
    for (size_t i = 0; i < guards->count; i++) {
        const struct guard *g = vec_at (guards, i);
        const struct step_document *d = find_document (documents, g->uri);
        if (d == NULL || d->code != FARRIER_OK)
            return err_set (err, d == NULL ? FARRIER_E_INTERNAL : d->code,
                            "nothing was sent: %s could not be read first: %s", g->uri,
                            d == NULL ? "no answer" : d->message);
        char *measured = value_text (json_at (d->json, g->pointer));
        int32_t rc = agrees (g, measured) ? 0 : mismatch (g, measured, err);
        mem_free (measured);
        if (rc != 0) {
            *ret_guard = g;
            return rc;
        }
    }
    return 0;
}
