package ringpull.tls;

import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Path;
import org.bouncycastle.openssl.PEMEncryptedKeyPair;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.jspecify.annotations.Nullable;

/** Keys in the forms that were usual before PKCS#8: Java reads none of them. Only this loads a library for it. */
final class TraditionalKey {
    private TraditionalKey() {}

    static byte[] toPkcs8(Path file, String type, String text) throws IOException {
        Object found = parse("-----BEGIN " + type + "-----\n" + text + "-----END " + type + "-----\n");
        if (found instanceof PEMKeyPair pair) {
            return pair.getPrivateKeyInfo().getEncoded();
        }
        throw new IOException(
                found instanceof PEMEncryptedKeyPair ? Pem.encrypted(file) : file + " holds a damaged " + type);
    }

    private static @Nullable Object parse(String pem) throws IOException {
        try (PEMParser parser = new PEMParser(new StringReader(pem))) {
            return parser.readObject();
        } catch (IOException | RuntimeException e) {
            return null; // what is wrong with a secret is not for a message
        }
    }
}
