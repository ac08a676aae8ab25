/* SPDX-License-Identifier: Apache-2.0 */
/* LwM2M content formats: the examples of the OMA core specification, refusals, and that what is written is read back.
 */
#include "core/core.h"

#include <float.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { MAX = 64 };

struct read {
    uint8_t payload[2048], decoded[2048];
    struct sg_record records[MAX];
    size_t n;
};

static struct sg_path path_of(const char *text)
{
    struct sg_path path;
    assert_int_equal(sg_path_parse(sg_str(text), &path), 0);
    return path;
}

static struct sg_bytes from_hex(const char *hex, uint8_t space[2048])
{
    struct sg_buf b = sg_buf(space, 2048);
    assert_int_equal(sg_parse_hex(sg_str(hex), &b), 0);
    return sg_buf_bytes(&b);
}

static int read_bytes(struct read *r, enum sg_format format, const char *base, struct sg_bytes payload)
{
    struct sg_path path = path_of(base);
    struct sg_buf scratch = sg_buf(r->decoded, payload.n);
    int n = sg_content_read(format, &path, payload, &scratch, r->records, MAX);
    r->n = n > 0 ? (size_t)n : 0;
    return n;
}

static int read_hex(struct read *r, enum sg_format format, const char *base, const char *hex)
{
    return read_bytes(r, format, base, from_hex(hex, r->payload));
}

/* "path=type value" of a record. */
static void assert_record(const struct sg_record *r, const char *expect)
{
    static const char *const types[] = {"none",    "string", "integer", "unsigned", "float",
                                        "boolean", "opaque", "time",    "objlnk"};
    char text[2048], path[SG_PATH_TEXT];
    struct sg_buf b = sg_buf(text, sizeof text);
    sg_put_str(&b, sg_path_text(&r->path, path));
    sg_put_str(&b, " ");
    sg_put_str(&b, types[r->value.type]);
    sg_put_str(&b, " ");
    sg_value_put_text(&b, &r->value);
    assert_string_equal(sg_buf_cstr(&b), expect);
}

static void assert_records(const struct read *r, const char *const *expect, size_t n)
{
    for (size_t i = 0; i < n && i < r->n; i++)
        assert_record(&r->records[i], expect[i]);
    assert_int_equal(r->n, n);
}

/* What was read is written as the same bytes again. */
static void assert_writes(const struct read *r, enum sg_format format, const char *base, const char *hex)
{
    uint8_t space[2048];
    char text[4096];
    struct sg_path path = path_of(base);
    struct sg_buf b = sg_buf(space, sizeof space), t = sg_buf(text, sizeof text);
    assert_int_equal(sg_content_write(format, &path, r->records, r->n, &b), 0);
    sg_put_hex(&t, sg_buf_bytes(&b));
    assert_string_equal(sg_buf_cstr(&t), hex);
}

static const char *const device[] = {
    "/3/0/0 string Open Mobile Alliance",
    "/3/0/1 string Lightweight M2M Client",
    "/3/0/2 string 345000123",
    "/3/0/3 string 1.0",
    "/3/0/6/0 integer 1",
    "/3/0/6/1 integer 5",
    "/3/0/7/0 integer 3800",
    "/3/0/7/1 integer 5000",
    "/3/0/8/0 integer 125",
    "/3/0/8/1 integer 900",
    "/3/0/9 integer 100",
    "/3/0/10 integer 15",
    "/3/0/11/0 integer 0",
    "/3/0/13 time 1367491215",
    "/3/0/14 string +02:00",
    "/3/0/16 string U",
};
#define DEVICE_TLV                                                                                                     \
    "c800144f70656e204d6f62696c6520416c6c69616e6365"                                                                   \
    "c801164c69676874776569676874204d324d20436c69656e74"                                                               \
    "c80209333435303030313233c303312e30"                                                                               \
    "860641000141010588070842000ed842011388870841007d42010384"                                                         \
    "c10964c10a0f830b410000c40d5182428fc60e2b30323a3030c11055"

/* OMA LwM2M 1.1 core section 7.4.3, example of a single object instance. */
static void tlv_of_a_device(void **state)
{
    (void)state;
    static struct read r;
    assert_int_equal(read_hex(&r, SG_TLV, "/3/0", DEVICE_TLV), 16);
    assert_records(&r, device, 16);
    assert_writes(&r, SG_TLV, "/3/0", DEVICE_TLV);
    /* the same within its object */
    assert_writes(&r, SG_TLV, "/3", "080079" DEVICE_TLV);
    assert_int_equal(read_hex(&r, SG_TLV, "/3", "080079" DEVICE_TLV), 16);
    assert_records(&r, device, 16);
    assert_int_equal(read_hex(&r, SG_TLV, "/3/0", "080079" DEVICE_TLV), 16);
    assert_records(&r, device, 16);
}

/* The examples of several object instances, of objects 2 and 1. */
static void tlv_of_several_instances(void **state)
{
    (void)state;
    static struct read r;
    static const char acl[] = "08000ec10001c101008302417f07c1037f080212c10003c101008702417f0761013601c1037f";
    static const char *const acl_records[] = {
        "/2/0/0 integer 1", "/2/0/1 integer 0",     "/2/0/2/127 integer 7", "/2/0/3 integer 127", "/2/2/0 integer 3",
        "/2/2/1 integer 0", "/2/2/2/127 integer 7", "/2/2/2/310 integer 1", "/2/2/3 integer 127",
    };
    assert_int_equal(read_hex(&r, SG_TLV, "/2", acl), 9);
    assert_records(&r, acl_records, 9);
    assert_writes(&r, SG_TLV, "/2", acl);

    static const char server[] = "08000fc10001c40100015180c10601c10755";
    static const char *const server_records[] = {"/1/0/0 integer 1", "/1/0/1 integer 86400", "/1/0/6 boolean true",
                                                 "/1/0/7 string U"};
    assert_int_equal(read_hex(&r, SG_TLV, "/1", server), 4);
    assert_records(&r, server_records, 4);
    assert_writes(&r, SG_TLV, "/1", server);
    /* an instance that says nothing is no record */
    assert_int_equal(read_hex(&r, SG_TLV, "/1", "0000"), 0);
}

/* The example of object links; object 65 is not known here, so its values come as they are. */
static void tlv_of_an_unknown_object(void **state)
{
    (void)state;
    static struct read r;
    static const char hex[] = "88000c440000420000440100420001c8010d38363133383030373535353030c40212345678";
    static const char *const records[] = {"/65/0/0/0 opaque AEIAAA==", "/65/0/0/1 opaque AEIAAQ==",
                                          "/65/0/1 opaque ODYxMzgwMDc1NTUwMA==", "/65/0/2 opaque EjRWeA=="};
    assert_int_equal(read_hex(&r, SG_TLV, "/65/0", hex), 4);
    assert_records(&r, records, 4);
    assert_writes(&r, SG_TLV, "/65/0", hex);
}

static void tlv_of_one_resource(void **state)
{
    (void)state;
    static struct read r;
    assert_int_equal(read_hex(&r, SG_TLV, "/3303/0/5700", "e4164441ac0000"), 1);
    assert_record(&r.records[0], "/3303/0/5700 float 21.5");
    assert_writes(&r, SG_TLV, "/3303/0/5700", "e4164441ac0000");
    assert_int_equal(read_hex(&r, SG_TLV, "/3303/0/5700", "e81644083fb999999999999a"), 1);
    assert_record(&r.records[0], "/3303/0/5700 float 0.1");
    assert_writes(&r, SG_TLV, "/3303/0/5700", "e81644083fb999999999999a");
    assert_int_equal(read_hex(&r, SG_TLV, "/3/0/6", "8606410001410105"), 2);
    assert_record(&r.records[1], "/3/0/6/1 integer 5");
    assert_writes(&r, SG_TLV, "/3/0/6", "8606410001410105");
    assert_int_equal(read_hex(&r, SG_TLV, "/3/0/6", "410001410105"), 2); /* without the resource around it */
    assert_record(&r.records[1], "/3/0/6/1 integer 5");
    assert_int_equal(read_hex(&r, SG_TLV, "/3/0/6/1", "410105"), 1);
    assert_record(&r.records[0], "/3/0/6/1 integer 5");
    assert_writes(&r, SG_TLV, "/3/0/6/1", "410105");
    assert_int_equal(read_hex(&r, SG_TLV, "/3/0/6/1", "8306410105"), 1);
    assert_int_equal(read_hex(&r, SG_TLV, "/3/0/22/0", "440000010002"), 1);
    assert_record(&r.records[0], "/3/0/22/0 objlnk 1:2");
    assert_writes(&r, SG_TLV, "/3/0/22/0", "440000010002");
    /* every length field, also where a shorter one would do */
    assert_int_equal(read_hex(&r, SG_TLV, "/3/0/9", "e1000964"), 1);
    assert_int_equal(read_hex(&r, SG_TLV, "/3/0/9", "c8090164"), 1);
    assert_int_equal(read_hex(&r, SG_TLV, "/3/0/9", "d009000164"), 1);
    assert_int_equal(read_hex(&r, SG_TLV, "/3/0/9", "d80900000164"), 1);
    assert_record(&r.records[0], "/3/0/9 integer 100");
}

static void tlv_integers(void **state)
{
    (void)state;
    static const struct {
        int64_t v;
        const char *hex;
    } cases[] = {
        {0, "c10900"},
        {-1, "c109ff"},
        {127, "c1097f"},
        {128, "c2090080"},
        {-128, "c10980"},
        {-129, "c209ff7f"},
        {32767, "c2097fff"},
        {32768, "c40900008000"},
        {INT32_MIN, "c40980000000"},
        {(int64_t)INT32_MAX + 1, "c809080000000080000000"},
        {INT64_MIN, "c809088000000000000000"},
        {INT64_MAX, "c809087fffffffffffffff"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static struct read r;
        assert_int_equal(read_hex(&r, SG_TLV, "/3/0/9", cases[i].hex), 1);
        assert_int_equal(r.records[0].value.type, SG_INTEGER);
        assert_true(r.records[0].value.i == cases[i].v);
        assert_writes(&r, SG_TLV, "/3/0/9", cases[i].hex);
    }
    static struct read r;
    assert_int_equal(read_hex(&r, SG_TLV, "/1/0/11", "c10bff"), 1); /* unsigned */
    assert_record(&r.records[0], "/1/0/11 unsigned 255");
    assert_writes(&r, SG_TLV, "/1/0/11", "c10bff");
}

static void bad_tlv_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *base, *hex, *what;
        int error;
    } cases[] = {
        {"/", "080000", "no object can be named", SG_EUNSUPPORTED},
        {"/3/0", "c1", "no identifier", SG_ETRUNCATED},
        {"/3/0", "e100", "half an identifier", SG_ETRUNCATED},
        {"/3/0", "c809", "no length", SG_ETRUNCATED},
        {"/3/0", "d00900", "half a length", SG_ETRUNCATED},
        {"/3/0", "c109", "no value", SG_ETRUNCATED},
        {"/3/0", "d809ffffff", "an absurd length", SG_ETRUNCATED},
        {"/3/0", "8206410001", "a value beyond its resource", SG_ETRUNCATED},
        {"/3/0", "e1ffff00", "identifier 65535", SG_EFORMAT},
        {"/3", "c10964", "a resource at object level", SG_EFORMAT},
        {"/3", "410001", "a resource instance at object level", SG_EFORMAT},
        {"/3/0", "0301c10964", "another object instance", SG_EFORMAT},
        {"/3/0", "410001", "a resource instance at instance level", SG_EFORMAT},
        {"/3/0/9", "c10a0f", "another resource", SG_EFORMAT},
        {"/3/0/9", "0300c10964", "an instance at resource level", SG_EFORMAT},
        {"/3/0/6/0", "410105", "another resource instance", SG_EFORMAT},
        {"/3/0/6/0", "8606410001410105", "more than was asked for", SG_EFORMAT},
        {"/3/0", "8306c10001", "a resource within a resource", SG_EFORMAT},
        {"/3/0", "0000", "an instance that is empty: no record", 0},
        {"/3/0", "02000000", "an instance within an instance", SG_EFORMAT},
        {"/3/0", "c009", "an integer of no bytes", SG_EFORMAT},
        {"/3/0", "c309000001", "an integer of three bytes", SG_EFORMAT},
        {"/3/0", "c10464", "a value for an executable resource", SG_EFORMAT},
        {"/3/0", "c100ff", "a string that is not UTF-8", SG_EFORMAT},
        {"/1/0", "c10602", "a boolean of 2", SG_EFORMAT},
        {"/1/0", "c2060001", "a boolean of two bytes", SG_EFORMAT},
        {"/1/0", "c20a0001", "an object link of two bytes", SG_EFORMAT},
        {"/3303/0", "e216440001", "a float of two bytes", SG_EFORMAT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static struct read r;
        int got = read_hex(&r, SG_TLV, cases[i].base, cases[i].hex);
        if (got != cases[i].error)
            fail_msg("%s: %d (%s)", cases[i].what, got, sg_strerror(got));
    }
}

#define DEVICE_SENML                                                                                                   \
    "90a321652f332f302f00613003744f70656e204d6f62696c6520416c6c69616e6365"                                             \
    "a200613103764c69676874776569676874204d324d20436c69656e74a20061320369333435303030313233a2006133036331"             \
    "2e30a20063362f300201a20063362f310205a20063372f3002190ed8a20063372f3102191388a20063382f3002187da20063"             \
    "382f3102190384a2006139021864a200623130020fa2006431312f300200a200623133021a5182428fa200623134"                     \
    "03662b30323a3030a200623136036155"

/* OMA LwM2M 1.1 core section 7.4.4, the same device. */
static void senml_of_a_device(void **state)
{
    (void)state;
    static struct read r;
    assert_int_equal(read_hex(&r, SG_SENML_CBOR, "/3/0", DEVICE_SENML), 16);
    assert_records(&r, device, 16);
    assert_writes(&r, SG_SENML_CBOR, "/3/0", DEVICE_SENML);
    assert_int_equal(read_hex(&r, SG_SENML_CBOR, "/", DEVICE_SENML), 16);
    assert_int_equal(read_hex(&r, SG_SENML_CBOR, "/3", DEVICE_SENML), 16);
    assert_int_equal(read_hex(&r, SG_SENML_CBOR, "/3/1", DEVICE_SENML), SG_EFORMAT);
}

static void senml_names_and_bases(void **state)
{
    (void)state;
    static struct read r;
    /* [{-2:"/3303/0/5700", 2:21.5}] and the same with the whole name in "n" */
    assert_int_equal(read_hex(&r, SG_SENML_CBOR, "/3303/0/5700", "81a2216c2f333330332f302f3537303002f94d60"), 1);
    assert_record(&r.records[0], "/3303/0/5700 float 21.5");
    assert_writes(&r, SG_SENML_CBOR, "/3303/0/5700", "81a2216c2f333330332f302f3537303002fa41ac0000");
    assert_int_equal(read_hex(&r, SG_SENML_CBOR, "/3303/0/5700", "81a2006c2f333330332f302f3537303002f94d60"), 1);
    assert_record(&r.records[0], "/3303/0/5700 float 21.5");
    /* a record that only sets bases; a new base name later; indefinite lengths throughout */
    assert_int_equal(
        read_hex(&r, SG_SENML_CBOR, "/", "9fbf21652f332f302fffbf0061390205ffbf21652f312f302f00613102181effff"), 2);
    assert_record(&r.records[0], "/3/0/9 integer 5");
    assert_record(&r.records[1], "/1/0/1 integer 30");
}

static void senml_values(void **state)
{
    (void)state;
    static struct read r;
    static const struct {
        const char *hex, *expect;
    } cases[] = {
        /* an integer for a float, an integral float for an integer */
        {"81a2006c2f333330332f302f353730300215", "/3303/0/5700 float 21"},
        {"81a200662f332f302f3902f94900", "/3/0/9 integer 10"},
        {"81a200662f312f302f3604f5", "/1/0/6 boolean true"},
        {"81a200672f312f302f31310218ff", "/1/0/11 unsigned 255"},
        {"81a200672f332f302f3133021a5182428f", "/3/0/13 time 1367491215"},
        {"81a200692f332f302f32322f3063766c6f63333a30", "/3/0/22/0 objlnk 3:0"},
        {"81a200662f302f302f350843010203", "/0/0/5 opaque AQID"},
        /* what no object says */
        {"81a200672f392f302f3939021bffffffffffffffff", "/9/0/99 unsigned 18446744073709551615"},
        {"81a200672f392f302f3939023903e7", "/9/0/99 integer -1000"},
        {"81a200672f392f302f3939036161", "/9/0/99 string a"},
        /* base value, times, units, sums and unknown fields are taken in stride */
        {"81a300662f332f302f3902052405", "/3/0/9 integer 10"},
        {"81a300662f332f302f39020524f93e00", NULL},
        {"81a3006c2f333330332f302f35373030020524f93e00", "/3303/0/5700 float 6.5"},
        {"81a600662f332f302f390205221a5182428f06200161250705", "/3/0/9 integer 5"},
        {"81a300662f332f302f390205200a", "/3/0/9 integer 5"},
        {"81a300662f332f302f390205617880", "/3/0/9 integer 5"},
        {"81a300662f332f302f3902051904d280", "/3/0/9 integer 5"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int got = read_hex(&r, SG_SENML_CBOR, "/", cases[i].hex);
        if (got != (cases[i].expect != NULL ? 1 : SG_EFORMAT))
            fail_msg("%s: %d", cases[i].hex, got);
        if (cases[i].expect != NULL)
            assert_record(&r.records[0], cases[i].expect);
    }
    /* base value 2^63-1 and 1: too large */
    assert_int_equal(read_hex(&r, SG_SENML_CBOR, "/", "81a300662f332f302f390201241b7fffffffffffffff"), SG_EFORMAT);
}

static void bad_senml_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *hex, *what;
        int error;
    } cases[] = {
        {"", "nothing", SG_EFORMAT},
        {"a0", "no array", SG_EFORMAT},
        {"8100", "no map", SG_EFORMAT},
        {"81a200662f332f302f39020500", "something after it", SG_EFORMAT},
        {"82a200662f332f302f390205", "a record is missing", SG_EFORMAT},
        {"81a200662f332f302f3902", "a value is missing", SG_EFORMAT},
        {"81a100662f332f302f39", "a name without a value", SG_EFORMAT},
        {"81a300662f332f302f39020504f5", "two values", SG_EFORMAT},
        {"81a300662f332f302f3902050206", "a value twice", SG_EFORMAT},
        {"81a200652f332f302f0205", "a name that ends with /", SG_EFORMAT},
        {"81a200642f332f300205", "the name of an instance", SG_EFORMAT},
        {"81a2006a75726e3a6465763a6f770205", "a name that is no path", SG_EFORMAT},
        {"81a22178192f36353533342f36353533342f36353533342f36353533340205", "a name that is too long", SG_EFORMAT},
        {"81a200662f332f302f39036161", "a string for an integer", SG_EFORMAT},
        {"81a200662f332f302f3904f5", "a boolean for an integer", SG_EFORMAT},
        {"81a200662f332f302f3902f94d60", "21.5 for an integer", SG_EFORMAT},
        {"81a200662f332f302f39021bffffffffffffffff", "2^64-1 for an integer", SG_EFORMAT},
        {"81a200672f312f302f31310220", "-1 for an unsigned integer", SG_EFORMAT},
        {"81a200662f332f302f340205", "a value for an executable resource", SG_EFORMAT},
        {"81a200662f332f302f3902c48221196ab3", "a decimal fraction", SG_EFORMAT},
        {"81a200692f332f302f32322f3063766c6f6133", "half an object link", SG_EFORMAT},
        {"81a200692f332f302f32322f3063766c6f0a", "an object link that is a number", SG_EFORMAT},
        {"81a300662f332f302f390205200b", "version 11", SG_EUNSUPPORTED},
        {"81a300662f332f302f39020562785f00", "a field that must be understood", SG_EUNSUPPORTED},
        {"81a300662f332f302f39020562c32800", "a field whose name is not UTF-8", SG_EFORMAT},
        {"9fa200662f332f302f390205", "an indefinite array without its end", SG_EFORMAT},
        {"81bf00662f332f302f390205", "an indefinite map without its end", SG_EFORMAT},
        {"81a300662f332f302f3902058000", "a field named by an array", SG_EFORMAT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static struct read r;
        int got = read_hex(&r, SG_SENML_CBOR, "/", cases[i].hex);
        if (got != cases[i].error)
            fail_msg("%s: %d (%s)", cases[i].what, got, sg_strerror(got));
    }
}

static void single_values(void **state)
{
    (void)state;
    static const struct {
        enum sg_format format;
        const char *base, *hex, *expect;
        bool back;
    } cases[] = {
        {SG_TEXT, "/3/0/0", "4f70656e", "/3/0/0 string Open", true},
        {SG_TEXT, "/3/0/0", "", "/3/0/0 string ", true},
        {SG_TEXT, "/3303/0/5700", "32312e35", "/3303/0/5700 float 21.5", true},
        {SG_TEXT, "/1/0/6", "31", "/1/0/6 boolean true", true},
        {SG_TEXT, "/1/0/6", "30", "/1/0/6 boolean false", true},
        {SG_TEXT, "/3/0/6/1", "35", "/3/0/6/1 integer 5", true},
        {SG_TEXT, "/5/0/0", "4151494442413d3d", "/5/0/0 opaque AQIDBA==", true},
        {SG_TEXT, "/1/0/10", "31313a30", "/1/0/10 objlnk 11:0", true},
        {SG_TEXT, "/9/0/99", "78", "/9/0/99 string x", true},
        {SG_TEXT, "/1/0/6", "74727565", NULL, false},
        {SG_TEXT, "/3/0/9", "35782020", NULL, false},
        {SG_TEXT, "/3/0/0", "ff", NULL, false},
        {SG_TEXT, "/3/0/4", "", NULL, false},
        {SG_OCTETS, "/5/0/0", "00ff", "/5/0/0 opaque AP8=", true},
        {SG_OCTETS, "/9/0/99", "", "/9/0/99 opaque ", true},
        {SG_OCTETS, "/3/0/0", "41", NULL, false},
        {SG_CBOR, "/3/0/0", "644f70656e", "/3/0/0 string Open", true},
        {SG_CBOR, "/3/0/9", "1864", "/3/0/9 integer 100", true},
        {SG_CBOR, "/3303/0/5700", "fa41ac0000", "/3303/0/5700 float 21.5", true},
        {SG_CBOR, "/3303/0/5700", "1bffffffffffffffff", "/3303/0/5700 float 18446744073709552000", false},
        {SG_CBOR, "/3303/0/5700", "f5", NULL, false},
        {SG_CBOR, "/3303/0/5700", "f97e00", "/3303/0/5700 float nan", false},
        {SG_CBOR, "/1/0/11", "f5", NULL, false},
        {SG_CBOR, "/1/0/10", "6131", NULL, false},
        {SG_CBOR, "/3303/0/5700", "f94d60", "/3303/0/5700 float 21.5", false},
        {SG_CBOR, "/1/0/6", "f4", "/1/0/6 boolean false", true},
        {SG_CBOR, "/5/0/0", "4101", "/5/0/0 opaque AQ==", true},
        {SG_CBOR, "/3/0/13", "c11a5182428f", "/3/0/13 time 1367491215", true},
        {SG_CBOR, "/3/0/13", "1a5182428f", "/3/0/13 time 1367491215", false},
        {SG_CBOR, "/3/0/13", "c1fb41d46090a3c00000", "/3/0/13 time 1367491215", false},
        {SG_CBOR, "/9/0/99", "c101", "/9/0/99 time 1", true},
        {SG_CBOR, "/1/0/10", "6431313a30", "/1/0/10 objlnk 11:0", true},
        {SG_CBOR, "/1/0/11", "18ff", "/1/0/11 unsigned 255", true},
        {SG_CBOR, "/3/0/9", "c101", NULL, false},
        {SG_CBOR, "/3/0/13", "c201", NULL, false},
        {SG_CBOR, "/3/0/13", "c1f93e00", NULL, false},
        {SG_CBOR, "/3/0/13", "c11bffffffffffffffff", NULL, false},
        {SG_CBOR, "/3/0/9", "186400", NULL, false},
        {SG_CBOR, "/3/0/9", "6161", NULL, false},
        {SG_CBOR, "/3/0/9", "f6", NULL, false},
        {SG_CBOR, "/3/0/9", "8101", NULL, false},
        {SG_CBOR, "/3/0/9", "a0", NULL, false},
        {SG_CBOR, "/3/0/9", "", NULL, false},
        {SG_CBOR, "/3/0/4", "01", NULL, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static struct read r;
        int got = read_hex(&r, cases[i].format, cases[i].base, cases[i].hex);
        if (got != (cases[i].expect != NULL ? 1 : SG_EFORMAT))
            fail_msg("%s %s: %d", cases[i].base, cases[i].hex, got);
        if (cases[i].expect != NULL)
            assert_record(&r.records[0], cases[i].expect);
        if (cases[i].back)
            assert_writes(&r, cases[i].format, cases[i].base, cases[i].hex);
    }
}

static void formats_have_their_limits(void **state)
{
    (void)state;
    static struct read r;
    uint8_t space[256];
    struct sg_buf b = sg_buf(space, sizeof space);
    struct sg_path instance = path_of("/3/0"), resource = path_of("/3/0/9"), multiple = path_of("/3/0/6");
    static const enum sg_format one[] = {SG_TEXT, SG_OCTETS, SG_CBOR};
    struct sg_record pair[2] = {{path_of("/3/0/6/0"), {.type = SG_INTEGER, .i = 1}},
                                {path_of("/3/0/6/1"), {.type = SG_INTEGER, .i = 5}}};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(read_hex(&r, one[i], "/3/0", "00"), SG_EUNSUPPORTED);
        assert_int_equal(sg_content_write(one[i], &instance, pair, 2, &b), SG_EUNSUPPORTED);
        assert_int_equal(sg_content_write(one[i], &multiple, pair, 1, &b), SG_EUNSUPPORTED);
        assert_int_equal(sg_content_write(one[i], &resource, pair, 0, &b), SG_EUNSUPPORTED);
    }
    static const enum sg_format other[] = {SG_LINK, SG_SENML_JSON, SG_JSON, (enum sg_format)9};
    for (size_t i = 0; i < 4; i++) {
        assert_false(sg_format_known(other[i]));
        assert_int_equal(read_hex(&r, other[i], "/3/0/9", "00"), SG_EUNSUPPORTED);
        assert_int_equal(sg_content_write(other[i], &multiple, pair, 2, &b), SG_EUNSUPPORTED);
    }
    assert_int_equal(b.len, 0);
    struct sg_record v = {path_of("/3303/0/5700"), {.type = SG_FLOAT, .f = (double)FLT_MAX * 1e300}};
    assert_int_equal(sg_content_write(SG_TEXT, &v.path, &v, 1, &b), SG_EUNSUPPORTED);
    assert_int_equal(sg_content_write(SG_OCTETS, &v.path, &v, 1, &b), SG_EUNSUPPORTED);
    struct sg_path root = {0};
    assert_int_equal(sg_content_write(SG_TLV, &root, pair, 2, &b), SG_EUNSUPPORTED);
    assert_true(sg_format_known(SG_TEXT) && sg_format_known(SG_OCTETS) && sg_format_known(SG_CBOR));
    assert_true(sg_format_known(SG_SENML_CBOR) && sg_format_known(SG_TLV));
    struct sg_path deep = {.depth = 5};
    assert_int_equal(sg_content_read(SG_TLV, &deep, sg_str(""), &b, r.records, MAX), SG_EINVAL);
}

static void callers_mistakes_are_named(void **state)
{
    (void)state;
    uint8_t space[256];
    struct sg_path base = path_of("/3/0");
    const struct sg_value one = {.type = SG_INTEGER, .i = 1};
    struct sg_record cases[][2] = {
        {{path_of("/3/0/10"), one}, {path_of("/3/0/9"), one}},              /* not sorted */
        {{path_of("/3/0/9"), one}, {path_of("/3/0/9"), one}},               /* twice */
        {{path_of("/3/0/6"), one}, {path_of("/3/0/6/0"), one}},             /* a resource and its instance */
        {{path_of("/3/0/9"), one}, {path_of("/3/1/9"), one}},               /* outside the base */
        {{path_of("/3/0/9"), one}, {path_of("/3/0"), one}},                 /* not a resource */
        {{path_of("/3/0/4"), {.type = SG_NONE}}, {path_of("/3/0/9"), one}}, /* no value */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sg_buf b = sg_buf(space, sizeof space);
        assert_int_equal(sg_content_write(SG_TLV, &base, cases[i], 2, &b), SG_EINVAL);
        assert_int_equal(sg_content_write(SG_SENML_CBOR, &base, cases[i], 2, &b), SG_EINVAL);
        assert_int_equal(b.len, 0);
    }
}

static void space_runs_out(void **state)
{
    (void)state;
    static struct read r;
    struct sg_path base = path_of("/3"), resource = path_of("/5/0/0");
    assert_int_equal(read_hex(&r, SG_TLV, "/3/0", DEVICE_TLV), 16);
    static const enum sg_format formats[] = {SG_TLV, SG_SENML_CBOR};
    for (size_t f = 0; f < 2; f++) {
        uint8_t space[512];
        struct sg_buf whole = sg_buf(space, sizeof space);
        assert_int_equal(sg_content_write(formats[f], &base, r.records, r.n, &whole), 0);
        for (size_t cap = 0; cap < whole.len; cap++) {
            uint8_t small[512];
            struct sg_buf b = sg_buf(small, cap);
            assert_int_equal(sg_content_write(formats[f], &base, r.records, r.n, &b), SG_ENOSPC);
        }
        struct sg_record few[15];
        assert_int_equal(sg_content_read(formats[f], &base, sg_buf_bytes(&whole), &whole, few, 15), SG_ENOSPC);
    }
    uint8_t tiny[2];
    struct sg_buf scratch = sg_buf(tiny, sizeof tiny);
    assert_int_equal(sg_content_read(SG_TEXT, &resource, sg_str("AQIDBA=="), &scratch, r.records, MAX), SG_ENOSPC);
}

/* The length field of TLV has up to 24 bits. */
static void large_values(void **state)
{
    (void)state;
    static uint8_t firmware[70000], wire[70100];
    static const size_t sizes[] = {0, 7, 8, 255, 256, 65535, 65536, 70000};
    static const char *const heads[] = {"c000",     "c700",     "c80008",     "c800ff",
                                        "d0000100", "d000ffff", "d800010000", "d800011170"};
    struct sg_record in = {path_of("/5/0/0"), {.type = SG_OPAQUE}}, out;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char text[32];
        struct sg_buf b = sg_buf(wire, sizeof wire), head = sg_buf(text, sizeof text);
        in.value.bytes = sg_bytes(firmware, sizes[i]);
        assert_int_equal(sg_content_write(SG_TLV, &in.path, &in, 1, &b), 0);
        sg_put_hex(&head, sg_bytes(wire, b.len - sizes[i]));
        assert_string_equal(sg_buf_cstr(&head), heads[i]);
        assert_int_equal(sg_content_read(SG_TLV, &in.path, sg_buf_bytes(&b), NULL, &out, 1), 1);
        assert_int_equal(out.value.bytes.n, sizes[i]);
    }
}

static uint64_t next_random(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

static struct sg_value random_value(uint64_t *x, enum sg_type type)
{
    static const char text[] = "a string of some length, which is not always taken whole; 300 bytes need a longer "
                               "length field, so here is more of it, and more, and more, and more, and more, and more, "
                               "and more, and more, and more, and more, and more, and more, and more, and more, and "
                               "more, and more, and more, and more, and more, and more, and more.";
    struct sg_value v = {.type = type};
    uint64_t bits = next_random(x) >> next_random(x) % 64;
    if (type == SG_STRING || type == SG_OPAQUE)
        v.bytes = sg_bytes(text, bits % sizeof text);
    else if (type == SG_INTEGER || type == SG_TIME)
        v.i = bits % 2 != 0 ? (int64_t)(bits >> 1) : -(int64_t)(bits >> 1);
    else if (type == SG_UNSIGNED)
        v.u = bits;
    else if (type == SG_FLOAT)
        v.f = bits % 2 != 0 ? (double)bits : (double)(bits % 100000) / 1000;
    else if (type == SG_BOOLEAN)
        v.b = bits % 2 != 0;
    else {
        v.link[0] = (uint16_t)bits;
        v.link[1] = (uint16_t)(bits >> 7);
    }
    return v;
}

static void assert_same(const struct sg_record *a, const struct sg_record *b)
{
    char left[1024], right[1024];
    struct sg_buf l = sg_buf(left, sizeof left), r = sg_buf(right, sizeof right);
    assert_true(sg_path_eq(&a->path, &b->path));
    assert_int_equal(a->value.type, b->value.type);
    sg_value_put_text(&l, &a->value);
    sg_value_put_text(&r, &b->value);
    assert_string_equal(sg_buf_cstr(&l), sg_buf_cstr(&r));
}

/* Random values for random resources of the objects that are known, several instances of each. */
static size_t random_records(uint64_t *x, const struct sg_object_def *o, struct sg_record *records)
{
    size_t n = 0;
    for (uint16_t inst = 0; inst < 3; inst++) {
        for (size_t i = 0; i < o->count; i++) {
            const struct sg_resource_def *def = &o->resources[i];
            size_t instances = def->multiple ? next_random(x) % 3 : next_random(x) % 2;
            for (uint16_t k = 0; k < instances && def->type != SG_NONE && n < MAX; k++) {
                records[n].path =
                    sg_path(def->multiple ? 4 : 3, o->id, (uint16_t)(inst * 200), def->id, (uint16_t)(k * 300));
                records[n++].value = random_value(x, def->type);
            }
        }
    }
    return n;
}

static void what_is_written_is_read_back(void **state)
{
    (void)state;
    static const uint16_t ids[] = {0, 1, 2, 3, 4, 5, 6, 3303};
    static const enum sg_format formats[] = {SG_TLV, SG_SENML_CBOR, SG_TEXT, SG_CBOR};
    static uint8_t space[32768], decoded[32768];
    static struct sg_record in[MAX], out[MAX];
    uint64_t x = 1181783497276652981U;
    for (int round = 0; round < 400; round++) {
        struct sg_path base = sg_path(1, ids[round % 8], 0, 0, 0);
        size_t n = random_records(&x, sg_object(ids[round % 8]), in);
        for (size_t f = 0; f < 4; f++) {
            for (size_t i = 0; i < (f < 2 ? 1 : n); i++) {
                const struct sg_record *first = f < 2 ? in : in + i;
                size_t count = f < 2 ? n : 1;
                struct sg_path at = f < 2 ? base : in[i].path;
                struct sg_buf b = sg_buf(space, sizeof space), scratch = sg_buf(decoded, sizeof decoded);
                assert_int_equal(sg_content_write(formats[f], &at, first, count, &b), 0);
                int got = sg_content_read(formats[f], &at, sg_buf_bytes(&b), &scratch, out, MAX);
                assert_int_equal(got, count);
                for (size_t k = 0; k < count; k++)
                    assert_same(&first[k], &out[k]);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tlv_of_a_device),
        cmocka_unit_test(tlv_of_several_instances),
        cmocka_unit_test(tlv_of_an_unknown_object),
        cmocka_unit_test(tlv_of_one_resource),
        cmocka_unit_test(tlv_integers),
        cmocka_unit_test(bad_tlv_is_refused),
        cmocka_unit_test(senml_of_a_device),
        cmocka_unit_test(senml_names_and_bases),
        cmocka_unit_test(senml_values),
        cmocka_unit_test(bad_senml_is_refused),
        cmocka_unit_test(single_values),
        cmocka_unit_test(formats_have_their_limits),
        cmocka_unit_test(callers_mistakes_are_named),
        cmocka_unit_test(space_runs_out),
        cmocka_unit_test(large_values),
        cmocka_unit_test(what_is_written_is_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
