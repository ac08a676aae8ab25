/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core: bytes, base64, CBOR, CoAP messages, LwM2M paths, objects and content formats.
 *
 * Nothing here allocates, reads a clock or does I/O; the caller owns every buffer. It runs on the chip and on the host.
 *
 * Every function that can fail returns 0 or a count, or a negative SG_E…. Views (struct sg_bytes) borrow: they are
 * valid as long as the bytes that they were cut from.
 */
#ifndef SG_CORE_H
#define SG_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---------------------------------------------------------------------------------------------------- errors */

enum {
    SG_EINVAL = -1,        /* an argument is outside its documented range: the caller's mistake */
    SG_ENOSPC = -2,        /* the result does not fit into the space given */
    SG_EFORMAT = -3,       /* the input breaks the rules of its format */
    SG_ETRUNCATED = -4,    /* the input ends too early */
    SG_ENOTFOUND = -5,     /* there is no such thing */
    SG_EEXISTS = -6,       /* there is such a thing already */
    SG_EDENIED = -7,       /* not allowed */
    SG_ETIMEOUT = -8,      /* no answer in time */
    SG_EIO = -9,           /* a file, port or socket failed */
    SG_ESTATE = -10,       /* not possible in this state */
    SG_EBUSY = -11,        /* somebody else is using it */
    SG_EUNSUPPORTED = -12, /* understood, and not offered */
    SG_ECRYPTO = -13,      /* a cryptographic operation failed */
    SG_ENOMEM = -14,       /* out of memory (host only) */
    SG_EMISMATCH = -15,    /* two things that must agree do not */
    SG_ECLOSED = -16,      /* the peer or the caller has ended it */
};

/* A short English name for an SG_E… ("not found"), for logs. Never NULL. */
const char *sg_strerror(int error);

/*
 * What a person reads when something failed: what was attempted, on what, what came back, what to do. Host only
 * (the two functions below are not built for the chip). A NULL struct sg_error is allowed everywhere.
 */
struct sg_error {
    int code; /* an SG_E…, or 0 */
    char text[600];
};

/* Sets the sentence (printf form, cut off at the end of `text`) and returns `code`, so that a caller can `return` it.
 */
int sg_fail(struct sg_error *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Puts "prefix: " before the sentence that is there, to tell what it was for. Returns err->code (SG_EIO where err is
 * NULL: a caller that must keep its code with a NULL err keeps it itself). */
int sg_fail_in(struct sg_error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* What stands for a character that has a meaning in HTML and SVG ("&lt;"); NULL: it stands for itself. Host only. */
const char *sg_html_entity(uint8_t c);

/* ----------------------------------------------------------------------------------------------------- bytes */

/* Borrowed bytes. `p` may be NULL where `n` is 0. */
struct sg_bytes {
    const uint8_t *p;
    size_t n;
};

/* A buffer that grows up to `cap`. Once something did not fit, `full` stays set and the content is not to be used:
 * so a writer can put a whole message and look at `full` once. */
struct sg_buf {
    uint8_t *p;
    size_t len, cap;
    bool full;
};

/* A reader of bytes from outside. Once something was missing, `bad` stays set, and all further reads give zeros:
 * so a parser can read a whole structure and look at `bad` once. */
struct sg_cursor {
    const uint8_t *p;
    size_t n, at;
    bool bad;
};

struct sg_bytes sg_bytes(const void *p, size_t n);
struct sg_bytes sg_str(const char *s); /* the bytes of a C string, without its NUL */
bool sg_bytes_eq(struct sg_bytes a, struct sg_bytes b);
bool sg_bytes_eq_str(struct sg_bytes a, const char *s);
/* Constant time in the content (not in the lengths): for secrets and authenticators. */
bool sg_secret_eq(const void *a, const void *b, size_t n);
/* Overwrites with zeros, and the compiler may not leave it out. */
void sg_wipe(void *p, size_t n);

struct sg_buf sg_buf(void *p, size_t cap);
void sg_put(struct sg_buf *b, const void *p, size_t n);
void sg_put_bytes(struct sg_buf *b, struct sg_bytes v);
void sg_put_str(struct sg_buf *b, const char *s);
void sg_put_u8(struct sg_buf *b, uint8_t v);
void sg_put_u16(struct sg_buf *b, uint16_t v); /* network byte order, as all below */
void sg_put_u24(struct sg_buf *b, uint32_t v);
void sg_put_u32(struct sg_buf *b, uint32_t v);
void sg_put_u64(struct sg_buf *b, uint64_t v);
void sg_put_dec(struct sg_buf *b, int64_t v); /* decimal digits */
void sg_put_udec(struct sg_buf *b, uint64_t v);
void sg_put_hex(struct sg_buf *b, struct sg_bytes v); /* lower case */
/* What was written so far; an empty view where `full` is set. */
struct sg_bytes sg_buf_bytes(const struct sg_buf *b);
/* Ends the content with a NUL that is not counted in `len`; "" where it does not fit or cap is 0 (then NULL is never
 * returned). */
const char *sg_buf_cstr(struct sg_buf *b);

struct sg_cursor sg_cursor(struct sg_bytes v);
uint8_t sg_get_u8(struct sg_cursor *c);
uint16_t sg_get_u16(struct sg_cursor *c);
uint32_t sg_get_u24(struct sg_cursor *c);
uint32_t sg_get_u32(struct sg_cursor *c);
uint64_t sg_get_u64(struct sg_cursor *c);
struct sg_bytes sg_get(struct sg_cursor *c, size_t n); /* the next n bytes, or an empty view and `bad` */
struct sg_bytes sg_rest(struct sg_cursor *c);          /* all that is left */
size_t sg_left(const struct sg_cursor *c);

/* Decimal digits only, no sign or blank, the whole of `v`, at most `max`. SG_EFORMAT otherwise. */
int sg_parse_udec(struct sg_bytes v, uint64_t max, uint64_t *out);
int sg_parse_dec(struct sg_bytes v, int64_t *out); /* with an optional '-' or '+' */
/* Both cases of digit; an even count. Appends to `out`. SG_EFORMAT, SG_ENOSPC. */
int sg_parse_hex(struct sg_bytes v, struct sg_buf *out);

/* RFC 4648. Base64 with padding; base64url without. The decoders take input with or without padding, refuse any other
 * character (line breaks too) and non-zero trailing bits, and append to `out`. SG_EFORMAT, SG_ENOSPC. */
void sg_put_base64(struct sg_buf *b, struct sg_bytes v);
void sg_put_base64url(struct sg_buf *b, struct sg_bytes v);
int sg_parse_base64(struct sg_bytes v, struct sg_buf *out);
int sg_parse_base64url(struct sg_bytes v, struct sg_buf *out);

/* ------------------------------------------------------------------------------------------------- addresses */

/* An IP address and port of a datagram. IPv4 is kept in its mapped form (::ffff:a.b.c.d), so that equality is a memcmp.
 */
struct sg_addr {
    uint8_t ip[16];
    uint16_t port; /* host byte order */
};
bool sg_addr_eq(const struct sg_addr *a, const struct sg_addr *b);
/* "192.0.2.7:40112", "[2001:db8::1]:5684". Always ends with NUL within SG_ADDR_TEXT bytes; returns `text`. */
#define SG_ADDR_TEXT 56
char *sg_addr_text(const struct sg_addr *a, char text[SG_ADDR_TEXT]);
/* The reverse, for addresses that a person configures: an IP address, never a name. Host only. SG_EFORMAT. */
int sg_addr_parse(const char *text, struct sg_addr *a, struct sg_error *err);

/* ------------------------------------------------------------------------------------------- CBOR (RFC 8949) */

/* Definite lengths and numbers, strings, arrays, maps, tags, simple values and floats; the reader also skips
 * indefinite-length items (section 3.2), and refuses nesting deeper than 16. The reader is a struct sg_cursor. */
enum sg_cbor_type {
    SG_CBOR_UINT,
    SG_CBOR_NINT,
    SG_CBOR_BYTES,
    SG_CBOR_TEXT,
    SG_CBOR_ARRAY,
    SG_CBOR_MAP,
    SG_CBOR_TAG,
    SG_CBOR_SIMPLE /* false, true, null, undefined, floats */,
    SG_CBOR_END /* nothing left, or bad */
};

enum sg_cbor_type sg_cbor_peek(const struct sg_cursor *c);
uint64_t sg_cbor_get_uint(struct sg_cursor *c); /* each of these sets `bad` on any other type */
int64_t sg_cbor_get_int(struct sg_cursor *c);   /* major type 0 or 1, within int64 */
struct sg_bytes sg_cbor_get_bytes(struct sg_cursor *c);
struct sg_bytes sg_cbor_get_text(struct sg_cursor *c); /* UTF-8 is checked */
size_t sg_cbor_get_array(struct sg_cursor *c);         /* number of items that follow */
size_t sg_cbor_get_map(struct sg_cursor *c);           /* number of pairs that follow */
uint64_t sg_cbor_get_tag(struct sg_cursor *c);
bool sg_cbor_get_bool(struct sg_cursor *c);
double sg_cbor_get_number(struct sg_cursor *c); /* an integer or a half, single or double float */
bool sg_cbor_get_null(struct sg_cursor *c);     /* consumes a null and returns true; otherwise leaves it, false */
void sg_cbor_skip(struct sg_cursor *c);         /* one whole item */

void sg_cbor_put_uint(struct sg_buf *b, uint64_t v); /* shortest form, as all below */
void sg_cbor_put_int(struct sg_buf *b, int64_t v);
void sg_cbor_put_bytes(struct sg_buf *b, struct sg_bytes v);
void sg_cbor_put_text(struct sg_buf *b, struct sg_bytes v);
void sg_cbor_put_array(struct sg_buf *b, size_t items);
void sg_cbor_put_map(struct sg_buf *b, size_t pairs);
void sg_cbor_put_tag(struct sg_buf *b, uint64_t tag);
void sg_cbor_put_bool(struct sg_buf *b, bool v);
void sg_cbor_put_null(struct sg_buf *b);
void sg_cbor_put_double(struct sg_buf *b, double v); /* single precision where that is exact, double otherwise */

/* ------------------------------------------------------------------------------------- CoAP (RFC 7252 and on) */

enum sg_coap_type { SG_COAP_CON, SG_COAP_NON, SG_COAP_ACK, SG_COAP_RST };

#define SG_COAP_CODE(class, detail) ((uint8_t)((class) << 5 | (detail)))
enum {
    SG_COAP_EMPTY = 0,
    SG_COAP_GET = 1,
    SG_COAP_POST,
    SG_COAP_PUT,
    SG_COAP_DELETE, /* RFC 7252 section 12.1.1 */
    SG_COAP_FETCH = 5,
    SG_COAP_PATCH,
    SG_COAP_IPATCH, /* RFC 8132 */
    SG_COAP_CREATED = SG_COAP_CODE(2, 1),
    SG_COAP_DELETED = SG_COAP_CODE(2, 2),
    SG_COAP_VALID = SG_COAP_CODE(2, 3),
    SG_COAP_CHANGED = SG_COAP_CODE(2, 4),
    SG_COAP_CONTENT = SG_COAP_CODE(2, 5),
    SG_COAP_CONTINUE = SG_COAP_CODE(2, 31), /* RFC 7959 */
    SG_COAP_BAD_REQUEST = SG_COAP_CODE(4, 0),
    SG_COAP_UNAUTHORIZED = SG_COAP_CODE(4, 1),
    SG_COAP_BAD_OPTION = SG_COAP_CODE(4, 2),
    SG_COAP_FORBIDDEN = SG_COAP_CODE(4, 3),
    SG_COAP_NOT_FOUND = SG_COAP_CODE(4, 4),
    SG_COAP_METHOD_NOT_ALLOWED = SG_COAP_CODE(4, 5),
    SG_COAP_NOT_ACCEPTABLE = SG_COAP_CODE(4, 6),
    SG_COAP_INCOMPLETE = SG_COAP_CODE(4, 8), /* RFC 7959 */
    SG_COAP_CONFLICT = SG_COAP_CODE(4, 9),   /* RFC 8132 */
    SG_COAP_PRECONDITION_FAILED = SG_COAP_CODE(4, 12),
    SG_COAP_TOO_LARGE = SG_COAP_CODE(4, 13),
    SG_COAP_UNSUPPORTED_FORMAT = SG_COAP_CODE(4, 15),
    SG_COAP_UNPROCESSABLE = SG_COAP_CODE(4, 22),
    SG_COAP_INTERNAL = SG_COAP_CODE(5, 0),
    SG_COAP_NOT_IMPLEMENTED = SG_COAP_CODE(5, 1),
    SG_COAP_BAD_GATEWAY = SG_COAP_CODE(5, 2),
    SG_COAP_UNAVAILABLE = SG_COAP_CODE(5, 3),
    SG_COAP_GATEWAY_TIMEOUT = SG_COAP_CODE(5, 4),
    SG_COAP_PROXYING = SG_COAP_CODE(5, 5),
};

enum { /* option numbers: RFC 7252 section 12.2, RFC 7641, RFC 7959, RFC 9175 */
       SG_COAP_OPT_IF_MATCH = 1,
       SG_COAP_OPT_URI_HOST = 3,
       SG_COAP_OPT_ETAG = 4,
       SG_COAP_OPT_IF_NONE_MATCH = 5,
       SG_COAP_OPT_OBSERVE = 6,
       SG_COAP_OPT_URI_PORT = 7,
       SG_COAP_OPT_LOCATION_PATH = 8,
       SG_COAP_OPT_URI_PATH = 11,
       SG_COAP_OPT_CONTENT_FORMAT = 12,
       SG_COAP_OPT_MAX_AGE = 14,
       SG_COAP_OPT_URI_QUERY = 15,
       SG_COAP_OPT_ACCEPT = 17,
       SG_COAP_OPT_LOCATION_QUERY = 20,
       SG_COAP_OPT_BLOCK2 = 23,
       SG_COAP_OPT_BLOCK1 = 27,
       SG_COAP_OPT_SIZE2 = 28,
       SG_COAP_OPT_PROXY_URI = 35,
       SG_COAP_OPT_PROXY_SCHEME = 39,
       SG_COAP_OPT_SIZE1 = 60,
       SG_COAP_OPT_ECHO = 252,
       SG_COAP_OPT_REQUEST_TAG = 292,
};

/* A parsed message: views into the datagram. */
struct sg_coap {
    enum sg_coap_type type;
    uint8_t code;
    uint16_t mid;
    uint8_t token[8], token_len;
    struct sg_bytes options; /* still encoded, checked to be well-formed */
    struct sg_bytes payload;
};

struct sg_coap_option {
    uint16_t number;
    struct sg_bytes value;
    size_t at; /* private: where the next one begins */
};

/* Parses one datagram (RFC 7252 section 3) and walks all options once, so that the functions below cannot fail.
 * SG_EFORMAT: version, token length, a reserved nibble, an empty message with more than a header, an empty payload
 * after the marker; SG_ETRUNCATED. After SG_EFORMAT `type` and `mid` are valid if the datagram has 4 bytes and version
 * 1 (for the Reset of section 4.2), which *has_header tells (may be NULL). */
int sg_coap_parse(struct sg_bytes datagram, struct sg_coap *m, bool *has_header);

/* Iterates: start with *o zeroed; false at the end. Numbers come in ascending order. */
bool sg_coap_next(const struct sg_coap *m, struct sg_coap_option *o);
/* The first option of that number. */
bool sg_coap_find(const struct sg_coap *m, uint16_t number, struct sg_bytes *value);
/* The same as an unsigned integer of 0 to 4 bytes; `fallback` where it is absent or longer. */
uint32_t sg_coap_find_uint(const struct sg_coap *m, uint16_t number, uint32_t fallback);
/* RFC 7252 section 5.4: the first critical option that is none of those above, has a length that its definition does
 * not allow, or is repeated and must not be (sections 5.4.1, 5.4.3, 5.4.5); 0 where there is none. */
uint16_t sg_coap_unknown_critical(const struct sg_coap *m);
/* The query "name=value" (or "name") of that name; *value is empty for the latter. */
bool sg_coap_query(const struct sg_coap *m, const char *name, struct sg_bytes *value);
/* RFC 7959 section 2.2. False where the option is absent or malformed (SZX 7 is). */
struct sg_coap_block {
    uint32_t num;
    bool more;
    uint16_t size; /* 16 to 1024 */
};
bool sg_coap_find_block(const struct sg_coap *m, uint16_t number, struct sg_coap_block *block);

/* Writes: begin, options in ascending order of number, payload. Anything else, a token above 8 bytes or a block that
 * the option cannot say is an assertion (and where assertions are off, sets `full`). */
struct sg_coap_writer {
    struct sg_buf *b;
    uint16_t last; /* the option number written last */
};
struct sg_coap_writer sg_coap_begin(struct sg_buf *b, enum sg_coap_type type, uint8_t code, uint16_t mid,
                                    struct sg_bytes token);
void sg_coap_put(struct sg_coap_writer *w, uint16_t number, struct sg_bytes value);
void sg_coap_put_str(struct sg_coap_writer *w, uint16_t number, const char *value);
void sg_coap_put_uint(struct sg_coap_writer *w, uint16_t number, uint32_t value);
void sg_coap_put_block(struct sg_coap_writer *w, uint16_t number, struct sg_coap_block block);
void sg_coap_put_payload(struct sg_coap_writer *w, struct sg_bytes payload); /* nothing for an empty payload */

/* "2.05 Content", "GET": for logs and people. Never NULL. */
const char *sg_coap_code_text(uint8_t code);

/*
 * When to send a confirmable message again: RFC 7252 section 4.2 (ACK_TIMEOUT 2 s, ACK_RANDOM_FACTOR 1.5,
 * MAX_RETRANSMIT 4). Times are milliseconds of any steady clock.
 */
struct sg_coap_retry {
    uint64_t at;      /* when to send next */
    uint32_t timeout; /* the present interval */
    uint8_t sent;     /* how often it was sent */
};
/* The first sending happens now; `random` is any 32 random bits. */
void sg_coap_retry_start(struct sg_coap_retry *r, uint64_t now, uint32_t random);
/* At or after r->at: true = send again (at and timeout moved on), false = give up. */
bool sg_coap_retry_again(struct sg_coap_retry *r, uint64_t now);

/* ------------------------------------------------------------------------------------------------ LwM2M paths */

/* /object/instance/resource/resource-instance: `depth` of the four numbers are given. 65535 is not a valid number. */
struct sg_path {
    uint8_t depth; /* 0 ("/") to 4 */
    uint16_t id[4];
};
#define SG_PATH_TEXT 25 /* "/65534/65534/65534/65534" and NUL */
struct sg_path sg_path(uint8_t depth, uint16_t obj, uint16_t inst, uint16_t res, uint16_t res_inst);
/* "/3/0/0", "/3", "/". Leading zeros, signs, empty parts, numbers above 65534 and more than four parts: SG_EFORMAT. */
int sg_path_parse(struct sg_bytes text, struct sg_path *path);
char *sg_path_text(const struct sg_path *path, char text[SG_PATH_TEXT]);
bool sg_path_eq(const struct sg_path *a, const struct sg_path *b);
bool sg_path_within(const struct sg_path *inner, const struct sg_path *outer); /* equal or below */
/* From the Uri-Path options of a request. SG_EFORMAT where they are no LwM2M path ("rd", "bs", …). */
int sg_path_from_coap(const struct sg_coap *m, struct sg_path *path);
void sg_coap_put_path(struct sg_coap_writer *w, const struct sg_path *path);

/* ----------------------------------------------------------------------------------------------- LwM2M values */

enum sg_type { SG_NONE, SG_STRING, SG_INTEGER, SG_UNSIGNED, SG_FLOAT, SG_BOOLEAN, SG_OPAQUE, SG_TIME, SG_OBJLNK };

struct sg_value {
    enum sg_type type;
    union {
        int64_t i;             /* INTEGER; TIME: seconds since 1970 */
        uint64_t u;            /* UNSIGNED */
        double f;              /* FLOAT */
        bool b;                /* BOOLEAN */
        struct sg_bytes bytes; /* STRING (UTF-8), OPAQUE */
        uint16_t link[2];      /* OBJLNK: object, instance */
    };
};

/* A resource or resource instance and its value. */
struct sg_record {
    struct sg_path path; /* depth 3 or 4 */
    struct sg_value value;
};

/* What is registered at OMA for the objects that Signet knows by name. */
enum { SG_OP_READ = 1, SG_OP_WRITE = 2, SG_OP_EXECUTE = 4 };
struct sg_resource_def {
    uint16_t id;
    enum sg_type type; /* SG_NONE for an executable resource */
    uint8_t ops;
    bool multiple, mandatory;
    const char *name;
};
struct sg_object_def {
    uint16_t id;
    bool multiple;
    const char *version; /* "1.0" */
    const char *name;
    const struct sg_resource_def *resources;
    size_t count;
};
/* Objects 0 Security, 1 Server, 2 Access Control, 3 Device, 4 Connectivity Monitoring, 5 Firmware Update, 6 Location,
 * 3303 Temperature. NULL for others. */
const struct sg_object_def *sg_object(uint16_t id);
const struct sg_resource_def *sg_resource(uint16_t object, uint16_t resource);

/* --------------------------------------------------------------------------------------- LwM2M content formats */

enum sg_format { /* CoAP Content-Format numbers, OMA LwM2M 1.1 core section 7.4 */
                 SG_TEXT = 0,
                 SG_LINK = 40,
                 SG_OCTETS = 42,
                 SG_CBOR = 60,
                 SG_SENML_JSON = 110,
                 SG_SENML_CBOR = 112,
                 SG_TLV = 11542,
                 SG_JSON = 11543,
};
/* True for those that sg_content_read and sg_content_write take: TEXT, OCTETS, CBOR (one value), SENML_CBOR, TLV. */
bool sg_format_known(uint32_t format);

/*
 * Reads a payload that was sent for `base` into at most `cap` records; their values borrow from `payload` or, where
 * text had to be decoded, from `scratch` (at most payload.n bytes are used). TEXT, OCTETS and TLV do not carry types:
 * they are taken from sg_resource(); a resource that it does not know comes as STRING from TEXT and OPAQUE otherwise. A
 * value whose type does not fit its resource is SG_EFORMAT, as is a path outside `base`. Returns the number of records,
 * or SG_EFORMAT, SG_ETRUNCATED, SG_ENOSPC (more than `cap`), SG_EUNSUPPORTED (a format that is not known, or that
 * cannot say anything about `base`: TEXT an object, TLV the root). SenML may name a resource more than once (a
 * history); the others do not check for it.
 */
int sg_content_read(enum sg_format format, const struct sg_path *base, struct sg_bytes payload, struct sg_buf *scratch,
                    struct sg_record *records, size_t cap);

/* Writes records (all within `base`, sorted by path) as an answer to a read of `base`. One record where the format
 * holds one value. 0, SG_ENOSPC, SG_EINVAL (not sorted, twice the same, outside `base`), SG_EUNSUPPORTED (the format
 * cannot say it). */
int sg_content_write(enum sg_format format, const struct sg_path *base, const struct sg_record *records, size_t n,
                     struct sg_buf *out);

/* A value as people read and write it: 21.5, true, text as it is, opaque in base64, 3:0 for a link. The second parses
 * for a type (opaque goes through `scratch`). */
void sg_value_put_text(struct sg_buf *b, const struct sg_value *v);
int sg_value_from_text(enum sg_type type, struct sg_bytes text, struct sg_buf *scratch, struct sg_value *v);

/* ------------------------------------------------------------------------- CoRE link format (RFC 6690, LwM2M) */

struct sg_link {
    struct sg_bytes target; /* between < and > */
    struct sg_bytes params; /* ";ver=1.1;ct=60", may be empty */
};
/* The next link of a list; false at the end, or with c->bad on a syntax error. */
bool sg_link_next(struct sg_cursor *c, struct sg_link *link);
/* A parameter's value without its quotes; false where it is absent. */
bool sg_link_param(const struct sg_link *link, const char *name, struct sg_bytes *value);
/* Appends "</3/0>" with a comma before it unless the buffer is at `start`; parameters are put by the caller. */
void sg_link_put(struct sg_buf *b, size_t start, const struct sg_path *path);

#endif
