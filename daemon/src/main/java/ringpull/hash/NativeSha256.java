package ringpull.hash;

import java.lang.foreign.MemorySegment;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import jnr.ffi.LibraryLoader;

/** libringpull's. */
final class NativeSha256 implements Sha256 {
    private static final String FILE = "libringpull.so";

    /** {@code RINGPULL_VERSION} in {@code ringpull.h}. */
    private static final int VERSION = 1;

    private final Libringpull library;

    private NativeSha256(Libringpull library) {
        this.library = library;
    }

    /** The library cannot be used here; the message says why. */
    static final class Unavailable extends Exception {
        Unavailable(String message) {
            super(message);
        }
    }

    static NativeSha256 load() throws Unavailable {
        Path file = besideTheCode();
        if (!Files.isReadable(file)) {
            throw new Unavailable("there is no " + file);
        }
        if (Long.SIZE != 8 * jnr.ffi.Runtime.getSystemRuntime().addressSize()) {
            throw new Unavailable("this JVM has no 64-bit addresses");
        }
        try {
            Libringpull library = LibraryLoader.create(Libringpull.class).load(file.toString());
            if (library.ringpull_version() != VERSION) {
                throw new Unavailable(file + " has version " + library.ringpull_version() + " and not " + VERSION
                        + ": install the one that was built with this jar");
            }
            return new NativeSha256(library);
        } catch (LinkageError e) {
            throw new Unavailable(file + " cannot be loaded: " + e.getMessage());
        }
    }

    /** In this processor's directory beside the jar; when classes are run as they were compiled, beside their directory. */
    private static Path besideTheCode() throws Unavailable {
        CodeSource source = NativeSha256.class.getProtectionDomain().getCodeSource();
        if (source == null) {
            throw new Unavailable("the JVM does not say where this program lies");
        }
        try {
            return Path.of(source.getLocation().toURI())
                    .resolveSibling(Path.of("native", System.getProperty("os.arch"), FILE));
        } catch (URISyntaxException | IllegalArgumentException e) {
            throw new Unavailable("this program does not lie in a file: " + e.getMessage());
        }
    }

    @Override
    public String name() {
        return "libringpull, " + library.ringpull_instructions();
    }

    @Override
    public void compress(ByteBuffer values, ByteBuffer data, int stride, int blocks, int lanes) {
        Bounds.check(values, data, stride, blocks, lanes);
        library.ringpull_sha256(address(values), address(data), stride, blocks, lanes);
    }

    private static long address(ByteBuffer buffer) {
        return MemorySegment.ofBuffer(buffer).address();
    }
}
