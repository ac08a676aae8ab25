/* SPDX-License-Identifier: Apache-2.0 */
/* What a person is told to do, and asked, in each guided run. */
#include "probe/guide_internal.h"

#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static const struct sg_guide_seen refused[] = {
    {"refused", "the device refused it (an error, a state, a log line says so), and the old version runs",
     SG_VERDICT_NOTHING_AGAINST},
    {"ignored", "the old version runs, and nothing tells whether the image was refused or never looked at",
     SG_VERDICT_REMARK},
    {"installed", "the device runs the image that it was offered", SG_VERDICT_FAIL},
    {"neither", "the device runs neither version", SG_VERDICT_FAIL},
    {"unclear", "what it runs cannot be told", SG_VERDICT_SKIPPED},
};
static const struct sg_guide_seen updated[] = {
    {"installed", "the device runs the new version, and nobody touched it", SG_VERDICT_NOTHING_AGAINST},
    {"helped", "the device runs the new version, after somebody touched it", SG_VERDICT_REMARK},
    {"refused", "the device runs the old version", SG_VERDICT_FAIL},
    {"neither", "the device runs neither version", SG_VERDICT_FAIL},
    {"unclear", "what it runs cannot be told", SG_VERDICT_SKIPPED},
};
static const struct sg_guide_seen fetched[] = {
    {"refused", "the device ended the connection without fetching anything", SG_VERDICT_NOTHING_AGAINST},
    {"fetched", "the device fetched from that server, a part or all", SG_VERDICT_FAIL},
    {"unclear", "whether it tried cannot be told", SG_VERDICT_SKIPPED},
};
static const struct sg_guide_seen survived[] = {
    {"whole", "after each cut it booted the old or the new version, and the update could be done",
     SG_VERDICT_NOTHING_AGAINST},
    {"stuck", "it boots, but takes no update any more", SG_VERDICT_FAIL},
    {"neither", "after a cut it did not boot", SG_VERDICT_FAIL},
    {"unclear", "what it runs cannot be told", SG_VERDICT_SKIPPED},
};
static const struct sg_guide_seen attached[] = {
    {"refused", "the debugger could not open the access port, and nothing was read", SG_VERDICT_NOTHING_AGAINST},
    {"identified", "the debugger read what the chip is, and nothing else", SG_VERDICT_REMARK},
    {"attached", "the debugger read memory, or stopped the processor", SG_VERDICT_FAIL},
    {"unclear", "whether it was connected at all cannot be told", SG_VERDICT_SKIPPED},
};
static const struct sg_guide_seen reset[] = {
    {"gone", "all that was there is gone, and the server refuses the old identity", SG_VERDICT_NOTHING_AGAINST},
    {"gone-not-refused", "all is gone from the device, and the server was not asked", SG_VERDICT_REMARK},
    {"left", "something is left on the device, or the old identity is still let in", SG_VERDICT_FAIL},
    {"unclear", "what is left cannot be read", SG_VERDICT_SKIPPED},
};
static const struct sg_guide_seen logged[] = {
    {"all", "each event is there, in order, with its time, after the power cut too; the newest were kept",
     SG_VERDICT_NOTHING_AGAINST},
    {"partly", "each event is there, but one of order, time, power cut or overflow was not tried", SG_VERDICT_REMARK},
    {"missing", "an event is missing, out of order, or without any time", SG_VERDICT_FAIL},
    {"unclear", "the log cannot be read", SG_VERDICT_SKIPPED},
};
static const struct sg_guide_seen scanned[] = {
    {"documented", "what is open is what the user documentation lists", SG_VERDICT_NOTHING_AGAINST},
    {"fewer", "less is open than the user documentation lists", SG_VERDICT_REMARK},
    {"more", "something is open that the user documentation does not list", SG_VERDICT_FAIL},
    {"unclear", "the scan did not reach the device", SG_VERDICT_SKIPPED},
};

#define GENUINE "Did the device install a genuine image through this very path"
#define BEFORE  GENUINE ", just before?"
#define AFTER   GENUINE ", just after?"
#define OFFER                                                                                                          \
    "Offer it exactly as an update is offered in the field: with the real server, the real path, the production "      \
    "boot loader. Wait until the device says a result, or twice as long as a good update takes. Then restart it, and " \
    "read back which version runs."

static const struct sg_guide guides[] = {
    {"fw.unsigned",
     "An update image as it was before signing (MCUboot: zephyr.bin, not zephyr.signed.bin), of a version that can be "
     "told "
     "from the one that runs.",
     BEFORE, OFFER, refused, COUNT(refused), SG_GUIDE_SAME, AFTER},
    {"fw.sig-altered",
     "A copy of a genuine signed image, with one byte of its signature changed (MCUboot: in the trailer, in the last "
     "64 "
     "bytes): printf '\\377' | dd of=COPY bs=1 seek=$(($(stat -c %s COPY)-16)) conv=notrunc",
     BEFORE, OFFER, refused, COUNT(refused), SG_GUIDE_SAME, AFTER},
    {"fw.image-altered",
     "A copy of a genuine signed image, with one byte of the program changed: printf '\\377' | dd of=COPY bs=1 "
     "seek=4096 "
     "conv=notrunc",
     BEFORE, OFFER, refused, COUNT(refused), SG_GUIDE_SAME, AFTER},
    {"fw.other-signer",
     "The image of a newer version, signed by a key that is not the product's: imgtool keygen -k other.pem -t "
     "ecdsa-p256; imgtool sign -k other.pem … And once more with the key that comes with the boot loader's sources.",
     BEFORE, OFFER, refused, COUNT(refused), SG_GUIDE_SAME, AFTER},
    {"fw.truncated", "The first half of a genuine image: head -c $(($(stat -c %s IMAGE)/2)) IMAGE >HALF", BEFORE, OFFER,
     refused, COUNT(refused), SG_GUIDE_SAME, AFTER},
    {"fw.newer", "A genuine signed image of a newer version.", NULL,
     "Start the roll-out at the server, and touch nothing at the device until it has restarted by itself, or twice as "
     "long "
     "as an update takes has passed. Then read back the version.",
     updated, COUNT(updated), SG_GUIDE_OTHER, NULL},
    {"fw.older", "A genuine signed image of an older version than the one that runs.", BEFORE, OFFER, refused,
     COUNT(refused), SG_GUIDE_SAME, NULL},
    {"fw.counter",
     "A genuine signed image whose security counter is lower than that of the one that runs (MCUboot: imgtool sign "
     "--security-counter N), with a version that is not older.",
     BEFORE, OFFER, refused, COUNT(refused), SG_GUIDE_SAME, NULL},
    {"fw.source",
     "An image server at the name that the device fetches from, with a certificate of another CA, and later one with "
     "the "
     "right CA and another host name. Its log must show each connection.",
     "Did the device fetch a genuine image from its own server, just before?",
     "Point the device's image address at the bad server, and start an update. Look into that server's log for what "
     "the "
     "device did after the handshake.",
     fetched, COUNT(fetched), SG_GUIDE_SAME, "Did the device fetch a genuine image from its own server, just after?"},
    {"fw.power-cut", "A switch in the supply, a genuine newer image, and the time that an update takes.", BEFORE,
     "Twenty times: start the update, cut the power at a random moment of the download, the swap or the first start, "
     "switch it on after some seconds, and read back the version.",
     survived, COUNT(survived), SG_GUIDE_ANY, NULL},
    {"port.debug", "A debugger (J-Link, CMSIS-DAP), a production unit, and a development unit of the same board.",
     "Does the same debugger with the same cable attach to the development unit?",
     "Connect the debugger to the production unit, attach, and try to read memory, as with: nrfutil device read "
     "--address 0 --bytes 16. Try without and with a reset held. Do not erase the unit.",
     attached, COUNT(attached), SG_GUIDE_SAME, "Does the debugger still attach to the development unit?"},
    {"dev.reset", "A device in use: enrolled, with settings that a user made, and entries in its log.",
     "Were credentials, settings and log entries read from the device, just before?",
     "Do the factory reset as the user documentation says. Then read the credential list (signet modem list), the "
     "settings "
     "and the log, and let the device, or somebody with its old key, register at the server.",
     reset, COUNT(reset), SG_GUIDE_OTHER, NULL},
    {"dev.log", "The list of events that the device must record, and a way to read its log.", NULL,
     "Bring about each event of the list: a failed authentication, a changed credential, an update accepted and one "
     "refused, "
     "a reset, a lock and an unlock. Cut the power, read the log. Then make more events than it holds, and read it "
     "again.",
     logged, COUNT(logged), SG_GUIDE_ANY, NULL},
    {"port.network",
     "A device in its factory state, on a network where its address can be reached (a test APN), and nmap.",
     "Does the scanner find a port that is open for certain, on another host of that network?",
     "Scan all TCP and UDP ports of the device (nmap -sS -sU -p- ADDRESS), and look at its other interfaces. Compare "
     "with "
     "what the user documentation lists.",
     scanned, COUNT(scanned), SG_GUIDE_ANY, NULL},
};

const struct sg_guide *sg_probe_find_guide(const char *run)
{
    for (size_t i = 0; i < COUNT(guides); i++)
        if (strcmp(guides[i].run, run) == 0)
            return &guides[i];
    return NULL;
}
