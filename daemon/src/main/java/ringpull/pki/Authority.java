package ringpull.pki;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.CertificateException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.AuthorityKeyIdentifier;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import ringpull.tls.Certificates;
import ringpull.tls.PeerIdentity;
import ringpull.tls.Pem;

/**
 * A certificate authority: whoever has its key decides who is a member. Keys are on the curve P-256, which every TLS library
 * takes.
 */
public record Authority(X509Certificate certificate, PrivateKey key) {
    /** Where an authority keeps its certificate, in a folder of its own choice. */
    public static final String CERTIFICATE_FILE = "ca.pem";

    /** Where it keeps its key. */
    public static final String KEY_FILE = "ca.key";

    /** Clocks of nodes differ. */
    private static final Duration BACKDATED = Duration.ofMinutes(10);

    private static final String SCHEME = "ringpull://";
    private static final int URI_TYPE = 6;
    private static final int SERIAL_BITS = 127;
    private static final Pattern CLUSTER = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");
    private static final Pattern NODE = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");
    private static final Pattern IP = Pattern.compile("[0-9.]{7,15}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*");

    /** A member's certificate and its key. */
    public record Issued(X509Certificate certificate, PrivateKey key) {}

    /**
     * What a member's certificate says.
     *
     * @param cluster the ring that it is for
     * @param name of the node, unique in the ring
     * @param addresses IP addresses and DNS names, for other programs: Ringpull compares none
     */
    public record Request(String cluster, String name, List<String> addresses) {
        /** The most addresses in one certificate. */
        public static final int ADDRESSES_MAX = 64;

        public Request {
            addresses = List.copyOf(addresses);
            require(CLUSTER, cluster, "a cluster's name", 63);
            require(NODE, name, "a node's name", 64);
            if (addresses.size() > ADDRESSES_MAX) {
                throw new IllegalArgumentException("at most " + ADDRESSES_MAX + " addresses");
            }
        }
    }

    /** @throws IllegalArgumentException with a sentence, if the name is not one */
    public static Authority create(String cluster, Instant now, Duration life) {
        require(CLUSTER, cluster, "a cluster's name", 63);
        KeyPair keys = newKeys();
        X500NameBuilder subject =
                new X500NameBuilder().addRDN(BCStyle.O, "Ringpull").addRDN(BCStyle.CN, cluster);
        try {
            X509v3CertificateBuilder builder = new JcaX509v3CertificateBuilder(
                    subject.build(),
                    serial(),
                    Date.from(now.minus(BACKDATED)),
                    Date.from(now.plus(life)),
                    subject.build(),
                    keys.getPublic());
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(0));
            builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
            builder.addExtension(Extension.subjectAlternativeName, false, names(SCHEME + cluster, List.of()));
            builder.addExtension(
                    Extension.subjectKeyIdentifier,
                    false,
                    new JcaX509ExtensionUtils().createSubjectKeyIdentifier(keys.getPublic()));
            return new Authority(sign(builder, keys.getPrivate()), keys.getPrivate());
        } catch (GeneralSecurityException | IOException | OperatorCreationException e) {
            throw new IllegalStateException("this Java cannot make a certificate", e);
        }
    }

    /**
     * Reads {@code ca.pem} and {@code ca.key}, which may be from elsewhere.
     *
     * @throws IOException naming the file
     */
    public static Authority load(Path folder) throws IOException {
        Path file = folder.resolve(CERTIFICATE_FILE);
        if (!Files.exists(file)) {
            throw new IOException(file + " does not exist: make an authority with ringpull pki init, or name its folder"
                    + " with --dir");
        }
        X509Certificate certificate = Pem.certificates(file).getFirst();
        PrivateKey key = Pem.privateKey(folder.resolve(KEY_FILE), certificate.getPublicKey());
        if (!Certificates.matches(key, certificate)) {
            throw new IOException(folder.resolve(KEY_FILE) + " is not the key of " + file);
        }
        return new Authority(certificate, key);
    }

    /** Writes {@code ca.pem} and {@code ca.key}. */
    public void write(Path folder, boolean replace) throws IOException {
        KeyFiles.write(folder.resolve(KEY_FILE), key, replace);
        KeyFiles.write(folder.resolve(CERTIFICATE_FILE), certificate, replace);
    }

    /** The ring that it was made for; empty if it was made elsewhere. */
    public Optional<String> cluster() {
        try {
            Collection<List<?>> names = certificate.getSubjectAlternativeNames();
            for (List<?> name : names == null ? List.<List<?>>of() : names) {
                if (name.get(0) instanceof Integer type
                        && type == URI_TYPE
                        && name.get(1) instanceof String uri
                        && uri.startsWith(SCHEME)) {
                    return Optional.of(uri.substring(SCHEME.length()));
                }
            }
            return Optional.empty();
        } catch (CertificateParsingException e) {
            return Optional.empty();
        }
    }

    /** A key and a certificate for it. */
    public Issued issue(Request request, Instant now, Duration life) {
        KeyPair keys = newKeys();
        return new Issued(issue(request, keys.getPublic(), now, life), keys.getPrivate());
    }

    /**
     * A certificate for a key that exists; it expires no later than this authority.
     *
     * @throws IllegalArgumentException with a sentence, if a name cannot be in a certificate
     */
    public X509Certificate issue(Request request, PublicKey key, Instant now, Duration life) {
        Instant last = certificate.getNotAfter().toInstant();
        Instant until = now.plus(life);
        String uri = SCHEME + request.cluster() + "/" + request.name();
        try {
            X509v3CertificateBuilder builder = new JcaX509v3CertificateBuilder(
                    certificate,
                    serial(),
                    Date.from(now.minus(BACKDATED)),
                    Date.from(until.isBefore(last) ? until : last),
                    new X500NameBuilder().addRDN(BCStyle.CN, request.name()).build(),
                    key);
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
            builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
            builder.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(new KeyPurposeId[] {
                KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth
            }));
            builder.addExtension(Extension.subjectAlternativeName, false, names(uri, request.addresses()));
            JcaX509ExtensionUtils identifiers = new JcaX509ExtensionUtils();
            // By key alone, so that it stays good when the authority's own certificate is renewed.
            byte[] issuer =
                    identifiers.createAuthorityKeyIdentifier(certificate).getKeyIdentifierOctets();
            builder.addExtension(Extension.authorityKeyIdentifier, false, new AuthorityKeyIdentifier(issuer));
            builder.addExtension(Extension.subjectKeyIdentifier, false, identifiers.createSubjectKeyIdentifier(key));
            X509Certificate issued = sign(builder, this.key);
            if (!PeerIdentity.of(issued).text().equals(uri)) {
                throw new IllegalArgumentException(
                        "Java does not read " + uri + " as a URI: choose plainer names for the cluster and the node");
            }
            return issued;
        } catch (GeneralSecurityException | IOException | OperatorCreationException e) {
            throw new IllegalArgumentException("no certificate for " + uri + " can be made: " + e.getMessage(), e);
        }
    }

    private static GeneralNames names(String uri, List<String> addresses) {
        GeneralName[] names = new GeneralName[1 + addresses.size()];
        names[0] = new GeneralName(GeneralName.uniformResourceIdentifier, uri);
        for (int i = 0; i < addresses.size(); i++) {
            String address = addresses.get(i);
            boolean ip = IP.matcher(address).matches();
            names[i + 1] = new GeneralName(ip ? GeneralName.iPAddress : GeneralName.dNSName, address);
        }
        return new GeneralNames(names);
    }

    private static KeyPair newKeys() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java has no curve P-256", e);
        }
    }

    private static BigInteger serial() {
        return new BigInteger(SERIAL_BITS, new SecureRandom()).add(BigInteger.ONE);
    }

    private static X509Certificate sign(X509v3CertificateBuilder builder, PrivateKey key)
            throws OperatorCreationException, CertificateException {
        String algorithm = switch (key.getAlgorithm()) {
            case "EC" -> "SHA256withECDSA";
            case "RSA" -> "SHA256withRSA";
            default -> key.getAlgorithm();
        };
        return new JcaX509CertificateConverter()
                .getCertificate(builder.build(new JcaContentSignerBuilder(algorithm).build(key)));
    }

    private static void require(Pattern pattern, String text, String what, int most) {
        if (!pattern.matcher(text).matches()) {
            throw new IllegalArgumentException(what + " has at most " + most
                    + " letters, digits, '.', '_', '-', and begins with a letter or digit; is \"" + text + "\"");
        }
    }
}
