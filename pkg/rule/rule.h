/* rule.h - the tree that every rule language becomes (the rule IR).
 *
 * A rule is: metadata, the stream it may see (logsource), and a formula over atoms; the
 * languages with state add operators behind the formula (stages). What vendors do
 * differently is a parameter of a node (case, missing-field rule, array rule, regex
 * dialect), never a mode of the engine.
 *
 * The formula is Kleene three-valued: an atom on a missing field is false or unknown by
 * its `miss`; at the root unknown counts as no match.
 *
 * Memory   a rule and all it points to live in one arena (that of the rule set) and are
 *          read-only once the front end has returned.
 * Limits   FORMULA_DEPTH_MAX, GLOB_PARTS_MAX: front ends refuse what exceeds them.
 */
#ifndef WEIR_RULE_RULE_H
#define WEIR_RULE_RULE_H

#include "base/arena.h"
#include "base/base.h"

struct correlation; /* correlation.h: operators over matches, and how findings are told */
struct expr;        /* expr.h: what an atom computes from values */
struct rule_state;

struct formula;

/* ---- atoms ------------------------------------------------------------------ */

enum atom_op {
    ATOM_EQ,       /* whole value equals text (case by `fold`)                      */
    ATOM_PREFIX,   /* value starts with text                                        */
    ATOM_SUFFIX,   /* value ends with text                                          */
    ATOM_CONTAINS, /* text anywhere in the value; the empty text: any string        */
    ATOM_GLOB,     /* whole value matches `glob`                                    */
    ATOM_REGEX,    /* `regex`                                                       */
    ATOM_CIDR,     /* value parses as an address inside `text` (a.b.c.d/n, v6/n)    */
    ATOM_NUM_EQ,   /* numeric equality with `text`, a JSON number                   */
    ATOM_NUM_LT,
    ATOM_NUM_LE,
    ATOM_NUM_GT,
    ATOM_NUM_GE,
    ATOM_BOOL,      /* value is the boolean `is_true`, or its text, ASCII case aside */
    ATOM_EXISTS,    /* the key is there, whatever its value (null counts)            */
    ATOM_IS_NULL,   /* missing, or null (of several members: some member is null)    */
    ATOM_FIELD_CMP, /* `cmp` (EQ, PREFIX, SUFFIX, CONTAINS) against field `other`    */
    ATOM_TIME_PART, /* `part` of the timestamp in the field, compared by `cmp` to `text` */
    ATOM_EXPR,      /* `expr`, computed from several fields, is true; null is unknown. `miss` and
                     * `array` are not asked: the expression says what it makes of a missing field,
                     * and of several members it sees the first */
    ATOM_LIST,      /* value is on the list `list` as it stands when the atom is asked; entries
                     * that have expired at the event's time are not on it */
    ATOM_BEFORE,    /* the event's time is before `time_ms`; true of an event without a time. It has
                     * no field: `field` is FIELD_TIME_NAME, `miss` and `array` are not asked */
    ATOM_HAS_VALUE, /* a text, a number, a truth value or an object: no null, no empty list */
    ATOM_WORDS, /* the words (base/words.h) of `text` stand in the value one behind the other; or,
                 * if `glob` has parts, one word of the value matches it */
    ATOM_TEXT_CMP, /* `cmp` (NUM_LT, LE, GT, GE) of the value's text and `text`, byte by byte */
    ATOM_TIME_CMP, /* `cmp` of the time in the value and `time` */
    /* The last two ask `inner`, in which no ATOM_REGEX, FIELD_CMP or EXPR stands. */
    ATOM_SOME_FIELD, /* true of some field of the event (event_names()) whose name matches `glob`,
                      * case as written: its atoms name no field. `field` is the pattern as text */
    ATOM_SOME_MEMBER /* true of some member that is an object: its atoms name what is inside */
};

/* How letters compare. CI_SIMPLE is Unicode simple case folding; front ends use it only
 * for texts with cased letters outside ASCII, so that nearly all folding is ASCII. */
enum fold { FOLD_NONE, FOLD_ASCII, FOLD_SIMPLE };

/* What an atom says of an event that lacks the field; EXISTS and IS_NULL know by themselves. */
enum miss { MISS_FALSE, MISS_UNKNOWN, MISS_TRUE };

/* Which members of a multi-valued field must satisfy the atom. SINGLE: unknown if there is more
 * than one. */
enum array_rule { ARRAY_ANY, ARRAY_ALL, ARRAY_FIRST, ARRAY_SINGLE };

enum time_part { PART_MINUTE, PART_HOUR, PART_DAY, PART_WEEK, PART_MONTH, PART_YEAR };

/* A glob is a run of parts; escapes were resolved by the front end. */
enum glob_kind {
    GLOB_TEXT, /* these bytes, folded as the atom says */
    GLOB_ONE,  /* exactly one Unicode character        */
    GLOB_ANY,  /* any run of bytes, also none          */
    GLOB_SET   /* exactly one of the characters in `text` (UTF-8) */
};

enum { GLOB_PARTS_MAX = 256 };

struct glob_part {
    enum glob_kind kind;
    struct str text;
};

struct glob {
    const struct glob_part *parts; /* no two ANY in a row, no two TEXT in a row, no empty TEXT */
    size_t n_parts;
};

/* Internal regex syntax: PCRE without back references and look-around. */
struct regex {
    struct str pattern;
    bool is_caseless, is_multiline, is_dotall;
    bool is_whole_value; /* anchored at both ends (Lucene) instead of a search */
};

/* A point in time: fixed, or counted from the time of the event. */
struct time_step {
    char unit;     /* y M w d h m s */
    bool is_round; /* to the start of the unit, or its last millisecond if `rounds_up` */
    int64_t n;     /* else: so many units later */
};

struct rule_time {
    bool is_relative; /* of an event without a time the atom is false */
    int64_t at_ms;    /* if it is not */
    const struct time_step *steps;
    size_t n_steps;
    bool rounds_up;
};

/* The pseudo-field of keywords: the atom is asked of the profile's message field if the
 * event's profile declares one, else of every string leaf of the event. */
#define FIELD_ANY_NAME "@any"
/* What stands for a field in ATOM_BEFORE; never extracted. */
#define FIELD_TIME_NAME "@time"

/* A list that atoms ask at run time: what stands on it may change under the rules that name it
 * (match/list_view.h has the contents, by number). */
struct list_slot {
    struct str name;
    struct str column; /* of the file; empty: its own choice */
    uint32_t number;
    struct str sample; /* an entry, for events made up of a rule's own words; may be empty */
};

struct str_list {
    const struct str *items;
    size_t n;
};

struct atom {
    enum atom_op op;
    enum fold fold;
    enum miss miss;
    enum array_rule array;
    struct str field; /* name as the rule has it; FIELD_ANY_NAME for keywords */
    /* FIELD_ANY_NAME: texts below these keys of the event are not looked at; of a name that ends in
     * '*' all that begin so. Only of EQ to REGEX, with MISS_FALSE and ARRAY_ANY. */
    struct str_list except;
    struct str text; /* operand: literal (unescaped), number, network */
    struct glob glob;
    struct regex regex;
    struct str other; /* ATOM_FIELD_CMP: name of the second field */
    enum atom_op cmp; /* ATOM_FIELD_CMP, _TIME_PART, _TEXT_CMP, _TIME_CMP: the comparison */
    enum time_part part;
    bool is_true; /* ATOM_BOOL */
    /* ATOM_EXPR: its fields are expr_fields, by slot; the first of them is `field`. is_gated: it is
     * not true of an event that lacks `field`. */
    const struct expr *expr;
    struct str_list expr_fields;
    bool is_gated;
    const struct list_slot *list; /* ATOM_LIST */
    int64_t time_ms;              /* ATOM_BEFORE: since 1970 UTC */
    struct rule_time time;        /* ATOM_TIME_CMP */
    const struct formula *inner;  /* ATOM_SOME_FIELD, ATOM_SOME_MEMBER */
    uint32_t line, col;           /* where the rule says it; 0: a filter does, in another file */
};

/* ---- formula ---------------------------------------------------------------- */

/* What an atom or formula says of an event. The order is Kleene's: AND is the least of its
 * parts, OR the greatest, NOT the mirror (TRUTH_TRUE - t). */
enum truth { TRUTH_FALSE, TRUTH_UNKNOWN, TRUTH_TRUE };

enum formula_kind { FORMULA_AND, FORMULA_OR, FORMULA_NOT, FORMULA_ATOM, FORMULA_CONST };

enum { FORMULA_DEPTH_MAX = 128 };

struct formula {
    enum formula_kind kind;
    bool value;                /* FORMULA_CONST */
    const struct atom *atom;   /* FORMULA_ATOM */
    struct formula **children; /* AND, OR: n_children; NOT: one */
    size_t n_children;
    struct str label; /* name of the selection that this node is, else empty */
};

/* ---- values that a rule computes ----------------------------------------------- */

/* A column of a pipeline that something behind the formula wants: a group key, the input of an
 * aggregate, a dedup field, evidence, a slot of a message. Wherever these name a field, the name is
 * looked for among the derived ones of the rule that matched first, and is then a field of the
 * event. A list has a value for each member, null has none. */
struct derived {
    struct str name;
    const struct expr *expr;
    struct str_list fields; /* of the event, by slot of the expression */
};

/* The match stands for several: one for each member of the list of which the condition is true
 * (EXPR_MEMBER, here and in derived fields). Correlations hear of each, the rule's own finding is
 * one. */
struct match_rows {
    const struct expr *list;
    const struct expr *condition; /* NULL: every member */
    struct str_list fields;       /* of the event, by slot, for both */
};

/* ---- the rule --------------------------------------------------------------- */

enum rule_level { LEVEL_INFORMATIONAL, LEVEL_LOW, LEVEL_MEDIUM, LEVEL_HIGH, LEVEL_CRITICAL };

enum rule_status {
    STATUS_NONE,
    STATUS_STABLE,
    STATUS_TEST,
    STATUS_EXPERIMENTAL,
    STATUS_DEPRECATED,
    STATUS_UNSUPPORTED
};

/* Where alerts of a rule go: the SOAR; a topic of their own with a dedup space of their own;
 * nowhere but into correlations; nowhere at all. Only ALERT feeds risk. */
enum rule_channel { CHANNEL_ALERT, CHANNEL_SHADOW, CHANNEL_INTERNAL, CHANNEL_OFF };

/* What a rule says of the stream it is for; an empty part says nothing. */
struct logsource {
    struct str product, category, service;
    /* Names of the streams it reads (event/stream.h): index patterns, "sourcetype=NAME". */
    struct str_list streams;
};

struct rule_message {
    uint32_t line, col;
    struct str text;
};

/* What values make of a rule's findings. Where several cases hold, the last does.
 *
 * They are the values of the event; of what several events make those of the group's key (or of the
 * term that is new), then those of the columns that are told of a group, then what all the events
 * have alike, as far as capsules (state/capsule.h) tell: the first value of each. What is told as
 * soon as it is so (event_count and its like) asks the key's values, then those of each event. */
struct level_case {
    struct str field, value; /* a member of the field is this text, case as written */
    enum rule_level level;
};
struct score_case {
    struct str field, value; /* value empty: any */
    int32_t score;           /* SCORE_OF_FIELD: the number in the field, 0 to 100 */
};
enum { SCORE_OF_FIELD = -1, RULE_CASES_MAX = 64 };
struct rule_by_value {
    const struct level_case *levels;
    size_t n_levels;
    const struct score_case *scores;
    size_t n_scores;
    struct str title_field; /* its value is the title of alerts; empty: none */
};

/* What a rule offers to be changed by a name of its own (lang/parameter.h). */
struct rule_parameter {
    struct str name, description;
    struct str sets;   /* the setting that it is another name for; empty: it is about a list */
    struct str list;   /* ... whose entries its values stand for: the placeholder %list% */
    struct str weighs; /* field: its values' points on the list add to the score; empty: none do */
    uint32_t line, col;
};
enum { RULE_PARAMETERS_MAX = 32, RULE_WEIGHTS_MAX = 4 /* of a rule's parameters */ };

struct rule {
    struct str uid; /* the rule's id, or path#document */
    bool has_own_id;
    /* Made for a correlation of the same document, which lists it: it has no verdict of its own and
     * goes where the correlation goes. */
    bool is_part;
    /* Made to show something to people: it is not even asked while its channel is off. */
    bool is_display;
    struct str language; /* "sigma" ... */
    struct str path;     /* file as it was named to weir */
    uint32_t document;   /* 0-based number of the document in the file */
    uint32_t line;       /* where the document starts */
    char sha256[65];     /* of the document's own text, hex */

    struct str name, title, description, author, date, modified, licence;
    enum rule_status status;
    enum rule_level level;
    bool has_level;
    /* Score of a finding before addends, 0 to 100; has_score false: that of its level. */
    bool has_score;
    int32_t score;
    struct rule_by_value by_value;
    struct str_list references, tags, falsepositives, fields;
    bool shows_fields; /* an alert has the values of `fields` of its event, whatever its profile
                          maps */
    struct logsource logsource;
    const struct logsource *written_source; /* the one that a pipeline changed; NULL: none did */
    enum rule_channel channel;

    struct formula *formula;
    /* A rule with several conditions is the OR of them. */

    const struct derived *derived;
    size_t n_derived;
    const struct match_rows *rows; /* NULL: one */

    const struct correlation *correlation; /* NULL: a rule about single events */
    struct rule_state *state;              /* correlation.h; NULL: all defaults */
    const struct str *overlays;            /* names of the overlays that changed it */
    size_t n_overlays;

    struct str owner, runbook; /* empty: nobody says */
    struct str message;        /* template with {slots} (message.h); empty: the default one */

    const struct rule_message *warnings; /* lints the front end found */
    size_t n_warnings;

    const struct rule_parameter *parameters;
    size_t n_parameters;
};

/* The index of the derived field of this name, or RULE_NO_DERIVED. */
enum { RULE_NO_DERIVED = UINT32_MAX };
uint32_t rule_derived_find(const struct rule *r, struct str name);

const char *rule_level_name(enum rule_level level);
/* Does it say a level, or hear others who might? */
bool rule_has_level(const struct rule *r);
/* The name of its level, "unknown" if it has none. */
const char *rule_level_word(const struct rule *r);
/* 10, 21, 47, 73, 99: the lowest score that still counts as this level (alert/score.h). */
int rule_level_score(enum rule_level level);
/* The same texts in the same order. */
bool str_list_eq(const struct str_list *a, const struct str_list *b);
/* Written alike: every field counts. */
bool glob_equal(const struct glob *a, const struct glob *b);
bool regex_equal(const struct regex *a, const struct regex *b);

bool rule_level_parse(struct str text, enum rule_level *out);
const char *rule_status_name(enum rule_status status);
bool rule_status_parse(struct str text, enum rule_status *out);
const char *rule_channel_name(enum rule_channel channel);
const char *atom_op_name(enum atom_op op);

/* ---- building formulas ------------------------------------------------------ */

struct formula *formula_atom(struct arena *a, const struct atom *atom);
struct formula *formula_not(struct arena *a, struct formula *child);
/* AND/OR of n children; one child is returned itself unless it needs a label. */
struct formula *formula_join(struct arena *a, enum formula_kind kind, struct formula **children,
                             size_t n);
struct formula *formula_const(struct arena *a, bool value);

/* Call fn for every atom, left to right. */
void formula_each_atom(const struct formula *f, void (*fn)(const struct atom *, void *),
                       void *context);

/* ---- lists for placeholders --------------------------------------------------- */

enum { LIST_TEXTS_MAX = 10000 };

/* How the entries of a list are meant. */
enum list_mode {
    LIST_CI,    /* texts, compared as the rule language compares: in Sigma case aside */
    LIST_EXACT, /* texts, case as written */
    LIST_CIDR,  /* networks; not checked yet: the front end that uses them does */
    LIST_GLOB   /* texts in Sigma's wildcard notation, compared as those of LIST_CI */
};

/* What a front end asks when a rule names a list (%name%). The list package provides it;
 * `rule` only says what it needs. */
struct list_source {
    /* Entries of the list `name` and how they are meant; false if there is none. The memory
     * lives until the rules are loaded: what is kept is copied. Of a list with more than
     * LIST_TEXTS_MAX entries there is only their number (items is NULL): it can be asked, not
     * copied. */
    bool (*lookup)(void *context, struct str name, struct str_list *entries, enum list_mode *mode);
    /* The same list as something to ask at run time (ATOM_LIST), as long as the rule set lives;
     * column: of the file, empty for the list's own choice. NULL: there is none, or its entries
     * are to be copied. May be NULL itself. */
    const struct list_slot *(*slot)(void *context, struct str name, struct str column);
    /* Of a list that is a table: the cells of a column (one that the list copies) of each entry, in
     * the order of lookup(); *entries is the name of the entries' own column, empty if nobody
     * knows. False: there is no such column. May be NULL: no list is a table. */
    bool (*cells)(void *context, struct str name, struct str column, struct str_list *cells,
                  struct str *entries);
    /* The names of the columns that such a list copies, and that of the entries' own, empty if
     * nobody knows. False: it is no table, or has too many rows to be copied. May be NULL. */
    bool (*columns)(void *context, struct str name, struct str_list *names, struct str *entries);
    /* The name of a list that looks like this one, empty if none does; may be NULL. */
    struct str (*nearest)(void *context, struct str name);
    /* Values that somebody gave this rule alone for a parameter of its own, which stand for the
     * entries of `list` and are meant as those where nothing else is said; false if nobody did. May
     * be NULL. */
    bool (*given)(void *context, struct str parameter, struct str list, struct str_list *entries,
                  enum list_mode *mode);
    void *context;
};

#endif
