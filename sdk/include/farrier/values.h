/* farrier/values.h: the wrappers for JSON and XML; farrier/sdk.h includes it, nobody else does.
 *
 * Part of the plugin ABI; the version rule and the changelog are in farrier/version.h.
 *
 * SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_SDK_H
#include "farrier/sdk.h"
#elif !defined(FARRIER_VALUES_H)
#define FARRIER_VALUES_H

/* --- JSON; a NULL value is an absent one ---------------------------------------------------- */

static inline const struct farrier_json *
farrier_json_at (const struct farrier_json *value, const char *pointer)
{
    const struct farrier_host *host = value == NULL ? NULL : farrier_host_of (value);
    return host != NULL && FARRIER_HAS (host, json_at) ? host->json_at (value, pointer) : NULL;
}

static inline const char *
farrier_json_str (const struct farrier_json *value)
{
    const struct farrier_host *host = value == NULL ? NULL : farrier_host_of (value);
    return host != NULL && FARRIER_HAS (host, json_str) ? host->json_str (value) : NULL;
}

static inline int32_t
farrier_json_i64 (const struct farrier_json *value, int64_t *ret)
{
    const struct farrier_host *host = value == NULL ? NULL : farrier_host_of (value);
    return host != NULL && FARRIER_HAS (host, json_i64)
               ? host->json_i64 (value, ret) : FARRIER_E_INVALID;
}

static inline int32_t
farrier_json_bool (const struct farrier_json *value)
{
    const struct farrier_host *host = value == NULL ? NULL : farrier_host_of (value);
    return host != NULL && FARRIER_HAS (host, json_bool) ? host->json_bool (value) : -1;
}

static inline int32_t
farrier_json_real (const struct farrier_json *value, double *ret)
{
    const struct farrier_host *host = value == NULL ? NULL : farrier_host_of (value);
    return host != NULL && FARRIER_HAS (host, json_real)
               ? host->json_real (value, ret) : FARRIER_E_INVALID;
}

static inline uint32_t
farrier_json_count (const struct farrier_json *value)
{
    const struct farrier_host *host = value == NULL ? NULL : farrier_host_of (value);
    return host != NULL && FARRIER_HAS (host, json_count) ? host->json_count (value) : 0;
}

static inline const struct farrier_json *
farrier_json_item (const struct farrier_json *value, uint32_t index)
{
    const struct farrier_host *host = value == NULL ? NULL : farrier_host_of (value);
    return host != NULL && FARRIER_HAS (host, json_item) ? host->json_item (value, index) : NULL;
}

static inline const char *
farrier_json_key (const struct farrier_json *value, uint32_t index)
{
    const struct farrier_host *host = value == NULL ? NULL : farrier_host_of (value);
    return host != NULL && FARRIER_HAS (host, json_key) ? host->json_key (value, index) : NULL;
}

static inline char
farrier_json_type (const struct farrier_json *value)
{
    const struct farrier_host *host = value == NULL ? NULL : farrier_host_of (value);
    return host != NULL && FARRIER_HAS (host, json_type) ? host->json_type (value) : '-';
}

/* The string at pointer, or NULL. */
static inline const char *
farrier_json_str_at (const struct farrier_json *value, const char *pointer)
{
    return farrier_json_str (farrier_json_at (value, pointer));
}

static inline const struct farrier_json *
farrier_json_parse (struct farrier_step *step, const char *text)
{
    const struct farrier_host *host = farrier_host_of (step);
    return FARRIER_HAS (host, json_parse) ? host->json_parse (step, text) : NULL;
}

static inline struct farrier_json *
farrier_json_object (struct farrier_step *step)
{
    const struct farrier_host *host = farrier_host_of (step);
    return FARRIER_HAS (host, json_object) ? host->json_object (step) : NULL;
}

static inline struct farrier_json *
farrier_json_array (struct farrier_step *step)
{
    const struct farrier_host *host = farrier_host_of (step);
    return FARRIER_HAS (host, json_array) ? host->json_array (step) : NULL;
}

static inline const struct farrier_json *
farrier_json_string (struct farrier_step *step, const char *text)
{
    const struct farrier_host *host = farrier_host_of (step);
    return FARRIER_HAS (host, json_string) ? host->json_string (step, text) : NULL;
}

static inline const struct farrier_json *
farrier_json_integer (struct farrier_step *step, int64_t number)
{
    const struct farrier_host *host = farrier_host_of (step);
    return FARRIER_HAS (host, json_integer) ? host->json_integer (step, number) : NULL;
}

static inline const struct farrier_json *
farrier_json_number (struct farrier_step *step, double number)
{
    const struct farrier_host *host = farrier_host_of (step);
    return FARRIER_HAS (host, json_number) ? (host->json_number) (step, number) : NULL;
}

static inline const struct farrier_json *
farrier_json_boolean (struct farrier_step *step, int32_t truth)
{
    const struct farrier_host *host = farrier_host_of (step);
    /* In parentheses: a JSON library may have a macro of that name. */
    return FARRIER_HAS (host, json_boolean) ? (host->json_boolean) (step, truth) : NULL;
}

static inline int32_t
farrier_json_put (struct farrier_json *into, const char *key, const struct farrier_json *value)
{
    if (into == NULL)                  /* out of memory where it was made */
        return FARRIER_E_NO_SPACE;
    const struct farrier_host *host = farrier_host_of (into);
    return FARRIER_HAS (host, json_put)
               ? host->json_put (into, key, value) : FARRIER_E_UNSUPPORTED;
}

static inline const char *
farrier_json_text (struct farrier_step *step, const struct farrier_json *value)
{
    const struct farrier_host *host = farrier_host_of (step);
    return FARRIER_HAS (host, json_text) ? host->json_text (step, value) : NULL;
}

/* --- XML; a NULL node is an absent one ------------------------------------------------------ */

static inline int32_t
farrier_xml_parse (struct farrier_step *step, const char *bytes, size_t len,
                   const struct farrier_xml **ret_root, struct farrier_error *err)
{
    const struct farrier_host *host = farrier_host_of (step);
    return FARRIER_HAS (host, xml_parse)
               ? host->xml_parse (step, bytes, len, ret_root, err) : FARRIER_E_UNSUPPORTED;
}

static inline const struct farrier_xml *
farrier_response_xml (const struct farrier_response *response)
{
    const struct farrier_host *host = farrier_host_of (response);
    return FARRIER_HAS (host, response_xml) ? host->response_xml (response) : NULL;
}

static inline const struct farrier_xml *
farrier_xml_find (const struct farrier_xml *node, const char *xpath, uint32_t index)
{
    const struct farrier_host *host = node == NULL ? NULL : farrier_host_of (node);
    return host != NULL && FARRIER_HAS (host, xml_find)
               ? host->xml_find (node, xpath, index) : NULL;
}

static inline uint32_t
farrier_xml_count (const struct farrier_xml *node, const char *xpath)
{
    const struct farrier_host *host = node == NULL ? NULL : farrier_host_of (node);
    return host != NULL && FARRIER_HAS (host, xml_count) ? host->xml_count (node, xpath) : 0;
}

static inline const char *
farrier_xml_text (const struct farrier_xml *node, const char *xpath)
{
    const struct farrier_host *host = node == NULL ? NULL : farrier_host_of (node);
    return host != NULL && FARRIER_HAS (host, xml_text) ? host->xml_text (node, xpath) : NULL;
}

static inline const char *
farrier_xml_name (const struct farrier_xml *node)
{
    const struct farrier_host *host = node == NULL ? NULL : farrier_host_of (node);
    return host != NULL && FARRIER_HAS (host, xml_name) ? host->xml_name (node) : NULL;
}

static inline const char *
farrier_xml_attr (const struct farrier_xml *node, const char *name)
{
    const struct farrier_host *host = node == NULL ? NULL : farrier_host_of (node);
    return host != NULL && FARRIER_HAS (host, xml_attr) ? host->xml_attr (node, name) : NULL;
}

static inline struct farrier_xml_reader *
farrier_xml_open (struct farrier_step *step, const char *bytes, size_t len)
{
    const struct farrier_host *host = farrier_host_of (step);
    return FARRIER_HAS (host, xml_open) ? host->xml_open (step, bytes, len) : NULL;
}

static inline int32_t
farrier_xml_next (struct farrier_xml_reader *reader, struct farrier_error *err)
{
    const struct farrier_host *host = reader == NULL ? NULL : farrier_host_of (reader);
    return host != NULL && FARRIER_HAS (host, xml_next)
               ? host->xml_next (reader, err) : FARRIER_E_UNSUPPORTED;
}

static inline const char *
farrier_xml_reader_name (struct farrier_xml_reader *reader)
{
    const struct farrier_host *host = reader == NULL ? NULL : farrier_host_of (reader);
    return host != NULL && FARRIER_HAS (host, xml_reader_name)
               ? host->xml_reader_name (reader) : NULL;
}

static inline const char *
farrier_xml_reader_attr (struct farrier_xml_reader *reader, const char *name)
{
    const struct farrier_host *host = reader == NULL ? NULL : farrier_host_of (reader);
    return host != NULL && FARRIER_HAS (host, xml_reader_attr)
               ? host->xml_reader_attr (reader, name) : NULL;
}

static inline const char *
farrier_xml_reader_text (struct farrier_xml_reader *reader)
{
    const struct farrier_host *host = reader == NULL ? NULL : farrier_host_of (reader);
    return host != NULL && FARRIER_HAS (host, xml_reader_text)
               ? host->xml_reader_text (reader) : NULL;
}

static inline uint32_t
farrier_xml_reader_depth (struct farrier_xml_reader *reader)
{
    const struct farrier_host *host = reader == NULL ? NULL : farrier_host_of (reader);
    return host != NULL && FARRIER_HAS (host, xml_reader_depth)
               ? host->xml_reader_depth (reader) : 0;
}

static inline const struct farrier_xml *
farrier_xml_expand (struct farrier_xml_reader *reader)
{
    const struct farrier_host *host = reader == NULL ? NULL : farrier_host_of (reader);
    return host != NULL && FARRIER_HAS (host, xml_expand) ? host->xml_expand (reader) : NULL;
}

static inline int32_t
farrier_xml_skip (struct farrier_xml_reader *reader, struct farrier_error *err)
{
    const struct farrier_host *host = reader == NULL ? NULL : farrier_host_of (reader);
    return host != NULL && FARRIER_HAS (host, xml_skip)
               ? host->xml_skip (reader, err) : FARRIER_E_UNSUPPORTED;
}

#endif
