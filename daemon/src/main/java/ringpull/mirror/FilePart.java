package ringpull.mirror;

import io.netty.channel.DefaultFileRegion;
import ringpull.blob.BlobFile;
import ringpull.blob.ByteRange;

/**
 * A part of a file that goes from the page cache to the socket without a copy. Unlike its parent it leaves the file open:
 * other parts of the answer need it.
 */
final class FilePart extends DefaultFileRegion {
    FilePart(BlobFile file, ByteRange part) {
        super(file.channel(), part.offset(), part.length());
    }

    @Override
    protected void deallocate() {
        // The answer closes the file when its last part is out.
    }
}
