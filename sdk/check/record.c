/* record: see record.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "record.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "scrub.h"

#define ROOT "/redfish/v1"
#define DOCUMENTS_MAX 4000
#define DOCUMENT_BYTES_MAX (8u << 20)
#define CONNECT_S 15L
#define ANSWER_S 120L
#define EXIT_USAGE 2

struct recording {
    const struct record_options *options;
    CURL *curl;
    char *base;                        /* "https://host:port" */
    struct vec queue;                  /* paths */
    struct map *seen;
    struct vec paths, documents;       /* what was read, beside each other */
    unsigned refused;
};

/* Logs are many and tell of people; sessions and accounts are of nobody's use. */
static bool
is_worthless (const char *path)
{
    static const char *const globs[]
        = { "*/LogServices/*/Entries*", "*/SessionService/Sessions/*", "*/JsonSchemas/*",
            "*/AccountService/Accounts/*", "*/EventService/Subscriptions/*", "*/Registries/*/*",
            "*/CertificateService/*", "*/Certificates/*", "*.json", "*.xml", "*/$metadata" };
    for (size_t i = 0; i < sizeof globs / sizeof globs[0]; i++)
        if (str_glob (globs[i], path, false))
            return true;
    return false;
}

static void
enqueue (struct recording *r, const char *path)
{
    char *plain = str_ndup (path, strcspn (path, "#"));
    size_t len = strlen (plain);
    while (len > 1 && plain[len - 1] == '/')
        plain[--len] = '\0';
    bool fits = str_starts (plain, ROOT) && strstr (plain, "/..") == NULL
                && !is_worthless (plain) && map_count (r->seen) < DOCUMENTS_MAX;
    if (fits && map_set (r->seen, plain, r) == NULL)
        vec_push (&r->queue, plain);
    else
        mem_free (plain);
}

static void
follow (struct recording *r, const json_t *v)
{
    size_t i;
    const char *key;
    json_t *member;
    json_array_foreach ((json_t *) v, i, member)
        follow (r, member);
    json_object_foreach ((json_t *) v, key, member) {
        if (json_is_string (member)
            && (str_eq (key, "@odata.id") || str_eq (key, "Members@odata.nextLink")))
            enqueue (r, json_string_value (member));
        else
            follow (r, member);
    }
}

static size_t
take_bytes (char *bytes, size_t size, size_t count, void *arg)
{
    struct buf *body = arg;
    if (body->len + size * count > DOCUMENT_BYTES_MAX)
        return 0;
    buf_append (body, bytes, size * count);
    return size * count;
}

/* 0, or the exit status when it makes no sense to go on. */
static int
read_document (struct recording *r, char *path)
{
    struct buf body = { 0 };
    struct err err = { 0 };
    long status = 0;
    char *url = str_printf ("%s%s", r->base, path);
    curl_easy_setopt (r->curl, CURLOPT_URL, url);
    curl_easy_setopt (r->curl, CURLOPT_WRITEDATA, &body);
    CURLcode rc = curl_easy_perform (r->curl);
    curl_easy_getinfo (r->curl, CURLINFO_RESPONSE_CODE, &status);
    mem_free (url);
    json_t *doc = rc == CURLE_OK && status == 200 && body.len > 0
                      ? json_parse (body.data, body.len, &err)
                      : NULL;
    buf_free (&body);
    if (doc != NULL) {
        vec_push (&r->paths, path);
        vec_push (&r->documents, doc);
        follow (r, doc);
        return 0;
    }
    bool first = r->documents.count == 0;
    fprintf (stderr, "farrier-plugin-check: %s: %s%s%ld%s\n", path,
             rc != CURLE_OK ? curl_easy_strerror (rc) : err.message,
             rc == CURLE_OK ? " HTTP " : "; HTTP ", status,
             first ? "" : ", passed over");
    mem_free (path);
    r->refused++;
    return first ? 1 : 0;
}

static int
crawl (struct recording *r)
{
    int status = 0;
    enqueue (r, ROOT);
    while (r->queue.count > 0 && status == 0)
        status = read_document (r, vec_remove (&r->queue, 0));
    return status;
}

/* --- writing -------------------------------------------------------------------------------- */

static int
write_document (struct recording *r, struct scrub *scrub, size_t i)
{
    struct err err = { 0 };
    char *path = scrub_text (scrub, vec_at (&r->paths, i));
    size_t query = strcspn (path, "?");
    if (path[query] != '\0') {         /* a further page: of no use without its query */
        mem_free (path);
        return 0;
    }
    json_t *doc = scrub_document (scrub, vec_at (&r->documents, i));
    char *dir = str_printf ("%s%s", r->options->output, path);
    char *file = fs_join (dir, "index.json");
    char *text = json_pretty (doc);
    int32_t rc = fs_mkdirs (dir, 0755, &err);
    if (rc == 0)
        rc = fs_write_atomic (file, text, strlen (text), 0644, &err);
    if (rc != 0)
        fprintf (stderr, "farrier-plugin-check: %s\n", err.message);
    json_decref (doc);
    mem_free (path);
    mem_free (dir);
    mem_free (file);
    mem_free (text);
    return rc == 0 ? 0 : 1;
}

static int
write_all (struct recording *r)
{
    struct scrub *scrub = scrub_new ();
    char *host = str_dup (strstr (r->base, "://") + 3);
    int status = 0;
    host[strcspn (host, ":/")] = '\0';
    scrub_learn_value (scrub, "address", host);
    scrub_learn_value (scrub, "user", r->options->user);
    for (size_t i = 0; i < r->documents.count; i++)
        scrub_learn (scrub, vec_at (&r->documents, i));
    for (size_t i = 0; i < r->documents.count && status == 0; i++)
        status = write_document (r, scrub, i);
    if (status == 0)
        printf ("%zu documents in %s, %zu identities were exchanged, %u resources could not be "
                "read\nLook through them before you give them away: what a vendor wrote into a "
                "free text is not known here.\n",
                r->documents.count, r->options->output, scrub_count (scrub), r->refused);
    mem_free (host);
    scrub_free (scrub);
    return status;
}

/* --- the connection ------------------------------------------------------------------------- */

static CURL *
make_client (const struct record_options *o, const char *password)
{
    CURL *curl = curl_easy_init ();
    curl_easy_setopt (curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt (curl, CURLOPT_PROXY, "");
    curl_easy_setopt (curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt (curl, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
    curl_easy_setopt (curl, CURLOPT_TIMEOUT, ANSWER_S);
    curl_easy_setopt (curl, CURLOPT_USERAGENT, "farrier-plugin-check/" FARRIER_VERSION);
    curl_easy_setopt (curl, CURLOPT_WRITEFUNCTION, take_bytes);
    if (o->user != NULL) {
        curl_easy_setopt (curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
        curl_easy_setopt (curl, CURLOPT_USERNAME, o->user);
        curl_easy_setopt (curl, CURLOPT_PASSWORD, password);
    }
    if (o->ca != NULL)
        curl_easy_setopt (curl, CURLOPT_CAINFO, o->ca);
    if (o->insecure) {
        curl_easy_setopt (curl, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt (curl, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    return curl;
}

static int
complain (const char *text)
{
    fprintf (stderr, "farrier-plugin-check: %s\n", text);
    return EXIT_USAGE;
}

static int
run (const struct record_options *o, const char *password)
{
    struct recording r = { .options = o, .seen = map_new () };
    const char *host = strstr (o->url, "://") + 3;
    r.base = str_ndup (o->url, (size_t) (host - o->url) + strcspn (host, "/"));
    r.curl = make_client (o, password);
    int status = crawl (&r);
    if (status == 0)
        status = write_all (&r);
    curl_easy_cleanup (r.curl);
    for (size_t i = 0; i < r.documents.count; i++)
        json_decref (vec_at (&r.documents, i));
    vec_free (&r.documents);
    vec_free_with (&r.paths, mem_free);
    vec_free_with (&r.queue, mem_free);
    map_free (r.seen, NULL);
    mem_free (r.base);
    return status;
}

int
record_run (const struct record_options *o)
{
    struct buf password = { 0 };
    struct err err = { 0 };
    if (!str_starts (o->url, "https://") && !str_starts (o->url, "http://"))
        return complain ("--record: the address begins with https://");
    if (o->output == NULL)
        return complain ("--record needs --output, the folder that the documents go to");
    if ((o->user == NULL) != (o->password_file == NULL))
        return complain ("--user and --password-file belong together");
    if (o->password_file != NULL && fs_read_secret (o->password_file, &password, &err) != 0)
        return complain (err.message);
    int status = run (o, password.data);
    buf_wipe_free (&password);
    return status;
}
