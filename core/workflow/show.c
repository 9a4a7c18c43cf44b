/* show: a workflow drawn: as text for a terminal, as dot, as mermaid, as JSON for the pages.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "workflow/workflow.h"

/* Progress at the end of phase i, in permille. */
static uint32_t
mark (const struct workflow *w, size_t until)
{
    uint64_t sum = 0, total = 0;
    for (size_t i = 0; i < w->phases.count; i++) {
        const struct workflow_phase *phase = vec_at (&w->phases, i);
        sum += i < until ? phase->weight : 0;
        total += phase->weight;
    }
    return (uint32_t) (sum * 1000 / (total == 0 ? 1 : total));
}

static char *
rule_text (const struct workflow_on_failure *rule)
{
    if (!rule->set) {
        return NULL;
    }
    const char *to = rule->then.goto_name, *other = rule->otherwise.goto_name;
    char *then = str_printf ("%s%s%s", workflow_failure_name (rule->then.kind),
                             to == NULL ? "" : " ", to == NULL ? "" : to);
    if (rule->when == NULL) {
        return then;
    }
    char *text = str_printf ("%s when %s, else %s%s%s", then, rule->when,
                             workflow_failure_name (rule->otherwise.kind),
                             other == NULL ? "" : " ", other == NULL ? "" : other);
    mem_free (then);
    return text;
}

/* --- JSON ------------------------------------------------------------------------------------ */

static void
put_if (json_t *o, const char *key, const char *text)
{
    if (text != NULL) {
        json_put_str (o, key, text);
    }
}

static void
put_rule (json_t *o, const struct workflow_on_failure *rule)
{
    char *text = rule_text (rule);
    put_if (o, "on_failure", text);
    mem_free (text);
}

static json_t *
retry_json (const struct workflow_retry *retry)
{
    json_t *o = json_object ();
    json_put_int (o, "attempts", retry->attempts);
    json_put_str (o, "backoff", workflow_backoff_name (retry->backoff));
    json_put_int (o, "initial_ms", retry->initial_ms);
    json_put_int (o, "max_ms", retry->max_ms);
    json_t *on = json_array ();
    for (size_t i = 0; i < retry->on_count; i++) {
        json_array_append_new (on, json_string (err_code_name (retry->on[i])));
    }
    json_put (o, "on", on);
    return o;
}

static json_t *
step_json (const struct workflow_step *step)
{
    json_t *o = json_object ();
    json_put_str (o, "action", step->action);
    json_put (o, "params", json_incref (step->params));
    put_if (o, "for_each", step->for_each);
    put_if (o, "as", step->as);
    put_if (o, "when", step->when);
    put_if (o, "save", step->save);
    if (step->timeout_ms > 0) {
        json_put_int (o, "timeout_ms", step->timeout_ms);
    }
    json_put (o, "retry", retry_json (&step->retry));
    put_rule (o, &step->on_failure);
    json_put_str (o, "on_unsupported", step->skip_unsupported ? "skip" : "fail");
    json_put_int (o, "line", step->line);
    return o;
}

static json_t *
steps_json (const struct vec *steps)
{
    json_t *list = json_array ();
    for (size_t i = 0; i < steps->count; i++) {
        json_array_append_new (list, step_json (vec_at (steps, i)));
    }
    return list;
}

static json_t *
phase_json (const struct workflow *w, size_t i)
{
    const struct workflow_phase *phase = vec_at (&w->phases, i);
    json_t *o = json_object ();
    json_put_str (o, "name", phase->name);
    put_if (o, "summary", phase->summary);
    json_put_int (o, "weight", phase->weight);
    json_put (o, "marks", json_pack ("[i, i]", (int) mark (w, i), (int) mark (w, i + 1)));
    put_if (o, "when", phase->when);
    put_if (o, "for_each", phase->for_each);
    put_if (o, "as", phase->as);
    json_put (o, "steps", steps_json (&phase->steps));
    json_put (o, "finally", steps_json (&phase->finally));
    put_rule (o, &phase->on_failure);
    json_put_int (o, "line", phase->line);
    return o;
}

static json_t *
input_json (const struct workflow_input *input)
{
    static const char *const types[] = { "string", "bool", "int", "enum", "duration" };
    json_t *o = json_object ();
    json_put_str (o, "name", input->name);
    json_put_str (o, "type", types[input->type]);
    put_if (o, "help", input->help);
    if (input->values.count > 0) {
        json_t *values = json_array ();
        for (size_t i = 0; i < input->values.count; i++) {
            json_array_append_new (values, json_string (vec_at (&input->values, i)));
        }
        json_put (o, "values", values);
    }
    if (input->value_default != NULL) {
        json_put (o, "default", json_incref (input->value_default));
    }
    return o;
}

json_t *
workflow_json (const struct workflow *w)
{
    json_t *o = json_object (), *inputs = json_array (), *phases = json_array ();
    json_put_str (o, "name", w->name);
    json_put_int (o, "version", w->version);
    json_put_str (o, "summary", w->summary);
    json_put_str (o, "file", w->file);
    json_put_str (o, "digest", w->digest);
    for (size_t i = 0; i < w->inputs.count; i++) {
        json_array_append_new (inputs, input_json (vec_at (&w->inputs, i)));
    }
    for (size_t i = 0; i < w->phases.count; i++) {
        json_array_append_new (phases, phase_json (w, i));
    }
    json_put (o, "inputs", inputs);
    json_put (o, "phases", phases);
    json_put (o, "finally", steps_json (&w->finally));
    return o;
}

/* --- text ------------------------------------------------------------------------------------ */

/* Characters, not bytes: expressions and summaries may hold UTF-8. */
static size_t
columns (const char *s, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        n += ((unsigned char) s[i] & 0xc0) != 0x80 ? 1 : 0;
    }
    return n;
}

/* One line behind prefix; what is too long for the terminal goes on below, two columns in. */
static void
put_line (struct buf *b, int width, const char *prefix, const char *fmt, ...)
    __attribute__ ((format (printf, 4, 5)));

static void
put_line (struct buf *b, int width, const char *prefix, const char *fmt, ...)
{
    va_list ap;
    va_start (ap, fmt);
    char *text = str_vprintf (fmt, ap);
    va_end (ap);
    size_t room = (size_t) width - columns (prefix, strlen (prefix)), used = 0;
    buf_puts (b, prefix);
    for (const char *word = text; *word != '\0';) {
        size_t len = strcspn (word, " ");
        size_t wide = columns (word, len);
        if (used > 0 && used + 1 + wide > room) {
            buf_printf (b, "\n%s  ", prefix);
            used = 2;
        } else if (used > 0) {
            buf_putc (b, ' ');
            used++;
        }
        buf_append (b, word, len);
        used += wide;
        word += len;
        word += *word == ' ' ? 1 : 0;
    }
    buf_putc (b, '\n');
    mem_free (text);
}

static void
put_detail (struct buf *b, int width, const char *prefix, const char *what, const char *text)
{
    if (text != NULL) {
        put_line (b, width, prefix, "%s %s", what, text);
    }
}

static void
put_params (struct buf *b, const json_t *params)
{
    const char *key;
    json_t *v;
    json_object_foreach ((json_t *) params, key, v) {
        char *text = json_is_string (v) ? str_dup (json_string_value (v)) : NULL;
        if (text == NULL) {
            char *dump = json_dumps (v, JSON_ENCODE_ANY | JSON_COMPACT);
            text = str_dup (dump == NULL ? "?" : dump);
            free (dump);
        }
        buf_printf (b, " %s=%s", key, text);
        mem_free (text);
    }
}

static void
show_step (struct buf *b, int width, const char *prefix, const struct workflow_step *step,
           const char *mark_text)
{
    struct buf line = { 0 };
    buf_printf (&line, "%s %s", mark_text, step->action);
    put_params (&line, step->params);
    if (step->save != NULL) {
        buf_printf (&line, " -> %s", step->save);
    }
    put_line (b, width, prefix, "%s", line.data);
    buf_free (&line);
    char *inner = str_printf ("%s    ", prefix);
    char *rule = rule_text (&step->on_failure);
    if (step->for_each != NULL) {
        put_line (b, width, inner, "for each %s in %s", step->as, step->for_each);
    }
    put_detail (b, width, inner, "when", step->when);
    if (step->has_retry) {
        put_line (b, width, inner, "up to %u attempts, %s", step->retry.attempts,
                  workflow_backoff_name (step->retry.backoff));
    }
    put_detail (b, width, inner, "on failure:", rule);
    mem_free (rule);
    mem_free (inner);
}

static void
show_steps (struct buf *b, int width, const char *prefix, const struct vec *steps,
            const char *mark_text)
{
    for (size_t i = 0; i < steps->count; i++) {
        show_step (b, width, prefix, vec_at (steps, i), mark_text);
    }
}

static void
show_phase (struct buf *b, int width, const struct workflow *w, size_t i)
{
    const struct workflow_phase *phase = vec_at (&w->phases, i);
    char *rule = rule_text (&phase->on_failure);
    buf_printf (b, "┌ %s", phase->name);
    size_t used = 2 + strlen (phase->name) + 16;
    for (size_t k = used; k < (size_t) width; k++) {
        buf_puts (b, k == used ? " " : "─");
    }
    buf_printf (b, " %3u%% - %3u%%\n", mark (w, i) / 10, mark (w, i + 1) / 10);
    put_detail (b, width, "│ ", "", phase->summary);
    put_detail (b, width, "│ ", "when", phase->when);
    if (phase->for_each != NULL) {
        put_line (b, width, "│ ", "for each %s in %s", phase->as, phase->for_each);
    }
    show_steps (b, width, "│   ", &phase->steps, "•");
    show_steps (b, width, "│   ", &phase->finally, "finally");
    put_detail (b, width, "│ ", "on failure:", rule);
    buf_puts (b, i + 1 < w->phases.count ? "└─▼\n" : "└─■\n");
    mem_free (rule);
}

void
workflow_show (const struct workflow *w, int width, struct buf *ret)
{
    width = width <= 0 ? 80 : width < 40 ? 40 : width;
    put_line (ret, width, "", "%s (version %lld)%s%s", w->name, (long long) w->version,
              w->summary[0] == '\0' ? "" : ": ", w->summary);
    for (size_t i = 0; i < w->inputs.count; i++) {
        const struct workflow_input *input = vec_at (&w->inputs, i);
        char *values = str_join ((char *const *) input->values.items, input->values.count, "|");
        char *preset = input->value_default == NULL ? NULL
                       : json_dumps (input->value_default, JSON_ENCODE_ANY | JSON_COMPACT);
        put_line (ret, width, "  ", "%s%s%s%s%s%s%s", input->name, values[0] == '\0' ? "" : ": ",
                  values, preset == NULL ? " (must be given)" : " = ",
                  preset == NULL ? "" : preset, input->help == NULL ? "" : "  ",
                  input->help == NULL ? "" : input->help);
        mem_free (values);
        free (preset);
    }
    buf_putc (ret, '\n');
    for (size_t i = 0; i < w->phases.count; i++) {
        show_phase (ret, width, w, i);
    }
    if (w->finally.count > 0) {
        buf_puts (ret, "\nfinally, whatever happened\n");
        show_steps (ret, width, "    ", &w->finally, "•");
    }
}

/* --- graphs ---------------------------------------------------------------------------------- */

/* Text inside a quoted label: quotes and line ends would end it. */
static void
put_label (struct buf *b, const char *text, const char *quote)
{
    for (const char *s = text; s != NULL && *s != '\0'; s++) {
        if (*s == '"' || *s == '\\') {
            buf_puts (b, *s == '"' ? quote : "\\\\");
        } else {
            buf_putc (b, *s == '\n' ? ' ' : *s);
        }
    }
}

static void
dot_jump (struct buf *b, const struct workflow_phase *from,
          const struct workflow_failure_choice *choice)
{
    if (choice->kind == WORKFLOW_FAILURE_GOTO && choice->goto_name != NULL) {
        buf_printf (b, "  %s -> %s [style=dashed, label=\"on failure\"];\n", from->name,
                    choice->goto_name);
    } else if (choice->kind == WORKFLOW_FAILURE_ROLLBACK) {
        buf_printf (b, "  %s -> rollback [style=dashed, label=\"on failure\"];\n", from->name);
    }
}

static bool
rolls_back (const struct workflow *w)
{
    for (size_t i = 0; i < w->phases.count; i++) {
        const struct workflow_phase *phase = vec_at (&w->phases, i);
        if (phase->on_failure.then.kind == WORKFLOW_FAILURE_ROLLBACK
            || phase->on_failure.otherwise.kind == WORKFLOW_FAILURE_ROLLBACK) {
            return true;
        }
    }
    return false;
}

void
workflow_show_dot (const struct workflow *w, struct buf *ret)
{
    buf_printf (ret, "digraph \"%s\" {\n  rankdir=TB;\n  node [shape=box, fontname=\"sans\"];\n",
                w->name);
    for (size_t i = 0; i < w->phases.count; i++) {
        const struct workflow_phase *phase = vec_at (&w->phases, i);
        buf_printf (ret, "  %s [label=\"%s\\l", phase->name, phase->name);
        for (size_t k = 0; k < phase->steps.count; k++) {
            const struct workflow_step *step = vec_at (&phase->steps, k);
            buf_printf (ret, "  %s%s\\l", step->action, step->for_each == NULL ? "" : " (each)");
        }
        buf_puts (ret, "\"];\n");
    }
    if (rolls_back (w)) {
        buf_puts (ret, "  rollback [shape=ellipse];\n");
    }
    for (size_t i = 0; i < w->phases.count; i++) {
        const struct workflow_phase *phase = vec_at (&w->phases, i);
        if (i + 1 < w->phases.count) {
            const struct workflow_phase *next = vec_at (&w->phases, i + 1);
            buf_printf (ret, "  %s -> %s [label=\"", phase->name, next->name);
            put_label (ret, next->when, "\\\"");
            buf_puts (ret, "\"];\n");
        }
        dot_jump (ret, phase, &phase->on_failure.then);
        dot_jump (ret, phase, &phase->on_failure.otherwise);
    }
    buf_puts (ret, "}\n");
}

void
workflow_show_mermaid (const struct workflow *w, struct buf *ret)
{
    buf_puts (ret, "flowchart TD\n");
    for (size_t i = 0; i < w->phases.count; i++) {
        const struct workflow_phase *phase = vec_at (&w->phases, i);
        buf_printf (ret, "  %s[\"%s", phase->name, phase->name);
        for (size_t k = 0; k < phase->steps.count; k++) {
            buf_printf (ret, "<br/>%s",
                        ((const struct workflow_step *) vec_at (&phase->steps, k))->action);
        }
        buf_puts (ret, "\"]\n");
    }
    for (size_t i = 0; i < w->phases.count; i++) {
        const struct workflow_phase *phase = vec_at (&w->phases, i);
        const struct workflow_phase *next
            = i + 1 < w->phases.count ? vec_at (&w->phases, i + 1) : NULL;
        if (next != NULL && next->when != NULL) {
            buf_printf (ret, "  %s -->|\"", phase->name);
            put_label (ret, next->when, "#quot;");
            buf_printf (ret, "\"| %s\n", next->name);
        } else if (next != NULL) {
            buf_printf (ret, "  %s --> %s\n", phase->name, next->name);
        }
        const struct workflow_failure_choice *choices[] = { &phase->on_failure.then,
                                                            &phase->on_failure.otherwise };
        for (size_t k = 0; k < 2; k++) {
            if (choices[k]->kind == WORKFLOW_FAILURE_GOTO && choices[k]->goto_name != NULL) {
                buf_printf (ret, "  %s -.->|failure| %s\n", phase->name, choices[k]->goto_name);
            } else if (choices[k]->kind == WORKFLOW_FAILURE_ROLLBACK) {
                buf_printf (ret, "  %s -.->|failure| rollback([rollback])\n", phase->name);
            }
        }
    }
}
