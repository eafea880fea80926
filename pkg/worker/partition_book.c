/* partition_book.c - the store's book as a table by number and a hash by name.
 *
 * The store gives the whole book with each answer, so what is missing here is asked for once, and
 * what others have numbered is known, too: a recovery goes over all of it.
 */
#include "worker/partition_book.h"

#include "base/arena.h"
#include "base/hash.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

enum { ROOM_FIRST = 64, TOPIC_NAME_MAX = 249 /* as Kafka has it */ };

struct log_name {
    const char *topic; /* NULL: the number is nobody's */
    int32_t partition;
};

struct partition_book {
    struct store *store; /* NULL: local numbers */
    char incarnation[STORE_RUN_ID_MAX];
    struct arena *arena; /* of all below */
    struct log_name *logs;
    uint32_t n, cap;
    uint32_t *table; /* number + 1, by hash; 0: free */
    uint32_t mask;
};

void partition_book_use_store(struct partition_book *b, struct store *store)
{
    b->store = store && store_has_book(store) ? store : NULL;
}

struct partition_book *partition_book_new(struct store *store)
{
    struct partition_book *b = calloc(1, sizeof *b);

    ASSERT(b);
    b->arena = arena_new(0);
    partition_book_use_store(b, store);
    return b;
}

void partition_book_free(struct partition_book *b)
{
    if (!b)
        return;
    arena_free(b->arena);
    free(b);
}

static void forget(struct partition_book *b)
{
    arena_reset(b->arena);
    b->logs = NULL;
    b->table = NULL;
    b->n = b->cap = b->mask = 0;
}

/* ---- the table ------------------------------------------------------------------------------ */

static uint32_t first_slot(const struct partition_book *b, const char *topic, int32_t partition)
{
    return (uint32_t)(hash_str(str_from(topic)) + (uint32_t)partition * 0x9e3779b9U) & b->mask;
}

static void insert(struct partition_book *b, uint32_t number)
{
    const struct log_name *l = &b->logs[number];
    uint32_t i = first_slot(b, l->topic, l->partition);

    while (b->table[i])
        i = (i + 1) & b->mask;
    b->table[i] = number + 1;
}

static void make_room(struct partition_book *b, uint32_t n)
{
    uint32_t cap = b->cap ? b->cap : ROOM_FIRST;

    if (n <= b->cap)
        return;
    while (cap < n)
        cap *= 2;
    struct log_name *logs = ARENA_ARRAY(b->arena, cap, struct log_name);
    memset(logs, 0, cap * sizeof *logs);
    if (b->n)
        memcpy(logs, b->logs, b->n * sizeof *logs);
    b->logs = logs;
    b->cap = cap;
    b->mask = cap * 2 - 1;
    b->table = ARENA_ARRAY(b->arena, cap * 2, uint32_t);
    memset(b->table, 0, cap * 2 * sizeof *b->table);
    for (uint32_t i = 0; i < b->n; i++)
        if (logs[i].topic)
            insert(b, i);
}

static void add(struct partition_book *b, struct str topic, int32_t partition, uint32_t number)
{
    make_room(b, number + 1);
    if (number >= b->n)
        b->n = number + 1;
    b->logs[number] =
        (struct log_name){arena_printf(b->arena, "%.*s", (int)topic.n, topic.p).p, partition};
    insert(b, number);
}

static bool find(const struct partition_book *b, const char *topic, int32_t partition,
                 uint32_t *out)
{
    if (!b->table)
        return false;
    for (uint32_t i = first_slot(b, topic, partition); b->table[i]; i = (i + 1) & b->mask) {
        const struct log_name *l = &b->logs[b->table[i] - 1];
        if (l->partition == partition && strcmp(l->topic, topic) == 0) {
            *out = b->table[i] - 1;
            return true;
        }
    }
    return false;
}

/* ---- the store's book ----------------------------------------------------------------------- */

static struct str name_of(struct arena *a, const char *topic, int32_t partition)
{
    return arena_printf(a, "%s/%d", topic, partition);
}

/* Names of topics have no '/': the last part is the partition. */
static bool take_apart(struct str name, struct str *topic, int32_t *partition)
{
    uint64_t number;
    size_t at = name.n;

    while (at > 0 && name.p[at - 1] != '/')
        at--;
    if (at < 2 || !str_to_u64(str_sub(name, at, name.n), &number) || number > INT32_MAX)
        return false;
    *topic = str_sub(name, 0, at - 1);
    *partition = (int32_t)number;
    return true;
}

static bool is_taken(const struct partition_book *b, uint32_t number)
{
    return number < b->n && b->logs[number].topic;
}

/* Each log has a number of its own: the table has room for no more of them. */
static enum weir_rc take_over(struct partition_book *b, const struct store_log *list, size_t n,
                              struct weir_err *err)
{
    forget(b);
    for (size_t i = 0; i < n; i++) {
        struct str topic;
        int32_t partition;
        if (list[i].number >= PARTITION_NUMBERS_MAX || is_taken(b, list[i].number) ||
            !take_apart(list[i].name, &topic, &partition))
            return err_set(err, WEIR_IO, "the book of partitions in the store is damaged");
        add(b, topic, partition, list[i].number);
    }
    return WEIR_OK;
}

static enum weir_rc ask_store(struct partition_book *b, const struct str *names, size_t n,
                              struct weir_err *err)
{
    const struct store_log *list;
    size_t n_list;

    TRY(store_book(b->store, names, n, PARTITION_NUMBERS_MAX, &list, &n_list, err));
    return take_over(b, list, n_list, err);
}

static enum weir_rc give_local(struct partition_book *b, const char *topic, int32_t partition,
                               struct weir_err *err)
{
    if (b->n == PARTITION_NUMBERS_MAX)
        return err_set(err, WEIR_LIMIT, "more than %d partitions", PARTITION_NUMBERS_MAX);
    add(b, str_from(topic), partition, b->n);
    return WEIR_OK;
}

enum weir_rc partition_book_number(struct partition_book *b, const char *incarnation,
                                   const char *name_given, int32_t partition, uint32_t *out,
                                   struct weir_err *err)
{
    char topic[TOPIC_NAME_MAX + 1]; /* the one given may be ours, and go when the book is read */

    ASSERT(partition >= 0 && strlen(name_given) <= TOPIC_NAME_MAX);
    memcpy(topic, name_given, strlen(name_given) + 1);
    if (b->store && incarnation && strcmp(incarnation, b->incarnation) != 0) {
        ASSERT(strlen(incarnation) < sizeof b->incarnation);
        memcpy(b->incarnation, incarnation, strlen(incarnation) + 1);
        forget(b);
    }
    if (find(b, topic, partition, out))
        return WEIR_OK;
    if (b->store) {
        struct str name = name_of(b->arena, topic, partition);
        TRY(ask_store(b, &name, 1, err));
    } else {
        TRY(give_local(b, topic, partition, err));
    }
    return find(b, topic, partition, out)
               ? WEIR_OK
               : err_set(err, WEIR_IO, "the store has no number for partition %d of topic %s",
                         partition, topic);
}

enum weir_rc partition_book_number_topic(struct partition_book *b, const char *topic, uint32_t n,
                                         struct weir_err *err)
{
    uint32_t number;

    if (b->store) {
        struct str *names = ARENA_ARRAY(b->arena, n + 1, struct str);
        for (uint32_t i = 0; i < n; i++)
            names[i] = name_of(b->arena, topic, (int32_t)i);
        return ask_store(b, names, n, err);
    }
    for (uint32_t i = 0; i < n; i++)
        TRY(partition_book_number(b, NULL, topic, (int32_t)i, &number, err));
    return WEIR_OK;
}

uint32_t partition_book_count(const struct partition_book *b)
{
    return b->n;
}

bool partition_book_name(const struct partition_book *b, uint32_t number, const char **topic,
                         int32_t *partition)
{
    if (number >= b->n || !b->logs[number].topic)
        return false;
    *topic = b->logs[number].topic;
    *partition = b->logs[number].partition;
    return true;
}

/* ---- logs that end -------------------------------------------------------------------------- */

static enum weir_rc renew_local(struct partition_book *b, uint32_t old, struct weir_err *err)
{
    struct log_name l = b->logs[old];

    TRY(give_local(b, l.topic, l.partition, err));
    b->logs[old].topic = NULL;
    memset(b->table, 0, (b->mask + 1) * sizeof *b->table);
    for (uint32_t i = 0; i < b->n; i++)
        if (b->logs[i].topic)
            insert(b, i);
    return WEIR_OK;
}

enum weir_rc partition_book_renew(struct partition_book *b, const char *topic, int32_t partition,
                                  uint64_t committed, uint32_t *out, struct weir_err *err)
{
    char kept[TOPIC_NAME_MAX + 1];
    const struct store_log *list;
    size_t n;
    uint32_t old;

    ASSERT(strlen(topic) <= TOPIC_NAME_MAX);
    memcpy(kept, topic, strlen(topic) + 1);
    topic = kept;
    TRY(partition_book_number(b, NULL, topic, partition, &old, err));
    if (committed == PARTITION_BOOK_NONE)
        committed -= 1 + (uint64_t)old; /* another one each time */
    if (b->store) {
        struct str name = name_of(b->arena, topic, partition);
        TRY(store_book_renew(b->store, name, old, committed, PARTITION_NUMBERS_MAX, &list, &n,
                             err));
        TRY(take_over(b, list, n, err));
    } else {
        TRY(renew_local(b, old, err));
    }
    return partition_book_number(b, NULL, topic, partition, out, err);
}

enum weir_rc partition_book_retire(struct partition_book *b,
                                   bool (*is_input)(void *context, const char *topic,
                                                    int32_t partition),
                                   void *context, struct weir_err *err)
{
    size_t n = 0;

    if (!b->store)
        return WEIR_OK;
    uint32_t *gone = ARENA_ARRAY(b->arena, b->n + 1, uint32_t);
    for (uint32_t i = 0; i < b->n; i++)
        if (b->logs[i].topic && !is_input(context, b->logs[i].topic, b->logs[i].partition))
            gone[n++] = i;
    return n ? store_retire(b->store, gone, n, err) : WEIR_OK;
}
