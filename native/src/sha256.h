/* What the implementations for different processors share. */
#ifndef RINGPULL_SHA256_H
#define RINGPULL_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { BLOCK_BYTES = 64, VALUE_BYTES = 32, ROUNDS = 64 };

/* The round constants: FIPS 180-4, section 4.2.2. */
extern const uint32_t sha256_k[ROUNDS];

/* Compresses the blocks of a fixed number of lanes; as ringpull_sha256. */
typedef void sha256_lanes(uint8_t *values, const uint8_t *data, size_t stride, size_t blocks);

/* One way to hash, with as many lanes at a time as it is fastest with. */
struct sha256_way {
    const char *name;
    sha256_lanes *one;
    sha256_lanes *two;
    sha256_lanes *four;
};

extern const struct sha256_way sha256_portable;

/* With instructions made for it; NULL on a processor that has none. */
const struct sha256_way *sha256_accelerated(void);

/* Sixteen lanes at a time; NULL on a processor that cannot. */
sha256_lanes *sha256_sixteen(void);

static inline uint32_t load_be32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline void store_be32(uint8_t *p, uint32_t word) {
    p[0] = (uint8_t)(word >> 24);
    p[1] = (uint8_t)(word >> 16);
    p[2] = (uint8_t)(word >> 8);
    p[3] = (uint8_t)word;
}

#endif
