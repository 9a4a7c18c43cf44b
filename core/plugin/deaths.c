/* deaths: the record of processes that died inside a plugin, and the quarantine.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "plugin/deaths.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "plugin/mark.h"

#define RECORD "plugin-deaths.json"
#define RECORD_MAX (256 * 1024)

static json_t *
record_read (const char *state_dir)
{
    char *path = fs_join (state_dir, RECORD);
    struct buf text = { 0 };
    struct err err = { 0 };
    json_t *record = NULL;
    if (fs_exists (path) && fs_read (path, RECORD_MAX, &text, &err) == 0)
        record = json_parse (text.data, text.len, &err);
    if (err.code != 0)
        log_warn ("%s: %s: the record of plugin deaths begins anew", path, err.message);
    if (!json_is_object (record)) {
        json_decref (record);
        record = json_object ();
    }
    buf_free (&text);
    mem_free (path);
    return record;
}

static int32_t
record_write (const char *state_dir, const json_t *record, struct err *err)
{
    char *path = fs_join (state_dir, RECORD);
    char *text = json_pretty (record);
    int32_t rc = fs_write_atomic (path, text, strlen (text), 0600, err);
    mem_free (text);
    mem_free (path);
    return rc;
}

/* Several processes may start at once. */
static int
record_lock (const char *state_dir)
{
    char *path = fs_join (state_dir, RECORD ".lock");
    int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0 && flock (fd, LOCK_EX) != 0) {
        close (fd);
        fd = -1;
    }
    mem_free (path);
    return fd;
}

static void
add_death (json_t *record, const char *plugin, const char *what, int how)
{
    json_t *entry = json_object_get (record, plugin);
    if (entry == NULL) {
        entry = json_object ();
        json_object_set_new (record, plugin, entry);
    }
    char *at = clock_iso8601 (clock_wall_ms ());
    char *cause = how == MARK_DEATH_EXIT ? str_dup ("exit() was called")
                                         : str_printf ("signal %d (%s)", how, strsignal (how));
    json_put_int (entry, "count", json_int_or (entry, "/count", 0) + 1);
    json_put_str (entry, "what", what);
    json_put_str (entry, "cause", cause);
    json_put_str (entry, "at", at);
    mem_free (cause);
    mem_free (at);
}

static void
forget_worked (json_t *record, const struct mark_file *left, const char *died)
{
    for (int i = 0; i < MARK_PLUGINS; i++) {
        const struct mark_used *used = &left->used[i];
        json_t *entry = used->state == MARK_USED_SET
                            ? json_object_get (record, used->plugin) : NULL;
        if (entry != NULL && !str_eq (used->plugin, died)
            && json_int_or (entry, "/count", 0) < MARK_DEATHS_MAX)
            json_object_del (record, used->plugin);
    }
}

void
deaths_apply (const char *state_dir, const struct mark_file *left)
{
    int lock = record_lock (state_dir);
    json_t *record = record_read (state_dir);
    json_t *before = json_deep_copy (record);
    char died[sizeof left->slots[0].plugin] = "";
    if (left->death_slot > 0 && left->death_slot <= MARK_SLOTS) {
        struct mark_slot slot = left->slots[left->death_slot - 1];
        slot.plugin[sizeof slot.plugin - 1] = slot.what[sizeof slot.what - 1] = '\0';
        str_copy (died, sizeof died, slot.plugin);
        if (died[0] != '\0')
            add_death (record, died, slot.what, left->death);
    }
    forget_worked (record, left, died);
    struct err err = { 0 };
    if (!json_equal (record, before) && record_write (state_dir, record, &err) < 0)
        log_warn ("the record of plugin deaths can't be written: %s", err.message);
    json_decref (before);
    json_decref (record);
    if (lock >= 0)
        close (lock);
}

bool
mark_quarantined (const char *state_dir, const char *plugin, char **ret_why)
{
    json_t *record = record_read (state_dir);
    json_t *entry = json_object_get (record, plugin);
    long long count = json_int_or (entry, "/count", 0);
    bool quarantined = entry != NULL && count >= MARK_DEATHS_MAX;
    if (quarantined)
        *ret_why = str_printf ("farrier died %lld times in a row inside %s, last in %s at %s: %s",
                               count, plugin, json_str_or (entry, "/what", "?"),
                               json_str_or (entry, "/at", "?"),
                               json_str_or (entry, "/cause", "?"));
    json_decref (record);
    return quarantined;
}

bool
mark_died (const char *state_dir, const char *plugin, char **ret_why)
{
    json_t *record = record_read (state_dir);
    json_t *entry = json_object_get (record, plugin);
    long long count = json_int_or (entry, "/count", 0);
    bool died = entry != NULL && count > 0 && count < MARK_DEATHS_MAX;
    if (died)
        *ret_why = str_printf ("farrier died inside %s, in %s at %s: %s; %lld of %d deaths in a "
                               "row that quarantine it", plugin,
                               json_str_or (entry, "/what", "?"), json_str_or (entry, "/at", "?"),
                               json_str_or (entry, "/cause", "?"), count, MARK_DEATHS_MAX);
    json_decref (record);
    return died;
}

int32_t
mark_release (const char *state_dir, const char *plugin, struct err *err)
{
    int lock = record_lock (state_dir);
    json_t *record = record_read (state_dir);
    int32_t rc;
    if (json_object_del (record, plugin) == 0) {
        rc = record_write (state_dir, record, err);
    } else {
        rc = err_set (err, ERR_NOT_FOUND, "plugin %s is not in quarantine", plugin);
        err_hint (err, "farrier plugin list");
    }
    json_decref (record);
    if (lock >= 0)
        close (lock);
    return rc;
}
