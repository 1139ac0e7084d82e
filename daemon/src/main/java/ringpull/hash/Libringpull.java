package ringpull.hash;

/** What jnr-ffi binds of {@code native/src/ringpull.h}. Pointers are passed as numbers: that allocates nothing. */
public interface Libringpull {
    int ringpull_version();

    String ringpull_instructions();

    void ringpull_sha256(long values, long data, long stride, long blocks, int lanes);
}
