package ringpull.control;

import java.util.Comparator;
import java.util.List;
import ringpull.blob.Digest;
import ringpull.fetch.Image;
import ringpull.fetch.ImagePart;
import ringpull.fetch.Journal;
import ringpull.v1.TraceReply;

/** Tells what the journal remembers of blobs; the journal bounds how much that is. */
final class TraceAnswer {
    private static final int DETAIL_CHARS_MAX = 1000;

    private TraceAnswer() {}

    static TraceReply of(Journal journal, Digest digest) {
        return reply(journal, List.of(digest)).setRoot(digest.toString()).build();
    }

    static TraceReply of(Journal journal, Image image) {
        return reply(journal, image.parts().stream().map(ImagePart::digest).toList())
                .setImage(image.name().toString())
                .setRoot(image.root().toString())
                .build();
    }

    private static TraceReply.Builder reply(Journal journal, List<Digest> digests) {
        TraceReply.Builder reply = TraceReply.newBuilder();
        digests.stream()
                .flatMap(digest -> journal.of(digest).stream())
                .sorted(Comparator.comparing(Journal.Entry::at))
                .map(TraceAnswer::entry)
                .forEach(reply::addEntries);
        return reply;
    }

    private static TraceReply.Entry entry(Journal.Entry entry) {
        String detail = entry.detail();
        return TraceReply.Entry.newBuilder()
                .setAtMs(entry.at().toEpochMilli())
                .setDigest(entry.digest().toString())
                .setEvent(entry.event())
                .setSource(entry.source())
                .setBytes(entry.bytes())
                .setDetail(detail.length() <= DETAIL_CHARS_MAX ? detail : detail.substring(0, DETAIL_CHARS_MAX) + "…")
                .build();
    }
}
