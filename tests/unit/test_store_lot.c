/* SPDX-License-Identifier: Apache-2.0 */
/* Lots, their boards, and renewals. */
#include "test_store.h"

static struct sg_lot a_lot(struct sg_store *s, const char *name)
{
    struct sg_error err = {0};
    struct sg_lot lot = {.begun = NOW};
    snprintf(lot.name, sizeof lot.name, "%s", name);
    snprintf(lot.who, sizeof lot.who, "anna");
    assert_done(sg_store_add_lot(s, &lot, &err), err);
    return lot;
}

static void a_lot_is_found_as_it_was_recorded(void **state)
{
    struct sg_store *s = new_store();
    struct sg_error err = {0};
    struct sg_lot lot = a_lot(s, "first"), found;
    (void)state;
    assert_done(sg_store_find_lot(s, "first", &found, &err), err);
    assert_int_equal(found.number, lot.number);
    assert_string_equal(found.who, "anna");
    assert_int_equal(found.begun, NOW);
    assert_int_equal(found.ended, 0);
    lot.ended = NOW + 5;
    snprintf(lot.who, sizeof lot.who, "ben");
    assert_done(sg_store_update_lot(s, &lot, &err), err);
    assert_done(sg_store_find_lot(s, "first", &found, &err), err);
    assert_int_equal(found.ended, NOW + 5);
    assert_string_equal(found.who, "ben");
    sg_store_close(s);
}

static void a_name_is_one_lots(void **state)
{
    struct sg_store *s = new_store();
    struct sg_error err = {0};
    struct sg_lot again = a_lot(s, "first");
    (void)state;
    assert_int_equal(sg_store_add_lot(s, &again, &err), SG_EEXISTS);
    assert_contains(err.text, "there is a lot \"first\" already");
    assert_int_equal(sg_store_find_lot(s, "second", &again, &err), SG_ENOTFOUND);
    assert_contains(err.text, "signet lot list");
    again.number = 99;
    assert_int_equal(sg_store_update_lot(s, &again, &err), SG_ENOTFOUND);
    sg_store_close(s);
}

static int take(void *user, const struct sg_lot_board *b)
{
    struct sg_lot_board *all = user;
    all[b->port[0] - '0'] = *b;
    return 0;
}

static void assert_same_board(const struct sg_lot_board *a, const struct sg_lot_board *b)
{
    assert_int_equal(a->lot, b->lot);
    assert_string_equal(a->who, b->who);
    assert_string_equal(a->port, b->port);
    assert_string_equal(a->imei, b->imei);
    assert_string_equal(a->uuid, b->uuid);
    assert_string_equal(a->model, b->model);
    assert_string_equal(a->firmware, b->firmware);
    assert_string_equal(a->endpoint, b->endpoint);
    assert_int_equal(a->tag, b->tag);
    assert_memory_equal(&a->certificate, &b->certificate, sizeof a->certificate);
    assert_int_equal(a->began, b->began);
    assert_int_equal(a->took_ms, b->took_ms);
    assert_int_equal(a->result, b->result);
    assert_string_equal(a->reason, b->reason);
}

static void boards_are_kept_with_their_lot(void **state)
{
    struct sg_store *s = new_store();
    struct sg_error err = {0};
    struct sg_lot one = a_lot(s, "one"), two = a_lot(s, "two");
    struct sg_lot_board good = {.lot = one.number,
                                .who = "anna",
                                .port = "0",
                                .imei = "351516170000001",
                                .uuid = "u",
                                .model = "nRF9151",
                                .firmware = "mfw",
                                .endpoint = "urn:x",
                                .tag = 7,
                                .certificate = {{1, 2, 3}},
                                .began = NOW,
                                .took_ms = 4100,
                                .result = SG_LOT_ENROLLED};
    struct sg_lot_board bad = {.lot = one.number, .port = "1", .result = SG_LOT_REFUSED, .reason = "because"};
    struct sg_lot_board other = {.lot = two.number, .port = "2", .result = SG_LOT_FAILED};
    struct sg_lot_board all[3] = {{0}};
    (void)state;
    assert_done(sg_store_add_lot_board(s, &good, &err), err);
    assert_done(sg_store_add_lot_board(s, &bad, &err), err);
    assert_done(sg_store_add_lot_board(s, &other, &err), err);
    assert_done(sg_store_each_lot_board(s, one.number, take, all, &err), err);
    assert_same_board(&all[0], &good);
    assert_same_board(&all[1], &bad);
    assert_int_equal(all[2].number, 0);
    bad.lot = 99;
    assert_int_equal(sg_store_add_lot_board(s, &bad, &err), SG_ENOTFOUND);
    sg_store_close(s);
}

static void a_renewal_is_kept_until_it_ends(void **state)
{
    struct sg_store *s = new_store();
    struct sg_error err = {0};
    struct sg_device d = {.endpoint = "urn:x", .created = NOW, .state = SG_DEVICE_ENROLLED};
    struct sg_renewal r = {.old_tag = 1, .tag = 2, .begun = NOW}, found;
    (void)state;
    assert_done(sg_store_add_device(s, &d, &err), err);
    r.device = d.number;
    assert_int_equal(sg_store_get_renewal(s, d.number, &found, &err), 0);
    assert_done(sg_store_put_renewal(s, &r, &err), err);
    assert_int_equal(sg_store_get_renewal(s, d.number, &found, &err), 1);
    assert_int_equal(found.device, d.number);
    assert_int_equal(found.old_tag, 1);
    assert_int_equal(found.tag, 2);
    assert_done(sg_store_end_renewal(s, d.number, &err), err);
    assert_int_equal(sg_store_get_renewal(s, d.number, &found, &err), 0);
    r.tag = r.old_tag;
    assert_true(sg_store_put_renewal(s, &r, &err) < 0);
    r.device = 99;
    r.tag = 2;
    assert_int_equal(sg_store_put_renewal(s, &r, &err), SG_ENOTFOUND);
    sg_store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lot_is_found_as_it_was_recorded),
        cmocka_unit_test(a_name_is_one_lots),
        cmocka_unit_test(boards_are_kept_with_their_lot),
        cmocka_unit_test(a_renewal_is_kept_until_it_ends),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
