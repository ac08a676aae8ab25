/* SPDX-License-Identifier: Apache-2.0 */
/* Devices as JSON, of a real inventory. */
#include "api/api_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define ONE "urn:imei:351516170000001"

static char folder[] = "/tmp/sg-inventory-XXXXXX", file[64];

struct ca {
    EVP_PKEY *key;
    X509 *cert;
};

static struct ca make_ca(void)
{
    struct sg_error err = {0};
    struct ca ca = {.key = sg_key_new(SG_P256, &err)};
    assert_non_null(ca.key);
    ca.cert = sg_cert_root(ca.key, "first lot", (struct sg_validity){1000, 4000000000}, &err);
    assert_non_null(ca.cert);
    return ca;
}

static void add_cert(struct sg_store *store, const struct ca *ca, const struct sg_device *d, enum sg_cert_state state,
                     uint32_t tag)
{
    struct sg_error err = {0};
    EVP_PKEY *key = sg_key_new(SG_P256, &err);
    X509 *cert = sg_cert_device((struct sg_issuer){ca->cert, ca->key}, key, d->endpoint,
                                (struct sg_validity){1000, 2000000000}, &err);
    struct sg_cert_row row = {.kind = SG_CERT_DEVICE, .state = state, .device = d->number, .tag = tag, .added = 1500};
    assert_non_null(cert);
    if (sg_store_add_cert(store, cert, &row, &err) != 0)
        fail_msg("%s", err.text);
    X509_free(cert);
    EVP_PKEY_free(key);
}

static void add_audit(struct sg_store *store, int64_t when, const char *what, const char *subject, const char *detail)
{
    struct sg_error err = {0};
    struct sg_audit_entry e = {.when = when};
    (void)snprintf(e.who, sizeof e.who, "signetd");
    (void)snprintf(e.from, sizeof e.from, "192.0.2.9:5683");
    (void)snprintf(e.what, sizeof e.what, "%s", what);
    (void)snprintf(e.subject, sizeof e.subject, "%s", subject);
    (void)snprintf(e.detail, sizeof e.detail, "%s", detail);
    assert_int_equal(sg_store_audit(store, &e, &err), 0);
}

static int make_inventory(void **state)
{
    struct sg_error err = {0};
    struct sg_device one = {
        .endpoint = ONE, .imei = "351516170000001", .model = "nRF9151", .state = SG_DEVICE_ENROLLED};
    struct sg_device two = {.endpoint = ONE "2", .state = SG_DEVICE_ENROLLING};
    struct sg_registration_row r = {.active = true,
                                    .registered = 1600,
                                    .updated = 1700,
                                    .lifetime = 300,
                                    .version = "1.1",
                                    .binding = "U",
                                    .address = "192.0.2.7:40112",
                                    .objects = "</>;rt=\"oma.lwm2m\",</3/0>"};
    struct ca ca = make_ca();
    (void)state;

    assert_non_null(mkdtemp(folder));
    (void)snprintf(file, sizeof file, "%s/inventory.db", folder);
    assert_int_equal(sg_store_create(file, &err), 0);
    struct sg_store *store = sg_store_open(file, &err);
    assert_non_null(store);
    assert_int_equal(sg_store_add_device(store, &one, &err), 0);
    assert_int_equal(sg_store_add_device(store, &two, &err), 0);
    add_cert(store, &ca, &one, SG_CERT_RETIRED, 1);
    add_cert(store, &ca, &one, SG_CERT_ACTIVE, 2);
    add_cert(store, &ca, &one, SG_CERT_ISSUED, 3);
    r.device = one.number;
    assert_int_equal(sg_store_put_registration(store, &r, &err), 0);
    for (int64_t i = 0; i < 12; i++)
        add_audit(store, 1800 + i, "registered", ONE, "");
    add_audit(store, 1900, "refused", "77:0a", "registers as \"" ONE "\", but its certificate says \"other\"");
    add_audit(store, 1901, "refused", "77:0b", "registers as \"" ONE "2\", but its certificate says \"other\"");
    sg_store_close(store);
    X509_free(ca.cert);
    EVP_PKEY_free(ca.key);
    return 0;
}

static int remove_inventory(void **state)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    char name[80];
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(name, sizeof name, "%s%s", file, ends[i]);
        (void)unlink(name);
    }
    return rmdir(folder);
}

static const char *text(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static int64_t number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static void all_devices(void **state)
{
    (void)state;
    struct sg_error err = {0};
    json_t *json = sg_api_devices_json(file, &err);
    json_t *devices = json_object_get(json, "devices");
    assert_int_equal(json_array_size(devices), 2);
    json_t *one = json_array_get(devices, 0), *two = json_array_get(devices, 1);
    assert_string_equal(text(one, "endpoint"), ONE);
    assert_string_equal(text(one, "state"), "enrolled");
    assert_string_equal(text(one, "address"), "192.0.2.7:40112");
    assert_string_equal(text(one, "last_seen"), "1970-01-01T00:28:20Z");
    assert_int_equal(number(json_object_get(one, "identity"), "tag"), 2); /* the one in use, not the newest */
    assert_int_equal(strlen(text(json_object_get(one, "identity"), "fingerprint")), 95);
    assert_null(json_object_get(json_object_get(one, "registration"), "objects"));
    assert_null(json_object_get(one, "audit"));
    assert_string_equal(text(two, "state"), "enrolling");
    assert_true(json_is_null(json_object_get(two, "identity")));
    assert_true(json_is_null(json_object_get(two, "registration")));
    assert_true(json_is_null(json_object_get(two, "last_seen")));
    assert_true(json_is_null(json_object_get(two, "imei")));
    json_decref(json);
}

static void one_device(void **state)
{
    (void)state;
    struct sg_error err = {0};
    json_t *d = sg_api_device_json(file, ONE, &err);
    assert_non_null(d);
    assert_int_equal(json_array_size(json_object_get(d, "certificates")), 3);
    json_t *objects = json_object_get(json_object_get(d, "registration"), "objects");
    assert_int_equal(json_array_size(objects), 2);
    assert_string_equal(text(json_array_get(objects, 1), "path"), "/3/0");
    /* The ten newest entries about it: the refusal of a peer that claimed its name, and none about a longer name. */
    json_t *audit = json_object_get(d, "audit");
    assert_int_equal(json_array_size(audit), 10);
    assert_string_equal(text(json_array_get(audit, 0), "when"), "1970-01-01T00:30:03Z");
    assert_string_equal(text(json_array_get(audit, 9), "when"), "1970-01-01T00:31:40Z");
    assert_string_equal(text(json_array_get(audit, 9), "what"), "refused");
    assert_non_null(strstr(text(json_array_get(audit, 9), "detail"), "certificate says \"other\""));
    json_decref(d);
}

static void what_is_not_there(void **state)
{
    (void)state;
    struct sg_error err = {0};
    assert_null(sg_api_device_json(file, "urn:imei:0", &err));
    assert_int_equal(err.code, SG_ENOTFOUND);
    assert_non_null(strstr(err.text, "urn:imei:0"));
    assert_null(sg_api_devices_json("/proc/none/none", &err));
    assert_int_equal(err.code, SG_ENOTFOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_devices),
        cmocka_unit_test(one_device),
        cmocka_unit_test(what_is_not_there),
    };
    return cmocka_run_group_tests(tests, make_inventory, remove_inventory);
}
