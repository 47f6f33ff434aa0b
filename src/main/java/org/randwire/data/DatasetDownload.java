// SPDX-License-Identifier: Apache-2.0
package org.randwire.data;

import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpClient.Redirect;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CancellationException;

/**
 * Fetches the files of a public data set. A file appears under its name only once it is complete
 * and its SHA-256 is right; whatever goes wrong, nothing else is left behind.
 *
 * @param name as in the configuration, for example {@code cifar10}
 * @param sources addresses of folders that hold all files, tried in this order
 * @param files what to fetch
 */
public record DatasetDownload(String name, List<URI> sources, List<RemoteFile> files) {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final int BUFFER_BYTES = 1 << 16;

  /** The author's page first; it is often unreachable, so a public mirror stands behind it. */
  private static final DatasetDownload MNIST =
      new DatasetDownload(
          "mnist",
          List.of(
              URI.create("https://yann.lecun.com/exdb/mnist/"),
              URI.create("https://storage.googleapis.com/cvdf-datasets/mnist/")),
          List.of(
              new RemoteFile(
                  "train-images-idx3-ubyte.gz",
                  9_912_422,
                  "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
              new RemoteFile(
                  "train-labels-idx1-ubyte.gz",
                  28_881,
                  "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
              new RemoteFile(
                  "t10k-images-idx3-ubyte.gz",
                  1_648_877,
                  "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
              new RemoteFile(
                  "t10k-labels-idx1-ubyte.gz",
                  4_542,
                  "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6")));

  private static final DatasetDownload CIFAR10 =
      new DatasetDownload(
          "cifar10",
          List.of(URI.create("https://www.cs.toronto.edu/~kriz/")),
          List.of(
              new RemoteFile(
                  "cifar-10-binary.tar.gz",
                  170_052_171,
                  "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd")));

  private static final List<DatasetDownload> KNOWN = List.of(CIFAR10, MNIST);

  public DatasetDownload {
    sources = List.copyOf(sources);
    files = List.copyOf(files);
  }

  /** A file with its size in bytes and its SHA-256 in lower-case hexadecimal digits. */
  public record RemoteFile(String name, long sizeBytes, String sha256) {}

  /** Is told of the progress of a file, many times per file. */
  @FunctionalInterface
  public interface Progress {
    void at(RemoteFile file, long doneBytes);
  }

  /** Names of the data sets that can be fetched. */
  public static List<String> names() {
    return KNOWN.stream().map(DatasetDownload::name).toList();
  }

  /**
   * The data set of this name.
   *
   * @throws DataException if it is none of {@link #names}
   */
  public static DatasetDownload of(String name) {
    return KNOWN.stream()
        .filter(known -> known.name.equals(name))
        .findFirst()
        .orElseThrow(
            () -> new DataException("no data set " + name + " to fetch; there are " + names()));
  }

  /** The same files from another folder, whose address should end in a slash. */
  public DatasetDownload from(URI source) {
    return new DatasetDownload(name, List.of(source), files);
  }

  /**
   * Fetches the files into a folder, which is made if need be. A file that is there already with
   * the right content is kept.
   *
   * @throws DataException if a file cannot be had; files finished before it are kept
   * @throws CancellationException if the calling thread is interrupted
   */
  public void to(Path folder, Progress progress) {
    HttpClient client =
        HttpClient.newBuilder().followRedirects(Redirect.NORMAL).connectTimeout(PATIENCE).build();
    List<Path> missing = missing(folder.toAbsolutePath());
    try {
      Files.createDirectories(folder);
      for (RemoteFile file : files) {
        Path target = folder.resolve(file.name());
        if (!isComplete(target, file)) {
          fetchFromAny(client, file, target, progress);
        }
      }
    } catch (IOException e) {
      throw new DataException(folder + ": cannot be written: " + reason(e), e);
    } finally {
      missing.forEach(DatasetDownload::deleteIfEmpty);
    }
  }

  private void fetchFromAny(HttpClient client, RemoteFile file, Path target, Progress progress)
      throws IOException {
    List<String> failures = new ArrayList<>();
    for (URI source : sources) {
      URI address = source.resolve(file.name());
      // Not a file of createTempFile, which nobody but its owner could read.
      Path part = target.resolveSibling(file.name() + "." + UUID.randomUUID() + ".part");
      try {
        fetch(client, address, file, part, progress);
        Files.move(
            part, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        return;
      } catch (FetchException e) {
        failures.add(address + ": " + e.getMessage());
      } finally {
        Files.deleteIfExists(part);
      }
    }
    throw new DataException("cannot fetch " + String.join("; ", failures));
  }

  private static void fetch(
      HttpClient client, URI address, RemoteFile file, Path part, Progress progress)
      throws IOException, FetchException {
    MessageDigest digest = sha256();
    try (InputStream in = open(client, address);
        FileChannel channel = FileChannel.open(part, CREATE_NEW, WRITE);
        OutputStream out = Channels.newOutputStream(channel)) {
      byte[] buffer = new byte[BUFFER_BYTES];
      long done = 0;
      for (int n = read(in, buffer); n >= 0; n = read(in, buffer)) {
        done += n;
        if (done > file.sizeBytes()) {
          throw new FetchException("expected " + file.sizeBytes() + " bytes, found more");
        }
        digest.update(buffer, 0, n);
        out.write(buffer, 0, n);
        progress.at(file, done);
      }
      if (done < file.sizeBytes()) {
        throw new FetchException("expected " + file.sizeBytes() + " bytes, found " + done);
      }
      channel.force(true);
    }
    String found = HexFormat.of().formatHex(digest.digest());
    if (!found.equals(file.sha256())) {
      throw new FetchException("expected SHA-256 " + file.sha256() + ", found " + found);
    }
  }

  private static InputStream open(HttpClient client, URI address) throws FetchException {
    HttpRequest request = HttpRequest.newBuilder(address).timeout(PATIENCE).build();
    try {
      HttpResponse<InputStream> response = client.send(request, BodyHandlers.ofInputStream());
      if (response.statusCode() != 200) {
        response.body().close();
        throw new FetchException("expected HTTP status 200, found " + response.statusCode());
      }
      return response.body();
    } catch (ConnectException e) {
      throw new FetchException("no connection to " + address.getHost() + "; is there a network?");
    } catch (HttpTimeoutException e) {
      throw new FetchException("no answer within " + PATIENCE.toSeconds() + " seconds");
    } catch (IOException e) {
      throw new FetchException("connection failed: " + reason(e));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancellationException("interrupted while fetching " + address);
    }
  }

  /** Reads from the network, whose failures are not those of the disk. */
  private static int read(InputStream in, byte[] buffer) throws FetchException {
    try {
      return in.read(buffer);
    } catch (IOException e) {
      throw new FetchException("connection lost: " + reason(e));
    }
  }

  private static boolean isComplete(Path path, RemoteFile file) throws IOException {
    if (!Files.isRegularFile(path) || Files.size(path) != file.sizeBytes()) {
      return false;
    }
    MessageDigest digest = sha256();
    try (InputStream in = Files.newInputStream(path)) {
      byte[] buffer = new byte[BUFFER_BYTES];
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        digest.update(buffer, 0, n);
      }
    }
    return HexFormat.of().formatHex(digest.digest()).equals(file.sha256());
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }

  /** The folder and the folders above it that are still to be made, the innermost first. */
  private static List<Path> missing(Path folder) {
    List<Path> missing = new ArrayList<>();
    for (Path path = folder; path != null && !Files.exists(path); path = path.getParent()) {
      missing.add(path);
    }
    return missing;
  }

  private static void deleteIfEmpty(Path folder) {
    try (var entries = Files.newDirectoryStream(folder)) {
      if (!entries.iterator().hasNext()) {
        Files.delete(folder);
      }
    } catch (IOException e) {
      // An empty folder is no harm, and there may be a better reason on its way to the caller.
    }
  }

  private static String reason(IOException e) {
    String message = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    return message.lines().findFirst().orElse("");
  }

  /** One source failed; another may do. */
  private static final class FetchException extends Exception {
    private static final long serialVersionUID = 1;

    FetchException(String message) {
      super(message);
    }
  }
}
