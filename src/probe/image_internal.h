/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that look at firmware images share. */
#ifndef SG_PROBE_IMAGE_INTERNAL_H
#define SG_PROBE_IMAGE_INTERNAL_H

#include "pki/pki.h"
#include "probe/probe_internal.h"

/* -------------------------------------------------------------------------------------------------- images */

/* Bytes that lie in a row in the flash, and so in `data`. */
struct sg_image_segment {
    size_t at, n;     /* in the image's `data` */
    uint64_t address; /* of the first of them in the flash */
    bool addressed;   /* whether that is known */
};

/* Of a file in hexadecimal: where in the file the bytes from `at` on stand, two digits each. */
struct sg_image_line {
    size_t at, offset;
};

/* What is in one file, or in one member of an update package. */
struct sg_image {
    char name[256];     /* "app.hex", "dfu_application.zip: app_update.bin" */
    const char *format; /* "raw", "Intel hex", "S-record", "ELF" */
    size_t file;        /* which of the files given it came from */
    uint8_t *data;
    size_t n;
    struct sg_image_segment *segment;
    size_t segments;
    struct sg_image_line *line; /* NULL: `data` is the file */
    size_t lines;
    char declared_version[64]; /* of an update package's manifest; "" */
};

enum { SG_IMAGES = 64, SG_IMAGE_SIZE = 64 << 20 /* bytes, of a file and of all that a package unpacks to */ };
struct sg_images {
    struct sg_image image[SG_IMAGES];
    size_t n;
    size_t files;
    char fault[SG_IMAGES][200]; /* of each file: what an update package says of itself that is not so; "" */
};
void sg_images_free(struct sg_images *set);
/* Adds the images of a file. SG_EFORMAT (it starts as one of the formats and breaks its rules), SG_ENOSPC (more than
 * fits), SG_ENOMEM. */
int sg_image_load(struct sg_images *set, const char *name, struct sg_bytes file, struct sg_error *err);
/* Where the byte at `at` of `data` is. */
struct sg_image_place {
    size_t offset; /* in the file (the member, of a package) */
    uint64_t address;
    bool addressed;
};
struct sg_image_place sg_image_place(const struct sg_image *im, size_t at);

/* The loaders of the formats; `im` is zeroed, and sg_image_clear frees what they leave, also on failure. */
void sg_image_clear(struct sg_image *im);
int sg_image_load_raw(struct sg_image *im, struct sg_bytes file, struct sg_error *err);
bool sg_image_is_hex(struct sg_bytes file); /* Intel hex or S-record */
int sg_image_load_hex(struct sg_image *im, struct sg_bytes file, struct sg_error *err);
/* SG_EUNSUPPORTED: an ELF file of another machine. */
int sg_image_load_elf(struct sg_image *im, struct sg_bytes file, struct sg_error *err);
/* Adds the members of a package. */
int sg_images_load_zip(struct sg_images *set, const char *name, struct sg_bytes file, struct sg_error *err);
/* Adds one more image of a file or member that is no package, in whichever format it is. */
struct sg_image *sg_images_add(struct sg_images *set, const char *name, struct sg_bytes file, struct sg_error *err);

/* ------------------------------------------------------------------------------------------------ findings */

enum sg_confidence {
    SG_POSSIBLE, /* looks like one */
    SG_LIKELY,   /* looks like one, and stands where one would stand */
    SG_CERTAIN,  /* was checked by computation, or is a published value */
};
const char *sg_confidence_name(enum sg_confidence c);

struct sg_finding {
    const char *kind; /* "private-key", "psk", "password", "token", "security-tag", "certificate" */
    enum sg_confidence confidence;
    enum sg_severity severity;
    size_t image, at, n; /* the bytes, in the image's `data` */
    char what[200];
    char excerpt[64]; /* never of the secret itself */
    const char *cure;
    uint8_t id[32]; /* SHA-256 of what is secret or, of a key, of its public half: to know it again. Never shown */
};

/* What a certificate is. */
enum sg_seen_kind { SG_SEEN_ROOT, SG_SEEN_ISSUING, SG_SEEN_SERVER, SG_SEEN_DEVICE, SG_SEEN_LEAF };
const char *sg_seen_kind_name(enum sg_seen_kind k);
struct sg_image_cert {
    struct sg_cert_facts facts;
    enum sg_seen_kind kind;
    bool expired, not_yet, test; /* test: its name says that it is for tests */
    char endpoint[128];          /* of the inventory that knows it; "" */
    size_t image, at, n;
};

/* A public key on P-256 seen in an image, for the search of its other half. */
struct sg_image_point {
    size_t at;
    uint8_t xy[64];
};

enum { SG_IMAGE_FINDINGS = 500, SG_IMAGE_CERTS = 200, SG_IMAGE_POINTS = 64 };
enum {
    SG_SCALAR_DISTANCE = 2048, /* bytes from a public key within which its private half is sought */
    SG_SCALAR_TRIES = 16384,   /* multiplications per image: about 0.3 s on a small machine */
};

/* The search of one image. */
struct sg_known_psks;
struct sg_image_scan {
    const struct sg_image *image;
    size_t number;                    /* which image */
    int64_t now;                      /* s since 1970 */
    const struct sg_known_psks *psks; /* NULL: none are known */
    struct sg_finding finding[SG_IMAGE_FINDINGS];
    size_t findings;
    struct sg_image_cert cert[SG_IMAGE_CERTS];
    size_t certs;
    struct sg_image_point point[SG_IMAGE_POINTS];
    size_t points;
    size_t tried, untried; /* windows near public keys */
    size_t more;           /* findings, certificates and points for which there was no room */
};
/* Searches s->image for everything below; s is zeroed but for image, number, now and psks. */
void sg_image_scan(struct sg_image_scan *s);

/* A new finding of n bytes at `at`, `secret` being what is secret in it; NULL where one covers these bytes already, or
 * there is no room. The caller sets what and excerpt. */
struct sg_finding *sg_image_find(struct sg_image_scan *s, const char *kind, enum sg_confidence c, size_t at, size_t n,
                                 struct sg_bytes secret);
bool sg_image_covered(const struct sg_image_scan *s, size_t at, size_t n);

/* Private keys and certificates, in PEM and DER, and public keys. */
void sg_image_find_keys(struct sg_image_scan *s, const struct sg_image_segment *seg);
/* DER that stands at `at` (n bytes of the image) as `der`: in the image itself, or decoded from there. False: it is
 * neither key nor certificate. */
bool sg_image_take_der(struct sg_image_scan *s, struct sg_bytes der, size_t at, size_t n, const char *form);
void sg_image_find_pem(struct sg_image_scan *s, const struct sg_image_segment *seg);
void sg_image_take_cert(struct sg_image_scan *s, X509 *cert, size_t at, size_t n);
void sg_image_add_point(struct sg_image_scan *s, const uint8_t xy[64], size_t at);
/* The private halves of the points, as 32 bytes near them. */
void sg_image_find_scalars(struct sg_image_scan *s);
/* The pre-shared keys of the inventory, binary and hexadecimal. */
void sg_image_find_psks(struct sg_image_scan *s, const struct sg_image_segment *seg);
/* What text says: keys in hexadecimal, passwords, tokens, commands that write credentials. */
void sg_image_find_strings(struct sg_image_scan *s, const struct sg_image_segment *seg);
/* Of one run of text. */
void sg_image_find_tokens(struct sg_image_scan *s, struct sg_bytes run, size_t at);
/* Whether bytes are as varied as random ones nearly always are: at least `distinct` different values. */
bool sg_image_varied(const uint8_t *p, size_t n, unsigned distinct);

/* Pre-shared keys by which images are searched. */
struct sg_known_psks *sg_known_psks_new(void);
void sg_known_psks_free(struct sg_known_psks *k); /* wipes them */
int sg_known_psks_add(struct sg_known_psks *k, const struct sg_psk_secret *psk, const char *identity);
/* The identity of the key that the 32 bytes are; NULL. */
const char *sg_known_psks_match(const struct sg_known_psks *k, const uint8_t bytes[SG_PSK_KEY]);
size_t sg_known_psks_count(const struct sg_known_psks *k);

/* ------------------------------------------------------------------------------------------------- MCUboot */

enum sg_mcuboot_signature { SG_MCUBOOT_UNSIGNED, SG_MCUBOOT_ECDSA, SG_MCUBOOT_RSA, SG_MCUBOOT_ED25519 };
const char *sg_mcuboot_signature_name(enum sg_mcuboot_signature s);
struct sg_mcuboot {
    size_t image, at;             /* where its header is */
    struct sg_bytes signed_bytes; /* header, image and protected TLVs */
    uint32_t flags, security_counter;
    uint8_t major, minor;
    uint16_t revision;
    uint32_t build;
    bool has_counter, pure, encrypted, compressed;
    unsigned dependencies;
    unsigned hash_bits; /* of the digest TLV: 256, 384, 512; 0: none */
    struct sg_bytes hash, signature;
    enum sg_mcuboot_signature kind;
};
/* Whether an image has its header at `at`. 0, SG_ENOTFOUND (no header), SG_EFORMAT or SG_ETRUNCATED (a header, and what
 * belongs to it is not there). */
int sg_mcuboot_parse(struct sg_bytes data, size_t at, struct sg_mcuboot *m);
/* 0, SG_EMISMATCH (the bytes were changed), SG_ENOTFOUND (no digest), SG_ECRYPTO. */
int sg_mcuboot_check_hash(const struct sg_mcuboot *m);
/* 0, SG_EMISMATCH (not by this key), SG_EUNSUPPORTED (the key is of another kind), SG_ENOTFOUND (not signed),
 * SG_ECRYPTO. */
int sg_mcuboot_check_signature(const struct sg_mcuboot *m, EVP_PKEY *key);
/* "1.2.3+4" */
enum { SG_MCUBOOT_VERSION = 32 };
char *sg_mcuboot_version(const struct sg_mcuboot *m, char text[SG_MCUBOOT_VERSION]);

/* ------------------------------------------------------------------------------------------- configuration */

/* One line of a build configuration that the table speaks against. */
struct sg_kconfig_finding {
    char option[96], value[96]; /* value: of a credential never shown */
    unsigned line;              /* 0: the option is not set at all */
    enum sg_severity severity;
    const char *reason, *cure;
};
/* Reads a .config and calls `fn` for what the table speaks against. The number of options set, or SG_EFORMAT. */
int sg_kconfig_check(struct sg_bytes text, void (*fn)(void *user, const struct sg_kconfig_finding *f), void *user,
                     struct sg_error *err);

/* Options of one build, in the order of the file. Views into its text. */
struct sg_kconfig_option {
    struct sg_bytes name, value; /* "CONFIG_X"; y, 12, text without its quotes; "" where it is not set */
    unsigned line;
    bool text; /* it stood in quotes */
};
struct sg_kconfig {
    struct sg_kconfig_option *option;
    size_t n, cap;
};
int sg_kconfig_parse(struct sg_kconfig *c, struct sg_bytes text, struct sg_error *err);
void sg_kconfig_free(struct sg_kconfig *c);
bool sg_kconfig_is(const struct sg_kconfig *c, const char *name); /* it is y */

/* ---------------------------------------------------------------------------------------------------- runs */

/* All that the runs of one call look at. */
struct sg_image_work {
    const struct sg_probe_image_job *job;
    const struct sg_probe_watch *watch;
    struct sg_images set;
    struct sg_image_scan *scan[SG_IMAGES]; /* of each image; NULL: not searched */
    char (*digest)[65];                    /* SHA-256 of each file, hexadecimal */
    EVP_PKEY **key;                        /* job->keys of them */
    struct sg_known_psks *psks;
};
/* Text that grows to the end of its room, as "a; b; c". */
void sg_image_say(char *text, size_t cap, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* The runs: each fills in a result. */
void sg_image_run_secrets(struct sg_image_work *w, size_t file, struct sg_probe_result *r);
void sg_image_run_signature(struct sg_image_work *w, size_t file, struct sg_probe_result *r);
void sg_image_run_shared(struct sg_image_work *w, struct sg_probe_result *r);
/* These read the job's file. 0, or SG_E…: it cannot be read, or is none. */
int sg_image_run_config(struct sg_image_work *w, struct sg_probe_result *r, struct sg_error *err);
int sg_image_run_sbom(struct sg_image_work *w, struct sg_probe_result *r, struct sg_error *err);
/* {image, offset, address} of a place; address null where it is not known. */
json_t *sg_image_place_json(const struct sg_image *im, size_t at);

/* ---------------------------------------------------------------------------------------------------- SBOM */

struct sg_sbom {
    const char *format; /* "SPDX (tag-value)", "SPDX (JSON)", "CycloneDX (JSON)" */
    char version[32];
    size_t components, without_version;
    json_t *list; /* of {name, version} */
};
/* SG_EFORMAT, SG_EUNSUPPORTED (XML, RDF). s->list is the caller's. */
int sg_sbom_read(struct sg_bytes text, struct sg_sbom *s, struct sg_error *err);

#endif
