package ringpull.ring.wire;

import java.io.IOException;
import java.util.List;
import ringpull.ring.Address;

/** Where a seed's addresses come from; asked again each time that the seed is tried, and so watched. */
sealed interface SeedSource permits HostPort, SeedFile, SrvName {
    /**
     * All addresses that it has now; blocks.
     *
     * @throws IOException with a sentence, if it has none
     */
    List<Address> resolve() throws IOException;

    /**
     * Parses {@code host}, {@code host:port}, {@code file:/path} or {@code srv:_service._tcp.domain}.
     *
     * @throws IllegalArgumentException with a sentence that says what is wrong
     */
    static SeedSource parse(String text) {
        if (text.startsWith(SeedFile.PREFIX)) {
            return SeedFile.parse(text);
        }
        return text.startsWith(SrvName.PREFIX) ? SrvName.parse(text) : HostPort.parse(text);
    }
}
