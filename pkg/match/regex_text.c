/* regex_text.c - which text must be in a value for a pattern to have a chance?
 *
 * A small recursive reader of PCRE syntax that only knows what it is sure of. Every piece of a
 * pattern is one of a character    goes on with the run of characters before it nothing wide   ^ $
 * \b look-around: the run goes on across it something else ends the run and a run that every match
 * must contain is a proof. A group proves what each of its branches proves. Of all proofs of a
 * pattern the one with the longest shortest text is kept. Whatever this file does not know
 * (recursion, conditions, comments by (?x) ...) makes it prove nothing, which is always right.
 *
 * Texts are folded by ASCII as soon as some part of the pattern is caseless. Caseless UTF
 * matching lets k and s match U+212A and U+017F, which ASCII folding leaves alone: runs break
 * there.
 */
#include "match/regex.h"

#include "base/str.h"
#include "base/utf8.h"

enum { DEPTH_MAX = 32, RUN_MAX = 256, CLASS_MAX = 4 /* members that a proof goes on with */ };

/* Every match contains one of these; n = 0: nothing is proven. */
struct proof {
    struct str *texts; /* REGEX_TEXTS_MAX of them */
    size_t n;
};

struct reader {
    struct arena *a;
    struct str s;
    size_t at;
    bool is_caseless; /* some part of the pattern is */
    bool is_lost;     /* something unknown was met: nothing is proven */
    char run[RUN_MAX];
    size_t run_n;
};

static size_t shortest(const struct proof *p)
{
    size_t n = SIZE_MAX;

    for (size_t i = 0; i < p->n; i++)
        n = p->texts[i].n < n ? p->texts[i].n : n;
    return p->n ? n : 0;
}

static bool is_better(const struct proof *p, const struct proof *than)
{
    size_t a = shortest(p), b = shortest(than);

    return a > b || (a == b && p->n < than->n);
}

static void proof_init(struct reader *r, struct proof *p)
{
    p->texts = ARENA_ARRAY(r->a, REGEX_TEXTS_MAX, struct str);
    p->n = 0;
}

/* The run of characters ends here: is it the best proof of this branch? */
static void run_end(struct reader *r, struct proof *best)
{
    struct proof run = {&(struct str){r->run, r->run_n}, 1};

    if (r->run_n && is_better(&run, best)) {
        best->texts[0] = arena_str(r->a, run.texts[0]);
        best->n = 1;
    }
    r->run_n = 0;
}

static bool peek(const struct reader *r, struct str text)
{
    return str_starts(str_sub(r->s, r->at, r->s.n), text);
}

/* ---- pieces ------------------------------------------------------------------ */

enum piece_kind { PIECE_CHARACTER, PIECE_ONE_OF, PIECE_EMPTY, PIECE_OPAQUE, PIECE_GROUP };

struct piece {
    enum piece_kind kind;
    struct str text;    /* PIECE_CHARACTER; PIECE_ONE_OF: a byte each */
    struct proof proof; /* PIECE_GROUP */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int hex_value(char c)
{
    if (is_digit(c))
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A character that stands for itself, as proof text: folded where the pattern is caseless, opaque
 * where a caseless match of it is not a matter of ASCII. */
static void character(struct reader *r, struct piece *p, struct str text)
{
    *p = (struct piece){.kind = PIECE_CHARACTER, .text = text};
    if (!r->is_caseless)
        return;
    char c = text.n == 1 ? ascii_lower(text.p[0]) : '\0';
    if (text.n != 1 || (unsigned char)c >= 0x80 || c == 'k' || c == 's')
        p->kind = PIECE_OPAQUE;
    else
        p->text = arena_str(r->a, (struct str){&c, 1});
}

static void character_of(struct reader *r, struct piece *p, char c)
{
    character(r, p, arena_str(r->a, (struct str){&c, 1}));
}

/* \xHH with exactly two digits below 0x80; every other way of writing \x is not known. */
static void hex_escape(struct reader *r, struct piece *p)
{
    int high = r->at < r->s.n ? hex_value(r->s.p[r->at]) : -1;
    int low = r->at + 1 < r->s.n ? hex_value(r->s.p[r->at + 1]) : -1;

    if (high < 0 || high >= 8 || low < 0) {
        r->is_lost = true;
        return;
    }
    r->at += 2;
    character_of(r, p, (char)(high * 16 + low));
}

/* r->at is behind the backslash. */
static void escape(struct reader *r, struct piece *p)
{
    static const char names[] = "tnrfea", meanings[] = "\t\n\r\f\033\a";

    if (r->at == r->s.n) {
        r->is_lost = true;
        return;
    }
    char c = r->s.p[r->at];
    const char *name = c ? strchr(names, c) : NULL;
    bool is_letter = ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z';
    r->at++;
    if (name)
        character_of(r, p, meanings[name - names]);
    else if (c && strchr("dDsSwWhHvVR", c))
        p->kind = PIECE_OPAQUE;
    else if (c && strchr("bBAzZG", c))
        p->kind = PIECE_EMPTY;
    else if (c == 'x')
        hex_escape(r, p);
    else if (is_letter || is_digit(c))
        r->is_lost = true;
    else {
        size_t n = utf8_char(r->s, r->at - 1);
        character(r, p, str_sub(r->s, r->at - 1, n));
        r->at += n - 1;
    }
}

/* The members of a class, folded: each once. */
struct members {
    char at[CLASS_MAX];
    size_t n;
    bool is_plain; /* these are all */
};

static void member_add(struct reader *r, struct members *m, char c)
{
    c = ascii_lower(c);
    if (memchr(m->at, c, m->n))
        return;
    if ((unsigned char)c >= 0x80 || !c || m->n == CLASS_MAX)
        m->is_plain = false;
    else if (m->n > 0 && r->is_caseless && (c == 'k' || c == 's' || memchr("ks", m->at[0], 2)))
        m->is_plain = false; /* as in character() */
    else
        m->at[m->n++] = c;
}

static void class_end(struct reader *r, struct piece *p, const struct members *m)
{
    if (!m->is_plain || m->n == 0)
        return;
    if (m->n == 1)
        character_of(r, p, m->at[0]);
    else
        *p = (struct piece){PIECE_ONE_OF, arena_str(r->a, (struct str){m->at, m->n}), {0}};
}

/* [x], [\.], [Xx]: members that fold to one ASCII character stand for it; a few that do not are one
 * of these. Any other class is opaque. r->at is behind the '['. */
static void class(struct reader *r, struct piece *p)
{
    struct members m = {.is_plain = true};
    bool is_first = true;

    p->kind = PIECE_OPAQUE;
    if (r->at < r->s.n && r->s.p[r->at] == '^')
        m.is_plain = false, r->at++;
    for (; r->at < r->s.n; is_first = false) {
        char c = r->s.p[r->at++];
        if (c == ']' && !is_first) {
            class_end(r, p, &m);
            return;
        }
        if (c == '[' && r->at < r->s.n && memchr(":.=", r->s.p[r->at], 3)) {
            /* [[:alpha:]]: where it ends depends on details; give up. */
            break;
        }
        if (c == '\\') {
            if (r->at == r->s.n || memchr("QE", r->s.p[r->at], 2))
                break;
            c = r->s.p[r->at++];
            m.is_plain &= !(is_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z'));
        } else if (c == '-') {
            m.is_plain = false;
        }
        member_add(r, &m, c);
    }
    r->is_lost = true;
}

static void alternatives(struct reader *r, unsigned depth, struct proof *out);

/* Letters of a flag group up to ':' or ')'. False if it is none that we know. */
static bool flag_group(struct reader *r, bool *is_open)
{
    for (; r->at < r->s.n; r->at++) {
        char c = r->s.p[r->at];
        if (c == ':' || c == ')') {
            *is_open = c == ':';
            r->at++;
            return true;
        }
        if (!memchr("-^ims", c, 5))
            return false;
    }
    return false;
}

/* <name>, 'name' or P<name> of a capturing group. */
static bool group_name(struct reader *r)
{
    if (peek(r, STR("P<")))
        r->at++;
    if (!peek(r, STR("<")) && !peek(r, STR("'")))
        return false;
    char end = r->s.p[r->at] == '<' ? '>' : '\'';
    size_t close = str_find_char(r->s, end, r->at + 1);
    if (close == SIZE_MAX)
        return false;
    r->at = close + 1;
    return true;
}

/* What stands behind "(?": how the contents count. */
static bool group_head(struct reader *r, struct piece *p, bool *has_contents)
{
    static const struct str around[] = {{"=", 1}, {"!", 1}, {"<=", 2}, {"<!", 2}};

    *has_contents = true;
    p->kind = PIECE_GROUP;
    for (size_t i = 0; i < ARRAY_LEN(around); i++)
        if (peek(r, around[i])) {
            r->at += around[i].n;
            p->kind = PIECE_EMPTY;
            return true;
        }
    if (peek(r, STR(">")) || peek(r, STR("|"))) {
        r->at++;
        return true;
    }
    if (group_name(r))
        return true;
    bool is_open = false;
    if (!flag_group(r, &is_open))
        return false;
    if (!is_open) {
        *has_contents = false;
        p->kind = PIECE_EMPTY;
    }
    return true;
}

/* r->at is behind the '('. The run of the branch around it is kept aside. */
static void group(struct reader *r, unsigned depth, struct piece *p)
{
    bool has_contents = true;

    p->kind = PIECE_GROUP;
    if (peek(r, STR("*"))) {
        r->is_lost = true;
        return;
    }
    if (peek(r, STR("?"))) {
        r->at++;
        if (!group_head(r, p, &has_contents)) {
            r->is_lost = true;
            return;
        }
    }
    if (!has_contents)
        return;
    char saved[RUN_MAX];
    size_t saved_n = r->run_n;
    memcpy(saved, r->run, saved_n);
    r->run_n = 0;
    alternatives(r, depth + 1, &p->proof);
    memcpy(r->run, saved, saved_n);
    r->run_n = saved_n;
    if (!peek(r, STR(")")))
        r->is_lost = true;
    else
        r->at++;
}

/* ---- quantifiers ------------------------------------------------------------- */

enum count { COUNT_ONE, COUNT_MANY, COUNT_MAYBE };

/* {n}, {n,}, {n,m}. A brace before anything but a digit, a comma or a blank stands for itself; what
 * else there could be differs between versions of PCRE2 ({,m} and blanks inside). */
static bool braces(struct reader *r, enum count *count)
{
    size_t at = r->at + 1, digits = 0;
    bool is_zero = true;

    for (; at < r->s.n && is_digit(r->s.p[at]); at++, digits++)
        is_zero &= r->s.p[at] == '0';
    if (digits == 0) {
        r->is_lost |= at < r->s.n && memchr(", \t", r->s.p[at], 3);
        return false;
    }
    if (at < r->s.n && r->s.p[at] == ',')
        for (at++; at < r->s.n && is_digit(r->s.p[at]);)
            at++;
    if (at == r->s.n || r->s.p[at] != '}') {
        r->is_lost = true;
        return false;
    }
    r->at = at + 1;
    *count = is_zero ? COUNT_MAYBE : COUNT_MANY;
    return true;
}

static enum count quantifier(struct reader *r)
{
    enum count count = COUNT_ONE;

    if (r->at == r->s.n)
        return count;
    char c = r->s.p[r->at];
    if (c == '?' || c == '*' || c == '+') {
        count = c == '+' ? COUNT_MANY : COUNT_MAYBE;
        r->at++;
    } else if (c != '{' || !braces(r, &count)) {
        return count;
    }
    if (peek(r, STR("?")) || peek(r, STR("+")))
        r->at++; /* lazy, possessive */
    return count;
}

/* ---- branches ---------------------------------------------------------------- */

static void piece(struct reader *r, unsigned depth, struct piece *p)
{
    char c = r->s.p[r->at++];

    *p = (struct piece){.kind = PIECE_OPAQUE};
    switch (c) {
    case '\\':
        escape(r, p);
        break;
    case '[':
        class(r, p);
        break;
    case '(':
        group(r, depth, p);
        break;
    case '.':
        break;
    case '^':
    case '$':
        p->kind = PIECE_EMPTY;
        break;
    case '*':
    case '+':
    case '?':
        r->is_lost = true;
        break;
    default: {
        size_t n = utf8_char(r->s, r->at - 1);
        character(r, p, str_sub(r->s, r->at - 1, n));
        r->at += n - 1;
    }
    }
}

static void run_add(struct reader *r, struct proof *best, struct str text)
{
    if (r->run_n + text.n > RUN_MAX)
        run_end(r, best);
    memcpy(r->run + r->run_n, text.p, text.n);
    r->run_n += text.n;
}

/* The run goes on with one of a few characters: so many texts, each longer by one. */
static void run_end_with(struct reader *r, struct proof *best, struct str members)
{
    struct str texts[CLASS_MAX];
    struct proof longer = {texts, members.n};

    if (r->run_n == 0 || r->run_n == RUN_MAX)
        return;
    for (size_t i = 0; i < members.n; i++) {
        r->run[r->run_n] = members.p[i];
        texts[i] = arena_str(r->a, (struct str){r->run, r->run_n + 1});
    }
    if (!is_better(&longer, best))
        return;
    memcpy(best->texts, texts, members.n * sizeof(texts[0]));
    best->n = members.n;
}

static void take(struct reader *r, const struct piece *p, enum count count, struct proof *best)
{
    if (p->kind == PIECE_EMPTY && count == COUNT_ONE)
        return;
    if (p->kind == PIECE_CHARACTER && count != COUNT_MAYBE)
        run_add(r, best, p->text);
    if (p->kind == PIECE_CHARACTER && count == COUNT_ONE)
        return;
    if (p->kind == PIECE_ONE_OF && count != COUNT_MAYBE)
        run_end_with(r, best, p->text);
    run_end(r, best);
    if (p->kind == PIECE_GROUP && count != COUNT_MAYBE && is_better(&p->proof, best))
        *best = p->proof;
}

static void branch(struct reader *r, unsigned depth, struct proof *best)
{
    proof_init(r, best);
    r->run_n = 0;
    while (!r->is_lost && r->at < r->s.n && r->s.p[r->at] != '|' && r->s.p[r->at] != ')') {
        struct piece p;
        piece(r, depth, &p);
        take(r, &p, quantifier(r), best);
    }
    run_end(r, best);
}

/* All branches must prove something, else the whole proves nothing. */
static void alternatives(struct reader *r, unsigned depth, struct proof *out)
{
    bool is_proven = true;

    proof_init(r, out);
    if (depth > DEPTH_MAX)
        r->is_lost = true;
    while (!r->is_lost) {
        struct proof one;
        branch(r, depth, &one);
        is_proven &= one.n > 0 && out->n + one.n <= REGEX_TEXTS_MAX;
        for (size_t i = 0; is_proven && i < one.n; i++)
            out->texts[out->n++] = one.texts[i];
        if (r->at == r->s.n || r->s.p[r->at] != '|')
            break;
        r->at++;
    }
    if (!is_proven || r->is_lost)
        out->n = 0;
}

/* Some flag group of the pattern has an i; a wrong yes costs only a shorter text. */
static bool has_caseless_group(struct str pattern)
{
    for (size_t at = 0; (at = str_find(pattern, STR("(?"), at)) != SIZE_MAX;) {
        at += 2;
        for (size_t i = at; i < pattern.n && pattern.p[i] != ')' && pattern.p[i] != ':'; i++)
            if (pattern.p[i] == 'i')
                return true;
    }
    return false;
}

size_t regex_required_texts(struct arena *a, const struct regex *regex,
                            struct str out[REGEX_TEXTS_MAX])
{
    struct reader r = {.s = regex->pattern};
    struct proof all;

    if (r.s.n == 0 || r.s.n > REGEX_PATTERN_MAX || memchr(r.s.p, '\0', r.s.n))
        return 0;
    r.a = arena_new(0);
    r.is_caseless = regex->is_caseless || has_caseless_group(regex->pattern);
    alternatives(&r, 0, &all);
    if (r.is_lost || r.at != r.s.n)
        all.n = 0;
    for (size_t i = 0; i < all.n; i++)
        out[i] = arena_str(a, all.texts[i]);
    arena_free(r.a);
    return all.n;
}
