/* collect: many GETs, one answer. A collection is asked for with its members in one go where the
 * BMC can do that, and member by member where it cannot.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/json.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"
#include "net/redfish_error.h"
#include "net/watch_base.h"

#define IN_FLIGHT 2
#define DOCUMENTS_MAX 2000
#define PAGES_MAX 1000
#define BYTES_MAX ((uint64_t) 64 << 20)

struct collect {
    struct watch base;
    char *collection, *expand;
    uint32_t max_in_flight, max_documents;
    struct vec documents;              /* struct watch_document *; path, err owned */
    size_t next;                       /* the first document that was not asked for yet */
    uint32_t in_flight, requests, pages;
    uint64_t bytes;
    bool paging;                       /* a page of the collection is under way */
    bool expanding;                    /* it was asked for with expand */
    bool last;
    struct map *seen;                  /* member paths and pages */
    json_t *first_page;
    struct watch_collect_result result;
    void (*done) (void *arg, const struct watch_collect_result *r);
    void *arg;
};

static void go_on (struct collect *c);

static struct collect *
collect_of (struct watch *w)
{
    return list_entry (w, struct collect, base);
}

static struct watch_document *
add_document (struct collect *c, const char *path)
{
    struct watch_document *d = mem_alloc (sizeof *d);
    d->path = str_dup (path);
    vec_push (&c->documents, d);
    return d;
}

static void
document_free (void *item)
{
    struct watch_document *d = item;
    json_decref (d->json);
    mem_free ((char *) d->path);
    mem_free (d);
}

/* ---- the end ------------------------------------------------------------------------------- */

static void
collect_end (struct collect *c)
{
    struct watch_document *all = mem_array (c->documents.count + 1, sizeof *all);
    for (size_t i = 0; i < c->documents.count; i++)
        all[i] = *(struct watch_document *) vec_at (&c->documents, i);
    c->result.documents = all;
    c->result.count = c->documents.count;
    c->result.collection = c->first_page;
    c->result.requests = c->requests;
    c->done (c->arg, &c->result);
    mem_free (all);
    watch_finish (&c->base);
}

static void
collect_free (struct watch *w)
{
    struct collect *c = collect_of (w);
    vec_free_with (&c->documents, document_free);
    map_free (c->seen, NULL);
    json_decref (c->first_page);
    mem_free (c->collection);
    mem_free (c->expand);
    mem_free (c);
}

static void
collect_stopped (struct watch *w)
{
    struct collect *c = collect_of (w);
    c->result.code = err_set (&c->result.err, FARRIER_E_CANCELLED, "reading %s was cancelled",
                              c->collection == NULL ? w->target->name : c->collection);
    for (size_t i = 0; i < c->documents.count; i++) {
        struct watch_document *d = vec_at (&c->documents, i);
        if (d->json == NULL && d->code == 0)
            d->code = err_set (&d->err, FARRIER_E_CANCELLED, "%s: not read", d->path);
    }
    collect_end (c);
}

/* ---- one document -------------------------------------------------------------------------- */

/* 0, or why a look is not a document. */
static int32_t
look_error (const char *path, const struct look *look, struct err *err)
{
    if (look->code != 0) {
        *err = look->err;
        return look->code;
    }
    if (look->status < 200 || look->status >= 300) {
        struct redfish_error e;
        redfish_error_parse (look->status, true, look->doc, &e);
        return err_set (err, e.code == 0 ? FARRIER_E_REJECTED : e.code, "%s: HTTP %d%s%.300s",
                        path, look->status, e.message[0] == '\0' ? "" : ": ", e.message);
    }
    if (look->doc != NULL)
        return 0;
    if (look->err.message[0] == '\0')
        return err_set (err, FARRIER_E_INVALID, "%s: the answer is empty", path);
    *err = look->err;
    return FARRIER_E_INVALID;
}

static void
document_looked (struct watch *w, void *context, struct look *look, size_t bytes)
{
    struct collect *c = collect_of (w);
    struct watch_document *d = context;
    c->in_flight--;
    c->bytes += bytes;
    d->status = look->status;
    d->code = look_error (d->path, look, &d->err);
    if (d->code == 0) {
        d->json = look->doc;
        look->doc = NULL;
    }
    go_on (c);
}

/* ---- the collection ------------------------------------------------------------------------ */

static bool
is_expanded (const json_t *member)
{
    return json_is_object (member) && json_object_size (member) > 1;
}

/* What is left out is told: a list that looks whole would make the rest vanish. */
static void
too_many (struct collect *c)
{
    if (c->result.code == 0)
        c->result.code = err_set (&c->result.err, FARRIER_E_NO_SPACE,
                                  "%s has more members than the %u that are read", c->collection,
                                  c->max_documents);
}

static void
add_member (struct collect *c, const json_t *member, size_t i)
{
    const char *id = json_str (member, "/@odata.id");
    char fallback[40];
    if (id == NULL && !is_expanded (member))
        return;
    if (id == NULL) {
        str_format (fallback, sizeof fallback, "#/Members/%zu", i);
        id = fallback;
    } else if (map_set (c->seen, id, c) != NULL) {
        return;                        /* listed twice */
    }
    if (c->documents.count >= c->max_documents) {
        too_many (c);
        return;
    }
    struct watch_document *d = add_document (c, id);
    if (is_expanded (member)) {
        d->json = json_incref ((json_t *) member);
        d->status = 200;
    } else {
        c->result.expanded = false;
    }
}

static void page_looked (struct watch *w, void *context, struct look *look, size_t bytes);

static void
get_page (struct collect *c, const char *path)
{
    c->paging = true;
    c->in_flight++;
    c->requests++;
    c->pages++;
    watch_look (&c->base, path, true, page_looked, NULL);
}

static void
get_collection (struct collect *c)
{
    if (c->expand == NULL) {
        get_page (c, c->collection);
        return;
    }
    char *path = str_printf ("%s%c%s", c->collection,
                             strchr (c->collection, '?') == NULL ? '?' : '&', c->expand);
    c->expanding = true;
    get_page (c, path);
    mem_free (path);
}

static void
take_page (struct collect *c, json_t *page)
{
    const json_t *members = json_at (page, "/Members");
    c->result.expanded = c->expanding && (c->first_page == NULL || c->result.expanded);
    if (c->first_page == NULL)
        c->first_page = json_incref (page);
    for (size_t i = 0; i < json_array_size (members); i++)
        add_member (c, json_array_get (members, i), i);
    char *next = net_path_of (json_str (page, "/Members@odata.nextLink"));
    if (next != NULL && c->pages < PAGES_MAX && map_set (c->seen, next, c) == NULL)
        get_page (c, next);
    mem_free (next);
}

static void
page_looked (struct watch *w, void *context, struct look *look, size_t bytes)
{
    struct collect *c = collect_of (w);
    struct err err = { 0 };
    (void) context;
    c->in_flight--;
    c->paging = false;
    c->bytes += bytes;
    int32_t code = look_error (c->collection, look, &err);
    bool members = json_is_array (json_at (look->doc, "/Members"));
    if (c->expanding && c->first_page == NULL && (code != 0 || !members)
        && code != FARRIER_E_UNREACHABLE && code != FARRIER_E_TLS && code != FARRIER_E_CANCELLED
        && look->status != 401) {
        c->expanding = false;
        get_page (c, c->collection);
    } else if (code == 0) {
        take_page (c, look->doc);
    } else {
        if (c->first_page == NULL || c->result.code == 0) {
            c->result.code = code;
            c->result.err = err;
        }
    }
    go_on (c);
}

/* ---- all of it ----------------------------------------------------------------------------- */

/* Documents that need no request, or that the byte limit forbids, are passed over. */
static struct watch_document *
next_document (struct collect *c)
{
    while (c->next < c->documents.count) {
        struct watch_document *d = vec_at (&c->documents, c->next++);
        if (d->json != NULL)
            continue;
        if (c->bytes < BYTES_MAX)
            return d;
        d->code = err_set (&d->err, FARRIER_E_INVALID, "%s: not read: the answers before it had "
                           "more than %llu MiB", d->path,
                           (unsigned long long) BYTES_MAX >> 20);
    }
    return NULL;
}

static void
go_on (struct collect *c)
{
    while (c->in_flight < c->max_in_flight) {
        struct watch_document *d = next_document (c);
        if (d == NULL)
            break;
        c->in_flight++;
        c->requests++;
        /* The step that wanted these mostly wants more: a handshake costs ten reads. */
        bool keep = !c->last || c->documents.count - c->next >= c->max_in_flight;
        watch_look (&c->base, d->path, keep, document_looked, d);
    }
    if (c->in_flight == 0)
        collect_end (c);
}

static void
collect_begin (struct watch *w)
{
    struct collect *c = collect_of (w);
    if (c->collection != NULL)
        get_collection (c);
    go_on (c);
}

watch_handle
watch_collect_start (const struct watch_collect *spec,
                     void (*done) (void *arg, const struct watch_collect_result *r), void *arg)
{
    struct collect *c = mem_alloc (sizeof *c);
    watch_init (&c->base, spec->target, spec->session, spec->auth);
    c->base.begin = collect_begin;
    c->base.stopped = collect_stopped;
    c->base.free = collect_free;
    c->base.total_ms = spec->timeout_ms;
    c->base.max_response_bytes = spec->max_response_bytes;
    c->base.insists = true;
    c->collection = str_dup (spec->collection);
    c->expand = str_empty (spec->expand) ? NULL : str_dup (spec->expand);
    c->max_in_flight = spec->max_in_flight == 0 ? IN_FLIGHT : spec->max_in_flight;
    c->max_documents = spec->max_documents == 0 ? DOCUMENTS_MAX : spec->max_documents;
    c->last = c->base.urgent = spec->last;       /* a change waits for it */
    c->seen = map_new ();
    c->done = done;
    c->arg = arg;
    for (size_t i = 0; i < spec->path_count; i++)
        add_document (c, spec->paths[i]);
    return watch_start (&c->base);
}
