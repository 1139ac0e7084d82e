package ringpull.origin.oci;

import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import javax.net.ssl.SSLContext;
import ringpull.blob.ByteRange;
import ringpull.blob.ContentKind;
import ringpull.blob.Digest;
import ringpull.blob.Repository;
import ringpull.config.Config;
import ringpull.origin.Origin;
import ringpull.origin.OriginException;
import ringpull.origin.OriginStream;

/**
 * OCI registries: those that the configuration names, by their endpoints, and all others at {@code https://<name>}.
 *
 * <p>What it may reach: {@link Egress}. What gets credentials: {@link Authenticator}. What is tried again: {@link
 * Rounds}. Blocks, also in the streams that it opens; an interrupt of a virtual thread aborts. Thread-safe.
 */
public final class OciOrigin implements Origin {
    /** Registries that clients named and the configuration does not; the longest unused is forgotten. */
    private static final int UNNAMED_MAX = 256;

    private static final String DOCKER_HUB = "docker.io";
    private static final URI DOCKER_HUB_API = URI.create("https://registry-1.docker.io");
    private static final String DOCKER_HUB_REALM = "https://auth.docker.io:443";

    private final Surroundings surroundings;
    private final ScheduledThreadPoolExecutor deadlines;
    private final List<HttpPool> pools = new ArrayList<>();
    private final Map<String, RegistryClient> named = new HashMap<>();
    private final HttpPool unnamedPool;
    private final Map<String, RegistryClient> unnamed = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, RegistryClient> eldest) {
            return size() > UNNAMED_MAX;
        }
    };

    /**
     * @param registries as configured; those that are not named here need none
     * @throws IOException if a registry's ca cannot be read
     * @throws IllegalArgumentException if an endpoint is no http(s) URL, or a name is there twice
     */
    public OciOrigin(List<Config.Registry> registries) throws IOException {
        this(registries, Surroundings.real());
    }

    OciOrigin(List<Config.Registry> registries, Surroundings surroundings) throws IOException {
        this.surroundings = surroundings;
        Set<String> namedHosts = new HashSet<>();
        Set<String> plainSites = new HashSet<>();
        Map<String, SSLContext> authorities = new HashMap<>();
        for (Config.Registry registry : registries) {
            Map<String, SSLContext> own = authorities(registry);
            own.forEach(authorities::putIfAbsent);
            for (URI site : sites(registry)) {
                namedHosts.add(Site.bare(Site.host(site)));
                if (Site.scheme(site).equals("http")) {
                    plainSites.add(Site.of(site));
                }
            }
        }
        deadlines = new ScheduledThreadPoolExecutor(
                1, Thread.ofPlatform().daemon().name("origin-deadlines").factory());
        deadlines.setRemoveOnCancelPolicy(true);
        Egress toNamed = new Egress(namedHosts, plainSites, surroundings);
        for (Config.Registry registry : registries) {
            Map<String, SSLContext> trust = new HashMap<>(authorities);
            trust.putAll(authorities(registry));
            HttpPool pool = new HttpPool(toNamed, trust, surroundings, deadlines);
            pools.add(pool);
            if (named.put(key(registry.name()), client(registry, pool)) != null) {
                throw new IllegalArgumentException("[[registry]] " + registry.name() + " is there twice");
            }
        }
        unnamedPool = new HttpPool(new Egress(Set.of(), Set.of(), surroundings), Map.of(), surroundings, deadlines);
        pools.add(unnamedPool);
    }

    /** The registry's own authorities for its endpoints' and its realm's hosts. */
    private static Map<String, SSLContext> authorities(Config.Registry registry) throws IOException {
        Map<String, SSLContext> authorities = new HashMap<>();
        if (registry.ca().isPresent()) {
            SSLContext trust = Trust.of(registry.ca().get());
            for (URI site : sites(registry)) {
                authorities.put(Site.bare(Site.host(site)), trust);
            }
        }
        return authorities;
    }

    /** Every URL by which the configuration names a host. */
    private static List<URI> sites(Config.Registry registry) {
        List<URI> sites = new ArrayList<>(endpoints(registry));
        registry.tokenRealm().ifPresent(sites::add);
        sites.add(URI.create("https://" + registry.name()));
        for (URI site : sites) {
            boolean isHttp =
                    Site.scheme(site).equals("https") || Site.scheme(site).equals("http");
            if (!isHttp || site.getHost() == null || site.getRawUserInfo() != null || site.getRawQuery() != null) {
                throw new IllegalArgumentException("[[registry]] " + registry.name() + ": " + Site.of(site)
                        + " is no plain http:// or https:// URL; credentials have keys of their own");
            }
        }
        return sites;
    }

    private static List<URI> endpoints(Config.Registry registry) {
        return registry.endpoints().isEmpty() ? List.of(standardEndpoint(registry.name())) : registry.endpoints();
    }

    private static URI standardEndpoint(String registry) {
        return key(registry).equals(DOCKER_HUB) ? DOCKER_HUB_API : URI.create("https://" + registry);
    }

    private static String key(String registry) {
        return registry.toLowerCase(Locale.ROOT);
    }

    private RegistryClient client(Config.Registry registry, HttpPool pool) {
        Set<String> realms = new HashSet<>();
        registry.tokenRealm().map(Site::of).ifPresent(realms::add);
        if (key(registry.name()).equals(DOCKER_HUB)) {
            realms.add(DOCKER_HUB_REALM);
        }
        return client(endpoints(registry), realms, Credentials.of(registry), pool);
    }

    private RegistryClient client(List<URI> endpoints, Set<String> realms, Credentials credentials, HttpPool pool) {
        List<Endpoint> all = new ArrayList<>();
        for (URI url : endpoints) {
            all.add(new Endpoint(
                    url, pool, new Authenticator(url, realms, credentials, pool, surroundings), surroundings.clock()));
        }
        return new RegistryClient(all, surroundings);
    }

    private RegistryClient client(String registry) {
        RegistryClient known = named.get(key(registry));
        if (known != null) {
            return known;
        }
        synchronized (unnamed) {
            return unnamed.computeIfAbsent(
                    key(registry),
                    name -> client(List.of(standardEndpoint(name)), Set.of(), Credentials.NONE, unnamedPool));
        }
    }

    @Override
    public TagAnswer resolve(Repository repository, String tag) throws OriginException, InterruptedException {
        return client(repository.registry()).resolve(repository, tag);
    }

    @Override
    public OriginStream open(Repository repository, ContentKind kind, Digest digest, long offsetBytes)
            throws OriginException, InterruptedException {
        RegistryClient client = client(repository.registry());
        return switch (kind) {
            case MANIFEST -> client.openManifest(repository, digest, offsetBytes);
            case BLOB -> client.openBlob(repository, digest, offsetBytes);
        };
    }

    @Override
    public OriginStream openRun(Repository repository, Digest digest, ByteRange run)
            throws OriginException, InterruptedException {
        return client(repository.registry()).openRun(repository, digest, run);
    }

    @Override
    public void close() {
        pools.forEach(HttpPool::close);
        deadlines.shutdownNow();
    }
}
