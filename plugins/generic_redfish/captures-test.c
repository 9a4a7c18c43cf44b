/* captures-test: recorded BMCs of other people are read whole: as many components as members, each
 * with a key of its own. Skipped where the recordings are absent.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/map.h"
#include "testing/bench.h"

#define CAPTURES "../shared/captures"

static char *
captures_dir (void)
{
    return str_printf ("%s/%s", TEST_SRCDIR, CAPTURES);
}

/* Folder, members of its FirmwareInventory (-1: it has none), key and type of some of them. */
static const struct {
    const char *folder;
    int members;
    const char *key;
    enum farrier_component_type type;
} recordings[] = {
    { "dell-FC630-idrac8-2.41.40.40", -1, NULL, 0 },
    { "dell-R750-idrac9-6.00.30.00", 29, "BIOS.Setup.1-1", FARRIER_COMPONENT_BIOS },
    { "dell-R750-idrac9-6.00.30.00", 29, "iDRAC.Embedded.1-1", FARRIER_COMPONENT_BMC },
    { "dell-R750-idrac9-6.00.30.00", 29, "Previous/BIOS.Setup.1-1", FARRIER_COMPONENT_OTHER },
    { "dell-R750-idrac9-6.00.30.00", 29, "CPLD.Embedded.1", FARRIER_COMPONENT_CPLD },
    { "gigabyte-H262Z63-ami-12.84.13", 3, "BIOS", FARRIER_COMPONENT_BIOS },
    { "hpe-DL360Gen12-ilo7-1.14.00", 16, NULL, 0 },
    { "hpe-DL380aGen11-ilo6-1.66", 34, "6bb86077@Bay_1", FARRIER_COMPONENT_PSU },
    { "hpe-DL385Gen10Plusv2-ilo5-2.72", 48, NULL, 0 },
    { "lenovo-SR670V2-xcc-2.83", 43, "UEFI", FARRIER_COMPONENT_BIOS },
    { "lenovo-SR670V2-xcc-2.83", 43, "BMC-Backup", FARRIER_COMPONENT_OTHER },
    { "nvidia-GH200-openbmc-24.05-2", 20, "FW_BMC_0", FARRIER_COMPONENT_BMC },
    { "openbmc-stock-2.15.0-dev", 1, "bmc@Managers/bmc", FARRIER_COMPONENT_BMC },
    { "supermicro-SYS821GE-X13-11.01.01", 106, "BMC", FARRIER_COMPONENT_BMC },
    { "supermicro-SYS821GE-X13-11.01.01", 106, "Golden_BIOS", FARRIER_COMPONENT_OTHER },
    { "supermicro-SYS821GE-X13-11.01.01", 106, "HGX_FW_BMC_0", FARRIER_COMPONENT_OTHER },
};

static void
check_keys (const struct bench *b)
{
    struct map *seen = map_new ();
    for (size_t i = 0; i < b->components.count; i++) {
        struct component *c = vec_at (&b->components, i);
        ck_assert_msg (map_set (seen, c->key, c) == NULL, "the key %s is there twice", c->key);
        /* "1.4" is part of many words; what is longer must not be in a key */
        if (c->version != NULL && strlen (c->version) >= 5)
            ck_assert_msg (strstr (c->key, c->version) == NULL, "the key %s holds its version",
                           c->key);
    }
    map_free (seen, NULL);
}

START_TEST (reads_recordings)
{
    struct bench b;
    char *dir = captures_dir ();
    char *folder = fs_join (dir, recordings[_i].folder);
    bench_make (&b, NULL);
    b.root_dir = folder;
    int32_t rc = bench_run (&b, "inventory", NULL);
    if (recordings[_i].members < 0) {
        ck_assert_int_eq (rc, FARRIER_E_UNSUPPORTED);
        ck_assert_ptr_nonnull (strstr (b.error.message, "no UpdateService (Redfish "));
    } else {
        ck_assert_msg (rc == FARRIER_DONE, "%s: %s", folder, b.error.message);
        ck_assert_int_eq ((int) b.components.count, recordings[_i].members);
        ck_assert_msg (json_array_size (b.identity) > 0, "%s: no identity", folder);
        check_keys (&b);
    }
    if (recordings[_i].key != NULL) {
        const struct component *c = bench_found (&b, recordings[_i].key);
        ck_assert_msg (c != NULL, "%s has no component %s", folder, recordings[_i].key);
        ck_assert_int_eq (c->type, recordings[_i].type);
    }
    bench_free (&b);
    mem_free (folder);
    mem_free (dir);
}
END_TEST

int
main (void)
{
    char *dir = captures_dir ();
    bool there = fs_exists (dir);
    mem_free (dir);
    if (!there) {
        printf ("1..0 # SKIP the recordings in " CAPTURES " are not here\n");
        return 77;
    }
    Suite *suite = suite_create ("captures");
    TCase *tcase = tcase_create ("captures");
    suite_add_tcase (suite, tcase);
    tcase_add_loop_test (tcase, reads_recordings, 0, (int) COUNT_OF (recordings));
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_ENV);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
