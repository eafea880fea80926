/* bench_alerts.c - one document for each match, to /dev/null. */
#include "app/bench_alerts.h"

#include "app/measure.h"
#include "base/str.h"
#include "json/tree.h"

enum weir_rc bench_alerts_init(struct bench_alerts *a, const struct rule_book *book,
                               const struct extract_options *extract,
                               const struct origin_input *inputs, struct str version,
                               struct weir_err *err)
{
    struct alert_options options = {.raw = ALERT_RAW_FULL,
                                    .generation = book->generation,
                                    .worker = STR("bench"),
                                    .version = version,
                                    .lists = book->list_view};

    *a = (struct bench_alerts){.book = book, .inputs = inputs};
    TRY(output_open(STR("/dev/null"), &a->out, err));
    a->writer = alert_writer_new(&options);
    a->arena = arena_new(0);
    origin_init(&a->origin, extract, inputs);
    return WEIR_OK;
}

void bench_alerts_release(struct bench_alerts *a)
{
    if (!a->writer)
        return;
    output_free(a->out);
    alert_writer_free(a->writer);
    arena_free(a->arena);
    origin_release(&a->origin);
    *a = (struct bench_alerts){0};
}

enum weir_rc bench_alerts_write(struct bench_alerts *a, const struct event *event,
                                const struct profile *profile, int64_t time_ms,
                                bool time_is_standin, const struct engine_match *matches, size_t n,
                                struct weir_err *err)
{
    struct json_node *root;
    struct event_tree tree;
    int64_t now_ms = wall_clock_ms();

    arena_reset(a->arena);
    if (json_tree_parse_lent(a->arena, event->record, &root, NULL) != JSON_OK)
        return WEIR_OK; /* cannot be: extraction took it */
    event_tree_init_known(&tree, a->book->profiles, root,
                          origin_options(&a->origin, event->ref.input), profile);
    tree.serial = ++a->n_trees;
    for (size_t i = 0; i < n; i++) {
        struct alert_match match = {.rule = a->book->rules[matches[i].rule],
                                    .event = &tree,
                                    .record = event->record,
                                    .input = a->inputs[event->ref.input].name,
                                    .offset = event->ref.record,
                                    .index = event->ref.index,
                                    .time_ms = time_ms,
                                    .time_is_standin = time_is_standin,
                                    .now_ms = now_ms};
        alert_write(a->writer, &match, output_begin_line(a->out));
        TRY(output_end_line(a->out, err));
    }
    return WEIR_OK;
}
