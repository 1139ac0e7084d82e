package ringpull.tls;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** PEM files as people and programs write them: text between the blocks and blocks of other kinds are passed over. */
public final class Pem {
    /** The largest file; a bundle of all public authorities has a quarter of it. */
    static final int FILE_BYTES_MAX = 1 << 20;

    private static final Pattern BEGIN = Pattern.compile("-----BEGIN ([A-Z0-9 ]{1,40})-----\\s*");
    private static final String CERTIFICATE = "CERTIFICATE";

    private Pem() {}

    private record Block(String type, String text) {}

    /**
     * All certificates of a file, in its order; at least one.
     *
     * @throws IOException naming the file
     */
    public static List<X509Certificate> certificates(Path file) throws IOException {
        List<X509Certificate> certificates = new ArrayList<>();
        for (Block block : blocks(file)) {
            if (block.type.equals(CERTIFICATE)) {
                certificates.add(certificate(file, bytes(file, block)));
            }
        }
        if (certificates.isEmpty()) {
            throw new IOException(file + " holds no certificate (no PEM block BEGIN CERTIFICATE)");
        }
        return List.copyOf(certificates);
    }

    /**
     * The private key of a file: PKCS#8, or in the older forms "EC PRIVATE KEY" and "RSA PRIVATE KEY".
     *
     * @param publicKey its other half, which says the algorithm
     * @throws IOException naming the file, never what is in it
     */
    public static PrivateKey privateKey(Path file, PublicKey publicKey) throws IOException {
        for (Block block : blocks(file)) {
            byte[] pkcs8;
            switch (block.type) {
                case "PRIVATE KEY" -> pkcs8 = bytes(file, block);
                case "EC PRIVATE KEY", "RSA PRIVATE KEY" ->
                    pkcs8 = TraditionalKey.toPkcs8(file, block.type, block.text);
                case "ENCRYPTED PRIVATE KEY" -> throw new IOException(encrypted(file));
                default -> {
                    continue;
                }
            }
            try {
                return KeyFactory.getInstance(publicKey.getAlgorithm()).generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
            } catch (GeneralSecurityException e) {
                throw new IOException(
                        file + " holds no " + publicKey.getAlgorithm() + " key, as the certificate has", e);
            }
        }
        throw new IOException(file + " holds no private key (no PEM block BEGIN PRIVATE KEY)");
    }

    static String encrypted(Path file) {
        return file + " is encrypted, and a daemon has nobody to ask for its password: write it without one, mode 0640";
    }

    private static X509Certificate certificate(Path file, byte[] der) throws IOException {
        try {
            CertificateFactory factory = CertificateFactory.getInstance("X.509");
            return (X509Certificate) factory.generateCertificate(new ByteArrayInputStream(der));
        } catch (CertificateException e) {
            throw new IOException(file + " holds a certificate that is damaged: " + e.getMessage(), e);
        }
    }

    private static List<Block> blocks(Path file) throws IOException {
        List<Block> blocks = new ArrayList<>();
        String type = "";
        StringBuilder inside = new StringBuilder();
        for (String line : text(file).lines().toList()) {
            Matcher begin = BEGIN.matcher(line);
            if (begin.matches()) {
                type = begin.group(1);
                inside.setLength(0);
            } else if (!type.isEmpty() && line.strip().equals("-----END " + type + "-----")) {
                blocks.add(new Block(type, inside.toString()));
                type = "";
            } else if (!type.isEmpty()) {
                inside.append(line).append('\n');
            }
        }
        return blocks;
    }

    private static byte[] bytes(Path file, Block block) throws IOException {
        try {
            return Base64.getMimeDecoder().decode(block.text);
        } catch (IllegalArgumentException e) {
            throw new IOException(file + " holds a " + block.type + " that is not base64", e);
        }
    }

    static String text(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(FILE_BYTES_MAX + 1);
            if (bytes.length > FILE_BYTES_MAX) {
                throw new IOException(file + " is larger than 1 MiB");
            }
            return new String(bytes, StandardCharsets.ISO_8859_1);
        } catch (NoSuchFileException e) {
            throw new IOException(file + " does not exist", e);
        }
    }
}
