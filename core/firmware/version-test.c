/* Tests of version.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "firmware/version.h"

#include "base/testing.h"

#define LT VERSION_LESS
#define EQ VERSION_EQUAL
#define GT VERSION_GREATER
#define NO VERSION_INCOMPARABLE

static enum version_order
reversed (enum version_order order)
{
    return order == NO ? NO : (enum version_order) -order;
}

START_TEST (table)
{
    static const struct { const char *a, *b; enum version_order order; } cases[] = {
        /* numbers */
        { "2.19.1", "2.19.1", EQ }, { "6.10", "6.9", GT }, { "01.04.21", "1.4.21", EQ },
        { "2.83", "2.830", LT }, { "22.36.1010", "22.31.6.5", GT }, { "9", "10", LT },
        { "99999999999999999999999", "100000000000000000000000", LT },
        { "1.2", "1.2.1", LT }, { "1.2", "1.2.0", NO }, { "1.2", "1.2.0.1", LT },
        { " v2.78 ", "2.78", EQ }, { "V3.1", "3.0", GT }, { "1_2-3", "1.2.3", EQ },
        /* letters */
        { "3.7", "3.7a", LT }, { "3.7a", "3.7b", LT }, { "3.7A", "3.7a", EQ },
        { "3.7a", "3.10", LT }, { "A00", "A01", LT }, { "A09", "A10", LT }, { "A10", "B01", LT },
        { "1.2a", "1.2.1", NO }, { "1.2-x", "1.2", NO }, { "1.2.b", "1.2b", NO },
        { "1.2-rc1", "1.2", LT }, { "1.2rc1", "1.2rc2", LT }, { "1.2-beta", "1.2-rc1", LT },
        { "1.2-rc1", "1.2a", LT }, { "1.2-rc1", "1.2.1", LT }, { "1.2-rc1", "1.2.0", LT },
        { "1.2.0-rc1", "1.2", NO },
        /* family, qualifier, build */
        { "U46 v2.78 (10/05/2024)", "U46 v2.78", EQ },
        { "U46 v2.78 (10/05/2024)", "U46 v2.80 (01/01/2024)", LT },
        { "U46 v2.78 (10/05/2024)", "A42 v2.80 (08/11/2024)", NO },
        { "U46 v2.78", "2.80", NO }, { "iLO 5 v2.72", "iLO 6 v1.50", NO },
        { "2.72 Sep 04 2022", "2.72", EQ }, { "2.72 Sep 04 2022", "3.01 Feb 01 2024", LT },
        { "2.72 Sep 04 2022", "2.72 Oct 4, 2022", LT }, { "1.5 golden", "1.6", NO },
        { "BIOS Date: 08/04/2023 Ver 1.4", "1.4", EQ },
        { "BIOS Date: 08/04/2023 Ver 1.4", "BIOS Date: 01/04/2022 Ver 1.4b", LT },
        { "Rev 1.03", "1.4", LT },
        { "CDI3A8E-3.20", "CDI3B0C-3.30", LT }, { "CDI3A8E-3.20", "CDI3B0C-3.20", NO },
        { "CDI3A8E-3.20", "CDI3A8E-3.20", EQ }, { "TEI392M-4.71", "TEI3A0O-4.80", LT },
        /* dates */
        { "20240131", "20240201", LT }, { "2024-01-31", "01/31/2024", EQ },
        { "20240131", "2024-02-01", LT }, { "20240131", "1.2", NO }, { "20241331", "9", GT },
        /* hexadecimal */
        { "0x1a", "0x1B", LT }, { "0x0010", "0x9", GT }, { "0x10", "10", NO },
        { "00.2A.2B", "00.2A.2C", LT }, { "00.2A", "00.19", GT }, { "00.2A", "00.2A.00", NO },
        { "00.2A", "00.2A.01", LT }, { "00.2A", "0.19", NO }, { "3.2A", "3.19", LT },
        /* no version */
        { NULL, "1", NO }, { "", "", NO }, { "N/A", "N/A", NO }, { "Not Present", "1.0", NO },
        { "-", "1.0", NO }, { "unknown", "unknown", NO },
        /* no word looks like one */
        { "golden image", "golden image", EQ }, { "golden image", "silver image", NO },
        { "golden image", "1.0", NO },
    };

    for (size_t i = 0; i < COUNT_OF (cases); i++) {
        enum version_order order = version_compare (cases[i].a, cases[i].b);

        ck_assert_msg (order == cases[i].order, "'%s' against '%s' is %s", cases[i].a, cases[i].b,
                       version_order_name (order));
        order = version_compare (cases[i].b, cases[i].a);
        ck_assert_msg (order == reversed (cases[i].order), "'%s' against '%s' is %s", cases[i].b,
                       cases[i].a, version_order_name (order));
    }
}
END_TEST

/* All texts of up to three pieces: HEAD SEPARATOR PIECE SEPARATOR PIECE. */
static size_t
generate (char ***ret)
{
    static const char *const heads[] = { "0", "1", "2", "10", "A00", "v1" };
    static const char *const separators[] = { ".", "", "-" };
    static const char *const pieces[] = { "", "0", "1", "9", "10", "a", "B", "rc1", "beta", "x2" };
    size_t count = 0;
    char **all = mem_array (COUNT_OF (heads) * 900, sizeof (*all));

    for (size_t h = 0; h < COUNT_OF (heads); h++) {
        for (size_t n = 0; n < 900; n++) {
            size_t s1 = n % 3, p1 = n / 3 % 10, s2 = n / 30 % 3, p2 = n / 90 % 10;

            if ((p1 == 0 && (s1 != 0 || p2 != 0)) || (p2 == 0 && s2 != 0)) {
                continue;
            }
            all[count++] = str_printf ("%s%s%s%s%s", heads[h], p1 == 0 ? "" : separators[s1],
                                       pieces[p1], p2 == 0 ? "" : separators[s2], pieces[p2]);
        }
    }
    *ret = all;
    return count;
}

static void
check_triple (const char *const *name, enum version_order ab, enum version_order bc,
              enum version_order ac)
{
    if (ab == NO || bc == NO || ac == NO || ab == GT || bc == GT) {
        return;
    }
    ck_assert_msg (ac == (ab == LT || bc == LT ? LT : EQ), "%s %s %s %s %s, but %s %s %s", name[0],
                   version_order_name (ab), name[1], version_order_name (bc), name[2], name[0],
                   version_order_name (ac), name[2]);
}

START_TEST (order_is_an_order)
{
    char **all;
    size_t count = generate (&all), kept = 0;
    signed char *orders;
    char **some = mem_array (count, sizeof (*some));

    for (size_t i = 0; i < count; i++) {
        ck_assert_msg (version_compare (all[i], all[i]) == EQ, "'%s' is not itself", all[i]);
        if (i % 11 == 0) {
            some[kept++] = all[i];
        }
    }
    orders = mem_array (kept * kept, sizeof (*orders));
    for (size_t i = 0; i < kept; i++) {
        for (size_t j = 0; j < kept; j++) {
            orders[i * kept + j] = (signed char) version_compare (some[i], some[j]);
        }
    }
    for (size_t i = 0; i < kept; i++) {
        for (size_t j = 0; j < kept; j++) {
            enum version_order ij = orders[i * kept + j], ji = orders[j * kept + i];

            ck_assert_msg (ij == reversed (ji), "'%s' and '%s' are not antisymmetric", some[i],
                           some[j]);
            for (size_t k = 0; k < kept; k++) {
                check_triple ((const char *const[]){ some[i], some[j], some[k] }, ij,
                              orders[j * kept + k], orders[i * kept + k]);
            }
        }
    }
    ck_assert_uint_gt (kept, 100);
    mem_free (orders);
    mem_free (some);
    str_free_all (all, count);
}
END_TEST

static bool
backwards (void *ctx, enum farrier_component_type type, const char *a, const char *b,
           enum version_order *ret)
{
    int *calls = ctx;

    (*calls)++;
    if (type != FARRIER_COMPONENT_NIC) {
        return false;
    }
    *ret = version_compare (b, a);
    return true;
}

START_TEST (comparer_first)
{
    int calls = 0;
    struct version_comparer comparer = { .compare = backwards, .ctx = &calls };

    ck_assert_int_eq (version_compare_with (&comparer, FARRIER_COMPONENT_NIC, "1", "2"), GT);
    ck_assert_int_eq (version_compare_with (&comparer, FARRIER_COMPONENT_BIOS, "1", "2"), LT);
    ck_assert_int_eq (version_compare_with (NULL, FARRIER_COMPONENT_NIC, "1", "2"), LT);
    ck_assert_int_eq (calls, 2);
    ck_assert_int_eq (version_compare_with (&comparer, FARRIER_COMPONENT_NIC, NULL, "2"), NO);
    ck_assert_int_eq (calls, 2);
}
END_TEST

START_TEST (same_and_present)
{
    ck_assert (version_same (" golden ", "golden") && version_same ("v2.78", "2.78"));
    ck_assert (!version_same ("2.78", "2.79") && !version_same (NULL, NULL));
    ck_assert (!version_same ("N/A", "N/A"));
    ck_assert (version_present ("1") && !version_present (" ") && !version_present ("-7"));
}
END_TEST

int
main (void)
{
    return testing_run ("version", (const TTest *const[]){ table, order_is_an_order, comparer_first,
                                                           same_and_present, NULL });
}
