/* eval_impl.h - the evaluator's inside, for eval.c and eval_part.c. */
#ifndef WEIR_MATCH_EVAL_IMPL_H
#define WEIR_MATCH_EVAL_IMPL_H

#include "base/arena.h"
#include "base/buf.h"
#include "event/lookup.h"
#include "match/eval.h"

struct memo {
    uint32_t stamp;
    uint32_t truth;
};

/* Where an event's values of a field begin. */
struct field_values_at {
    uint32_t stamp;
    uint32_t first;  /* 1 + index of a value; the others by value_place.next */
    uint32_t looked; /* stamp of the event whose values were looked at, of a lazy field */
};

/* Of an ATOM_SOME_FIELD: can the event's profile have names that it likes? */
struct name_memo {
    const struct profile *profile;
    bool is_known, may_name;
};

struct evaluator {
    const struct net *net;
    const struct event *event;
    const struct profile *profile; /* the event's; NULL: none */
    struct evaluator_signals signals;
    struct evaluator_look look;
    struct evaluator_values values;
    struct text_blocks *blocks;
    int64_t at_ms; /* when the event happened */
    const struct list_view *lists;
    uint32_t stamp;
    uint32_t filed_stamp; /* of the event whose values are filed by field */
    struct field_values_at *fields;
    struct memo *shared; /* of shared steps */
    struct memo *lazies;
    struct regex_scratch *regex_scratch;
    struct buf fold_space; /* for Unicode folding; keeps its size */
    /* Whose text is in fold_space: 1 + index of a value of the event with that stamp. */
    uint32_t folded_value, folded_stamp;
    size_t folded_n;
    struct buf fold_other;
    struct arena *expr_space; /* of one expression; keeps its size */
    struct arena *part_space; /* the tree of the event at hand, and what is looked up in it */
    struct event_tree tree;   /* of the event with the number tree_stamp */
    uint32_t tree_stamp;
    struct str_list names; /* of tree */
    bool has_names;
    struct name_memo *name_memos; /* per lazy */
    uint64_t regex_limits;
};

/* Does one member satisfy the atom? */
bool evaluator_test_value(struct evaluator *e, const struct net_lazy *lazy,
                          struct prepared_value *v);

/* How many members there were, and how many satisfied the atom. */
struct member_count {
    uint32_t n, n_true;
    bool is_first_true;
};

static inline void member_add(struct member_count *m, bool is_true)
{
    if (m->n++ == 0)
        m->is_first_true = is_true;
    m->n_true += is_true;
}

enum truth evaluator_members(enum array_rule rule, const struct member_count *m);
/* Of an atom whose field has no member. */
enum truth evaluator_missing(const struct atom *x);

/* ATOM_SOME_FIELD, ATOM_SOME_MEMBER; with `except` atoms that are true of the texts of all keys. */
enum truth evaluator_parts(struct evaluator *e, const struct net_lazy *lazy);

#endif
