/* claim.c - what a published record claims. */
#include "correlate/claim.h"

#include "base/str.h"
#include "correlate/record.h"
#include "state/uid.h"

#include <stdio.h>
#include <string.h>

/* Of Updates there are several; of the other kinds one. */
static void name_claim(const struct finding *f, struct store_claim *out)
{
    *out = (struct store_claim){.shard = f->shard,
                                .kind = (uint8_t)f->activity,
                                .sequence = f->activity == FINDING_UPDATE ? f->sequence : 0};
    memcpy(out->uid, f->uid, sizeof out->uid);
}

bool claim_of(const struct finding *f, struct store_claim *out)
{
    if (f->shard == FINDING_NO_SHARD)
        return false;
    name_claim(f, out);
    return true;
}

bool claim_read(struct str emission, struct store_claim *out)
{
    struct passing p = {.finding = emission};
    struct finding f;

    if (record_kind_of(emission) == RECORD_PASSING && !passing_unpack(emission, &p))
        return false;
    if (record_kind_of(p.finding) != RECORD_FINDING || !finding_unpack(p.finding, &f))
        return false;
    name_claim(&f, out);
    return true;
}

void claim_format(const struct store_claim *c, char out[static CLAIM_TEXT_MAX])
{
    snprintf(out, CLAIM_TEXT_MAX, "%u %u %llu", c->shard, c->kind, (unsigned long long)c->sequence);
}

static bool next_number(struct str *rest, uint64_t max, uint64_t *out)
{
    struct str word, all = *rest;

    (void)str_cut(all, ' ', &word, rest); /* without a blank it is all of it */
    return str_to_u64(word, out) && *out <= max;
}

bool claim_parse(struct str header, struct str key, struct store_claim *out)
{
    uint64_t shard, kind, sequence;
    struct uid uid;

    if (!next_number(&header, STORE_SHARDS - 1, &shard) ||
        !next_number(&header, FINDING_CLOSE, &kind) || kind < FINDING_CREATE ||
        !next_number(&header, UINT64_MAX, &sequence) || header.n || !uid_parse(key, &uid))
        return false;
    *out =
        (struct store_claim){.shard = (uint32_t)shard, .kind = (uint8_t)kind, .sequence = sequence};
    memcpy(out->uid, uid.bytes, sizeof out->uid);
    return true;
}
