#include "ringpull.h"

#include <stdio.h>

#include "sha256.h"

static const struct sha256_way *way = &sha256_portable;
static sha256_lanes *sixteen;
static char name[32];

/* Asked once: in a virtual machine each cpuid costs thousands of cycles. */
__attribute__((constructor)) static void choose(void) {
    const struct sha256_way *accelerated = sha256_accelerated();
    if (accelerated) {
        way = accelerated;
    }
    sixteen = sha256_sixteen();
    snprintf(name, sizeof name, "%s%s", way->name, sixteen ? " and avx-512" : "");
}

int ringpull_version(void) {
    return RINGPULL_VERSION;
}

const char *ringpull_instructions(void) {
    return name;
}

void ringpull_sha256(uint8_t *values, const uint8_t *data, size_t stride, size_t blocks, int lanes) {
    while (lanes > 0) {
        int now = lanes >= 16 && sixteen ? 16 : lanes >= 4 ? 4 : lanes >= 2 ? 2 : 1;
        sha256_lanes *compress = now == 16 ? sixteen : now == 4 ? way->four : now == 2 ? way->two : way->one;
        compress(values, data, stride, blocks);
        values += now * VALUE_BYTES;
        data += (size_t)now * stride;
        lanes -= now;
    }
}
