/* scrub: see scrub.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "scrub.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/vec.h"

#define VALUE_MIN 4                    /* a shorter one is a word as likely as an identity */

struct pair {
    char *value, *instead;
};

struct scrub {
    struct map *known;                 /* value -> struct pair */
    struct vec pairs;                  /* longest value first */
    unsigned count;
};

/* Globs over member names; the first that fits counts. */
static const struct {
    const char *key, *kind;
} kinds[] = {
    { "*Version*", NULL },             /* never an identity, though it may look like an address */
    { "*Serial*", "serial" },     { "*UUID*", "uuid" },        { "*UniqueId*", "serial" },
    { "*ServiceTag*", "serial" }, { "*AssetTag*", "tag" },     { "*MAC*", "mac" },
    { "*HostName*", "name" },     { "FQDN", "name" },          { "*WWN*", "mac" },
    { "*WWPN*", "mac" },          { "*GUID*", "uuid" },        { "*Gateway*", "address" },
    { "*NameServer*", "address" }, { "*IPAddress*", "address" }, { "Address", "address" },
    { "*IPv4*", "address" },      { "*IPv6*", "address" },     { "UserName", "user" },
    { "SKU", "serial" },          { "*ChassisId*", "serial" }, { "*Email*", "name" },
    { "*Location*", "place" },    { "*Contact*", "name" },     { "*DomainName*", "name" },
    { "*IdentityKey*", "serial" }, { "*DurableName*", "serial" },
    { "*ExpressServiceCode*", "serial" },
};

static const char *const secrets[]
    = { "*password*", "*token*", "*secret*", "*passphrase*", "*privatekey*", "*community*",
        "*licensekey*", "*certificatestring*", "*sshkey*", "*encryptionkey*",
        "*authentication*key*" };

struct scrub *
scrub_new (void)
{
    struct scrub *s = mem_alloc (sizeof *s);
    s->known = map_new ();
    return s;
}

static void
free_pair (void *item)
{
    struct pair *p = item;
    mem_free (p->value);
    mem_free (p->instead);
    mem_free (p);
}

void
scrub_free (struct scrub *s)
{
    map_free (s->known, NULL);
    vec_free_with (&s->pairs, free_pair);
    mem_free (s);
}

size_t
scrub_count (const struct scrub *s)
{
    return s->pairs.count;
}

/* --- learning ------------------------------------------------------------------------------- */

/* Digits and letters are exchanged, everything else stays where it is: "aa:bb" keeps its shape. */
static char *
same_shape (const char *value, unsigned number)
{
    char *out = str_dup (value);
    size_t len = strlen (out);
    for (size_t i = 0; i < len; i++)
        if (isalnum ((unsigned char) out[i]))
            out[i] = '0';
    for (size_t i = len; i > 0 && number > 0; i--)
        if (out[i - 1] == '0') {
            out[i - 1] = (char) ('0' + number % 10);
            number /= 10;
        }
    return out;
}

static char *
make_up (const char *kind, const char *value, unsigned number)
{
    struct in6_addr six;
    struct in_addr four;
    if (inet_pton (AF_INET, value, &four) == 1)
        return str_printf ("%s.%u", number / 250 % 2 == 0 ? "192.0.2" : "198.51.100",
                           number % 250 + 1);
    if (inet_pton (AF_INET6, value, &six) == 1)
        return str_printf ("2001:db8::%x", number);
    if (str_eq (kind, "mac") || str_eq (kind, "uuid"))
        return same_shape (value, number);
    return str_printf ("scrubbed-%s-%u", kind, number);
}

/* What everybody has tells nothing. */
static bool
is_common (const char *value)
{
    static const char *const common[]
        = { "0.0.0.0", "127.0.0.1", "::", "::1", "localhost", "None", "Unknown", "NotAvailable",
            "N/A", "Enabled", "Disabled", "true", "false", "DHCP", "Static", "root", "admin" };
    size_t len = strlen (value);
    for (size_t i = 0; i < sizeof common / sizeof common[0]; i++)
        if (str_case_eq (value, common[i]))
            return true;
    return len < VALUE_MIN || strspn (value, "0:-. ") == len || str_starts (value, "255.")
           || value[0] == '/' || value[0] == '#';
}

static int
longest_first (const void *a, const void *b)
{
    size_t x = strlen (((const struct pair *) a)->value);
    size_t y = strlen (((const struct pair *) b)->value);
    return x > y ? -1 : x < y ? 1 : strcmp (((const struct pair *) a)->value,
                                            ((const struct pair *) b)->value);
}

void
scrub_learn_value (struct scrub *s, const char *kind, const char *value)
{
    if (value == NULL || is_common (value) || map_get (s->known, value) != NULL)
        return;
    struct pair *p = mem_alloc (sizeof *p);
    p->value = str_dup (value);
    p->instead = make_up (kind, value, ++s->count);
    map_set (s->known, value, p);
    vec_push (&s->pairs, p);
    vec_sort (&s->pairs, longest_first);
}

static const char *
kind_of (const char *key)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (str_glob (kinds[i].key, key, true))
            return kinds[i].kind;
    return NULL;
}

static bool
is_secret (const char *key)
{
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++)
        if (str_glob (secrets[i], key, true))
            return true;
    return false;
}

/* kind: of the member that this is the value of, or of the array it is in. */
static void
learn (struct scrub *s, const json_t *v, const char *kind)
{
    const char *key;
    json_t *member;
    size_t i;
    if (json_is_string (v) && kind != NULL)
        scrub_learn_value (s, kind, json_string_value (v));
    json_array_foreach ((json_t *) v, i, member)
        learn (s, member, json_is_string (member) ? kind : NULL);
    json_object_foreach ((json_t *) v, key, member)
        learn (s, member, kind_of (key));
}

void
scrub_learn (struct scrub *s, const json_t *doc)
{
    learn (s, doc, NULL);
}

/* --- changing ------------------------------------------------------------------------------- */

static char *
replace_all (char *text, const struct pair *p)
{
    struct buf out = { 0 };
    const char *at = strstr (text, p->value), *from = text;
    if (at == NULL)
        return text;
    for (; at != NULL; at = strstr (from, p->value)) {
        buf_append (&out, from, (size_t) (at - from));
        buf_puts (&out, p->instead);
        from = at + strlen (p->value);
    }
    buf_puts (&out, from);
    mem_free (text);
    return buf_steal (&out);
}

char *
scrub_text (struct scrub *s, const char *text)
{
    char *out = str_dup (text);
    for (size_t i = 0; i < s->pairs.count; i++)
        out = replace_all (out, vec_at (&s->pairs, i));
    return out;
}

static json_t *
scrub_value (struct scrub *s, const char *key, const json_t *v)
{
    size_t i;
    const char *name;
    json_t *member;
    if (json_is_string (v)) {
        bool version = key != NULL && str_glob ("*Version*", key, true);
        char *text = key != NULL && is_secret (key) ? str_dup ("")
                     : version ? str_dup (json_string_value (v))
                               : scrub_text (s, json_string_value (v));
        json_t *out = json_string (text);
        mem_free (text);
        return out;
    }
    if (json_is_array (v)) {
        json_t *out = json_array ();
        json_array_foreach ((json_t *) v, i, member)
            json_array_append_new (out, scrub_value (s, key, member));
        return out;
    }
    if (json_is_object (v)) {
        json_t *out = json_object ();
        json_object_foreach ((json_t *) v, name, member) {
            char *clean = scrub_text (s, name);
            json_object_set_new (out, clean, scrub_value (s, name, member));
            mem_free (clean);
        }
        return out;
    }
    return json_copy ((json_t *) v);
}

json_t *
scrub_document (struct scrub *s, const json_t *doc)
{
    return scrub_value (s, NULL, doc);
}
