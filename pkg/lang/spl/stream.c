/* stream.c - where a search looks, as the rule's source.
 *
 * Names of streams meet those of the profiles (event/stream.h). A Windows log has two spellings and
 * an event type, which all say the same service: profiles know that of events, too, which do not
 * name their log any more. */
#include "lang/spl/scan.h"

#include "base/str.h"

static const struct {
    const char *log, *service; /* as rules for Windows name it */
} LOGS[] = {{"Security", "security"},
            {"System", "system"},
            {"Application", "application"},
            {"Microsoft-Windows-Sysmon/Operational", "sysmon"},
            {"Linux-Sysmon/Operational", "sysmon"},
            {"Microsoft-Windows-PowerShell/Operational", "powershell"}};

/* "source=XmlWinEventLog:Security" is security; empty: nobody knows. */
static struct str service_of(struct str stream)
{
    static const char *const BEFORE[] = {
        "source=XmlWinEventLog:",  "source=WinEventLog:",    "sourcetype=XmlWinEventLog:",
        "sourcetype=WinEventLog:", "eventtype=wineventlog_", "source=Syslog:"};

    for (size_t i = 0; i < ARRAY_LEN(BEFORE); i++) {
        struct str before = str_from(BEFORE[i]);
        if (!str_eq_ci(str_sub(stream, 0, before.n), before))
            continue;
        struct str log = str_sub(stream, before.n, SIZE_MAX);
        for (size_t k = 0; k < ARRAY_LEN(LOGS); k++)
            if (str_eq_ci(log, str_from(LOGS[k].log)))
                return str_from(LOGS[k].service);
    }
    return STR("");
}

/* That of all of them: one that is not known could be any. */
static struct str service_of_all(const struct spl *x)
{
    struct str service = x->n_streams ? service_of(x->streams[0]) : STR("");

    for (size_t i = 1; i < x->n_streams; i++)
        if (!str_eq(service_of(x->streams[i]), service))
            return STR("");
    return service;
}

void spl_give_source(const struct spl *x, struct rule *rule)
{
    struct str *items = ARENA_ARRAY(x->s->a, x->n_streams, struct str);

    for (size_t i = 0; i < x->n_streams; i++)
        items[i] = x->streams[i];
    rule->logsource.streams = (struct str_list){items, x->n_streams};
    rule->logsource.service = service_of_all(x);
    rule->logsource.category = spl_category(x);
}
