/* tstats.c - tstats over a data model: a search of the model's events, then stats.
 *
 *     | tstats OPTION=... AGGREGATE ... from datamodel=Endpoint.Processes where SEARCH by FIELD ...
 *
 * An accelerated data model is a table over events of one kind, whose columns have the names of
 * Splunk's common information model. Here the events are asked themselves: the kind is the rule's
 * category where there is one, and DATASET.FIELD is the field that the table below names, or FIELD,
 * which the profiles know (vocabulary cim_endpoint, cim_web). What an event lacks reads, behind BY,
 * as fillnull_value says, or as "unknown", as the model writes it. Without a model it is a search
 * and stats over what that finds.
 */
#include "lang/spl/scan.h"

#include "base/str.h"

/* What a model calls a field, and the name that the profiles know first: rules of other languages
 * ask it, so that a value is looked at once for all. */
struct model_name {
    const char *name, *field;
};

struct spl_model {
    const char *name, *dataset;
    const char *category;           /* of the events; "": any that has the fields */
    const struct model_name *names; /* NULL ends them; others are names that profiles know */
    bool is_foreign;                /* no profile has its names: events must bring them */
};

#define OF_HOST                                                              \
    {"dest", "Computer"}, {"user", "User"}, {"process_guid", "ProcessGuid"}, \
    {                                                                        \
        "process_id", "ProcessId"                                            \
    }

static const struct model_name OF_PROCESSES[] = {OF_HOST,
                                                 {"process", "CommandLine"},
                                                 {"process_path", "Image"},
                                                 {"process_hash", "Hashes"},
                                                 {"original_file_name", "OriginalFileName"},
                                                 {"parent_process", "ParentCommandLine"},
                                                 {"parent_process_path", "ParentImage"},
                                                 {"parent_process_id", "ParentProcessId"},
                                                 {"parent_process_guid", "ParentProcessGuid"},
                                                 {NULL, NULL}};
static const struct model_name OF_REGISTRY[] = {
    OF_HOST, {"registry_path", "TargetObject"}, {"process_path", "Image"}, {NULL, NULL}};
static const struct model_name OF_FILES[] = {
    OF_HOST, {"file_path", "TargetFilename"}, {"process_path", "Image"}, {NULL, NULL}};
/* Here the other end of a connection, not the host that saw it. */
static const struct model_name OF_TRAFFIC[] = {
    {"dest", "dest_ip"}, {"src", "src_ip"}, {NULL, NULL}};
static const struct model_name AS_IS[] = {{NULL, NULL}};

/* A model and the dataset that all of it is. Others below it stand for a part of its events. */
#define FOREIGN(model, dataset, category)                 \
    {model, dataset, category, AS_IS, true},              \
    {                                                     \
        model "." dataset, dataset, category, AS_IS, true \
    }

static const struct spl_model MODELS[] = {
    {"Endpoint.Processes", "Processes", "process_creation", OF_PROCESSES, false},
    {"Endpoint.Registry", "Registry", "registry_event", OF_REGISTRY, false},
    {"Endpoint.Filesystem", "Filesystem", "file_event", OF_FILES, false},
    {"Network_Traffic", "All_Traffic", "", OF_TRAFFIC, false},
    {"Network_Traffic.All_Traffic", "All_Traffic", "", OF_TRAFFIC, false},
    {"Network_Resolution", "DNS", "", AS_IS, false},
    {"Network_Resolution.DNS", "DNS", "", AS_IS, false},
    {"Web", "Web", "", AS_IS, false},
    {"Web.Web", "Web", "", AS_IS, false},
    FOREIGN("Alerts", "Alerts", ""),
    FOREIGN("Authentication", "Authentication", "authentication"),
    FOREIGN("Certificates", "All_Certificates", ""),
    FOREIGN("Change", "All_Changes", ""),
    FOREIGN("Compute_Inventory", "All_Inventory", ""),
    FOREIGN("DLP", "DLP_Incidents", ""),
    FOREIGN("Data_Access", "Data_Access", ""),
    FOREIGN("Databases", "All_Databases", ""),
    FOREIGN("Email", "All_Email", ""),
    FOREIGN("Event_Signatures", "Signatures", ""),
    FOREIGN("Intrusion_Detection", "IDS_Attacks", ""),
    FOREIGN("Malware", "Malware_Attacks", ""),
    FOREIGN("Network_Sessions", "All_Sessions", ""),
    FOREIGN("Performance", "All_Performance", ""),
    FOREIGN("Risk", "All_Risk", ""),
    FOREIGN("Ticket_Management", "All_Ticket_Management", ""),
    FOREIGN("Updates", "Updates", ""),
    FOREIGN("Vulnerabilities", "Vulnerabilities", ""),
    {"Endpoint.Ports", "Ports", "", AS_IS, true},
    {"Endpoint.Services", "Services", "", AS_IS, true},
};

struct str spl_model_field(const struct spl *x, struct str name)
{
    if (!x->model || pipe_is_grouped(x->pipe) || pipe_was_column(x->pipe, name))
        return name; /* a column of rows already */
    for (const struct model_name *n = x->model->names; n->name; n++)
        if (str_eq(name, str_from(n->name)))
            return str_from(n->field);
    return name;
}

struct str spl_without_dataset(const struct spl *x, struct str name)
{
    struct str dataset = x->model ? str_from(x->model->dataset) : STR("");

    if (dataset.n && name.n > dataset.n + 1 && str_starts(name, dataset) &&
        name.p[dataset.n] == '.')
        return str_sub(name, dataset.n + 1, SIZE_MAX);
    return name;
}

#define UNKNOWN "unknown"

struct expr *spl_model_key(struct spl *x, struct place at, struct expr *value)
{
    if (!x->model || pipe_is_grouped(x->pipe) || !value || value->kind == EXPR_TIME)
        return value;
    return pipe_call2(x->pipe, at, EXPR_COALESCE, value, pipe_text(x->pipe, STR(UNKNOWN)));
}

struct str spl_category(const struct spl *x)
{
    return x->model ? str_from(x->model->category) : STR("");
}

/* ---- reading ------------------------------------------------------------------------------- */

/* Summaries are ours to have or not; where events go to another search is not. */
static bool read_options(struct spl *x, struct str *fill, bool *is_partial)
{
    struct spl_option o[] = {{.name = "prestats"},       {.name = "append"},
                             {.name = "fillnull_value"}, {.name = "summariesonly"},
                             {.name = "local"},          {.name = "allow_old_summaries"},
                             {.name = "chunk_size"}};

    if (!spl_options(x, o, ARRAY_LEN(o)))
        return false;
    if (o[1].value.p && !spl_is_false(o[1].value)) /* its rows would go elsewhere */
        return diag_unsupported(x->s->diag, o[1].at, "tstats with %s", o[1].name);
    *is_partial |= o[0].value.p && !spl_is_false(o[0].value);
    if (o[2].value.p)
        *fill = names_intern(x->s->names, o[2].value);
    return true;
}

static bool use_model(struct spl *x, struct place at, struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(MODELS); i++)
        if (str_eq(name, str_from(MODELS[i].name)))
            x->model = &MODELS[i];
    if (x->model && x->model->is_foreign)
        diag_warn(x->s->diag, at,
                  "the data model %s: events must have its fields by their names, no source "
                  "profile of weir's does",
                  x->model->name);
    return x->model || diag_unsupported(x->s->diag, at, "data model '%.*s'", SHOWN(name));
}

static bool read_model(struct spl *x)
{
    struct str name;
    size_t begin;

    if (!spl_take_word(x, "from", true)) /* of the events that WHERE says, as a search has them */
        return true;
    spl_blanks(x);
    begin = x->next;
    struct place at = spl_here(x);
    if (!spl_take(x, "datamodel") || !spl_take(x, "=")) {
        x->next = begin;
        return spl_expected(x, "datamodel=NAME");
    }
    spl_blanks(x);
    if (!spl_name(x, ",|", &name))
        return false;
    return use_model(x, at, name);
}

static bool read_where(struct spl *x)
{
    size_t end = x->end;
    bool is_all;

    if (!spl_take_word(x, "where", true))
        return true;
    size_t begin = x->next;
    spl_skip_to(x, "by");
    x->end = x->next;
    x->next = begin;
    x->is_first = true; /* sources say where to look here, too */
    struct place at = spl_here(x);
    struct expr *e = spl_search(x, &is_all);
    x->is_first = false;
    x->end = end;
    if (is_all)
        return spl_expected(x, "a condition behind WHERE");
    return e && pipe_where(x->pipe, at, e);
}

static bool read_keys(struct spl *x, struct str fill, struct pipe_key *keys, size_t *n)
{
    struct str name;
    int64_t ms = 0;

    while (!spl_is_end(x)) {
        struct place at = spl_here(x);
        if (spl_take(x, "span=")) {
            if (!spl_span(x, &ms))
                return false;
            continue;
        }
        if (*n == CORRELATION_GROUP_MAX)
            return diag_unsupported(x->s->diag, at, "more than %d fields behind BY",
                                    CORRELATION_GROUP_MAX);
        if (!spl_name(x, ",\"'|()=", &name))
            return false;
        struct expr *value = spl_column(x, at, name);
        if (value && value->kind != EXPR_TIME && fill.p)
            value = pipe_call2(x->pipe, at, EXPR_COALESCE, value, pipe_text(x->pipe, fill));
        keys[(*n)++] = (struct pipe_key){.name = spl_field(x, name), .value = value};
        (void)spl_take(x, ",");
    }
    for (size_t i = 0; ms && i < *n; i++)
        if (keys[i].value && keys[i].value->kind == EXPR_TIME) {
            x->bucket_ms = ms;
            keys[i].value =
                pipe_call2(x->pipe, x->at, EXPR_TIME_TRUNC, keys[i].value, pipe_whole(x->pipe, ms));
        }
    return *n > 0 || spl_expected(x, "the name of a field behind BY");
}

/* prestats: the groups are those of the stats behind it, of the same events and keys. */
static bool give_keys(struct spl *x, const struct pipe_key *keys, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!spl_assign(x, x->at, keys[i].name, keys[i].value))
            return false;
    x->is_partial = true;
    return true;
}

static bool is_behind_aggregates(struct spl *x)
{
    static const char *const WORDS[] = {"from", "where", "by"};
    size_t begin = x->next;

    for (size_t i = 0; i < ARRAY_LEN(WORDS); i++) {
        if (spl_take_word(x, WORDS[i], true)) {
            x->next = begin;
            return true;
        }
    }
    return spl_is_end(x);
}

bool spl_tstats(struct spl *x)
{
    struct pipe_aggregate aggregates[SPL_AGGREGATES_MAX];
    struct pipe_key keys[CORRELATION_GROUP_MAX];
    size_t n = 0, n_keys = 0, begin;
    struct str fill = {NULL, 0};
    bool is_partial = false;

    if (x->n_commands > 1)
        return diag_unsupported(x->s->diag, x->at, "tstats behind another command");
    /* Aggregates name fields of a model that comes behind them. */
    begin = x->next;
    spl_skip_to(x, "from");
    if (!read_model(x))
        return false;
    size_t behind = x->next;
    x->next = begin;
    while (read_options(x, &fill, &is_partial) && !is_behind_aggregates(x))
        if (!spl_aggregate(x, aggregates, &n))
            return false;
    if (x->model)
        x->next = behind;
    if (diag_failed(x->s->diag) || !read_options(x, &fill, &is_partial) || !read_where(x))
        return false;
    if (x->model && !fill.p)
        fill = STR(UNKNOWN);
    if (spl_take_word(x, "by", true) && !read_keys(x, fill, keys, &n_keys))
        return false;
    if (n == 0)
        return spl_expected(x, "an aggregate");
    return is_partial ? give_keys(x, keys, n_keys) : spl_group(x, aggregates, n, keys, n_keys);
}

/* ---- the events themselves ----------------------------------------------------------------- */

static bool is_at_front(struct spl *x, const char *command)
{
    return x->n_commands == 1 ||
           diag_unsupported(x->s->diag, x->at, "%s behind another command", command);
}

/* from datamodel:"Endpoint.Processes", from datamodel Endpoint.Processes */
bool spl_from(struct spl *x)
{
    struct str name;

    if (!is_at_front(x, "from"))
        return false;
    spl_blanks(x);
    struct place at = spl_here(x);
    if (!spl_take(x, "datamodel"))
        return diag_unsupported(x->s->diag, at, "from anything but a data model");
    (void)(spl_take(x, ":") || spl_take(x, "="));
    spl_blanks(x);
    at = spl_here(x);
    return spl_name(x, ",|\"'", &name) && use_model(x, at, name);
}

/* datamodel Endpoint Processes search */
bool spl_datamodel(struct spl *x)
{
    struct spl_option o[] = {
        {.name = "summariesonly"}, {.name = "allow_old_summaries"}, {.name = "strict_fields"}};
    struct str model, dataset = STR(""), mode = STR("");

    if (!is_at_front(x, "datamodel") || !spl_options(x, o, ARRAY_LEN(o)))
        return false;
    spl_blanks(x);
    struct place at = spl_here(x);
    if (!spl_name(x, ",|\"'", &model) || !spl_options(x, o, ARRAY_LEN(o)) ||
        (!spl_is_end(x) && !spl_name(x, ",|\"'", &dataset)) || !spl_options(x, o, ARRAY_LEN(o)) ||
        (!spl_is_end(x) && !spl_name(x, ",|\"'", &mode)) || !spl_options(x, o, ARRAY_LEN(o)))
        return false;
    if (!str_eq_ci(mode, STR("search")) && !str_eq_ci(mode, STR("flat")))
        return diag_unsupported(x->s->diag, at, "datamodel that searches nothing (search, flat)");
    return use_model(
        x, at,
        arena_printf(x->s->scratch, "%.*s.%.*s", (int)model.n, model.p, (int)dataset.n, dataset.p));
}
