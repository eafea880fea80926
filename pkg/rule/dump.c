/* dump.c - formulas as text. One writer for atoms; the line and the tree form only
 * differ in what stands between the nodes. */
#include "rule/dump.h"

#include "base/str.h"
#include "base/time.h"
#include "rule/expr.h"

#include <inttypes.h>

static const char *const CMP[] = {[ATOM_EQ] = "eq",           [ATOM_PREFIX] = "startswith",
                                  [ATOM_SUFFIX] = "endswith", [ATOM_CONTAINS] = "contains",
                                  [ATOM_NUM_EQ] = "=",        [ATOM_NUM_LT] = "<",
                                  [ATOM_NUM_LE] = "<=",       [ATOM_NUM_GT] = ">",
                                  [ATOM_NUM_GE] = ">="};

static const char *const PARTS[] = {"minute", "hour", "day", "week", "month", "year"};

static void add_quoted(struct buf *out, struct str s)
{
    buf_add_char(out, '"');
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '"')
            buf_add(out, STR("\\\""));
        else if (c < 0x20 || c == 0x7f)
            buf_printf(out, "\\x%02x", c);
        else
            buf_add_char(out, (char)c);
    }
    buf_add_char(out, '"');
}

static void add_field(struct buf *out, struct str s)
{
    bool is_plain = s.n > 0;

    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ' || s.p[i] == '"' || s.p[i] == ',')
            is_plain = false;
    if (is_plain)
        buf_add(out, s);
    else
        add_quoted(out, s);
}

static void add_fold(struct buf *out, enum fold fold)
{
    if (fold == FOLD_NONE)
        buf_add(out, STR(" cased"));
    else if (fold == FOLD_SIMPLE)
        buf_add(out, STR(" unicode"));
}

static void add_glob(struct buf *out, const struct glob *g)
{
    for (size_t i = 0; i < g->n_parts; i++) {
        buf_add_char(out, ' ');
        switch (g->parts[i].kind) {
        case GLOB_TEXT:
            add_quoted(out, g->parts[i].text);
            break;
        case GLOB_ONE:
            buf_add_char(out, '?');
            break;
        case GLOB_ANY:
            buf_add_char(out, '*');
            break;
        case GLOB_SET:
            buf_add_char(out, '[');
            buf_add(out, g->parts[i].text);
            buf_add_char(out, ']');
            break;
        }
    }
}

static void add_regex(struct buf *out, const struct regex *re)
{
    buf_add(out, STR(" /"));
    buf_add(out, re->pattern);
    buf_printf(out, "/%s%s%s%s", re->is_caseless ? "i" : "", re->is_multiline ? "m" : "",
               re->is_dotall ? "s" : "", re->is_whole_value ? " whole" : "");
}

static void add_time(struct buf *out, int64_t ms)
{
    char text[TIME_TEXT_MAX];

    buf_add(out, (struct str){text, time_format_ms(ms, text)});
}

/* "now-1d/d" or a time. */
static void add_point(struct buf *out, const struct rule_time *t)
{
    if (!t->is_relative) {
        add_time(out, t->at_ms);
        return;
    }
    buf_add(out, STR("now"));
    for (size_t i = 0; i < t->n_steps; i++) {
        if (t->steps[i].is_round)
            buf_printf(out, "/%c%s", t->steps[i].unit, t->rounds_up ? " (end)" : "");
        else
            buf_printf(out, "%+" PRId64 "%c", t->steps[i].n, t->steps[i].unit);
    }
}

static void add_text(struct buf *out, const struct atom *atom)
{
    add_fold(out, atom->fold);
    buf_add_char(out, ' ');
    add_quoted(out, atom->text);
}

static void add_pattern(struct buf *out, const struct atom *atom)
{
    add_fold(out, atom->fold);
    add_glob(out, &atom->glob);
}

static void add_list(struct buf *out, const struct list_slot *list)
{
    buf_printf(out, " list %.*s", (int)list->name.n, list->name.p);
    if (list->column.n)
        buf_printf(out, " column %.*s", (int)list->column.n, list->column.p);
}

static void add_operand(struct buf *out, const struct atom *atom)
{
    switch (atom->op) {
    case ATOM_EQ:
    case ATOM_PREFIX:
    case ATOM_SUFFIX:
    case ATOM_CONTAINS:
        add_text(out, atom);
        break;
    case ATOM_GLOB:
        add_pattern(out, atom);
        break;
    case ATOM_REGEX:
        add_regex(out, &atom->regex);
        break;
    case ATOM_BOOL:
        buf_printf(out, " %s", atom->is_true ? "true" : "false");
        break;
    case ATOM_EXISTS:
    case ATOM_IS_NULL:
    case ATOM_HAS_VALUE:
        break;
    case ATOM_WORDS:
        if (atom->glob.n_parts)
            add_pattern(out, atom);
        else
            add_text(out, atom);
        break;
    case ATOM_TEXT_CMP:
        buf_printf(out, " %s ", CMP[atom->cmp]);
        add_quoted(out, atom->text);
        break;
    case ATOM_TIME_CMP:
        buf_printf(out, " %s ", CMP[atom->cmp]);
        add_point(out, &atom->time);
        break;
    case ATOM_SOME_FIELD:
    case ATOM_SOME_MEMBER:
        buf_add(out, STR(" ("));
        formula_dump(out, atom->inner);
        buf_add_char(out, ')');
        break;
    case ATOM_FIELD_CMP:
        add_fold(out, atom->fold);
        buf_printf(out, " %s ", CMP[atom->cmp]);
        add_field(out, atom->other);
        break;
    case ATOM_EXPR:
        break;
    case ATOM_LIST:
        add_list(out, atom->list);
        break;
    case ATOM_BEFORE:
        buf_add_char(out, ' ');
        add_time(out, atom->time_ms);
        break;
    case ATOM_TIME_PART:
        buf_printf(out, " %s %s ", PARTS[atom->part], CMP[atom->cmp]);
        buf_add(out, atom->text);
        break;
    default: /* numbers and networks */
        buf_add_char(out, ' ');
        buf_add(out, atom->text);
        break;
    }
}

void atom_dump(struct buf *out, const struct atom *atom)
{
    static const char *const ARRAYS[] = {"", " all", " first", " single"};
    static const char *const MISSES[] = {"", " missing=unknown", " missing=true"};

    if (atom->op == ATOM_EXPR) {
        expr_dump(out, atom->expr);
        return;
    }
    if (atom->field.n)
        add_field(out, atom->field);
    for (size_t i = 0; i < atom->except.n; i++) {
        buf_add(out, i ? STR(",") : STR(" except "));
        add_field(out, atom->except.items[i]);
    }
    buf_printf(out, "%s%s", atom->field.n ? " " : "", atom_op_name(atom->op));
    add_operand(out, atom);
    buf_printf(out, "%s%s", ARRAYS[atom->array], MISSES[atom->miss]);
}

void atom_dump_operand(struct buf *out, const struct atom *atom)
{
    struct buf text = {0};

    add_operand(&text, atom);
    buf_add(out, str_trim(buf_str(&text)));
    buf_release(&text);
}

static void dump_head(struct buf *out, const struct formula *f)
{
    if (f->label.n) {
        buf_add(out, f->label);
        buf_add(out, STR(": "));
    }
    switch (f->kind) {
    case FORMULA_AND:
        buf_add(out, STR("and"));
        break;
    case FORMULA_OR:
        buf_add(out, STR("or"));
        break;
    case FORMULA_NOT:
        buf_add(out, STR("not"));
        break;
    case FORMULA_ATOM:
        atom_dump(out, f->atom);
        break;
    case FORMULA_CONST:
        buf_printf(out, "%s", f->value ? "true" : "false");
        break;
    }
}

void formula_dump(struct buf *out, const struct formula *f)
{
    dump_head(out, f);
    for (size_t i = 0; i < f->n_children; i++) {
        buf_add(out, i ? STR(", ") : STR("("));
        formula_dump(out, f->children[i]);
    }
    if (f->n_children)
        buf_add_char(out, ')');
}

void formula_dump_tree(struct buf *out, const struct formula *f, unsigned indent)
{
    for (unsigned i = 0; i < indent; i++)
        buf_add(out, STR("  "));
    dump_head(out, f);
    buf_add_char(out, '\n');
    for (size_t i = 0; i < f->n_children; i++)
        formula_dump_tree(out, f->children[i], indent + 1);
}
