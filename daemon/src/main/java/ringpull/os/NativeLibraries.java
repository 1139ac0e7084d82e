package ringpull.os;

import java.nio.file.Path;

/** Where libraries unpack the native code that they bring in their jars. */
public final class NativeLibraries {
    private NativeLibraries() {}

    /**
     * To this directory, which exists, and not to the temporary one: nothing may be executed there on a hardened host. Call
     * it before any of these libraries is used; a property that was set by hand stays.
     */
    public static void unpackTo(Path directory) {
        for (String property : new String[] {"jffi.extract.dir", "io.netty.native.workdir"}) {
            if (System.getProperty(property) == null) {
                System.setProperty(property, directory.toAbsolutePath().toString());
            }
        }
    }
}
