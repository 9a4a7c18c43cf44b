/* workflow-test: what is read from a file, and each finding about its form with its line.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "workflow/workflow.h"

#include <string.h>

#include "base/json.h"
#include "base/testing.h"

#define PROVISIONING TEST_SRCDIR "/conf.d/workflows/firmware-provisioning.conf"

/* Line 1 begins the workflow, line 3 holds what a case puts into the phase. */
#define IN_PHASE(text) \
    "workflow = { name = \"t\"; phases = (\n" \
    "  { name = \"a\"; steps = ( { action = \"inventory\"; } );\n" \
    "    " text "\n  },\n  { name = \"b\"; steps = ( { action = \"x\"; } ); } ); };\n"
/* Line 3 holds what a case puts into the step. */
#define IN_STEP(text) \
    "workflow = { name = \"t\"; phases = (\n" \
    "  { name = \"a\"; steps = ( { action = \"x\";\n" \
    "    " text "\n  } ); },\n  { name = \"b\"; steps = ( { action = \"x\"; } ); } ); };\n"
/* Line 2 holds what a case puts into the workflow. */
#define IN_WORKFLOW(text) \
    "workflow = { name = \"t\";\n" text "\n" \
    "phases = ( { name = \"a\"; steps = ( { action = \"x\"; } ); } ); };\n"

static const struct {
    const char *text, *findings;       /* NULL: none */
} forms[] = {
    { IN_PHASE (""), NULL },
    { IN_STEP ("timeout = \"90m\"; save = \"r\"; on_unsupported = \"skip\";"), NULL },
    { IN_STEP ("anything = 3; list = ( 1, { a = \"${host.name}\"; } );"), NULL },
    /* the workflow */
    { "", "t.conf: there is no group 'workflow' in the file\n" },
    { "workflow = { name = \"t\"; };", "t.conf:1: the workflow has no phases\n" },
    { "workflow = { name = \"t\"; phases = (); };", "t.conf:1: the workflow has no phases\n" },
    { IN_WORKFLOW ("sumary = \"s\";"),
      "t.conf:2: unknown key 'sumary', did you mean 'summary'?\n" },
    { IN_WORKFLOW ("version = 0;"),
      "t.conf:2: ~version~1 to 2147483647\n" },
    { IN_WORKFLOW ("defaults = { timeout = 30; };"), "t.conf:2: ~timeout\n" },
    { IN_WORKFLOW ("defaults = { retry = { attempts = 0; }; };"), "t.conf:2: ~attempts\n" },
    { IN_WORKFLOW ("defaults = { retry = { before = ( { attempt = 2; action = \"x\"; } ); }; };"),
      "t.conf:2: before belongs to a step's retry, not to the defaults\n" },
    /* inputs */
    { IN_WORKFLOW ("inputs = ( { name = \"p\"; type = \"enum\"; } );"),
      "t.conf:2: input 'p' is an enum without values\n" },
    { IN_WORKFLOW ("inputs = ( { name = \"p\"; values = [\"a\"]; } );"),
      "t.conf:2: input 'p' has values, but its type is string: write type = \"enum\"\n" },
    { IN_WORKFLOW ("inputs = ( { name = \"p\"; type = \"bool\"; default = \"no\"; } );"),
      "t.conf:2: default: input 'p' is \"no\", must be true or false\n" },
    { IN_WORKFLOW ("inputs = ( { name = \"p\"; },\n { name = \"p\"; } );"),
      "t.conf:3: input 'p' is there already, at line 2\n" },
    { IN_WORKFLOW ("inputs = ( { type = \"int\"; } );"), "t.conf:2: ~name\n" },
    { IN_WORKFLOW ("inputs = ( { name = \"P q\"; } );"),
      "t.conf:2: name = \"P q\" is no name: use a-z, 0-9 and _, a letter first\n" },
    /* phases */
    { IN_PHASE ("wieght = 3;"), "t.conf:3: unknown key 'wieght', did you mean 'weight'?\n" },
    { IN_PHASE ("parallel = 4;"), "t.conf:3: parallel = 4 is not supported by this version: "
      "steps run one after another, leave the key out\n" },
    { IN_PHASE ("parallel = 1;"), NULL },
    { IN_PHASE ("when = \"host.name =\";"),
      "t.conf:3: when: write '==' instead of '=', column 11\n" },
    { IN_PHASE ("when = true;"), "t.conf:3: ~when\n" },
    { IN_PHASE ("when = \"${host.name}\";"),
      "t.conf:3: when is an expression as it is: leave out '${' and '}'\n" },
    { IN_PHASE ("as = \"x\";"), "t.conf:3: as without for_each\n" },
    { IN_PHASE ("for_each = \"plan.batches\"; as = \"plan\";"),
      "t.conf:3: as = \"plan\": this name is the core's own, take another\n" },
    { "workflow = { name = \"t\"; phases = (\n {\n  name = \"a\"; } ); };",
      "t.conf:2: phase 'a' has no steps\n" },
    { "workflow = { name = \"t\"; phases = (\n { name = \"a\"; steps = ( { action = \"x\"; } ); "
      "},\n"
      " { name = \"a\"; steps = ( { action = \"x\"; } ); } ); };",
      "t.conf:3: phase 'a' is there already, at line 2\n" },
    { "workflow = { name = \"t\"; phases = (\n { steps = ( { action = \"x\"; } ); } ); };",
      "t.conf:2: ~name\n" },
    /* on_failure */
    { IN_PHASE ("on_failure = \"continue\";"), NULL },
    { IN_PHASE ("on_failure = \"goto b\";"), NULL },
    { IN_PHASE ("on_failure = { when = \"failed.rollback_ready\"; then = \"rollback\"; };"), NULL },
    { IN_PHASE ("on_failure = \"contniue\";"),
      "t.conf:3: on_failure = \"contniue\" is none of abort, continue, rollback, goto PHASE, "
      "did you mean 'continue'?\n" },
    { IN_PHASE ("on_failure = \"goto later\";"),
      "t.conf:3: goto 'later': there is no such phase\n" },
    { IN_PHASE ("on_failure = \"goto a\";"),
      "t.conf:3: goto 'a' leads back; goto leads to a later phase only\n" },
    { IN_PHASE ("on_failure = true;"),
      "t.conf:3: on_failure is a ~, must be a string such as \"abort\" or a group { when, then, "
      "else }\n" },
    { IN_PHASE ("on_failure = { then = \"abort\"; };"),
      "t.conf:3: on_failure has no when; write on_failure = \"…\" instead\n" },
    { IN_PHASE ("on_failure = { when = \"true\";\n els = \"abort\"; };"),
      "t.conf:3: on_failure has no then\nt.conf:4: unknown key 'els', did you mean 'else'?\n" },
    { IN_PHASE ("finally = ( { action = \"y\"; on_failure = \"goto b\"; } );"),
      "t.conf:3: in a finally, on_failure is \"abort\" or \"continue\": what is left of it runs in "
      "any case\n" },
    /* steps */
    { IN_PHASE ("finally = ( { timeout = \"1m\"; } );"), "t.conf:3: step has no action\n" },
    { IN_PHASE ("finally = ( { action = \"Firmware.Install\"; } );"),
      "t.conf:3: action = \"Firmware.Install\" is no action: write op, family.op or plugin:op in "
      "lower case\n" },
    { IN_STEP ("timeout = \"soon\";"), "t.conf:3: ~timeout\n" },
    { IN_STEP ("timeout = 90;"), "t.conf:3: ~timeout\n" },
    { IN_STEP ("save = \"job\";"),
      "t.conf:3: save = \"job\": this name is the core's own, take another\n" },
    { IN_STEP ("on_unsupported = \"ignore\";"), "t.conf:3: ~on_unsupported\n" },
    { IN_STEP ("for_each = 3;"), "t.conf:3: ~for_each\n" },
    { IN_STEP ("note = \"a ${1 +} b\";"), "t.conf:3: \"a ${1 +} b\": unexpected '+', column 7\n" },
    { IN_STEP ("note = ( { deep = (\n \"fine\",\n \"${\" ); } );"),
      "t.conf:5: \"${\": '${' has no closing '}', column 1\n" },
    /* retry */
    { IN_STEP ("retry = { attempts = 3; on = [\"BUSY\", \"busy\", \"LOST\"]; };"), NULL },
    { IN_STEP ("retry = { on = [\"BUSSY\"]; };"),
      "t.conf:3: on: unknown error code \"BUSSY\", did you mean 'BUSY'?\n" },
    { IN_STEP ("retry = { on = [\"NOT_FOUND\"]; };"),
      "t.conf:3: on: unknown error code \"NOT_FOUND\"\n" },
    { IN_STEP ("retry = { backoff = \"random\"; };"), "t.conf:3: ~backoff\n" },
    { IN_STEP ("retry = {\n initial = \"10m\"; max = \"5m\"; };"),
      "t.conf:4: initial is longer than max\n" },
    { IN_STEP ("retry = { attempts = 2;\n before = ( {\n attempt = 3; action = \"y\"; } ); };"),
      "t.conf:4: before attempt 3, but there are 2 attempts\n" },
    { IN_STEP ("retry = { attempts = 2; before = ( { attempt = 2; } ); };"),
      "t.conf:3: ~action\n" },
    /* libconfig's own traps */
    { IN_STEP ("p = 3000000000;"), "t.conf:3: ~L\n" },
    { IN_STEP ("p = 3000000000L;"), NULL },
    { "workflow = { name = \"t\";\n phases = ( { name = \"a\"; }, ); };",
      "t.conf:2: trailing comma~" },
    { "workflow = { name = \"t\"\n version = 1; };", "t.conf:~\n" },
};

/* A ~ in wanted stands for any text up to what follows it: the words of other modules. */
static bool
like (const char *got, const char *wanted)
{
    size_t count = 0;
    char **pieces = str_split (wanted, '~', &count);
    const char *tilde = strchr (wanted, '~');
    bool ok = tilde != NULL || str_eq (got, wanted);
    for (size_t i = 0; ok && i < count && tilde != NULL; i++) {
        const char *found = strstr (got, pieces[i]);
        ok = found != NULL && (i > 0 || found == got);
        got = found == NULL ? got : found + strlen (pieces[i]);
    }
    str_free_all (pieces, count);
    return ok;
}

static char *
findings_text (const struct vec *findings)
{
    struct buf b = { 0 };
    for (size_t i = 0; i < findings->count; i++) {
        char *line = workflow_finding_text (vec_at (findings, i));
        buf_printf (&b, "%s\n", line);
        mem_free (line);
    }
    return buf_steal (&b);
}

START_TEST (test_forms)
{
    struct vec findings = { 0 };
    struct workflow *w = NULL;
    struct err err = { 0 };
    int32_t rc = workflow_load_text (forms[_i].text, strlen (forms[_i].text), "t.conf", &w,
                                     &findings, &err);
    workflow_findings_sort (&findings);
    char *got = findings_text (&findings);
    const char *wanted = forms[_i].findings == NULL ? "" : forms[_i].findings;
    ck_assert_msg (like (got, wanted), "\n%s\n got:    %s\n wanted: %s", forms[_i].text, got,
                   wanted);
    ck_assert_int_eq (rc == 0, forms[_i].findings == NULL);
    ck_assert_int_eq (w != NULL, forms[_i].findings == NULL);
    mem_free (got);
    workflow_findings_free (&findings);
    workflow_unref (w);
}
END_TEST

START_TEST (test_all_findings_at_once)
{
    static const char text[]
        = "workflow = { name = \"t\"; phases = (\n"
          "  { name = \"a\"; wait = 3;\n"
          "    steps = ( { action = \"x\"; timeout = \"x\";\n"
          "                when = \"(\"; } );\n"
          "    on_failure = \"goto z\"; } ); };\n";
    struct vec findings = { 0 };
    struct workflow *w = NULL;
    struct err err = { 0 };
    ck_assert_int_eq (workflow_load_text (text, sizeof text - 1, "t.conf", &w, &findings, &err),
                      FARRIER_E_INVALID);
    workflow_findings_sort (&findings);
    ck_assert_uint_eq (findings.count, 4);
    for (size_t i = 0; i < 4; i++) {
        ck_assert_int_eq (((struct workflow_finding *) vec_at (&findings, i))->line, (int) i + 2);
    }
    ck_assert (str_starts (err.message, "t.conf:"));
    ck_assert_str_eq (err.hint, "farrier workflow check t.conf");
    workflow_findings_free (&findings);
}
END_TEST

START_TEST (test_what_was_read)
{
    static const char text[]
        = "workflow = { name = \"acme-flow\"; version = 7; summary = \"S\";\n"
          "  inputs = ( { name = \"n\"; type = \"int\"; default = 3; help = \"H\"; } );\n"
          "  defaults = { timeout = \"5m\"; retry = { attempts = 4; max = \"1h\"; }; };\n"
          "  phases = ( { name = \"a\"; weight = 40; summary = \"first\"; for_each = "
          "\"plan.batches\";\n"
          "    steps = ( { action = \"dell_dup:firmware.install\"; component = \"BIOS\";\n"
          "                retry = { attempts = 2; backoff = \"linear\"; }; },\n"
          "              { action = \"wait\"; duration = \"5s\"; timeout = \"1m\"; } ); } ); };\n";
    struct workflow *w = NULL;
    struct err err = { 0 };
    ck_assert_msg (workflow_load_text (text, sizeof text - 1, "f.conf", &w, NULL, &err) == 0, "%s",
                   err.message);
    ck_assert_str_eq (w->name, "acme-flow");
    ck_assert_int_eq (w->version, 7);
    ck_assert_str_eq (w->text, text);
    char digest[HASH_SHA256_HEX];
    hash_sha256_hex (text, sizeof text - 1, digest);
    ck_assert_str_eq (w->digest, digest);
    const struct workflow_phase *phase = vec_at (&w->phases, 0);
    ck_assert_str_eq (phase->as, "item");
    ck_assert_uint_eq (phase->weight, 40);
    ck_assert_int_eq (phase->line, 4);
    const struct workflow_step *install = vec_at (&phase->steps, 0);
    ck_assert_str_eq (install->plugin, "dell_dup");
    ck_assert_str_eq (install->op, "firmware.install");
    ck_assert_int_eq (install->timeout_ms, 300000);
    ck_assert_uint_eq (install->retry.attempts, 2);
    ck_assert_int_eq (install->retry.backoff, WORKFLOW_BACKOFF_LINEAR);
    ck_assert_int_eq (install->retry.max_ms, 3600000);
    testing_string (json_text (install->params), "{\"component\":\"BIOS\"}");
    const struct workflow_step *wait = vec_at (&phase->steps, 1);
    ck_assert_int_eq (wait->timeout_ms, 60000);
    ck_assert_uint_eq (wait->retry.attempts, 4);
    ck_assert_int_eq (workflow_phase_index (w, "a"), 0);
    ck_assert_int_eq (workflow_phase_index (w, "z"), -1);
    workflow_unref (workflow_ref (w));
    workflow_unref (w);
}
END_TEST

START_TEST (test_too_large)
{
    struct buf text = { 0 };
    struct workflow *w = NULL;
    struct err err = { 0 };
    while (text.len <= WORKFLOW_TEXT_MAX) {
        buf_puts (&text, "# a comment that takes room\n");
    }
    ck_assert_int_eq (workflow_load_text (text.data, text.len, "t.conf", &w, NULL, &err),
                      FARRIER_E_INVALID);
    ck_assert_ptr_nonnull (strstr (err.message, "the limit is 262144"));
    buf_free (&text);
}
END_TEST

/* --- folders --------------------------------------------------------------------------------- */

static void
write_file (const char *dir, const char *name, const char *text)
{
    char *path = fs_join (dir, name);
    ck_assert_int_eq (fs_write_atomic (path, text, strlen (text), 0644, NULL), 0);
    mem_free (path);
}

START_TEST (test_folder)
{
    char *dir = testing_make_dir ();
    struct vec workflows = { 0 }, findings = { 0 };
    write_file (dir, "z.conf", "workflow = { name = \"aa\"; phases = ( { name = \"p\"; steps = "
                               "( { action = \"x\"; } ); } ); };");
    write_file (dir, "b.conf", IN_PHASE (""));
    write_file (dir, "c.conf", IN_PHASE (""));
    write_file (dir, "d.conf", "workflow = {");
    write_file (dir, "e.txt", "no workflow");
    ck_assert_int_eq (workflow_load_dir (dir, &workflows, &findings, NULL), 0);
    ck_assert_uint_eq (workflows.count, 2);
    ck_assert_str_eq (((struct workflow *) vec_at (&workflows, 0))->name, "aa");
    ck_assert_ptr_nonnull (workflow_find (&workflows, "t"));
    ck_assert_ptr_null (workflow_find (&workflows, "u"));
    ck_assert_uint_ge (findings.count, 2);
    char *text = findings_text (&findings);
    ck_assert_ptr_nonnull (strstr (text, "c.conf: a workflow 't' is there already, in "));
    ck_assert_ptr_nonnull (strstr (text, "d.conf"));
    mem_free (text);
    workflow_findings_free (&findings);
    for (size_t i = 0; i < workflows.count; i++) {
        workflow_unref (vec_at (&workflows, i));
    }
    vec_free (&workflows);
    testing_remove_dir (dir);
}
END_TEST

START_TEST (test_missing_file)
{
    struct workflow *w = NULL;
    struct err err = { 0 };
    ck_assert_int_lt (workflow_load_file ("/nonexistent/x.conf", &w, NULL, &err), 0);
    ck_assert_ptr_nonnull (strstr (err.message, "/nonexistent/x.conf"));
}
END_TEST

/* --- inputs and context ---------------------------------------------------------------------- */

static struct workflow *
with_inputs (void)
{
    static const char text[] = IN_WORKFLOW (
        "inputs = ( { name = \"policy\"; type = \"enum\"; values = [\"latest\", \"manual\"];\n"
        "             default = \"latest\"; }, { name = \"n\"; type = \"int\"; default = 3; },\n"
        "  { name = \"b\"; type = \"bool\"; default = false; }, { name = \"s\"; },\n"
        "  { name = \"d\"; type = \"duration\"; default = \"5m\"; } );");
    struct workflow *w = NULL;
    ck_assert_int_eq (workflow_load_text (text, sizeof text - 1, "t.conf", &w, NULL, NULL), 0);
    return w;
}

static const struct {
    const char *given, *inputs, *message;
} given[] = {
    { "{\"s\": \"x\"}", "{\"b\":false,\"d\":\"5m\",\"n\":3,\"policy\":\"latest\",\"s\":\"x\"}",
      NULL },
    { "{\"s\": \"x\", \"n\": 4, \"b\": true, \"policy\": \"manual\", \"d\": \"2h\"}",
      "{\"b\":true,\"d\":\"2h\",\"n\":4,\"policy\":\"manual\",\"s\":\"x\"}", NULL },
    { "{}", NULL, "workflow 't' needs input 's'" },
    { "{\"s\": 3}", NULL, "input 's' is 3, must be a string" },
    { "{\"s\": \"x\", \"n\": \"4\"}", NULL, "input 'n' is \"4\", must be a whole number" },
    { "{\"s\": \"x\", \"policy\": \"newest\"}", NULL,
      "input 'policy' is \"newest\", must be one of latest, manual" },
    { "{\"s\": \"x\", \"d\": \"soon\"}", NULL,
      "input 'd' is \"soon\", must be a duration such as \"90s\" or \"1h30m\"" },
    { "{\"s\": \"x\", \"polcy\": \"latest\"}", NULL,
      "workflow 't' has no input 'polcy', did you mean 'policy'?" },
};

START_TEST (test_inputs)
{
    struct workflow *w = with_inputs ();
    struct err err = { 0 };
    json_t *in = json_parse (given[_i].given, strlen (given[_i].given), NULL), *inputs = NULL;
    int32_t rc = workflow_inputs (w, in, &inputs, &err);
    if (given[_i].inputs == NULL) {
        ck_assert_int_eq (rc, ERR_USAGE);
        ck_assert_str_eq (err.message, given[_i].message);
        ck_assert_ptr_null (inputs);
    } else {
        ck_assert_int_eq (rc, 0);
        testing_string (json_text (inputs), given[_i].inputs);
    }
    json_decref (in);
    json_decref (inputs);
    workflow_unref (w);
}
END_TEST

static const struct {
    const char *text, *inputs, *message;
} typed[] = {
    { "n=42", "{\"n\":42}", NULL },          { "b=yes", "{\"b\":true}", NULL },
    { "b=false", "{\"b\":false}", NULL },    { "s=", "{\"s\":\"\"}", NULL },
    { "s=a=b", "{\"s\":\"a=b\"}", NULL },    { "s=42", "{\"s\":\"42\"}", NULL },
    { "policy=manual", "{\"policy\":\"manual\"}", NULL },
    { "n=x", NULL, "input 'n' is \"x\", must be a whole number" },
    { "n", NULL, "'n' is no input: write NAME=VALUE" },
    { "=n", NULL, "'=n' is no input: write NAME=VALUE" },
    { "m=1", NULL, "workflow 't' has no input 'm'" },
    { "s=\xff", NULL, "input 's' is not UTF-8" },
};

START_TEST (test_input_as_typed)
{
    struct workflow *w = with_inputs ();
    struct err err = { 0 };
    json_t *inputs = json_object ();
    int32_t rc = workflow_input_set (w, inputs, typed[_i].text, &err);
    ck_assert_int_eq (rc, typed[_i].message == NULL ? 0 : ERR_USAGE);
    ck_assert (typed[_i].message == NULL || str_starts (err.message, typed[_i].message));
    testing_string (json_text (inputs), typed[_i].inputs == NULL ? "{}" : typed[_i].inputs);
    json_decref (inputs);
    workflow_unref (w);
}
END_TEST

START_TEST (test_context_is_capped)
{
    json_t *context = json_object ();
    char *large = mem_alloc (60001);
    memset (large, 'x', 60000);
    json_t *value = json_string (large), *small = json_string ("small");
    struct err err = { 0 };
    ck_assert_int_eq (workflow_save (context, "a", value, &err), 0);
    ck_assert_int_eq (workflow_save (context, "b", value, &err), FARRIER_E_NO_SPACE);
    ck_assert_str_eq (err.message, "saving 'b' makes the job's context 120015 bytes, the limit is "
                      "65536");
    ck_assert_ptr_null (json_object_get (context, "b"));
    ck_assert_int_eq (workflow_save (context, "a", small, &err), 0);
    ck_assert_int_eq (workflow_save (context, "b", value, &err), 0);
    ck_assert_int_eq (workflow_save (context, "a", value, &err), FARRIER_E_NO_SPACE);
    ck_assert_str_eq (json_str (context, "/a"), "small");
    json_decref (value);
    json_decref (small);
    json_decref (context);
    mem_free (large);
}
END_TEST

START_TEST (test_saved_is_a_copy)
{
    json_t *context = json_object (), *value = json_pack ("{s:i}", "n", 1);
    ck_assert_int_eq (workflow_save (context, "a", value, NULL), 0);
    json_object_set_new (value, "n", json_integer (2));
    ck_assert_int_eq (json_int_or (context, "/a/n", 0), 1);
    json_decref (value);
    json_decref (context);
}
END_TEST

/* --- the default workflow, drawn ------------------------------------------------------------- */

START_TEST (test_drawings)
{
    struct workflow *w = NULL;
    struct buf b = { 0 };
    ck_assert_int_eq (workflow_load_file (PROVISIONING, &w, NULL, NULL), 0);
    workflow_show (w, 80, &b);
    ck_assert_ptr_nonnull (strstr (b.data, "┌ firmware_update ─"));
    ck_assert_ptr_nonnull (strstr (b.data, "  20% -  50%"));
    ck_assert_ptr_nonnull (strstr (b.data, "for each batch in plan.batches"));
    ck_assert_ptr_nonnull (strstr (b.data, "finally, whatever happened"));
    buf_clear (&b);
    workflow_show_dot (w, &b);
    ck_assert_ptr_nonnull (strstr (b.data, "pre_flight -> firmware_analysis"));
    ck_assert_ptr_nonnull (strstr (b.data, "firmware_update -> rollback"));
    buf_clear (&b);
    workflow_show_mermaid (w, &b);
    ck_assert (str_starts (b.data, "flowchart TD\n"));
    ck_assert_ptr_nonnull (strstr (b.data, "firmware_update -.->|failure| rollback"));
    buf_free (&b);
    json_t *o = workflow_json (w);
    static const int marks[] = { 0, 100, 200, 500, 700, 900, 1000 };
    ck_assert_uint_eq (json_array_size (json_object_get (o, "phases")), 6);
    for (size_t i = 0; i < 6; i++) {
        json_t *phase = json_array_get (json_object_get (o, "phases"), i);
        ck_assert_int_eq (json_int_or (phase, "/marks/0", -1), marks[i]);
        ck_assert_int_eq (json_int_or (phase, "/marks/1", -1), marks[i + 1]);
    }
    json_decref (o);
    workflow_unref (w);
}
END_TEST

/* No line is wider than the terminal, as long as its words fit. */
START_TEST (test_drawing_fits)
{
    struct workflow *w = NULL;
    struct buf b = { 0 };
    ck_assert_int_eq (workflow_load_file (PROVISIONING, &w, NULL, NULL), 0);
    workflow_show (w, 60, &b);
    size_t columns = 0;
    for (const char *s = b.data; *s != '\0'; s++) {
        columns = *s == '\n' ? 0 : columns + (((unsigned char) *s & 0xc0) != 0x80 ? 1 : 0);
        ck_assert_uint_le (columns, 60);
    }
    buf_free (&b);
    workflow_unref (w);
}
END_TEST

int
main (void)
{
    Suite *s = suite_create ("workflow");
    TCase *t = tcase_create ("workflow");
    tcase_add_loop_test (t, test_forms, 0, COUNT_OF (forms));
    tcase_add_test (t, test_all_findings_at_once);
    tcase_add_test (t, test_what_was_read);
    tcase_add_test (t, test_too_large);
    tcase_add_test (t, test_folder);
    tcase_add_test (t, test_missing_file);
    tcase_add_loop_test (t, test_inputs, 0, COUNT_OF (given));
    tcase_add_loop_test (t, test_input_as_typed, 0, COUNT_OF (typed));
    tcase_add_test (t, test_context_is_capped);
    tcase_add_test (t, test_saved_is_a_copy);
    tcase_add_test (t, test_drawings);
    tcase_add_test (t, test_drawing_fits);
    suite_add_tcase (s, t);
    SRunner *r = srunner_create (s);
    srunner_run_all (r, CK_ENV);
    int failed = srunner_ntests_failed (r);
    srunner_free (r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
