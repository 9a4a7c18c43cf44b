/* clock: see clock.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The Farrier authors
 */
#include "base/clock.h"

#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

#define DAY_MS INT64_C (86400000)

static struct {
    pthread_mutex_t lock;
    bool on;
    int64_t wall_ms, boot_ms;
} virtual_clock = { .lock = PTHREAD_MUTEX_INITIALIZER };

static int64_t
read_clock (clockid_t id)
{
    struct timespec ts;

    clock_gettime (id, &ts);
    return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int64_t
now (clockid_t id, const int64_t *stands)
{
    int64_t ms;

    pthread_mutex_lock (&virtual_clock.lock);
    ms = virtual_clock.on ? *stands : read_clock (id);
    pthread_mutex_unlock (&virtual_clock.lock);
    return ms;
}

int64_t
clock_wall_ms (void)
{
    return now (CLOCK_REALTIME, &virtual_clock.wall_ms);
}

int64_t
clock_boot_ms (void)
{
    return now (CLOCK_BOOTTIME, &virtual_clock.boot_ms);
}

void
clock_virtual_start (int64_t wall_ms, int64_t boot_ms)
{
    pthread_mutex_lock (&virtual_clock.lock);
    virtual_clock.on = true;
    virtual_clock.wall_ms = wall_ms;
    virtual_clock.boot_ms = boot_ms;
    pthread_mutex_unlock (&virtual_clock.lock);
}

void
clock_virtual_advance (int64_t ms)
{
    pthread_mutex_lock (&virtual_clock.lock);
    virtual_clock.wall_ms += ms;
    virtual_clock.boot_ms += ms;
    pthread_mutex_unlock (&virtual_clock.lock);
}

void
clock_virtual_stop (void)
{
    pthread_mutex_lock (&virtual_clock.lock);
    virtual_clock.on = false;
    pthread_mutex_unlock (&virtual_clock.lock);
}

bool
clock_is_virtual (void)
{
    bool on;

    pthread_mutex_lock (&virtual_clock.lock);
    on = virtual_clock.on;
    pthread_mutex_unlock (&virtual_clock.lock);
    return on;
}

static const struct unit {
    const char *name;
    int64_t ms;
} units[] = {
    { "d", DAY_MS }, { "h", 3600000 }, { "m", 60000 }, { "s", 1000 }, { "ms", 1 },
};
#define UNIT_COUNT (sizeof (units) / sizeof (units[0]))

/* One "number unit" at *text: moves *text behind it and adds to *ms. Units must go down. */
static bool
parse_part (const char **text, size_t *unit, int64_t *ms)
{
    char digits[20], letters[4] = "";
    size_t n = strspn (*text, "0123456789"), k = 0;
    int64_t number, part;

    if (n == 0 || n >= sizeof (digits)) {
        return false;
    }
    memcpy (digits, *text, n);
    digits[n] = '\0';
    *text += n;
    while (isalpha ((unsigned char) **text) && k + 1 < sizeof (letters)) {
        letters[k++] = *(*text)++;
    }
    letters[k] = '\0';
    while (*unit < UNIT_COUNT && strcmp (units[*unit].name, letters) != 0) {
        (*unit)++;
    }
    if (*unit == UNIT_COUNT || !str_to_i64 (digits, &number)
        || __builtin_mul_overflow (number, units[*unit].ms, &part)
        || __builtin_add_overflow (*ms, part, ms)) {
        return false;
    }
    (*unit)++;
    return true;
}

bool
duration_parse (const char *text, int64_t *ret_ms)
{
    int64_t ms = 0;
    size_t unit = 0;

    if (str_empty (text)) {
        return false;
    }
    while (*text != '\0') {
        if (!parse_part (&text, &unit, &ms)) {
            return false;
        }
        text += strspn (text, " ");
    }
    *ret_ms = ms;
    return true;
}

/* The two largest units that are not zero; under ten seconds with a tenth. */
char *
duration_format (int64_t ms)
{
    struct buf b = { 0 };
    int parts = 0;

    if (ms < 0) {
        char *positive = duration_format (ms == INT64_MIN ? INT64_MAX : -ms);
        char *text = str_printf ("-%s", positive);

        mem_free (positive);
        return text;
    }
    if (ms < 1000) {
        return str_printf ("%dms", (int) ms);
    }
    if (ms < 10000 && ms % 1000 >= 100) {
        return str_printf ("%d.%ds", (int) (ms / 1000), (int) (ms % 1000 / 100));
    }
    for (size_t i = 0; i < 4 && parts < 2; i++) {
        int64_t whole = ms / units[i].ms;

        ms %= units[i].ms;
        if (whole > 0) {
            buf_printf (&b, "%s%lld%s", parts > 0 ? " " : "", (long long) whole, units[i].name);
        }
        parts += whole > 0 || parts > 0 ? 1 : 0;
    }
    return buf_steal (&b);
}

char *
clock_iso8601 (int64_t wall_ms)
{
    int64_t rest = wall_ms % 1000;
    time_t seconds = (time_t) (wall_ms / 1000);
    struct tm tm;

    if (rest < 0) {
        rest += 1000;
        seconds--;
    }
    gmtime_r (&seconds, &tm);
    return str_printf ("%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900, tm.tm_mon + 1,
                       tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int) rest);
}

/* Exactly count digits at *s. */
static bool
digits (const char **s, int count, int *ret)
{
    int value = 0;

    for (int i = 0; i < count; i++, (*s)++) {
        if (!isdigit ((unsigned char) **s)) {
            return false;
        }
        value = value * 10 + (**s - '0');
    }
    *ret = value;
    return true;
}

static bool
literal (const char **s, const char *allowed)
{
    if (**s == '\0' || strchr (allowed, **s) == NULL) {
        return false;
    }
    (*s)++;
    return true;
}

static int
month_days (int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && leap ? 29 : days[month - 1];
}

/* Checks the fields and turns them into milliseconds; month 1 to 12. A leap second is the next. */
static bool
to_wall_ms (struct tm tm, int64_t *ret)
{
    if (tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1
        || tm.tm_mday > month_days (tm.tm_year, tm.tm_mon) || tm.tm_hour > 23 || tm.tm_min > 59
        || tm.tm_sec > 60) {
        return false;
    }
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    *ret = (int64_t) timegm (&tm) * 1000;
    return true;
}

/* "Z" or "+hh:mm" up to the end of the text. */
static bool
parse_zone (const char *s, int64_t *ret_offset_ms)
{
    int sign = *s == '-' ? -1 : 1, hours, minutes;

    if (*s == 'Z' || *s == 'z') {
        *ret_offset_ms = 0;
        return s[1] == '\0';
    }
    if (!literal (&s, "+-") || !digits (&s, 2, &hours)) {
        return false;
    }
    if (*s == ':') {
        s++;
    }
    if (!digits (&s, 2, &minutes) || *s != '\0' || hours > 23 || minutes > 59) {
        return false;
    }
    *ret_offset_ms = sign * (hours * INT64_C (3600000) + minutes * INT64_C (60000));
    return true;
}

bool
clock_parse_iso8601 (const char *text, int64_t *ret_wall_ms)
{
    struct tm tm = { 0 };
    const char *s = text;
    int64_t ms, offset_ms, fraction_ms = 0, scale = 100;

    if (s == NULL || !digits (&s, 4, &tm.tm_year) || !literal (&s, "-")
        || !digits (&s, 2, &tm.tm_mon) || !literal (&s, "-") || !digits (&s, 2, &tm.tm_mday)
        || !literal (&s, "Tt ") || !digits (&s, 2, &tm.tm_hour) || !literal (&s, ":")
        || !digits (&s, 2, &tm.tm_min) || !literal (&s, ":") || !digits (&s, 2, &tm.tm_sec)) {
        return false;
    }
    if (*s == '.' || *s == ',') {
        s++;
        if (!isdigit ((unsigned char) *s)) {
            return false;
        }
        for (; isdigit ((unsigned char) *s); s++, scale /= 10) {
            fraction_ms += (*s - '0') * scale;
        }
    }
    if (!parse_zone (s, &offset_ms) || !to_wall_ms (tm, &ms)) {
        return false;
    }
    *ret_wall_ms = ms + fraction_ms - offset_ms;
    return true;
}

static int
month_number (const char *name)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    for (int i = 0; i < 12; i++) {
        if (strncmp (name, names + 3 * i, 3) == 0) {
            return i + 1;
        }
    }
    return 0;
}

/* The three forms of RFC 9110: "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
 * "Sun Nov  6 08:49:37 1994". sscanf is safe here: every field has a width. */
int64_t
clock_parse_http_date (const char *text)
{
    struct tm tm = { 0 };
    char month[4] = "", zone[4] = "";
    const char *comma;
    int64_t ms;
    int end = -1;

    if (text == NULL) {
        return -1;
    }
    comma = strchr (text, ',');
    if (comma == NULL) {
        sscanf (text, "%*3[A-Za-z] %3[A-Za-z] %2d %2d:%2d:%2d %4d%n", month, &tm.tm_mday,
                &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &tm.tm_year, &end);
        str_copy (zone, sizeof (zone), "GMT");
        comma = text;
    } else if (comma - text == 3) {
        comma++;
        sscanf (comma, " %2d %3[A-Za-z] %4d %2d:%2d:%2d %3[A-Z]%n", &tm.tm_mday, month,
                &tm.tm_year, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, zone, &end);
    } else {
        comma++;
        sscanf (comma, " %2d-%3[A-Za-z]-%2d %2d:%2d:%2d %3[A-Z]%n", &tm.tm_mday, month,
                &tm.tm_year, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, zone, &end);
        tm.tm_year += tm.tm_year < 70 ? 2000 : 1900;
    }
    tm.tm_mon = month_number (month);
    if (end < 0 || comma[end] != '\0' || strcmp (zone, "GMT") != 0 || tm.tm_hour < 0
        || tm.tm_min < 0 || tm.tm_sec < 0 || tm.tm_year < 0 || !to_wall_ms (tm, &ms)) {
        return -1;
    }
    return ms;
}
