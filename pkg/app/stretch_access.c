/* stretch_access.c - how the brokers are reached, which time is wanted, and what the worker's
 * configuration says of the records.
 *
 * A replay has one engine and one state: topics that a worker would treat in different ways cannot
 * be replayed together.
 */
#include "app/config.h"
#include "app/measure.h"
#include "app/stretch.h"
#include "base/str.h"
#include "base/time.h"
#include "worker/scene.h"

/* ---- time ---------------------------------------------------------------------------------- */

enum { TIME_TEXT_MIN = 10 };

static bool parse_ago(struct str text, int64_t *ms)
{
    static const struct {
        char unit;
        int64_t ms;
    } units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', 86400000}};
    int64_t n;

    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        if (text.n > 1 && text.p[text.n - 1] == units[i].unit)
            return str_to_i64(str_sub(text, 0, text.n - 1), &n) && n >= 0 &&
                   !__builtin_mul_overflow(n, units[i].ms, ms);
    return false;
}

enum weir_rc stretch_time(struct str text, int64_t now_ms, int64_t *ms, struct weir_err *err)
{
    int64_t ago = 0; /* gcc 12 under SAN=thread does not see that parse_ago() sets it */

    if (parse_ago(text, &ago) && ago <= now_ms) {
        *ms = now_ms - ago;
        return WEIR_OK;
    }
    /* Seconds since 1970 are a time, too; few digits rather lack a unit. */
    if (text.n >= TIME_TEXT_MIN && time_parse_ms(text, ms) && *ms >= 0)
        return WEIR_OK;
    return err_set(err, WEIR_BADARG,
                   "'%.*s' is no time (2026-07-25T12:00:00Z, or how long ago: 90s, 30m, 4h, 7d)",
                   (int)text.n, text.p);
}

static enum weir_rc read_bound(const char *flag, struct str text, int64_t now_ms, int64_t *ms,
                               struct weir_err *err)
{
    struct weir_err why;

    if (!text.n || stretch_time(text, now_ms, ms, &why) == WEIR_OK)
        return WEIR_OK;
    return err_set(err, WEIR_BADARG, "%s: %s", flag, why.text);
}

static enum weir_rc read_bounds(const struct stretch_options *o, struct stretch_access *out,
                                struct weir_err *err)
{
    int64_t now_ms = wall_clock_ms();

    TRY(read_bound("--from", o->from, now_ms, &out->from_ms, err));
    TRY(read_bound("--to", o->to, now_ms, &out->to_ms, err));
    if (out->from_ms >= out->to_ms)
        return err_set(err, WEIR_BADARG, "--from %.*s is not before --to %.*s", (int)o->from.n,
                       o->from.p, (int)o->to.n, o->to.p);
    return WEIR_OK;
}

/* ---- brokers ------------------------------------------------------------------------------- */

static bool has_property(const struct kafka_props *p, struct str name)
{
    for (size_t i = 0; i < p->n; i++)
        if (str_eq(p->items[i].name, name))
            return true;
    return false;
}

static enum weir_rc read_properties(const struct stretch_options *o, struct arena *a,
                                    struct stretch_access *out, struct weir_err *err)
{
    out->common.arena = out->consumer.arena = a;
    for (size_t i = 0; i < o->properties.n; i++) {
        struct str text = o->properties.items[i], name, value;
        if (!str_cut(text, '=', &name, &value))
            return err_set(err, WEIR_BADARG, "-X %.*s: NAME=VALUE is wanted", (int)text.n, text.p);
        if (has_property(&out->common, name))
            return err_set(err, WEIR_BADARG, "-X %.*s is given twice", (int)name.n, name.p);
        TRY(kafka_props_add(&out->common, KAFKA_COMMON, name, value, err));
    }
    return WEIR_OK;
}

static bool names_brokers(const struct kafka_props *p)
{
    return has_property(p, STR("bootstrap.servers")) ||
           has_property(p, STR("metadata.broker.list"));
}

/* ---- what the configuration says of the records -------------------------------------------- */

static bool same_labels(const struct config_input *a, const struct config_input *b)
{
    if (a->n_labels != b->n_labels)
        return false;
    for (size_t i = 0; i < a->n_labels; i++)
        if (!str_eq(a->labels[i].name, b->labels[i].name) ||
            !str_eq(a->labels[i].value, b->labels[i].value))
            return false;
    return true;
}

static const struct config_input no_input;

static bool same_treatment(const struct config_input *a, const struct config_input *b)
{
    return str_eq(a->profile, b->profile) && str_eq(a->tenant, b->tenant) &&
           str_eq(a->tenant_header, b->tenant_header) && same_labels(a, b);
}

static const struct config_input *input_of(const struct config *c, const char *topic)
{
    uint32_t i = scene_find_input(c, topic);

    return i == SCENE_NO_INPUT ? &no_input : &c->inputs[i];
}

/* The one input that speaks of all paths; *out NULL: nothing is said. */
static enum weir_rc find_input(const struct config *c, const struct text_list *paths,
                               struct arena *a, const struct config_input **out,
                               struct weir_err *err)
{
    struct str first = {"", 0};

    *out = NULL;
    for (size_t i = 0; i < paths->n; i++) {
        struct stretch_place place;
        const struct config_input *input = &no_input; /* of files */
        if (is_stretch(paths->items[i])) {
            TRY(stretch_place_parse(a, paths->items[i], &place, err));
            input = input_of(c, place.topic.p);
        }
        if (*out && !same_treatment(*out, input))
            return err_set(err, WEIR_UNSUPPORTED,
                           "-i %.*s and -i %.*s: the configuration gives them different profiles, "
                           "tenants or labels: replay them one at a time",
                           (int)first.n, first.p, (int)paths->items[i].n, paths->items[i].p);
        if (!*out)
            first = paths->items[i];
        *out = input;
    }
    return WEIR_OK;
}

static enum weir_rc read_tenant(struct stretch_access *out, struct str tenant, struct weir_err *err)
{
    out->tenant = tenant.n ? tenant : out->input->tenant;
    out->tenant_header = out->input->tenant_header;
    if (out->tenant_header.n && !out->tenant.n)
        return err_set(err, WEIR_BADARG,
                       "the header %.*s says whose each record is: --tenant NAME, one at a time",
                       (int)out->tenant_header.n, out->tenant_header.p);
    return WEIR_OK;
}

static enum weir_rc read_config(const struct stretch_options *o, const struct text_list *paths,
                                struct str tenant, struct arena *a, struct stretch_access *out,
                                struct weir_err *err)
{
    struct config *c = ARENA_NEW(a, struct config);
    struct config_options options = {.file = o->config, .overrides = o->properties};

    TRY(config_options_load(&options, a, c, err));
    out->common = c->common;
    out->consumer = c->consumer;
    TRY(find_input(c, paths, a, &out->input, err));
    return read_tenant(out, tenant, err);
}

enum weir_rc stretch_access_load(const struct stretch_options *o, const struct text_list *paths,
                                 struct str tenant, struct arena *a, struct stretch_access *out,
                                 struct weir_err *err)
{
    *out = (struct stretch_access){.from_ms = INT64_MIN, .to_ms = INT64_MAX, .tenant = tenant};
    TRY(read_bounds(o, out, err));
    if (o->config.n)
        TRY(read_config(o, paths, tenant, a, out, err));
    else
        TRY(read_properties(o, a, out, err));
    if (!names_brokers(&out->common) && !names_brokers(&out->consumer))
        return err_set(err, WEIR_BADARG,
                       "no broker is named: -X bootstrap.servers=HOST:PORT, or -c weir.yml");
    return WEIR_OK;
}

void stretch_constants(const struct stretch_access *access, struct arena *a,
                       const struct text_list *set, struct text_list *out)
{
    const struct config_input *input = access->input;

    for (size_t i = 0; input && i < input->n_labels; i++)
        text_list_add(out, arena_printf(a, "%.*s=%.*s", (int)input->labels[i].name.n,
                                        input->labels[i].name.p, (int)input->labels[i].value.n,
                                        input->labels[i].value.p));
    for (size_t i = 0; i < set->n; i++)
        text_list_add(out, set->items[i]);
}
