/* secrets.c - see secrets.h.
 *
 * Every pattern has an anchor of at least three bytes. A position is looked at if the three
 * bytes there (letters folded) are in a bitmap; then the patterns of that hash are tried in the
 * order of the table. A pattern's check gets the anchor's position and says which span around it
 * is secret, or that nothing is.
 */
#include "alert/secrets.h"

#include "alert/secrets_grams.h"
#include "base/cpu.h"
#include "base/str.h"

#include <string.h>

enum {
    NAME_MAX_BYTES = 64, /* of a key before '=': further left is not looked */
    GAP_MAX = 16,        /* blanks and quotes between a name and its value */
    VALUE_LOOK = 128,
    URL_USER_MAX = 512,
    AWS_KEY_BYTES = 40
};

/* ---- classes of bytes ----------------------------------------------------------- */

enum { UPPER = 1, LOWER = 2, DIGIT = 4, UNDER = 8, DASH = 16, DOT = 32, BASE64 = 64, HEX = 128 };
enum { ALNUM = UPPER | LOWER | DIGIT, WORD = ALNUM | UNDER | DASH };

static const uint8_t classes_of_bytes[256] = {
    ['0' ... '9'] = DIGIT | HEX,
    ['a' ... 'f'] = LOWER | HEX,
    ['g' ... 'z'] = LOWER,
    ['A' ... 'F'] = UPPER | HEX,
    ['G' ... 'Z'] = UPPER,
    ['_'] = UNDER,
    ['-'] = DASH,
    ['.'] = DOT,
    ['+'] = BASE64,
    ['/'] = BASE64,
    ['='] = BASE64,
};

static inline uint8_t class_of(char c)
{
    return classes_of_bytes[(uint8_t)c];
}

static bool is_alnum(char c)
{
    return (class_of(c) & ALNUM) != 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_break(char c)
{
    return is_blank(c) || c == '\r' || c == '\n';
}

static bool is_quote(char c)
{
    return c == '"' || c == '\'' || c == '`';
}

/* ---- one search ------------------------------------------------------------------- */

struct search {
    struct str text;
    size_t jwt_dead_end; /* no JWT begins before this: its first part was walked over already */
    size_t header_end;   /* no header begins before this: all up to here is taken already */
    size_t scheme_end;
    size_t value_from, value_end; /* the last unquoted value: all that begin in it end with it */
    uint8_t tools;                /* TOOL_*: which programs the text names, once asked */
    bool knows_tools;
    size_t grams_from, grams_end; /* bit i of grams: a candidate at grams_from + i */
    uint64_t grams;
};

struct pattern {
    const char *anchor;
    bool (*check)(struct search *s, const struct pattern *p, size_t at, struct secret_span *out);
    enum secret_kind kind;
    uint8_t classes;  /* of the body of a token */
    uint16_t n_min;   /* bytes of the body */
    bool is_cased;    /* the anchor's case counts */
    bool is_closed;   /* what it found can hold no other pattern: go on behind it */
    bool wants_start; /* no letter or digit before it */
};

static size_t run_end(struct str text, size_t at, uint8_t classes)
{
    while (at < text.n && (class_of(text.p[at]) & classes))
        at++;
    return at;
}

static bool anchor_is_at(struct str text, const struct pattern *p, size_t at)
{
    struct str anchor = str_from(p->anchor);
    struct str here = str_sub(text, at, anchor.n);

    return p->is_cased ? str_eq(here, anchor) : str_eq_ci(here, anchor);
}

/* ---- shapes --------------------------------------------------------------------------- */

/* prefix + at least n_min bytes of the classes */
static bool check_token(struct search *s, const struct pattern *p, size_t at,
                        struct secret_span *out)
{
    if (p->wants_start && at > 0 && (class_of(s->text.p[at - 1]) & WORD))
        return false;
    size_t body = at + strlen(p->anchor);
    size_t end = run_end(s->text, body, p->classes);
    if (end - body < p->n_min)
        return false;
    *out = (struct secret_span){at, end, p->kind};
    return true;
}

/* As a token, but the body must mix classes, as random text does and words do not. */
static bool check_mixed_token(struct search *s, const struct pattern *p, size_t at,
                              struct secret_span *out)
{
    uint8_t seen = 0;

    if (!check_token(s, p, at, out))
        return false;
    for (size_t i = at + strlen(p->anchor); i < out->to; i++)
        seen |= class_of(s->text.p[i]);
    return (seen & DIGIT) && (seen & UPPER);
}

static bool check_jwt(struct search *s, const struct pattern *p, size_t at, struct secret_span *out)
{
    if (at < s->jwt_dead_end)
        return false;
    size_t head = run_end(s->text, at, WORD);
    s->jwt_dead_end = head;
    if (head - at < p->n_min || head >= s->text.n || s->text.p[head] != '.')
        return false;
    size_t body = run_end(s->text, head + 1, WORD);
    if (body - head - 1 < p->n_min)
        return false;
    *out = (struct secret_span){at, run_end(s->text, body, WORD | DOT | BASE64), p->kind};
    return true;
}

/* Twilio: SK and 32 hex digits, alone. */
static bool check_twilio(struct search *s, const struct pattern *p, size_t at,
                         struct secret_span *out)
{
    if (at > 0 && is_alnum(s->text.p[at - 1]))
        return false;
    size_t end = run_end(s->text, at + 2, HEX);
    if (end - at != 34 || (end < s->text.n && is_alnum(s->text.p[end])))
        return false;
    *out = (struct secret_span){at, end, p->kind};
    return true;
}

/* Azure client secret: 3 characters, a digit, Q~, 31 to 34 more; the anchor is at the digit. */
static bool check_azure_secret(struct search *s, const struct pattern *p, size_t at,
                               struct secret_span *out)
{
    size_t from = at;

    while (from > 0 && at - from < 4 && (class_of(s->text.p[from - 1]) & (WORD | DOT)))
        from--;
    size_t end = at + 3;
    while (end < s->text.n && ((class_of(s->text.p[end]) & (WORD | DOT)) || s->text.p[end] == '~'))
        end++;
    if (end - at - 3 < p->n_min)
        return false;
    *out = (struct secret_span){from, end, p->kind};
    return true;
}

/* From BEGIN to the END line; without one, to the end of the text. */
static bool check_pem(struct search *s, const struct pattern *p, size_t at, struct secret_span *out)
{
    struct str label = str_sub(s->text, at, 64);
    size_t what = str_find(label, STR("PRIVATE KEY"), 0);

    if (what == SIZE_MAX)
        return false;
    size_t end = str_find(s->text, STR("-----END"), at + what);
    if (end != SIZE_MAX)
        end = str_find(s->text, STR("KEY"), end);
    if (end != SIZE_MAX)
        end += 3;
    while (end < s->text.n && s->text.p[end] == '-')
        end++;
    *out = (struct secret_span){at, end == SIZE_MAX ? s->text.n : end, p->kind};
    return true;
}

/* ://user:password@ and ://token@ */
static bool check_url(struct search *s, const struct pattern *p, size_t at, struct secret_span *out)
{
    size_t from = at + 3, colon = SIZE_MAX, sign = SIZE_MAX;

    for (size_t i = from; i < s->text.n && i - from < URL_USER_MAX; i++) {
        char c = s->text.p[i];
        if (c == '/' || c == '?' || c == '#' || is_break(c) || is_quote(c) || c == '<')
            break;
        if (c == ':' && colon == SIZE_MAX)
            colon = i;
        if (c == '@')
            sign = i;
    }
    if (sign == SIZE_MAX)
        return false;
    if (colon != SIZE_MAX && colon < sign)
        from = colon + 1;
    else if (sign - from < p->n_min) /* a user name alone */
        return false;
    if (from == sign)
        return false;
    *out = (struct secret_span){from, sign, p->kind};
    return true;
}

/* 40 bytes of base64 that look random: an AWS secret key without any name near it. */
static bool looks_random(struct str run)
{
    uint64_t seen[4] = {0};
    uint8_t before = 0;
    int changes = 0, different = 0;

    for (size_t i = 0; i < run.n; i++) {
        uint8_t byte = (uint8_t)run.p[i], kind = class_of(run.p[i]) & (ALNUM | BASE64);
        changes += kind != before;
        before = kind;
        different += !(seen[byte >> 6] >> (byte & 63) & 1);
        seen[byte >> 6] |= 1ull << (byte & 63);
    }
    return changes >= 15 && different >= 18;
}

/* The next run of exactly 40 at or after `at`; SIZE_MAX if there is none. Only every 40th byte
 * need be tried: a run that long covers one. */
static size_t next_aws_key(struct str text, size_t at)
{
    const uint8_t classes = ALNUM | BASE64;
    size_t probe = at + AWS_KEY_BYTES - 1;

    while (probe < text.n) {
        size_t from = probe;
        if (!(class_of(text.p[probe]) & classes)) {
            at = probe + 1;
            probe = at + AWS_KEY_BYTES - 1;
            continue;
        }
        while (from > at && (class_of(text.p[from - 1]) & classes))
            from--;
        size_t end = run_end(text, probe, classes);
        /* key=VALUE is one run of this alphabet: the sign ends a name, or pads; it is never part of
         * the 40 (IMPHASH= and 32 digits are 40 bytes, too) */
        size_t stop = end;
        while (stop > from && text.p[stop - 1] == '=')
            stop--;
        for (size_t i = from; i < stop; i++)
            if (text.p[i] == '=')
                from = i + 1;
        struct str run = str_sub(text, from, stop - from);
        if (run.n == AWS_KEY_BYTES && text.p[from] != '/' && looks_random(run))
            return from;
        at = end + 1;
        probe = at + AWS_KEY_BYTES - 1;
    }
    return SIZE_MAX;
}

/* ---- a name, then its value --------------------------------------------------------- */

bool secret_is_trivial(struct str v)
{
    static const char *const words[] = {"true", "false", "null", "none",   "yes",    "no", "nil",
                                        "0",    "1",     "n/a",  "(null)", "<none>", "*",  "-"};

    if (v.n == 0 || str_starts(v, STR("%%")) || str_starts(v, STR("[redacted:")) ||
        str_starts(v, STR("[sha256:")))
        return true;
    for (size_t i = 0; v.n <= 6 && i < ARRAY_LEN(words); i++) /* none is longer */
        if (str_eq_ci(v, str_from(words[i])))
            return true;
    return false;
}

static size_t skip_quotes(struct str text, size_t at)
{
    size_t end = at + GAP_MAX;

    while (at < text.n && at < end && (is_quote(text.p[at]) || text.p[at] == '\\'))
        at++;
    return at;
}

static size_t skip_blanks(struct str text, size_t at)
{
    size_t end = at + GAP_MAX;

    while (at < text.n && at < end && (is_blank(text.p[at]) || text.p[at] == '+'))
        at++;
    return at;
}

/* Where the value that begins at `at` ends; q is the quote before it, 0 if there is none. */
static size_t value_end(struct str text, size_t at, char q)
{
    for (; at < text.n; at++) {
        char c = text.p[at];
        if (q ? c == q : is_break(c) || is_quote(c) || strchr("&;,<>|", c))
            break;
        if (c == '\\' && at + 1 < text.n && (q ? text.p[at + 1] == q : is_quote(text.p[at + 1])))
            break;
    }
    return at;
}

/* What may be a secret: its first VALUE_LOOK bytes, and the quote it stands in. A check looks at
 * that much and no more, so that a refused candidate costs little; take() goes on to the end. */
struct value {
    size_t from, to;
    char quote; /* 0: none */
};

static struct str value_str(struct str text, struct value v)
{
    return str_sub(text, v.from, v.to - v.from);
}

static bool take(struct search *s, struct value v, enum secret_kind kind, struct secret_span *out)
{
    size_t end;

    if (!v.quote && v.from >= s->value_from && v.from < s->value_end)
        end = s->value_end;
    else
        end = value_end(s->text, v.from, v.quote);
    if (!v.quote) {
        s->value_from = v.from;
        s->value_end = end;
    }
    *out = (struct secret_span){v.from, end, kind};
    return true;
}

static struct value value_at(struct str text, size_t at)
{
    size_t i = skip_blanks(text, at), from = skip_quotes(text, i);
    char quote = from > i && is_quote(text.p[from - 1]) ? text.p[from - 1] : 0;
    struct str look = str_sub(text, 0, from + VALUE_LOOK);

    return (struct value){from, value_end(look, from, quote), quote};
}

/* Past [=:]; at the same place if there is no such sign. */
static size_t skip_sign(struct str text, size_t at)
{
    size_t i = skip_blanks(text, skip_quotes(text, at)), end = i + 2;

    if (i >= text.n || (text.p[i] != '=' && text.p[i] != ':'))
        return at;
    while (i < text.n && i < end && (text.p[i] == '=' || text.p[i] == ':'))
        i++;
    return i < text.n && text.p[i] == '>' ? i + 1 : i; /* => */
}

/* From an option to its argument: blanks, or the next member of a printed list, or the next
 * argument in the URI of an exec request. The same place if there is nothing of these. */
static size_t skip_to_argument(struct str text, size_t at)
{
    size_t i = skip_quotes(text, at);

    if (str_starts(str_sub(text, i, 9), STR("&command=")))
        return i + 9;
    if (i < text.n && text.p[i] == ',')
        return i + 1;
    i = skip_blanks(text, i);
    return i == skip_quotes(text, at) ? at : i;
}

/* The value behind a name that ends at `at`: after [=:], or after blanks if the name is an
 * option. False if there is none. */
static bool value_after(struct str text, size_t at, bool is_option, struct value *out)
{
    size_t i = skip_sign(text, at);

    if (i == at && is_option)
        i = skip_to_argument(text, at);
    if (i == at)
        return false;
    *out = value_at(text, i);
    return out->to > out->from && !secret_is_trivial(value_str(text, *out));
}

/* Start of the name that the anchor is part of. */
static size_t name_start(struct str text, size_t at)
{
    size_t from = at;

    while (from > 0 && at - from < NAME_MAX_BYTES && (class_of(text.p[from - 1]) & (WORD | DOT)))
        from--;
    return from;
}

static bool is_option(struct str text, size_t from)
{
    if (from < text.n && text.p[from] == '-')
        return true;
    return from > 0 && text.p[from - 1] == '/' && (from == 1 || is_blank(text.p[from - 2]));
}

/* password=X, DB_PASSWORD: X, --password X, "password":"X", /password:X */
static bool check_named(struct search *s, const struct pattern *p, size_t at,
                        struct secret_span *out)
{
    size_t from = name_start(s->text, at), end = at + strlen(p->anchor);
    enum secret_kind kind;

    if (p->wants_start && at > 0 && is_alnum(s->text.p[at - 1]))
        return false;
    if (end < s->text.n && (class_of(s->text.p[end]) & (ALNUM | UNDER)))
        return false; /* the name goes on: PasswordLastSet */
    if (!secret_name(str_sub(s->text, from, end - from), &kind))
        return false;
    struct value value;
    if (!value_after(s->text, end, is_option(s->text, from), &value))
        return false;
    /* PWD=/home/x of a shell is a directory */
    if (str_eq_ci(str_sub(s->text, from, end - from), STR("pwd")) && s->text.p[value.from] == '/')
        return false;
    return take(s, value, kind, out);
}

enum scheme { SCHEME_NONE, SCHEME_ONE_WORD, SCHEME_PARAMETERS };

static enum scheme scheme_of(struct str word)
{
    static const struct {
        const char *name;
        enum scheme scheme;
    } schemes[] = {{"bearer", SCHEME_ONE_WORD},
                   {"basic", SCHEME_ONE_WORD},
                   {"token", SCHEME_ONE_WORD},
                   {"apikey", SCHEME_ONE_WORD},
                   {"negotiate", SCHEME_ONE_WORD},
                   {"ntlm", SCHEME_ONE_WORD},
                   {"sharedkey", SCHEME_ONE_WORD},
                   {"digest", SCHEME_PARAMETERS},
                   {"oauth", SCHEME_PARAMETERS},
                   {"hmac", SCHEME_PARAMETERS},
                   {"splunk", SCHEME_ONE_WORD},
                   {"aws4-hmac-sha256", SCHEME_PARAMETERS},
                   {"sharedaccesssignature", SCHEME_PARAMETERS}};

    for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
        if (str_eq_ci(word, str_from(schemes[i].name)))
            return schemes[i].scheme;
    return SCHEME_NONE;
}

/* Authorization: [scheme] X, Cookie: X (n_min 1: several words). One word, or all to a quote or
 * a line's end. */
static bool check_header(struct search *s, const struct pattern *p, size_t at,
                         struct secret_span *out)
{
    struct str text = s->text;
    struct value value;

    if (at < s->header_end || !value_after(text, at + strlen(p->anchor), false, &value))
        return false;
    size_t from = value.from, end = from;
    while (end < value.to && (class_of(text.p[end]) & WORD))
        end++;
    enum scheme scheme = scheme_of(str_sub(text, from, end - from));
    if (scheme != SCHEME_NONE)
        from = skip_blanks(text, skip_quotes(text, end));
    bool is_long = p->n_min != 0 || scheme == SCHEME_PARAMETERS;
    for (end = from; end < text.n; end++)
        if (is_quote(text.p[end]) || text.p[end] == '\n' || text.p[end] == '\r' ||
            (!is_long && is_blank(text.p[end])))
            break;
    if (end > from && end < text.n && text.p[end - 1] == '\\')
        end--;
    if (end <= from || secret_is_trivial(str_sub(text, from, end - from)))
        return false;
    s->header_end = end;
    *out = (struct secret_span){from, end, p->kind};
    return true;
}

/* Bearer X and Basic X without the name of the header. */
static bool check_scheme(struct search *s, const struct pattern *p, size_t at,
                         struct secret_span *out)
{
    size_t i = at + strlen(p->anchor), from = skip_blanks(s->text, i);
    uint8_t seen = 0;

    if (at < s->scheme_end || (at > 0 && is_alnum(s->text.p[at - 1])))
        return false;
    if (from == i) {
        from = skip_quotes(s->text, from);
        if (from < s->text.n && (s->text.p[from] == ':' || s->text.p[from] == '='))
            from++;
        from = skip_quotes(s->text, skip_blanks(s->text, from));
    }
    if (from == i)
        return false;
    size_t end = run_end(s->text, from, WORD | DOT | BASE64);
    for (i = from; i < end; i++)
        seen |= class_of(s->text.p[i]);
    /* "basic authentication" is prose: a secret has a digit, both cases, or is padded */
    if (end - from < p->n_min || !((seen & DIGIT) || ((seen & UPPER) && (seen & LOWER)) ||
                                   (seen & (BASE64 | DOT)) || end - from >= 24))
        return false;
    s->scheme_end = end;
    *out = (struct secret_span){from, end, p->kind};
    return true;
}

/* ---- short options -------------------------------------------------------------------- */

enum { TOOL_ASKED_PASSWORD = 1, TOOL_GLUED = 2, TOOL_REDIS = 4, TOOL_LDAP = 8 };

static uint8_t tools_in(struct search *s)
{
    static const struct {
        const char *name;
        uint8_t flags;
    } tools[] = {{"mysql", TOOL_ASKED_PASSWORD | TOOL_GLUED},
                 {"mariadb", TOOL_ASKED_PASSWORD | TOOL_GLUED},
                 {"sshpass", TOOL_ASKED_PASSWORD | TOOL_GLUED},
                 {"7z", TOOL_ASKED_PASSWORD | TOOL_GLUED},
                 {"rar", TOOL_ASKED_PASSWORD | TOOL_GLUED},
                 {"psexec", TOOL_ASKED_PASSWORD},
                 {"sqlcmd", TOOL_ASKED_PASSWORD},
                 {"mongo", TOOL_ASKED_PASSWORD},
                 {"redis-cli", TOOL_REDIS},
                 {"ldap", TOOL_LDAP}};

    if (s->knows_tools)
        return s->tools;
    s->knows_tools = true;
    for (size_t i = 0; i + 2 <= s->text.n; i++)
        for (size_t k = 0; k < ARRAY_LEN(tools); k++)
            if (ascii_lower(s->text.p[i]) == tools[k].name[0] &&
                str_eq_ci(str_sub(s->text, i, strlen(tools[k].name)), str_from(tools[k].name)))
                s->tools |= tools[k].flags;
    return s->tools;
}

static bool is_number_or_path(struct str v)
{
    size_t digits = 0;

    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] == '/' || v.p[i] == '\\')
            return true;
        digits += v.p[i] >= '0' && v.p[i] <= '9';
    }
    return v.p[0] == '.' || v.p[0] == '-' || v.p[0] == '{' || (digits == v.n && v.n <= 5);
}

/* -p X, -pw X, -pX of some programs; the anchor is the byte before the dash. */
static bool check_short_p(struct search *s, const struct pattern *p, size_t at,
                          struct secret_span *out)
{
    size_t i = at + 3;
    bool wants_password;

    if (i < s->text.n && ascii_lower(s->text.p[i]) == 'w')
        i++;
    if (i >= s->text.n)
        return false;
    wants_password = i == at + 4 || (tools_in(s) & TOOL_ASKED_PASSWORD);
    if (is_alnum(s->text.p[i])) { /* -pX */
        if (!(tools_in(s) & TOOL_GLUED) || s->text.p[at + 2] != 'p')
            return false;
        return take(s, (struct value){.from = at + 3}, p->kind, out);
    }
    struct value value;
    if (!value_after(s->text, i, true, &value))
        return false;
    size_t back = at >= 8 ? at - 8 : 0;
    if (!wants_password &&
        (is_number_or_path(value_str(s->text, value)) ||
         str_find(str_sub(s->text, back, at - back), STR("mkdir"), 0) != SIZE_MAX))
        return false;
    return take(s, value, p->kind, out);
}

/* -u name:X, --user name:X */
static bool check_user(struct search *s, const struct pattern *p, size_t at,
                       struct secret_span *out)
{
    struct value value;

    if (!value_after(s->text, at + strlen(p->anchor), true, &value))
        return false;
    size_t colon = str_find_char(value_str(s->text, value), ':', 0);
    if (colon == SIZE_MAX)
        return false;
    value.from += colon + 1;
    struct str password = value_str(s->text, value);
    if (password.n == 0 || is_number_or_path(password))
        return false;
    return take(s, value, p->kind, out);
}

/* /p:X; /p:Name=X belongs to a build tool */
static bool check_slash_p(struct search *s, const struct pattern *p, size_t at,
                          struct secret_span *out)
{
    struct value value;

    if (at > 0 && !is_blank(s->text.p[at - 1]) && !is_quote(s->text.p[at - 1]))
        return false;
    if (!value_after(s->text, at + 2, false, &value))
        return false;
    if (str_find_char(value_str(s->text, value), '=', 0) != SIZE_MAX)
        return false;
    return take(s, value, p->kind, out);
}

/* An option that is a password wherever it stands (n_min 0), or for the program TOOL n_min. */
static bool check_option(struct search *s, const struct pattern *p, size_t at,
                         struct secret_span *out)
{
    struct value value;
    size_t end = at + strlen(p->anchor);

    if (end < s->text.n && is_alnum(s->text.p[end]))
        return false;
    if (p->n_min && !(tools_in(s) & p->n_min))
        return false;
    if (!value_after(s->text, end, true, &value))
        return false;
    return take(s, value, p->kind, out);
}

/* -hpX: the archiver's password, glued to its option. */
static bool check_glued(struct search *s, const struct pattern *p, size_t at,
                        struct secret_span *out)
{
    size_t end = at + strlen(p->anchor);

    if (end >= s->text.n || !(tools_in(s) & TOOL_GLUED) || is_blank(s->text.p[end]))
        return false;
    return take(s, (struct value){.from = end}, p->kind, out);
}

/* net user NAME PASSWORD ...; net use TARGET PASSWORD ...: words that are no switch, no share
 * and no drive, from the second on (n_min: how many come before). */
static bool check_net(struct search *s, const struct pattern *p, size_t at, struct secret_span *out)
{
    size_t i = at + strlen(p->anchor), words = 0;

    for (int guard = 0; guard < 8 && i < s->text.n; guard++) {
        i = skip_blanks(s->text, i);
        size_t from = i + (i < s->text.n && is_quote(s->text.p[i]));
        size_t end = value_end(s->text, from, from > i ? s->text.p[i] : 0);
        struct str word = str_sub(s->text, from, end - from);
        i = end + (from > i);
        if (word.n == 0)
            return false;
        if (word.p[0] == '/' || str_eq(word, STR("*")))
            continue;
        bool is_target = word.p[0] == '\\' || (word.n == 2 && word.p[1] == ':');
        if (words >= p->n_min && !is_target) {
            *out = (struct secret_span){from, end, p->kind};
            return true;
        }
        words++;
    }
    return false;
}

/* ---- the table --------------------------------------------------------------------------- */

#define TOKEN(prefix, kind_, classes_, min)                                       \
    {                                                                             \
        .anchor = prefix, .check = check_token, .is_closed = true, .kind = kind_, \
        .classes = classes_, .n_min = min, .is_cased = true                       \
    }
#define VENDOR(prefix, min) TOKEN(prefix, SECRET_VENDOR_TOKEN, WORD, min)
#define NAMED(word)                                                \
    {                                                              \
        .anchor = word, .check = check_named, .kind = SECRET_NAMED \
    }
#define AZURE(digit)                                                                            \
    {                                                                                           \
        .anchor = digit "Q~", .check = check_azure_secret, .is_closed = true, .is_cased = true, \
        .kind = SECRET_CLOUD_TOKEN, .n_min = 28                                                 \
    }
#define TWILIO(digit)                                                                     \
    {                                                                                     \
        .anchor = "SK" digit, .check = check_twilio, .is_closed = true, .is_cased = true, \
        .kind = SECRET_VENDOR_TOKEN                                                       \
    }
#define SHORT_P(before)                                                        \
    {                                                                          \
        .anchor = before "-p", .check = check_short_p, .kind = SECRET_PASSWORD \
    }
#define USER(option)                                                   \
    {                                                                  \
        .anchor = option, .check = check_user, .kind = SECRET_PASSWORD \
    }
#define OPTION(option, tool)                                                            \
    {                                                                                   \
        .anchor = option, .check = check_option, .kind = SECRET_PASSWORD, .n_min = tool \
    }
#define NET(text, before)                                                            \
    {                                                                                \
        .anchor = text, .check = check_net, .kind = SECRET_PASSWORD, .n_min = before \
    }

/* clang-format off */
static const struct pattern patterns[] = {
    {.anchor = "eyJ", .check = check_jwt, .is_closed = true, .kind = SECRET_JWT, .n_min = 8, .is_cased = true},
    {.anchor = "-----BEGIN", .check = check_pem, .is_closed = true, .kind = SECRET_PRIVATE_KEY, .is_cased = true},
    {.anchor = "://", .check = check_url, .kind = SECRET_URL_PASSWORD, .n_min = 20},
    TOKEN("AKIA", SECRET_AWS_KEY_ID, UPPER | DIGIT, 16), TOKEN("ASIA", SECRET_AWS_KEY_ID, UPPER | DIGIT, 16),
    TOKEN("ABIA", SECRET_AWS_KEY_ID, UPPER | DIGIT, 16), TOKEN("ACCA", SECRET_AWS_KEY_ID, UPPER | DIGIT, 16),
    TOKEN("IQoJb3JpZ2lu", SECRET_CLOUD_TOKEN, ALNUM | BASE64, 40),
    TOKEN("FwoGZXIvYXdz", SECRET_CLOUD_TOKEN, ALNUM | BASE64, 40),
    TOKEN("AIza", SECRET_CLOUD_TOKEN, WORD, 35), TOKEN("ya29.", SECRET_CLOUD_TOKEN, WORD | DOT, 20),
    TOKEN("GOCSPX-", SECRET_CLOUD_TOKEN, WORD, 20), TOKEN("1//0", SECRET_CLOUD_TOKEN, WORD, 30),
    TOKEN("dapi", SECRET_CLOUD_TOKEN, HEX, 32), TOKEN("dop_v1_", SECRET_CLOUD_TOKEN, HEX, 40),
    TOKEN("doo_v1_", SECRET_CLOUD_TOKEN, HEX, 40),
    AZURE("0"), AZURE("1"), AZURE("2"), AZURE("3"), AZURE("4"), AZURE("5"), AZURE("6"), AZURE("7"),
    AZURE("8"), AZURE("9"),
    VENDOR("ghp_", 30), VENDOR("gho_", 30), VENDOR("ghu_", 30), VENDOR("ghs_", 30), VENDOR("ghr_", 30),
    VENDOR("github_pat_", 22), VENDOR("glpat-", 18), VENDOR("glptt-", 18), VENDOR("gldt-", 18),
    VENDOR("glrt-", 18), VENDOR("glsoat-", 18), VENDOR("glcbt-", 18),
    VENDOR("xoxb-", 10), VENDOR("xoxa-", 10), VENDOR("xoxp-", 10), VENDOR("xoxe-", 10),
    VENDOR("xoxe.", 10), VENDOR("xoxo-", 10), VENDOR("xoxr-", 10), VENDOR("xoxs-", 10),
    VENDOR("xoxc-", 10), VENDOR("xoxd-", 10), VENDOR("xapp-", 10),
    TOKEN("hooks.slack.com/services/", SECRET_VENDOR_TOKEN, ALNUM | BASE64, 20),
    VENDOR("sk_live_", 16), VENDOR("sk_test_", 16), VENDOR("rk_live_", 16), VENDOR("rk_test_", 16),
    VENDOR("whsec_", 20), VENDOR("sk-ant-", 16), VENDOR("sk-proj-", 16), VENDOR("sk-svcacct-", 16),
    VENDOR("sk-admin-", 16), VENDOR("sk-or-", 16),
    {.anchor = "sk-", .check = check_mixed_token, .is_closed = true, .kind = SECRET_VENDOR_TOKEN, .classes = WORD,
     .n_min = 20, .is_cased = true, .wants_start = true},
    VENDOR("npm_", 30), VENDOR("pypi-", 40), VENDOR("rubygems_", 30), VENDOR("dckr_pat_", 20),
    VENDOR("hvs.", 20), VENDOR("hvb.", 20), VENDOR("hf_", 30), VENDOR("gsk_", 30), VENDOR("xai-", 40),
    VENDOR("pplx-", 30), VENDOR("shpat_", 30), VENDOR("shpss_", 30), VENDOR("shpca_", 30),
    VENDOR("glsa_", 30), VENDOR("NRAK-", 20), VENDOR("PMAK-", 30), VENDOR("lin_api_", 30),
    VENDOR("sntrys_", 30), VENDOR("AGE-SECRET-KEY-1", 30),
    TOKEN("SG.", SECRET_VENDOR_TOKEN, WORD | DOT, 50),
    TWILIO("0"), TWILIO("1"), TWILIO("2"), TWILIO("3"), TWILIO("4"), TWILIO("5"), TWILIO("6"),
    TWILIO("7"), TWILIO("8"), TWILIO("9"), TWILIO("a"), TWILIO("b"), TWILIO("c"), TWILIO("d"),
    TWILIO("e"), TWILIO("f"),
    {.anchor = "authorization", .check = check_header, .kind = SECRET_AUTHORIZATION},
    {.anchor = "cookie", .check = check_header, .kind = SECRET_AUTHORIZATION, .n_min = 1},
    {.anchor = "bearer", .check = check_scheme, .kind = SECRET_AUTHORIZATION, .n_min = 8},
    {.anchor = "basic", .check = check_scheme, .kind = SECRET_AUTHORIZATION, .n_min = 8},
    NAMED("password"), NAMED("passwd"), NAMED("passphrase"), NAMED("passwort"), NAMED("pwd"),
    {.anchor = "pass", .check = check_named, .kind = SECRET_PASSWORD, .wants_start = true},
    NAMED("secret"), NAMED("token"), NAMED("key"), NAMED("credential"), NAMED("credentials"),
    NAMED("signature"), {.anchor = "sig", .check = check_named, .kind = SECRET_NAMED, .wants_start = true},
    SHORT_P(" "), SHORT_P("\t"), SHORT_P("+"), SHORT_P("="), SHORT_P("\""), SHORT_P("'"),
    {.anchor = "/p:", .check = check_slash_p, .kind = SECRET_PASSWORD},
    USER(" -u"), USER("+-u"), USER("=-u"), USER("\"-u"), USER("'-u"), USER("--user"), USER("--proxy-user"),
    OPTION("/rp", 0), OPTION("-asplaintext", 0), OPTION("convertto-securestring", 0),
    {.anchor = " -hp", .check = check_glued, .kind = SECRET_PASSWORD}, OPTION(" -a", TOOL_REDIS), OPTION(" -w", TOOL_LDAP),
    NET("net user ", 1), NET("net1 user ", 1), NET("net.exe user ", 1), NET("net1.exe user ", 1),
    NET("net.exe\" user ", 1), NET("net1.exe\" user ", 1),
    NET("net use ", 1), NET("net.exe use ", 1), NET("net.exe\" use ", 1),
};
/* clang-format on */

const char *secret_kind_name(enum secret_kind kind)
{
    static const char *const names[SECRET_KINDS] = {
        "jwt",         "aws_key_id",    "aws_key",      "cloud_token", "token",
        "private_key", "authorization", "url_password", "password",    "secret"};

    ASSERT(kind < SECRET_KINDS);
    return names[kind];
}

/* ---- names ----------------------------------------------------------------------------- */

struct name_ending {
    struct str text; /* lower case, without _ - . and blanks */
    enum secret_kind kind;
    bool is_whole; /* the whole name, not its ending */
};

static const struct name_ending endings[] = {
    {{"password", sizeof("password") - 1}, SECRET_PASSWORD, false},
    {{"passwd", sizeof("passwd") - 1}, SECRET_PASSWORD, false},
    {{"passphrase", sizeof("passphrase") - 1}, SECRET_PASSWORD, false},
    {{"passwort", sizeof("passwort") - 1}, SECRET_PASSWORD, false},
    {{"pwd", sizeof("pwd") - 1}, SECRET_PASSWORD, false},
    {{"pass", sizeof("pass") - 1}, SECRET_PASSWORD, true},
    {{"dbpass", sizeof("dbpass") - 1}, SECRET_PASSWORD, true},
    {{"userpass", sizeof("userpass") - 1}, SECRET_PASSWORD, true},
    {{"secret", sizeof("secret") - 1}, SECRET_NAMED, false},
    {{"token", sizeof("token") - 1}, SECRET_NAMED, false},
    {{"apikey", sizeof("apikey") - 1}, SECRET_NAMED, false},
    {{"accesskey", sizeof("accesskey") - 1}, SECRET_NAMED, false},
    {{"secretkey", sizeof("secretkey") - 1}, SECRET_NAMED, false},
    {{"privatekey", sizeof("privatekey") - 1}, SECRET_NAMED, false},
    {{"accountkey", sizeof("accountkey") - 1}, SECRET_NAMED, false},
    {{"storagekey", sizeof("storagekey") - 1}, SECRET_NAMED, false},
    {{"sharedkey", sizeof("sharedkey") - 1}, SECRET_NAMED, false},
    {{"masterkey", sizeof("masterkey") - 1}, SECRET_NAMED, false},
    {{"encryptionkey", sizeof("encryptionkey") - 1}, SECRET_NAMED, false},
    {{"signingkey", sizeof("signingkey") - 1}, SECRET_NAMED, false},
    {{"authkey", sizeof("authkey") - 1}, SECRET_NAMED, false},
    {{"subscriptionkey", sizeof("subscriptionkey") - 1}, SECRET_NAMED, false},
    {{"licensekey", sizeof("licensekey") - 1}, SECRET_NAMED, false},
    {{"credential", sizeof("credential") - 1}, SECRET_NAMED, false},
    {{"credentials", sizeof("credentials") - 1}, SECRET_NAMED, false},
    {{"amzsignature", sizeof("amzsignature") - 1}, SECRET_NAMED, false},
    {{"googsignature", sizeof("googsignature") - 1}, SECRET_NAMED, false},
    {{"sig", sizeof("sig") - 1}, SECRET_NAMED, true},
    {{"authorization", sizeof("authorization") - 1}, SECRET_AUTHORIZATION, false},
    {{"cookie", sizeof("cookie") - 1}, SECRET_AUTHORIZATION, false},
};

/* Names that end so and hold no secret. */
static const char *const harmless[] = {"publickeytoken", "elevatedtoken", "continuationtoken",
                                       "nexttoken", "pagetoken"};

enum { NAME_TAIL = 24 };

/* The last letters of a name, lower case, separators left out. Returns how many. */
static size_t name_tail(struct str name, char tail[static NAME_TAIL], bool *is_whole)
{
    size_t n = 0;

    *is_whole = true;
    for (size_t i = name.n; i > 0; i--) {
        char c = name.p[i - 1];
        if (c == '_' || c == '-' || c == ' ' || c == '/' || c == '@')
            continue;
        if (c == '.') /* only the last part of a dotted name counts as "whole" */
            break;
        if (n == NAME_TAIL) {
            *is_whole = false;
            break;
        }
        n++;
        tail[NAME_TAIL - n] = ascii_lower(c);
    }
    return n;
}

static bool ends_in_pass(struct str name)
{
    struct str tail = name.n > 5 ? str_sub(name, name.n - 5, 5) : name;

    return str_eq_ci(tail, STR("_pass")) || str_eq_ci(tail, STR("-pass"));
}

/* Bit b of pairs[a]: an ending of the table ends in the letters b, a. Built before main(). */
static uint32_t pairs['z' - 'a' + 1];

static __attribute__((constructor)) void build_pairs(void)
{
    for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
        struct str text = endings[i].text;
        pairs[text.p[text.n - 1] - 'a'] |= 1u << (text.p[text.n - 2] - 'a');
    }
}

static bool is_letter(char c)
{
    return c >= 'a' && c <= 'z';
}

/* Most names are told by their last two letters. A separator before the last says nothing yet. */
static bool may_end_so(struct str name)
{
    char last = name.n > 0 ? ascii_lower(name.p[name.n - 1]) : '\0';
    char other = name.n > 1 ? ascii_lower(name.p[name.n - 2]) : '\0';

    if (!is_letter(last) || pairs[last - 'a'] == 0)
        return false;
    return !is_letter(other) || (pairs[last - 'a'] >> (other - 'a') & 1);
}

bool secret_name(struct str name, enum secret_kind *kind)
{
    char space[NAME_TAIL];
    bool is_whole;

    if (!may_end_so(name))
        return false;
    size_t n = name_tail(name, space, &is_whole);
    struct str tail = {space + NAME_TAIL - n, n};

    if (ends_in_pass(name)) {
        *kind = SECRET_PASSWORD;
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
        const struct name_ending *e = &endings[i];
        struct str text = e->text;
        if (tail.n < text.n || tail.p[tail.n - 1] != text.p[text.n - 1])
            continue;
        if (e->is_whole ? !(is_whole && str_eq(tail, text)) : !str_ends(tail, text))
            continue;
        for (size_t k = 0; k < ARRAY_LEN(harmless); k++)
            if (str_ends(tail, str_from(harmless[k])))
                return false;
        *kind = e->kind;
        return true;
    }
    return false;
}

bool secret_named_value(struct str name, struct str value, enum secret_kind *kind)
{
    if (value.n > 0 && value.p[0] == '/' && str_eq_ci(name, STR("pwd")))
        return false;
    return secret_name(name, kind) && !secret_is_trivial(value);
}

bool secret_option(struct str argument, enum secret_kind *kind)
{
    static const char *const options[] = {"-p", "-pw", "/p", "/rp", "-asplaintext"};

    if (argument.n < 2 || (argument.p[0] != '-' && argument.p[0] != '/'))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        if (str_eq_ci(argument, str_from(options[i]))) {
            *kind = SECRET_PASSWORD;
            return true;
        }
    }
    /* a path such as /etc/passwd is no option */
    if (argument.p[0] == '/' && str_find_char(argument, '/', 1) != SIZE_MAX)
        return false;
    return secret_name(argument, kind);
}

/* ---- the search ------------------------------------------------------------------------ */

enum { FILTER_BITS = 1 << 15, CHAINS = 1 << 10, CHAIN_END = UINT16_MAX };

static uint64_t filter[FILTER_BITS / 64];
static uint16_t chain_first[CHAINS];
static uint16_t chain_next[ARRAY_LEN(patterns)];
static uint8_t anchor_bytes[ARRAY_LEN(patterns)]; /* up to a quote behind the gram, if it has one */
static struct secret_grams grams;
static secret_grams_fn *find_grams; /* NULL: every place is a candidate */
static secret_signs_fn *find_signs; /* NULL: a secret is possible everywhere */

/* Letters fold by one bit; what else meets by it is told apart by the pattern's check. */
static uint32_t gram_hash(const char *p)
{
    uint32_t gram =
        (uint32_t)(uint8_t)p[0] | (uint32_t)(uint8_t)p[1] << 8 | (uint32_t)(uint8_t)p[2] << 16;

    return (gram | 0x202020u) * 0x9E3779B1u;
}

/* n: how much of the anchor counts. */
static void file_fourth(const char *anchor, size_t n)
{
    uint8_t groups = grams_of(&grams.three, anchor);

    if (n > GRAMS_BYTES)
        grams.fourth[(uint8_t)anchor[GRAMS_BYTES] | GRAMS_FOLD] |= groups;
    for (size_t i = 0; n == GRAMS_BYTES && i < ARRAY_LEN(grams.fourth); i++)
        grams.fourth[i] |= groups;
}

static void file_grams(void)
{
    const char *anchors[ARRAY_LEN(patterns)];

    for (size_t i = 0; i < ARRAY_LEN(patterns); i++)
        anchors[i] = patterns[i].anchor;
    grams_build(&grams.three, anchors, ARRAY_LEN(patterns));
    for (size_t i = 0; i < ARRAY_LEN(patterns); i++)
        file_fourth(anchors[i], anchor_bytes[i]);
}

/* secrets_possible() rests on it: of what decoding a simple escape may make, anchors have a tab
 * only at their start, and a quote only there or behind the gram. */
static bool is_made_by_escapes(const char *anchor)
{
    for (size_t i = 0; anchor[i]; i++) {
        bool is_made = (uint8_t)anchor[i] < ' ' || anchor[i] == '\\';
        bool is_tab = i == 0 && anchor[0] == '\t' && anchor[1] == '-';
        bool is_inside = anchor[i] == '"' && i > 0 && i < GRAMS_BYTES;
        if ((is_made && !is_tab) || is_inside)
            return true;
    }
    return false;
}

/* A quote may be written with a backslash before it: an anchor up to its first one. */
static size_t before_quote(const char *anchor)
{
    const char *quote = strchr(anchor + GRAMS_BYTES, '"');

    return quote ? (size_t)(quote - anchor) : strlen(anchor);
}

/* Before main(), hence before any thread; read-only from then on. */
static __attribute__((constructor)) void index_build(void)
{
    if (cpu_simd() == SIMD_AVX512) {
        find_grams = secret_grams_avx512;
        find_signs = secret_signs_avx512;
    }
    memset(chain_first, 0xff, sizeof(chain_first));
    for (size_t i = ARRAY_LEN(patterns); i > 0; i--) {
        uint32_t h = gram_hash(patterns[i - 1].anchor);
        uint32_t bit = h >> 17, chain = h >> 22;

        ASSERT(strlen(patterns[i - 1].anchor) >= GRAMS_BYTES);
        ASSERT(!is_made_by_escapes(patterns[i - 1].anchor));
        anchor_bytes[i - 1] = (uint8_t)before_quote(patterns[i - 1].anchor);
        filter[bit / 64] |= 1ull << (bit % 64);
        chain_next[i - 1] = chain_first[chain];
        chain_first[chain] = (uint16_t)(i - 1);
    }
    file_grams();
}

/* The next place at or after `at` where three bytes of an anchor could stand; the text's end
 * if there is none. */
static size_t next_gram(struct search *s, size_t at)
{
    if (!find_grams)
        return at;
    while (at + GRAMS_BYTES <= s->text.n) {
        if (at >= s->grams_end) {
            s->grams_from = at;
            s->grams_end = at + GRAMS_LANES;
            s->grams = find_grams(&grams.three, str_sub(s->text, at, s->text.n));
        }
        uint64_t rest = s->grams >> (at - s->grams_from);
        if (rest)
            return at + (size_t)__builtin_ctzll(rest);
        at = s->grams_end;
    }
    return s->text.n;
}

/* The next candidate at or after `at`; n - 2 or more if there is none. */
static size_t next_candidate(struct search *s, size_t at, uint32_t *hash)
{
    for (at = next_gram(s, at); at + 2 < s->text.n; at = next_gram(s, at + 1)) {
        *hash = gram_hash(s->text.p + at);
        uint32_t bit = *hash >> 17;
        if (filter[bit / 64] >> (bit % 64) & 1)
            break;
    }
    return at;
}

static const struct pattern *try_patterns(struct search *s, size_t at, uint32_t hash,
                                          struct secret_span *out)
{
    for (uint16_t i = chain_first[hash >> 22]; i != CHAIN_END; i = chain_next[i])
        if (anchor_is_at(s->text, &patterns[i], at) && patterns[i].check(s, &patterns[i], at, out))
            return &patterns[i];
    return NULL;
}

/* Could one of the anchors stand here, in the text or in what decoding makes of it? */
static bool may_be_anchor(struct str text, size_t at)
{
    uint32_t hash = gram_hash(text.p + at);

    if (!(filter[(hash >> 17) / 64] >> ((hash >> 17) % 64) & 1))
        return false;
    for (uint16_t i = chain_first[hash >> 22]; i != CHAIN_END; i = chain_next[i]) {
        struct str anchor = {patterns[i].anchor, anchor_bytes[i]};
        if (text.n - at >= anchor.n && str_eq_ci((struct str){text.p + at, anchor.n}, anchor))
            return true;
    }
    return false;
}

/* With an escape, a run may be a shorter one that is a key. */
static bool run_may_be_key(struct str text)
{
    return str_find_char(text, '\\', 0) != SIZE_MAX || next_aws_key(text, 0) != SIZE_MAX;
}

bool secrets_possible(struct str text)
{
    struct secret_signs signs = {0};

    if (!find_signs)
        return true;
    for (size_t at = 0; at < text.n; at += GRAMS_LANES) {
        uint64_t places = find_signs(&grams, (struct str){text.p + at, text.n - at}, &signs);
        if (signs.has_escape)
            return true;
        for (; places; places &= places - 1)
            if (may_be_anchor(text, at + (size_t)__builtin_ctzll(places)))
                return true;
    }
    return signs.has_run && run_may_be_key(text);
}

void secrets_find(struct str text, secret_fn *fn, void *context)
{
    struct search s = {.text = text};
    size_t at = 0, aws = next_aws_key(text, 0);
    uint32_t hash = 0;

    for (; aws != SIZE_MAX; aws = next_aws_key(text, aws + AWS_KEY_BYTES))
        fn(context, (struct secret_span){aws, aws + AWS_KEY_BYTES, SECRET_AWS_KEY});
    while ((at = next_candidate(&s, at, &hash)) + 2 < text.n) {
        struct secret_span span;
        const struct pattern *p = try_patterns(&s, at, hash, &span);
        if (p)
            fn(context, span);
        /* A span found by context is looked into: another's name may stand in it whose value
         * does not (password= token: X). */
        at = p && p->is_closed && span.to > at ? span.to : at + 1;
    }
}
