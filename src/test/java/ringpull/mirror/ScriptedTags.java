package ringpull.mirror;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import ringpull.blob.ImageName;
import ringpull.fetch.Tags;

/** Resolves the tags that the test put there. */
final class ScriptedTags implements Tags {
    private final Map<String, Source> sources = new ConcurrentHashMap<>();
    private final List<ImageName> asked = new CopyOnWriteArrayList<>();

    /** What one tag means. */
    interface Source {
        TagOutcome resolve() throws InterruptedException;
    }

    void put(String name, Source source) {
        sources.put(ImageName.parse(name).toString(), source);
    }

    void put(String name, Content manifest, String mediaType) {
        TagOutcome outcome =
                new TagOutcome.Resolved(manifest.digest(), mediaType, manifest.bytes().length, Optional.empty());
        put(name, () -> outcome);
    }

    List<ImageName> asked() {
        return List.copyOf(asked);
    }

    @Override
    public TagOutcome resolve(ImageName tag) throws InterruptedException {
        asked.add(tag);
        Source source = sources.get(tag.toString());
        return source == null ? new TagOutcome.Unresolved("not_found", "no such tag") : source.resolve();
    }
}
