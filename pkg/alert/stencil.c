/* stencil.c - see stencil.h. */
#include "alert/stencil.h"

#include "base/str.h"
#include "base/time.h"

/* ---- holes ---------------------------------------------------------------------------- */

static void put_latency(struct document *d)
{
    int64_t processed = document_processed_ms(d), event = document_event_ms(d);

    document_i64(d, event > 0 && processed > event ? processed - event : 0);
}

static void put_event_time(struct document *d)
{
    char time[TIME_TEXT_MAX];

    document_text(d, (struct str){time, time_format_ms(document_event_ms(d), time)});
}

static void put_truncated(struct document *d)
{
    json_key_name(&d->json, STR("truncated"));
    json_open_array(&d->json);
    for (size_t i = 0; i < d->n_truncated; i++)
        json_put_str(&d->json, d->truncated[i]);
    json_close_array(&d->json);
}

static void fill(struct document *d, enum hole what)
{
    switch (what) {
    case HOLE_PROCESSED:
        document_i64(d, document_processed_ms(d));
        return;
    case HOLE_FIRST:
        document_i64(d, document_first_ms(d));
        return;
    case HOLE_LAST:
        document_i64(d, d->finding->last_ms);
        return;
    case HOLE_LATENCY:
        put_latency(d);
        return;
    case HOLE_SEQUENCE:
        document_text(d, document_number(d->arena, d->finding->sequence));
        return;
    case HOLE_EVENT_TIME:
        put_event_time(d);
        return;
    case HOLE_RECORD_UID:
        document_text(d, (struct str){d->record_uid, UID_TEXT - 1});
        return;
    case HOLE_FINDING_UID:
        document_text(d, (struct str){d->finding_uid, UID_TEXT - 1});
        return;
    case HOLE_MAPPING:
        json_escape(d->json.out, finding_mapping(d));
        return;
    case HOLE_TIMES:
        finding_times(d);
        return;
    case HOLE_ABOUT:
        json_escape(d->json.out, finding_about(d));
        return;
    case HOLE_MESSAGE:
        finding_put_message(d);
        return;
    case HOLE_TITLE:
        finding_put_title(d);
        return;
    case HOLE_TENANT_UID:
        if (d->tenant.n > 0)
            document_rule_text(d, "tenant_uid", d->tenant, d->limits->text, "metadata");
        return;
    case HOLE_TENANT:
        json_kv_str(&d->json, "tenant", str_sub(d->tenant, 0, d->limits->text));
        return;
    case HOLE_RELATED:
        finding_related_events(d);
        return;
    case HOLE_EVIDENCES:
        event_evidences(d);
        return;
    case HOLE_DEDUP:
        finding_dedup(d);
        return;
    case HOLE_CORRELATION:
        finding_correlation(d);
        return;
    case HOLE_TRUNCATED:
        put_truncated(d);
        return;
    }
}

void document_hole(struct document *d, enum hole what)
{
    struct stencil_marks *marks = d->marks;
    size_t before = d->json.out->n;

    d->marks = NULL; /* what fills a hole has none */
    fill(d, what);
    d->marks = marks;
    if (!marks)
        return;
    if (marks->n == STENCIL_HOLES_MAX) {
        marks->is_over = true;
        return;
    }
    marks->items[marks->n++] =
        (struct stencil_mark){what, before - marks->start, d->json.out->n - before};
}

/* ---- the text between them -------------------------------------------------------------- */

void stencil_keep(struct stencil *s, const struct stencil_marks *marks, struct str text)
{
    size_t at = 0;

    buf_clear(&s->text);
    s->n = 0;
    told_atoms_release(&s->atoms);
    if (marks->is_over)
        return;
    for (size_t i = 0; i < marks->n; i++) {
        const struct stencil_mark *m = &marks->items[i];
        s->pieces[s->n++] = (struct stencil_piece){(uint32_t)(m->at - at), m->what};
        buf_add(&s->text, str_sub(text, at, m->at - at));
        at = m->at + m->n;
    }
    buf_add(&s->text, str_sub(text, at, text.n));
}

void stencil_release(struct stencil *s)
{
    buf_release(&s->text);
    s->n = 0;
    told_atoms_release(&s->atoms);
}

void stencil_write(const struct stencil *s, struct document *d, struct buf *out)
{
    size_t at = 0;

    json_writer_init(&d->json, out);
    /* What fills a hole sees an object that has members already. */
    d->json.depth = 1;
    d->json.is_object[0] = d->json.has_member[0] = true;
    for (size_t i = 0; i < s->n; i++) {
        buf_add(out, (struct str){s->text.p + at, s->pieces[i].n});
        at += s->pieces[i].n;
        document_hole(d, s->pieces[i].what);
    }
    buf_add(out, (struct str){s->text.p + at, s->text.n - at});
}
