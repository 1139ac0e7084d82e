// The rival of bench/run nvmeof: reads a disk past the page cache, DEPTH pieces at a time, one thread for each.
// reader DEVICE OFFSET BYTES none|proof  prints the seconds that it took. OFFSET and BYTES are multiples of the piece.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../native/src/ringpull.h"

enum { PIECE = 1 << 20, DEPTH = 8, LANES = 4, BLOCK = 64, VALUE = 32 };

static const uint32_t INITIAL[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static uint8_t *landing;
static int ready[DEPTH];
static int device;
static off_t start_at;
static size_t pieces, asked, done;

static void *lane(void *unused) {
  (void)unused;
  pthread_mutex_lock(&lock);
  while (asked < pieces) {
    if (asked >= done + DEPTH) {
      pthread_cond_wait(&changed, &lock);
      continue;
    }
    size_t piece = asked++;
    pthread_mutex_unlock(&lock);
    uint8_t *to = landing + piece % DEPTH * PIECE;
    ssize_t got = pread(device, to, PIECE, start_at + (off_t)(piece * PIECE));
    if (got != PIECE) {
      fprintf(stderr, "reader: piece %zu: %zd bytes, %s\n", piece, got, strerror(errno));
      exit(1);
    }
    pthread_mutex_lock(&lock);
    ready[piece % DEPTH] = 1;
    pthread_cond_broadcast(&changed);
  }
  pthread_mutex_unlock(&lock);
  return NULL;
}

static void prove(const uint8_t *bytes, size_t lanes) {
  uint8_t values[LANES][VALUE];
  for (int l = 0; l < LANES; l++) {
    for (int i = 0; i < 8; i++) {
      uint32_t value = htonl(INITIAL[i]);
      memcpy(&values[l][4 * i], &value, 4);
    }
  }
  ringpull_sha256(&values[0][0], bytes, PIECE, PIECE / BLOCK, (int)lanes);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
  if (argc != 5) {
    fprintf(stderr, "usage: reader DEVICE OFFSET BYTES none|proof\n");
    return 2;
  }
  int proof = strcmp(argv[4], "proof") == 0;
  start_at = (off_t)strtoull(argv[2], NULL, 10);
  pieces = strtoull(argv[3], NULL, 10) / PIECE;
  device = open(argv[1], O_RDONLY | O_DIRECT);
  if (device < 0 || posix_memalign((void **)&landing, 4096, (size_t)DEPTH * PIECE) != 0) {
    perror(argv[1]);
    return 1;
  }
  pthread_t threads[DEPTH];
  double start = now();
  for (int i = 0; i < DEPTH; i++) {
    pthread_create(&threads[i], NULL, lane, NULL);
  }
  while (done < pieces) {
    size_t lanes = pieces - done < LANES ? pieces - done : LANES;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < lanes; i++) {
      while (!ready[(done + i) % DEPTH]) {
        pthread_cond_wait(&changed, &lock);
      }
    }
    pthread_mutex_unlock(&lock);
    if (proof) {
      prove(landing + done % DEPTH * PIECE, lanes);
    }
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < lanes; i++) {
      ready[(done + i) % DEPTH] = 0;
    }
    done += lanes;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
  }
  printf("%.6f\n", now() - start);
  return 0;
}
