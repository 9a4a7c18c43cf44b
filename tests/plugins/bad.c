/* bad: one plugin in many versions, each with one defect; tests/plugins/build.sh compiles it once
 * for each.
 *
 * STEM is the plugin's name and the file's stem; a defect is switched on by -DBAD_<CODE>. The stem
 * names the fault that the loader must report: not_elf.so gives "plugin-not-elf".
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <stdlib.h>
#include <string.h>

#include "farrier/sdk.h"

#define TEXT_(x) #x
#define TEXT(x) TEXT_ (x)
#ifndef STEM_TEXT
#define STEM_TEXT TEXT (STEM)
#endif
#ifndef VERSION
#define VERSION "1.0.0"
#endif
#ifndef NOTE_ABI
#define NOTE_ABI FARRIER_ABI_STRING
#endif
#ifndef NOTE_NEEDS
#define NOTE_NEEDS FARRIER_ABI_STRING
#endif
#ifndef NOTE_FLAGS
#define NOTE_FLAGS "0"
#endif
#ifndef NOTE_VERSION
#define NOTE_VERSION VERSION
#endif
#ifndef NOTE_OPS
#define NOTE_OPS "identify " STEM_TEXT ".own " STEM_TEXT ".slow"
#endif

/* --- callbacks ------------------------------------------------------------------------------ */

static int32_t
bad_done (void *self, struct farrier_step *step, struct farrier_error *err)
{
    (void) self;
    (void) step;
    (void) err;
    return FARRIER_DONE;
}

/* Tells which build it is. */
static int32_t
bad_own (void *self, struct farrier_step *step, struct farrier_error *err)
{
    (void) self;
    (void) err;
    farrier_skip (step, "this is version %s", VERSION);
    return FARRIER_SKIPPED;
}

/* Waits a moment: a reload may come in between, and poll is another build's then. */
static int32_t
bad_slow (void *self, struct farrier_step *step, struct farrier_error *err)
{
    (void) self;
    int32_t rc = farrier_await_timer (step, 2000, "a moment", err);
    return rc < 0 ? rc : FARRIER_PENDING;
}

#if defined(BAD_LOAD) || defined(BAD_CALLBACK)
static int32_t
bad_load (const struct farrier_host *host, void **ret_self, struct farrier_error *err)
{
    (void) ret_self;
    return host->fail (err, FARRIER_E_LICENSE, "no licence for\n%s", STEM_TEXT);
}
#endif

#if defined(BAD_LOAD)
static void
bad_unload (void *self)
{
    (void) self;
}
#endif

#if defined(BAD_CONFIGURE) || defined(WITH_PARAMS)
static int32_t
bad_configure (void *self, const struct farrier_config *cfg, struct farrier_error *err)
{
    (void) self;
    (void) cfg;
#if defined(BAD_CONFIGURE)
    strncpy (err->message, "the licence file is not there", sizeof err->message - 1);
    strncpy (err->hint, "set licence in its settings", sizeof err->hint - 1);
    return FARRIER_E_PRECONDITION;
#else
    (void) err;
    return 0;
#endif
}
#endif

#if defined(BAD_ACTIVATE)
static int32_t
bad_activate (void *self, struct farrier_error *err)
{
    (void) self;
    strncpy (err->message, "nobody answers", sizeof err->message - 1);
    return FARRIER_E_UNREACHABLE;
}

static void
bad_deactivate (void *self)
{
    (void) self;
}
#endif

/* --- what happens while it is loaded -------------------------------------------------------- */

#if defined(BAD_CRASHED)
__attribute__ ((constructor)) static void
bad_constructor (void)
{
    abort ();
}
#endif

#if defined(BAD_SYMBOL)
int32_t farrier_test_nowhere (void);
int32_t farrier_test_not_here_either (void);

__attribute__ ((used)) static int32_t
bad_symbols (void)
{
    return farrier_test_nowhere () + farrier_test_not_here_either ();
}
#endif

#if defined(BAD_LIBRARY)
int32_t farrier_test_library (void);

__attribute__ ((used)) static int32_t
bad_library (void)
{
    return farrier_test_library ();
}
#endif

#if defined(BAD_TEXTREL)
/* The address of a symbol inside of the code: the linker must write there. */
__asm__ (".text\n.balign 8\n.globl farrier_textrel\n.hidden farrier_textrel\n"
         "farrier_textrel:\n.quad farrier_plugin_entry_1\n");
#endif

#if defined(BAD_DLOPEN)
/* More thread-local memory than the linker can still hand out to running threads. */
__thread char bad_tls[1 << 22] __attribute__ ((tls_model ("initial-exec")));

__attribute__ ((used)) static char
bad_thread (void)
{
    return bad_tls[4000]++;
}
#endif

#if defined(BAD_EXPORTS)
FARRIER_EXPORT int32_t helper_of_the_plugin (void);

FARRIER_EXPORT int32_t
helper_of_the_plugin (void)
{
    return 1;
}
#endif

/* --- the struct ----------------------------------------------------------------------------- */

#if defined(WITH_PARAMS) || defined(BAD_PARAM)
static const struct farrier_param bad_params[] = {
#if defined(BAD_PARAM)
    { .name = "size", .type = FARRIER_PARAM_SIZE, .default_value = "many", .help = "a size" },
    { .name = "Word", .type = FARRIER_PARAM_STRING, .help = "a word" },
#else
    { .name = "wait", .type = FARRIER_PARAM_DURATION, .default_value = "5s", .min = 1,
      .max = 600000, .flags = FARRIER_PARAM_RELOADABLE, .help = "how long" },
#endif
};
#endif

static const struct farrier_match bad_match[] = {
#if defined(BAD_MATCH)
    { .score = 101, .ipmi_manufacturer_id = -1 },
#else
    { .score = 10, .ipmi_manufacturer_id = 674 },
#endif
};

static const struct farrier_op bad_ops[] = {
    { .name = "identify", .version = 1, .help = "who it is",
#if defined(BAD_OP_FLAGS)
      .flags = FARRIER_OP_IDEMPOTENT | 0x40000000,
#elif defined(BAD_OP_CALLBACK)
      .flags = FARRIER_OP_CANCELLABLE,
#else
      .flags = FARRIER_OP_IDEMPOTENT,
#endif
#if defined(BAD_OP_TIMING)
      .poll_min_ms = 9000, .poll_max_ms = 3000,
#endif
#if defined(BAD_PARAM)
      .params = FARRIER_TABLE (bad_params),
#endif
      .start = bad_done },
#if defined(BAD_OP_DUPLICATE)
    { .name = "identify",
#elif defined(BAD_OP_NAME)
    { .name = "firmware.polish",
#else
    { .name = STEM_TEXT ".own",
#endif
      .version = 1, .help = "an op of its own", .flags = FARRIER_OP_IDEMPOTENT,
      .start = bad_own },
    { .name = STEM_TEXT ".slow", .version = 1, .help = "takes a moment",
      .flags = FARRIER_OP_IDEMPOTENT, .start = bad_slow, .poll = bad_own },
};

static const struct farrier_plugin bad = {
#if defined(BAD_MAGIC)
    .magic = 0x12345678, .struct_size = sizeof (struct farrier_plugin),
#elif defined(BAD_SIZE)
    .magic = FARRIER_PLUGIN_MAGIC, .struct_size = 40,
#else
    .magic = FARRIER_PLUGIN_MAGIC, .struct_size = sizeof (struct farrier_plugin),
#endif
    .abi_major = FARRIER_ABI_MAJOR, .abi_minor = FARRIER_ABI_MINOR,
#if defined(BAD_STRIDE)
    .op_stride = 12,
#else
    .op_stride = sizeof (struct farrier_op),
#endif
#if defined(BAD_NAME)
    .name = "Bad name",
#elif defined(BAD_NAME_MISMATCH)
    .name = "another",
#else
    .name = STEM_TEXT,
#endif
    .version = VERSION,
    .vendor = "Farrier",
    .description = "A plugin that the loader must refuse",
#if defined(BAD_FIELD)
    .license = "",
    .thread_model = 7,
#else
    .license = "Apache-2.0",
#endif
#if defined(WITH_PARAMS)
    .params = FARRIER_TABLE (bad_params),
#endif
    .match = FARRIER_TABLE (bad_match),
#if defined(BAD_STRIDE)
    .ops = { .items = bad_ops, .count = 3, .stride = 12 },
#else
    .ops = FARRIER_TABLE (bad_ops),
#endif
#if defined(BAD_LOAD) || defined(BAD_CALLBACK)
    .load = bad_load,
#endif
#if defined(BAD_LOAD)
    .unload = bad_unload,
#endif
#if defined(BAD_CONFIGURE) || defined(WITH_PARAMS)
    .configure = bad_configure,
#endif
#if defined(BAD_ACTIVATE)
    .activate = bad_activate,
    .deactivate = bad_deactivate,
#endif
};

/* --- the note and the entry ----------------------------------------------------------------- */

#if !defined(BAD_NO_NOTE)
#if defined(BAD_NOTE_MALFORMED)
FARRIER_NOTE_ ("name=" STEM_TEXT "\nversion\nabi=one\n")
#else
FARRIER_NOTE_ ("name=" STEM_TEXT "\nversion=" NOTE_VERSION "\nvendor=Farrier\nlicense=Apache-2.0"
               "\nabi=" NOTE_ABI "\nneeds=" NOTE_NEEDS "\nflags=" NOTE_FLAGS "\nops=" NOTE_OPS "\n")
#endif
#endif

#if defined(BAD_ENTRY)
#define ENTRY farrier_plugin_entry_of_mine
#else
#define ENTRY FARRIER_PLUGIN_ENTRY
#endif

FARRIER_EXPORT const struct farrier_plugin *ENTRY (void);

FARRIER_EXPORT const struct farrier_plugin *
ENTRY (void)
{
    return &bad;
}

#if defined(BAD_NOT_SHARED)
int
main (void)
{
    return ENTRY () == NULL;
}
#endif
