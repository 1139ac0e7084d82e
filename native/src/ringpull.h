/* libringpull: the compression function of SHA-256 (FIPS 180-4), on one chain or on several independent ones at a time. */
#ifndef RINGPULL_H
#define RINGPULL_H

#include <stddef.h>
#include <stdint.h>

#define RINGPULL_API __attribute__((visibility("default")))

/* Raised with every change that callers must know of. */
#define RINGPULL_VERSION 1

RINGPULL_API int ringpull_version(void);

/* What hashes on this processor: "sha-ni", "armv8" or "portable", with "and avx-512" where that takes sixteen lanes. */
RINGPULL_API const char *ringpull_instructions(void);

/*
 * Compresses so many 64-byte blocks of each lane. The chaining value of lane i is the 32 bytes at values + 32 * i, in the
 * byte order of a digest, and is replaced; its blocks begin at data + stride * i. No alignment is needed. Lanes are taken sixteen,
 * four or two together: many at a time are fastest.
 */
RINGPULL_API void ringpull_sha256(uint8_t *values, const uint8_t *data, size_t stride, size_t blocks, int lanes);

#endif
