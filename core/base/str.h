/* str: strings on the heap (mem_free them) and small questions about strings.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_BASE_STR_H
#define FARRIER_BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

char *str_dup (const char *s);                    /* NULL -> NULL */
char *str_ndup (const char *s, size_t len);
char *str_printf (const char *fmt, ...) __attribute__ ((format (printf, 1, 2)));
char *str_vprintf (const char *fmt, va_list ap) __attribute__ ((format (printf, 1, 0)));
void str_set (char **dst, const char *s);         /* frees the old, duplicates the new */
/* Always terminated; returns strlen (src). */
size_t str_copy (char *dst, size_t dst_size, const char *src);
size_t str_format (char *dst, size_t dst_size, const char *fmt, ...)
    __attribute__ ((format (printf, 3, 4)));
bool str_eq (const char *a, const char *b);       /* NULL equals NULL only */
bool str_case_eq (const char *a, const char *b);
bool str_starts (const char *s, const char *prefix);
bool str_ends (const char *s, const char *suffix);
bool str_case_contains (const char *haystack, const char *needle);
bool str_empty (const char *s);                   /* NULL or "" */
char *str_trim (char *s);                         /* in place; returns the first non-blank */
bool str_glob (const char *pattern, const char *s, bool fold_case);   /* * ? [abc] */
/* Pieces trimmed; free with str_free_all. "" and NULL give none. */
char **str_split (const char *s, char sep, size_t *ret_count);
void str_free_all (char **v, size_t count);
char *str_join (char *const *v, size_t count, const char *sep);
int str_compare_natural (const char *a, const char *b);               /* n2 < n10 */
/* The whole string, decimal; false on anything else. */
bool str_to_i64 (const char *s, int64_t *ret);
bool str_to_u64 (const char *s, uint64_t *ret);
/* The nearest of candidates (edit distance <= 1 + len/4), or NULL: for "did you mean". */
const char *str_did_you_mean (const char *word, const char *const *candidates, size_t count);
bool str_valid_utf8 (const char *s, size_t len);
char *str_hex (const void *bytes, size_t len);
bool str_unhex (const char *hex, void *out, size_t out_len);          /* exact length only */
char *str_base64 (const void *bytes, size_t len);
void *str_unbase64 (const char *s, size_t *ret_len);                  /* NULL when malformed */
char *str_human_bytes (uint64_t bytes);           /* "1.5 MiB" */

#endif
