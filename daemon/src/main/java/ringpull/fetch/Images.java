package ringpull.fetch;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import ringpull.blob.Digest;
import ringpull.blob.ImageName;

/** Knows what images consist of, and brings them to this node. Safe for many threads; blocks: use virtual ones. */
public final class Images {
    /** Blobs of one image that are on their way at once; each asks several holders. */
    private static final int PARTS_AT_ONCE = 4;

    /** Blobs of one image, all its platforms together. */
    private static final int PARTS_MAX = 8192;

    /** Indexes inside indexes. */
    private static final int INDEX_DEPTH_MAX = 3;

    private static final int PLATFORMS_NAMED_MAX = 20;

    private final Tags tags;
    private final Blobs blobs;
    private final Journal journal;
    private final FetchWait wait;

    /** @param nanoTime a monotonic clock in nanoseconds, by which a transfer that stands still is noticed */
    public Images(Tags tags, Blobs blobs, Journal journal, LongSupplier nanoTime) {
        this.tags = tags;
        this.blobs = blobs;
        this.journal = journal;
        this.wait = new FetchWait(nanoTime);
    }

    /** @param parts how each blob of the image ended, in the image's order */
    public record Pulled(Image image, List<PartProgress> parts) {
        public Pulled {
            parts = List.copyOf(parts);
        }
    }

    /**
     * What an image consists of. Fetches its manifests if they are not here, and no more.
     *
     * @param platform which of an index's images; empty: all
     */
    public Image describe(ImageName name, Optional<Platform> platform) throws ImageFailed, InterruptedException {
        return walk(name, platform, part -> {}).image();
    }

    /**
     * Brings every blob of an image here, save foreign layers. One that fails does not stop the others. An
     * interrupt ends the waiting; what is on its way arrives all the same.
     *
     * @param progress called from several threads, about one blob from one thread at a time
     * @throws ImageFailed if it cannot even be said what the image consists of
     */
    public Pulled pull(ImageName name, Optional<Platform> platform, Consumer<PartProgress> progress)
            throws ImageFailed, InterruptedException {
        Walk walk = walk(name, platform, progress);
        List<PartProgress> ended = new ArrayList<>(walk.manifests);
        List<Callable<PartProgress>> pulls = new ArrayList<>();
        for (ImagePart part : walk.parts.values()) {
            if (part.role() == ImagePart.Role.CONFIG || part.role() == ImagePart.Role.LAYER) {
                progress.accept(PartProgress.of(part, 0, PartProgress.State.WAITING, ""));
                pulls.add(new PartPull(part, name.repository(), blobs, journal, wait, progress)::run);
            }
        }
        try (ExecutorService threads = Executors.newFixedThreadPool(
                PARTS_AT_ONCE, Thread.ofVirtual().name("pull-", 0).factory())) {
            for (Future<PartProgress> pull : threads.invokeAll(pulls)) {
                ended.add(pull.get());
            }
        } catch (ExecutionException e) {
            throw new IllegalStateException("pulling " + name + " met a defect", e.getCause());
        }
        return new Pulled(walk.image(), ended);
    }

    private Walk walk(ImageName name, Optional<Platform> platform, Consumer<PartProgress> progress)
            throws ImageFailed, InterruptedException {
        Optional<Digest> digest = Digest.tryParse(name.reference());
        Walk walk = new Walk(name, platform, progress);
        if (digest.isPresent()) {
            walk.begin(digest.get(), Optional.empty());
        } else {
            switch (tags.resolve(name)) {
                case Tags.TagOutcome.Resolved tag -> walk.begin(tag.digest(), tag.earlier());
                case Tags.TagOutcome.Unresolved(String reason, String detail) ->
                    throw ImageFailed.of(name.toString(), reason, detail);
            }
        }
        return walk;
    }

    /** One way from an image's root down to its layers. Used by one thread. */
    private final class Walk {
        private final ImageName name;
        private final Optional<Platform> wanted;
        private final Consumer<PartProgress> progress;
        private final ManifestReader reader = new ManifestReader(blobs, wait);
        private final Map<Digest, ImagePart> parts = new LinkedHashMap<>();
        private final List<PartProgress> manifests = new ArrayList<>();
        private @Nullable Image image;

        Walk(ImageName name, Optional<Platform> wanted, Consumer<PartProgress> progress) {
            this.name = name;
            this.wanted = wanted;
            this.progress = progress;
        }

        Image image() {
            return Objects.requireNonNull(image, "the walk has not begun");
        }

        void begin(Digest root, Optional<Tags.Earlier> earlier) throws ImageFailed, InterruptedException {
            visit(root, OptionalLong.empty(), "", 0);
            image = new Image(name, root, earlier, List.copyOf(parts.values()));
        }

        private void visit(Digest digest, OptionalLong promisedBytes, String platform, int depth)
                throws ImageFailed, InterruptedException {
            List<Journal.Entry> before = journal.of(digest);
            ManifestReader.Manifest manifest = reader.read(digest, name.repository());
            long sizeBytes = manifest.sizeBytes();
            FetchWait.checkSize(digest, promisedBytes.orElse(sizeBytes), OptionalLong.of(sizeBytes));
            switch (ManifestJson.parse(digest, manifest.bytes(), platform)) {
                case ManifestJson.Parsed.Index(List<ManifestJson.Child> children) -> {
                    read(digest, ImagePart.Role.INDEX, platform, manifest, before);
                    if (depth == INDEX_DEPTH_MAX) {
                        throw ImageFailed.of(digest.toString(), "malformed", "too many indexes inside indexes");
                    }
                    for (ManifestJson.Child child : choose(children)) {
                        if (!parts.containsKey(child.digest())) {
                            String made = child.platform() == null
                                    ? platform
                                    : child.platform().toString();
                            visit(child.digest(), OptionalLong.of(child.sizeBytes()), made, depth + 1);
                        }
                    }
                }
                case ManifestJson.Parsed.Manifest(ImagePart config, List<ImagePart> layers) -> {
                    read(digest, ImagePart.Role.MANIFEST, platform, manifest, before);
                    add(config);
                    for (ImagePart layer : layers) {
                        add(layer);
                    }
                }
            }
        }

        private void read(
                Digest digest,
                ImagePart.Role role,
                String platform,
                ManifestReader.Manifest manifest,
                List<Journal.Entry> before)
                throws ImageFailed {
            ImagePart part = new ImagePart(digest, manifest.sizeBytes(), "", role, platform, false);
            add(part);
            PartProgress end = manifest.here()
                    ? PartProgress.of(part, part.sizeBytes(), PartProgress.State.HERE, "")
                    : PartProgress.done(part, before, journal.of(digest), "");
            manifests.add(end);
            progress.accept(end);
        }

        private void add(ImagePart part) throws ImageFailed {
            ImagePart known = parts.putIfAbsent(part.digest(), part);
            if (known != null && known.sizeBytes() != part.sizeBytes()) {
                throw ImageFailed.of(
                        part.digest().toString(),
                        "malformed",
                        "the image says it has " + known.sizeBytes() + " bytes and " + part.sizeBytes() + " bytes");
            }
            if (parts.size() > PARTS_MAX) {
                throw ImageFailed.of(name.toString(), "malformed", "more than " + PARTS_MAX + " blobs");
            }
        }

        private List<ManifestJson.Child> choose(List<ManifestJson.Child> children) throws ImageFailed {
            if (wanted.isEmpty()) {
                return children;
            }
            Optional<ManifestJson.Child> fit = children.stream()
                    .filter(child -> child.platform() != null && wanted.get().accepts(child.platform()))
                    .findFirst()
                    .or(() -> children.stream()
                            .filter(child -> child.platform() == null)
                            .findFirst());
            if (fit.isEmpty()) {
                String offered = children.stream()
                        .map(child -> String.valueOf(child.platform()))
                        .distinct()
                        .limit(PLATFORMS_NAMED_MAX)
                        .collect(Collectors.joining(", "));
                throw ImageFailed.of(
                        name.toString(), "no_platform", "it is not made for " + wanted.get() + "; it has: " + offered);
            }
            return List.of(fit.get());
        }
    }
}
