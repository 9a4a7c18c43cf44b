/* images: see images.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "web/images.h"

#include "base/str.h"
#include "web/web.h"

static bool
is_every_address (const char *address)
{
    return str_eq (address, "0.0.0.0") || str_eq (address, "::");
}

static int32_t
start (void *arg, const struct settings *settings, struct serve *serve, char **ret_base_url,
       struct err *err)
{
    struct images *images = arg;
    struct web_listen listen = {
        .address = settings->image_address,
        .port = settings->image_port,
        .cert_file = settings->image_certificate,
        .key_file = settings->image_key,
    };
    struct web_config config = { .listens = &listen, .listen_count = 1, .serve = serve };
    if (settings->image_url == NULL && is_every_address (settings->image_address)) {
        err_set (err, FARRIER_E_INVALID, "the image server's address is %s, which is none that a "
                 "BMC could fetch from", settings->image_address);
        err_hint (err, "set image_server.advertise in farrier.conf to the URL that BMCs reach");
        return FARRIER_E_INVALID;
    }
    int32_t rc = web_start (&config, &images->web, err);
    if (rc != 0)
        return rc;
    *ret_base_url = settings->image_url != NULL ? str_dup (settings->image_url)
                                                : web_url (images->web, 0, NULL, "");
    return 0;
}

static void
stop (void *arg)
{
    struct images *images = arg;
    web_stop (images->web);
    images->web = NULL;
}

void
images_hook (struct images *images, struct api_images *ret)
{
    *images = (struct images) { 0 };
    *ret = (struct api_images) { .start = start, .stop = stop, .arg = images };
}
