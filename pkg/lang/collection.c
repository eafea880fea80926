/* collection.c - collections of Sigma rules: documents whose `action` is about other documents.
 *
 *     action: global    what it says is part of each rule behind it, until `reset` or another
 *     action: reset     no more
 *     action: repeat    the rule before it once more, with what this document says
 *
 * As pySigma merges them (SigmaCollection.from_dicts): maps key by key, anything else is replaced,
 * and what `global` says goes before what the rule says itself. Correlations and filters take
 * nothing. An id, or a name, is that of the first rule which takes it: others need their own.
 *
 * Documents that others are made of are copied, since the text of a document goes with it. Only
 * files in which the word "action" stands pay for that.
 */
#include "lang/loader_impl.h"

#include "base/str.h"

/* What the rules of one file take from others, in bytes of text and values; the keys of two maps
 * that become one, since each is looked for among the others. */
enum {
    COLLECTION_MAX = 64 * 1024 * 1024,
    VALUE_BYTES = sizeof(struct doc_node) + sizeof(struct doc_key),
    MERGED_KEYS_MAX = 1000
};

static const struct str ACTION = {"action", 6};

void collection_begin(struct rule_loader *l, struct str file)
{
    l->collection = (struct collection){.is_on = str_find(file, ACTION, 0) != SIZE_MAX,
                                        .may_repeat = str_find(file, STR("repeat"), 0) != SIZE_MAX};
}

/* ---- one of two documents -------------------------------------------------------------------- */

static void put(struct doc_node *map, const struct doc_key *key, const struct doc_node *value)
{
    map->keys[map->n_items] = *key;
    map->items[map->n_items++] = *value;
}

static struct doc_node *room(struct rule_loader *l, const struct doc_node *like, size_t n)
{
    struct doc_node *map = ARENA_NEW(l->scratch, struct doc_node);

    *map = *like;
    map->keys = ARENA_ARRAY(l->scratch, n, struct doc_key);
    map->items = ARENA_ARRAY(l->scratch, n, struct doc_node);
    map->n_items = 0;
    return map;
}

static struct doc_node *without(struct rule_loader *l, const struct doc_node *map, struct str key)
{
    struct doc_node *out = room(l, map, map->n_items);

    for (size_t i = 0; i < map->n_items; i++)
        if (!str_eq(map->keys[i].text, key))
            put(out, &map->keys[i], &map->items[i]);
    return out;
}

/* `base` with all that `over` says. warn_line: of `over`, where `base` should not say the same. */
static struct doc_node *merged(struct rule_loader *l, const struct doc_node *base,
                               const struct doc_node *over, uint32_t warn_line)
{
    struct doc_node *out = room(l, base, base->n_items + over->n_items);

    if (base->n_items + over->n_items > MERGED_KEYS_MAX) {
        diag_error(&l->diag, (struct place){over->line, over->col},
                   "more than %d keys in a map of a collection", MERGED_KEYS_MAX);
        return out;
    }
    for (size_t i = 0; i < base->n_items; i++) {
        const struct doc_key *key = &base->keys[i];
        size_t at = doc_find(over, key->text);
        const struct doc_node *own = &base->items[i];
        const struct doc_node *other = at == SIZE_MAX ? NULL : &over->items[at];
        if (other && own->type == DOC_MAP && other->type == DOC_MAP)
            own = merged(l, own, other, warn_line);
        else if (other)
            own = other;
        if (other && own == other && warn_line)
            diag_warn(&l->diag, (struct place){key->line, key->col},
                      "'%.*s' is what 'action: global' in line %u says, which goes before",
                      SHOWN(key->text), warn_line);
        put(out, other && own == other ? &over->keys[at] : key, own);
    }
    for (size_t i = 0; i < over->n_items; i++)
        if (doc_find(base, over->keys[i].text) == SIZE_MAX)
            put(out, &over->keys[i], &over->items[i]);
    return out;
}

/* ---- actions --------------------------------------------------------------------------------- */

static bool is_action(const struct doc_node *document, const char *word)
{
    const struct doc_node *action = doc_get(document, ACTION);

    return doc_is_scalar(action) && str_eq(action->text, str_from(word));
}

static size_t count_nodes(const struct doc_node *node)
{
    size_t n = 1;

    for (size_t i = 0; i < node->n_items; i++)
        n += count_nodes(&node->items[i]);
    return n;
}

/* A rule takes all of it: false if the rules of the file have taken too much. */
static bool may_take(struct rule_loader *l, const struct doc_node *document,
                     const struct collected *from)
{
    l->collection.n_taken += from->n_nodes * VALUE_BYTES + from->text.n;
    return l->collection.n_taken <= COLLECTION_MAX ||
           diag_error(&l->diag, (struct place){document->line, document->col},
                      "the rules of this file take more than %d MiB from 'action: global' and by "
                      "'action: repeat'",
                      COLLECTION_MAX >> 20);
}

static struct collected kept(struct rule_loader *l, const struct doc_node *document,
                             const struct collected *from)
{
    struct collected c = {.document = doc_copy(l->work, document),
                          .n_nodes = count_nodes(document),
                          .begin = from ? from->begin : l->diag.source.p,
                          .line = from ? from->line : l->diag.source_line};

    c.text = arena_str(l->work, from ? l->collection.rule_text : l->diag.source);
    return c;
}

/* A global document that no rule took: more likely an unfinished file than one that is meant. */
static void end_global(struct rule_loader *l)
{
    struct collection *c = &l->collection;

    if (c->global.document && !c->is_used) {
        const struct doc_node *at = c->global.document;
        struct diag own;
        diag_init(&own, l->a, STR(""), at->line);
        diag_error(&own, (struct place){at->line, at->col},
                   "no rule behind this 'action: global' takes what it says");
        struct diag now = l->diag;
        l->diag = own;
        loader_add_verdict(l, &c->global_head, STR(""));
        l->diag = now;
    }
    c->global = (struct collected){0};
}

void collection_end(struct rule_loader *l)
{
    end_global(l);
    l->collection = (struct collection){0};
}

static void begin_global(struct rule_loader *l, const struct doc_node *document,
                         const struct rule *head)
{
    struct collection *c = &l->collection;

    end_global(l);
    c->global = c->previous = kept(l, without(l, document, ACTION), NULL);
    c->global_head = *head;
    c->is_used = c->is_named = false;
    c->broken_line = 0;
}

void collection_break(struct rule_loader *l, uint32_t global_line)
{
    l->collection.previous = (struct collected){0};
    if (!global_line)
        return;
    end_global(l);
    l->collection.broken_line = global_line;
}

/* What messages are about begins where the first of the documents does. */
static void reach_back(struct rule_loader *l, const struct collected *from)
{
    struct diag *d = &l->diag;
    const char *end = d->source.p + d->source.n;

    /* The rule's version changes with what it takes, not with the rules between. */
    l->collection.rule_text = arena_printf(l->scratch, "%.*s%.*s", (int)from->text.n, from->text.p,
                                           (int)d->source.n, d->source.p);
    d->source = (struct str){from->begin, (size_t)(end - from->begin)};
    d->source_line = from->line;
}

/* Who calls the rule, where it says that itself or is the first to take it. */
static const struct doc_node *with_own_names(struct rule_loader *l, const struct doc_node *document,
                                             const struct doc_node *own, bool is_first)
{
    static const struct str NAMES[] = {{"id", 2}, {"name", 4}};

    for (size_t i = 0; !is_first && i < ARRAY_LEN(NAMES); i++) {
        if (!doc_get(document, NAMES[i]) || doc_get(own, NAMES[i]))
            continue;
        diag_warn(&l->diag, (struct place){own->line, own->col},
                  "the '%.*s' of the collection is that of its first rule: this one has none",
                  SHOWN(NAMES[i]));
        document = without(l, document, NAMES[i]);
    }
    return document;
}

static const struct doc_node *repeated(struct rule_loader *l, const struct doc_node *document)
{
    struct collection *c = &l->collection;
    const struct doc_node *own = without(l, document, ACTION), *before = c->previous.document;
    struct collected from = c->previous;

    if (!before) {
        diag_error(&l->diag, (struct place){document->line, document->col},
                   "'action: repeat' without a rule before it");
        return document;
    }
    if (!may_take(l, document, &from))
        return document;
    reach_back(l, &from);
    struct doc_node *all = merged(l, before, own, 0);
    all->line = document->line;
    all->col = document->col;
    c->previous = kept(l, all, &from);
    c->is_used = true;
    return with_own_names(l, all, own, false);
}

static const struct doc_node *with_global(struct rule_loader *l, const struct doc_node *document)
{
    struct collection *c = &l->collection;
    struct collected from = c->global;

    if (!from.document) {
        if (c->may_repeat && may_take(l, document, &from))
            c->previous = kept(l, document, NULL);
        return document;
    }
    if (!may_take(l, document, &from))
        return document;
    reach_back(l, &from);
    const struct doc_node *all = merged(l, document, from.document, from.document->line);
    if (c->may_repeat)
        c->previous = kept(l, all, &from);
    c->is_used = true;
    bool is_first = !c->is_named;
    c->is_named = true;
    return with_own_names(l, all, document, is_first);
}

const struct doc_node *collection_take(struct rule_loader *l, const struct doc_node *document,
                                       const struct rule *head)
{
    struct collection *c = &l->collection;

    c->rule_text = STR("");
    if ((!c->is_on && !c->broken_line) || document->type != DOC_MAP)
        return document;
    if (is_action(document, "global")) {
        begin_global(l, document, head);
        return NULL;
    }
    if (is_action(document, "reset")) {
        end_global(l);
        c->broken_line = 0;
        return NULL;
    }
    if (doc_get(document, STR("correlation")) || doc_get(document, STR("filter")))
        return document;
    if (c->broken_line) {
        diag_error(&l->diag, (struct place){document->line, document->col},
                   "what 'action: global' in line %u says is part of this rule, and cannot be read",
                   c->broken_line);
        return document;
    }
    return is_action(document, "repeat") ? repeated(l, document) : with_global(l, document);
}
