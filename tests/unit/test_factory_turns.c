/* SPDX-License-Identifier: Apache-2.0 */
/* Several enrolments at once that write to one inventory in turn. */
#include "factory_bench.h"

#include <pthread.h>

enum { BOARDS = 8 };

/* One board of the line: its own modem and connection, the others' CA and turns. */
struct board {
    struct bench b;
    struct sg_turns *turns;
    char imei[16];
    int result;
};

static void *work(void *user)
{
    struct board *board = user;
    board->result = bench_enroll(&board->b);
    return NULL;
}

static void board_start(struct board *board, struct bench *first, struct sg_turns *turns, int number)
{
    board->b = (struct bench){.enroll = first->enroll, .stop_after = -1};
    board->b.enroll.turns = turns;
    board->b.enroll.store = sg_store_open_again(first->store, &first->err);
    board->b.enroll.user = &board->b;
    assert_non_null(board->b.enroll.store);
    (void)snprintf(board->imei, sizeof board->imei, "35151617000%04d", number);
    bench_connect(&board->b, &(struct sg_sim_config){.imei = board->imei});
}

static void boards_at_once(void **state)
{
    struct bench *first = bench_new();
    struct sg_turns *turns = sg_turns_new(first->store, &first->err);
    struct board *board = calloc(BOARDS, sizeof *board);
    pthread_t thread[BOARDS];
    int64_t entries;
    (void)state;
    assert_non_null(turns);
    for (int i = 0; i < BOARDS; i++)
        board_start(&board[i], first, turns, i);
    board[3].b.enroll.endpoint = board[4].b.enroll.endpoint = "one-name"; /* which of them gets it is not known */
    for (int i = 0; i < BOARDS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, work, &board[i]), 0);
    for (int i = 0; i < BOARDS; i++)
        assert_int_equal(pthread_join(thread[i], NULL), 0);
    for (int i = 0; i < BOARDS; i++)
        if (i != 3 && i != 4 && board[i].result != 0)
            fail_msg("board %d: %s", i, board[i].b.err.text);
    assert_true((board[3].result == 0) != (board[4].result == 0));
    assert_int_equal(bench_certs(first, SG_CERT_ACTIVE), BOARDS - 1);
    assert_int_equal(bench_certs(first, SG_CERT_ISSUED), 0);
    assert_int_equal(sg_store_audit_verify(first->store, &entries, &first->err), 0);
    assert_int_equal(entries, 2 * (BOARDS - 1));
    sg_turns_free(turns);
    for (int i = 0; i < BOARDS; i++) {
        sg_store_close(board[i].b.enroll.store);
        rig_end(&board[i].b.rig);
    }
    free(board);
    bench_free(first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boards_at_once),
    };
    return cmocka_run_group_tests(tests, bench_enter, bench_leave);
}
