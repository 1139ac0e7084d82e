package ringpull.bench;

import java.io.IOException;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Memory;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;

/** OpenSSL's SHA-256, called in this process, so that rival and product read and are timed alike. */
final class Libcrypto implements AutoCloseable {
    private final Functions functions;
    private final Pointer context;
    private final Pointer digest;

    /** What jnr-ffi binds. */
    public interface Functions {
        Pointer EVP_MD_CTX_new();

        void EVP_MD_CTX_free(Pointer context);

        Pointer EVP_sha256();

        int EVP_DigestInit_ex(Pointer context, Pointer type, Pointer engine);

        int EVP_DigestUpdate(Pointer context, long data, long bytes);

        int EVP_DigestFinal_ex(Pointer context, Pointer digest, Pointer length);
    }

    Libcrypto() throws IOException {
        try {
            functions = LibraryLoader.create(Functions.class).load("libcrypto.so.3");
        } catch (UnsatisfiedLinkError e) {
            throw new IOException("there is no libcrypto.so.3 of OpenSSL 3: " + e.getMessage(), e);
        }
        context = functions.EVP_MD_CTX_new();
        digest = Memory.allocateDirect(Runtime.getRuntime(functions), 32);
    }

    void begin() throws IOException {
        if (functions.EVP_DigestInit_ex(context, functions.EVP_sha256(), null) != 1) {
            throw new IOException("libcrypto has no SHA-256");
        }
    }

    void update(long address, long bytes) {
        functions.EVP_DigestUpdate(context, address, bytes);
    }

    byte[] finish() {
        functions.EVP_DigestFinal_ex(context, digest, null);
        byte[] bytes = new byte[32];
        digest.get(0, bytes, 0, bytes.length);
        return bytes;
    }

    @Override
    public void close() {
        functions.EVP_MD_CTX_free(context);
    }
}
