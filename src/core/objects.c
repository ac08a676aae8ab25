/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The LwM2M objects that Signet knows by name, in the versions of LwM2M 1.1: identifiers, names, types and operations
 * are those of the OMA LwM2M registry (objects 0 to 6 of the core specification, appendix E; 3303 of the IPSO objects).
 */
#include "core/core.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { R = SG_OP_READ, W = SG_OP_WRITE, RW = SG_OP_READ | SG_OP_WRITE, E = SG_OP_EXECUTE };
enum { ONE = false, MANY = true };
enum { OPT = false, MUST = true };

/* Object 0: no operation, because no server may touch it; a bootstrap server alone writes it. */
static const struct sg_resource_def security[] = {
    {0, SG_STRING, 0, ONE, MUST, "LwM2M Server URI"},
    {1, SG_BOOLEAN, 0, ONE, MUST, "Bootstrap-Server"},
    {2, SG_INTEGER, 0, ONE, MUST, "Security Mode"},
    {3, SG_OPAQUE, 0, ONE, MUST, "Public Key or Identity"},
    {4, SG_OPAQUE, 0, ONE, MUST, "Server Public Key"},
    {5, SG_OPAQUE, 0, ONE, MUST, "Secret Key"},
    {6, SG_INTEGER, 0, ONE, OPT, "SMS Security Mode"},
    {7, SG_OPAQUE, 0, ONE, OPT, "SMS Binding Key Parameters"},
    {8, SG_OPAQUE, 0, ONE, OPT, "SMS Binding Secret Key(s)"},
    {9, SG_STRING, 0, ONE, OPT, "LwM2M Server SMS Number"},
    {10, SG_INTEGER, 0, ONE, OPT, "Short Server ID"},
    {11, SG_INTEGER, 0, ONE, OPT, "Client Hold Off Time"},
    {12, SG_INTEGER, 0, ONE, OPT, "Bootstrap-Server Account Timeout"},
    {13, SG_UNSIGNED, 0, ONE, OPT, "Matching Type"},
    {14, SG_STRING, 0, ONE, OPT, "SNI"},
    {15, SG_UNSIGNED, 0, ONE, OPT, "Certificate Usage"},
    {16, SG_UNSIGNED, 0, MANY, OPT, "DTLS/TLS Ciphersuite"},
    {17, SG_OBJLNK, 0, ONE, OPT, "OSCORE Security Mode"},
};

static const struct sg_resource_def server[] = {
    {0, SG_INTEGER, R, ONE, MUST, "Short Server ID"},
    {1, SG_INTEGER, RW, ONE, MUST, "Lifetime"},
    {2, SG_INTEGER, RW, ONE, OPT, "Default Minimum Period"},
    {3, SG_INTEGER, RW, ONE, OPT, "Default Maximum Period"},
    {4, SG_NONE, E, ONE, OPT, "Disable"},
    {5, SG_INTEGER, RW, ONE, OPT, "Disable Timeout"},
    {6, SG_BOOLEAN, RW, ONE, MUST, "Notification Storing When Disabled or Offline"},
    {7, SG_STRING, RW, ONE, MUST, "Binding"},
    {8, SG_NONE, E, ONE, MUST, "Registration Update Trigger"},
    {9, SG_NONE, E, ONE, OPT, "Bootstrap-Request Trigger"},
    {10, SG_OBJLNK, RW, ONE, OPT, "APN Link"},
    {11, SG_UNSIGNED, R, ONE, OPT, "TLS-DTLS Alert Code"},
    {12, SG_TIME, R, ONE, OPT, "Last Bootstrapped"},
    {13, SG_UNSIGNED, R, ONE, OPT, "Registration Priority Order"},
    {14, SG_UNSIGNED, RW, ONE, OPT, "Initial Registration Delay Timer"},
    {15, SG_BOOLEAN, R, ONE, OPT, "Registration Failure Block"},
    {16, SG_BOOLEAN, R, ONE, OPT, "Bootstrap on Registration Failure"},
    {17, SG_UNSIGNED, RW, ONE, OPT, "Communication Retry Count"},
    {18, SG_UNSIGNED, RW, ONE, OPT, "Communication Retry Timer"},
    {19, SG_UNSIGNED, RW, ONE, OPT, "Communication Sequence Delay Timer"},
    {20, SG_UNSIGNED, RW, ONE, OPT, "Communication Sequence Retry Count"},
    {21, SG_BOOLEAN, RW, ONE, OPT, "Trigger"},
    {22, SG_STRING, RW, ONE, OPT, "Preferred Transport"},
    {23, SG_BOOLEAN, RW, ONE, OPT, "Mute Send"},
};

static const struct sg_resource_def access_control[] = {
    {0, SG_INTEGER, R, ONE, MUST, "Object ID"},
    {1, SG_INTEGER, R, ONE, MUST, "Object Instance ID"},
    {2, SG_INTEGER, RW, MANY, OPT, "ACL"},
    {3, SG_INTEGER, RW, ONE, MUST, "Access Control Owner"},
};

static const struct sg_resource_def device[] = {
    {0, SG_STRING, R, ONE, OPT, "Manufacturer"},
    {1, SG_STRING, R, ONE, OPT, "Model Number"},
    {2, SG_STRING, R, ONE, OPT, "Serial Number"},
    {3, SG_STRING, R, ONE, OPT, "Firmware Version"},
    {4, SG_NONE, E, ONE, MUST, "Reboot"},
    {5, SG_NONE, E, ONE, OPT, "Factory Reset"},
    {6, SG_INTEGER, R, MANY, OPT, "Available Power Sources"},
    {7, SG_INTEGER, R, MANY, OPT, "Power Source Voltage"},
    {8, SG_INTEGER, R, MANY, OPT, "Power Source Current"},
    {9, SG_INTEGER, R, ONE, OPT, "Battery Level"},
    {10, SG_INTEGER, R, ONE, OPT, "Memory Free"},
    {11, SG_INTEGER, R, MANY, MUST, "Error Code"},
    {12, SG_NONE, E, ONE, OPT, "Reset Error Code"},
    {13, SG_TIME, RW, ONE, OPT, "Current Time"},
    {14, SG_STRING, RW, ONE, OPT, "UTC Offset"},
    {15, SG_STRING, RW, ONE, OPT, "Timezone"},
    {16, SG_STRING, R, ONE, MUST, "Supported Binding and Modes"},
    {17, SG_STRING, R, ONE, OPT, "Device Type"},
    {18, SG_STRING, R, ONE, OPT, "Hardware Version"},
    {19, SG_STRING, R, ONE, OPT, "Software Version"},
    {20, SG_INTEGER, R, ONE, OPT, "Battery Status"},
    {21, SG_INTEGER, R, ONE, OPT, "Memory Total"},
    {22, SG_OBJLNK, R, MANY, OPT, "ExtDevInfo"},
};

static const struct sg_resource_def connectivity[] = {
    {0, SG_INTEGER, R, ONE, MUST, "Network Bearer"},
    {1, SG_INTEGER, R, MANY, MUST, "Available Network Bearer"},
    {2, SG_INTEGER, R, ONE, MUST, "Radio Signal Strength"},
    {3, SG_INTEGER, R, ONE, OPT, "Link Quality"},
    {4, SG_STRING, R, MANY, MUST, "IP Addresses"},
    {5, SG_STRING, R, MANY, OPT, "Router IP Addresses"},
    {6, SG_INTEGER, R, ONE, OPT, "Link Utilization"},
    {7, SG_STRING, R, MANY, OPT, "APN"},
    {8, SG_INTEGER, R, ONE, OPT, "Cell ID"},
    {9, SG_INTEGER, R, ONE, OPT, "SMNC"},
    {10, SG_INTEGER, R, ONE, OPT, "SMCC"},
    {11, SG_INTEGER, R, ONE, OPT, "SignalSNR"},
    {12, SG_INTEGER, R, ONE, OPT, "LAC"},
};

static const struct sg_resource_def firmware[] = {
    {0, SG_OPAQUE, W, ONE, MUST, "Package"},
    {1, SG_STRING, RW, ONE, MUST, "Package URI"},
    {2, SG_NONE, E, ONE, MUST, "Update"},
    {3, SG_INTEGER, R, ONE, MUST, "State"},
    {5, SG_INTEGER, R, ONE, MUST, "Update Result"},
    {6, SG_STRING, R, ONE, OPT, "PkgName"},
    {7, SG_STRING, R, ONE, OPT, "PkgVersion"},
    {8, SG_INTEGER, R, MANY, OPT, "Firmware Update Protocol Support"},
    {9, SG_INTEGER, R, ONE, MUST, "Firmware Update Delivery Method"},
};

static const struct sg_resource_def location[] = {
    {0, SG_FLOAT, R, ONE, MUST, "Latitude"}, {1, SG_FLOAT, R, ONE, MUST, "Longitude"},
    {2, SG_FLOAT, R, ONE, OPT, "Altitude"},  {3, SG_FLOAT, R, ONE, OPT, "Radius"},
    {4, SG_OPAQUE, R, ONE, OPT, "Velocity"}, {5, SG_TIME, R, ONE, MUST, "Timestamp"},
    {6, SG_FLOAT, R, ONE, OPT, "Speed"},
};

static const struct sg_resource_def temperature[] = {
    {5601, SG_FLOAT, R, ONE, OPT, "Min Measured Value"},
    {5602, SG_FLOAT, R, ONE, OPT, "Max Measured Value"},
    {5603, SG_FLOAT, R, ONE, OPT, "Min Range Value"},
    {5604, SG_FLOAT, R, ONE, OPT, "Max Range Value"},
    {5605, SG_NONE, E, ONE, OPT, "Reset Min and Max Measured Values"},
    {5700, SG_FLOAT, R, ONE, MUST, "Sensor Value"},
    {5701, SG_STRING, R, ONE, OPT, "Sensor Units"},
};

static const struct sg_object_def objects[] = {
    {0, true, "1.1", "LwM2M Security", security, COUNT(security)},
    {1, true, "1.1", "LwM2M Server", server, COUNT(server)},
    {2, true, "1.0", "LwM2M Access Control", access_control, COUNT(access_control)},
    {3, false, "1.1", "Device", device, COUNT(device)},
    {4, false, "1.2", "Connectivity Monitoring", connectivity, COUNT(connectivity)},
    {5, false, "1.0", "Firmware Update", firmware, COUNT(firmware)},
    {6, false, "1.0", "Location", location, COUNT(location)},
    {3303, true, "1.0", "Temperature", temperature, COUNT(temperature)},
};

const struct sg_object_def *sg_object(uint16_t id)
{
    for (size_t i = 0; i < COUNT(objects); i++) {
        if (objects[i].id == id)
            return &objects[i];
    }
    return NULL;
}

const struct sg_resource_def *sg_resource(uint16_t object, uint16_t resource)
{
    const struct sg_object_def *o = sg_object(object);

    for (size_t i = 0; o != NULL && i < o->count; i++) {
        if (o->resources[i].id == resource)
            return &o->resources[i];
    }
    return NULL;
}
