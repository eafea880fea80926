/* regex_sound.c - does the installed libhs find what is there?
 *
 * Debian 12 has two libraries of that name. Hyperscan 5.4.0 is sound; Vectorscan 5.4.9 misses
 * single characters behind the 64th byte on machines with AVX-512 (docs/decisions/0007), and a rule
 * that does not fire is the worst that weir can do. So the library is asked before it is trusted:
 * patterns that lead to its different ways of searching, with the match at every place of values
 * around multiples of its vectors. One miss, and PCRE2 does it all, within its limits.
 */
#include "match/regex.h"

#include "base/str.h"

#include <hs/hs.h>
#include <pthread.h>

enum { VALUE_MIN = 62, VALUE_MAX = 134, VALUE_STEP = 6 };

/* `text` is the shortest match, among bytes 'b' that are no part of one. */
static const struct {
    const char *pattern;
    const char *text;
} probes[] = {
    {"p", "p"},                 /* a character */
    {"p.*q", "pq"},             /* a character, then a run that can be skipped */
    {"[0-7]{7,13}", "0123456"}, /* a class */
    {"\\sx[FTd]\\s", " xT "},   /* a short literal among classes */
};

static int on_match(UNUSED unsigned id, UNUSED unsigned long long from,
                    UNUSED unsigned long long to, UNUSED unsigned flags, void *context)
{
    *(bool *)context = true;
    return 1;
}

static bool scan(const hs_database_t *db, hs_scratch_t *scratch, const char *value, size_t n)
{
    bool is_match = false;

    (void)hs_scan(db, value, (unsigned)n, 0, scratch, on_match, &is_match);
    return is_match;
}

/* Every value is in the end of its room, so that no length is favoured by alignment. */
static bool finds_all(const hs_database_t *db, hs_scratch_t *scratch, struct str text)
{
    char room[VALUE_MAX];

    for (size_t n = VALUE_MIN; n <= VALUE_MAX; n += VALUE_STEP) {
        char *value = room + VALUE_MAX - n;
        memset(value, 'b', n);
        if (scan(db, scratch, value, n))
            return false;
        for (size_t at = 0; at + text.n <= n; at++) {
            memset(value, 'b', n);
            memcpy(value + at, text.p, text.n);
            if (!scan(db, scratch, value, n))
                return false;
        }
    }
    return true;
}

static bool probe(const char *pattern, const char *text)
{
    hs_database_t *db = NULL;
    hs_compile_error_t *error = NULL;
    hs_scratch_t *scratch = NULL;
    bool is_sound = false;

    if (hs_compile(pattern, HS_FLAG_SINGLEMATCH, HS_MODE_BLOCK, NULL, &db, &error) != HS_SUCCESS) {
        hs_free_compile_error(error);
        return false;
    }
    if (hs_alloc_scratch(db, &scratch) == HS_SUCCESS)
        is_sound = finds_all(db, scratch, str_from(text));
    hs_free_scratch(scratch);
    hs_free_database(db);
    return is_sound;
}

static bool is_library_sound;

static void ask(void)
{
    is_library_sound = true;
    for (size_t i = 0; i < ARRAY_LEN(probes) && is_library_sound; i++)
        is_library_sound = probe(probes[i].pattern, probes[i].text);
}

bool regex_library_is_sound(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, ask);
    return is_library_sound;
}
