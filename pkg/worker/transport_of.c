/* transport_of.c - the key and the headers of a Kafka record. */
#include "worker/transport_of.h"

#include "base/str.h"

#include <string.h>

void transport_of(const struct transport_names *names, const struct kafka_message *m,
                  struct buf *out)
{
    for (size_t i = 0; i < names->n; i++) {
        struct str name = names->names[i], value = m->key;
        if (str_eq(name, STR(TRANSPORT_KEY_FIELD))) {
            if (value.n)
                transport_add(out, name, value);
        } else if (kafka_message_header(m, name.p + strlen(TRANSPORT_HEADER_FIELD), &value)) {
            transport_add(out, name, value);
        }
    }
}
