/* secrets_context.c - secrets that the text before them gives away: a name or an option, a header,
 * a program's own way of taking passwords.
 *
 * A check of a candidate looks at a bounded piece, so that a refused one costs little; only what is
 * taken is followed to its end.
 */
#include "alert/secrets_impl.h"

enum {
    NAME_MAX_BYTES = 64, /* of a key before '=': further left is not looked */
    GAP_MAX = 16,        /* blanks and quotes between a name and its value */
    VALUE_LOOK = 128,
};

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

static bool take(struct secret_search *s, struct value v, enum secret_kind kind,
                 struct secret_span *out)
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
bool secret_check_named(struct secret_search *s, const struct secret_pattern *p, size_t at,
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
bool secret_check_header(struct secret_search *s, const struct secret_pattern *p, size_t at,
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
bool secret_check_scheme(struct secret_search *s, const struct secret_pattern *p, size_t at,
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

static const struct tool {
    struct str name;
    uint8_t flags;
} tools[] = {{{"mysql", 5}, TOOL_ASKED_PASSWORD | TOOL_GLUED},
             {{"mariadb", 7}, TOOL_ASKED_PASSWORD | TOOL_GLUED},
             {{"sshpass", 7}, TOOL_ASKED_PASSWORD | TOOL_GLUED},
             {{"7z", 2}, TOOL_ASKED_PASSWORD | TOOL_GLUED},
             {{"rar", 3}, TOOL_ASKED_PASSWORD | TOOL_GLUED},
             {{"psexec", 6}, TOOL_ASKED_PASSWORD},
             {{"sqlcmd", 6}, TOOL_ASKED_PASSWORD},
             {{"mongo", 5}, TOOL_ASKED_PASSWORD},
             {{"redis-cli", 9}, TOOL_REDIS},
             {{"ldap", 4}, TOOL_LDAP}};

/* Bit i: the name of tool i may begin with this byte, in either case; and go on with that one.
 * Built before main(). */
static uint16_t begins_tool[256], continues_tool[256];

static __attribute__((constructor)) void file_tools(void)
{
    for (size_t i = 0; i < ARRAY_LEN(tools); i++)
        for (int byte = 0; byte < 256; byte++) {
            char c = ascii_lower((char)byte);
            begins_tool[byte] |= (uint16_t)((c == tools[i].name.p[0]) << i);
            continues_tool[byte] |= (uint16_t)((c == tools[i].name.p[1]) << i);
        }
}

static uint8_t tools_in(struct secret_search *s)
{
    if (s->knows_tools)
        return s->tools;
    s->knows_tools = true;
    for (size_t i = 0; i + 2 <= s->text.n; i++) {
        uint32_t may_be = begins_tool[(uint8_t)s->text.p[i]];
        for (may_be &= continues_tool[(uint8_t)s->text.p[i + 1]]; may_be; may_be &= may_be - 1) {
            const struct tool *t = &tools[__builtin_ctz(may_be)];
            if (str_eq_ci(str_sub(s->text, i, t->name.n), t->name))
                s->tools |= t->flags;
        }
    }
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
bool secret_check_short_p(struct secret_search *s, const struct secret_pattern *p, size_t at,
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
bool secret_check_user(struct secret_search *s, const struct secret_pattern *p, size_t at,
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
bool secret_check_slash_p(struct secret_search *s, const struct secret_pattern *p, size_t at,
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
bool secret_check_option(struct secret_search *s, const struct secret_pattern *p, size_t at,
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
bool secret_check_glued(struct secret_search *s, const struct secret_pattern *p, size_t at,
                        struct secret_span *out)
{
    size_t end = at + strlen(p->anchor);

    if (end >= s->text.n || !(tools_in(s) & TOOL_GLUED) || is_blank(s->text.p[end]))
        return false;
    return take(s, (struct value){.from = end}, p->kind, out);
}

/* net user NAME PASSWORD ...; net use TARGET PASSWORD ...: words that are no switch, no share
 * and no drive, from the second on (n_min: how many come before). */
bool secret_check_net(struct secret_search *s, const struct secret_pattern *p, size_t at,
                      struct secret_span *out)
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
