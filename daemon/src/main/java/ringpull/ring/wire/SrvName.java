package ringpull.ring.wire;

import java.io.IOException;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Hashtable;
import java.util.List;
import java.util.regex.Pattern;
import javax.naming.Context;
import javax.naming.NameNotFoundException;
import javax.naming.NamingEnumeration;
import javax.naming.NamingException;
import javax.naming.directory.Attribute;
import javax.naming.directory.DirContext;
import javax.naming.directory.InitialDirContext;
import org.jspecify.annotations.Nullable;
import ringpull.ring.Address;

/**
 * SRV records of a DNS name: hosts with their ports, the best priority first.
 *
 * @param server {@code dns://address:port}; {@code dns:} for those that the system asks
 */
record SrvName(String name, String server) implements SeedSource {
    static final String PREFIX = "srv:_";

    /** So many hosts are looked up at a time. */
    static final int HOSTS = 16;

    private static final Pattern NAME = Pattern.compile("_[A-Za-z0-9_-]{1,62}(\\.[A-Za-z0-9_-]{1,63}){1,40}\\.?");
    private static final String FACTORY = "com.sun.jndi.dns.DnsContextFactory";
    private static final String WAIT_MILLIS = "1000";
    private static final String TRIES = "2";

    /** {@code priority weight port target}. */
    record Entry(int priority, HostPort host) {
        static Entry parse(String record) {
            String[] parts = record.split(" ", -1);
            if (parts.length != 4) {
                throw new IllegalArgumentException("not a SRV record: " + record);
            }
            String target = parts[3].endsWith(".") ? parts[3].substring(0, parts[3].length() - 1) : parts[3];
            return new Entry(Integer.parseInt(parts[0]), HostPort.parse(target + ":" + parts[2]));
        }
    }

    static SrvName parse(String text) {
        String name = text.substring(PREFIX.length() - 1);
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("[ring] seeds: '" + text + "' is not srv:_service._tcp.domain");
        }
        return new SrvName(name, "dns:");
    }

    @Override
    public List<Address> resolve() throws IOException {
        List<Entry> entries = new ArrayList<>();
        for (String record : records()) {
            try {
                entries.add(Entry.parse(record));
            } catch (IllegalArgumentException e) {
                throw new IOException("the SRV record of " + name + " is not valid: " + e.getMessage(), e);
            }
        }
        Collections.shuffle(entries);
        entries.sort(Comparator.comparingInt(Entry::priority));
        List<Address> addresses = new ArrayList<>();
        String problem = name + " has no SRV record";
        for (Entry entry : entries.subList(0, Math.min(HOSTS, entries.size()))) {
            try {
                addresses.addAll(entry.host.resolve());
            } catch (UnknownHostException e) {
                problem = "the target of " + name + " has no address: " + e.getMessage();
            }
        }
        if (addresses.isEmpty()) {
            throw new IOException(problem);
        }
        return addresses;
    }

    /** Of JNDI only the DNS provider, which reads text records and makes no objects of them. */
    @SuppressWarnings({"BanJNDI", "JdkObsolete"})
    private List<String> records() throws IOException {
        Hashtable<String, String> environment = new Hashtable<>();
        environment.put(Context.INITIAL_CONTEXT_FACTORY, FACTORY);
        environment.put(Context.PROVIDER_URL, server);
        environment.put("com.sun.jndi.dns.timeout.initial", WAIT_MILLIS);
        environment.put("com.sun.jndi.dns.timeout.retries", TRIES);
        try {
            DirContext context = new InitialDirContext(environment);
            try {
                return texts(context.getAttributes(name, new String[] {"SRV"}).get("SRV"));
            } finally {
                context.close();
            }
        } catch (NameNotFoundException e) {
            throw new IOException("DNS knows no name " + name, e);
        } catch (NamingException e) {
            throw new IOException("DNS does not answer for " + name + ": " + e.getMessage(), e);
        }
    }

    private static List<String> texts(@Nullable Attribute records) throws NamingException {
        List<String> texts = new ArrayList<>();
        if (records != null) {
            NamingEnumeration<?> all = records.getAll();
            while (all.hasMore()) {
                texts.add(String.valueOf(all.next()));
            }
        }
        return texts;
    }
}
