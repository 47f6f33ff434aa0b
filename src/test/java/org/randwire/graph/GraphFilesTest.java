// SPDX-License-Identifier: Apache-2.0
package org.randwire.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class GraphFilesTest {
  private static final Pattern HEADER = Pattern.compile("# WS n=(\\d+) k=(\\d+) p=\\S+ seed=.*");
  private static final String NODES = "\"nodes\": [{\"id\": 0}, {\"id\": 1}, {\"id\": 2}]";

  @TempDir Path folder;

  @Test
  void readsAnEdgeListWithCommentsBlankLinesAndWindowsLineEnds() {
    String text = "# a comment\r\n\r\n3\r\n# another\r\n0 1\r\n  1\t2  \r\n";
    assertEquals(Dag.of(3, List.of(new Edge(0, 1), new Edge(1, 2))), GraphFiles.parse("g", text));
  }

  @Test
  void skipsAByteOrderMark() {
    assertEquals(Dag.of(2, List.of()), GraphFiles.parse("g", "\uFEFF2\n"));
  }

  @Test
  void readsUndirectedJsonFromTheSmallerToTheLargerIndex() {
    String text =
        "{\"directed\": false, \"multigraph\": false, \"graph\": {\"name\": [1, {}]}, "
            + "\"nodes\": [{\"id\": 2}, {\"x\": {\"id\": 9}, \"id\": 0}, {\"id\": 1}], "
            + "\"links\": [{\"weight\": 0.5, \"source\": 2, \"target\": 0}]}";
    assertEquals(Dag.of(3, List.of(new Edge(0, 2))), GraphFiles.parse("g", text));
  }

  @Test
  void readsTheKeysOfAJsonObjectInAnyOrder() {
    String edges = "\"edges\": [{\"target\": 0, \"source\": 1}]";
    String text = "{" + edges + ", \"directed\": true, " + NODES + "}";
    // Directed 1 -> 0 among 0..2: the order 1, 0, 2 gives 1 the index 0 and 0 the index 1.
    assertEquals(Dag.of(3, List.of(new Edge(0, 1))), GraphFiles.parse("g", text));
  }

  @Test
  void renumbersEdgesAgainstIndexOrderSmallestIndexFirst() {
    // 3 -> 0 -> 2 and 1 alone: Kahn takes 1, then 3, 0, 2.
    Dag read = GraphFiles.parse("g", "4\n3 0\n0 2\n");
    assertEquals(Dag.of(4, List.of(new Edge(1, 2), new Edge(2, 3))), read);
  }

  @Test
  void keepsIndicesThatAreAlreadyTopological() {
    // Kahn would keep them too; 2 has no predecessor, yet must not move before 1.
    Dag read = GraphFiles.parse("g", "4\n0 1\n1 3\n2 3\n");
    assertEquals(List.of(new Edge(0, 1), new Edge(1, 3), new Edge(2, 3)), read.edges());
  }

  static Stream<Dag> roundTrips() {
    return Stream.of(
        Dag.of(1, List.of()),
        Dag.of(5, List.of(new Edge(1, 3))),
        new ErdosRenyi(32, 0.2).generateDag(1),
        new BarabasiAlbert(32, 5).generateDag(2),
        new WattsStrogatz(32, 4, 0.75).generateDag(3));
  }

  @ParameterizedTest
  @MethodSource("roundTrips")
  void writtenFilesReadBackEqual(Dag dag) {
    GraphFiles.writeEdgeList(dag, folder.resolve("list"), "two\nlines", "3");
    GraphFiles.writeNodeLink(dag, folder.resolve("json"));
    assertEquals(dag, GraphFiles.read(folder.resolve("list")));
    assertEquals(dag, GraphFiles.read(folder.resolve("json")));
  }

  @Test
  void writesTheDocumentedText() throws IOException {
    Dag dag = Dag.of(3, List.of(new Edge(0, 2), new Edge(0, 1)));
    GraphFiles.writeEdgeList(dag, folder.resolve("list"), "made by a test");
    GraphFiles.writeNodeLink(dag, folder.resolve("json"));
    assertEquals("# made by a test\n3\n0 1\n0 2\n", Files.readString(folder.resolve("list")));
    assertEquals(
        "{\"directed\":true,\"multigraph\":false,\"graph\":{},"
            + "\"nodes\":[{\"id\":0},{\"id\":1},{\"id\":2}],"
            + "\"edges\":[{\"source\":0,\"target\":1},{\"source\":0,\"target\":2}]}\n",
        Files.readString(folder.resolve("json")));
  }

  static Stream<Path> edgeLists() throws IOException {
    try (Stream<Path> files = Files.list(OracleGraphs.folder().resolve("edge-lists"))) {
      return files.sorted().toList().stream();
    }
  }

  @ParameterizedTest
  @MethodSource("edgeLists")
  void readsTheSharedEdgeListsAsTheirHeadersSay(Path file) throws IOException {
    List<String> lines = Files.readAllLines(file);
    Matcher header = HEADER.matcher(lines.get(0));
    assertTrue(header.matches(), "header of " + file);
    int nodes = Integer.parseInt(header.group(1));
    Dag dag = GraphFiles.read(file);
    assertEquals(nodes, dag.nodes());
    assertEquals(nodes * Integer.parseInt(header.group(2)) / 2, dag.edgeCount());
    List<String> written = dag.edges().stream().map(e -> e.from() + " " + e.to()).toList();
    assertEquals(lines.subList(3, lines.size()), written);
  }

  static Stream<Arguments> malformedEdgeLists() {
    return Stream.of(
        Arguments.of("", "g:1: the file is empty: no node count, no edges"),
        Arguments.of("# only\n# comments\n", "g:2: the file is empty: no node count, no edges"),
        Arguments.of("# c\n0 1\n", "g:2: missing node count before the edges, got '0 1'"),
        Arguments.of("three\n", "g:1: 'three' is not a node number or count"),
        Arguments.of("3\n0 x\n", "g:2: 'x' is not a node number or count"),
        Arguments.of("3\n0 1.5\n", "g:2: '1.5' is not a node number or count"),
        Arguments.of("3\n0\n", "g:2: expected 'from to', got '0'"),
        Arguments.of("3\n0 1 2\n", "g:2: expected 'from to', got '0 1 2'"),
        Arguments.of("0\n", "g:1: node count must be at least 1, got 0"),
        Arguments.of("-3\n", "g:1: node count must be at least 1, got -3"),
        Arguments.of("10001\n", "g:1: node count 10001 is above the limit of 10000"),
        Arguments.of("4294967299\n", "g:1: node count 4294967299 is above the limit of 10000"),
        Arguments.of(
            "9".repeat(50) + "\n",
            "g:1: '" + "9".repeat(40) + "...' is not a node number or count"),
        Arguments.of("3\n0 1\n\n0 3\n", "g:4: node 3 is out of range: nodes are 0..2"),
        Arguments.of("3\n-1 2\n", "g:2: node -1 is out of range: nodes are 0..2"),
        Arguments.of("3\n4294967296 1\n", "g:2: node 4294967296 is out of range: nodes are 0..2"),
        Arguments.of("3\n1 1\n", "g:2: edge (1, 1) is a self-loop"),
        Arguments.of("3\n0 1\n1 2\n0 1\n", "g:4: edge (0, 1) was already given on line 2"),
        Arguments.of("3\n0 1\n1 0\n", "g:3: edges form the cycle 0 -> 1 -> 0"),
        Arguments.of(
            "6\n0 1\n1 2\n2 3\n3 1\n3 4\n4 5\n", "g:5: edges form the cycle 1 -> 2 -> 3 -> 1"));
  }

  @ParameterizedTest
  @MethodSource("malformedEdgeLists")
  void refusesAMalformedEdgeListNamingTheLine(String text, String message) {
    var error = assertThrows(GraphFormatException.class, () -> GraphFiles.parse("g", text));
    assertEquals(message, error.getMessage());
  }

  static Stream<Arguments> malformedJson() {
    return Stream.of(
        Arguments.of("[1]", "g:1: expected an object with nodes and edges, got an array"),
        Arguments.of("{}", "g:1: missing key 'nodes'"),
        Arguments.of("{\n" + NODES + "}", "g:2: missing key 'edges'"),
        Arguments.of("{\"nodes\": [], \"edges\": []}", "g:1: node count must be at least 1, got 0"),
        Arguments.of("{\"nodes\": 3}", "g:1: expected an array, got '3'"),
        Arguments.of("{\"nodes\": [3]}", "g:1: expected an object with 'id', got '3'"),
        Arguments.of("{\"nodes\": [{\"name\": 1}]}", "g:1: missing 'id'"),
        Arguments.of(
            "{\"nodes\": [\n{\"id\": \"a\"}]}",
            "g:2: 'id' must be an integer node id 0..N-1, got 'a'"),
        Arguments.of(
            "{\"nodes\": [{\"id\": 1.0}]}",
            "g:1: 'id' must be an integer node id 0..N-1, got '1.0'"),
        Arguments.of(
            "{\"nodes\": [{\"id\": [0, 1]}]}",
            "g:1: 'id' must be an integer node id 0..N-1, got an array"),
        Arguments.of(
            "{\"nodes\": [{\"id\": 1},\n{\"id\": 2}], \"edges\": []}",
            "g:2: node id 2 is out of range: the ids of 2 nodes are 0..1"),
        Arguments.of(
            "{\"nodes\": [{\"id\": 1},\n{\"id\": 1}], \"edges\": []}",
            "g:2: node id 1 is repeated"),
        Arguments.of("{" + NODES + ", \"edges\": [\n{\"source\": 0}]}", "g:2: missing 'target'"),
        Arguments.of(
            "{" + NODES + ", \"edges\": [\n{\"source\": 0, \"target\": 3}]}",
            "g:2: node 3 is out of range: nodes are 0..2"),
        Arguments.of(
            "{" + NODES + ", \"edges\": [\n{\"source\": 1, \"target\": 1}]}",
            "g:2: edge (1, 1) is a self-loop"),
        Arguments.of(
            "{"
                + NODES
                + ", \"edges\": [{\"source\": 0, \"target\": 1},\n"
                + "{\"source\": 1, \"target\": 0}]}",
            "g:2: edge (0, 1) was already given on line 1"),
        Arguments.of(
            "{\"directed\": true, "
                + NODES
                + ", \"edges\": [{\"source\": 0, \"target\": 1},\n"
                + "{\"source\": 1, \"target\": 0}]}",
            "g:2: edges form the cycle 0 -> 1 -> 0"),
        Arguments.of(
            "{\"edges\": [], \"links\": []}", "g:1: both 'edges' and 'links' are given; keep one"),
        Arguments.of("{\"directed\": 1}", "g:1: 'directed' must be true or false"),
        Arguments.of(
            "{" + NODES + ", \"edges\": []} {}", "g:1: unexpected content after the graph"));
  }

  @ParameterizedTest
  @MethodSource("malformedJson")
  void refusesMalformedJsonNamingTheLine(String text, String message) {
    var error = assertThrows(GraphFormatException.class, () -> GraphFiles.parse("g", text));
    assertEquals(message, error.getMessage());
  }

  @ParameterizedTest
  @MethodSource("brokenJson")
  void saysWhereBrokenJsonBreaks(String text, String start) {
    var error = assertThrows(GraphFormatException.class, () -> GraphFiles.parse("g", text));
    assertTrue(error.getMessage().startsWith(start), error.getMessage());
    assertEquals(1, error.getMessage().lines().count());
  }

  static Stream<Arguments> brokenJson() {
    return Stream.of(
        Arguments.of("{\n\"nodes\": [", "g:2: "),
        Arguments.of("{\n\n oops}", "g:3: not valid JSON: "),
        Arguments.of("{" + NODES + ",\n" + NODES + "}", "g:2: not valid JSON: Duplicate"),
        Arguments.of("{\"nodes\": [{\"id\": 99999999999999999999}]}", "g:1: "),
        Arguments.of("{\"x\": " + "[".repeat(5000), "g:1: not valid JSON: "));
  }

  @Test
  void namesAMissingFile() {
    Path file = folder.resolve("absent.txt");
    var error = assertThrows(UncheckedIOException.class, () -> GraphFiles.read(file));
    assertEquals(file + ": no such graph file", error.getMessage());
  }

  @Test
  void refusesBinaryContent() throws IOException {
    Path file = folder.resolve("binary");
    Files.write(file, new byte[] {(byte) 0xFF, (byte) 0xC0, 0, 1});
    var error = assertThrows(GraphFormatException.class, () -> GraphFiles.read(file));
    assertEquals(file + ":1: not a UTF-8 text file", error.getMessage());
  }
}
