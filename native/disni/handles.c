#include "handles.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <unistd.h>

/* The place in the low bits, the generation above it; place 0 stays empty, so that no handle is 0. */
enum { PLACE_BITS = 16 };

static struct entry table[HANDLES_MAX];
static uint32_t freed[HANDLES_MAX];
static uint32_t freed_count;
static uint32_t fresh = 1;
static int live;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t idle = PTHREAD_COND_INITIALIZER;

static uint32_t place(const struct entry *entry) { return (uint32_t)(entry - table); }

handle handle_of(const struct entry *entry) {
  return (handle)(((uint64_t)entry->generation << PLACE_BITS) | place(entry));
}

static struct entry *find(handle h, enum kind kind) {
  if (h <= 0) {
    return NULL;
  }
  struct entry *entry = &table[(uint64_t)h & (HANDLES_MAX - 1)];
  bool same = entry->kind == kind && !entry->dying && handle_of(entry) == h;
  return same ? entry : NULL;
}

handle handle_add(enum kind kind, void *object, struct entry *const parents[PARENTS_MAX]) {
  pthread_mutex_lock(&lock);
  uint32_t at = 0;
  if (freed_count > 0) {
    at = freed[--freed_count];
  } else if (fresh < HANDLES_MAX) {
    at = fresh++;
  }
  if (at == 0) {
    pthread_mutex_unlock(&lock);
    return -ENFILE;
  }
  struct entry *entry = &table[at];
  uint32_t generation = (entry->generation + 1) & INT32_MAX;
  *entry = (struct entry){.object = object, .kind = kind, .generation = generation == 0 ? 1 : generation, .wake = -1};
  for (int i = 0; i < PARENTS_MAX; i++) {
    if (parents != NULL && parents[i] != NULL) {
      entry->parents[i] = place(parents[i]);
      parents[i]->children++;
    }
  }
  live++;
  handle made = handle_of(entry);
  pthread_mutex_unlock(&lock);
  return made;
}

struct entry *handle_hold(handle h, enum kind kind) {
  pthread_mutex_lock(&lock);
  struct entry *entry = find(h, kind);
  if (entry != NULL) {
    entry->users++;
  }
  pthread_mutex_unlock(&lock);
  return entry;
}

void handle_drop(struct entry *held) {
  if (held == NULL) {
    return;
  }
  pthread_mutex_lock(&lock);
  if (--held->users == 0 && held->dying) {
    pthread_cond_broadcast(&idle);
  }
  pthread_mutex_unlock(&lock);
}

int handle_retire(handle h, enum kind kind, struct entry **retired) {
  pthread_mutex_lock(&lock);
  struct entry *entry = find(h, kind);
  int status = entry == NULL ? -EINVAL : entry->children > 0 ? -EBUSY : 0;
  if (status == 0) {
    entry->dying = true;
    if (entry->wake >= 0) {
      const uint64_t one = 1;
      ssize_t written = write(entry->wake, &one, sizeof one);
      (void)written; /* full: it wakes all the same */
    }
    while (entry->users > 0) {
      pthread_cond_wait(&idle, &lock);
    }
    if (entry->children > 0) { /* made by a call that was under way */
      entry->dying = false;
      status = -EBUSY;
    } else {
      *retired = entry;
    }
  }
  pthread_mutex_unlock(&lock);
  return status;
}

void handle_remove(struct entry *retired) {
  pthread_mutex_lock(&lock);
  for (int i = 0; i < PARENTS_MAX; i++) {
    if (retired->parents[i] != 0) {
      table[retired->parents[i]].children--;
    }
  }
  retired->kind = NOTHING;
  retired->object = NULL;
  retired->dying = false;
  freed[freed_count++] = place(retired);
  live--;
  pthread_mutex_unlock(&lock);
}

void handle_keep(struct entry *retired) {
  pthread_mutex_lock(&lock);
  retired->dying = false;
  pthread_mutex_unlock(&lock);
}

void handle_move(struct entry *child, struct entry *from, struct entry *to) {
  pthread_mutex_lock(&lock);
  for (int i = 0; i < PARENTS_MAX; i++) {
    if (child->parents[i] == place(from)) {
      child->parents[i] = place(to);
      from->children--;
      to->children++;
      break;
    }
  }
  pthread_mutex_unlock(&lock);
}

bool handle_dying(struct entry *held) {
  pthread_mutex_lock(&lock);
  bool dying = held->dying;
  pthread_mutex_unlock(&lock);
  return dying;
}

int handle_count(void) {
  pthread_mutex_lock(&lock);
  int count = live;
  pthread_mutex_unlock(&lock);
  return count;
}
