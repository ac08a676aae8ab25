/* SPDX-License-Identifier: Apache-2.0 */
/* What signet-device tells people: one line an event on standard error. */
#include "agent.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What a peer sent must not steer a terminal: no control characters, neither ASCII's nor (C2 80 to C2 9F) Latin-1's. */
static void clean(char *text)
{
    unsigned char before = 0;

    for (; *text != '\0'; text++) {
        const unsigned char c = (unsigned char)*text;
        if (c < ' ' || c == 0x7f || (before == 0xc2 && c < 0xa0))
            *text = '?';
        before = c;
    }
}

void sg_agent_say(const char *fmt, ...)
{
    char text[1024];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    clean(text);
    (void)fprintf(stderr, "signet-device: %s\n", text);
}

static const char *verb(uint8_t method, const struct sg_lwm2m_event *event)
{
    switch (method) {
    case SG_COAP_GET:
        return "Read";
    case SG_COAP_PUT:
        return "Written";
    case SG_COAP_POST:
        return event->path.depth == 3 ? "Executed" : "Written";
    default:
        return "Asked for";
    }
}

static void answered(const struct sg_lwm2m_event *event)
{
    char path[SG_PATH_TEXT];

    sg_path_text(&event->path, path);
    if (event->code >> 5 == 2)
        sg_agent_say("%s: %s.", verb(event->method, event), path);
    else
        sg_agent_say("Refused to the server: %s %s, answered with %s.", sg_coap_code_text(event->method), path,
                     sg_coap_code_text(event->code));
}

void sg_agent_tell(struct sg_agent *a, const struct sg_lwm2m_event *event)
{
    char path[SG_PATH_TEXT];

    sg_path_text(&event->path, path);
    switch (event->what) {
    case SG_LWM2M_REGISTERED:
        sg_agent_say("Registered at /%s as %s for %u s.", event->text, a->endpoint, a->client.lifetime);
        break;
    case SG_LWM2M_UPDATED:
        sg_agent_say("Registration updated, for %u s.", a->client.lifetime);
        break;
    case SG_LWM2M_FORGOTTEN:
        sg_agent_say("The server knows the registration /%s no more; registering anew.", event->text);
        break;
    case SG_LWM2M_REFUSED:
        sg_agent_say("Refused: %s as %s (%s).", event->text, a->endpoint, sg_coap_code_text(event->code));
        break;
    case SG_LWM2M_LOST:
        sg_agent_say("The server does not answer any more.");
        break;
    case SG_LWM2M_DEREGISTERED:
        sg_agent_say("Deregistered%s.", event->code == 0 ? ", without the server's answer" : "");
        break;
    case SG_LWM2M_ANSWERED:
        answered(event);
        break;
    case SG_LWM2M_OBSERVED:
        sg_agent_say("Observation of %s began.", path);
        break;
    case SG_LWM2M_NOTIFIED:
        sg_agent_say("Notification of %s sent%s.", path, event->confirmable ? ", to be acknowledged" : "");
        break;
    case SG_LWM2M_OBSERVED_ENDED:
        sg_agent_say("Observation of %s ended.", path);
        break;
    }
}
