// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli.config;

import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Says about a key that does not exist which one was probably meant. */
final class UnknownKey {

  /** Names other tools use for keys of ours, compared without case, {@code _} and {@code -}. */
  private static final Map<String, String> OTHER_NAMES =
      Map.of(
          "lr", "training.schedule.base",
          "learningRate", "training.schedule.base",
          "baseLr", "training.schedule.base",
          "wd", "training.weightDecay",
          "batchSize", "data.batch",
          "dataset", "data.name",
          "model", "network.name",
          "preset", "network.name",
          "workers", "threads",
          "amp", "precision");

  private UnknownKey() {}

  /**
   * One line about an unknown key.
   *
   * @param section the deepest existing section it was written in, empty at the top
   * @param path the whole key as written
   */
  static String message(String section, String path) {
    return "unknown key '" + ValueType.clipped(path) + "'; " + suggestion(section, path);
  }

  private static String suggestion(String section, String path) {
    Set<String> siblings = ConfigSchema.children(section);
    return sameName(path)
        .map(UnknownKey::belongs)
        .or(() -> slip(section, path, siblings).or(() -> elsewhere(path)).map(UnknownKey::meant))
        .orElseGet(() -> listOf(siblings, section));
  }

  /**
   * A key of the same name in another section, one inside the section written first; a section
   * misspelt is a slip, not a move.
   */
  private static Optional<String> sameName(String path) {
    return ConfigSchema.paths().stream()
        .filter(candidate -> name(candidate).equals(name(path)))
        .filter(candidate -> !NearestName.isNear(section(path), section(candidate)))
        .min(Comparator.comparing(candidate -> !candidate.startsWith(section(path) + ".")));
  }

  /** A slip of the pen: in the last part of the key, or before it in a dotted override. */
  private static Optional<String> slip(String section, String path, Set<String> siblings) {
    boolean sectionIsWrong = path.indexOf('.', section.isEmpty() ? 0 : section.length() + 1) >= 0;
    return sectionIsWrong
        ? NearestName.of(path, ConfigSchema.paths()).or(() -> byName(path, siblings))
        : byName(path, siblings);
  }

  /** A key of a name near it, or of the name other tools give it, in any section. */
  private static Optional<String> elsewhere(String path) {
    return otherName(name(path)).or(() -> byName(path, ConfigSchema.paths()));
  }

  private static Optional<String> otherName(String name) {
    return OTHER_NAMES.keySet().stream()
        .filter(other -> NearestName.isSame(other, name))
        .map(OTHER_NAMES::get)
        .findFirst();
  }

  private static Optional<String> byName(String path, Collection<String> candidates) {
    Map<String, String> byName = new LinkedHashMap<>();
    candidates.forEach(candidate -> byName.putIfAbsent(name(candidate), candidate));
    return NearestName.of(name(path), byName.keySet()).map(byName::get);
  }

  private static String meant(String path) {
    return "did you mean '" + path + "'?";
  }

  private static String belongs(String path) {
    String home = section(path);
    return home.isEmpty()
        ? "it belongs at the top: '" + path + "'"
        : "it belongs under " + home + ": '" + path + "'";
  }

  private static String listOf(Set<String> siblings, String section) {
    String names = siblings.stream().map(UnknownKey::name).collect(Collectors.joining(", "));
    return "valid " + (section.isEmpty() ? "at the top" : "in " + section) + ": " + names;
  }

  private static String section(String path) {
    return path.substring(0, Math.max(0, path.lastIndexOf('.')));
  }

  private static String name(String path) {
    return path.substring(path.lastIndexOf('.') + 1);
  }
}
