/* profile_load.c - from profile files to a profile set.
 *
 * Files are parsed into documents first and resolved by name afterwards, since a profile may
 * extend one that comes later. To resolve one: start from a copy of what it extends, then let each
 * key of its own replace or add (docs/profiles.md says which). A user's file of the name of
 * a built-in takes its place; if it extends its own name, it means the built-in.
 */
#include "event/profile.h"

#include "base/embed.h"
#include "base/str.h"
#include "event/profile_alias.h"
#include "event/profile_read.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SOURCES_MAX = 2 * PROFILES_MAX,
    PROFILE_FILE_MAX = 4 * 1024 * 1024,
    PRIORITY_DEFAULT = 50,
    EXTENDS_DEPTH_MAX = 8
};

/* A profile file: parsed, not yet resolved. */
struct source {
    struct str name, path, text;
    const struct doc_node *doc;
    bool is_builtin;
    bool is_replaced; /* a user's file has taken its name */
    struct profile *profile;
};

struct loader {
    struct profile_reader reader;
    struct source *sources;
    size_t n_sources;
};

/* ---- resolving ------------------------------------------------------------------------------ */

/* The source that a name means; with `after` a built-in that this user's file replaces. */
static struct source *find_source(struct loader *l, struct str name, const struct source *after)
{
    for (size_t i = 0; i < l->n_sources; i++) {
        struct source *s = &l->sources[i];
        if (str_eq(s->name, name) && s != after && (!s->is_replaced || after))
            return s;
    }
    return NULL;
}

static enum weir_rc resolve(struct loader *l, struct source *s, int depth);

static enum weir_rc resolve_parent(struct loader *l, struct source *s, int depth)
{
    const struct doc_node *extends = doc_get(s->doc, STR("extends"));
    struct str name;

    if (!extends)
        return WEIR_OK;
    TRY(profile_read_text(&l->reader, extends, "extends", &name));
    bool is_own_name = str_eq(name, s->name);
    struct source *parent = find_source(l, name, is_own_name ? s : NULL);
    if (!parent) {
        struct str *names = ARENA_ARRAY(l->reader.arena, l->n_sources, struct str);
        size_t n = 0;
        for (size_t i = 0; i < l->n_sources; i++)
            if (&l->sources[i] != s)
                names[n++] = l->sources[i].name;
        return profile_unknown_name(&l->reader, extends->line, extends->col, "profile", name, names,
                                    n);
    }
    if (depth == EXTENDS_DEPTH_MAX)
        return profile_fail(&l->reader, extends,
                            "profiles extend each other in a circle, or too deep");
    TRY(resolve(l, parent, depth + 1));
    *s->profile = *parent->profile;
    return WEIR_OK;
}

static enum weir_rc resolve(struct loader *l, struct source *s, int depth)
{
    if (s->profile && s->profile->name.n) /* done: the name is set last */
        return WEIR_OK;

    if (!s->profile)
        s->profile = ARENA_NEW(l->reader.arena, struct profile);
    enum weir_rc rc = resolve_parent(l, s, depth);
    if (rc == WEIR_OK) {
        l->reader.p = s->profile;
        l->reader.p->name = (struct str){0};
        l->reader.p->is_abstract = false;
        l->reader.p->priority = PRIORITY_DEFAULT;
        rc = profile_read_body(&l->reader, s->doc);
    }
    if (rc != WEIR_OK) {
        err_file(l->reader.err, s->path);
        return rc;
    }
    s->profile->path = s->path;
    s->profile->name = s->name;
    return WEIR_OK;
}

/* ---- reading the files --------------------------------------------------------------------- */

static enum weir_rc add_source(struct loader *l, struct str path, struct str text, bool is_builtin)
{
    struct doc_node *docs;
    size_t n_docs;
    struct str name;

    TRY(doc_parse_yaml(l->reader.arena, text, &docs, &n_docs, l->reader.err));
    if (n_docs != 1 || docs[0].type != DOC_MAP)
        return err_at(l->reader.err, WEIR_SYNTAX, 1, 1, "a profile file holds one map");
    const struct doc_node *named = doc_get(&docs[0], STR("name"));
    if (!named)
        return profile_fail(&l->reader, &docs[0], "a profile needs `name`");
    TRY(profile_read_text(&l->reader, named, "name", &name));
    if (name.n == 0)
        return profile_fail(&l->reader, named, "the name is empty");

    for (size_t i = 0; i < l->n_sources; i++) {
        struct source *other = &l->sources[i];
        if (!str_eq(other->name, name))
            continue;
        if (other->is_builtin == is_builtin)
            return err_at(l->reader.err, WEIR_SYNTAX, named->line, named->col,
                          "profile '%.*s' is already defined in %.*s", (int)name.n, name.p,
                          (int)other->path.n, other->path.p);
        other->is_replaced = true;
    }
    if (l->n_sources == SOURCES_MAX)
        return err_set(l->reader.err, WEIR_LIMIT, "more than %d profiles", PROFILES_MAX);
    l->sources[l->n_sources++] = (struct source){
        .name = name, .path = path, .text = text, .doc = &docs[0], .is_builtin = is_builtin};
    return WEIR_OK;
}

static enum weir_rc add_builtins(struct loader *l)
{
    for (size_t i = 0; i < embed_profiles_n; i++) {
        enum weir_rc rc = add_source(l, embed_profiles[i].path, embed_profiles[i].text, true);
        if (rc != WEIR_OK) {
            err_file(l->reader.err, embed_profiles[i].path);
            return rc;
        }
    }
    return WEIR_OK;
}

static enum weir_rc read_file(struct loader *l, struct str path, struct str *out)
{
    FILE *file = fopen(path.p, "rb");
    if (!file)
        return err_set(l->reader.err, WEIR_IO, "cannot read: %s", strerror(errno));

    char *text = arena_alloc(l->reader.arena, PROFILE_FILE_MAX + 1);
    size_t n = fread(text, 1, PROFILE_FILE_MAX + 1, file);
    bool is_bad = ferror(file) != 0;
    fclose(file);
    if (is_bad)
        return err_set(l->reader.err, WEIR_IO, "cannot read: %s", strerror(errno));
    if (n > PROFILE_FILE_MAX)
        return err_set(l->reader.err, WEIR_LIMIT, "larger than %d bytes", PROFILE_FILE_MAX);
    *out = arena_str(l->reader.arena, (struct str){text, n});
    return WEIR_OK;
}

static enum weir_rc add_file(struct loader *l, struct str path)
{
    struct str text;
    /* The read buffer is large: it gets an arena of its own and only the text is kept. */
    struct arena *kept = l->reader.arena;
    struct arena *scratch = arena_new(0);

    l->reader.arena = scratch;
    enum weir_rc rc = read_file(l, path, &text);
    l->reader.arena = kept;
    if (rc == WEIR_OK)
        text = arena_str(kept, text);
    arena_free(scratch);
    if (rc == WEIR_OK)
        rc = add_source(l, path, text, false);
    if (rc != WEIR_OK)
        err_file(l->reader.err, path);
    return rc;
}

static int is_profile_file(const struct dirent *entry)
{
    struct str name = str_from(entry->d_name);

    return name.p[0] != '.' && (str_ends(name, STR(".yml")) || str_ends(name, STR(".yaml")));
}

static enum weir_rc add_dir(struct loader *l, struct str dir)
{
    struct str path = arena_str(l->reader.arena, dir); /* with a NUL for the system */
    struct dirent **entries;
    enum weir_rc rc = WEIR_OK;

    int n = scandir(path.p, &entries, is_profile_file, alphasort);
    if (n < 0) {
        rc = err_set(l->reader.err, WEIR_IO, "cannot read the profile directory: %s",
                     strerror(errno));
        err_file(l->reader.err, dir);
        return rc;
    }
    for (int i = 0; i < n; i++) {
        if (rc == WEIR_OK)
            rc = add_file(l, arena_printf(l->reader.arena, "%s/%s", path.p, entries[i]->d_name));
        free(entries[i]);
    }
    free(entries);
    if (n == 0) {
        rc = err_set(l->reader.err, WEIR_NOTFOUND, "the directory holds no profiles (.yml, .yaml)");
        err_file(l->reader.err, dir);
    }
    return rc;
}

/* ---- the whole ------------------------------------------------------------------------------ */

/* Own aliases first: they go before those of a vocabulary. */
static enum weir_rc expand_aliases(struct loader *l, struct source *s)
{
    const struct doc_node *at = doc_get(s->doc, STR("vocabulary"));
    struct profile *p = s->profile;

    TRY(profile_take_aliases(l->reader.arena, p, p, l->reader.err));
    for (size_t i = 0; i < p->vocabularies.n; i++) {
        const struct source *other = find_source(l, p->vocabularies.items[i], NULL);
        if (!other)
            return err_at(l->reader.err, WEIR_SYNTAX, at ? at->line : 1, at ? at->col : 1,
                          "unknown vocabulary '%.*s': it names a profile",
                          (int)p->vocabularies.items[i].n, p->vocabularies.items[i].p);
        TRY(profile_take_aliases(l->reader.arena, other->profile, p, l->reader.err));
    }
    return WEIR_OK;
}

/* What users' files have replaced is left out. */
static enum weir_rc build_set(struct loader *l, const struct profile_set **out)
{
    struct arena *a = l->reader.arena;
    struct profile **all = ARENA_ARRAY(a, l->n_sources, struct profile *);
    struct str *texts = ARENA_ARRAY(a, l->n_sources, struct str);
    size_t n = 0;

    for (size_t i = 0; i < l->n_sources; i++)
        if (!l->sources[i].is_replaced) {
            all[n] = l->sources[i].profile;
            texts[n++] = l->sources[i].text;
        }
    return profile_set_build(a, all, n, (struct str_list){texts, n}, out, l->reader.err);
}

static enum weir_rc finish(struct loader *l, const struct profile_set **out)
{
    for (size_t i = 0; i < l->n_sources; i++)
        TRY(resolve(l, &l->sources[i], 0));
    for (size_t i = 0; i < l->n_sources; i++) {
        enum weir_rc rc =
            l->sources[i].profile->is_abstract ? WEIR_OK : expand_aliases(l, &l->sources[i]);
        if (rc != WEIR_OK) {
            err_file(l->reader.err, l->sources[i].path);
            return rc;
        }
    }
    return build_set(l, out);
}

enum weir_rc profile_set_load(struct arena *a, struct str user_dir, const struct profile_set **out,
                              struct weir_err *err)
{
    struct loader l = {.reader = {.arena = a, .err = err}};

    l.sources = ARENA_ARRAY(a, SOURCES_MAX, struct source);
    TRY(add_builtins(&l));
    if (user_dir.n)
        TRY(add_dir(&l, user_dir));
    return finish(&l, out);
}

enum weir_rc profile_set_load_texts(struct arena *a, const struct embed_file *user, size_t n_user,
                                    const struct profile_set **out, struct weir_err *err)
{
    struct loader l = {.reader = {.arena = a, .err = err}};

    l.sources = ARENA_ARRAY(a, SOURCES_MAX, struct source);
    TRY(add_builtins(&l));
    for (size_t i = 0; i < n_user; i++) {
        enum weir_rc rc = add_source(&l, user[i].path, user[i].text, false);
        if (rc != WEIR_OK) {
            err_file(err, user[i].path);
            return rc;
        }
    }
    return finish(&l, out);
}
