package ringpull.origin.oci;

import java.net.Inet4Address;
import java.net.InetAddress;

/**
 * Tells addresses of the public internet from those that only mean something inside a host, a link or a site. What is
 * in doubt is not public.
 */
final class PublicAddress {
    private PublicAddress() {}

    static boolean test(InetAddress address) {
        if (address.isAnyLocalAddress()
                || address.isLoopbackAddress()
                || address.isLinkLocalAddress()
                || address.isSiteLocalAddress()
                || address.isMulticastAddress()) {
            return false;
        }
        byte[] bytes = address.getAddress();
        return address instanceof Inet4Address ? isPublic4(bytes, 0) : isPublic6(bytes);
    }

    /** Four bytes from an offset on: an address, or one inside another. */
    private static boolean isPublic4(byte[] bytes, int at) {
        int a = bytes[at] & 0xff;
        int b = bytes[at + 1] & 0xff;
        int c = bytes[at + 2] & 0xff;
        boolean ofHost = a == 0 || a == 127;
        boolean ofLink = a == 169 && b == 254;
        boolean ofSite = a == 10 || (a == 172 && (b & 0xf0) == 16) || (a == 192 && b == 168);
        boolean ofCarrier = a == 100 && (b & 0xc0) == 64;
        boolean special = (a == 192 && b == 0 && c == 0) || (a == 198 && (b & 0xfe) == 18) || a >= 224;
        return !(ofHost || ofLink || ofSite || ofCarrier || special);
    }

    private static boolean isPublic6(byte[] bytes) {
        int first = word(bytes, 0);
        int second = word(bytes, 2);
        if (first == 0) {
            return false; // v4-mapped, v4-compatible, v4-translated, ::, ::1
        }
        if (first == 0x64 && second == 0xff9b) {
            boolean wellKnown = isZero(bytes, 4, 12);
            return wellKnown && isPublic4(bytes, 12); // NAT64; 64:ff9b:1::/48 is of the site
        }
        if (first == 0x2002) {
            return isPublic4(bytes, 2); // 6to4
        }
        boolean teredo = first == 0x2001 && second == 0;
        return !teredo && (first & 0xe000) == 0x2000; // 2000::/3 is all that is global
    }

    private static int word(byte[] bytes, int at) {
        return ((bytes[at] & 0xff) << 8) | (bytes[at + 1] & 0xff);
    }

    private static boolean isZero(byte[] bytes, int from, int to) {
        for (int i = from; i < to; i++) {
            if (bytes[i] != 0) {
                return false;
            }
        }
        return true;
    }
}
