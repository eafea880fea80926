/* interim.c - stands in for the alert writer until alert.c is there: the few members of a
 * finding that the commands need. Goes away with it (weak symbols give way). */
#include "alert/alert.h"

#include "base/str.h"
#include "event/time.h"
#include "json/write.h"

#define WEAK __attribute__((weak))

struct alert_writer {
    uint64_t n;
};

WEAK struct alert_writer *alert_writer_new(UNUSED const struct alert_options *options)
{
    static struct alert_writer only;

    only.n = 0;
    return &only;
}

WEAK void alert_writer_free(struct alert_writer *w)
{
    (void)w;
}

WEAK struct alert_ids alert_write(struct alert_writer *w, const struct alert_match *m,
                                  struct buf *out)
{
    struct alert_ids ids = {"00000000-0000-0000-0000-000000000000", ++w->n};
    char time[TIME_TEXT_MAX];
    size_t n = time_format_ms(m->time_ms, time);
    struct json_writer j;

    for (size_t i = 0; i < 8 && i < m->rule->uid.n; i++)
        ids.finding_uid[i] = m->rule->uid.p[i];
    json_writer_init(&j, out);
    json_open_object(&j);
    json_kv_i64(&j, "class_uid", 2004);
    json_key(&j, STR("metadata"));
    json_open_object(&j);
    json_kv_str(&j, "original_time", (struct str){time, n});
    json_close_object(&j);
    json_key(&j, STR("finding_info"));
    json_open_object(&j);
    json_kv_str(&j, "title", m->rule->title);
    json_close_object(&j);
    json_close_object(&j);
    return ids;
}
