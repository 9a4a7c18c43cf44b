/* target: a base URL taken apart once, with its trust and its limits.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "net/target.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "net/loop.h"

static int32_t
bad_url (const char *url, const char *why, struct err *err)
{
    err_set (err, FARRIER_E_INVALID, "address '%s' %s", url, why);
    err_hint (err, "write it as https://ADDRESS or https://ADDRESS:PORT, IPv6 in [brackets]");
    return FARRIER_E_INVALID;
}

/* "[fe80::1%eth0]:443" or "name:443"; fills host, address, port. */
static int32_t
parse_authority (struct net_target *t, const char *text, const char *url, struct err *err)
{
    const char *end = text + strlen (text), *colon;
    if (text[0] == '[') {
        const char *close = strchr (text, ']');
        if (close == NULL)
            return bad_url (url, "has a '[' without its ']'", err);
        t->address = str_ndup (text + 1, (size_t) (close - text - 1));
        colon = close[1] == '\0' ? end : close + 1;
        t->ipv6 = true;
    } else {
        colon = strchr (text, ':');
        if (colon == NULL)
            colon = end;
        t->address = str_ndup (text, (size_t) (colon - text));
    }
    if (colon != end) {
        int64_t port;
        if (*colon != ':' || !str_to_i64 (colon + 1, &port) || port < 1 || port > 65535)
            return bad_url (url, "has a port that is not 1 to 65535", err);
        t->port = (uint16_t) port;
    }
    char *zone = strchr (t->address, '%');
    t->host = zone == NULL ? str_dup (t->address)
                           : str_ndup (t->address, (size_t) (zone - t->address));
    return t->host[0] == '\0' ? bad_url (url, "names no host", err) : 0;
}

static bool
plain_name (const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789.-_";
    return strspn (name, letters) == strlen (name);
}

static int32_t
parse_url (struct net_target *t, const char *url, struct err *err)
{
    const char *rest;
    if (str_starts (url, "https://")) {
        t->tls = true;
        t->port = 443;
        rest = url + 8;
    } else if (str_starts (url, "http://")) {
        t->port = 80;
        rest = url + 7;
    } else {
        return bad_url (url, "is neither https:// nor http://", err);
    }
    if (strchr (rest, '@') != NULL)
        return bad_url ("(hidden)", "holds a user name or password", err);

    char *authority = str_dup (rest);
    char *slash = strchr (authority, '/');
    if (slash != NULL && slash[1] == '\0')
        *slash = '\0';
    int32_t code = strpbrk (authority, "/?#") != NULL
                       ? bad_url (url, "has a path, a query or a fragment", err)
                       : parse_authority (t, authority, url, err);
    mem_free (authority);
    if (code < 0)
        return code;

    unsigned char raw[16];
    bool v6 = inet_pton (AF_INET6, t->host, raw) == 1;
    t->literal = v6 || inet_pton (AF_INET, t->host, raw) == 1;
    if (t->ipv6 != v6)
        return bad_url (url, "does not hold an IPv6 address in its brackets", err);
    if (!t->literal && !plain_name (t->host))
        return bad_url (url, "has a host name with characters that names do not have", err);
    return 0;
}

static void
target_free (struct net_target *t)
{
    uv_mutex_destroy (&t->lock);
    X509_STORE_free (t->store);
    mem_free (t->name);
    mem_free (t->key);
    mem_free (t->base_url);
    mem_free (t->host);
    mem_free (t->address);
    mem_free (t->url_base);
    mem_free (t);
}

static char *
base_of (const struct net_target *t)
{
    return str_printf ("%s://%s%s%s:%u", t->tls ? "https" : "http", t->ipv6 ? "[" : "", t->host,
                       t->ipv6 ? "]" : "", t->port);
}

static char *
url_base_of (const struct net_target *t)
{
    const char *zone = strchr (t->address, '%');
    if (zone == NULL)
        return str_dup (t->base_url);
    zone += str_starts (zone, "%25") ? 3 : 1;
    return str_printf ("%s://[%s%%25%s]:%u", t->tls ? "https" : "http", t->host, zone, t->port);
}

int32_t
net_target_new (struct net *net, const struct net_target_config *config, struct net_target **ret,
                struct err *err)
{
    struct net_target *t = mem_alloc (sizeof *t);
    atomic_init (&t->references, 1);
    uv_mutex_init (&t->lock);
    t->net = net;
    int32_t code = str_empty (config->base_url)
                       ? bad_url ("", "is empty", err)
                       : parse_url (t, config->base_url, err);
    if (code == 0)
        code = trust_set_up (t, &config->trust, err);
    if (code < 0) {
        target_free (t);
        return code;
    }
    t->base_url = base_of (t);
    t->url_base = url_base_of (t);
    t->name = str_dup (config->name == NULL ? t->host : config->name);
    t->key = str_dup (config->key == NULL ? t->base_url : config->key);
    t->loop = loop_of_key (net, t->key);
    t->connect_ms = config->connect_ms == 0 ? net->connect_ms : config->connect_ms;
    t->total_ms = config->total_ms == 0 ? net->total_ms : config->total_ms;
    t->per_host = config->per_host == 0 ? t->loop->per_host : config->per_host;
    *ret = t;
    return 0;
}

struct net_target *
net_target_ref (struct net_target *target)
{
    atomic_fetch_add (&target->references, 1);
    return target;
}

void
net_target_unref (struct net_target *target)
{
    if (target != NULL && atomic_fetch_sub (&target->references, 1) == 1)
        target_free (target);
}

const char *
net_target_name (const struct net_target *target)
{
    return target->name;
}

const char *
net_target_key (const struct net_target *target)
{
    return target->key;
}

const char *
net_target_url (const struct net_target *target)
{
    return target->base_url;
}

struct net *
net_target_net (const struct net_target *target)
{
    return target->net;
}

void
net_target_pin (struct net_target *target, char ret_pin[TRUST_PIN_SIZE])
{
    uv_mutex_lock (&target->lock);
    memcpy (ret_pin, target->pin, TRUST_PIN_SIZE);
    uv_mutex_unlock (&target->lock);
}

char *
net_path_of (const char *uri)
{
    if (uri == NULL)
        return NULL;
    if (uri[0] == '/' && uri[1] != '/')
        return str_dup (uri);

    const char *scheme = strstr (uri, "://");
    if (scheme == NULL || (!str_starts (uri, "https:") && !str_starts (uri, "http:")))
        return NULL;
    const char *slash = strpbrk (scheme + 3, "/?#");
    return str_dup (slash == NULL || *slash != '/' ? "/" : slash);
}
