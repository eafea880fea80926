/* decode_impl.h - what decode.c and decode_envelope.c share. */
#ifndef WEIR_EVENT_DECODE_IMPL_H
#define WEIR_EVENT_DECODE_IMPL_H

#include "event/decode.h"

static inline bool decode_is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Why a document gave no event, where json_document_length() has judged it: it takes any kind. */
static inline enum event_reject decode_reject(enum json_reason reason)
{
    enum event_reject reject = event_reject_of(reason);

    return reject == EVENT_OK || reject == EVENT_NOT_OBJECT ? EVENT_NOT_JSON : reject;
}

#endif
