/*
 * libdisni without Java: handles that are stale or foreign, from many threads; every call with a wrong handle; and, where an
 * RDMA device carries the address in the first argument, connections with private data, RDMA READs, and objects destroyed
 * in every wrong order.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/mempolicy.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../disni/rdma.h"

#define CHECK(condition)                                                                  \
  do {                                                                                    \
    if (!(condition)) {                                                                   \
      fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition);       \
      exit(1);                                                                            \
    }                                                                                     \
  } while (0)

static void destroy_handle(handle h, enum kind kind) {
  struct entry *entry;
  CHECK(handle_retire(h, kind, &entry) == 0);
  handle_remove(entry);
}

static void stale_and_foreign(void) {
  int object;
  handle a = handle_add(PD, &object, NULL);
  CHECK(a > 0 && handle_hold(a, CQ) == NULL && handle_hold(a + (1 << 16), PD) == NULL);
  struct entry *held = handle_hold(a, PD);
  CHECK(held != NULL && held->object == &object && handle_of(held) == a);
  handle child = handle_add(MR, &object, (struct entry *[PARENTS_MAX]){held});
  handle_drop(held);
  struct entry *entry;
  CHECK(handle_retire(a, PD, &entry) == -EBUSY);
  destroy_handle(child, MR);
  destroy_handle(a, PD);
  CHECK(handle_hold(a, PD) == NULL && handle_retire(a, PD, &entry) == -EINVAL);
  handle again = handle_add(PD, &object, NULL);
  CHECK(again != a && handle_hold(a, PD) == NULL);
  destroy_handle(again, PD);
  const handle wrong[] = {0, -1, 1, 12345, INT64_MAX, INT64_MIN, 1 << 16, a, child, again};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    for (int kind = CHANNEL; kind <= QP; kind++) {
      CHECK(handle_hold(wrong[i], (enum kind)kind) == NULL);
      CHECK(handle_retire(wrong[i], (enum kind)kind, &entry) == -EINVAL);
    }
  }
}

static void full_table(void) {
  static handle all[HANDLES_MAX];
  int before = handle_count(), made = 0;
  while ((all[made] = handle_add(MR, all, NULL)) > 0) {
    made++;
  }
  CHECK(all[made] == -ENFILE && made == HANDLES_MAX - 1 - before);
  for (int i = 0; i < made; i++) {
    destroy_handle(all[i], MR);
  }
  CHECK(handle_count() == before);
}

static void *use(void *arg) {
  handle *shared = arg;
  unsigned int seed = (unsigned int)(uintptr_t)&seed;
  for (int i = 0; i < 20000; i++) {
    handle *at = &shared[rand_r(&seed) % 8];
    handle h = __atomic_load_n(at, __ATOMIC_ACQUIRE);
    struct entry *entry = handle_hold(h, CQ);
    if (entry != NULL) {
      CHECK(entry->object == shared);
      handle_drop(entry);
    }
    if (i % 16 == 0 && __atomic_compare_exchange_n(at, &h, 0, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED) && h > 0) {
      destroy_handle(h, CQ);
      __atomic_store_n(at, handle_add(CQ, shared, NULL), __ATOMIC_RELEASE);
    }
  }
  return NULL;
}

static void many_threads(void) {
  handle shared[8];
  pthread_t threads[8];
  int before = handle_count();
  for (int i = 0; i < 8; i++) {
    shared[i] = handle_add(CQ, shared, NULL);
  }
  for (int i = 0; i < 8; i++) {
    CHECK(pthread_create(&threads[i], NULL, use, shared) == 0);
  }
  for (int i = 0; i < 8; i++) {
    pthread_join(threads[i], NULL);
  }
  for (int i = 0; i < 8; i++) {
    destroy_handle(shared[i], CQ);
  }
  CHECK(handle_count() == before);
}

static void *hold_until_woken(void *arg) {
  handle h = *(handle *)arg;
  struct entry *entry = handle_hold(h, CHANNEL);
  CHECK(entry != NULL);
  *(handle *)arg = 0;
  const int fds[] = {entry->wake};
  CHECK(wait_fds(fds, 1, -1) == 1 && handle_dying(entry));
  handle_drop(entry);
  return NULL;
}

/* Destruction ends a wait, and comes after it. */
static void destroyed_while_waited_on(void) {
  int object;
  handle h = handle_add(CHANNEL, &object, NULL), shared = h;
  struct entry *entry = handle_hold(h, CHANNEL);
  int fd = entry->wake = eventfd(0, EFD_NONBLOCK);
  handle_drop(entry);
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, hold_until_woken, &shared) == 0);
  while (__atomic_load_n(&shared, __ATOMIC_ACQUIRE) != 0) {
    usleep(100);
  }
  CHECK(handle_retire(h, CHANNEL, &entry) == 0 && entry->users == 0);
  handle_remove(entry);
  pthread_join(thread, NULL);
  close(fd);
}

/* No call minds a handle that is none of its kind. */
static void every_call_refuses(handle h) {
  struct cm_event event;
  struct sockaddr_storage address = {.ss_family = AF_INET};
  struct sockaddr *at = (struct sockaddr *)&address;
  struct port_state port;
  struct ibv_wc completion;
  uint32_t keys[3];
  const int status[] = {
      channel_destroy(h), channel_event(h, 0, &event), channel_wake(h), (int)id_create(h, RDMA_PS_TCP), id_destroy(h),
      id_bind(h, at), id_listen(h, 1), id_resolve_address(h, at, at, 1), id_resolve_route(h, 1), id_connect(h, 7, 7, NULL, 0),
      id_accept(h, 7, 7, NULL, 0), id_reject(h, NULL, 0), id_disconnect(h), id_adopt(h, h), id_address(h, 0, &address),
      id_port(h, &port), id_numa_node(h), (int)id_context(h), context_fd(h), context_vectors(h), (int)pd_allocate(h), pd_free(h), pd_number(h),
      (int)comp_channel_create(h), comp_channel_destroy(h), comp_channel_wake(h), comp_channel_event(h, 0), wait_both(h, h, 0),
      (int)cq_create(h, h, 1, 0), cq_destroy(h), cq_notify(h, 0), cq_poll(h, 1, &completion), cq_acknowledge(h, 1),
      (int)qp_create(h, h, h, h, IBV_QPT_RC, 1, 1, 0), qp_destroy(h), (int)qp_number(h), qp_known(h), qp_post_send(h, NULL),
      qp_post_recv(h, NULL), (int)mr_register(h, keys, sizeof keys, 0, &keys[0], &keys[1], &keys[2]), mr_deregister(h)};
  for (size_t i = 0; i < sizeof status / sizeof *status; i++) {
    if (status[i] != -EINVAL) {
      fprintf(stderr, "call %zu gives %d for handle %lld\n", i, status[i], (long long)h);
      exit(1);
    }
  }
}

/* ---- with a device ------------------------------------------------------------------------------------------------- */

enum { BYTES = 3 << 20, WAIT_MILLIS = 20000 };

struct end {
  handle channel, id, context, pd, completions, cq, qp, mr;
  uint32_t lkey, rkey;
  uint8_t *memory;
};

static struct cm_event next(handle channel, int type) {
  struct cm_event event;
  CHECK(channel_event(channel, WAIT_MILLIS, &event) == WAIT_EVENT);
  if (event.type != type) {
    fprintf(stderr, "event %d (status %d) in place of %d\n", event.type, event.status, type);
    exit(1);
  }
  return event;
}

static void prepare(struct end *end, int access) {
  end->context = id_context(end->id);
  CHECK(end->context > 0 && id_context(end->id) == end->context && context_fd(end->context) >= 0);
  CHECK((end->pd = pd_allocate(end->context)) > 0 && (end->completions = comp_channel_create(end->context)) > 0);
  CHECK((end->cq = cq_create(end->context, end->completions, 16, 0)) > 0);
  CHECK((end->qp = qp_create(end->id, end->pd, end->cq, end->cq, IBV_QPT_RC, 8, 8, 0)) > 0 && qp_number(end->qp) > 0);
  CHECK((end->memory = malloc(BYTES)) != NULL);
  uint32_t number;
  CHECK((end->mr = mr_register(end->pd, end->memory, BYTES, access, &end->lkey, &end->rkey, &number)) > 0);
  CHECK(mr_register(end->pd, NULL, BYTES, access, &number, &number, &number) < 0);
}

static void dismantle(struct end *end) {
  /* What others rest on stays. */
  CHECK(id_destroy(end->id) == -EBUSY && pd_free(end->pd) == -EBUSY && cq_destroy(end->cq) == -EBUSY);
  CHECK(comp_channel_destroy(end->completions) == -EBUSY && channel_destroy(end->channel) == -EBUSY);
  CHECK(qp_destroy(end->id) == 0 && qp_destroy(end->id) == -EINVAL && mr_deregister(end->mr) == 0);
  CHECK(mr_deregister(end->mr) == -EINVAL && qp_post_send(end->qp, NULL) == -EINVAL);
  CHECK(cq_destroy(end->cq) == 0 && comp_channel_destroy(end->completions) == 0 && pd_free(end->pd) == 0);
  CHECK(id_destroy(end->id) == 0 && channel_destroy(end->channel) == 0);
  every_call_refuses(end->id);
  every_call_refuses(end->cq);
  free(end->memory);
}

static struct ibv_wc completion_of(struct end *end) {
  struct ibv_wc completion;
  CHECK(cq_notify(end->cq, 0) == 0);
  int polled = cq_poll(end->cq, 1, &completion);
  while (polled == 0) {
    int ready = wait_both(end->completions, end->channel, WAIT_MILLIS);
    CHECK(ready > 0);
    if (ready & WAIT_COMPLETION) {
      CHECK(comp_channel_event(end->completions, 0) == 1);
      CHECK(cq_acknowledge(end->cq, 1000) == 0); /* more than there are */
    }
    polled = cq_poll(end->cq, 1, &completion);
  }
  CHECK(polled == 1);
  return completion;
}

static struct ibv_wc read_all(struct end *client, const struct end *server, uint32_t rkey) {
  struct ibv_sge piece = {.addr = (uintptr_t)client->memory, .length = BYTES, .lkey = client->lkey};
  struct ibv_send_wr read = {.wr_id = 5, .sg_list = &piece, .num_sge = 1, .opcode = IBV_WR_RDMA_READ, .send_flags = IBV_SEND_SIGNALED};
  read.wr.rdma.remote_addr = (uintptr_t)server->memory;
  read.wr.rdma.rkey = rkey;
  CHECK(qp_post_send(client->qp, &read) == 0);
  struct ibv_wc completion = completion_of(client);
  CHECK(completion.wr_id == 5);
  return completion;
}

static void connection(handle listening, handle listener, struct sockaddr_in at, int with_read) {
  struct end client = {0}, server = {0};
  struct sockaddr_in source = at;
  source.sin_port = 0;
  CHECK((client.channel = channel_create()) > 0 && (server.channel = channel_create()) > 0);
  CHECK((client.id = id_create(client.channel, RDMA_PS_TCP)) > 0);
  CHECK(id_resolve_address(client.id, (struct sockaddr *)&source, (struct sockaddr *)&at, WAIT_MILLIS) == 0);
  CHECK(next(client.channel, RDMA_CM_EVENT_ADDR_RESOLVED).id == client.id);
  CHECK(id_resolve_route(client.id, WAIT_MILLIS) == 0);
  next(client.channel, RDMA_CM_EVENT_ROUTE_RESOLVED);
  prepare(&client, IBV_ACCESS_LOCAL_WRITE);
  CHECK(id_connect(client.id, 7, 7, "knock", 5) == 0);

  struct cm_event request = next(listening, RDMA_CM_EVENT_CONNECT_REQUEST);
  CHECK(request.listener == listener && request.id > 0 && request.length >= 5 && memcmp(request.data, "knock", 5) == 0);
  CHECK((server.id = id_create(server.channel, RDMA_PS_TCP)) > 0);
  if (!with_read) {
    CHECK(id_reject(request.id, "no", 2) == 0 && id_destroy(request.id) == 0);
    struct cm_event refused = next(client.channel, RDMA_CM_EVENT_REJECTED);
    CHECK(refused.status != 0 && refused.length >= 2 && memcmp(refused.data, "no", 2) == 0);
    CHECK(id_destroy(server.id) == 0 && channel_destroy(server.channel) == 0);
    dismantle(&client);
    return;
  }
  CHECK(id_adopt(server.id, request.id) == 0 && id_adopt(server.id, request.id) == -EINVAL);
  every_call_refuses(request.id);
  prepare(&server, IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_READ);
  CHECK(id_accept(server.id, 7, 7, "come in", 7) == 0);
  struct cm_event accepted = next(client.channel, RDMA_CM_EVENT_ESTABLISHED);
  CHECK(accepted.length >= 7 && memcmp(accepted.data, "come in", 7) == 0);
  next(server.channel, RDMA_CM_EVENT_ESTABLISHED);

  for (size_t i = 0; i < BYTES; i++) {
    server.memory[i] = (uint8_t)(i * 31 >> 3);
  }
  CHECK(read_all(&client, &server, server.rkey).status == IBV_WC_SUCCESS && memcmp(client.memory, server.memory, BYTES) == 0);
  struct port_state port;
  CHECK(id_port(client.id, &port) == 0 && port.state == IBV_PORT_ACTIVE && port.active_mtu > 0 && port.reads_max > 0);
  CHECK(read_all(&client, &server, server.rkey ^ 0x00ffff00).status != IBV_WC_SUCCESS); /* and the connection is over */

  CHECK(id_disconnect(client.id) == 0);
  next(server.channel, RDMA_CM_EVENT_DISCONNECTED);
  CHECK(id_disconnect(server.id) <= 0);
  dismantle(&client);
  dismantle(&server);
}

static void with_device(const char *address, int rounds) {
  struct sockaddr_in at = {.sin_family = AF_INET};
  CHECK(inet_pton(AF_INET, address, &at.sin_addr) == 1);
  handle listening = channel_create();
  CHECK(listening > 0);
  handle listener = id_create(listening, RDMA_PS_TCP);
  CHECK(listener > 0 && id_bind(listener, (struct sockaddr *)&at) == 0 && id_listen(listener, 16) == 0);
  struct sockaddr_storage bound;
  CHECK(id_address(listener, 0, &bound) == 0);
  at.sin_port = ((struct sockaddr_in *)&bound)->sin_port;
  struct cm_event event;
  CHECK(channel_event(listening, 0, &event) == 0);
  CHECK(channel_wake(listening) == 0 && channel_event(listening, WAIT_MILLIS, &event) == WAIT_WOKEN);
  int before = handle_count();
  for (int i = 0; i < rounds; i++) {
    connection(listening, listener, at, i % 2 == 0);
    CHECK(handle_count() == before);
  }
  CHECK(id_destroy(listener) == 0 && channel_destroy(listening) == 0);
}

/* Page faults, and pages that are there, go to a node that exists; one that does not is refused. */
static void memory_near_a_node(void) {
  const size_t bytes = 1 << 20;
  uint8_t *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(memory != MAP_FAILED);
  memory[0] = 1;
  int status = memory_near(memory, bytes, 0);
  CHECK(status == 0 || status == -ENOSYS || status == -EPERM); /* a kernel without NUMA, or a jail */
  CHECK(memory[0] == 1);
  if (status == 0) {
    int mode = 0;
    unsigned long nodes[1024 / (8 * sizeof(unsigned long))] = {0};
    CHECK(syscall(SYS_get_mempolicy, &mode, nodes, 1025UL, memory, MPOL_F_ADDR) == 0);
    CHECK(mode == MPOL_PREFERRED && nodes[0] == 1);
    CHECK(memory_near(memory, bytes, 1000) < 0);
  }
  CHECK(memory_near(memory, bytes, -1) == -EINVAL && memory_near(memory, bytes, 1 << 20) == -EINVAL);
  munmap(memory, bytes);
}

int main(int argc, char **argv) {
  stale_and_foreign();
  full_table();
  memory_near_a_node();
  many_threads();
  destroyed_while_waited_on();
  every_call_refuses(0);
  every_call_refuses(-1);
  every_call_refuses(1 << 16 | 3);
  if (argc > 1) {
    with_device(argv[1], argc > 2 ? atoi(argv[2]) : 6);
  }
  CHECK(handle_count() == 0);
  printf("checked libdisni's handles%s\n", argc > 1 ? " and connections" : "");
  return 0;
}
