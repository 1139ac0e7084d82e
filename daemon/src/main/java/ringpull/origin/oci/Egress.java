package ringpull.origin.oci;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.hc.client5.http.DnsResolver;
import ringpull.origin.OriginException;

/**
 * Where the requests for one registry may go: the guard against being an open proxy.
 *
 * <ul>
 *   <li>Hosts that the configuration does not name must have public addresses only. The check sits between DNS and
 *       connect, so it sees the very addresses that are connected to, for first requests, redirects and token realms.
 *   <li>Plain HTTP goes to configured {@code http://} URLs only, compared by host and port.
 * </ul>
 *
 * A registry that is not named itself has both sets empty, so that no client reaches a configured private host by it.
 */
final class Egress implements DnsResolver {
    private final Set<String> namedHosts;
    private final Set<String> plainSites;
    private final Surroundings surroundings;

    /**
     * @param namedHosts hosts that may have any address
     * @param plainSites {@code http://host:port} that may be spoken to without TLS
     */
    Egress(Set<String> namedHosts, Set<String> plainSites, Surroundings surroundings) {
        this.namedHosts = Set.copyOf(namedHosts);
        this.plainSites = Set.copyOf(plainSites);
        this.surroundings = surroundings;
    }

    /** Refuses URLs that may not be asked whatever their address is. */
    void check(URI url) throws OriginException {
        String scheme = String.valueOf(url.getScheme()).toLowerCase(Locale.ROOT);
        boolean isHttp = scheme.equals("https") || scheme.equals("http");
        if (!isHttp || url.getHost() == null || url.getRawUserInfo() != null || url.getPort() > 0xffff) {
            throw new OriginException.Malformed("a registry leads to something that is no plain http(s) URL");
        }
        if (scheme.equals("http") && !plainSites.contains(Site.of(url))) {
            throw new OriginException.Forbidden(Site.of(url) + " is refused: it has no TLS, and only endpoints that the"
                    + " configuration writes with http:// may do without");
        }
    }

    @Override
    public List<InetSocketAddress> resolve(String host, int port) throws UnknownHostException {
        List<InetSocketAddress> addresses = new ArrayList<>();
        for (InetAddress address : resolve(host)) {
            addresses.add(new InetSocketAddress(address, port));
        }
        return addresses;
    }

    @Override
    public InetAddress[] resolve(String host) throws UnknownHostException {
        List<InetAddress> addresses = lookUp(host);
        if (!namedHosts.contains(Site.bare(host))) {
            for (InetAddress address : addresses) {
                if (!surroundings.publicAddress().test(address)) {
                    throw new Refused(host + " is refused: its address " + address.getHostAddress()
                            + " is not public, and no [[registry]] in the configuration names it");
                }
            }
        }
        return addresses.toArray(InetAddress[]::new);
    }

    @Override
    public String resolveCanonicalHostname(String host) {
        return host;
    }

    /** The system's look-up has no timeout and no interruption, so it gets a thread of its own. */
    private List<InetAddress> lookUp(String host) throws UnknownHostException {
        FutureTask<List<InetAddress>> task =
                new FutureTask<>(() -> surroundings.names().resolve(host));
        Thread.ofVirtual().name("dns").start(task);
        try {
            return task.get(surroundings.timeouts().name().toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UnknownHostException("interrupted");
        } catch (ExecutionException e) {
            throw new UnknownHostException(host + " has no address");
        } catch (TimeoutException e) {
            throw new UnknownHostException(host + " was not resolved in time");
        }
    }

    /** Passes through the HTTP client as a failed look-up. */
    static final class Refused extends UnknownHostException {
        Refused(String message) {
            super(message);
        }
    }
}
