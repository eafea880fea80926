/* secrets_shape.c - secrets that their own text gives away: a prefix and so many bytes of some
 * classes, or a form of its own.
 *
 * Looks ahead are bounded, or remember how far they went (struct secret_search): all stays linear
 * in the text.
 */
#include "alert/secrets_impl.h"

enum { URL_USER_MAX = 512 };

/* prefix + at least n_min bytes of the classes */
bool secret_check_token(struct secret_search *s, const struct secret_pattern *p, size_t at,
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
bool secret_check_mixed_token(struct secret_search *s, const struct secret_pattern *p, size_t at,
                              struct secret_span *out)
{
    uint8_t seen = 0;

    if (!secret_check_token(s, p, at, out))
        return false;
    for (size_t i = at + strlen(p->anchor); i < out->to; i++)
        seen |= class_of(s->text.p[i]);
    return (seen & DIGIT) && (seen & UPPER);
}

bool secret_check_jwt(struct secret_search *s, const struct secret_pattern *p, size_t at,
                      struct secret_span *out)
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
bool secret_check_twilio(struct secret_search *s, const struct secret_pattern *p, size_t at,
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
bool secret_check_azure_secret(struct secret_search *s, const struct secret_pattern *p, size_t at,
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
bool secret_check_pem(struct secret_search *s, const struct secret_pattern *p, size_t at,
                      struct secret_span *out)
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
bool secret_check_url(struct secret_search *s, const struct secret_pattern *p, size_t at,
                      struct secret_span *out)
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
size_t secret_next_aws_key(struct str text, size_t at)
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
