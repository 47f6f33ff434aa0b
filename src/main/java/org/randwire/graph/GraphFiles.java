// SPDX-License-Identifier: Apache-2.0
package org.randwire.graph;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/**
 * Reads and writes graphs as UTF-8 text in two formats, told apart by content.
 *
 * <ul>
 *   <li>Edge list: lines starting with {@code #} are comments, the first other line is the node
 *       count, every further line is {@code from to}, with nodes counted from 0.
 *   <li>networkx node-link JSON: an object with {@code nodes} and either {@code edges} (networkx
 *       3.4 and later) or {@code links}; node ids must be the integers 0..N-1, in any order. If
 *       {@code directed} is false or absent, edges go from the smaller to the larger index.
 * </ul>
 *
 * <p>A directed graph in which some edge goes from a larger to a smaller index is accepted if it is
 * acyclic: since a {@link Dag} needs index order to be topological, its nodes are renumbered in the
 * topological order that always takes the smallest original index first.
 */
public final class GraphFiles {
  private static final long MAX_SIZE_BYTES = 64L << 20;

  private GraphFiles() {}

  /**
   * Reads a graph file.
   *
   * @throws GraphFormatException with {@code file:line: reason} if the content is malformed, has a
   *     self-loop, a repeated edge, a node out of range or a cycle, or exceeds {@link
   *     RandomGraph#MAX_NODES}
   * @throws UncheckedIOException if the file is missing or cannot be read
   */
  public static Dag read(Path file) {
    try {
      long sizeBytes = Files.size(file);
      if (sizeBytes > MAX_SIZE_BYTES) {
        throw new GraphFormatException(
            file.toString(), 1, sizeBytes + " bytes is above the limit of " + MAX_SIZE_BYTES);
      }
      return parse(file.toString(), Files.readString(file));
    } catch (CharacterCodingException e) {
      throw new GraphFormatException(file.toString(), 1, "not a UTF-8 text file");
    } catch (NoSuchFileException e) {
      throw new UncheckedIOException(file + ": no such graph file", e);
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be read: " + e.getMessage(), e);
    }
  }

  /**
   * Reads a graph from text, as {@link #read}.
   *
   * @throws GraphFormatException as {@link #read}
   * @param file the name that errors carry
   */
  public static Dag parse(String file, String text) {
    String content = text.startsWith("\uFEFF") ? text.substring(1) : text;
    String start = content.stripLeading();
    return start.startsWith("{") || start.startsWith("[")
        ? NodeLinkFormat.parse(file, content)
        : EdgeListFormat.parse(file, content);
  }

  /**
   * Writes an edge list, edges sorted, after the given comment lines.
   *
   * @throws UncheckedIOException if the file cannot be written
   */
  public static void writeEdgeList(Dag dag, Path file, String... comments) {
    write(file, EdgeListFormat.format(dag, List.of(comments)));
  }

  /**
   * Writes directed networkx node-link JSON with the key {@code edges}.
   *
   * @throws UncheckedIOException if the file cannot be written
   */
  public static void writeNodeLink(Dag dag, Path file) {
    write(file, NodeLinkFormat.format(dag));
  }

  private static void write(Path file, String text) {
    try {
      Files.writeString(file, text, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": cannot be written: " + e.getMessage(), e);
    }
  }
}
