/* SPDX-License-Identifier: Apache-2.0 */
/* #XAPOLL: what happens to sockets, told unasked (modem notes 11.5). */
#include "sim_internal.h"

static void put_event(struct sg_buf *b, size_t handle, unsigned events)
{
    sg_put_str(b, "#XAPOLL: ");
    sg_put_udec(b, handle);
    sg_put_str(b, ",");
    sg_put_udec(b, events);
}

/* POLLIN is told once, until a read succeeds; POLLOUT when connected and after each send; after the end, nothing more.
 * Whether a datagram that waits is told of again after the read of another is not known: here it is not. */
void sg_sim_socket_event(struct sg_sim *s, struct sg_sim_socket *k, unsigned event)
{
    uint8_t space[48];
    struct sg_buf b = sg_buf(space, sizeof space);

    if (!k->watched || k->told_of_end || (event == SG_SIM_POLL_IN && !k->armed) ||
        ((event == SG_SIM_POLL_IN || event == SG_SIM_POLL_OUT) && !(k->watched & event)))
        return;
    if (event == SG_SIM_POLL_IN)
        k->armed = false;
    if (event == k->ended)
        k->told_of_end = true;
    put_event(&b, (size_t)(k - s->sockets), event);
    sg_sim_tell(s, sg_buf_cstr(&b));
}

void sg_sim_socket_watch(struct sg_sim *s, struct sg_sim_socket *k, unsigned watched)
{
    k->watched = watched;
    k->armed = true;
    if (k->id)
        sg_sim_socket_event(s, k, SG_SIM_POLL_OUT);
    if (k->ended)
        sg_sim_socket_event(s, k, k->ended);
}

static int say_watched(struct sg_sim *s)
{
    for (size_t i = 0; i < SG_SIM_SOCKETS; i++) {
        if (!s->sockets[i].used || !s->sockets[i].watched)
            continue;
        put_event(sg_sim_say(s), i, s->sockets[i].watched & ~(unsigned)SG_SIM_WATCHED);
        sg_sim_said(s);
    }
    return SG_SIM_OK;
}

int sg_sim_xapoll(struct sg_sim *s, const struct sg_sim_command *c)
{
    uint64_t on, events = 0;

    if (c->form == SG_SIM_READ)
        return say_watched(s);
    if (c->form != SG_SIM_SET || c->count < 2 || c->count > 3 || !sg_sim_number(c, 1, 1, &on) ||
        !sg_sim_optional(c, 2, SG_SIM_POLL_IN | SG_SIM_POLL_OUT, &events) || (on && !sg_sim_given(c, 2)) ||
        (events & ~(unsigned)(SG_SIM_POLL_IN | SG_SIM_POLL_OUT)))
        return SG_SIM_ERROR;
    unsigned watched = on ? SG_SIM_WATCHED | (unsigned)events : 0;
    if (sg_sim_given(c, 0)) {
        struct sg_sim_socket *k = sg_sim_socket_find(s, c, 0);
        if (k == NULL)
            return SG_SIM_ERROR;
        sg_sim_socket_watch(s, k, watched);
        return SG_SIM_OK;
    }
    s->watched = watched; /* all sockets, those to come too */
    for (size_t i = 0; i < SG_SIM_SOCKETS; i++)
        if (s->sockets[i].used)
            sg_sim_socket_watch(s, &s->sockets[i], watched);
    return SG_SIM_OK;
}
