#include "rdma.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t contexts = PTHREAD_MUTEX_INITIALIZER;

int failure(void) { return errno > 0 ? -errno : -EIO; }

int wake_fd(void) {
  int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  return fd < 0 ? failure() : fd;
}

void drain(int fd) {
  uint64_t count;
  ssize_t got = read(fd, &count, sizeof count);
  (void)got; /* nothing there: somebody else drained it */
}

int wake(handle h, enum kind kind) {
  struct entry *entry = handle_hold(h, kind);
  if (entry == NULL) {
    return -EINVAL;
  }
  const uint64_t one = 1;
  ssize_t written = write(entry->wake, &one, sizeof one);
  (void)written; /* full: it wakes all the same */
  handle_drop(entry);
  return 0;
}

int wait_fds(const int *fds, int count, int millis) {
  struct pollfd polled[4];
  for (int i = 0; i < count; i++) {
    polled[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
  }
  struct timespec left = {.tv_sec = millis / 1000, .tv_nsec = millis % 1000 * 1000000L};
  /* The kernel's own call, not libc's: it leaves in left what a signal left of the time, so no clock is read. */
  while (syscall(SYS_ppoll, polled, (unsigned long)count, millis < 0 ? NULL : &left, NULL, (size_t)0) < 0) {
    if (errno != EINTR) {
      return failure();
    }
  }
  int bits = 0;
  for (int i = 0; i < count; i++) {
    bits |= polled[i].revents != 0 ? 1 << i : 0;
  }
  return bits;
}

handle channel_create(void) {
  struct rdma_event_channel *channel = rdma_create_event_channel();
  if (channel == NULL) {
    return failure();
  }
  int woken = wake_fd();
  int flags = fcntl(channel->fd, F_GETFL);
  handle made = woken < 0 ? woken : 0;
  if (made == 0 && (flags < 0 || fcntl(channel->fd, F_SETFL, flags | O_NONBLOCK) < 0)) {
    made = failure();
  }
  if (made == 0) {
    made = handle_add(CHANNEL, channel, NULL);
  }
  struct entry *entry = made > 0 ? handle_hold(made, CHANNEL) : NULL;
  if (entry == NULL) {
    if (woken >= 0) {
      close(woken);
    }
    rdma_destroy_event_channel(channel);
    return made;
  }
  entry->wake = woken;
  handle_drop(entry);
  return made;
}

int channel_destroy(handle channel) {
  struct entry *entry;
  int status = handle_retire(channel, CHANNEL, &entry);
  if (status == 0) {
    rdma_destroy_event_channel(entry->object);
    close(entry->wake);
    handle_remove(entry);
  }
  return status;
}

int channel_wake(handle channel) { return wake(channel, CHANNEL); }

/* The handle of an event's id; one that the event brought gets its handle here. 0: it has none. */
static int64_t event_id(struct entry *channel, const struct rdma_cm_event *event) {
  if (event->event == RDMA_CM_EVENT_CONNECT_REQUEST) {
    struct entry *parents[PARENTS_MAX] = {channel};
    event->id->context = NULL; /* it inherits the listener's */
    handle made = handle_add(ID, event->id, parents);
    if (made > 0) {
      event->id->context = (void *)(intptr_t)made;
    }
    return made > 0 ? made : 0;
  }
  return event->id == NULL ? 0 : (int64_t)(intptr_t)event->id->context;
}

static int take_event(struct entry *channel, struct cm_event *out) {
  struct rdma_cm_event *event;
  if (rdma_get_cm_event(channel->object, &event) != 0) {
    return failure();
  }
  *out = (struct cm_event){.type = (int32_t)event->event, .status = event->status};
  out->listener = event->listen_id == NULL ? 0 : (int64_t)(intptr_t)event->listen_id->context;
  out->id = event_id(channel, event);
  const struct rdma_conn_param *param = &event->param.conn;
  out->length = param->private_data == NULL ? 0 : param->private_data_len;
  if (out->length > 0) {
    memcpy(out->data, param->private_data, (size_t)out->length);
  }
  out->responder_resources = param->responder_resources;
  out->initiator_depth = param->initiator_depth;
  struct rdma_cm_id *unwanted = event->event == RDMA_CM_EVENT_CONNECT_REQUEST && out->id == 0 ? event->id : NULL;
  rdma_ack_cm_event(event);
  if (unwanted != NULL) { /* the table is full */
    rdma_destroy_id(unwanted);
    return -ENFILE;
  }
  return WAIT_EVENT;
}

int channel_event(handle channel, int millis, struct cm_event *out) {
  struct entry *entry = handle_hold(channel, CHANNEL);
  if (entry == NULL) {
    return -EINVAL;
  }
  const int fds[] = {((struct rdma_event_channel *)entry->object)->fd, entry->wake};
  int status = wait_fds(fds, 2, millis);
  if (status > 0) {
    if (status & 2) {
      drain(entry->wake);
    }
    if (handle_dying(entry)) {
      status = -EINVAL;
    } else if (status & 1) {
      status = take_event(entry, out);
      status = status == -EAGAIN ? 0 : status;
    } else {
      status = WAIT_WOKEN;
    }
  }
  handle_drop(entry);
  return status;
}

handle id_create(handle channel, int space) {
  struct entry *parent = handle_hold(channel, CHANNEL);
  if (parent == NULL) {
    return -EINVAL;
  }
  struct rdma_cm_id *id;
  handle made;
  if (rdma_create_id(parent->object, &id, NULL, (enum rdma_port_space)space) != 0) {
    made = failure();
  } else {
    struct entry *parents[PARENTS_MAX] = {parent};
    made = handle_add(ID, id, parents);
    if (made > 0) {
      id->context = (void *)(intptr_t)made;
    } else {
      rdma_destroy_id(id);
    }
  }
  handle_drop(parent);
  return made;
}

int id_destroy(handle id) {
  struct entry *entry;
  int status = handle_retire(id, ID, &entry);
  if (status != 0) {
    return status;
  }
  /* Its device's context goes with it, and keeps it only if others rest on that. */
  if (entry->context != 0) {
    struct entry *context;
    status = handle_retire(entry->context, CONTEXT, &context);
    if (status != 0) {
      handle_keep(entry);
      return status;
    }
    handle_remove(context);
  }
  status = rdma_destroy_id(entry->object) == 0 ? 0 : failure();
  handle_remove(entry);
  return status;
}

/* Runs this with the id, and gives what it returns: 0, or -1 and errno. */
#define WITH_ID(id, expression)                           \
  struct entry *entry = handle_hold(id, ID);              \
  if (entry == NULL) {                                    \
    return -EINVAL;                                       \
  }                                                       \
  struct rdma_cm_id *object = entry->object;              \
  int status = (expression) == 0 ? 0 : failure();         \
  handle_drop(entry);                                     \
  return status

int id_bind(handle id, const struct sockaddr *address) { WITH_ID(id, rdma_bind_addr(object, (struct sockaddr *)(uintptr_t)address)); }

int id_listen(handle id, int backlog) { WITH_ID(id, rdma_listen(object, backlog)); }

int id_resolve_address(handle id, const struct sockaddr *source, const struct sockaddr *target, int millis) {
  WITH_ID(id, rdma_resolve_addr(object, (struct sockaddr *)(uintptr_t)source, (struct sockaddr *)(uintptr_t)target, millis));
}

int id_resolve_route(handle id, int millis) { WITH_ID(id, rdma_resolve_route(object, millis)); }

static struct rdma_conn_param connection(int retries, int rnr_retries, const void *data, size_t length) {
  return (struct rdma_conn_param){
      .private_data = length > 0 ? data : NULL,
      .private_data_len = (uint8_t)length,
      .responder_resources = RDMA_MAX_RESP_RES,
      .initiator_depth = RDMA_MAX_INIT_DEPTH,
      .retry_count = (uint8_t)(retries & 7),
      .rnr_retry_count = (uint8_t)(rnr_retries & 7),
  };
}

int id_connect(handle id, int retries, int rnr_retries, const void *data, size_t length) {
  if (length > PRIVATE_DATA_MAX) {
    return -EINVAL;
  }
  struct rdma_conn_param param = connection(retries, rnr_retries, data, length);
  WITH_ID(id, rdma_connect(object, &param));
}

int id_accept(handle id, int retries, int rnr_retries, const void *data, size_t length) {
  if (length > PRIVATE_DATA_MAX) {
    return -EINVAL;
  }
  struct rdma_conn_param param = connection(retries, rnr_retries, data, length);
  WITH_ID(id, rdma_accept(object, &param));
}

int id_reject(handle id, const void *data, size_t length) {
  if (length > PRIVATE_DATA_MAX) {
    return -EINVAL;
  }
  WITH_ID(id, rdma_reject(object, length > 0 ? data : NULL, (uint8_t)length));
}

int id_disconnect(handle id) { WITH_ID(id, rdma_disconnect(object)); }

int id_adopt(handle id, handle request) {
  struct entry *entry = handle_hold(id, ID);
  struct entry *from = NULL;
  int status = entry == NULL || entry->qp != 0 || entry->context != 0 ? -EINVAL : handle_retire(request, ID, &from);
  if (status == 0) {
    struct rdma_cm_id *blank = entry->object;
    struct rdma_cm_id *connection = from->object;
    if (rdma_migrate_id(connection, blank->channel) != 0) {
      status = failure();
      handle_keep(from);
    } else {
      entry->object = connection;
      connection->context = (void *)(intptr_t)id;
      handle_remove(from);
      rdma_destroy_id(blank);
    }
  }
  handle_drop(entry);
  return status;
}

int id_address(handle id, int remote, struct sockaddr_storage *address) {
  struct entry *entry = handle_hold(id, ID);
  if (entry == NULL) {
    return -EINVAL;
  }
  struct rdma_cm_id *object = entry->object;
  const struct sockaddr *from = remote ? rdma_get_peer_addr(object) : rdma_get_local_addr(object);
  size_t length = from->sa_family == AF_INET ? sizeof(struct sockaddr_in) : from->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : 0;
  memset(address, 0, sizeof *address);
  memcpy(address, from, length);
  handle_drop(entry);
  return length == 0 ? -ENOTCONN : 0;
}

handle id_context(handle id) {
  struct entry *entry = handle_hold(id, ID);
  if (entry == NULL) {
    return -EINVAL;
  }
  struct rdma_cm_id *object = entry->object;
  handle context = entry->context;
  if (object->verbs == NULL) {
    context = -ENODEV;
  } else if (context == 0) {
    /* It holds nothing itself: what is made of it holds it, and id_destroy looks there. */
    pthread_mutex_lock(&contexts);
    context = entry->context != 0 ? entry->context : handle_add(CONTEXT, object->verbs, NULL);
    entry->context = context > 0 ? context : 0;
    pthread_mutex_unlock(&contexts);
  }
  handle_drop(entry);
  return context;
}
