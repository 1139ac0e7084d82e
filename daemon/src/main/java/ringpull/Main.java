package ringpull;

/** Entry point of the one program: the command line and, as {@code ringpull daemon}, the daemon. */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) {
        System.out.println("ringpull");
    }
}
