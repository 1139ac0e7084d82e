package ringpull.origin.oci;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import ringpull.blob.ContentKind;
import ringpull.blob.Digest;
import ringpull.config.Config;
import ringpull.e2e.RealRegistry;
import ringpull.origin.OriginException;
import ringpull.origin.OriginStream;

class TlsRegistryTest extends RealRegistryContract {
    @Override
    RealRegistry start(Path folder) {
        return RealRegistry.tlsWithPassword(folder);
    }

    @Test
    void bytesOverTlsAreAuthentic() throws Exception {
        Digest digest = putBlob(random(100));
        try (OriginStream stream = origin().open(repository(), ContentKind.BLOB, digest, 0)) {
            assertThat(stream.authentic()).isTrue();
            assertThat(stream.endpoint()).isEqualTo("https://" + registry.name());
        }
    }

    @Test
    void withoutCredentialsItIsDenied() throws Exception {
        assertDenied(login(Optional.empty(), Optional.empty()));
    }

    @Test
    void wrongCredentialsAreDeniedAndNotPrinted() throws Exception {
        assertDenied(login(Optional.of(new Config.Credential("puller", "wrong-secret")), Optional.empty()));
    }

    @Test
    void credentialsComeFromADockerConfig() throws Exception {
        Digest digest = putBlob(random(100));
        String auth =
                Base64.getEncoder().encodeToString((RealRegistry.USER + ":" + RealRegistry.PASSWORD).getBytes(UTF_8));
        List<String> entries = List.of(
                "{\"auth\":\"" + auth + "\"}",
                "{\"username\":\"" + RealRegistry.USER + "\",\"password\":\"" + RealRegistry.PASSWORD + "\"}");
        for (String entry : entries) {
            Path file = folder.resolve("config.json");
            Files.writeString(file, "{\"auths\":{\"https://" + registry.name() + "/v2/\":" + entry + "}}");
            try (OciOrigin mine = new OciOrigin(List.of(login(Optional.empty(), Optional.of(file))));
                    OriginStream stream = mine.open(repository(), ContentKind.BLOB, digest, 0)) {
                assertThat(readAll(stream)).isEqualTo(random(100));
            }
        }
    }

    @Test
    void aCredentialHelperIsNotRun() throws Exception {
        Path file = folder.resolve("helper.json");
        Files.writeString(file, "{\"credsStore\":\"none\",\"auths\":{\"" + registry.name() + "\":{}}}");
        assertDenied(login(Optional.empty(), Optional.of(file)));
    }

    @Test
    void anUnreadableDockerConfigIsToldByName() throws Exception {
        Path file = folder.resolve("broken.json");
        Files.writeString(file, "{\"auths\": pull-secret");
        try (OciOrigin mine = new OciOrigin(List.of(login(Optional.empty(), Optional.of(file))))) {
            assertThatThrownBy(() -> mine.resolve(repository(), "v1"))
                    .isInstanceOf(OriginException.Denied.class)
                    .hasMessageContaining("broken.json")
                    .hasMessageNotContaining("pull-secret");
        }
    }

    @Test
    void aCertificateFromAnUnknownAuthorityIsRefused() throws Exception {
        Config.Registry config = registry.config();
        Config.Registry untrusted = new Config.Registry(
                config.name(),
                config.endpoints(),
                config.credential(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
        try (OciOrigin mine = new OciOrigin(List.of(untrusted))) {
            assertThatThrownBy(() -> mine.resolve(repository(), "unknown-authority"))
                    .isInstanceOf(OriginException.Unreachable.class)
                    .hasMessageContaining("ca in [[registry]]");
        }
        assertThat(registry.accesses()).noneMatch(access -> access.path().endsWith("manifests/unknown-authority"));
    }

    private void assertDenied(Config.Registry login) throws Exception {
        try (OciOrigin mine = new OciOrigin(List.of(login))) {
            assertThatThrownBy(() -> mine.resolve(repository(), "v1"))
                    .isInstanceOf(OriginException.Denied.class)
                    .hasMessageContaining(registry.name())
                    .hasMessageNotContaining("secret");
        }
    }

    private Config.Registry login(Optional<Config.Credential> credential, Optional<Path> dockerConfig) {
        Config.Registry config = registry.config();
        return new Config.Registry(
                config.name(), config.endpoints(), credential, dockerConfig, config.ca(), Optional.empty());
    }
}
