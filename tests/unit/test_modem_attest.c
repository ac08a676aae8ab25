/* SPDX-License-Identifier: Apache-2.0 */
/* Attestation tokens, made here as the modem notes (3.1) describe them, and with one thing changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "modem/modem.h"
#include <string.h>

struct token {
    uint64_t inner, id, fields;
    size_t uuid_len, nonce_len, signature_len;
    bool payload, trailing;
};
static const struct token good = {55799, 1, 5, 16, 16, 64, false, false};

static void put_body(struct sg_buf *b, const struct token *t)
{
    uint8_t bytes[64];
    memset(bytes, 0x50, sizeof bytes);
    sg_cbor_put_tag(b, t->inner);
    sg_cbor_put_array(b, t->fields);
    sg_cbor_put_uint(b, t->id);
    sg_cbor_put_bytes(b, sg_bytes(bytes, t->uuid_len));
    sg_cbor_put_uint(b, 6); /* nRF9151 LACA */
    memset(bytes, 0x60, sizeof bytes);
    sg_cbor_put_bytes(b, sg_bytes(bytes, 16));
    memset(bytes, 0x70, sizeof bytes);
    sg_cbor_put_bytes(b, sg_bytes(bytes, t->nonce_len));
    if (t->trailing)
        sg_cbor_put_null(b);
}

static int parse(const struct token *t, struct sg_attestation *a)
{
    static const uint8_t es256[] = {0xa1, 0x01, 0x26}, key_id[] = {0x21}, zeros[80];
    uint8_t space[3][512];
    struct sg_buf body = sg_buf(space[0], 512), cose = sg_buf(space[1], 512), text = sg_buf(space[2], 512);
    put_body(&body, t);
    sg_cbor_put_tag(&cose, 18);
    sg_cbor_put_array(&cose, 4);
    sg_cbor_put_bytes(&cose, sg_bytes(es256, sizeof es256));
    sg_cbor_put_map(&cose, 1);
    sg_cbor_put_int(&cose, 4);
    sg_cbor_put_bytes(&cose, sg_bytes(key_id, sizeof key_id));
    if (t->payload)
        sg_cbor_put_bytes(&cose, sg_str("payload"));
    else
        sg_cbor_put_null(&cose);
    sg_cbor_put_bytes(&cose, sg_bytes(zeros, t->signature_len));
    sg_put_base64url(&text, sg_buf_bytes(&body));
    sg_put_str(&text, ".");
    sg_put_base64url(&text, sg_buf_bytes(&cose));
    assert_false(text.full);
    return sg_attestation_parse(sg_buf_bytes(&text), a);
}

static void a_token_is_decoded(void **state)
{
    struct sg_attestation a;
    (void)state;
    assert_int_equal(parse(&good, &a), 0);
    assert_int_equal(a.body.n, 57); /* as the notes say */
    assert_int_equal(a.uuid[15], 0x50);
    assert_int_equal(a.firmware_uuid[0], 0x60);
    assert_int_equal(a.nonce[0], 0x70);
    assert_int_equal(a.key_id, -2);
    assert_int_equal(a.protected_header.n, 3);
}

static void every_departure_is_refused(void **state)
{
    struct token bad[9];
    struct sg_attestation a;
    (void)state;
    for (size_t i = 0; i < 9; i++)
        bad[i] = good;
    bad[0].inner = 55798;
    bad[1].id = 9;
    bad[2].fields = 4;
    bad[3].uuid_len = 15;
    bad[4].nonce_len = 17;
    bad[5].signature_len = 63;
    bad[6].payload = true;
    bad[7].trailing = true;
    bad[8].fields = 6;
    for (size_t i = 0; i < 9; i++)
        assert_int_equal(parse(&bad[i], &a), SG_EFORMAT);
    assert_int_equal(sg_attestation_parse(sg_str(""), &a), SG_EFORMAT);
    assert_int_equal(sg_attestation_parse(sg_str("2dn3."), &a), SG_EFORMAT);
    assert_int_equal(sg_attestation_parse(sg_str(".2dn3"), &a), SG_EFORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_decoded),
        cmocka_unit_test(every_departure_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
