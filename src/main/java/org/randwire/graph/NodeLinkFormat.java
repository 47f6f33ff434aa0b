// SPDX-License-Identifier: Apache-2.0
package org.randwire.graph;

import java.io.StringWriter;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;

/**
 * networkx node-link JSON; {@link GraphFiles} describes it. Read token by token rather than as a
 * tree, so that every error can name its line.
 */
final class NodeLinkFormat {
  private static final JsonFactory JSON =
      JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  private record Line(int line, long first, long second) {}

  private final String file;
  private final JsonParser parser;
  private boolean directed;
  private @Nullable List<Line> ids;
  private @Nullable List<Line> edges;

  private NodeLinkFormat(String file, JsonParser parser) {
    this.file = file;
    this.parser = parser;
  }

  static Dag parse(String file, String text) {
    try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), text)) {
      NodeLinkFormat format = new NodeLinkFormat(file, parser);
      format.readDocument();
      return format.toDag();
    } catch (JacksonException e) {
      int line = e.getLocation() == null ? 1 : Math.max(1, e.getLocation().getLineNr());
      String reason = e.getOriginalMessage().lines().findFirst().orElse("unreadable");
      throw new GraphFormatException(file, line, "not valid JSON: " + reason);
    }
  }

  private void readDocument() {
    parser.nextToken();
    require(JsonToken.START_OBJECT, "an object with nodes and edges");
    while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
      readProperty();
    }
    if (parser.nextToken() != null) {
      throw error("unexpected content after the graph");
    }
  }

  private void readProperty() {
    String name = parser.currentName();
    JsonToken value = parser.nextToken();
    switch (name) {
      case "directed" -> directed = readDirected(value);
      case "nodes" -> ids = readRows("id", null);
      case "edges", "links" -> {
        if (edges != null) {
          throw error("both 'edges' and 'links' are given; keep one");
        }
        edges = readRows("source", "target");
      }
      default -> parser.skipChildren();
    }
  }

  private boolean readDirected(JsonToken value) {
    if (value != JsonToken.VALUE_TRUE && value != JsonToken.VALUE_FALSE) {
      throw error("'directed' must be true or false");
    }
    return value == JsonToken.VALUE_TRUE;
  }

  private List<Line> readRows(String first, @Nullable String second) {
    require(JsonToken.START_ARRAY, "an array");
    List<Line> rows = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      rows.add(readRow(first, second));
    }
    return rows;
  }

  private Line readRow(String first, @Nullable String second) {
    require(JsonToken.START_OBJECT, "an object with '" + first + "'");
    int line = line();
    Long firstValue = null;
    Long secondValue = second == null ? 0L : null;
    while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
      String name = parser.currentName();
      parser.nextToken();
      if (name.equals(first)) {
        firstValue = readNode(name);
      } else if (name.equals(second)) {
        secondValue = readNode(name);
      } else {
        parser.skipChildren();
      }
    }
    if (firstValue == null || secondValue == null) {
      throw error("missing '" + (firstValue == null ? first : second) + "'");
    }
    return new Line(line, firstValue, secondValue);
  }

  private long readNode(String name) {
    if (!parser.isExpectedNumberIntToken()) {
      throw error("'" + name + "' must be an integer node id 0..N-1, got " + found());
    }
    return parser.getLongValue();
  }

  private void require(JsonToken token, String expected) {
    if (parser.currentToken() != token) {
      throw error("expected " + expected + ", got " + found());
    }
  }

  private String found() {
    JsonToken token = parser.currentToken();
    if (token == null) {
      return "the end of the file";
    }
    return token.isScalarValue()
        ? "'" + parser.getString() + "'"
        : token.name().toLowerCase(Locale.ROOT).replace("start_", "an ");
  }

  private int line() {
    return Math.max(1, parser.currentTokenLocation().getLineNr());
  }

  private GraphFormatException error(String reason) {
    return new GraphFormatException(file, line(), reason);
  }

  private Dag toDag() {
    if (ids == null || edges == null) {
      throw error("missing key '" + (ids == null ? "nodes" : "edges") + "'");
    }
    ReadEdges read = new ReadEdges(file, ReadEdges.nodeCount(file, line(), ids.size()));
    requireAllIds(ids);
    for (Line edge : edges) {
      if (directed) {
        read.addDirected(edge.first(), edge.second(), edge.line());
      } else {
        read.addUndirected(edge.first(), edge.second(), edge.line());
      }
    }
    return read.toDag();
  }

  /** As many ids as nodes, all in range and none twice, are exactly 0..N-1. */
  private void requireAllIds(List<Line> ids) {
    BitSet seen = new BitSet(ids.size());
    for (Line id : ids) {
      if (id.first() < 0 || id.first() >= ids.size()) {
        throw new GraphFormatException(
            file,
            id.line(),
            "node id %d is out of range: the ids of %d nodes are 0..%d"
                .formatted(id.first(), ids.size(), ids.size() - 1));
      }
      if (seen.get((int) id.first())) {
        throw new GraphFormatException(file, id.line(), "node id " + id.first() + " is repeated");
      }
      seen.set((int) id.first());
    }
  }

  static String format(Dag dag) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(ObjectWriteContext.empty(), text)) {
      json.writeStartObject();
      json.writeBooleanProperty("directed", true);
      json.writeBooleanProperty("multigraph", false);
      json.writeObjectPropertyStart("graph");
      json.writeEndObject();
      json.writeArrayPropertyStart("nodes");
      for (int v = 0; v < dag.nodes(); v++) {
        json.writeStartObject();
        json.writeNumberProperty("id", v);
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeArrayPropertyStart("edges");
      for (Edge edge : dag.edges()) {
        json.writeStartObject();
        json.writeNumberProperty("source", edge.from());
        json.writeNumberProperty("target", edge.to());
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeEndObject();
    }
    return text.append('\n').toString();
  }
}
