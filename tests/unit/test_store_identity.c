/* SPDX-License-Identifier: Apache-2.0 */
/* The maker's list of modems' identity keys: a modem has one for life. */
#include "store/store_internal.h"
#include "test_store.h"

#define UUID  "50363154-3931-44f0-8022-121b6401627d"
#define OTHER "50363154-3931-44f0-8022-121b6401627e"

static struct sg_identity identity(const char *uuid, uint8_t fill)
{
    struct sg_identity i = {.added = NOW};
    strcpy(i.uuid, uuid);
    memset(i.point, fill, sizeof i.point);
    i.point[0] = 4;
    return i;
}

static void one_key_for_each_modem(void **state)
{
    (void)state;
    struct sg_store *s = new_store();
    struct sg_error err = {0};
    struct sg_identity a = identity(UUID, 1), b = identity(UUID, 2), found;
    assert_int_equal(sg_store_find_identity(s, UUID, &found, &err), SG_ENOTFOUND);
    assert_contains(err.text, UUID);
    assert_int_equal(sg_store_add_identity(s, &a, &err), SG_IDENTITY_NEW);
    assert_int_equal(sg_store_add_identity(s, &a, &err), SG_IDENTITY_KNOWN);
    assert_int_equal(sg_store_add_identity(s, &b, &err), SG_EMISMATCH);
    assert_contains(err.text, "another identity key for the modem with UUID " UUID);
    assert_done(sg_store_find_identity(s, UUID, &found, &err), err);
    assert_memory_equal(&found, &a, sizeof a);
    assert_int_equal(sg_store_find_identity(s, OTHER, &found, NULL), SG_ENOTFOUND);
    sg_store_close(s);
}

static struct sg_device seen(struct sg_store *s, uint8_t fill)
{
    struct sg_device d = {.endpoint = "x", .uuid = UUID, .created = NOW, .identity_source = SG_IDENTITY_FIRST_SIGHT};
    struct sg_error err = {0};
    struct sg_identity i = identity(UUID, fill);
    memcpy(d.identity, i.point, sizeof d.identity);
    assert_done(sg_store_add_device(s, &d, &err), err);
    return d;
}

static void a_device_that_was_seen_before_is_confirmed(void **state)
{
    (void)state;
    struct sg_store *s = new_store();
    struct sg_error err = {0};
    struct sg_identity i = identity(UUID, 1);
    struct sg_device d = seen(s, 1);
    assert_int_equal(sg_store_add_identity(s, &i, &err), SG_IDENTITY_NEW);
    assert_done(sg_store_get_device(s, d.number, &d, &err), err);
    assert_int_equal(d.identity_source, SG_IDENTITY_MAKER);
    assert_memory_equal(d.identity, i.point, sizeof i.point);
    sg_store_close(s);
}

static void a_device_that_was_seen_with_another_key_stops_it(void **state)
{
    (void)state;
    struct sg_store *s = new_store();
    struct sg_error err = {0};
    struct sg_identity i = identity(UUID, 2);
    struct sg_device d = seen(s, 1);
    assert_int_equal(sg_store_add_identity(s, &i, &err), SG_EMISMATCH);
    assert_contains(err.text, "enrolled as x, was seen with another identity key");
    assert_int_equal(sg_store_find_identity(s, UUID, &i, NULL), SG_ENOTFOUND); /* undone */
    assert_done(sg_store_get_device(s, d.number, &d, &err), err);
    assert_int_equal(d.identity_source, SG_IDENTITY_FIRST_SIGHT);
    sg_store_close(s);
}

static void keys_of_an_older_inventory_were_pinned_at_first_sight(void **state)
{
    (void)state;
    struct sg_error err = {0};
    struct sg_device d;
    unlink(DB);
    assert_int_equal(sql(DB, sg_store_migrations[0].sql), SQLITE_OK);
    assert_int_equal(sql(DB, "INSERT INTO device (endpoint, model, firmware, tag, state, created, identity) VALUES "
                             "('a', '', '', 0, 'enrolled', 1, zeroblob(65)), ('b', '', '', 0, 'enrolled', 1, NULL)"),
                     SQLITE_OK);
    struct sg_store *s = sg_store_open(DB, &err);
    assert_non_null(s);
    assert_done(sg_store_find_device(s, "a", &d, &err), err);
    assert_int_equal(d.identity_source, SG_IDENTITY_FIRST_SIGHT);
    assert_done(sg_store_find_device(s, "b", &d, &err), err);
    assert_int_equal(d.identity_source, SG_IDENTITY_UNKNOWN);
    sg_store_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_key_for_each_modem),
        cmocka_unit_test(a_device_that_was_seen_before_is_confirmed),
        cmocka_unit_test(a_device_that_was_seen_with_another_key_stops_it),
        cmocka_unit_test(keys_of_an_older_inventory_were_pinned_at_first_sight),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
