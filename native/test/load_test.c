/* Loads a library, finds in it each symbol that is named after it, and asks libdisni for its version. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

typedef int version_function(void *env, void *self);

int main(int argc, char **argv) {
  void *library = argc > 1 ? dlopen(argv[1], RTLD_NOW) : NULL;
  if (library == NULL) {
    printf("cannot load: %s\n", argc > 1 ? dlerror() : "usage: load_test LIBRARY SYMBOL...");
    return 1;
  }
  for (int i = 2; i < argc; i++) {
    if (dlsym(library, argv[i]) == NULL) {
      printf("not in it: %s\n", argv[i]);
      return 1;
    }
  }
  void *symbol = dlsym(library, "Java_ringpull_transport_rdma_Native_version");
  version_function *version;
  if (symbol == NULL) {
    printf("it has no version\n");
    return 1;
  }
  memcpy(&version, &symbol, sizeof version);
  printf("loaded %d symbols, version %d\n", argc - 2, version(NULL, NULL));
  return 0;
}
