package ringpull.transport.nvmeof;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.UUID;
import ringpull.helper.Endpoint;
import ringpull.helper.Request;

/** How this node connects to the kernels of others. Calls block, and are made on platform threads. */
interface Targets {
    Target connect(Endpoint endpoint, Request.Session session, Request.Key key) throws IOException;

    /** One connection. */
    interface Target extends AutoCloseable {
        /** Opens what is shown under this name. */
        Disk open(UUID namespace) throws IOException;

        /** Disconnects; reads that run fail. */
        @Override
        void close();
    }

    /** A disk of a target. */
    interface Disk extends AutoCloseable {
        /**
         * Reads past the page cache: buffer, offset and length are multiples of a block.
         *
         * @return bytes read; less than there is room for if the disk has gone
         */
        int read(ByteBuffer direct, long offset) throws IOException;

        /** After the last read. */
        @Override
        void close();
    }
}
