/* attack.c - see attack.h. */
#include "alert/attack.h"

#include "alert/attack_table.h"
#include "base/str.h"

struct tactic {
    const char *uid, *tag, *name;
    uint16_t serves; /* techniques with one of these bits belong to it */
    uint8_t version;
};

static const struct tactic tactics[] = {
    {"TA0043", "reconnaissance", "Reconnaissance", REC, 17},
    {"TA0042", "resource-development", "Resource Development", RES, 17},
    {"TA0001", "initial-access", "Initial Access", INI, 17},
    {"TA0002", "execution", "Execution", EXE, 17},
    {"TA0003", "persistence", "Persistence", PER, 17},
    {"TA0004", "privilege-escalation", "Privilege Escalation", PRI, 17},
    {"TA0005", "defense-evasion", "Defense Evasion", EVA | DEI, 17},
    {"TA0005", "stealth", "Stealth", EVA, 19},
    {"TA0112", "defense-impairment", "Defense Impairment", DEI | EVA, 19},
    {"TA0006", "credential-access", "Credential Access", CRE, 17},
    {"TA0007", "discovery", "Discovery", DIS, 17},
    {"TA0008", "lateral-movement", "Lateral Movement", LAT, 17},
    {"TA0009", "collection", "Collection", COL, 17},
    {"TA0011", "command-and-control", "Command and Control", C2, 17},
    {"TA0010", "exfiltration", "Exfiltration", EXF, 17},
    {"TA0040", "impact", "Impact", IMP, 17},
};

static const char *version_name(uint8_t version)
{
    return version == 19 ? "19.0" : "17.0";
}

/* The part behind "attack."; false for other tags. */
static bool attack_part(struct str tag, struct str *part)
{
    if (!str_eq_ci(str_sub(tag, 0, 7), STR("attack.")))
        return false;
    *part = str_sub(tag, 7, tag.n - 7);
    return true;
}

static bool same_tactic(struct str part, const char *name)
{
    struct str want = str_from(name);

    if (part.n != want.n)
        return false;
    for (size_t i = 0; i < part.n; i++) {
        char c = part.p[i] == '_' ? '-' : ascii_lower(part.p[i]);
        if (c != want.p[i])
            return false;
    }
    return true;
}

static const struct tactic *tactic_of(struct str tag)
{
    struct str part;

    if (!attack_part(tag, &part))
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(tactics); i++)
        if (same_tactic(part, tactics[i].tag) || str_eq_ci(part, str_from(tactics[i].uid)))
            return &tactics[i];
    return NULL;
}

/* T and four digits, then perhaps a dot and three. */
static bool technique_of(struct str tag, struct str *part)
{
    if (!attack_part(tag, part) || (part->n != 5 && part->n != 9) || ascii_lower(part->p[0]) != 't')
        return false;
    for (size_t i = 1; i < part->n; i++)
        if (i == 5 ? part->p[i] != '.' : part->p[i] < '0' || part->p[i] > '9')
            return false;
    return true;
}

bool attack_is_tag(struct str tag)
{
    struct str part;

    return tactic_of(tag) != NULL || technique_of(tag, &part);
}

static const struct attack_row *find_row(struct str uid)
{
    size_t low = 0, high = n_attack_rows;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = str_cmp(str_from(attack_rows[mid].uid), uid);
        if (order == 0)
            return &attack_rows[mid];
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

static struct attack_name technique_name(struct str uid)
{
    const struct attack_row *row = find_row(uid);

    return (struct attack_name){uid, str_from(row ? row->name : "")};
}

/* The first of the rule's tactics that the technique serves. */
static const struct tactic *tactic_for(struct str_list tags, const struct attack_row *row)
{
    for (size_t i = 0; row && i < tags.n; i++) {
        const struct tactic *t = tactic_of(tags.items[i]);
        if (t && (t->serves & row->tactics))
            return t;
    }
    return NULL;
}

static void set_tactic(struct attack *out, const struct tactic *t)
{
    out->tactic = (struct attack_name){str_from(t->uid), str_from(t->name)};
    if (t->version == 19)
        out->version = version_name(t->version);
}

static const struct tactic *add_technique(struct arena *a, struct str_list tags, struct str part,
                                          struct attack *out)
{
    struct str uid = arena_printf(a, "T%.*s", (int)part.n - 1, part.p + 1);
    const struct attack_row *row = find_row(uid);
    const struct tactic *t = tactic_for(tags, row);

    *out = (struct attack){.version = version_name(row ? row->version : 17)};
    out->technique = technique_name(str_sub(uid, 0, 5));
    if (uid.n > 5)
        out->sub_technique = technique_name(uid);
    if (t)
        set_tactic(out, t);
    return t;
}

size_t attack_of_tags(struct arena *a, struct str_list tags, struct attack out[static ATTACKS_MAX])
{
    uint32_t used = 0; /* tactics that stand with a technique */
    struct str part;
    size_t n = 0;

    for (size_t i = 0; i < tags.n && n < ATTACKS_MAX; i++) {
        if (!technique_of(tags.items[i], &part))
            continue;
        const struct tactic *t = add_technique(a, tags, part, &out[n++]);
        if (t)
            used |= 1u << (t - tactics);
    }
    for (size_t i = 0; i < tags.n && n < ATTACKS_MAX; i++) {
        const struct tactic *t = tactic_of(tags.items[i]);
        if (!t || (used >> (t - tactics) & 1))
            continue;
        used |= 1u << (t - tactics);
        out[n] = (struct attack){.version = version_name(t->version)};
        set_tactic(&out[n++], t);
    }
    return n;
}

size_t attack_tactics(struct str_list tags, struct str out[static ATTACKS_MAX])
{
    uint32_t used = 0;
    size_t n = 0;

    for (size_t i = 0; i < tags.n && n < ATTACKS_MAX; i++) {
        const struct tactic *t = tactic_of(tags.items[i]);
        if (!t || (used >> (t - tactics) & 1))
            continue;
        used |= 1u << (t - tactics);
        out[n++] = str_from(t->name);
    }
    return n;
}
