/* SPDX-License-Identifier: Apache-2.0 */
/* The life of an association after its handshake: application data, alerts, a change of address, its end. */
#include "dtls/dtls_internal.h"

enum { HELLO_REQUEST = 0, CLIENT_HELLO = 1, FINISHED = 20, WARNING = 1, FATAL = 2, NO_RENEGOTIATION = 100 };

static void send_alert(struct sg_dtls *d, uint32_t slot, uint8_t level, int alert)
{
    struct sg_dtls_assoc *a = &d->table->assoc[slot];
    uint8_t content[2] = {level, (uint8_t)alert}, space[128];
    struct sg_buf out = sg_buf(space, sizeof space);
    if (sg_dtls_seal_next(d, a, SG_DTLS_ALERT, sg_bytes(content, sizeof content), &out) == 0)
        sg_dtls_send_datagram(d, &a->addr, sg_buf_bytes(&out));
}

void sg_dtls_assoc_alert(struct sg_dtls *d, uint32_t slot, int alert)
{
    send_alert(d, slot, alert == SG_ALERT_CLOSE_NOTIFY ? WARNING : FATAL, alert);
}

/* Frees the slot. After a fatal alert the session is not resumed: RFC 5246 section 7.2.2. */
void sg_dtls_assoc_end(struct sg_dtls *d, uint32_t slot, int alert)
{
    if (alert > SG_ALERT_CLOSE_NOTIFY) {
        sg_dtls_session_bar(d, d->table->assoc[slot].session);
        SSL_SESSION_free(d->session);
        d->session = NULL;
    }
    sg_dtls_hs_free(d->hs[slot]);
    sg_dtls_slot_drop(d, slot);
}

void sg_dtls_assoc_closed(struct sg_dtls *d, uint32_t slot, int alert, bool from_peer, const char *reason)
{
    const struct sg_dtls_assoc *a = &d->table->assoc[slot];
    struct sg_dtls_event event = {.what = SG_DTLS_CLOSED,
                                  .id = sg_dtls_slot_id(d, slot),
                                  .identity = a->identity,
                                  .addr = a->addr,
                                  .alert = alert,
                                  .alert_from_peer = from_peer,
                                  .reason = reason};
    sg_dtls_assoc_end(d, slot, alert);
    sg_dtls_emit(d, &event);
}

static void alerted(struct sg_dtls *d, uint32_t slot, struct sg_bytes content)
{
    char reason[200];
    if (content.n != 2)
        return;
    int alert = content.p[1];
    if (alert == SG_ALERT_CLOSE_NOTIFY) { /* answered in kind: RFC 5246 section 7.2.1 */
        sg_dtls_assoc_alert(d, slot, SG_ALERT_CLOSE_NOTIFY);
        sg_dtls_assoc_closed(d, slot, alert, true, "the peer ended the session");
    } else if (content.p[0] == FATAL) {
        (void)snprintf(reason, sizeof reason, "the peer ended the session with %s: %s", sg_alert_name(alert),
                       sg_dtls_alert_meaning(alert));
        sg_dtls_assoc_closed(d, slot, alert, true, reason);
    }
}

/* A Finished that comes again tells that its sender did not get our last flight (RFC 6347 section 4.2.4). */
static void handshake_message(struct sg_dtls *d, uint32_t slot, uint8_t type)
{
    struct sg_dtls_hs *hs = d->hs[slot];
    if (type == FINISHED && hs) {
        hs->addr = d->table->assoc[slot].addr;
        sg_dtls_flight_send(hs);
    } else if (type == HELLO_REQUEST || type == CLIENT_HELLO) {
        send_alert(d, slot, WARNING, NO_RENEGOTIATION);
    }
}

static void application_data(struct sg_dtls *d, uint32_t slot, struct sg_bytes content)
{
    const struct sg_dtls_assoc *a = &d->table->assoc[slot];
    struct sg_dtls_event event = {.what = SG_DTLS_DATA,
                                  .id = sg_dtls_slot_id(d, slot),
                                  .identity = a->identity,
                                  .addr = a->addr,
                                  .alert = -1,
                                  .data = content};
    sg_dtls_hs_free(d->hs[slot]); /* the peer has our last flight */
    sg_dtls_emit(d, &event);
}

/* RFC 9146 section 6: authentic, and newer than all before it; so no copy of an old record moves an association. */
static void move(struct sg_dtls *d, uint32_t slot, const struct sg_addr *to)
{
    const struct sg_dtls_assoc *a = &d->table->assoc[slot];
    struct sg_dtls_event event = {
        .what = SG_DTLS_MOVED, .id = sg_dtls_slot_id(d, slot), .identity = a->identity, .addr = *to, .alert = -1};
    sg_dtls_slot_move(d, slot, to);
    sg_dtls_emit(d, &event);
}

bool sg_dtls_assoc_record(struct sg_dtls *d, uint32_t slot, const struct sg_addr *from, const struct sg_dtls_record *r)
{
    struct sg_dtls_assoc *a = &d->table->assoc[slot];
    sg_dtls_id id = sg_dtls_slot_id(d, slot);
    uint8_t type;
    if ((a->cid_in_len != 0) != (r->cid != NULL) || !sg_dtls_window_new(a, r->seq))
        return false;
    int n = sg_dtls_open(&d->aead, a->suite, &a->read, r, d->plain, &type);
    if (n < 0)
        return false;
    bool newest = r->seq >= a->read_next;
    sg_dtls_window_mark(a, r->seq);
    a->heard = d->now;
    if (newest && !sg_addr_eq(&a->addr, from)) {
        move(d, slot, from);
        if (sg_dtls_slot_live(d, id) == SG_DTLS_NONE) /* the user ended it at that news */
            return true;
    }
    struct sg_bytes content = sg_bytes(d->plain, (size_t)n);
    if (type == SG_DTLS_APPLICATION)
        application_data(d, slot, content);
    else if (type == SG_DTLS_ALERT)
        alerted(d, slot, content);
    else if (type == SG_DTLS_HANDSHAKE)
        handshake_message(d, slot, content.p[0]);
    return true;
}
