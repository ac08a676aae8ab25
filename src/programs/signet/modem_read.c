/* SPDX-License-Identifier: Apache-2.0 */
/* signet modem read: the exact bytes of one credential, compared with the digest that the modem lists. */
#include "modem.h"

#include <stdio.h>
#include <string.h>

static int compare(const struct sg_cli_modem *d, const struct sg_cred *listed, struct sg_bytes content)
{
    uint8_t digest[32];
    sg_sha256(content, digest);
    if (sg_cli_modem_no_digest(listed) || memcmp(digest, listed->sha256, sizeof digest) == 0)
        return 0;
    return sg_cli_fail(SG_CLI_FAILED,
                       "the modem on %s gave %zu bytes whose digest is not the one that it lists: some were lost or "
                       "changed on the way. Nothing was printed; run it again.",
                       d->port, content.n);
}

static int print(const struct sg_cli_modem *d, struct sg_bytes content)
{
    struct sg_error err = {0};
    char sha[SG_CLI_SHA];
    uint8_t digest[32];
    if (d->out != NULL && sg_file_write(d->out, 0644, true, content, &err) < 0)
        return sg_cli_fail_err(err.code == SG_EEXISTS ? SG_CLI_REFUSED : SG_CLI_FAILED, &err);
    sg_sha256(content, digest);
    if (d->cli->json)
        return sg_cli_print_json(json_pack("{s:s, s:I, s:i, s:s, s:s%}", "port", d->port, "tag", (json_int_t)d->tag,
                                           "type", d->type, "sha256", sg_cli_modem_sha(digest, sha), "content",
                                           (const char *)content.p, content.n));
    if (d->out != NULL)
        sg_cli_modem_say(d, "Written", "%zu bytes to %s", content.n, d->out);
    else if (fwrite(content.p, 1, content.n, stdout) != content.n || fflush(stdout) != 0)
        return sg_cli_fail(SG_CLI_FAILED, "writing to standard output failed.");
    return SG_CLI_DONE;
}

static int read_one(struct sg_cli_modem *d)
{
    uint8_t space[SG_AT_REPLY_MAX];
    struct sg_buf content = sg_buf(space, sizeof space);
    struct sg_cred listed;
    uint32_t tag = (uint32_t)d->tag;
    unsigned type = (unsigned)d->type;
    int found = sg_modem_find(&d->modem, tag, type, &listed);
    if (found < 0)
        return sg_cli_modem_fail(d, found, "listing what is at tag %u", tag);
    if (found == 0)
        return sg_cli_fail(SG_CLI_NOTHING, "the modem on %s holds no %s at tag %u.", d->port, sg_cred_type_name(type),
                           tag);
    int r = sg_modem_read(&d->modem, tag, type, &content);
    if (r == SG_EDENIED && d->modem.cme == SG_CME_NO_ACCESS)
        return sg_cli_fail(SG_CLI_FAILED,
                           "the modem on %s does not give out its %s at tag %u (error 514). Private keys and PSKs can "
                           "never be read; with some firmware, client certificates cannot either. `signet modem list` "
                           "tells its digest.",
                           d->port, sg_cred_type_name(type), tag);
    if (r < 0)
        return sg_cli_modem_fail(d, r, "reading the %s at tag %u", sg_cred_type_name(type), tag);
    int code = compare(d, &listed, sg_buf_bytes(&content));
    return code != 0 ? code : print(d, sg_buf_bytes(&content));
}

int sg_cli_modem_read(struct sg_cli_modem *d)
{
    int code = sg_cli_modem_begin(d);
    return code != 0 ? code : sg_cli_modem_end(d, read_one(d));
}
