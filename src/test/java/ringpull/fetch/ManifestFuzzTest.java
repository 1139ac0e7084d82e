package ringpull.fetch;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import ringpull.blob.Digest;
import ringpull.blob.ImageName;
import ringpull.fuzz.Fuzz;

/** What whoever built an image may have put into it, and what people may type. */
class ManifestFuzzTest {
    private static final String DIGEST = "sha256:" + "0123456789abcdef".repeat(4);
    private static final String MANIFEST = """
        {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",
         "config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"%1$s","size":7023},
         "layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"%1$s","size":32654},
                   {"mediaType":"x","digest":"%1$s","size":0,"urls":["https://example.org"]}],
         "annotations":{"a":"b"}}
        """.formatted(DIGEST);
    private static final String INDEX = """
        {"schemaVersion":2,"manifests":[
          {"digest":"%1$s","size":527,"platform":{"architecture":"amd64","os":"linux"}},
          {"digest":"%1$s","size":528,"platform":{"architecture":"arm64","os":"linux","variant":"v8"}},
          {"digest":"%1$s","size":529}]}
        """.formatted(DIGEST);

    @Test
    void manifests() {
        new Fuzz("ManifestJson", ImageFailed.class)
                .with(MANIFEST, INDEX, "[]", "{}", "null", "{\"schemaVersion\":1}")
                .bytes(input -> ManifestJson.parse(Digest.parse(DIGEST), ByteBuffer.wrap(input), "linux/amd64"));
    }

    @Test
    void platforms() {
        new Fuzz("Platform", IllegalArgumentException.class)
                .with("linux/amd64", "linux/arm64/v8", "windows/x86_64")
                .texts(Platform::parse);
    }

    @Test
    void names() {
        new Fuzz("ImageName", IllegalArgumentException.class)
                .with(
                        "debian",
                        "debian:12",
                        "docker.io/library/debian@" + DIGEST,
                        "localhost:5000/a/b:c",
                        "r.example/x")
                .texts(ImageName::parse);
    }
}
