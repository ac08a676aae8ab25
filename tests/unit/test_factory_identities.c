/* SPDX-License-Identifier: Apache-2.0 */
/* The maker's list in its two forms; what it cannot be; and that a list is taken whole or not at all. */
#include "factory_bench.h"

#define A "50363154-3931-44f0-8022-121b6401627d"
#define B "50363154-3931-44f0-8022-121b6401627e"
/* The key of the modem notes, section 2.3. */
#define POINT                                                                                                          \
    "047b76ffcb0339a59c091651afe019a5f9ae5d0dc442994207bbb248f74cd8084861b98a7b0e8dea68ecfb04cb0985d1ee18686ee7b3f0af" \
    "4bd1de51439c1f97bd"
#define SPKI "3059301306072a8648ce3d020106082a8648ce3d030107034200" POINT
#define PEM                                                                                                            \
    "-----BEGIN PUBLIC KEY-----\n"                                                                                     \
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEe3b/ywM5pZwJFlGv4Bml+a5dDcRC\n"                                               \
    "mUIHu7JI90zYCEhhuYp7Do3qaOz7BMsJhdHuGGhu57Pwr0vR3lFDnB+XvQ==\n"                                                   \
    "-----END PUBLIC KEY-----\n"

static struct sg_store *store;

static void fresh(void)
{
    sg_store_close(store);
    (void)unlink(DB);
    (void)unlink(DB "-wal");
    (void)unlink(DB "-shm");
    assert_int_equal(sg_store_create(DB, NULL), 0);
    store = sg_store_open(DB, NULL);
    assert_non_null(store);
}

static int import(const char *text, struct sg_identities_done *done, struct sg_error *err)
{
    struct sg_identities i = {.store = store, .text = sg_str(text), .name = "list", .who = "tester", .now = time(NULL)};
    memset(err, 0, sizeof *err);
    return sg_identities_import(&i, done, err);
}

static void assert_known(const char *uuid)
{
    struct sg_identity id;
    uint8_t point[SG_POINT];
    struct sg_buf b = sg_buf(point, sizeof point);
    assert_int_equal(sg_parse_hex(sg_str(POINT), &b), 0);
    assert_int_equal(sg_store_find_identity(store, uuid, &id, NULL), 0);
    assert_memory_equal(id.point, point, sizeof point);
}

static void each_form_is_taken(void **state)
{
    static const char *const forms[] = {
        A "," POINT,
        A "," POINT "\n",
        "uuid,key\r\n" A "," POINT "\r\n",
        "UUID,identity public key\n" A ",\"" SPKI "\"\n",
        "\"" A "\",\"" PEM "\"\n",
        A ",\"" PEM "\"",
        "# " A "\n" PEM,
        "Modem 7\nUUID: " A " (board 12)\n\n" PEM "\n",
    };
    struct sg_identities_done done;
    struct sg_error err;
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        fresh();
        if (import(forms[i], &done, &err) < 0)
            fail_msg("%s: %s", forms[i], err.text);
        assert_int_equal(done.added, 1);
        assert_known(A);
        assert_int_equal(import(forms[i], &done, &err), 0); /* again: nothing changes */
        assert_int_equal(done.added, 0);
        assert_int_equal(done.known, 1);
    }
}

static void upper_case_is_the_same_modem(void **state)
{
    struct sg_identities_done done;
    struct sg_error err;
    (void)state;
    fresh();
    assert_int_equal(import("50363154-3931-44F0-8022-121B6401627D," POINT "\n" B "," SPKI "\n", &done, &err), 0);
    assert_int_equal(done.added, 2);
    assert_known(A);
    assert_known(B);
}

static void what_is_no_list_is_refused_with_its_line(void **state)
{
    static const struct {
        const char *text, *says;
    } wrong[] = {
        {"", "no entry"},
        {"uuid,key\n", "no entry"},
        {A "\n", "line 1: UUID,KEY is expected, and there is no comma"},
        {A "," POINT ",x\n", "line 1: UUID,KEY is expected, and there is a third field"},
        {"5036,\"" POINT "\"\n", "line 1: the first field is no device UUID"},
        {B "," POINT "\n" A "," POINT "00\n", "line 2: the second field is no public key of P-256"},
        {B "," POINT "\n\n\n" A ",\n", "line 4: the second field is no public key"},
        {A ",05"
           "7b76ffcb0339a59c091651afe019a5f9ae5d0dc442994207bbb248f74cd80848"
           "61b98a7b0e8dea68ecfb04cb0985d1ee18686ee7b3f0af4bd1de51439c1f97bd\n",
         "line 1: the second field is no public key"},
        {A ",04"
           "7b76ffcb0339a59c091651afe019a5f9ae5d0dc442994207bbb248f74cd80848"
           "61b98a7b0e8dea68ecfb04cb0985d1ee18686ee7b3f0af4bd1de51439c1f97be\n",
         "line 1: the second field is no public key"}, /* not on the curve */
        {A ",\"" POINT, "line 1: a quote is not closed"},
        {PEM, "line 1: no line with a device UUID stands before this key"},
        {"# " A "\n" PEM PEM, "line 6: no line with a device UUID"},
        {"# " A "\n" PEM "# " B "\n", "a device UUID without a key after it"},
        {"# " A "\n-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n", "line 2: this is no public key"},
        {"# " A "\n-----BEGIN PUBLIC KEY-----\nMFkw", "line 2: this is no public key"},
    };
    struct sg_identities_done done;
    struct sg_identity id;
    struct sg_error err;
    (void)state;
    fresh();
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(import(wrong[i].text, &done, &err), SG_EFORMAT);
        assert_contains(err.text, wrong[i].says);
        assert_int_equal(sg_store_find_identity(store, A, &id, NULL), SG_ENOTFOUND);
        assert_int_equal(sg_store_find_identity(store, B, &id, NULL), SG_ENOTFOUND); /* nor what stood before it */
    }
}

static void a_conflict_takes_nothing(void **state)
{
    struct sg_identities_done done;
    struct sg_identity id = {.uuid = B, .point = {4}};
    struct sg_error err;
    (void)state;
    fresh();
    assert_int_equal(sg_store_add_identity(store, &id, &err), SG_IDENTITY_NEW);
    assert_int_equal(import(A "," POINT "\n" B "," POINT "\n", &done, &err), SG_EMISMATCH);
    assert_contains(err.text, "line 2: the inventory has another identity key for the modem with UUID " B);
    assert_int_equal(sg_store_find_identity(store, A, &id, NULL), SG_ENOTFOUND);
}

/* A modem of the list must hold the listed key. */
static void another_key_than_the_list_has(void **state)
{
    struct bench *b = bench_new();
    struct sg_identity id = {.added = 1};
    EVP_PKEY *key = sg_key_new(SG_P256, NULL);
    (void)state;
    assert_int_equal(sg_key_point(key, id.point), 0);
    const char *uuid = strstr(rig_ask(&b->rig, "AT%DEVICEUUID"), "%DEVICEUUID: ");
    assert_non_null(uuid);
    (void)snprintf(id.uuid, sizeof id.uuid, "%.36s", uuid + strlen("%DEVICEUUID: "));
    assert_int_equal(sg_store_add_identity(b->store, &id, &b->err), SG_IDENTITY_NEW);
    assert_refused(b, SG_EMISMATCH, "that the maker's list has: its token is signed by another identity key");
    assert_true(b->result.refused);
    assert_null(strstr(b->rig.log, "KEYGEN"));
    assert_int_equal(sg_store_find_device(b->store, ENDPOINT, &b->result.device, NULL), SG_ENOTFOUND);
    EVP_PKEY_free(key);
    bench_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_form_is_taken),
        cmocka_unit_test(upper_case_is_the_same_modem),
        cmocka_unit_test(what_is_no_list_is_refused_with_its_line),
        cmocka_unit_test(a_conflict_takes_nothing),
        cmocka_unit_test(another_key_than_the_list_has),
    };
    int failed = cmocka_run_group_tests(tests, bench_enter, NULL);
    sg_store_close(store);
    return failed + bench_leave(NULL);
}
