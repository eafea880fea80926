/* decode.c - splitting input into records; decode_envelope.c splits records into events.
 *
 * The splitter's usual case is a line that begins with '{' and ends with '}': it is handed on
 * unchecked, for the scan will read it anyway. All else is looked at more closely: where a document
 * ends is then found by the grammar.
 *
 * States   PLAIN between records; ARRAY between members of a top-level array spread over lines;
 *          SKIP within a line that has outgrown JSON_RECORD_MAX.
 *          PLAIN -> ARRAY at '[' that does not end on its line; ARRAY -> PLAIN at ']' or at what
 * cannot follow a member; PLAIN -> SKIP -> PLAIN at the end of the line.
 *
 * A broken document is its first line alone if that line is wrong in itself. If the line is the
 * beginning of a document, the lines that continue it (indented, or closing brackets) are part of
 * the same bad record, but never a line that is a document by itself.
 */
#include "event/decode.h"

#include "base/str.h"
#include "event/decode_impl.h"

#include <stdlib.h>
#include <string.h>

enum {
    BUFFER_START = 256 * 1024,
    BAD_TEXT_MAX = 4096 /* of an oversized line only its beginning is shown */
};

enum state { STATE_PLAIN, STATE_ARRAY, STATE_SKIP };

struct splitter {
    char *p;
    size_t n, cap;
    size_t at;      /* everything before is done with */
    size_t retry_n; /* a document was incomplete: look again once n has reached this */
    enum state state;
    uint32_t index;   /* of the next member of an array */
    bool wants_comma; /* ARRAY: a member has been read */
    bool has_ended;
    bool is_started; /* a byte order mark can no longer come */
};

struct splitter *splitter_new(void)
{
    struct splitter *s = calloc(1, sizeof *s);

    ASSERT(s);
    return s;
}

void splitter_free(struct splitter *s)
{
    if (!s)
        return;
    free(s->p);
    free(s);
}

void splitter_feed(struct splitter *s, const char *p, size_t n)
{
    if (s->at > 0) {
        memmove(s->p, s->p + s->at, s->n - s->at);
        s->n -= s->at;
        s->retry_n -= s->retry_n < s->at ? s->retry_n : s->at;
        s->at = 0;
    }
    if (s->n + n > s->cap) {
        size_t cap = s->cap ? s->cap : BUFFER_START;
        while (cap < s->n + n)
            cap *= 2;
        s->p = realloc(s->p, cap);
        ASSERT(s->p);
        s->cap = cap;
    }
    if (n)
        memcpy(s->p + s->n, p, n);
    s->n += n;
}

void splitter_end(struct splitter *s)
{
    s->has_ended = true;
}

/* ---- looking at text ------------------------------------------------------------------ */

static bool is_document(struct str text)
{
    enum json_reason reason;

    text = str_trim(text);
    return text.n > 0 && json_document_length(text, &reason) == text.n;
}

/* True if the text is right so far, but not all. */
static bool is_beginning(struct str text)
{
    enum json_reason reason = JSON_OK;

    return json_document_length(text, &reason) == 0 && reason == JSON_TRUNCATED;
}

/* "}{" with any blanks between: where one document follows another on a line. Also true for such
 * text inside a string; that only costs the closer look. */
static bool may_hold_several(struct str line)
{
    const char *end = line.p + line.n;
    const char *brace = line.p;

    while ((brace = memchr(brace + 1, '{', (size_t)(end - brace - 1)))) {
        const char *before = brace - 1;
        while (before > line.p && decode_is_blank(*before))
            before--;
        if (*before == '}')
            return true;
    }
    return false;
}

static struct str rest_of(const struct splitter *s)
{
    return (struct str){s->p + s->at, s->n - s->at};
}

/* The line at s->at without its end; *next is where the following one starts. False if its end
 * has not come yet. */
static bool find_line(const struct splitter *s, struct str *line, size_t *next)
{
    struct str rest = rest_of(s);
    const char *newline = rest.n ? memchr(rest.p, '\n', rest.n) : NULL;

    if (!newline && !s->has_ended)
        return false;
    size_t n = newline ? (size_t)(newline - rest.p) : rest.n;
    *next = s->at + n + (newline != NULL);
    *line = str_trim((struct str){rest.p, n});
    return true;
}

static void skip_blanks(struct splitter *s)
{
    while (s->at < s->n && decode_is_blank(s->p[s->at]))
        s->at++;
}

/* Step over the byte order mark of UTF-8 at the very start. False if more bytes must tell. */
static bool skip_mark(struct splitter *s)
{
    static const char mark[3] = {'\xef', '\xbb', '\xbf'};
    size_t n = s->n < sizeof mark ? s->n : sizeof mark;

    if (s->is_started)
        return true;
    bool is_mark = n == 0 || memcmp(s->p, mark, n) == 0;
    if (is_mark && n < sizeof mark && !s->has_ended)
        return false;
    if (is_mark && n == sizeof mark)
        s->at = n;
    s->is_started = true;
    return true;
}

/* ---- bad records ------------------------------------------------------------------------- */

/* True if a line goes on with the document before it rather than starting anew. */
static bool continues(struct str raw)
{
    if (is_document(raw) && str_trim(raw).p[0] == '{')
        return false;
    return raw.n == 0 || decode_is_blank(raw.p[0]) || raw.p[0] == '}' || raw.p[0] == ']';
}

/* Where the bad document at s->at ends: see the head of the file. False if its last line has not
 * come yet. */
static bool find_bad_end(struct splitter *s, bool goes_on, size_t *end)
{
    size_t start = s->at;
    struct str line;
    bool is_found = find_line(s, &line, end);

    while (is_found && goes_on) {
        s->at = *end;
        size_t next;
        if (s->at == s->n || !find_line(s, &line, &next)) {
            is_found = s->has_ended;
            break;
        }
        struct str raw = {s->p + s->at, next - s->at};
        while (raw.n && (raw.p[raw.n - 1] == '\n' || raw.p[raw.n - 1] == '\r'))
            raw.n--;
        if (!continues(raw))
            break;
        *end = next;
    }
    s->at = start;
    return is_found;
}

/* Give up on the document at s->at. */
static enum splitter_result skip_bad(struct splitter *s, bool goes_on, struct str *record)
{
    size_t end;

    if (!find_bad_end(s, goes_on, &end)) {
        size_t n = s->n - s->at;
        if (n <= JSON_RECORD_MAX) {
            s->retry_n = s->at + n * 2;
            return SPLIT_NEED_MORE;
        }
        end = s->n;
        s->state = STATE_SKIP; /* the rest of the line belongs to it */
    }
    *record = str_trim((struct str){s->p + s->at, end - s->at});
    s->at = end;
    return SPLIT_BAD;
}

/* ---- documents found by the grammar --------------------------------------------------------- */

static size_t blanks_to_newline(const struct splitter *s, size_t at)
{
    while (at < s->n && s->p[at] != '\n' && decode_is_blank(s->p[at]))
        at++;
    return at;
}

/* What may stand behind a document on its line: nothing, another one, or inside an array
 * anything, since there the array's own rules decide. */
static bool may_follow(const struct splitter *s, size_t at)
{
    if (s->state == STATE_ARRAY || at == s->n)
        return true;
    return s->p[at] == '\n' || s->p[at] == '{' || s->p[at] == '[';
}

/* A document of any layout at s->at. */
static enum splitter_result take_document(struct splitter *s, struct str *record,
                                          enum event_reject *reason)
{
    enum json_reason why = JSON_OK;
    struct str rest = rest_of(s);

    if (!s->has_ended && s->n < s->retry_n)
        return SPLIT_NEED_MORE;
    size_t n = json_document_length(rest, &why);
    if (n > 0) {
        size_t after = blanks_to_newline(s, s->at + n);
        if (after == s->n && !s->has_ended)
            return SPLIT_NEED_MORE;
        if (!may_follow(s, after)) {
            *reason = EVENT_NOT_JSON;
            return skip_bad(s, false, record);
        }
        *record = str_trim((struct str){rest.p, n});
        s->at += n;
        return SPLIT_RECORD;
    }
    if (why == JSON_TRUNCATED && !s->has_ended && rest.n <= JSON_RECORD_MAX) {
        /* Looking again only when the text has doubled keeps the whole linear. */
        s->retry_n = s->at + rest.n * 2;
        return SPLIT_NEED_MORE;
    }
    if (why == JSON_TRUNCATED && rest.n > JSON_RECORD_MAX)
        why = JSON_TOO_LARGE;

    struct str line;
    size_t next;
    enum json_reason line_reason = JSON_OK;
    if (find_line(s, &line, &next) && json_document_length(line, &line_reason) == 0)
        why = line_reason == JSON_TRUNCATED ? why : line_reason;
    *reason = decode_reject(why);
    return skip_bad(s, line_reason == JSON_TRUNCATED, record);
}

/* ---- one step of each state ---------------------------------------------------------------- */

static enum splitter_result next_in_skip(struct splitter *s)
{
    struct str line;
    size_t next;

    if (find_line(s, &line, &next)) {
        s->at = next;
        s->state = STATE_PLAIN;
        return SPLIT_RECORD;
    }
    s->at = s->n;
    return SPLIT_NEED_MORE;
}

static void leave_array(struct splitter *s)
{
    s->state = STATE_PLAIN;
    s->wants_comma = false;
}

static enum splitter_result next_in_array(struct splitter *s, struct str *record, uint32_t *index,
                                          bool *is_new_record, enum event_reject *reason)
{
    char c = s->p[s->at];

    if (c == ',' && s->wants_comma) {
        s->at++;
        s->wants_comma = false;
        skip_blanks(s);
        if (s->at == s->n)
            return s->has_ended ? SPLIT_END : SPLIT_NEED_MORE;
        c = s->p[s->at];
    }
    *index = s->index;
    *is_new_record = s->index == 0;
    if (c == ']') {
        bool is_empty = s->index == 0;
        s->at++;
        leave_array(s);
        if (!is_empty)
            return SPLIT_RECORD; /* of which splitter_next() knows that it is none */
        *record = (struct str){s->p + s->at - 1, 1};
        *reason = EVENT_EMPTY_ENVELOPE;
        return SPLIT_BAD;
    }
    if (s->wants_comma) { /* a member, and then something else: the array was none */
        leave_array(s);
        *record = (struct str){s->p + s->at, 0};
        *reason = EVENT_NOT_JSON;
        return SPLIT_BAD;
    }
    enum splitter_result got = take_document(s, record, reason);
    if (got == SPLIT_NEED_MORE)
        return got;
    s->index++;
    s->wants_comma = got == SPLIT_RECORD;
    return got;
}

/* A line that is too long to be kept. */
static enum splitter_result drop_oversized(struct splitter *s, struct str *record,
                                           enum event_reject *reason)
{
    *record = str_sub(rest_of(s), 0, BAD_TEXT_MAX);
    *reason = EVENT_TOO_LARGE;
    s->at = s->n;
    s->state = STATE_SKIP;
    return SPLIT_BAD;
}

static enum splitter_result next_plain(struct splitter *s, struct str *record,
                                       enum event_reject *reason)
{
    struct str line;
    size_t next;
    char c = s->p[s->at];

    if (!find_line(s, &line, &next))
        return s->n - s->at > JSON_RECORD_MAX ? drop_oversized(s, record, reason) : SPLIT_NEED_MORE;
    char last = line.p[line.n - 1];
    if ((c == '{' && last == '}' && !may_hold_several(line)) ||
        (c == '[' && last == ']' && is_document(line))) {
        /* A line that opens a nested object and ends with it ("{"a": {}") also looks so; only
         * the grammar can tell, and only if such a line does not scan: that is the price
         * of not reading every line twice. Indented input is told by its next line. */
        bool may_go_on = next >= s->n || decode_is_blank(s->p[next]) || s->p[next] == '}';
        if (!may_go_on || !is_beginning(line)) {
            *record = line;
            s->at = next;
            return SPLIT_RECORD;
        }
    }
    if (c == '{')
        return take_document(s, record, reason);
    if (c == '[') {
        s->at++;
        s->state = STATE_ARRAY;
        s->index = 0;
        s->wants_comma = false;
        return SPLIT_NEED_MORE; /* go round again */
    }
    *reason = is_document(line) ? EVENT_NOT_OBJECT : EVENT_NOT_JSON;
    return skip_bad(s, false, record);
}

/* Nothing is left to read. */
static enum splitter_result at_end(struct splitter *s, struct str *record, bool *is_new_record,
                                   enum event_reject *reason)
{
    if (!s->has_ended)
        return SPLIT_NEED_MORE;
    if (s->state != STATE_ARRAY)
        return SPLIT_END;
    *is_new_record = s->index == 0;
    *record = (struct str){"", 0};
    *reason = EVENT_TRUNCATED;
    leave_array(s);
    return SPLIT_BAD;
}

enum splitter_result splitter_next(struct splitter *s, struct str *record, uint32_t *index,
                                   bool *is_new_record, enum event_reject *reason)
{
    if (!skip_mark(s))
        return SPLIT_NEED_MORE;
    for (;;) {
        *index = 0;
        *is_new_record = true;
        if (s->state == STATE_SKIP) {
            if (next_in_skip(s) == SPLIT_NEED_MORE && !s->has_ended)
                return SPLIT_NEED_MORE;
            continue;
        }
        skip_blanks(s);
        if (s->at == s->n)
            return at_end(s, record, is_new_record, reason);

        enum state before = s->state;
        enum splitter_result got = before == STATE_ARRAY
                                       ? next_in_array(s, record, index, is_new_record, reason)
                                       : next_plain(s, record, reason);
        if (got == SPLIT_END)
            continue; /* the input ends after a comma */
        if (before != s->state && (got == SPLIT_NEED_MORE || got == SPLIT_RECORD))
            continue; /* an array has begun or ended: no record by itself */
        return got;
    }
}

struct str splitter_rest(struct splitter *s)
{
    if (s->state != STATE_PLAIN || !s->is_started)
        return (struct str){0};
    skip_blanks(s);
    return rest_of(s);
}

bool splitter_is_idle(struct splitter *s)
{
    return s->state == STATE_PLAIN && s->is_started && splitter_rest(s).n == 0;
}

void splitter_took(struct splitter *s, size_t n)
{
    ASSERT(n <= s->n - s->at);
    s->at += n;
}
