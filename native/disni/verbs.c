#include "rdma.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { SGES = 1 };

int context_fd(handle context) {
  struct entry *entry = handle_hold(context, CONTEXT);
  int fd = entry == NULL ? -EINVAL : ((struct ibv_context *)entry->object)->cmd_fd;
  handle_drop(entry);
  return fd;
}

int context_vectors(handle context) {
  struct entry *entry = handle_hold(context, CONTEXT);
  int vectors = entry == NULL ? -EINVAL : ((struct ibv_context *)entry->object)->num_comp_vectors;
  handle_drop(entry);
  return vectors;
}

handle pd_allocate(handle context) {
  struct entry *parent = handle_hold(context, CONTEXT);
  if (parent == NULL) {
    return -EINVAL;
  }
  struct ibv_pd *pd = ibv_alloc_pd(parent->object);
  handle made = pd == NULL ? failure() : handle_add(PD, pd, (struct entry *[PARENTS_MAX]){parent});
  if (pd != NULL && made < 0) {
    ibv_dealloc_pd(pd);
  }
  handle_drop(parent);
  return made;
}

int pd_number(handle pd) {
  struct entry *entry = handle_hold(pd, PD);
  int number = entry == NULL ? -EINVAL : (int)((struct ibv_pd *)entry->object)->handle;
  handle_drop(entry);
  return number;
}

/* The end of a destruction that was begun: the object's own failure keeps the handle alive. */
static int finish(struct entry *entry, int error) {
  if (error == 0) {
    handle_remove(entry);
    return 0;
  }
  handle_keep(entry);
  return error > 0 ? -error : failure();
}

int pd_free(handle pd) {
  struct entry *entry;
  int status = handle_retire(pd, PD, &entry);
  return status != 0 ? status : finish(entry, ibv_dealloc_pd(entry->object));
}

handle comp_channel_create(handle context) {
  struct entry *parent = handle_hold(context, CONTEXT);
  if (parent == NULL) {
    return -EINVAL;
  }
  handle made = 0;
  int woken = wake_fd();
  struct ibv_comp_channel *channel = woken < 0 ? NULL : ibv_create_comp_channel(parent->object);
  if (channel == NULL) {
    made = woken < 0 ? woken : failure();
  } else {
    int flags = fcntl(channel->fd, F_GETFL);
    made = flags < 0 || fcntl(channel->fd, F_SETFL, flags | O_NONBLOCK) < 0
               ? failure()
               : handle_add(COMP_CHANNEL, channel, (struct entry *[PARENTS_MAX]){parent});
  }
  struct entry *entry = made > 0 ? handle_hold(made, COMP_CHANNEL) : NULL;
  if (entry != NULL) {
    entry->wake = woken;
    handle_drop(entry);
  } else {
    if (channel != NULL) {
      ibv_destroy_comp_channel(channel);
    }
    if (woken >= 0) {
      close(woken);
    }
  }
  handle_drop(parent);
  return made;
}

int comp_channel_destroy(handle channel) {
  struct entry *entry;
  int status = handle_retire(channel, COMP_CHANNEL, &entry);
  if (status != 0) {
    return status;
  }
  int woken = entry->wake;
  status = finish(entry, ibv_destroy_comp_channel(entry->object));
  if (status == 0) {
    close(woken);
  }
  return status;
}

int comp_channel_wake(handle channel) { return wake(channel, COMP_CHANNEL); }

/* Takes an event if there is one, and counts it with its queue. */
static int take_event(struct entry *channel) {
  struct ibv_cq *cq;
  void *context;
  if (ibv_get_cq_event(channel->object, &cq, &context) != 0) {
    return errno == EAGAIN ? 0 : failure();
  }
  struct entry *entry = handle_hold((handle)(intptr_t)context, CQ);
  if (entry == NULL) { /* it is being destroyed, and waits for this */
    ibv_ack_cq_events(cq, 1);
    return 0;
  }
  __atomic_fetch_add(&entry->unacked, 1, __ATOMIC_RELAXED);
  handle_drop(entry);
  return 1;
}

int comp_channel_event(handle channel, int millis) {
  struct entry *entry = handle_hold(channel, COMP_CHANNEL);
  if (entry == NULL) {
    return -EINVAL;
  }
  if (millis == 0) { /* its descriptor does not block */
    int taken = handle_dying(entry) ? -EINVAL : take_event(entry);
    handle_drop(entry);
    return taken;
  }
  const int fds[] = {((struct ibv_comp_channel *)entry->object)->fd, entry->wake};
  int status = wait_fds(fds, 2, millis);
  if (status > 0) {
    if (status & 2) {
      drain(entry->wake);
    }
    status = handle_dying(entry) ? -EINVAL : status & 1 ? take_event(entry) : 0;
  }
  handle_drop(entry);
  return status;
}

int wait_both(handle comp_channel, handle event_channel, int millis) {
  struct entry *completions = handle_hold(comp_channel, COMP_CHANNEL);
  struct entry *events = handle_hold(event_channel, CHANNEL);
  int status = -EINVAL;
  if (completions != NULL && events != NULL) {
    const int fds[] = {((struct ibv_comp_channel *)completions->object)->fd, completions->wake,
                       ((struct rdma_event_channel *)events->object)->fd, events->wake};
    int ready = wait_fds(fds, 4, millis);
    status = ready;
    if (ready >= 0) {
      if (ready & 2) {
        drain(completions->wake);
      }
      if (ready & 8) {
        drain(events->wake);
      }
      status = (ready & 1 ? WAIT_COMPLETION : 0) | (ready & 4 ? WAIT_EVENT : 0) | (ready & 10 ? WAIT_WOKEN : 0);
      status = handle_dying(completions) || handle_dying(events) ? -EINVAL : status;
    }
  }
  handle_drop(events);
  handle_drop(completions);
  return status;
}

handle cq_create(handle context, handle channel, int entries, int vector) {
  struct entry *parent = handle_hold(context, CONTEXT);
  struct entry *notifier = channel == 0 ? NULL : handle_hold(channel, COMP_CHANNEL);
  handle made = -EINVAL;
  if (parent != NULL && (notifier != NULL || channel == 0)) {
    struct ibv_cq *cq = ibv_create_cq(parent->object, entries, NULL, notifier == NULL ? NULL : notifier->object, vector);
    made = cq == NULL ? failure() : handle_add(CQ, cq, (struct entry *[PARENTS_MAX]){parent, notifier});
    if (cq != NULL && made < 0) {
      ibv_destroy_cq(cq);
    } else if (cq != NULL) {
      cq->cq_context = (void *)(intptr_t)made;
    }
  }
  handle_drop(notifier);
  handle_drop(parent);
  return made;
}

int cq_destroy(handle cq) {
  struct entry *entry;
  int status = handle_retire(cq, CQ, &entry);
  if (status != 0) {
    return status;
  }
  /* ibv_destroy_cq would wait for these. */
  uint32_t unacked = __atomic_exchange_n(&entry->unacked, 0, __ATOMIC_RELAXED);
  if (unacked > 0) {
    ibv_ack_cq_events(entry->object, unacked);
  }
  return finish(entry, ibv_destroy_cq(entry->object));
}

int cq_notify(handle cq, int solicited_only) {
  struct entry *entry = handle_hold(cq, CQ);
  int status = entry == NULL ? -EINVAL : -ibv_req_notify_cq(entry->object, solicited_only);
  handle_drop(entry);
  return status;
}

int cq_poll(handle cq, int count, struct ibv_wc *completions) {
  struct entry *entry = handle_hold(cq, CQ);
  int polled = entry == NULL || count < 0 ? -EINVAL : ibv_poll_cq(entry->object, count, completions);
  handle_drop(entry);
  return polled;
}

int cq_acknowledge(handle cq, int events) {
  struct entry *entry = handle_hold(cq, CQ);
  if (entry == NULL) {
    return -EINVAL;
  }
  /* No more than were taken: too many would make the queue's end wait for ever. */
  uint32_t there = __atomic_load_n(&entry->unacked, __ATOMIC_RELAXED);
  uint32_t taken;
  do {
    taken = events <= 0 ? 0 : (uint32_t)events < there ? (uint32_t)events : there;
  } while (!__atomic_compare_exchange_n(&entry->unacked, &there, there - taken, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
  if (taken > 0) {
    ibv_ack_cq_events(entry->object, taken);
  }
  handle_drop(entry);
  return 0;
}

handle qp_create(handle id, handle pd, handle send_cq, handle recv_cq, int type, int send_wr, int recv_wr, int inline_bytes) {
  struct entry *of = handle_hold(id, ID);
  struct entry *in = handle_hold(pd, PD);
  struct entry *sent = handle_hold(send_cq, CQ);
  struct entry *received = handle_hold(recv_cq, CQ);
  handle made = -EINVAL;
  if (of != NULL && in != NULL && sent != NULL && received != NULL && of->qp == 0 && send_wr >= 0 && recv_wr >= 0 && inline_bytes >= 0) {
    struct ibv_qp_init_attr attributes = {
        .send_cq = sent->object,
        .recv_cq = received->object,
        .cap = {.max_send_wr = (uint32_t)send_wr,
                .max_recv_wr = (uint32_t)recv_wr,
                .max_send_sge = SGES,
                .max_recv_sge = SGES,
                .max_inline_data = (uint32_t)inline_bytes},
        .qp_type = (enum ibv_qp_type)type,
    };
    struct rdma_cm_id *object = of->object;
    if (rdma_create_qp(object, in->object, &attributes) != 0) {
      made = failure();
    } else {
      made = handle_add(QP, object->qp, (struct entry *[PARENTS_MAX]){of, in, sent, received});
      if (made < 0) {
        rdma_destroy_qp(object);
      } else {
        of->qp = made;
      }
    }
  }
  handle_drop(received);
  handle_drop(sent);
  handle_drop(in);
  handle_drop(of);
  return made;
}

int qp_destroy(handle id) {
  struct entry *of = handle_hold(id, ID);
  if (of == NULL) {
    return -EINVAL;
  }
  struct entry *entry;
  int status = handle_retire(of->qp, QP, &entry);
  if (status == 0) {
    rdma_destroy_qp(of->object);
    of->qp = 0;
    handle_remove(entry);
  }
  handle_drop(of);
  return status;
}

int64_t qp_number(handle qp) {
  struct entry *entry = handle_hold(qp, QP);
  int64_t number = entry == NULL ? -EINVAL : (int64_t)((struct ibv_qp *)entry->object)->qp_num;
  handle_drop(entry);
  return number;
}

int qp_known(handle qp) {
  struct entry *entry = handle_hold(qp, QP);
  handle_drop(entry);
  return entry == NULL ? -EINVAL : 0;
}

int qp_post_send(handle qp, struct ibv_send_wr *list) {
  struct entry *entry = handle_hold(qp, QP);
  struct ibv_send_wr *bad;
  int status = entry == NULL ? -EINVAL : -ibv_post_send(entry->object, list, &bad);
  handle_drop(entry);
  return status;
}

int qp_post_recv(handle qp, struct ibv_recv_wr *list) {
  struct entry *entry = handle_hold(qp, QP);
  struct ibv_recv_wr *bad;
  int status = entry == NULL ? -EINVAL : -ibv_post_recv(entry->object, list, &bad);
  handle_drop(entry);
  return status;
}

handle mr_register(handle pd, void *address, size_t length, int access, uint32_t *lkey, uint32_t *rkey, uint32_t *number) {
  struct entry *parent = handle_hold(pd, PD);
  if (parent == NULL || length == 0) {
    handle_drop(parent);
    return -EINVAL;
  }
  struct ibv_mr *mr = ibv_reg_mr(parent->object, address, length, (unsigned int)access);
  handle made = mr == NULL ? failure() : handle_add(MR, mr, (struct entry *[PARENTS_MAX]){parent});
  if (mr != NULL && made < 0) {
    ibv_dereg_mr(mr);
  } else if (mr != NULL) {
    *lkey = mr->lkey;
    *rkey = mr->rkey;
    *number = mr->handle;
  }
  handle_drop(parent);
  return made;
}

int mr_deregister(handle mr) {
  struct entry *entry;
  int status = handle_retire(mr, MR, &entry);
  return status != 0 ? status : finish(entry, ibv_dereg_mr(entry->object));
}
