/*
 * The rival of "bench/run rdma": a plain reader over verbs, with a holder that offers memory which is ready. Both are threads of this
 * process on the given address. As in the product: READs of 1 MiB, eight in flight, one completion queue, completion events
 * and no spinning. With "proof" each piece is then hashed as the product hashes a run of landed chunks, four lanes at a time.
 *
 * usage: reader ADDRESS BYTES none|proof    prints: seconds cpu_seconds
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

#include "../../native/disni/rdma.h"
#include "../../native/src/ringpull.h"

enum { PIECE = 1 << 20, DEPTH = 8, LANES = 4, WAIT_MILLIS = 20000, BLOCK = 64 };

static const uint32_t INITIAL[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

static int64_t must(int64_t value, const char *what) {
  if (value < 0) {
    fprintf(stderr, "%s: %s\n", what, strerror((int)-value));
    exit(1);
  }
  return value;
}

struct end {
  handle channel, id, pd, completions, cq, qp;
};

/* What the holder tells the reader: in the private data of its acceptance. */
struct offer {
  uint64_t address;
  uint32_t key;
};

static void expect(handle channel, int type, struct cm_event *event) {
  must(channel_event(channel, WAIT_MILLIS, event) == WAIT_EVENT ? 0 : -ETIMEDOUT, "waiting for an event");
  must(event->type == type ? 0 : -ECONNREFUSED, "an event");
}

static uint32_t prepare(struct end *end, uint8_t *memory, size_t bytes, int access, uint32_t *rkey) {
  handle context = must(id_context(end->id), "device");
  end->pd = must(pd_allocate(context), "protection domain");
  end->completions = must(comp_channel_create(context), "completion channel");
  end->cq = must(cq_create(context, end->completions, 4 * DEPTH, 0), "completion queue");
  end->qp = must(qp_create(end->id, end->pd, end->cq, end->cq, IBV_QPT_RC, 2 * DEPTH, DEPTH, 0), "queue pair");
  uint32_t lkey, number;
  must(mr_register(end->pd, memory, bytes, access, &lkey, rkey, &number), "memory");
  return lkey;
}

struct holder {
  handle listening;
  uint8_t *memory;
  size_t bytes;
};

static void *hold(void *arg) {
  struct holder *holder = arg;
  struct cm_event event;
  struct end end;
  expect(holder->listening, RDMA_CM_EVENT_CONNECT_REQUEST, &event);
  end.channel = must(channel_create(), "channel");
  end.id = must(id_create(end.channel, RDMA_PS_TCP), "id");
  must(id_adopt(end.id, event.id), "connection");
  struct offer offer = {.address = (uintptr_t)holder->memory};
  prepare(&end, holder->memory, holder->bytes, IBV_ACCESS_REMOTE_READ, &offer.key);
  must(id_accept(end.id, 7, 7, &offer, sizeof offer), "accepting");
  expect(end.channel, RDMA_CM_EVENT_ESTABLISHED, &event);
  must(channel_event(end.channel, -1, &event), "waiting for the end");
  return NULL;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void prove(const uint8_t *landed, int pieces) {
  uint8_t values[LANES][32];
  for (int lane = 0; lane < pieces; lane++) {
    for (int i = 0; i < 8; i++) {
      uint32_t value = htonl(INITIAL[i]);
      memcpy(&values[lane][4 * i], &value, 4);
    }
  }
  ringpull_sha256(&values[0][0], landed, PIECE, PIECE / BLOCK, pieces);
}

static void fetch(struct end *end, const struct offer *from, uint8_t *landing, uint32_t lkey, size_t bytes, int proof) {
  size_t pieces = bytes / PIECE, posted = 0, done = 0;
  struct ibv_wc completions[DEPTH];
  while (done < pieces) {
    for (; posted < pieces && posted < done - done % LANES + DEPTH; posted++) {
      struct ibv_sge piece = {.addr = (uintptr_t)landing + posted % DEPTH * PIECE, .length = PIECE, .lkey = lkey};
      struct ibv_send_wr read = {.sg_list = &piece, .num_sge = 1, .opcode = IBV_WR_RDMA_READ, .send_flags = IBV_SEND_SIGNALED};
      read.wr.rdma.remote_addr = from->address + posted * PIECE;
      read.wr.rdma.rkey = from->key;
      must(qp_post_send(end->qp, &read), "posting");
    }
    int polled = (int)must(cq_poll(end->cq, DEPTH, completions), "polling");
    if (polled == 0) {
      must(cq_notify(end->cq, 0), "arming");
      polled = (int)must(cq_poll(end->cq, DEPTH, completions), "polling");
      if (polled == 0) {
        must(comp_channel_event(end->completions, WAIT_MILLIS) == 1 ? 0 : -ETIMEDOUT, "waiting");
        cq_acknowledge(end->cq, 1);
      }
    }
    for (int i = 0; i < polled; i++) {
      must(completions[i].status == IBV_WC_SUCCESS ? 0 : -EIO, "a READ");
      done++;
      if (proof && (done % LANES == 0 || done == pieces)) {
        int lanes = done % LANES == 0 ? LANES : (int)(done % LANES);
        prove(landing + (done - (size_t)lanes) % DEPTH * PIECE, lanes);
      }
    }
  }
}

int main(int argc, char **argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: reader ADDRESS BYTES none|proof\n");
    return 2;
  }
  size_t bytes = strtoull(argv[2], NULL, 10) / PIECE * PIECE;
  struct sockaddr_in at = {.sin_family = AF_INET};
  inet_pton(AF_INET, argv[1], &at.sin_addr);
  struct sockaddr_in source = at;
  struct holder holder = {.bytes = bytes};
  holder.memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  uint8_t *landing = mmap(NULL, DEPTH * PIECE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  must(holder.memory == MAP_FAILED || landing == MAP_FAILED ? -ENOMEM : 0, "memory");
  memset(holder.memory, 7, bytes);

  holder.listening = must(channel_create(), "channel");
  handle listener = must(id_create(holder.listening, RDMA_PS_TCP), "id");
  must(id_bind(listener, (struct sockaddr *)&at), "binding");
  must(id_listen(listener, 1), "listening");
  struct sockaddr_storage bound;
  must(id_address(listener, 0, &bound), "address");
  at.sin_port = ((struct sockaddr_in *)&bound)->sin_port;
  pthread_t thread;
  must(-pthread_create(&thread, NULL, hold, &holder), "thread");

  struct end end;
  struct cm_event event;
  end.channel = must(channel_create(), "channel");
  end.id = must(id_create(end.channel, RDMA_PS_TCP), "id");
  must(id_resolve_address(end.id, (struct sockaddr *)&source, (struct sockaddr *)&at, WAIT_MILLIS), "resolving");
  expect(end.channel, RDMA_CM_EVENT_ADDR_RESOLVED, &event);
  must(id_resolve_route(end.id, WAIT_MILLIS), "resolving");
  expect(end.channel, RDMA_CM_EVENT_ROUTE_RESOLVED, &event);
  uint32_t rkey;
  uint32_t lkey = prepare(&end, landing, DEPTH * PIECE, IBV_ACCESS_LOCAL_WRITE, &rkey);
  must(id_connect(end.id, 7, 7, NULL, 0), "connecting");
  expect(end.channel, RDMA_CM_EVENT_ESTABLISHED, &event);
  struct offer offer;
  memcpy(&offer, event.data, sizeof offer);

  struct rusage before, after;
  getrusage(RUSAGE_SELF, &before);
  double start = now();
  fetch(&end, &offer, landing, lkey, bytes, strcmp(argv[3], "proof") == 0);
  double seconds = now() - start;
  getrusage(RUSAGE_SELF, &after);
  double cpu = (double)(after.ru_utime.tv_sec - before.ru_utime.tv_sec + after.ru_stime.tv_sec - before.ru_stime.tv_sec)
               + (double)(after.ru_utime.tv_usec - before.ru_utime.tv_usec + after.ru_stime.tv_usec - before.ru_stime.tv_usec) / 1e6;
  printf("%.6f %.6f\n", seconds, cpu);
  return 0;
}
