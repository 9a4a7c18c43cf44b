/* problem: every way in which a plugin can be wrong: one code each.
 *
 * The table below is the source of all of it: the enum, the names that commands, logs and the API
 * show ("plugin-abi-major"), the rule of farrier-plugin(3) that is broken, and the sentence of the
 * manual, farrier-plugins(7). tests/plugins has one bad plugin for each line, and a test demands
 * that each line has one and stands in the manual.
 *
 * Nothing here needs a registry or a running farrier: plugin_check() of plugin/plugin.h judges one
 * file and gives all of its faults as a list of struct plugin_fault.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#ifndef FARRIER_PLUGIN_PROBLEM_H
#define FARRIER_PLUGIN_PROBLEM_H

#include <stdbool.h>

/* When a plugin is judged; later ones run only when the former found nothing that forbids it. */
enum plugin_stage {
    PLUGIN_STAGE_FIND = 0,             /* directories and files; no byte of the plugin is read */
    PLUGIN_STAGE_READ = 1,             /* the ELF file and its note; none of its code runs */
    PLUGIN_STAGE_POLICY = 2,           /* what the site allows */
    PLUGIN_STAGE_LINK = 3,             /* the dynamic linker; its constructors run */
    PLUGIN_STAGE_STRUCT = 4,           /* what its entry point returns */
    PLUGIN_STAGE_START = 5,            /* load, configure, activate */
    PLUGIN_STAGE_PAST = 6              /* what it did to an earlier process */
};

/* X (CODE, "name", rule, stage, "meaning"): rule is the number of R1-R10, 0 = none of them.
 * A name is stable: scripts look at it. Lines may move; names do not change. */
#define PLUGIN_FAULTS(X)                                                                        \
    X (DIR_MISSING, "plugin-dir-missing", 0, FIND, "a plugin directory is not there")           \
    X (DIR_UNREADABLE, "plugin-dir-unreadable", 0, FIND,                                        \
       "a plugin directory can't be read")                                                      \
    X (DIR_WRITABLE, "plugin-dir-writable", 0, FIND,                                            \
       "others than root may replace files of the directory")                                   \
    X (OPEN, "plugin-unreadable", 0, FIND, "the file can't be read")                            \
    X (NOT_REGULAR, "plugin-not-regular", 0, FIND,                                              \
       "a directory, FIFO, socket or device in place of a file")                                \
    X (TOO_LARGE, "plugin-too-large", 0, FIND, "the file is larger than any plugin")            \
    X (WRITABLE, "plugin-writable", 0, FIND, "others may write to the file")                    \
    X (OWNER, "plugin-owner", 0, FIND,                                                          \
       "the file belongs neither to root nor to the user that runs farrier")                    \
    X (NOT_EXECUTABLE, "plugin-not-executable", 0, FIND,                                        \
       "the file of an executable plugin lets nobody execute it")                               \
    X (DUPLICATE, "plugin-duplicate-name", 0, FIND,                                             \
       "an earlier directory has a plugin of that name")                                        \
    X (DUPLICATE_INODE, "plugin-duplicate-file", 0, FIND,                                       \
       "the same file was already taken under another name")                                    \
    X (ABSENT, "plugin-absent", 0, FIND, "configured, but no directory has its file")           \
    X (NOT_ELF, "plugin-not-elf", 0, READ, "not an ELF file")                                   \
    X (CLASS, "plugin-elf-class", 0, READ,                                                      \
       "built for another word size or byte order")                                             \
    X (MACHINE, "plugin-wrong-machine", 0, READ, "built for another processor")                 \
    X (NOT_SHARED, "plugin-not-shared", 0, READ, "a program or an object, not a shared object") \
    X (ELF_MALFORMED, "plugin-elf-malformed", 0, READ, "a damaged or cut-off ELF file")         \
    X (NO_NOTE, "plugin-no-note", 0, READ, "a shared object without Farrier's ELF note")        \
    X (NOTE_MALFORMED, "plugin-note-malformed", 0, READ, "the ELF note can't be understood")    \
    X (ABI_MAJOR, "plugin-abi-major", 0, READ, "built for another major of the plugin ABI")     \
    X (NEEDS_MINOR, "plugin-needs-minor", 0, READ, "needs a later minor of the plugin ABI")     \
    X (UNKNOWN_FLAG, "plugin-unknown-flag", 0, READ,                                            \
       "sets a must-understand flag that this farrier does not know")                           \
    X (DENIED_LIBRARY, "plugin-denied-library", 9, READ,                                        \
       "links a library that a plugin may not: TLS, HTTP, event loop, JSON")                    \
    X (TEXTREL, "plugin-textrel", 0, READ,                                                      \
       "its code must be patched when it is loaded: not built with -fPIC")                      \
    X (RPATH, "plugin-rpath", 0, READ, "brings a library search path of its own")               \
    X (EXECSTACK, "plugin-execstack", 0, READ, "asks for an executable stack")                  \
    X (EXPORTS, "plugin-exports", 0, READ, "exports more than its entry symbol")                \
    X (DESCRIPTION, "plugin-description", 0, READ,                                              \
       "the description of an executable plugin is wrong")                                      \
    X (CONFIG, "plugin-config", 0, POLICY, "its file in conf.d/plugins is wrong")               \
    X (DIGEST, "plugin-not-allowed", 0, POLICY, "its sha256 is not on the allow-list")          \
    X (DEPENDENCY, "plugin-missing-library", 0, LINK, "a library it needs is not there")        \
    X (COPY, "plugin-copy", 0, LINK, "the private copy can't be made")                          \
    X (SYMBOL, "plugin-undefined-symbol", 0, LINK, "uses a symbol that nothing defines")        \
    X (DLOPEN, "plugin-dlopen", 0, LINK, "the dynamic linker refuses it")                       \
    X (ENTRY, "plugin-entry", 0, LINK, "the entry symbol is missing or returns nothing")        \
    X (MAGIC, "plugin-magic", 0, STRUCT, "the struct does not begin with FARP")                 \
    X (SIZE, "plugin-size", 0, STRUCT, "a struct size or a count is out of range")              \
    X (STRIDE, "plugin-stride", 0, STRUCT, "the stride of a table is out of range")             \
    X (NAME, "plugin-name", 0, STRUCT, "the name is no name, or one that workflows use")        \
    X (NAME_MISMATCH, "plugin-name-mismatch", 0, STRUCT, "the name is not that of the file")    \
    X (NOTE_MISMATCH, "plugin-note-mismatch", 0, STRUCT, "the ELF note and the struct differ")  \
    X (FIELD, "plugin-field", 0, STRUCT, "a plain member is empty or out of range")             \
    X (PARAM, "plugin-param", 0, STRUCT, "an entry of a parameter or result table is wrong")    \
    X (MATCH, "plugin-match", 0, STRUCT, "an entry of a match table is wrong")                  \
    X (CALLBACK, "plugin-callback", 0, STRUCT, "a callback is there without its other half")    \
    X (OP_NAME, "plugin-op-name", 0, STRUCT, "an op's name is neither standard nor its own")    \
    X (OP_DUPLICATE, "plugin-op-duplicate", 0, STRUCT, "two ops have one name")                 \
    X (OP_CALLBACK, "plugin-op-callback", 0, STRUCT,                                            \
       "an op lacks a callback that its flags ask for")                                         \
    X (OP_FLAGS, "plugin-op-flags", 0, STRUCT, "an op's flags, version or help is wrong")       \
    X (OP_TIMING, "plugin-op-timing", 0, STRUCT, "an op's times contradict each other")         \
    X (LOAD, "plugin-load", 0, START, "load() failed")                                          \
    X (CONFIGURE, "plugin-configure", 0, START, "configure() failed")                           \
    X (ACTIVATE, "plugin-activate", 0, START, "activate() failed")                              \
    X (CRASHED, "plugin-crashed", 0, PAST, "farrier died inside it; it was given another try")  \
    X (QUARANTINED, "plugin-quarantined", 0, PAST,                                              \
       "farrier died inside it twice in a row")

#define PLUGIN_FAULT_ENUM_(code, name, rule, stage, meaning) PLUGIN_FAULT_##code,

enum plugin_fault_code {
    PLUGIN_FAULT_NONE = 0,
    PLUGIN_FAULTS (PLUGIN_FAULT_ENUM_)
    PLUGIN_FAULT_LAST_
};

struct plugin_fault {
    enum plugin_fault_code code;
    char *message;                     /* one line, both values */
    char *hint;                        /* names the next command or package; never empty */
};

/* "plugin-abi-major"; "?" for what is no code. */
const char *plugin_fault_name (enum plugin_fault_code code);
/* PLUGIN_FAULT_NONE when there is no such name. */
enum plugin_fault_code plugin_fault_from_name (const char *name);
/* The rule R1-R10 that was broken; 0 = none of them. */
unsigned plugin_fault_rule (enum plugin_fault_code code);
enum plugin_stage plugin_fault_stage (enum plugin_fault_code code);
/* One line without a full stop, as in the manual. */
const char *plugin_fault_meaning (enum plugin_fault_code code);

#endif
