/* host_url: the address of a BMC as people write it, brought to one form.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "fleet/host.h"

/* host and port point into a scratch copy. */
struct address {
    const char *scheme;
    char *host;
    char *port;                        /* NULL = the scheme's */
    bool v6;
};

static int32_t
url_error (const char *url, struct err *err, const char *what)
{
    err_set (err, ERR_USAGE, "the address \"%.200s\" %s", url, what);
    err_hint (err, "for example https://10.0.0.5, https://[2001:db8::1]:8443 or bmc.example");
    return ERR_USAGE;
}

static bool
is_v6 (const char *s)
{
    struct in6_addr a;
    return inet_pton (AF_INET6, s, &a) == 1;
}

static bool
port_valid (const char *port)
{
    uint64_t n;
    return str_to_u64 (port, &n) && n >= 1 && n <= 65535;
}

static bool
dns_valid (const char *host)
{
    size_t len = strlen (host);
    if (len == 0 || len > 253 || !isalnum ((unsigned char) host[0]))
        return false;
    for (const char *p = host; *p != '\0'; p++) {
        if (!isalnum ((unsigned char) *p) && strchr ("-._", *p) == NULL)
            return false;
    }
    return strstr (host, "..") == NULL;
}

/* "[2001:db8::1]:8443", "2001:db8::1", "bmc.example:8443" */
static const char *
split_authority (char *text, struct address *ret)
{
    if (*text == '[') {
        char *close = strchr (text, ']');
        if (close == NULL)
            return "has a bracket that is not closed";
        *close = '\0';
        ret->host = text + 1;
        ret->v6 = true;
        if (close[1] != '\0' && close[1] != ':')
            return "goes on after the bracket";
        ret->port = close[1] == ':' ? close + 2 : NULL;
        return is_v6 (ret->host) ? NULL : "has no IPv6 address in its brackets";
    }
    ret->host = text;
    if (is_v6 (text)) {
        ret->v6 = true;
        return NULL;
    }
    char *colon = strchr (text, ':');
    if (colon != NULL) {
        *colon = '\0';
        ret->port = colon + 1;
    }
    return dns_valid (text) ? NULL : "has no valid host name or IP address";
}

static const char *
split (char *text, struct address *ret)
{
    char *rest = text, *scheme_end = strstr (text, "://");
    ret->scheme = "https";
    if (scheme_end != NULL) {
        *scheme_end = '\0';
        rest = scheme_end + 3;
        if (str_case_eq (text, "http"))
            ret->scheme = "http";
        else if (!str_case_eq (text, "https"))
            return "is neither https nor http";
    }
    if (strchr (rest, '@') != NULL)
        return "contains a user: give it as --user, and the password as --password-file";
    size_t len = strlen (rest);
    while (len > 0 && rest[len - 1] == '/')
        rest[--len] = '\0';
    if (strpbrk (rest, "/?#") != NULL)
        return "has a path: only scheme, host and port are wanted";
    const char *wrong = split_authority (rest, ret);
    if (wrong == NULL && ret->port != NULL && !port_valid (ret->port))
        wrong = "has no valid port (1 to 65535)";
    return wrong;
}

static char *
normal_url (const char *url, bool keep_port, struct err *err)
{
    if (str_empty (url)) {
        url_error ("", err, "is empty");
        return NULL;
    }
    char *copy = str_dup (url);
    struct address a = { 0 };
    const char *wrong = split (str_trim (copy), &a);
    if (wrong != NULL) {
        url_error (strchr (url, '@') != NULL ? "…@…" : url, err, wrong);
        mem_free (copy);
        return NULL;
    }

    char canonical[INET6_ADDRSTRLEN];
    if (a.v6) {
        struct in6_addr bytes;
        inet_pton (AF_INET6, a.host, &bytes);
        inet_ntop (AF_INET6, &bytes, canonical, sizeof canonical);
        a.host = canonical;
    }
    for (char *p = a.host; *p != '\0'; p++)
        *p = (char) tolower ((unsigned char) *p);
    uint64_t port = 0;
    if (!keep_port && a.port != NULL && str_to_u64 (a.port, &port)
        && port == (str_eq (a.scheme, "https") ? 443u : 80u))
        a.port = NULL;
    char *normal = str_printf ("%s://%s%s%s%s%s", a.scheme, a.v6 ? "[" : "", a.host,
                               a.v6 ? "]" : "", a.port != NULL ? ":" : "",
                               a.port != NULL ? a.port : "");
    mem_free (copy);
    return normal;
}

char *
host_url_normal (const char *url, struct err *err)
{
    return normal_url (url, false, err);
}

char *
host_address_normal (const char *kind, const char *url, struct err *err)
{
    if (!str_eq (kind, "os") && !str_eq (kind, "ipmi"))
        return host_url_normal (url, err);
    char *normal = normal_url (url, true, err);
    char *plain = normal == NULL ? NULL : str_dup (strstr (normal, "://") + 3);
    mem_free (normal);
    return plain;
}
