package ringpull.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import ringpull.config.Config;

/** PEM files as other programs write them, made with openssl: what cert-manager, SPIRE and people have. */
class ForeignFilesTest {
    private static final String EC = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1";
    private static final String RSA = "-newkey rsa:2048";

    @TempDir
    Path folder;

    @BeforeEach
    void authority() throws Exception {
        openssl("req -x509 -nodes -days 2 -keyout ca.key -out ca.pem -subj /CN=root", EC);
    }

    private void openssl(String... words) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("openssl"));
        for (String some : words) {
            command.addAll(Arrays.asList(some.split(" ", -1)));
        }
        Path output = folder.resolve("openssl.log");
        Process process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        assertThat(process.waitFor())
                .as(command + ": " + Files.readString(output))
                .isZero();
    }

    private void issue(String name, String key, String ca, String... extensions) throws Exception {
        openssl("req -new -nodes -keyout", name + ".key", "-out", name + ".csr", "-subj /CN=" + name, key);
        Files.write(folder.resolve("ext"), List.of(extensions));
        openssl(
                "x509 -req -days 2 -CAcreateserial -extfile ext -in",
                name + ".csr",
                "-CA",
                ca + ".pem",
                "-CAkey",
                ca + ".key",
                "-out",
                name + ".pem");
    }

    private Config.Tls files(String cert, String key, String ca) {
        return new Config.Tls(folder.resolve(cert), folder.resolve(key), folder.resolve(ca));
    }

    private PeerTls member(String name) throws IOException {
        return PeerTls.of(files(name + ".pem", name + ".key", "ca.pem"));
    }

    private static void agree(PeerTls one, PeerTls other) throws Exception {
        try (TlsConnection connection = TlsConnection.open(one, other)) {
            assertThat(connection.server()).isEqualTo(one.identity());
            assertThat(connection.client()).isEqualTo(other.identity());
        }
    }

    @Test
    void keysInEveryFormThatIsUsual() throws Exception {
        issue("pkcs8", EC, "ca");
        issue("rsa", RSA, "ca");
        openssl("ec -in pkcs8.key -out sec1.key");
        openssl("rsa -traditional -in rsa.key -out pkcs1.key");
        assertThat(folder.resolve("sec1.key")).content().contains("BEGIN EC PRIVATE KEY");
        assertThat(folder.resolve("pkcs1.key")).content().contains("BEGIN RSA PRIVATE KEY");
        Files.writeString(
                folder.resolve("params.key"),
                "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
                        + Files.readString(folder.resolve("sec1.key")));

        PeerTls pkcs8 = member("pkcs8");
        for (Config.Tls files : List.of(
                files("rsa.pem", "rsa.key", "ca.pem"),
                files("rsa.pem", "pkcs1.key", "ca.pem"),
                files("pkcs8.pem", "sec1.key", "ca.pem"),
                files("pkcs8.pem", "params.key", "ca.pem"))) {
            agree(pkcs8, PeerTls.of(files));
            agree(PeerTls.of(files), pkcs8);
        }
    }

    @Test
    void anIntermediateAuthorityTravelsWithTheCertificate() throws Exception {
        issue("middle", EC, "ca", "basicConstraints=critical,CA:TRUE", "keyUsage=keyCertSign");
        issue("leaf", EC, "middle", "keyUsage=digitalSignature,keyEncipherment");
        issue("plain", EC, "ca");
        assertThatThrownBy(() -> member("leaf"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("append their certificates to cert");
        Files.writeString(
                folder.resolve("chain.pem"),
                "# from an authority\n" + Files.readString(folder.resolve("leaf.pem")) + "text between\n"
                        + Files.readString(folder.resolve("middle.pem")));

        PeerTls chained = PeerTls.of(files("chain.pem", "leaf.key", "ca.pem"));

        agree(chained, member("plain"));
        agree(member("plain"), chained);
    }

    @Test
    void severalAuthoritiesInTheBundle() throws Exception {
        issue("one", EC, "ca");
        openssl("req -x509 -nodes -days 2 -keyout new.key -out new.pem -subj /CN=next", EC);
        issue("two", EC, "new");
        Files.writeString(
                folder.resolve("bundle.pem"),
                Files.readString(folder.resolve("ca.pem")) + Files.readString(folder.resolve("new.pem")));

        agree(
                PeerTls.of(files("one.pem", "one.key", "bundle.pem")),
                PeerTls.of(files("two.pem", "two.key", "bundle.pem")));
    }

    @Test
    void whoAMemberIs() throws Exception {
        issue("spiffe", EC, "ca", "subjectAltName=URI:spiffe://cluster.local/ns/x/sa/ringpull,DNS:a.example");
        issue("other", EC, "ca", "subjectAltName=URI:https://a.example/,DNS:a.example");
        issue("two", EC, "ca", "subjectAltName=URI:spiffe://a/1,URI:spiffe://a/2");
        issue("wrong", EC, "ca", "subjectAltName=URI:ringpull://a/b/c");

        assertThat(member("spiffe").identity())
                .isEqualTo(new PeerIdentity("spiffe://cluster.local/ns/x/sa/ringpull", Optional.empty()));
        assertThat(member("other").identity().text()).matches("sha256:[0-9a-f]{64}");
        assertThat(member("other").identity().memberId())
                .hasSize(32)
                .isNotEqualTo(member("spiffe").identity().memberId());
        assertThatThrownBy(() -> member("two")).hasMessageContaining("more than one member");
        assertThatThrownBy(() -> member("wrong")).hasMessageContaining("is not ringpull://<cluster>/<node>");

        String before = member("other").identity().memberId();
        openssl("req -new -key other.key -out other.csr -subj /CN=renewed");
        openssl("x509 -req -days 2 -in other.csr -CA ca.pem -CAkey ca.key -out other.pem");
        assertThat(member("other").identity().memberId())
                .as("the key is the same")
                .isEqualTo(before);
    }

    @Test
    void whatDoesNotFitIsSaid() throws Exception {
        issue("one", EC, "ca");
        issue("two", EC, "ca");
        issue("server", EC, "ca", "extendedKeyUsage=serverAuth");
        openssl("req -x509 -nodes -days 2 -keyout x.key -out x.pem -subj /CN=elsewhere", EC);
        openssl("ec -aes128 -passout pass:secret -in one.key -out locked.key");
        openssl("pkcs8 -topk8 -passout pass:secret -in one.key -out locked8.key");
        Files.writeString(folder.resolve("empty.pem"), "");
        Files.writeString(
                folder.resolve("cut.pem"),
                Files.readString(folder.resolve("one.pem")).substring(0, 300));
        Files.writeString(
                folder.resolve("damaged.key"), "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n");
        Files.writeString(folder.resolve("large.pem"), " ".repeat(Pem.FILE_BYTES_MAX + 1));

        refused(files("one.pem", "two.key", "ca.pem"), "[peer] key: ", "is not the key of");
        refused(files("one.pem", "one.key", "x.pem"), "[peer] ca: no authority", "CN=root");
        refused(files("server.pem", "server.key", "ca.pem"), "[peer] cert: ", "client auth and server auth");
        refused(files("one.pem", "locked.key", "ca.pem"), "[peer] key: ", "is encrypted");
        refused(files("one.pem", "locked8.key", "ca.pem"), "[peer] key: ", "is encrypted");
        refused(files("one.pem", "damaged.key", "ca.pem"), "[peer] key: ", "damaged");
        refused(files("one.pem", "one.pem", "ca.pem"), "[peer] key: ", "no private key");
        refused(files("one.pem", "gone.key", "ca.pem"), "[peer] key: ", "does not exist");
        refused(files("empty.pem", "one.key", "ca.pem"), "[peer] cert: ", "holds no certificate");
        refused(files("cut.pem", "one.key", "ca.pem"), "[peer] cert: ", "holds no certificate");
        refused(files("one.pem", "one.key", "large.pem"), "[peer] ca: ", "larger than 1 MiB");
    }

    private static void refused(Config.Tls files, String key, String why) {
        assertThatThrownBy(() -> PeerTls.of(files))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(key)
                .hasMessageContaining(why);
    }
}
