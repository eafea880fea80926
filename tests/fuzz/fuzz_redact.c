/* fuzz_redact.c - whatever stands around a secret, it does not get out.
 *
 * The first byte picks a canary; the rest is the text before and after it, each on lines of its
 * own. The text is also redacted as the whole record of an event. */
#include "tests/lib/canary.h"

#include "alert/redact.h"
#include "json/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct arena *arena;
static struct redactor *redactor;

static void check(const struct canary *c, struct str out)
{
    if (!canary_is_visible(arena, c, out))
        return;
    fprintf(stderr, "visible: %s\nin: %.*s\n", c->text, (int)out.n, out.p);
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct event_tree event = {0};
    struct json_node *root;

    if (size < 2)
        return 0;
    if (!arena) {
        arena = arena_new(0);
        redactor = redactor_new(digest_new());
    }
    arena_reset(arena);
    const struct canary *c = &canaries[data[0] % n_canaries];
    size_t before = (size - 1) / 2;
    struct str around = {(const char *)data + 1, size - 1};
    if (canary_is_visible(arena, c, around)) /* it would stand there without its name */
        return 0;
    struct str text =
        arena_printf(arena, "%.*s\n%s\n%.*s", (int)before, (const char *)data + 1, c->text,
                     (int)(size - 1 - before), (const char *)data + 1 + before);
    redactor_begin(redactor, arena, &event);
    struct redacted out = redact_value(redactor, (struct str){0}, text, 1 << 20);
    check(c, out.text);
    redact_value(redactor, (struct str){0}, text, 40);

    struct str record = {(const char *)data + 1, size - 1};
    if (json_tree_parse_lent(arena, record, &root, NULL) == JSON_OK) {
        event.root = root;
        redactor_begin_record(redactor, arena, &event, record);
        redact_record(redactor, record, 8192);
    }
    return 0;
}
