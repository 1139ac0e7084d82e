package ringpull.helper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import ringpull.blob.Digest;

class RequestTest {
    private static final Request.Session SESSION = new Request.Session("0123456789abcdef0123456789abcdef");
    private static final Request.Key KEY = Request.Key.of(new byte[32]);
    private static final UUID NAME = UUID.fromString("00000000-0000-4000-8000-000000000001");

    static Stream<Request> all() {
        Endpoint four = new Endpoint(Endpoint.Fabric.TCP, InetAddress.ofLiteral("10.0.0.1"), 4420);
        Endpoint six = new Endpoint(Endpoint.Fabric.RDMA, InetAddress.ofLiteral("fd00::1"), 1);
        return Stream.of(
                new Request.Probe(),
                new Request.Listen(four),
                new Request.Listen(six),
                new Request.Export(SESSION, KEY, NAME),
                new Request.Withdraw(SESSION, NAME),
                new Request.Dismiss(SESSION),
                new Request.Connect(six, SESSION, KEY),
                new Request.Open(NAME),
                new Request.Abort(Digest.parse("sha256:" + "0a".repeat(32))));
    }

    @ParameterizedTest
    @MethodSource("all")
    void everyRequestIsReadAsItIsWritten(Request request) {
        assertThat(Request.parse(request.line())).isEqualTo(request);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "probe ",
                "PROBE",
                "listen tcp 10.0.0.1",
                "listen tcp host 4420",
                "listen tcp 10.0.0.1 0",
                "listen tcp 10.0.0.1 65536",
                "listen tcp 0.0.0.0 4420",
                "listen tcp 224.0.0.1 4420",
                "listen tcp 10.0.0.1,hostnqn=x 4420",
                "listen tcp fe80::1%eth0 4420",
                "listen loop 10.0.0.1 4420",
                "listen tcp 10.0.0.1 4420\n",
                "open ../../etc/passwd",
                "open 00000000-0000-4000-8000-00000000000A",
                "abort 0a",
                "abort " + "0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A0A",
                "dismiss 0123456789abcdef0123456789abcde",
                "dismiss 0123456789abcdef0123456789abcde/",
                "withdraw 0123456789abcdef0123456789abcdef ..",
                "connect tcp 10.0.0.1 4420 0123456789abcdef0123456789abcdef ",
                "export 0123456789abcdef0123456789abcdef 00 00000000-0000-4000-8000-000000000001"
            })
    void nothingElseIsOne(String line) {
        assertThatThrownBy(() -> Request.parse(line)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void keysAreNotPrinted() {
        assertThat(new Request.Export(SESSION, KEY, NAME).toString()).doesNotContain(KEY.hex());
    }

    /** The vector: 32 zero bytes, whose CRC-32 is 190a55ad. */
    @Test
    void aKeyIsWrittenAsTheKernelReadsIt() {
        assertThat(Names.secret(KEY)).isEqualTo("DHHC-1:00:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAACtVQoZ:");
    }
}
