/* test_redact.c - no planted secret gets out, and what is no secret stays readable. */
#include "tests/lib/canary.h"
#include "tests/lib/json_random.h"
#include "tests/lib/test.h"

#include "alert/redact.h"
#include "alert/secrets.h"
#include "alert/secrets_grams.h"
#include "base/buf.h"
#include "base/cpu.h"
#include "base/str.h"
#include "json/tree.h"
#include "json/write.h"

#include <stdlib.h>
#include <unistd.h>

static struct arena *arena;
static struct digest *digest;
static struct redactor *redactor;

static struct redacted value_of(struct str value, size_t max)
{
    static struct event_tree empty;

    redactor_begin(redactor, arena, &empty);
    return redact_value(redactor, STR("field"), value, max);
}

/* Letters, digits, + and /: what keys without a name are made of. */
static bool is_run_byte(char c)
{
    char letter = ascii_lower(c);

    return (letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

/* What the vector kernel must say of a text, place by place. */
static uint64_t plain_grams(const struct grams *g, struct str text)
{
    uint64_t found = 0;

    for (size_t i = 0; i < GRAMS_LANES && i + GRAMS_BYTES <= text.n; i++) {
        uint8_t shared = 0xff;
        for (size_t k = 0; k < GRAMS_BYTES; k++) {
            uint8_t byte = (uint8_t)text.p[i + k] | GRAMS_FOLD;
            shared &= byte < 128 ? g->groups[k][byte] : 0;
        }
        found |= (uint64_t)(shared != 0) << i;
    }
    return found;
}

TEST(the_kernel_finds_the_candidates_of_every_length_and_byte)
{
    struct rng r = rng_start(__func__);
    struct grams grams;

    for (int round = 0; round < 2000; round++) {
        size_t n = rng_below(&r, 80);
        char *text = malloc(n ? n : 1); /* no byte behind it may be read */
        for (size_t i = 0; i < sizeof(grams.groups); i++) {
            uint64_t bits = rng_below(&r, 65536); /* a bit is set where both bytes have it */
            grams.groups[i / 128][i % 128] = (uint8_t)(bits & bits >> 8);
        }
        for (size_t i = 0; i < n; i++)
            text[i] = (char)rng_below(&r, round % 2 ? 256 : 128);
        struct str s = {text, n};
        if (cpu_simd_max() >= SIMD_AVX2)
            CHECK(secret_grams_avx2(&grams, s) == plain_grams(&grams, s));
        if (cpu_simd_max() >= SIMD_AVX512)
            CHECK(secret_grams_avx512(&grams, s) == plain_grams(&grams, s));
        free(text);
    }
}

/* Does a run that is as long as a key end with the byte at `at`? */
static bool plain_key(struct str text, size_t at)
{
    size_t n = 0;

    if (at + 1 < text.n && is_run_byte(text.p[at + 1]))
        return false;
    while (n <= at && is_run_byte(text.p[at - n]))
        n++;
    return n == SECRET_RUN || n == SECRET_RUN + 1;
}

/* Runs of some 40 bytes, bytes of all kinds between them. */
static size_t put_runs(struct rng *r, char *out, size_t n)
{
    static const char in[] = "azAZ09+/", by[] = "=\\%\"tu-/.\x10\x1f\x80\xe1@[`{: ";
    size_t at = 0;

    while (at < n) {
        for (size_t left = rng_below(r, 4) ? 38 + rng_below(r, 6) : rng_below(r, 150);
             left > 0 && at < n; left--)
            out[at++] = in[rng_below(r, sizeof(in) - 1)];
        for (size_t left = rng_below(r, 3) ? 1 : rng_below(r, 30); left > 0 && at < n; left--)
            out[at++] = by[rng_below(r, sizeof(by) - 1)];
    }
    return at;
}

static void check_signs(secret_signs_fn *kernel, const struct secret_grams *grams, struct str text)
{
    struct secret_signs signs = {0};

    for (size_t at = 0; at < text.n; at += GRAMS_LANES) {
        struct str rest = str_sub(text, at, text.n);
        uint64_t places = kernel(grams, rest, &signs), keys = 0;
        for (size_t i = 0; i < GRAMS_LANES && i < rest.n; i++) {
            keys |= (uint64_t)(i + 1 < GRAMS_LANES && plain_key(text, at + i)) << i;
            uint8_t shared = i + GRAMS_BYTES <= rest.n ? grams_of(&grams->three, rest.p + i) : 0;
            uint8_t byte = i + GRAMS_BYTES < rest.n ? (uint8_t)rest.p[i + GRAMS_BYTES] : 0;
            CHECK_EQ(places >> i & 1, (shared & grams->fourth[(byte | GRAMS_FOLD) & 127]) != 0);
            if (rest.p[i] == '%')
                CHECK(signs.escapes >> i & 1);
        }
        CHECK_EQ(signs.keys, keys);
        CHECK_EQ(signs.has_key_before, at > 0 && plain_key(text, at - 1));
    }
    if (text.n > 0 && text.n % GRAMS_LANES == 0)
        CHECK_EQ(secret_is_key_run(signs.run), plain_key(text, text.n - 1));
}

TEST(the_kernels_find_where_runs_as_long_as_a_key_end)
{
    struct rng r = rng_start(__func__);
    struct secret_grams grams;

    for (int round = 0; round < 5000; round++) {
        size_t n = round % 3 ? rng_below(&r, 400) : GRAMS_LANES * rng_below(&r, 6);
        char *text = malloc(n ? n : 1); /* no byte behind it may be read */
        uint8_t *bytes = (uint8_t *)&grams;
        for (size_t i = 0; i < sizeof(grams); i++) { /* a quarter of the bits */
            uint32_t some = rng_below(&r, 256);
            bytes[i] = (uint8_t)(some & rng_below(&r, 256));
        }
        struct str s = {text, put_runs(&r, text, n)};
        if (cpu_simd_max() >= SIMD_AVX2)
            check_signs(secret_signs_avx2, &grams, s);
        if (cpu_simd_max() >= SIMD_AVX512)
            check_signs(secret_signs_avx512, &grams, s);
        free(text);
    }
}

TEST(no_canary_is_visible_in_any_form)
{
    size_t bad = 0;

    for (size_t i = 0; i < n_canaries; i++) {
        for (int form = 0; form < CANARY_FORMS; form++) {
            arena_reset(arena);
            struct str text = canary_render(arena, &canaries[i], (enum canary_form)form);
            CHECK(canary_is_visible(arena, &canaries[i], text)); /* else it proves nothing */
            struct redacted out = value_of(text, 1 << 20);
            if (!canary_is_visible(arena, &canaries[i], out.text))
                continue;
            print_error("form %d of \"%s\": %.*s\n", form, canaries[i].text, (int)out.text.n,
                        out.text.p);
            bad++;
        }
    }
    CHECK_EQ(bad, 0);
}

/* ---- what is ruled out at once ------------------------------------------------------------ */

/* One of the ways in which a byte can be written: itself but for two of so many. */
static void put_byte(struct rng *r, struct buf *out, char c, uint32_t ways)
{
    static const char *const forms[] = {"\"\"", "\\\\", "//", "t\t", "n\n"};
    uint32_t way = rng_below(r, ways);
    bool is_short = rng_below(r, 2) == 0;

    for (size_t i = 0; i < ARRAY_LEN(forms) && is_short; i++) {
        if (forms[i][1] != c)
            continue;
        buf_add_char(out, '\\');
        buf_add_char(out, forms[i][0]);
        return;
    }
    if (way == 0)
        buf_printf(out, "\\u00%02x", (unsigned)(uint8_t)c);
    else if (way == 1)
        buf_printf(out, "%%%02X", (unsigned)(uint8_t)c);
    else
        buf_add_char(out, c);
}

/* A piece of a canary, now and then written with escapes, and these with escapes again. */
static void random_text(struct rng *r, struct buf *out)
{
    /* beside the canaries: a quote inside an anchor, a run without a name */
    static const char *const others[] = {"net.exe\" user bob Pw1!xyz",
                                         "net1.exe\" user bob Pw1!xyz",
                                         ("\twJalrXUtnFEMI/K7MDENG/"
                                          "bPxRfiCYzEX4MPLEK3")};
    struct buf before = {0};
    uint32_t which = rng_below(r, (uint32_t)(n_canaries + ARRAY_LEN(others)));
    struct str whole =
        str_from(which < n_canaries ? canaries[which].text : others[which - n_canaries]);
    uint32_t rounds = rng_below(r, 3), ways = rng_below(r, 2) ? 16 : 1024;

    buf_clear(out);
    for (uint32_t i = rng_below(r, 90); i > 0; i--)
        buf_add_char(out, (char)(rng_below(r, 4) ? 'x' : ' '));
    buf_add(out, str_sub(whole, rng_below(r, 4) ? 0 : rng_below(r, (uint32_t)whole.n), whole.n));
    for (uint32_t i = 0; i < rounds; i++) {
        buf_clear(&before);
        buf_add(&before, buf_str(out));
        buf_clear(out);
        for (size_t k = 0; k < before.n; k++)
            put_byte(r, out, before.p[k], ways);
    }
    buf_release(&before);
}

static void count_span(void *context, struct secret_span span)
{
    *(size_t *)context += span.to > span.from;
}

static int hex_of(char c)
{
    const char *digits = "0123456789abcdef", *at = c ? strchr(digits, ascii_lower(c)) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* Bytes used by the escape at the begin of s, 0 if there is none. */
static size_t plain_decode(struct str s, char *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *known = s.n > 1 && s.p[0] == '\\' && s.p[1] ? strchr(from, s.p[1]) : NULL;
    size_t digits = s.p[0] == '%' ? 1 : 2, n = s.p[0] == '%' ? 2 : 4;
    int code = 0;

    if (known) {
        *out = to[known - from];
        return 2;
    }
    if (s.n < digits + n || (s.p[0] != '%' && (s.p[0] != '\\' || s.p[1] != 'u')))
        return 0;
    for (size_t i = digits; i < digits + n; i++) {
        if (hex_of(s.p[i]) < 0)
            return 0;
        code = code * 16 + hex_of(s.p[i]);
    }
    *out = n == 4 && code > 127 ? '?' : (char)code;
    return digits + n;
}

static size_t n_ruled_out; /* parts */

/* Spans in the text and in what three rounds of decoding make of it. */
static size_t spans_of(struct str text)
{
    size_t n = text.n, count = 0;
    char *now = arena_alloc(arena, n + 1);

    memcpy(now, text.p, n);

    for (int round = 0; round <= REDACT_ROUNDS; round++) {
        secrets_find((struct str){now, n}, count_span, &count);
        size_t kept = 0;
        for (size_t i = 0; i < n;) {
            char c = now[i];
            size_t used = plain_decode((struct str){now + i, n - i}, &c);
            now[kept++] = c;
            i += used ? used : 1;
        }
        n = kept;
    }
    return count;
}

/* Would the parts before and behind this place share a run of letters and digits? */
static bool cuts_run(struct str text, size_t at)
{
    return at > 0 && at < text.n && is_run_byte(text.p[at - 1]) && is_run_byte(text.p[at]);
}

/* Parts of the text, as they stand and as what they say as strings of JSON. */
static void check_parts(struct rng *r, struct str text)
{
    struct secret_places places;

    secrets_places(text, &places);
    for (size_t from = 0; from < text.n; from += 1 + rng_below(r, 40)) {
        struct str part = str_sub(text, from, rng_below(r, 60));
        char *said = arena_alloc(arena, part.n + 1);
        size_t n = 0;
        for (size_t i = 0; i < part.n; n++) {
            said[n] = part.p[i];
            size_t used = part.p[i] == '\\' ? plain_decode(str_sub(part, i, part.n), &said[n]) : 0;
            i += used ? used : 1;
        }
        if (cuts_run(text, from) || cuts_run(text, from + part.n) ||
            !secrets_ruled_out(&places, from, from + part.n))
            continue;
        n_ruled_out++;
        if (spans_of(part) != 0 || spans_of((struct str){said, n}) != 0)
            fail_msg("%.*s has %.*s", (int)text.n, text.p, (int)part.n, part.p);
    }
}

/* A key without a name, as a string of JSON: `before` bytes and some places of other kinds stand
 * before it, a letter of an escape perhaps, and something behind it or nothing. */
static void check_key_at(size_t before, size_t n_others, const char *escape, const char *behind)
{
    struct secret_places places;
    struct str key = arena_printf(arena, "%swJalrXUtnFEMI/K7MDENG+bPxRfiCYzEX4MPLEK3", escape);
    struct str text = arena_printf(arena, "%*s%.*s%s", (int)before, "", (int)key.n, key.p, behind);
    char *bytes = malloc(text.n); /* no byte behind it may be read */

    memcpy(bytes, text.p, text.n);
    memset(bytes, '%', n_others < before ? n_others : before);
    secrets_places((struct str){bytes, text.n}, &places);
    if (secrets_ruled_out(&places, before, before + key.n))
        fail_msg("behind %zu bytes, %zu places: %s", before, n_others, behind);
    free(bytes);
}

TEST(a_key_without_a_name_is_never_ruled_out_wherever_it_stands)
{
    static const char *const escapes[] = {"", "\\n", "\\\\n"}, *const behind[] = {"", "\"", "=\"}"};

    for (size_t before = 0; before < 3 * GRAMS_LANES; before++) {
        arena_reset(arena);
        for (size_t i = 0; i < ARRAY_LEN(escapes) * ARRAY_LEN(behind); i++)
            for (size_t n_others = 0; n_others <= SECRET_PLACES_MAX + 1; n_others++)
                check_key_at(before, n_others, escapes[i % ARRAY_LEN(escapes)],
                             behind[i / ARRAY_LEN(escapes)]);
    }
}

TEST(what_is_ruled_out_has_no_secret_in_any_form)
{
    struct rng r = rng_start(__func__);
    struct buf text = {0};
    size_t n_out = 0, n_in = 0;

    for (int round = 0; round < 20000; round++) {
        arena_reset(arena);
        random_text(&r, &text);
        char *copy = malloc(text.n ? text.n : 1); /* no byte behind it may be read */
        memcpy(copy, text.p, text.n);
        struct str s = {copy, text.n};
        check_parts(&r, s);
        if (!secrets_possible(s)) {
            n_out++;
            if (spans_of(s) != 0)
                fail_msg("ruled out: %.*s", (int)s.n, s.p);
        } else {
            n_in++;
        }
        free(copy);
    }
    CHECK(n_in > 0);
    CHECK((n_out > 0 && n_ruled_out > 0) || cpu_simd() < SIMD_AVX2);
    buf_release(&text);
}

/* ---- values -------------------------------------------------------------------------------- */

/* The first eight bytes of a secret are already too much of it. */
TEST(a_secret_across_the_cut_is_gone_as_a_whole)
{
    for (size_t i = 0; i < n_canaries; i++) {
        struct canary head = canaries[i];
        size_t n = strlen(head.text);

        for (size_t over = 0; over <= n; over += 3) {
            arena_reset(arena);
            size_t pad = 8192 - n + over;
            char *text = arena_alloc(arena, pad + 1 + 20000 + n);
            memset(text, 'x', pad);
            text[pad - 1] = ' ';
            memcpy(text + pad, head.text, n);
            memset(text + pad + n, ' ', 20000);
            struct redacted out = value_of((struct str){text, pad + n + 20000}, 8192);
            struct str start = str_sub(str_from(head.secret), 0, 8);
            CHECK(out.is_cut);
            CHECK(out.text.n <= 8192);
            if (str_find(out.text, start, 0) != SIZE_MAX)
                fail_msg("\"%s\" %zu over: %.*s", head.text, over, 80,
                         out.text.p + (out.text.n > 80 ? out.text.n - 80 : 0));
        }
    }
}

TEST(what_is_no_secret_stays)
{
    static const char *const rows[] = {
        "",
        "C:\\Windows\\System32\\cmd.exe /c whoami",
        "an attempt was made to reset an account's password.",
        "PasswordLastSet: 1/1/2026",
        "TokenElevationType: %%1936",
        "ElevatedToken: %%1842",
        "mscorlib, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089",
        "mkdir -p build/out",
        "mkdir -p out",
        "ssh -p 2222 host",
        "msbuild /p:Configuration=Release",
        "authorization.k8s.io/decision: allow",
        "/api/v1/namespaces/payments/secrets?limit=500",
        "HKLM\\System\\CurrentControlSet\\Control\\Lsa\\Key: x",
        "PWD=/root ; USER=root",
        "docker run -u 1000:1000 image",
        "basic authentication failed",
        "disk-0123456789-abcdefghij-klmnop",
        "SHA1=da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "MD5=D41D8CD98F00B204E9800998ECF8427E,IMPHASH=00000000000000000000000000000000",
        "SHA1=A9993E364706816ABA3E25717850C26C9CD0D89D,IMPHASH=AB8BB31EDD91D2A05FE7B62A535E9EB7",
        "/usr/share/applications/defaultSettings/",
        "https://user@host.example/path",
        "https://host.example/path?a=b@c",
        "arn:aws:iam::123456789012:user/bob",
        "S-1-5-21-1004336348-1177238915-682003330-512",
        "{0e9aa1d5-1a8c-4b6e-9a6b-7d3c7e1d2f00}",
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        arena_reset(arena);
        CHECK_STR(value_of(str_from(rows[i]), 4096).text, rows[i]);
    }
}

TEST(the_text_around_a_secret_stays)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"mysql --password hunter2 -h db", "mysql --password [redacted:password] -h db"},
        {"a https://u:pw@h/p b", "a https://u:[redacted:url_password]@h/p b"},
        {"k=1&access_token=abc&z=2", "k=1&access_token=[redacted:secret]&z=2"},
        {"{\\\"password\\\":\\\"x\\\",\\\"b\\\":1}",
         "{\\\"password\\\":\\\"[redacted:password]\\\",\\\"b\\\":1}"},
        {"q=password%3Dhunter2%26b", "q=password%3D[redacted:password]%26b"},
        {"password= token: abc", "password= [redacted:password] [redacted:secret]"},
        {"password:\r\nSubject: x", "password:\r\nSubject: x"},
        {"AKIAIOSFODNN7EXAMPLE,AKIAIOSFODNN7EXAMPLF",
         "[redacted:aws_key_id],[redacted:aws_key_id]"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        arena_reset(arena);
        CHECK_STR(value_of(str_from(rows[i].text), 4096).text, rows[i].want);
    }
}

TEST(names_of_fields_tell_secrets)
{
    static const struct {
        const char *name;
        bool is_secret;
    } rows[] = {
        {"password", true},
        {"Password", true},
        {"user.password", true},
        {"client_secret", true},
        {"X-Api-Key", true},
        {"accessToken", true},
        {"SecretAccessKey", true},
        {"credentials", true},
        {"db_pass", true},
        {"Authorization", true},
        {"PasswordLastSet", false},
        {"TokenElevationType", false},
        {"secretName", false},
        {"ElevatedToken", false},
        {"PublicKeyToken", false},
        {"key", false},
        {"compass", false},
        {"Keywords", false},
        {"authorization.k8s.io/decision", false},
        {"", false},
    };
    enum secret_kind kind;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (secret_name(str_from(rows[i].name), &kind) != rows[i].is_secret)
            fail_msg("%s", rows[i].name);
}

static struct redacted record_of(struct str text, size_t max, struct str probe,
                                 struct redacted *probed)
{
    struct event_tree event = {0};
    struct json_node *root = NULL;
    size_t at;

    CHECK_EQ(json_tree_parse_lent(arena, text, &root, &at), 0);
    event.root = root;
    redactor_begin_record(redactor, arena, &event, text);
    *probed = redact_value(redactor, STR("args"), probe, 4096);
    return redact_record(redactor, text, max);
}

/* Values around a text that may be secret, with and without escapes, in objects and arrays. */
static void random_value(struct rng *r, struct json_writer *w, struct str text, int depth)
{
    static const char *const keys[] = {"a", "Image", "to\\ken", "C:\\x", "name", "Key\"", "args"};
    uint32_t kind = rng_below(r, depth > 2 ? 3 : 5);

    if (kind < 2) {
        json_put_str(w, kind ? text : str_sub(text, 0, rng_below(r, 5)));
    } else if (kind == 2) {
        json_put_i64(w, (int64_t)rng_below(r, 1000));
    } else if (kind == 3) {
        json_open_array(w);
        for (uint32_t i = rng_below(r, 4); i > 0; i--)
            random_value(r, w, text, depth + 1);
        json_close_array(w);
    } else {
        json_open_object(w);
        for (uint32_t i = rng_below(r, 5); i > 0; i--) {
            json_key(w, str_from(keys[rng_below(r, ARRAY_LEN(keys))]));
            random_value(r, w, text, depth + 1);
        }
        json_close_object(w);
    }
}

static void add_leaves_redacted(const struct json_node *node, struct buf *out)
{
    struct redacted value;

    if (node->type == JSON_T_STRING || node->type == JSON_T_NUMBER) {
        value = redact_value(redactor, STR("args"), node->text, 4096);
        buf_printf(out, "%.*s %d\n", (int)value.text.n, value.text.p, value.is_changed);
    }
    for (const struct json_node *m = node->first; m; m = m->next)
        add_leaves_redacted(m, out);
}

static void say_all(struct str text, bool has_record, struct buf *out)
{
    struct event_tree event = {0};
    struct json_node *root = NULL;
    size_t at;

    buf_clear(out);
    CHECK_EQ(json_tree_parse_lent(arena, text, &root, &at), JSON_OK);
    event.root = root;
    if (has_record)
        redactor_begin_record(redactor, arena, &event, text);
    else
        redactor_begin(redactor, arena, &event);
    add_leaves_redacted(root, out);
    buf_add(out, redact_record(redactor, text, 1 << 20).text);
}

TEST(what_the_record_rules_out_needs_no_search)
{
    struct rng r = rng_start(__func__);
    struct buf text = {0}, record = {0}, want = {0}, got = {0};

    for (int round = 0; round < 3000; round++) {
        struct json_writer w;

        arena_reset(arena);
        buf_clear(&record);
        random_text(&r, &text);
        json_writer_init(&w, &record);
        random_value(&r, &w, buf_str(&text), 0);
        say_all(buf_str(&record), false, &want);
        say_all(buf_str(&record), true, &got);
        if (!str_eq(buf_str(&got), buf_str(&want)))
            fail_msg("%.*s\ngot %.*s\nwanted %.*s", (int)record.n, record.p, (int)got.n, got.p,
                     (int)want.n, want.p);
    }
    buf_release(&text);
    buf_release(&record);
    buf_release(&want);
    buf_release(&got);
}

TEST(secrets_by_place_are_gone_from_the_record_and_from_loose_values)
{
    static const struct {
        const char *record, *want, *value;
    } rows[] = {
        {"{\"a\": 1, \"password\": \"hunter2\"}", "{\"a\":1,\"password\":\"[redacted:password]\"}",
         "hunter2"},
        {"{\"args\":[\"mysql\",\"-p\",\"hunter2\"]}",
         "{\"args\":[\"mysql\",\"-p\",\"[redacted:password]\"]}", "hunter2"},
        {"{\"args\":[\"x\",\"--token\",\"abc\"]}",
         "{\"args\":[\"x\",\"--token\",\"[redacted:secret]\"]}", "abc"},
        {"{\"env\":[{\"name\":\"DB_PASSWORD\",\"value\":\"hunter2\"}]}",
         "{\"env\":[{\"name\":\"DB_PASSWORD\",\"value\":\"[redacted:password]\"}]}", "hunter2"},
        {"{\"secret\":12345}", "{\"secret\":\"[redacted:secret]\"}", "12345"},
        {"{\"token\":[\"abc\",\"def\"]}",
         "{\"token\":[\"[redacted:secret]\",\"[redacted:secret]\"]}", "def"},
        {"{\"AKIAIOSFODNN7EXAMPLE\":1}", "{\"[redacted:aws_key_id]\":1}", "AKIAIOSFODNN7EXAMPLE"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        arena_reset(arena);
        struct redacted probed;
        struct redacted out =
            record_of(str_from(rows[i].record), 8192, str_from(rows[i].value), &probed);
        CHECK_STR(out.text, rows[i].want);
        CHECK(probed.is_changed);
    }
}

TEST(a_record_without_secrets_keeps_its_bytes)
{
    const char *text = "{ \"b\" : [1, 2.50], \"a\":\"\\u00e9\\/x\" }";
    struct redacted probed;
    struct redacted out = record_of(str_from(text), 8192, STR("x"), &probed);

    CHECK_STR(out.text, text);
    CHECK(!out.is_changed && !out.is_cut);
}

TEST(a_cut_never_splits_a_character)
{
    struct redacted probed;

    for (size_t max = 5; max < 20; max++) {
        struct redacted out = record_of(STR("{\"k\":\"\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa9\"}"),
                                        max, STR("x"), &probed);
        size_t n = out.text.n;
        CHECK(n <= max);
        CHECK(n == 18 || n == max || ((uint8_t)out.text.p[n] & 0xc0) != 0x80);
    }
}

TEST(too_many_secrets_show_nothing)
{
    struct redacted probed;
    char *text = arena_alloc(arena, 64 * 400);
    size_t n = 1;

    text[0] = '[';
    for (int i = 0; i < 300; i++)
        n += (size_t)snprintf(text + n, 64, "%s{\"password\":\"c4n4ry%04d\"}", i ? "," : "", i);
    text[n++] = ']';
    struct redacted out = record_of((struct str){text, n}, 8192, STR("c4n4ry0299"), &probed);
    CHECK_STR(out.text, "[redacted:overflow]");
    CHECK_STR(probed.text, "[redacted:overflow]");
}

/* Texts that make every pattern look far and find nothing, or find and look again. */
TEST(hostile_texts_take_linear_time)
{
    static const char *const pieces[] = {
        "eyJ",      "eyJa.",        "password=", "password: ", "--password ",
        "=-p",      " -p ",         "=-u",       "cookie:",    "authorization:",
        "bearer=",  "Bearer ",      "://",       "://a:",      "-----BEGIN PRIVATE KEY",
        "token=\"", "token='\"`",   "net user ", "net use \"", "AKIA",
        "sk-",      "%25",          "\\u0041",   "\\\"",       "0Q~",
        "key=",     "aB3d/E5gH7jK", "=",         "/p:",        "mysql -p",
    };
    size_t n = 1 << 19;
    char *text = malloc(n);

    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        size_t step = strlen(pieces[i]);
        for (size_t k = 0; k + step <= n; k += step)
            memcpy(text + k, pieces[i], step);
        arena_reset(arena);
        alarm(20); /* a quadratic look would take minutes */
        value_of((struct str){text, n - n % step}, 1 << 20);
        alarm(0);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENTRY(the_kernel_finds_the_candidates_of_every_length_and_byte),
        ENTRY(the_kernels_find_where_runs_as_long_as_a_key_end),
        ENTRY(no_canary_is_visible_in_any_form),
        ENTRY(a_key_without_a_name_is_never_ruled_out_wherever_it_stands),
        ENTRY(what_is_ruled_out_has_no_secret_in_any_form),
        ENTRY(a_secret_across_the_cut_is_gone_as_a_whole),
        ENTRY(what_is_no_secret_stays),
        ENTRY(the_text_around_a_secret_stays),
        ENTRY(names_of_fields_tell_secrets),
        ENTRY(what_the_record_rules_out_needs_no_search),
        ENTRY(secrets_by_place_are_gone_from_the_record_and_from_loose_values),
        ENTRY(a_record_without_secrets_keeps_its_bytes),
        ENTRY(a_cut_never_splits_a_character),
        ENTRY(too_many_secrets_show_nothing),
        ENTRY(hostile_texts_take_linear_time),
    };

    arena = arena_new(0);
    digest = digest_new();
    redactor = redactor_new(digest);
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    redactor_free(redactor);
    digest_free(digest);
    arena_free(arena);
    return rc;
}
