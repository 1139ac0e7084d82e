package ringpull.containerd;

/**
 * Something that keeps containerd from asking the mirror and that only a person should change.
 *
 * @param problem what was found, and where; one line
 * @param remedy what to do, with the exact text and commands; may have several lines
 */
public record Finding(String problem, String remedy) {}
