/* SPDX-License-Identifier: Apache-2.0 */
/* Devices and their registrations: what is put in comes out, and names belong to one device. */
#include "test_store.h"

static void round_trip(void **state)
{
    (void)state;
    struct sg_store *s = new_store();
    struct sg_error err = {0};
    struct sg_device d = {.endpoint = "urn:imei:351516170000001",
                          .imei = "351516170000001",
                          .uuid = "50363154-3931-44f0-8022-121b6401627d",
                          .model = "nRF9151-LACA",
                          .firmware = "mfw_nrf91x1_2.0.2",
                          .state = SG_DEVICE_ENROLLING,
                          .created = NOW},
                     got;
    assert_done(sg_store_add_device(s, &d, &err), err);
    assert_int_equal(d.number, 1);
    assert_done(sg_store_find_device(s, d.endpoint, &got, &err), err);
    assert_memory_equal(&got, &d, sizeof d);
    d.state = SG_DEVICE_ENROLLED;
    strcpy(d.firmware, "mfw_nrf91x1_2.0.3");
    assert_done(sg_store_update_device(s, &d, &err), err);
    assert_done(sg_store_get_device(s, 1, &got, &err), err);
    assert_memory_equal(&got, &d, sizeof d);
    sg_store_close(s);
    /* And after the file was closed. */
    s = sg_store_open(DB, &err);
    assert_done(sg_store_get_device(s, 1, &got, &err), err);
    assert_memory_equal(&got, &d, sizeof d);
    sg_store_close(s);
}

static void clash(struct sg_store *s, const char *endpoint, const char *imei, const char *uuid, const char *part)
{
    struct sg_error err = {0};
    struct sg_device d = {.created = NOW};
    strcpy(d.endpoint, endpoint);
    strcpy(d.imei, imei);
    strcpy(d.uuid, uuid);
    assert_int_equal(sg_store_add_device(s, &d, &err), SG_EEXISTS);
    assert_contains(err.text, part);
}

static void names_belong_to_one_device(void **state)
{
    (void)state;
    struct sg_store *s = new_store();
    struct sg_error err = {0};
    struct sg_device a = {.endpoint = "a", .imei = "1", .uuid = "u-1", .created = NOW},
                     b = {.endpoint = "b", .created = NOW}, c = {.endpoint = "c", .created = NOW};
    assert_done(sg_store_add_device(s, &a, &err), err);
    assert_done(sg_store_add_device(s, &b, &err), err);
    assert_done(sg_store_add_device(s, &c, &err), err); /* an unknown IMEI is no clash */
    clash(s, "a", "2", "u-2", "the endpoint name \"a\" is already that of device 1");
    clash(s, "d", "1", "u-2", "the IMEI 1 of \"d\" is already that of device 1, \"a\"");
    clash(s, "d", "2", "u-1", "the device UUID u-1 of \"d\" is already that of device 1, \"a\"");
    strcpy(b.imei, "1");
    assert_int_equal(sg_store_update_device(s, &b, &err), SG_EEXISTS);
    assert_contains(err.text, "the IMEI 1 of \"b\"");
    assert_done(sg_store_update_device(s, &a, &err), err); /* its own names are no clash */
    sg_store_close(s);
}

static void what_is_not_there(void **state)
{
    (void)state;
    struct sg_store *s = new_store();
    struct sg_error err = {0};
    struct sg_device d;
    assert_int_equal(sg_store_find_device(s, "nobody", &d, &err), SG_ENOTFOUND);
    assert_contains(err.text, "there is no device \"nobody\"");
    assert_int_equal(sg_store_get_device(s, 7, &d, &err), SG_ENOTFOUND);
    d = (struct sg_device){.number = 7, .endpoint = "x"};
    assert_int_equal(sg_store_update_device(s, &d, &err), SG_ENOTFOUND);
    d = (struct sg_device){.endpoint = ""};
    assert_int_equal(sg_store_add_device(s, &d, &err), SG_EINVAL);
    sg_store_close(s);
}

static void input_is_not_sql(void **state)
{
    (void)state;
    struct sg_store *s = new_store();
    struct sg_error err = {0};
    struct sg_device d;
    static const char name[] = "x'; DROP TABLE device; --";
    add_device(s, name);
    assert_done(sg_store_find_device(s, name, &d, &err), err);
    assert_string_equal(d.endpoint, name);
    sg_store_close(s);
}

struct walk {
    char names[100];
    int stop_after;
    struct sg_store *s;
};

static int note(void *user, const struct sg_device *d)
{
    struct walk *w = user;
    struct sg_device again;
    strcat(w->names, d->endpoint);
    if (w->s) /* a walk within a walk uses the same statements */
        assert_int_equal(sg_store_get_device(w->s, d->number, &again, NULL), 0);
    return --w->stop_after == 0 ? 42 : 0;
}

static int walk_again(void *user, const struct sg_device *d)
{
    struct walk *w = user, inner = {.s = w->s};
    strcat(w->names, d->endpoint);
    assert_int_equal(sg_store_each_device(w->s, note, &inner, NULL), 0);
    assert_string_equal(inner.names, "abc");
    return 0;
}

static void each_by_name(void **state)
{
    (void)state;
    struct sg_store *s = new_store();
    struct walk all = {.s = s}, two = {.stop_after = 2}, nested = {.s = s};
    add_device(s, "b");
    add_device(s, "c");
    add_device(s, "a");
    assert_int_equal(sg_store_each_device(s, note, &all, NULL), 0);
    assert_string_equal(all.names, "abc");
    assert_int_equal(sg_store_each_device(s, note, &two, NULL), 42);
    assert_string_equal(two.names, "ab");
    assert_int_equal(sg_store_each_device(s, walk_again, &nested, NULL), 0);
    assert_string_equal(nested.names, "abc");
    sg_store_close(s);
}

static void assert_registration(const struct sg_registration_row *a, const struct sg_registration_row *b)
{
    assert_int_equal(a->device, b->device);
    assert_int_equal(a->active, b->active);
    assert_int_equal(a->registered, b->registered);
    assert_int_equal(a->updated, b->updated);
    assert_int_equal(a->lifetime, b->lifetime);
    assert_string_equal(a->version, b->version);
    assert_string_equal(a->binding, b->binding);
    assert_string_equal(a->address, b->address);
    assert_string_equal(a->objects, b->objects);
}

static void registrations(void **state)
{
    (void)state;
    struct sg_store *s = new_store();
    struct sg_error err = {0};
    struct sg_device d = add_device(s, "a");
    struct sg_registration_row r = {.device = d.number,
                                    .active = true,
                                    .registered = NOW,
                                    .updated = NOW + 5,
                                    .lifetime = 86400,
                                    .version = "1.1",
                                    .binding = "U",
                                    .address = "192.0.2.7:40112",
                                    .objects = "</1/0>,</3/0>"},
                               got;
    assert_int_equal(sg_store_get_registration(s, d.number, &got, &err), SG_ENOTFOUND);
    assert_done(sg_store_put_registration(s, &r, &err), err);
    assert_done(sg_store_get_registration(s, d.number, &got, &err), err);
    assert_registration(&got, &r);
    r.active = false;
    assert_done(sg_store_put_registration(s, &r, &err), err);
    assert_done(sg_store_get_registration(s, d.number, &got, &err), err);
    assert_registration(&got, &r);
    r.device = 99;
    assert_int_equal(sg_store_put_registration(s, &r, &err), SG_ENOTFOUND);
    sg_store_close(s);
}

static void state_names(void **state)
{
    (void)state;
    assert_string_equal(sg_device_state_name(SG_DEVICE_ENROLLING), "enrolling");
    assert_string_equal(sg_device_state_name(SG_DEVICE_ENROLLED), "enrolled");
    assert_string_equal(sg_device_state_name(SG_DEVICE_REVOKED), "revoked");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),        cmocka_unit_test(names_belong_to_one_device),
        cmocka_unit_test(what_is_not_there), cmocka_unit_test(input_is_not_sql),
        cmocka_unit_test(each_by_name),      cmocka_unit_test(registrations),
        cmocka_unit_test(state_names),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
