package ringpull.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Columns under headings, two spaces apart. Cells are made printable. */
final class Table {
    private static final String GAP = "  ";

    private final List<List<String>> rows = new ArrayList<>();

    Table(String... headings) {
        rows.add(List.of(headings));
    }

    /** Adds a row; there are as many cells as headings. */
    void row(String... cells) {
        rows.add(Stream.of(cells).map(Text::printable).toList());
    }

    void print(PrintWriter out) {
        int columns = rows.getFirst().size();
        int[] widths = new int[columns];
        for (List<String> row : rows) {
            for (int i = 0; i < columns; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < columns; i++) {
                String cell = row.get(i);
                line.append(i == 0 ? "" : GAP).append(cell).repeat(" ", widths[i] - cell.length());
            }
            out.println(line.toString().stripTrailing());
        }
    }
}
