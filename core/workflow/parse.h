/* parse: from libconfig's tree to struct workflow; shared by the rooms that read phases and steps.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_WORKFLOW_PARSE_H
#define FARRIER_WORKFLOW_PARSE_H

#include "conf/conf.h"
#include "workflow/workflow.h"

/* The names that a context always has, and that nobody may take: inputs, host, facts, plan, job,
 * failed. */
extern const char *const workflow_roots[];
#define WORKFLOW_ROOT_COUNT 6

/* Reads text as far as it can be read: *ret is set whenever it is libconfig at all. */
int32_t workflow_parse (const char *text, size_t len, const char *file, struct workflow **ret,
                        struct vec *findings, struct err *err);

/* input.c: is v a value of this input? message says what would be. */
int32_t workflow_input_check (const struct workflow_input *input, const json_t *v,
                              struct err *err);

/* parse-step.c */
void parse_steps (struct conf_at at, const char *key, struct workflow *w, struct vec *ret);
void parse_retry (struct conf_at at, const struct workflow_retry *base, struct workflow_retry *ret);
void parse_on_failure (struct conf_at at, struct workflow_on_failure *ret);
void parse_expression (struct conf_at at, const char *key, char **ret);
bool parse_loop (struct conf_at at, char **ret_for_each, char **ret_as);
bool parse_word_valid (const char *word, bool dash);
void workflow_step_free (void *step);
void retry_clear (struct workflow_retry *retry);
void on_failure_clear (struct workflow_on_failure *rule);
int parse_line (const struct map *lines, const char *pointer, int fallback);

/* Called for each string of a step's (or before's) parameters with its line. */
typedef void parse_string_fn (void *arg, const char *text, int line);
void parse_each_string (const json_t *params, const struct map *lines, int line,
                        parse_string_fn *fn, void *arg);
/* Called for each step of w in the order of the file; phase is NULL in the workflow's finally. */
typedef void parse_step_fn (void *arg, const struct workflow_phase *phase,
                            const struct workflow_step *step, bool in_finally);
void parse_each_step (const struct workflow *w, parse_step_fn *fn, void *arg);

#endif
