/* SPDX-License-Identifier: Apache-2.0 */
/* The line: its boards, its workers, its end. */
#include "line.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { REDRAW_MS = 200 };

atomic_bool sg_line_interrupted;

/* ------------------------------------------------------------------------------------------------- one worker */

/* What the callbacks of one enrolment need. */
struct job {
    struct sg_line *line;
    struct sg_board *board;
};

static int on_step(void *user, enum sg_enroll_step step, const char *facts)
{
    struct job *job = user;
    uint64_t now = sg_line_now();
    (void)pthread_mutex_lock(&job->line->lock);
    uint64_t took = now - job->board->stepped;
    job->board->step = (int)step;
    job->board->stepped = now;
    if (step == SG_ENROLL_MODEM)
        (void)snprintf(job->board->about, sizeof job->board->about, "%.90s", facts);
    sg_line_show_step(job->line, job->board, facts, took);
    (void)pthread_mutex_unlock(&job->line->lock);
    return atomic_load(&sg_line_interrupted);
}

/* There is nobody to ask while other boards are being worked on. */
static bool on_destroy(void *user, const char *what)
{
    const struct job *job = user;
    (void)what;
    return job->line->yes;
}

/* Failing to record is told like a failure of the board: its report would be wrong. */
static void record(const struct sg_line *line, struct sg_store *store, struct sg_board *b)
{
    struct sg_error err = {0};
    if (line->lot == NULL || b->state == SG_BOARD_SILENT)
        return;
    const struct sg_lot_attempt a = {.port = b->port,
                                     .code = b->err.code,
                                     .result = &b->result,
                                     .why = b->err.text,
                                     .began = b->when,
                                     .took_ms = (int64_t)(b->ended - b->began)};
    if (sg_lot_record(store, line->enroll.turns, line->lot, &a, &err) == 0 || b->err.code != 0)
        return;
    b->err = err;
    b->state = SG_BOARD_FAILED;
}

static bool is_silent(const struct sg_line *line, const struct sg_board *b)
{
    int code = b->err.code;
    return line->watching && b->state == SG_BOARD_FAILED && b->step < 0 &&
           (code == SG_ETIMEOUT || code == SG_EFORMAT || code == SG_EDENIED || code == SG_ENOTFOUND);
}

static void work_on(struct sg_line *line, struct sg_store *store, struct sg_board *b)
{
    struct job job = {line, b};
    struct sg_board done; /* the display looks at `b` meanwhile */
    struct sg_enroll e = line->enroll;
    e.store = store;
    e.step = on_step;
    e.may_destroy = on_destroy;
    e.user = &job;
    (void)pthread_mutex_lock(&line->lock);
    done = *b;
    (void)pthread_mutex_unlock(&line->lock);
    (void)sg_board_enroll(&done, &e);
    done.step = b->step;
    if (is_silent(line, &done))
        done.state = SG_BOARD_SILENT;
    record(line, store, &done);
    (void)pthread_mutex_lock(&line->lock);
    b->modem_ms = done.modem_ms;
    b->result = done.result;
    b->err = done.err;
    b->ended = line->last_end = done.ended;
    b->state = done.state;
    line->count[SG_BOARD_WORKING]--;
    line->count[b->state]++;
    sg_line_show_end(line, b);
    (void)pthread_mutex_unlock(&line->lock);
    (void)eventfd_write(line->wake, 1);
}

/* The next board, with the lock held; NULL: the line ends. */
static struct sg_board *next_board(struct sg_line *line)
{
    while (!line->ending && line->next == line->n) {
        line->idle++;
        (void)pthread_cond_wait(&line->work, &line->lock);
        line->idle--;
    }
    if (line->ending)
        return NULL;
    struct sg_board *b = line->board[line->next++];
    b->state = SG_BOARD_WORKING;
    b->when = (int64_t)time(NULL);
    b->began = b->stepped = sg_line_now();
    line->count[SG_BOARD_WAITING]--;
    line->count[SG_BOARD_WORKING]++;
    sg_line_show_begin(line, b);
    return b;
}

static void *worker(void *user)
{
    struct sg_line *line = user;
    struct sg_error err = {0};
    struct sg_store *store = sg_store_open_again(line->enroll.store, &err);
    (void)pthread_mutex_lock(&line->lock);
    if (store == NULL) {
        line->broken = sg_cli_fail_err(SG_CLI_FAILED, &err);
        (void)eventfd_write(line->wake, 1);
    }
    for (struct sg_board *b; store != NULL && (b = next_board(line)) != NULL;) {
        (void)pthread_mutex_unlock(&line->lock);
        work_on(line, store, b);
        (void)pthread_mutex_lock(&line->lock);
    }
    (void)pthread_mutex_unlock(&line->lock);
    sg_store_close(store);
    return NULL;
}

/* -------------------------------------------------------------------------------------------------- the ports */

static struct sg_board *last_at(const struct sg_line *line, const char *port)
{
    for (size_t i = line->n; i-- > 0;)
        if (strcmp(line->board[i]->port, port) == 0)
            return line->board[i];
    return NULL;
}

/* One more board, and a worker for it where none is idle. The list doubles. */
static void add(struct sg_line *line, const char *port)
{
    struct sg_board *b = calloc(1, sizeof *b);
    if (b != NULL && (line->n & (line->n - 1)) == 0) {
        struct sg_board **more = reallocarray(line->board, line->n > 0 ? 2 * line->n : 1, sizeof *more);
        if (more == NULL)
            abort();
        line->board = more;
    }
    if (b == NULL)
        abort();
    (void)snprintf(b->port, sizeof b->port, "%s", port);
    b->step = -1;
    line->board[line->n++] = b;
    line->count[SG_BOARD_WAITING]++;
    if (line->idle >= line->n - line->next)
        (void)pthread_cond_signal(&line->work);
    else if (line->workers < line->parallel && pthread_create(&line->worker[line->workers], NULL, worker, line) == 0)
        line->workers++;
}

/* A port that was there before its rights were (udev gives it to its group a moment later). */
static bool was_not_ours_yet(const struct sg_board *b)
{
    return b->step < 0 && (b->err.code == SG_EDENIED || b->err.code == SG_ENOTFOUND);
}

/* A port came, changed or went. */
static void on_port(void *user, const char *port, bool there)
{
    struct sg_line *line = user;
    struct sg_board *b = last_at(line, port);
    bool over = b != NULL && b->state != SG_BOARD_WAITING && b->state != SG_BOARD_WORKING;
    if (!there) {
        if (b != NULL)
            b->gone = true;
    } else if (b == NULL || (over && (b->gone || was_not_ours_yet(b)))) {
        add(line, port);
    } else if (b->gone && !over) {
        b->again = true;
    }
}

/* Boards that were connected anew before the attempt with the old connection had ended. */
static void add_returned(struct sg_line *line)
{
    for (size_t i = 0; i < line->n; i++) {
        struct sg_board *b = line->board[i];
        if (!b->again || b->state == SG_BOARD_WAITING || b->state == SG_BOARD_WORKING)
            continue;
        b->again = false;
        add(line, b->port);
    }
}

/* ---------------------------------------------------------------------------------------------------- its end */

static bool is_over(const struct sg_line *line)
{
    if (line->count[SG_BOARD_WORKING] > 0)
        return false;
    if (atomic_load(&sg_line_interrupted) || line->broken != 0 || (line->workers == 0 && line->n > 0))
        return true;
    size_t done = line->count[SG_BOARD_ENROLLED] + line->count[SG_BOARD_VERIFIED];
    if (line->watching)
        return line->expected > 0 && done >= line->expected;
    return line->count[SG_BOARD_WAITING] == 0;
}

/* Waits for a board's end, a port, a signal, or the time to draw again. Signals come in only here. */
static void wait_for_news(struct sg_line *line, struct sg_watch *watch)
{
    struct pollfd fds[2] = {{.fd = line->wake, .events = POLLIN}, {.fd = watch->fd, .events = POLLIN}};
    const struct timespec redraw = {.tv_nsec = REDRAW_MS * 1000000L};
    sigset_t all_but_ours;
    eventfd_t count;
    (void)pthread_sigmask(SIG_SETMASK, NULL, &all_but_ours);
    (void)sigdelset(&all_but_ours, SIGINT);
    (void)sigdelset(&all_but_ours, SIGTERM);
    (void)ppoll(fds, 2, line->form == SG_LINE_LIVE ? &redraw : NULL, &all_but_ours);
    (void)eventfd_read(line->wake, &count);
}

static void watch_over(struct sg_line *line, struct sg_watch *watch)
{
    (void)pthread_mutex_lock(&line->lock);
    while (!is_over(line)) {
        sg_line_show_progress(line);
        (void)pthread_mutex_unlock(&line->lock);
        wait_for_news(line, watch);
        (void)pthread_mutex_lock(&line->lock);
        if (atomic_load(&sg_line_interrupted)) {
            line->ending = true;
        } else if (watch->fd >= 0) {
            sg_watch_read(watch, on_port, line);
            add_returned(line);
        }
    }
    line->ending = true;
    (void)pthread_cond_broadcast(&line->work);
    (void)pthread_mutex_unlock(&line->lock);
}

/* Whether the board of a failed attempt was done by a later one. */
static bool was_done_later(const struct sg_line *line, size_t i)
{
    const struct sg_board *b = line->board[i];
    for (size_t k = i + 1; k < line->n; k++) {
        const struct sg_board *c = line->board[k];
        bool same = b->result.modem.imei[0] != '\0' ? strcmp(b->result.modem.imei, c->result.modem.imei) == 0
                                                    : strcmp(b->port, c->port) == 0;
        if (same && (c->state == SG_BOARD_ENROLLED || c->state == SG_BOARD_VERIFIED))
            return true;
    }
    return false;
}

/* The first board that is not done decides it. */
static int exit_code(const struct sg_line *line)
{
    for (size_t i = 0; i < line->n; i++) {
        const struct sg_board *b = line->board[i];
        if (b->state == SG_BOARD_FAILED && !was_done_later(line, i))
            return sg_board_exit(b);
        if (b->state == SG_BOARD_STOPPED || (b->state == SG_BOARD_WAITING && !line->watching))
            return SG_CLI_FAILED;
    }
    return line->broken;
}

static void tell_interrupted(const struct sg_line *line)
{
    size_t done = line->count[SG_BOARD_ENROLLED] + line->count[SG_BOARD_VERIFIED];
    size_t left = line->count[SG_BOARD_STOPPED] + line->count[SG_BOARD_WAITING];
    if (left > 0)
        (void)sg_cli_fail(SG_CLI_FAILED,
                          "interrupted: %zu boards were done, %zu were not. What was reached is recorded: the same "
                          "command does the rest.",
                          done, left);
}

static void end(struct sg_line *line)
{
    for (unsigned i = 0; i < line->workers; i++)
        (void)pthread_join(line->worker[i], NULL);
    sg_line_show_sum(line);
    if (atomic_load(&sg_line_interrupted))
        tell_interrupted(line);
    for (size_t i = 0; i < line->n; i++)
        free(line->board[i]);
    free(line->board);
    (void)close(line->wake);
    sg_turns_free(line->enroll.turns);
}

static void block_signals(void)
{
    sigset_t ours;
    (void)sigemptyset(&ours);
    (void)sigaddset(&ours, SIGINT);
    (void)sigaddset(&ours, SIGTERM);
    (void)pthread_sigmask(SIG_BLOCK, &ours, NULL);
}

int sg_line_run(struct sg_line *line, char *const *ports, size_t n, const struct sg_policy *policy)
{
    struct sg_error err = {0};
    struct sg_watch watch = {.fd = -1};
    line->watching = policy != NULL;
    line->began = sg_line_now();
    line->enroll.turns = sg_turns_new(line->enroll.store, &err);
    if (line->enroll.turns == NULL || (line->watching && sg_watch_open(&watch, policy, &err) < 0)) {
        sg_turns_free(line->enroll.turns);
        return sg_cli_fail_err(SG_CLI_FAILED, &err);
    }
    (void)pthread_mutex_init(&line->lock, NULL);
    (void)pthread_cond_init(&line->work, NULL);
    line->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    block_signals(); /* before there are threads, which inherit it */
    (void)pthread_mutex_lock(&line->lock);
    for (size_t i = 0; i < n; i++)
        add(line, ports[i]);
    if (line->watching)
        sg_watch_each(policy, on_port, line);
    (void)pthread_mutex_unlock(&line->lock);
    watch_over(line, &watch);
    sg_watch_close(&watch);
    int code = exit_code(line);
    end(line);
    return code;
}
