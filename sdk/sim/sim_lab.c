/* sim_lab: for the simulator's own tests: a fleet in a thread, and libcurl to talk to it.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "sim_lab.h"

#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/testing.h"
#include "sim_cli.h"
#include "sim_control.h"

#define WAIT_MS 20000
#define REQUEST_MS 15000L

static void *
run (void *arg)
{
    sim_fleet_run (arg);
    return NULL;
}

void
lab_start (struct lab *lab, const char *mix)
{
    struct err err = { 0 };
    char *args[]
        = { (char *) "up",         (char *) "--mix",       (char *) mix, (char *) "--base",
            (char *) "127.91.0.1", (char *) "--port",      (char *) "0", (char *) "--time-scale",
            (char *) "0.005",      (char *) "--state-dir", NULL,         NULL };

    *lab = (struct lab){ .dir = testing_make_dir () };
    setenv ("FARRIER_SIM_PERSONALITIES", TEST_SRCDIR "/sdk/sim/personalities", 1);
    args[10] = lab->dir;
    sim_options_init (&lab->options);
    ck_assert_msg (sim_up_read (11, args, &lab->options, &err) == 0, "%s", err.message);
    ck_assert_msg (sim_fleet_start (&lab->fleet, &lab->options, &err) == 0, "%s", err.message);
    lab->password = str_dup (lab->fleet.password);
    for (size_t i = 0; i < lab->fleet.bmcs.count && i < COUNT_OF (lab->url); i++)
        lab->url[i] = sim_bmc_url (vec_at (&lab->fleet.bmcs, i));
    ck_assert_int_eq (pthread_create (&lab->thread, NULL, run, &lab->fleet), 0);
    lab->curl = curl_easy_init ();
}

void
lab_stop (struct lab *lab)
{
    curl_easy_cleanup (lab->curl);
    json_decref (lab_control (lab, "{\"command\":\"down\"}"));
    pthread_join (lab->thread, NULL);
    sim_fleet_free (&lab->fleet);
    sim_options_release (&lab->options);
    for (size_t i = 0; i < COUNT_OF (lab->url); i++)
        mem_free (lab->url[i]);
    mem_free (lab->password);
    testing_remove_dir (lab->dir);
}

static size_t
take (char *bytes, size_t size, size_t count, void *arg)
{
    buf_append (arg, bytes, size * count);
    return size * count;
}

static void
prepare (struct lab *lab, int host, const char *path, struct lab_answer *ret)
{
    CURL *curl = lab->curl;
    char *url = str_printf ("%s%s", lab->url[host], path);
    char *ca = str_printf ("%s/ca.pem", lab->dir);

    *ret = (struct lab_answer){ 0 };
    curl_easy_reset (curl);
    curl_easy_setopt (curl, CURLOPT_URL, url);
    curl_easy_setopt (curl, CURLOPT_CAINFO, ca);
    curl_easy_setopt (curl, CURLOPT_CAPATH, NULL);
    curl_easy_setopt (curl, CURLOPT_PROXY, "");
    curl_easy_setopt (curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt (curl, CURLOPT_TIMEOUT_MS, REQUEST_MS);
    curl_easy_setopt (curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt (curl, CURLOPT_WRITEDATA, &ret->body);
    curl_easy_setopt (curl, CURLOPT_HEADERFUNCTION, take);
    curl_easy_setopt (curl, CURLOPT_HEADERDATA, &ret->headers);
    mem_free (url);
    mem_free (ca);
}

static void
perform (struct lab *lab, struct lab_answer *ret)
{
    buf_puts (&ret->headers, "");
    buf_puts (&ret->body, "");
    ret->code = curl_easy_perform (lab->curl);
    curl_easy_getinfo (lab->curl, CURLINFO_RESPONSE_CODE, &ret->status);
    if (ret->code != CURLE_OK)
        ret->status = 0;
    ret->json = ret->body.len == 0 ? NULL : json_parse (ret->body.data, ret->body.len, NULL);
}

static void
log_in (struct lab *lab)
{
    curl_easy_setopt (lab->curl, CURLOPT_USERNAME, "admin");
    curl_easy_setopt (lab->curl, CURLOPT_PASSWORD, lab->password);
}

void
lab_ask (struct lab *lab, const struct lab_request *request, struct lab_answer *ret)
{
    struct curl_slist *headers = curl_slist_append (NULL, "Expect:");

    prepare (lab, request->host, request->path, ret);
    if (!request->without_login)
        log_in (lab);
    if (request->json != NULL) {
        headers = curl_slist_append (headers, "Content-Type: application/json");
        curl_easy_setopt (lab->curl, CURLOPT_POSTFIELDS, request->json);
    }
    if (request->header != NULL)
        headers = curl_slist_append (headers, request->header);
    if (str_eq (request->method, "HEAD"))
        curl_easy_setopt (lab->curl, CURLOPT_NOBODY, 1L);
    else
        curl_easy_setopt (lab->curl, CURLOPT_CUSTOMREQUEST, request->method);
    curl_easy_setopt (lab->curl, CURLOPT_FRESH_CONNECT, request->fresh ? 1L : 0L);
    curl_easy_setopt (lab->curl, CURLOPT_HTTPHEADER, headers);
    perform (lab, ret);
    curl_slist_free_all (headers);
}

void
lab_answer_free (struct lab_answer *answer)
{
    buf_free (&answer->headers);
    buf_free (&answer->body);
    json_decref (answer->json);
}

long
lab_status (struct lab *lab, int host, const char *method, const char *path, const char *json)
{
    struct lab_request request = { .host = host, .method = method, .path = path, .json = json };
    struct lab_answer answer;

    lab_ask (lab, &request, &answer);
    lab_answer_free (&answer);
    return answer.status;
}

char *
lab_text (struct lab *lab, int host, const char *path, const char *pointer)
{
    struct lab_request request = { .host = host, .method = "GET", .path = path };
    struct lab_answer answer;

    lab_ask (lab, &request, &answer);
    char *text = str_dup (json_str_or (answer.json, pointer, ""));
    lab_answer_free (&answer);
    return text;
}

void
lab_wait (struct lab *lab, int host, const char *path, const char *pointer, const char *wanted)
{
    int64_t end = clock_boot_ms () + WAIT_MS;
    bool found = false;
    char *text = NULL;

    /* Each question is a round trip: this does not spin. */
    while (!found && clock_boot_ms () < end) {
        mem_free (text);
        text = lab_text (lab, host, path, pointer);
        found = str_eq (text, wanted);
    }
    ck_assert_msg (found, "%s%s is '%s', never '%s'", path, pointer, text, wanted);
    mem_free (text);
}

/* The image's bytes by way of a file. */
static void
image_bytes (struct lab *lab, const struct lab_push *push, struct buf *ret)
{
    char *path = fs_join (lab->dir, "image");
    struct sim_image_recipe recipe = { push->model, push->component, push->version, 20000, 1 };

    if (push->model == NULL) {
        buf_puts (ret, "no image at all");
    } else {
        ck_assert_int_eq (sim_image_write (&recipe, path, NULL), 0);
        ck_assert_int_eq (fs_read (path, 1 << 20, ret, NULL), 0);
    }
    if (push->damaged)
        ret->data[ret->len - 1] ^= 1;
    mem_free (path);
}

static void
add_parameters (curl_mime *mime, const char *json)
{
    if (json == NULL)
        return;
    curl_mimepart *part = curl_mime_addpart (mime);
    curl_mime_name (part, "UpdateParameters");
    curl_mime_type (part, "application/json");
    curl_mime_data (part, json, CURL_ZERO_TERMINATED);
}

void
lab_push (struct lab *lab, const struct lab_push *push, struct lab_answer *ret)
{
    struct buf bytes = { 0 };

    image_bytes (lab, push, &bytes);
    prepare (lab, push->host, push->uri, ret);
    log_in (lab);
    curl_mime *mime = curl_mime_init (lab->curl);
    struct curl_slist *headers = curl_slist_append (NULL, "Expect:");
    if (!push->file_first)
        add_parameters (mime, push->parameters);
    curl_mimepart *part = curl_mime_addpart (mime);
    curl_mime_name (part, "UpdateFile");
    curl_mime_filename (part, "image.bin");
    curl_mime_type (part, "application/octet-stream");
    curl_mime_data (part, bytes.data, bytes.len);
    if (push->file_first)
        add_parameters (mime, push->parameters);
    curl_easy_setopt (lab->curl, CURLOPT_MIMEPOST, mime);
    curl_easy_setopt (lab->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt (lab->curl, CURLOPT_FRESH_CONNECT, 1L);
    perform (lab, ret);
    curl_easy_reset (lab->curl);
    curl_mime_free (mime);
    curl_slist_free_all (headers);
    buf_free (&bytes);
}

json_t *
lab_control (struct lab *lab, const char *request)
{
    struct err err = { 0 };
    json_t *asked = json_parse (request, strlen (request), NULL), *answer = NULL;
    char *path = fs_join (lab->dir, "control.sock");

    ck_assert_ptr_nonnull (asked);
    ck_assert_msg (sim_control_ask (path, asked, &answer, &err) == 0, "%s: %s", request,
                   err.message);
    json_decref (asked);
    mem_free (path);
    return answer;
}

void
lab_inject (struct lab *lab, int host, const char *fault, const char *more)
{
    char *request
        = str_printf ("{\"command\":\"inject\",\"target\":\"sim-%04d\",\"fault\":\"%s\"%s%s}",
                      host + 1, fault, *more == '\0' ? "" : ",", more);

    json_decref (lab_control (lab, request));
    mem_free (request);
}

long long
lab_count (struct lab *lab, int host, const char *pointer)
{
    char *request = str_printf ("{\"command\":\"stats\",\"host\":\"sim-%04d\"}", host + 1);
    char *full = str_printf ("/hosts/sim-%04d%s", host + 1, pointer);
    json_t *answer = lab_control (lab, request);
    long long n = json_int_or (answer, full, -1);

    json_decref (answer);
    mem_free (request);
    mem_free (full);
    return n;
}
