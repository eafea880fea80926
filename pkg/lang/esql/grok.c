/* grok.c - patterns of GROK and DISSECT as regexes with named groups.
 *
 * Columns may have dots in their names, groups may not: groups are named by number and renamed
 * afterwards. */
#include "lang/esql/parser.h"

#include "base/buf.h"
#include "base/str.h"

enum { FIELDS_MAX = 60, PLACE_MAX = 99 };

struct reader {
    struct esql_parser *p;
    struct place at;
    struct buf regex;
    struct str fields[FIELDS_MAX];
    const char *types[FIELDS_MAX]; /* as esql_convert() names them; NULL: a text */
    struct str between;            /* DISSECT: parts of one field; GROK makes lists of them */
    bool is_dissect;
    uint8_t places[FIELDS_MAX]; /* DISSECT: %{+a/N}, else 0 */
    size_t n;
};

/* What larger patterns are made of. */
#define NUMBER_ "[+-]?(?:\\d+(?:\\.\\d+)?|\\.\\d+)"
#define OCTET "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)"
#define IPV4_ "(?<!\\d)" OCTET "(?:\\." OCTET "){3}(?!\\d)"
#define HEX4 "[0-9A-Fa-f]{1,4}"
/* Eight groups, or fewer with :: in their midst; the last two may be as those of IPv4. */
#define IPV6_                                                                               \
    "(?:(?:" HEX4 ":){7}" HEX4 "|(?:" HEX4 ":){6}" IPV4_ "|(?:" HEX4 "(?::" HEX4 "){0,6})?" \
    "::(?:(?:" HEX4 ":){0,5}(?:" IPV4_ "|" HEX4 "))?)(?:%\\w+)?"
#define HOSTNAME_ "\\b[0-9A-Za-z][0-9A-Za-z-]{0,62}(?:\\.[0-9A-Za-z][0-9A-Za-z-]{0,62})*\\.?"
#define IPORHOST_ "(?:" IPV6_ "|" IPV4_ "|" HOSTNAME_ ")"
#define USER_ "[a-zA-Z0-9._-]+"
#define QUOTED_ "(?:\"(?:[^\"\\\\]|\\\\.)*\"|'(?:[^'\\\\]|\\\\.)*')"
#define LOCAL_ "[a-zA-Z0-9!#$%&'*+/=?^_`{|}~.-]+"
#define UNIXPATH_ "(?:/[\\w_%!$@:.,+~-]*)+"
#define WINPATH_ "(?:[A-Za-z]+:|\\\\)(?:\\\\[^\\\\?*]*)+"
#define URIPROTO_ "[A-Za-z]+(?:\\+[A-Za-z+]+)?"
#define URIHOST_ IPORHOST_ "(?::\\b[1-9]\\d*\\b)?"
#define URIPATH_ "(?:/[A-Za-z0-9$.+!*'(){},~:;=@#%&_-]*)+"
#define YEAR_ "(?:\\d\\d){1,2}"
#define MONTH_                                                                            \
    "\\b(?:[Jj]an(?:uary)?|[Ff]eb(?:ruary)?|[Mm]ar(?:ch)?|[Aa]pr(?:il)?|[Mm]ay|[Jj]une?|" \
    "[Jj]uly?|[Aa]ug(?:ust)?|[Ss]ep(?:tember)?|[Oo]ct(?:ober)?|[Nn]ov(?:ember)?|"         \
    "[Dd]ec(?:ember)?)\\b"
#define MONTHNUM_ "(?:0?[1-9]|1[0-2])"
#define MONTHDAY_ "(?:0[1-9]|[12]\\d|3[01]|[1-9])"
#define DAY_                                                                              \
    "(?:Mon(?:day)?|Tue(?:sday)?|Wed(?:nesday)?|Thu(?:rsday)?|Fri(?:day)?|Sat(?:urday)?|" \
    "Sun(?:day)?)"
#define HOUR_ "(?:2[0-3]|[01]?\\d)"
#define MINUTE_ "[0-5]\\d"
#define SECOND_ "(?:[0-5]?\\d|60)(?:[:.,]\\d+)?"
#define TIME_ HOUR_ ":" MINUTE_ ":" SECOND_ "(?!\\d)"
#define ZONE_ "(?:Z|[+-]" HOUR_ ":?" MINUTE_ ")"
#define TZ_ "(?:[APMCE][SD]T|UTC)"
#define DATE_US_ MONTHNUM_ "[/-]" MONTHDAY_ "[/-]" YEAR_
#define DATE_EU_ MONTHDAY_ "[./-]" MONTHNUM_ "[./-]" YEAR_
#define DATE_ "(?:" DATE_US_ "|" DATE_EU_ ")"
#define CISCOMAC_ "(?:[0-9A-Fa-f]{4}\\.){2}[0-9A-Fa-f]{4}"
#define WINDOWSMAC_ "(?:[0-9A-Fa-f]{2}-){5}[0-9A-Fa-f]{2}"
#define COMMONMAC_ "(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}"

/* Those of Elasticsearch's that make one value; those that name fields of their own (SYSLOGBASE,
 * COMMONAPACHELOG ...) are not here. */
static const struct {
    const char *name, *regex;
} PATTERNS[] = {
    {"DATA", ".*?"},
    {"GREEDYDATA", ".*"},
    {"NOTSPACE", "\\S+"},
    {"SPACE", "\\s*"},
    {"WORD", "\\b\\w+\\b"},
    {"INT", "[+-]?\\d+"},
    {"POSINT", "\\b[1-9]\\d*\\b"},
    {"NONNEGINT", "\\b\\d+\\b"},
    {"NUMBER", NUMBER_},
    {"BASE10NUM", NUMBER_},
    {"BASE16NUM", "(?:0[xX])?[0-9A-Fa-f]+"},
    {"USERNAME", USER_},
    {"USER", USER_},
    {"HOSTNAME", HOSTNAME_},
    {"IPV4", IPV4_},
    {"IPV6", IPV6_},
    {"IP", "(?:" IPV6_ "|" IPV4_ ")"},
    {"IPORHOST", IPORHOST_},
    {"HOSTPORT", IPORHOST_ ":\\b[1-9]\\d*\\b"},
    {"SYSLOGHOST", IPORHOST_},
    {"UUID", "[A-Fa-f0-9]{8}-(?:[A-Fa-f0-9]{4}-){3}[A-Fa-f0-9]{12}"},
    {"QUOTEDSTRING", QUOTED_},
    {"QS", QUOTED_},
    {"YEAR", YEAR_},
    {"MONTH", MONTH_},
    {"MONTHNUM", MONTHNUM_},
    {"MONTHDAY", MONTHDAY_},
    {"DAY", DAY_},
    {"HOUR", HOUR_},
    {"MINUTE", MINUTE_},
    {"SECOND", SECOND_},
    {"TIME", TIME_},
    {"TZ", TZ_},
    {"DATE_US", DATE_US_},
    {"DATE_EU", DATE_EU_},
    {"DATE", DATE_},
    {"DATESTAMP", DATE_ "[- ]" TIME_},
    {"DATESTAMP_RFC822", DAY_ " " MONTH_ " " MONTHDAY_ " " YEAR_ " " TIME_ " " TZ_},
    {"DATESTAMP_RFC2822", DAY_ ", " MONTHDAY_ " " MONTH_ " " YEAR_ " " TIME_ " " ZONE_},
    {"DATESTAMP_OTHER", DAY_ " " MONTH_ " " MONTHDAY_ " " TIME_ " " TZ_ " " YEAR_},
    {"SYSLOGTIMESTAMP", MONTH_ " +" MONTHDAY_ " " TIME_},
    {"HTTPDATE", MONTHDAY_ "/" MONTH_ "/" YEAR_ ":" TIME_ " [+-]?\\d+"},
    {"ISO8601_TIMEZONE", ZONE_},
    {"TIMESTAMP_ISO8601", YEAR_ "-" MONTHNUM_ "-" MONTHDAY_ "[T ]" HOUR_ ":?" MINUTE_
                                "(?::?" SECOND_ ")?(?:Z|[+-]" HOUR_ "(?::?" MINUTE_ ")?)?"},
    {"MAC", "(?:" CISCOMAC_ "|" WINDOWSMAC_ "|" COMMONMAC_ ")"},
    {"CISCOMAC", CISCOMAC_},
    {"WINDOWSMAC", WINDOWSMAC_},
    {"COMMONMAC", COMMONMAC_},
    {"LOGLEVEL",
     "(?i:alert|trace|debug|notice|info(?:rmation)?|warn(?:ing)?|err(?:or)?|crit(?:ical)?"
     "|fatal|severe|emerg(?:ency)?)"},
    {"PROG", "[\\x21-\\x5a\\x5c\\x5e-\\x7e]+"},
    {"TTY", "/dev/(?:pts|tty[pq]?)\\w*/?\\d+"},
    {"UNIXPATH", UNIXPATH_},
    {"WINPATH", WINPATH_},
    {"PATH", "(?:" UNIXPATH_ "|" WINPATH_ ")"},
    {"EMAILLOCALPART", LOCAL_},
    {"EMAILADDRESS", LOCAL_ "@[0-9A-Za-z.-]+"},
    {"URIPROTO", URIPROTO_},
    {"URIHOST", URIHOST_},
    {"URIPATH", URIPATH_},
    {"URIPARAM", "\\?\\S*"},
    {"URIPATHPARAM", URIPATH_ "(?:\\?\\S*)?"},
    {"URI",
     URIPROTO_ "://(?:" USER_ "(?::[^@]*)?@)?(?:" URIHOST_ ")?(?:" URIPATH_ "(?:\\?\\S*)?)?"},
};

static const char *pattern_of(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(PATTERNS); i++)
        if (str_eq(name, str_from(PATTERNS[i].name)))
            return PATTERNS[i].regex;
    return NULL;
}

static bool open_group(struct reader *r, struct str field)
{
    if (r->n == FIELDS_MAX)
        return diag_error(r->p->s->diag, r->at, "more than %d fields in one pattern", FIELDS_MAX);
    r->types[r->n] = NULL;
    r->places[r->n] = 0;
    r->fields[r->n] = names_intern(r->p->s->names, field);
    buf_printf(&r->regex, "(?<esql%zu>", ++r->n);
    return true;
}

/* One more value of a field that has one: both of them, or in DISSECT one text. */
static struct expr *added(struct reader *r, struct expr *before, struct expr *more)
{
    struct pipe *p = r->p->pipe;
    struct expr *parts[] = {before, pipe_text(p, r->between), more};

    if (!r->is_dissect)
        return pipe_call2(p, r->at, EXPR_LIST, before, more);
    return pipe_call(p, r->at, &(struct expr){.op = EXPR_CONCAT}, parts, ARRAY_LEN(parts));
}

/* Does part k of a field stand before part i? */
static bool is_before(const struct reader *r, size_t k, size_t i)
{
    return r->places[k] < r->places[i] || (r->places[k] == r->places[i] && k < i);
}

/* What group i found becomes its column. */
static bool set_column(struct reader *r, size_t i)
{
    struct pipe *p = r->p->pipe;
    struct str group = arena_printf(r->p->s->scratch, "esql%zu", i + 1);
    struct expr *value = pipe_column(p, r->at, group);
    bool is_again = false;

    for (size_t k = 0; k < r->n; k++)
        is_again |= str_eq(r->fields[k], r->fields[i]) && is_before(r, k, i);
    if (!is_again && !r->types[i])
        return pipe_rename(p, r->at, group, r->fields[i]);
    if (value && r->types[i])
        value = esql_convert(r->p, r->at, r->types[i], value);
    if (value && is_again)
        value = added(r, pipe_column(p, r->at, r->fields[i]), value);
    return value && pipe_set(p, r->at, r->fields[i], value) && pipe_drop(p, r->at, &group, 1);
}

/* What the groups found becomes columns, null where the pattern does not match. */
static bool set_columns(struct reader *r, struct expr *subject)
{
    struct regex re = {.pattern = names_intern(r->p->s->names, buf_str(&r->regex)),
                       .is_dotall = true};
    bool is_good = pipe_capture(r->p->pipe, r->at, subject, &re, false, NULL);

    for (unsigned place = 0; place <= PLACE_MAX; place++)
        for (size_t i = 0; is_good && i < r->n; i++)
            is_good = r->places[i] != place || set_column(r, i);
    buf_release(&r->regex);
    return is_good;
}

/* A regex, whose own named groups may have dots in their names. */
static bool add_regex(struct reader *r, struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        bool is_named = str_starts(str_sub(text, i, SIZE_MAX), STR("(?<")) && i + 3 < text.n &&
                        text.p[i + 3] != '=' && text.p[i + 3] != '!';
        size_t end = is_named ? str_find_char(text, '>', i) : SIZE_MAX;
        if (end == SIZE_MAX) {
            buf_add_char(&r->regex, text.p[i]);
            if (text.p[i] == '\\' && i + 1 < text.n)
                buf_add_char(&r->regex, text.p[++i]);
            continue;
        }
        if (!open_group(r, str_sub(text, i + 3, end - i - 3)))
            return false;
        i = end;
    }
    return true;
}

/* Of the field that was opened last. */
static bool set_type(struct reader *r, struct str type)
{
    static const char *const TYPES[][2] = {
        {"int", "long"},      {"integer", "long"},    {"long", "long"}, {"float", "double"},
        {"double", "double"}, {"boolean", "boolean"}, {"string", NULL}, {"keyword", NULL}};

    for (size_t i = 0; i < ARRAY_LEN(TYPES); i++)
        if (str_eq_ci(type, str_from(TYPES[i][0]))) {
            r->types[r->n - 1] = TYPES[i][1];
            return true;
        }
    return type.n == 0 ||
           diag_error(r->p->s->diag, r->at,
                      "'%.*s' is no type of GROK: int, long, float, double, boolean", SHOWN(type));
}

/* %{NAME}, %{NAME:field}, %{NAME:field:type}; what is around is a regex. */
bool esql_grok(struct esql_parser *p, struct place at, struct expr *subject, struct str pattern)
{
    struct reader r = {.p = p, .at = at};
    size_t next = 0;
    bool is_good = true;

    while (is_good && next < pattern.n) {
        size_t start = str_find(pattern, STR("%{"), next);
        is_good =
            add_regex(&r, str_sub(pattern, next, start == SIZE_MAX ? SIZE_MAX : start - next));
        if (start == SIZE_MAX || !is_good)
            break;
        size_t end = str_find_char(pattern, '}', start);
        struct str inner = str_sub(pattern, start + 2, end - start - 2), name, field, type;
        if (end == SIZE_MAX) {
            is_good = diag_error(p->s->diag, at, "'}' is missing in the pattern");
            break;
        }
        bool has_field = str_cut(inner, ':', &name, &field);
        (void)str_cut(field, ':', &field, &type);
        const char *regex = pattern_of(name);
        if (!regex)
            is_good = diag_unsupported(
                p->s->diag, at, "the GROK pattern %%{%.*s}: not in this version", SHOWN(name));
        else if (has_field)
            is_good = open_group(&r, field) && set_type(&r, type);
        if (is_good)
            buf_printf(&r.regex, has_field ? "%s)" : "(?:%s)", regex);
        next = end + 1;
    }
    if (is_good)
        return set_columns(&r, subject);
    buf_release(&r.regex);
    return false;
}

static void add_literal(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] > ' ' && (unsigned char)text.p[i] < 127 && !strchr("_", text.p[i]) &&
            !((ascii_lower(text.p[i]) >= 'a' && ascii_lower(text.p[i]) <= 'z') ||
              (text.p[i] >= '0' && text.p[i] <= '9')))
            buf_add_char(out, '\\');
        buf_add_char(out, text.p[i]);
    }
}

/* "a/2" is place 2 among the parts of a. */
static bool take_place(const struct reader *r, struct str *field, unsigned *place)
{
    int64_t n;
    struct str digits;

    *place = 0;
    if (!str_cut(*field, '/', field, &digits))
        return true;
    if (!str_to_i64(digits, &n) || n < 1 || n > PLACE_MAX)
        return diag_error(r->p->s->diag, r->at,
                          "the place of a part of '%.*s' is a number from 1 to %d", SHOWN(*field),
                          PLACE_MAX);
    *place = (unsigned)n;
    return true;
}

/* %{field}, %{+field} (more of it), %{+field/2} (its second part), %{field->} (any number of what
 * follows), %{?field}, %{}. */
bool esql_dissect(struct esql_parser *p, struct place at, struct expr *subject, struct str pattern,
                  struct str between)
{
    struct reader r = {.p = p, .at = at, .between = between, .is_dissect = true};
    size_t next = 0;
    bool is_good = true;

    buf_add_char(&r.regex, '^');
    while (is_good && next < pattern.n) {
        size_t start = str_find(pattern, STR("%{"), next);
        add_literal(&r.regex, str_sub(pattern, next, start == SIZE_MAX ? SIZE_MAX : start - next));
        if (start == SIZE_MAX)
            break;
        size_t end = str_find_char(pattern, '}', start);
        struct str field = str_sub(pattern, start + 2, end - start - 2);
        if (end == SIZE_MAX) {
            is_good = diag_error(p->s->diag, at, "'}' is missing in the pattern");
            break;
        }
        bool is_part = str_starts(field, STR("+"));
        if (field.n &&
            (strchr("*&", field.p[0]) || (!is_part && str_find_char(field, '/', 0) != SIZE_MAX))) {
            is_good = diag_unsupported(p->s->diag, at,
                                       "'%%{%.*s}' in DISSECT: names out of the text, and an order "
                                       "without a plus: not in this version",
                                       SHOWN(field));
            break;
        }
        field = is_part ? str_sub(field, 1, SIZE_MAX) : field;
        bool is_padded = str_ends(field, STR("->")), is_skipped = !field.n || field.p[0] == '?';
        field = is_padded ? str_sub(field, 0, field.n - 2) : field;
        unsigned place = 0;
        if (is_part && !take_place(&r, &field, &place)) {
            is_good = false;
            break;
        }
        is_skipped |= !field.n;
        const char *any = end + 1 == pattern.n ? ".*" : ".*?";
        if (is_skipped)
            buf_printf(&r.regex, "(?:%s)", any);
        else if ((is_good = open_group(&r, field))) {
            buf_printf(&r.regex, "%s)", any);
            r.places[r.n - 1] = (uint8_t)place;
        }
        next = end + 1;
        if (is_padded && next < pattern.n) {
            buf_add(&r.regex, STR("(?:"));
            add_literal(&r.regex, str_sub(pattern, next, 1));
            buf_add(&r.regex, STR(")*"));
        }
    }
    if (is_good)
        return set_columns(&r, subject);
    buf_release(&r.regex);
    return false;
}
