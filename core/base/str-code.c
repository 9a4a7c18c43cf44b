/* str: hexadecimal, base 64 and UTF-8 (see str.h).
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

static const char hex_digits[] = "0123456789abcdef";
static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The bytes that follow a lead byte, or -1; *ret_min is the smallest code that may need so many. */
static int
utf8_follow (unsigned char lead, uint32_t *ret_code, uint32_t *ret_min)
{
    if (lead < 0x80) {
        *ret_code = lead;
        *ret_min = 0;
        return 0;
    }
    if (lead >= 0xc2 && lead <= 0xdf) {
        *ret_code = lead & 0x1fu;
        *ret_min = 0x80;
        return 1;
    }
    if (lead >= 0xe0 && lead <= 0xef) {
        *ret_code = lead & 0x0fu;
        *ret_min = 0x800;
        return 2;
    }
    if (lead >= 0xf0 && lead <= 0xf4) {
        *ret_code = lead & 0x07u;
        *ret_min = 0x10000;
        return 3;
    }
    return -1;
}

bool
str_valid_utf8 (const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint32_t code, least;
        int follow = utf8_follow ((unsigned char) s[i], &code, &least);

        if (follow < 0 || (size_t) follow > len - i - 1) {
            return false;
        }
        for (; follow > 0; follow--) {
            unsigned char c = (unsigned char) s[++i];

            if ((c & 0xc0) != 0x80) {
                return false;
            }
            code = code << 6 | (c & 0x3fu);
        }
        if (code < least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
            return false;
        }
    }
    return true;
}

char *
str_hex (const void *bytes, size_t len)
{
    const unsigned char *in = bytes;
    char *out = mem_alloc (2 * len + 1);

    for (size_t i = 0; i < len; i++) {
        out[2 * i] = hex_digits[in[i] >> 4];
        out[2 * i + 1] = hex_digits[in[i] & 15];
    }
    return out;
}

static int
hex_value (char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool
str_unhex (const char *hex, void *out, size_t out_len)
{
    unsigned char *bytes = out;

    if (hex == NULL || strlen (hex) != 2 * out_len) {
        return false;
    }
    for (size_t i = 0; i < 2 * out_len; i++) {
        if (hex_value (hex[i]) < 0) {
            return false;
        }
    }
    for (size_t i = 0; i < out_len; i++) {
        bytes[i] = (unsigned char) (hex_value (hex[2 * i]) << 4 | hex_value (hex[2 * i + 1]));
    }
    return true;
}

char *
str_base64 (const void *bytes, size_t len)
{
    const unsigned char *in = bytes;
    char *out = mem_alloc ((len + 2) / 3 * 4 + 1), *at = out;

    for (size_t i = 0; i < len; i += 3) {
        uint32_t three = (uint32_t) in[i] << 16;

        three |= i + 1 < len ? (uint32_t) in[i + 1] << 8 : 0;
        three |= i + 2 < len ? in[i + 2] : 0;
        *at++ = base64_digits[three >> 18];
        *at++ = base64_digits[three >> 12 & 63];
        *at++ = i + 1 < len ? base64_digits[three >> 6 & 63] : '=';
        *at++ = i + 2 < len ? base64_digits[three & 63] : '=';
    }
    return out;
}

static int
base64_value (char c)
{
    const char *at = c == '\0' ? NULL : strchr (base64_digits, c);

    return at == NULL ? -1 : (int) (at - base64_digits);
}

void *
str_unbase64 (const char *s, size_t *ret_len)
{
    size_t len = s == NULL ? 0 : strlen (s), pad, n = 0;
    unsigned char *out;

    if (s == NULL || len % 4 != 0) {
        return NULL;
    }
    pad = len == 0 || s[len - 1] != '=' ? 0 : s[len - 2] == '=' ? 2 : 1;
    out = mem_alloc (len / 4 * 3 + 1);
    for (size_t i = 0; i < len; i += 4) {
        uint32_t three = 0;

        for (size_t k = 0; k < 4; k++) {
            bool is_pad = i + k >= len - pad;
            int value = is_pad ? 0 : base64_value (s[i + k]);

            if (value < 0) {
                mem_free (out);
                return NULL;
            }
            three = three << 6 | (uint32_t) value;
        }
        out[n++] = (unsigned char) (three >> 16);
        out[n++] = (unsigned char) (three >> 8);
        out[n++] = (unsigned char) three;
    }
    *ret_len = n - pad;
    out[*ret_len] = '\0';
    return out;
}
