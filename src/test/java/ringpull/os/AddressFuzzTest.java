package ringpull.os;

import org.junit.jupiter.api.Test;
import ringpull.fuzz.Fuzz;

class AddressFuzzTest {
    @Test
    void ranges() {
        new Fuzz("AddressRange")
                .with("10.0.0.0/8", "fd00::/16", "127.0.0.1", "::1/128")
                .texts(AddressRange::parse);
    }
}
