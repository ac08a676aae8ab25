/* SPDX-License-Identifier: Apache-2.0 */
/* The agent: connects, keeps an LwM2M client running over its link, and connects again when that ends. */
#include "agent.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

enum { BACKOFF_MS = 1000 };
enum { STABLE_MS = 60 * 1000 }; /* a registration that lasted so long makes up for the failures before it */
enum { STOP_MS = 5000 };        /* how long the server's answer to the deregistration is waited for */
enum { REBOOT_MS = 2000 };      /* how long a reboot takes */
enum { SHORT_SERVER_ID = 1 };

uint64_t sg_agent_now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_BOOTTIME, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

uint32_t sg_agent_random(void *user)
{
    uint32_t v = 0;
    (void)user;
    (void)getrandom(&v, sizeof v, 0); /* cannot fail for so few bytes */
    return v;
}

/* "Full jitter": anything from nothing to the whole interval, so that many devices do not come back at once. */
static uint64_t backoff(unsigned failures, uint32_t longest_s, uint32_t random)
{
    const uint64_t longest = (uint64_t)longest_s * 1000;
    uint64_t most = BACKOFF_MS;

    for (unsigned i = 1; i < failures && most < longest; i++)
        most *= 2;
    most = most < longest ? most : longest;
    return random % (most + 1);
}

/* ---------------------------------------------------------------------------------------------- sessions and ends */

static void finish(struct sg_agent *a, int code)
{
    a->done = true;
    a->code = code;
}

/* No session any more: when to try again, or that it is enough. */
static void session_over(struct sg_agent *a)
{
    const uint64_t now = sg_agent_now();
    const bool stable = a->in_use && now - a->in_use_since >= STABLE_MS;

    a->failures = stable ? 1 : a->failures + 1;
    a->refused += a->in_use ? 0 : 1;
    a->connected = a->in_use = false;
    sg_lwm2m_forget(&a->client);
    if (a->stopping) {
        finish(a, SG_AGENT_DONE);
        return;
    }
    if (a->options->attempts != 0 && a->refused >= a->options->attempts) {
        sg_agent_say("Giving up after %u failed attempt%s.", a->refused, a->refused == 1 ? "" : "s");
        finish(a, SG_AGENT_FAILED);
        return;
    }
    const uint64_t wait = backoff(a->failures, a->options->pause, sg_agent_random(NULL));
    a->connect_at = now + wait;
    sg_agent_say("Trying again in %.1f s.", (double)wait / 1000);
}

void sg_agent_ended(struct sg_agent *a, const char *why)
{
    sg_agent_say("%s", why);
    session_over(a);
}

/* We end the session ourselves, because the server does not answer or does not want us. */
static void give_up_session(struct sg_agent *a)
{
    a->link->close(a);
    session_over(a);
}

void sg_agent_connected(struct sg_agent *a, const char *how)
{
    a->connected = true;
    sg_agent_say("Connected to %s port %u: %s.", a->options->host, a->options->port, how);
    sg_lwm2m_register(&a->client, sg_agent_now());
}

void sg_agent_datagram(struct sg_agent *a, struct sg_bytes datagram)
{
    sg_lwm2m_input(&a->client, datagram, sg_agent_now());
}

static void connect_now(struct sg_agent *a)
{
    struct sg_error err = {0};

    a->connect_at = UINT64_MAX;
    sg_agent_say("Connecting to %s port %u.", a->options->host, a->options->port);
    if (a->link->connect(a, &err) < 0)
        sg_agent_ended(a, err.text);
}

/* ------------------------------------------------------------------------------------------------ the LwM2M client */

static void client_send(void *user, struct sg_bytes datagram)
{
    struct sg_agent *a = user;
    if (a->connected)
        a->link->send(a, datagram);
}

static void client_event(void *user, const struct sg_lwm2m_event *event)
{
    struct sg_agent *a = user;

    sg_agent_tell(a, event);
    if (event->what == SG_LWM2M_REGISTERED) {
        a->in_use = true;
        a->in_use_since = sg_agent_now();
        a->refused = 0;
    } else if (event->what == SG_LWM2M_REFUSED || event->what == SG_LWM2M_LOST) {
        a->lost = true;
    } else if (event->what == SG_LWM2M_DEREGISTERED) {
        a->deregistered = true;
    }
}

static void want_reboot(void *user)
{
    struct sg_agent *a = user;
    a->reboot = true;
}

static int start_client(struct sg_agent *a, struct sg_error *err)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    a->device = (struct sg_object_device){.manufacturer = "Signet",
                                          .model = a->model,
                                          .serial = a->serial,
                                          .firmware = a->firmware,
                                          .software = SG_VERSION,
                                          .device_type = "signet-device",
                                          .power_source = 1,
                                          .millivolts = 3700,
                                          .battery_percent = 87,
                                          .memory_free_kib = 128,
                                          .unix_offset_ms = (int64_t)t.tv_sec * 1000 - (int64_t)sg_agent_now(),
                                          .utc_offset = "+00:00",
                                          .timezone = "Etc/UTC",
                                          .user = a,
                                          .reboot = want_reboot};
    sg_object_temperature_set(&a->temperature, 21.5);
    a->objects[0] = sg_lwm2m_object_device(&a->device);
    a->objects[1] = sg_lwm2m_object_connectivity(&a->connectivity);
    a->objects[2] = sg_lwm2m_object_temperature(&a->temperature);
    const struct sg_lwm2m_config config = {
        .endpoint = a->endpoint,
        .lifetime = a->options->lifetime,
        .server_id = SHORT_SERVER_ID,
        .objects = a->objects,
        .object_count = sizeof a->objects / sizeof a->objects[0],
        .user = a,
        .send = client_send,
        .event = client_event,
        .random = sg_agent_random,
    };
    int error = sg_lwm2m_init(&a->client, &config);
    return error < 0
               ? sg_fail(err, error, "the endpoint name \"%s\" cannot be used: %s", a->endpoint, sg_strerror(error))
               : 0;
}

/* A new measurement: up to half a degree more or less, between 15 and 30, in steps of a tenth, and never the same. */
static void measure(struct sg_agent *a, uint64_t now)
{
    const struct sg_path path = sg_path(2, 3303, 0, 0, 0);
    const uint32_t random = sg_agent_random(NULL);
    int tenths = (int)(a->temperature.value * 10 + 0.5);
    const int step = 1 + (int)(random % 5);

    a->measure_at = a->options->interval == 0 ? UINT64_MAX : now + (uint64_t)a->options->interval * 1000;
    const bool up = tenths + step > 300 ? false : tenths - step < 150 ? true : (random & 0x100) != 0;
    tenths += up ? step : -step;
    sg_object_temperature_set(&a->temperature, tenths / 10.0);
    sg_lwm2m_changed(&a->client, &path);
}

/* --------------------------------------------------------------------------------------------------------- signals */

bool sg_agent_told_to_end(void)
{
    sigset_t pending;

    return sigpending(&pending) == 0 && (sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1);
}

static void stop(struct sg_agent *a)
{
    if (a->stopping || !a->connected) { /* told twice, or nothing to end */
        finish(a, SG_AGENT_DONE);
        return;
    }
    a->stopping = true;
    a->stop_at = sg_agent_now() + STOP_MS;
    sg_lwm2m_deregister(&a->client, sg_agent_now());
}

static void read_signals(struct sg_agent *a)
{
    struct signalfd_siginfo s;

    while (read(a->signals, &s, sizeof s) == (ssize_t)sizeof s) {
        if (s.ssi_signo != SIGUSR1)
            stop(a);
        else if (a->link->move != NULL)
            a->link->move(a);
        else
            sg_agent_say("SIGUSR1: the modem's address cannot be changed from here.");
    }
}

/* ----------------------------------------------------------------------------------------------------------- loop */

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void wait_for_something(struct sg_agent *a)
{
    struct pollfd fds[2] = {{.fd = a->signals, .events = POLLIN}, {.fd = a->link->fd(a), .events = POLLIN}};
    const uint64_t now = sg_agent_now();
    uint64_t at = sooner(a->connect_at, a->measure_at);

    at = sooner(at, a->link->deadline(a));
    if (a->connected)
        at = sooner(at, sg_lwm2m_deadline(&a->client));
    if (a->stopping)
        at = sooner(at, a->stop_at);
    const uint64_t ms = at <= now ? 0 : sooner(at - now, 60000);
    (void)poll(fds, 2, (int)ms);
}

static void reboot(struct sg_agent *a)
{
    sg_agent_say("Rebooting, as the server asked.");
    a->link->close(a);
    a->connected = a->in_use = false;
    sg_lwm2m_forget(&a->client);
    a->connect_at = sg_agent_now() + REBOOT_MS;
}

/* What followed from the callbacks, which must not change the session under the client's feet. */
static void follow_up(struct sg_agent *a)
{
    const bool lost = a->lost, deregistered = a->deregistered, asked = a->reboot;

    a->lost = a->deregistered = a->reboot = false;
    if (!a->connected)
        return;
    if (deregistered || (a->stopping && sg_agent_now() >= a->stop_at)) {
        a->link->close(a);
        finish(a, SG_AGENT_DONE);
    } else if (lost) {
        give_up_session(a);
    } else if (asked) {
        reboot(a);
    }
}

int sg_agent_run(struct sg_agent *a)
{
    struct sg_error err = {0};

    if (start_client(a, &err) < 0) {
        sg_agent_say("%s", err.text);
        return SG_AGENT_FAILED;
    }
    a->connect_at = 0;
    a->measure_at = a->options->interval == 0 ? UINT64_MAX : sg_agent_now() + (uint64_t)a->options->interval * 1000;
    while (!a->done) {
        wait_for_something(a);
        read_signals(a);
        if (!a->done && sg_agent_now() >= a->connect_at)
            connect_now(a);
        if (!a->done)
            a->link->run(a);
        if (sg_agent_now() >= a->measure_at)
            measure(a, sg_agent_now());
        if (a->connected)
            sg_lwm2m_tick(&a->client, sg_agent_now());
        follow_up(a);
    }
    return a->code;
}
