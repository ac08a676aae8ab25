/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a build for delivery must not have set, and what it must: one row each, with its reason. Options of Zephyr, nRF
 * Connect SDK and MCUboot; those that a build does not know are not in its .config, and say nothing.
 */
#include "probe/image_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum test {
    NOT_SET, /* it must not be y */
    SET,     /* it must be y */
    EMPTY,   /* its text must be empty */
    FILLED,  /* its text must not be empty */
    OTHER,   /* its text must not hold `value` */
    TAG,     /* its number must not be a security tag that can be decrypted */
    PLAIN,   /* its text must not be an address of CoAP without DTLS */
    LITERAL, /* its text must not be one of CoAP with an IP address instead of a name */
    BELOW,   /* its number must be below `value` */
};
struct rule {
    const char *option; /* a '*' stands for any text */
    enum test test;
    const char *value; /* of OTHER and BELOW */
    const char *where; /* it speaks only where this option is y; NULL: always */
    enum sg_severity severity;
    const char *reason, *cure;
};

#define SAMPLE_KEY                                                                                                     \
    "MCUboot's sample key is published with its private half: anyone can sign an image that the device installs."
#define SAMPLE_ENCRYPTION "MCUboot's sample key for encryption is published: anyone can read the image."
#define OWN_KEY           "Make a key of your own (imgtool keygen), keep it off the build machine, and name its file here."
#define TELLS             "Whoever holds the device can read along on its pins."

static const struct rule rules[] = {
    /* identities and keys */
    {"CONFIG_APP_LWM2M_PSK", EMPTY, NULL, NULL, SG_SEVERITY_CRITICAL,
     "One pre-shared key for all devices; and each start writes it over the identity under the same security tag.",
     "Set CONFIG_APP_LWM2M_PSK=\"\"."},
    {"*SIGNATURE_KEY_FILE", OTHER, "root-ec-p256", NULL, SG_SEVERITY_CRITICAL, SAMPLE_KEY, OWN_KEY},
    {"*SIGNATURE_KEY_FILE", OTHER, "root-rsa-", NULL, SG_SEVERITY_CRITICAL, SAMPLE_KEY, OWN_KEY},
    {"*SIGNATURE_KEY_FILE", OTHER, "root-ed25519", NULL, SG_SEVERITY_CRITICAL, SAMPLE_KEY, OWN_KEY},
    {"*ENCRYPTION_KEY_FILE", OTHER, "/enc-ec256-", NULL, SG_SEVERITY_HIGH, SAMPLE_ENCRYPTION, OWN_KEY},
    {"*ENCRYPTION_KEY_FILE", OTHER, "/enc-rsa2048-", NULL, SG_SEVERITY_HIGH, SAMPLE_ENCRYPTION, OWN_KEY},
    {"*ENCRYPTION_KEY_FILE", OTHER, "/enc-x25519-", NULL, SG_SEVERITY_HIGH, SAMPLE_ENCRYPTION, OWN_KEY},
    {"CONFIG_BOOT_SIGNATURE_TYPE_NONE", NOT_SET, NULL, NULL, SG_SEVERITY_CRITICAL,
     "MCUboot starts any image: only its digest is compared.",
     "Choose CONFIG_BOOT_SIGNATURE_TYPE_ECDSA_P256 or ED25519, with a key of your own."},
    {"SB_CONFIG_BOOT_SIGNATURE_TYPE_NONE", NOT_SET, NULL, NULL, SG_SEVERITY_CRITICAL,
     "MCUboot starts any image: only its digest is compared.",
     "Choose SB_CONFIG_BOOT_SIGNATURE_TYPE_ECDSA_P256 or ED25519, with a key of your own."},
    {"CONFIG_BOOT_VALIDATE_SLOT0", SET, NULL, "CONFIG_MCUBOOT", SG_SEVERITY_HIGH,
     "MCUboot starts what is in the flash without looking at its signature.", "Set it to y in MCUboot's build."},
    {"CONFIG_MCUBOOT_DOWNGRADE_PREVENTION", SET, NULL, "CONFIG_MCUBOOT", SG_SEVERITY_LOW,
     "An older image whose weaknesses are known can be put back.",
     "Set it to y, or use a hardware security counter; see MCUboot's design for what each of them covers."},
    {"CONFIG_SB_SIGNING_KEY_FILE", FILLED, NULL, "CONFIG_SECURE_BOOT", SG_SEVERITY_HIGH,
     "The first bootloader's key is then made anew by each build and lies in the build folder.",
     "Name the file of a key that is kept."},
    {"CONFIG_TEST_RANDOM_GENERATOR", NOT_SET, NULL, NULL, SG_SEVERITY_CRITICAL,
     "Random numbers are not random: keys and nonces can be foretold.",
     "Use the hardware's generator (CONFIG_HW_CC3XX…)."},
    {"*SEC_TAG", TAG, NULL, NULL, SG_SEVERITY_HIGH,
     "Security tags 2147483648 to 2147483667 are for tests: Nordic's tools can decrypt what is sent under them.",
     "Use another tag, as 35724861."},
    {"*TLS_TAG", TAG, NULL, NULL, SG_SEVERITY_HIGH,
     "Security tags 2147483648 to 2147483667 are for tests: Nordic's tools can decrypt what is sent under them.",
     "Use another tag, as 35724861."},
    {"*_PASSWORD", EMPTY, NULL, NULL, SG_SEVERITY_HIGH, "One password for all devices, readable in the image.",
     "Write it at production, one for each device."},
    {"*_PASSPHRASE", EMPTY, NULL, NULL, SG_SEVERITY_HIGH, "One passphrase for all devices, readable in the image.",
     "Write it at production, one for each device."},
    {"*_PSK", EMPTY, NULL, NULL, SG_SEVERITY_HIGH, "One pre-shared key for all devices, readable in the image.",
     "Write it at production, one for each device (`signet enroll --psk`)."},
    {"*_SECRET", EMPTY, NULL, NULL, SG_SEVERITY_HIGH, "One secret for all devices, readable in the image.",
     "Write it at production, one for each device."},
    {"*_TOKEN", EMPTY, NULL, NULL, SG_SEVERITY_HIGH, "One token for all devices, readable in the image.",
     "Write it at production, one for each device."},
    /* what is said over the network */
    {"CONFIG_LWM2M_DTLS_SUPPORT", SET, NULL, "CONFIG_LWM2M", SG_SEVERITY_CRITICAL,
     "LwM2M without DTLS: all is sent in clear, and anyone is believed.", "Set it to y, and give coaps:// addresses."},
    {"CONFIG_*", PLAIN, NULL, NULL, SG_SEVERITY_CRITICAL,
     "CoAP without DTLS: all is sent in clear, and anyone is believed.", "Give a coaps:// address."},
    {"CONFIG_*", LITERAL, NULL, NULL, SG_SEVERITY_HIGH,
     "Zephyr's LwM2M engine verifies no certificate where the server's address is an IP address: anyone can be the "
     "server.",
     "Give the server's name, and see that it is checked (dev.server.wrong-name)."},
    {"CONFIG_MBEDTLS_SSL_PROTO_TLS1_0", NOT_SET, NULL, NULL, SG_SEVERITY_HIGH,
     "TLS 1.0 must not be used any more (RFC 8996).", "Leave TLS 1.2 and 1.3 alone on."},
    {"CONFIG_MBEDTLS_SSL_PROTO_TLS1_1", NOT_SET, NULL, NULL, SG_SEVERITY_HIGH,
     "TLS 1.1 must not be used any more (RFC 8996).", "Leave TLS 1.2 and 1.3 alone on."},
    {"CONFIG_MBEDTLS_TLS_VERSION_1_0", NOT_SET, NULL, NULL, SG_SEVERITY_HIGH,
     "TLS 1.0 must not be used any more (RFC 8996).", "Leave TLS 1.2 and 1.3 alone on."},
    {"CONFIG_MBEDTLS_TLS_VERSION_1_1", NOT_SET, NULL, NULL, SG_SEVERITY_HIGH,
     "TLS 1.1 must not be used any more (RFC 8996).", "Leave TLS 1.2 and 1.3 alone on."},
    {"CONFIG_MBEDTLS_KEY_EXCHANGE_PSK_ENABLED", NOT_SET, NULL, NULL, SG_SEVERITY_MEDIUM,
     "Plain PSK has no forward secrecy: who learns the key can read all that was recorded.",
     "Use ECDHE_ECDSA, or ECDHE_PSK where a pre-shared key is needed."},
    {"CONFIG_MBEDTLS_KEY_EXCHANGE_RSA_ENABLED", NOT_SET, NULL, NULL, SG_SEVERITY_MEDIUM,
     "Key exchange by RSA has no forward secrecy.", "Use ECDHE_ECDSA or ECDHE_RSA."},
    {"CONFIG_MBEDTLS_KEY_EXCHANGE_ALL_ENABLED", NOT_SET, NULL, NULL, SG_SEVERITY_MEDIUM,
     "All key exchanges are on, those without forward secrecy too.", "Name the ones that are needed."},
    {"CONFIG_MBEDTLS_CIPHER_ALL_ENABLED", NOT_SET, NULL, NULL, SG_SEVERITY_MEDIUM, "All ciphers are on, weak ones too.",
     "Name the ones that are needed: AES with GCM or CCM."},
    {"CONFIG_MBEDTLS_CIPHER_ARC4_ENABLED", NOT_SET, NULL, NULL, SG_SEVERITY_HIGH, "RC4 must not be used (RFC 7465).",
     "Leave AES with GCM or CCM alone on."},
    {"CONFIG_MBEDTLS_CIPHER_DES_ENABLED", NOT_SET, NULL, NULL, SG_SEVERITY_HIGH, "DES and 3DES are too weak (SWEET32).",
     "Leave AES with GCM or CCM alone on."},
    {"CONFIG_MBEDTLS_MD5*", NOT_SET, NULL, NULL, SG_SEVERITY_LOW, "MD5 can be forged.", "Switch it off."},
    /* ways in and out that a delivered device does not need */
    {"CONFIG_NRF_MODEM_LIB_TRACE", NOT_SET, NULL, NULL, SG_SEVERITY_MEDIUM,
     "The modem's trace holds what it sends and receives.", "Set it to n for delivery."},
    {"CONFIG_AT_HOST_LIBRARY", NOT_SET, NULL, NULL, SG_SEVERITY_HIGH,
     "The modem's AT commands stand open on a serial port: credentials can be replaced and deleted there.",
     "Set it to n for delivery, or lock the modem (`signet modem lock`)."},
    {"CONFIG_AT_SHELL", NOT_SET, NULL, NULL, SG_SEVERITY_HIGH,
     "The modem's AT commands stand open on the shell: credentials can be replaced and deleted there.",
     "Set it to n for delivery."},
    {"CONFIG_TLS_CREDENTIALS_SHELL", NOT_SET, NULL, NULL, SG_SEVERITY_HIGH,
     "Credentials can be replaced and deleted from the shell.", "Set it to n for delivery."},
    {"CONFIG_LWM2M_SHELL", NOT_SET, NULL, NULL, SG_SEVERITY_HIGH,
     "LwM2M's resources, those of the Security object among them, can be read and written from the shell.",
     "Set it to n for delivery."},
    {"CONFIG_SHELL", NOT_SET, NULL, NULL, SG_SEVERITY_MEDIUM,
     "A shell without a password: whoever reaches the port gives commands.", "Set it to n for delivery."},
    {"CONFIG_UART_CONSOLE", NOT_SET, NULL, NULL, SG_SEVERITY_LOW, TELLS, "Set it to n for delivery."},
    {"CONFIG_RTT_CONSOLE", NOT_SET, NULL, NULL, SG_SEVERITY_LOW, TELLS, "Set it to n for delivery."},
    {"CONFIG_USE_SEGGER_RTT", NOT_SET, NULL, NULL, SG_SEVERITY_LOW,
     "RTT moves text through the debug port, which must be closed.", "Set it to n for delivery."},
    {"CONFIG_LOG_DEFAULT_LEVEL", BELOW, "4", NULL, SG_SEVERITY_LOW,
     "Debug messages of all modules, with addresses and contents.", "Set it to 2 (warnings) or below."},
    {"CONFIG_*_LOG_LEVEL_DBG", NOT_SET, NULL, NULL, SG_SEVERITY_LOW, "Debug messages, with addresses and contents.",
     "Set the module's level to warnings or below."},
    {"CONFIG_GDBSTUB", NOT_SET, NULL, NULL, SG_SEVERITY_HIGH, "A debugger can attach over a serial port.",
     "Set it to n for delivery."},
    {"CONFIG_MCUMGR_GRP_SHELL", NOT_SET, NULL, NULL, SG_SEVERITY_HIGH,
     "Shell commands are taken over the management protocol.", "Set it to n for delivery."},
    {"CONFIG_MCUBOOT_SERIAL", NOT_SET, NULL, NULL, SG_SEVERITY_MEDIUM, "MCUboot takes images over a serial port.",
     "Set it to n for delivery, or say in the assessment why it is needed."},
    {"CONFIG_NRF_APPROTECT_DISABLE", NOT_SET, NULL, NULL, SG_SEVERITY_HIGH,
     "The debug port stays open: memory, and with it all that is in it, can be read.",
     "Set CONFIG_NRF_APPROTECT_LOCK=y and CONFIG_NRF_SECURE_APPROTECT_LOCK=y."},
    {"CONFIG_NRF_APPROTECT_LOCK", SET, NULL, NULL, SG_SEVERITY_MEDIUM,
     "Nothing in this build closes the debug port; it is left to a register that production has to write.",
     "Set it to y, or record the register's value of each device (a guided run: `signet probe runs` lists them)."},
    {"CONFIG_NRF_SECURE_APPROTECT_LOCK", SET, NULL, NULL, SG_SEVERITY_MEDIUM,
     "Nothing in this build closes the debug port to secure memory; it is left to a register that production has to "
     "write.",
     "Set it to y, or record the register's value of each device (a guided run: `signet probe runs` lists them)."},
    /* what limits an attack that got in */
    {"CONFIG_HW_STACK_PROTECTION", SET, NULL, NULL, SG_SEVERITY_LOW,
     "A stack that overflows overwrites what lies below it, unnoticed.", "Set it to y."},
    {"CONFIG_DEBUG_OPTIMIZATIONS", NOT_SET, NULL, NULL, SG_SEVERITY_LOW, "A build for debugging, not for delivery.",
     "Build with CONFIG_SIZE_OPTIMIZATIONS=y or CONFIG_SPEED_OPTIMIZATIONS=y."},
};

static bool matches(const char *pattern, struct sg_bytes name)
{
    const char *star = strchr(pattern, '*');
    if (star == NULL)
        return sg_bytes_eq_str(name, pattern);
    size_t before = (size_t)(star - pattern), behind = strlen(star + 1);
    return name.n >= before + behind && memcmp(name.p, pattern, before) == 0 &&
           memcmp(name.p + name.n - behind, star + 1, behind) == 0;
}

static bool begins(struct sg_bytes text, const char *with)
{
    return text.n >= strlen(with) && memcmp(text.p, with, strlen(with)) == 0;
}

static bool holds(struct sg_bytes text, const char *part)
{
    return text.n > 0 && memmem(text.p, text.n, part, strlen(part)) != NULL;
}

/* Whether the option's value is what the rule speaks against. */
static bool against(const struct rule *r, const struct sg_kconfig_option *o)
{
    uint64_t number = 0, limit = 0;
    switch (r->test) {
    case NOT_SET:
        return sg_bytes_eq_str(o->value, "y");
    case SET:
        return !sg_bytes_eq_str(o->value, "y");
    case EMPTY:
        return o->text && o->value.n > 0;
    case FILLED:
        return o->value.n == 0;
    case OTHER:
        return holds(o->value, r->value);
    case PLAIN:
        return begins(o->value, "coap://");
    case LITERAL:
        return begins(o->value, "coaps://") && o->value.n > 8 &&
               (o->value.p[8] == '[' || (o->value.p[8] >= '0' && o->value.p[8] <= '9'));
    case TAG:
        return sg_parse_udec(o->value, UINT32_MAX, &number) == 0 && number >= 2147483648U && number <= 2147483667U;
    case BELOW:
        return sg_parse_udec(sg_str(r->value), UINT32_MAX, &limit) == 0 &&
               sg_parse_udec(o->value, UINT32_MAX, &number) == 0 && number >= limit;
    }
    return false;
}

struct checking {
    const struct sg_kconfig *config;
    bool *told; /* of each option: a row above spoke against it */
    void (*fn)(void *user, const struct sg_kconfig_finding *f);
    void *user;
};

static void tell(const struct checking *c, const struct rule *r, const struct sg_kconfig_option *o)
{
    struct sg_kconfig_finding f = {.severity = r->severity, .reason = r->reason, .cure = r->cure};
    if (o == NULL) {
        (void)snprintf(f.option, sizeof f.option, "%s", r->option);
        (void)snprintf(f.value, sizeof f.value, "not set");
    } else {
        (void)snprintf(f.option, sizeof f.option, "%.*s", o->name.n > 95 ? 95 : (int)o->name.n,
                       (const char *)o->name.p);
        if (r->test == EMPTY)
            (void)snprintf(f.value, sizeof f.value, "\"…\"");
        else if (o->value.n == 0 && !o->text)
            (void)snprintf(f.value, sizeof f.value, "not set");
        else
            (void)snprintf(f.value, sizeof f.value, "%.*s", o->value.n > 95 ? 95 : (int)o->value.n,
                           (const char *)o->value.p);
        f.line = o->line;
    }
    c->fn(c->user, &f);
}

/* One row. An option that one row speaks against, no other row does: the more special ones come first. */
static void check_rule(const struct checking *c, const struct rule *r)
{
    bool seen = false;
    if (r->where != NULL && !sg_kconfig_is(c->config, r->where))
        return;
    for (size_t i = 0; c->told != NULL && i < c->config->n; i++) {
        const struct sg_kconfig_option *o = &c->config->option[i];
        if (!matches(r->option, o->name))
            continue;
        seen = true;
        if (c->told[i] || !against(r, o))
            continue;
        c->told[i] = true;
        tell(c, r, o);
    }
    if (!seen && r->where != NULL && (r->test == SET || r->test == FILLED))
        tell(c, r, NULL); /* what the build knows is in its .config: where `where` is set, its absence is an answer */
}

int sg_kconfig_check(struct sg_bytes text, void (*fn)(void *user, const struct sg_kconfig_finding *f), void *user,
                     struct sg_error *err)
{
    struct sg_kconfig config;
    int r = sg_kconfig_parse(&config, text, err);
    struct checking c = {.config = &config, .fn = fn, .user = user, .told = calloc(config.n + 1, sizeof *c.told)};
    if (r == 0 && c.told == NULL)
        r = sg_fail(err, SG_ENOMEM, "There is no memory to check the configuration.");
    if (r == 0) {
        for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
            check_rule(&c, &rules[i]);
        r = (int)config.n;
    }
    free(c.told);
    sg_kconfig_free(&config);
    return r;
}
