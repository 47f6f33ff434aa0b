// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.imagefolder;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileSystemLoopException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.stream.Stream;
import org.randwire.data.DataException;

/**
 * A folder with one folder for each class, which holds the pictures of the class at any depth.
 * Classes are numbered in the order of their names' bytes, pictures likewise within their class.
 * Symbolic links are followed. Names that begin with a dot, and files that are no pictures by their
 * ending, are passed over.
 */
final class ClassFolders implements EncodedImages {
  private final Path folder;
  private final List<Path> classes;
  private final int[] firstOfClass;

  /** Relative to the class's folder: paths, since a text may not hold every name that bytes do. */
  private final Path[] files;

  private ClassFolders(Path folder, List<Path> classes, List<List<Path>> images) {
    this.folder = folder;
    this.classes = classes;
    firstOfClass = new int[classes.size()];
    for (int i = 1; i < firstOfClass.length; i++) {
      firstOfClass[i] = firstOfClass[i - 1] + images.get(i - 1).size();
    }
    files = images.stream().flatMap(List::stream).toArray(Path[]::new);
  }

  /**
   * Lists the pictures of a folder.
   *
   * @throws DataException if there are no class folders, one has no picture, or links form a loop
   */
  static ClassFolders list(Path folder) {
    List<Path> entries = visible(folder);
    List<Path> classes =
        entries.stream().filter(Files::isDirectory).map(Path::getFileName).toList();
    if (classes.isEmpty()) {
      throw new DataException(
          "%s: expected a folder for each class, or .tar shards, found %s"
              .formatted(folder, names(entries)));
    }
    // Sorted out class by class on all cores: a million files on a network's disk take a while.
    List<List<Path>> images =
        classes.parallelStream().map(name -> images(folder.resolve(name))).toList();
    return new ClassFolders(folder, classes, images);
  }

  private static List<Path> images(Path classFolder) {
    List<Path> images = new ArrayList<>();
    List<Path> others = new ArrayList<>();
    try {
      Files.walkFileTree(
          classFolder,
          EnumSet.of(FileVisitOption.FOLLOW_LINKS),
          Integer.MAX_VALUE,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path path, BasicFileAttributes attributes) {
              return !path.equals(classFolder) && isHidden(path)
                  ? FileVisitResult.SKIP_SUBTREE
                  : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path path, BasicFileAttributes attributes) {
              if (!isHidden(path)) {
                boolean image = EncodedImages.isImage(path.getFileName().toString());
                (image ? images : others).add(classFolder.relativize(path));
              }
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (FileSystemLoopException e) {
      throw new DataException(
          e.getFile() + ": a symbolic link that leads back to a folder around it", e);
    } catch (IOException e) {
      throw unreadable(classFolder, e);
    }
    if (images.isEmpty()) {
      throw new DataException(
          "%s: expected files that end in .jpg, .jpeg or .png, found %s"
              .formatted(classFolder, names(others)));
    }
    images.sort(null);
    return images;
  }

  static List<Path> visible(Path folder) {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.filter(entry -> !isHidden(entry)).sorted().toList();
    } catch (IOException e) {
      throw unreadable(folder, e);
    }
  }

  /** The first names, as what was found in place of what was wanted. */
  static String names(List<Path> entries) {
    if (entries.isEmpty()) {
      return "nothing";
    }
    List<String> first = entries.stream().limit(3).map(e -> e.getFileName().toString()).toList();
    int more = entries.size() - first.size();
    return String.join(", ", first) + (more > 0 ? " and " + more + " more" : "");
  }

  private static boolean isHidden(Path path) {
    return path.getFileName().toString().startsWith(".");
  }

  private static DataException unreadable(Path path, IOException cause) {
    return new DataException(path + ": cannot be read: " + cause, cause);
  }

  @Override
  public int size() {
    return files.length;
  }

  @Override
  public int label(int image) {
    int found = Arrays.binarySearch(firstOfClass, image);
    return found >= 0 ? found : -found - 2;
  }

  @Override
  public byte[] read(int image) {
    Path path = path(image);
    try (InputStream in = Files.newInputStream(path)) {
      byte[] bytes = in.readNBytes(MAX_BYTES + 1);
      if (bytes.length > MAX_BYTES) {
        throw new DataException("%s: larger than %d MiB".formatted(path, MAX_BYTES >> 20));
      }
      return bytes;
    } catch (NoSuchFileException e) {
      throw new DataException(path + ": no such file", e);
    } catch (IOException e) {
      throw unreadable(path, e);
    }
  }

  @Override
  public String name(int image) {
    return classes.get(label(image)).resolve(files[image]).toString();
  }

  @Override
  public String place(int image) {
    return path(image).toString();
  }

  private Path path(int image) {
    return folder.resolve(classes.get(label(image))).resolve(files[image]);
  }

  @Override
  public int classes() {
    return classes.size();
  }

  @Override
  public void requireClassesOf(EncodedImages other) {
    if (!(other instanceof ClassFolders train)) {
      throw new DataException(folder + ": class folders, but the training half is in .tar shards");
    }
    requireAll(train, this);
    requireAll(this, train);
  }

  private static void requireAll(ClassFolders wanted, ClassFolders there) {
    for (Path name : wanted.classes) {
      int found = Collections.binarySearch(there.classes, name);
      if (found < 0) {
        Path nearest = there.classes.get(Math.min(-found - 1, there.classes.size() - 1));
        throw new DataException(
            "%s: no class folder '%s', which %s has; the next one here is '%s'"
                .formatted(there.folder, name, wanted.folder, nearest));
      }
    }
  }
}
