// SPDX-License-Identifier: Apache-2.0
package org.randwire.data.imagefolder;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.randwire.data.DataException;
import org.randwire.data.TarReader;

/**
 * Pictures in tar archives of the WebDataset layout: {@code KEY.jpg} (or {@code .jpeg}, {@code
 * .png}) and {@code KEY.cls}, the number of its class in decimal, one behind the other; entries
 * with other endings are passed over. The archives are read in place by an index of offsets, which
 * is made when they are opened by reading their headers.
 *
 * <p>Source of the layout: the WebDataset format specification; a key is the path up to the first
 * dot of the file's name.
 */
final class TarShards implements EncodedImages {
  private static final int MAX_CLASS_BYTES = 64;
  private static final int MAX_CLASS = 1_000_000;

  private final List<Path> shards;

  /** Index of each shard's first picture, and behind the last the number of all. */
  private final int[] firstOfShard;

  private final List<Index> indexes;
  private final int classes;

  /** Where the pictures of one shard lie. */
  private record Index(long[] starts, long[] contents, int[] sizes, int[] labels) {}

  private TarShards(List<Path> shards, List<Index> indexes) {
    this.shards = shards;
    this.indexes = indexes;
    firstOfShard = new int[shards.size() + 1];
    int most = -1;
    for (int i = 0; i < shards.size(); i++) {
      Index index = indexes.get(i);
      firstOfShard[i + 1] = Math.addExact(firstOfShard[i], index.labels.length);
      for (int label : index.labels) {
        most = Math.max(most, label);
      }
    }
    classes = most + 1;
  }

  /**
   * Reads the headers of the archives.
   *
   * @throws DataException naming the shard and the byte where one is not what it should be
   */
  static TarShards open(List<Path> shards) {
    return new TarShards(shards, shards.parallelStream().map(TarShards::index).toList());
  }

  private static Index index(Path shard) {
    try (FileChannel channel = FileChannel.open(shard)) {
      return index(shard, new Seeking(channel));
    } catch (IOException e) {
      throw unreadable(shard, e);
    }
  }

  /** A picture or a class whose other half is still to come. */
  private static final class Sample {
    final String key;
    TarReader.@Nullable Entry picture;
    @Nullable Integer label;

    Sample(String key) {
      this.key = key;
    }
  }

  /** The index of an archive: a function of its bytes. */
  private static Index index(Path shard, InputStream in) throws IOException {
    List<Sample> samples = new ArrayList<>();
    TarReader tar = new TarReader(shard, in);
    Sample current = new Sample("");
    for (Optional<TarReader.Entry> next = tar.next(); next.isPresent(); next = tar.next()) {
      TarReader.Entry entry = next.get();
      int dot = entry.name().indexOf('.', entry.name().lastIndexOf('/') + 1);
      String key = dot < 0 ? entry.name() : entry.name().substring(0, dot);
      if (!key.equals(current.key)) {
        add(samples, current, shard);
        current = new Sample(key);
      }
      String ending = dot < 0 ? "" : entry.name().substring(dot);
      if (EncodedImages.isImage("x" + ending) && ending.lastIndexOf('.') == 0) {
        require(current.picture == null, shard, entry, "a second picture of its key");
        require(entry.size() <= MAX_BYTES, shard, entry, entry.size() + " bytes");
        current.picture = entry;
      } else if (ending.equals(".cls")) {
        require(current.label == null, shard, entry, "a second class of its key");
        current.label = label(shard, entry, tar);
      }
    }
    add(samples, current, shard);
    if (samples.isEmpty()) {
      throw new DataException(shard + ": expected entries KEY.jpg and KEY.cls, found none");
    }
    return new Index(
        samples.stream().mapToLong(s -> picture(s).start()).toArray(),
        samples.stream().mapToLong(s -> picture(s).contentStart()).toArray(),
        samples.stream().mapToInt(s -> (int) picture(s).size()).toArray(),
        samples.stream().mapToInt(s -> s.label == null ? -1 : s.label).toArray());
  }

  private static TarReader.Entry picture(Sample sample) {
    if (sample.picture == null) {
      throw new IllegalStateException("only samples with a picture are kept");
    }
    return sample.picture;
  }

  private static void add(List<Sample> samples, Sample sample, Path shard) {
    if (sample.picture != null) {
      require(sample.label != null, shard, sample.picture, "no " + sample.key + ".cls beside it");
      samples.add(sample);
    }
  }

  private static int label(Path shard, TarReader.Entry entry, TarReader tar) throws IOException {
    require(entry.size() <= MAX_CLASS_BYTES, shard, entry, entry.size() + " bytes");
    String text = new String(tar.content(MAX_CLASS_BYTES), StandardCharsets.UTF_8).strip();
    boolean number = text.matches("[0-9]{1,7}") && Integer.parseInt(text) < MAX_CLASS;
    require(number, shard, entry, "'" + text + "', which is no number of a class");
    return Integer.parseInt(text);
  }

  private static void require(
      boolean holds, Path shard, TarReader.Entry entry, String otherwiseFound) {
    if (!holds) {
      throw new DataException(
          "%s: %s at byte %d: expected one picture and its class (KEY.jpg, KEY.cls), found %s"
              .formatted(shard, entry.name(), entry.start(), otherwiseFound));
    }
  }

  private static DataException unreadable(Path path, IOException cause) {
    return new DataException(path + ": cannot be read: " + cause, cause);
  }

  @Override
  public int size() {
    return firstOfShard[shards.size()];
  }

  /** The shard of a picture: the last whose first picture is not behind it. */
  private int shard(int image) {
    int low = 0;
    int high = shards.size() - 1;
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      if (firstOfShard[middle] <= image) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  @Override
  public int label(int image) {
    int shard = shard(image);
    return indexes.get(shard).labels[image - firstOfShard[shard]];
  }

  @Override
  public byte[] read(int image) {
    int shard = shard(image);
    Index index = indexes.get(shard);
    int position = image - firstOfShard[shard];
    ByteBuffer bytes = ByteBuffer.allocate(index.sizes[position]);
    // Opened anew for each picture: hundreds of shards kept open would meet the limit on open
    // files.
    try (FileChannel channel = FileChannel.open(shards.get(shard))) {
      while (bytes.hasRemaining()) {
        long from = index.contents[position] + bytes.position();
        if (channel.read(bytes, from) < 0) {
          throw new DataException(
              "%s: cut short at byte %d since it was opened".formatted(shards.get(shard), from));
        }
      }
    } catch (IOException e) {
      throw unreadable(shards.get(shard), e);
    }
    return bytes.array();
  }

  @Override
  public String name(int image) {
    int shard = shard(image);
    return shards.get(shard).getFileName()
        + "@"
        + indexes.get(shard).starts[image - firstOfShard[shard]];
  }

  @Override
  public String place(int image) {
    int shard = shard(image);
    long start = indexes.get(shard).starts[image - firstOfShard[shard]];
    return shards.get(shard) + ": " + name(shards.get(shard), start) + " at byte " + start;
  }

  /** Read again, since the names of a million pictures would fill the memory. */
  private static String name(Path shard, long start) {
    try (FileChannel channel = FileChannel.open(shard)) {
      channel.position(start);
      Optional<TarReader.Entry> entry =
          new TarReader(shard, Channels.newInputStream(channel)).next();
      return entry.map(TarReader.Entry::name).orElse("an entry");
    } catch (IOException | DataException e) {
      return "an entry";
    }
  }

  @Override
  public int classes() {
    return classes;
  }

  @Override
  public void requireClassesOf(EncodedImages train) {
    if (!(train instanceof TarShards)) {
      throw new DataException(
          shards.get(0) + ": .tar shards, but the training half is in class folders");
    }
    for (int i = 0; i < size(); i++) {
      if (label(i) >= train.classes()) {
        throw new DataException(
            "%s: class %d, but the training half ends with class %d"
                .formatted(place(i), label(i), train.classes() - 1));
      }
    }
  }

  /** A file as a stream that skips without reading, and never past the end. */
  private static final class Seeking extends InputStream {
    private final FileChannel channel;
    private final long size;

    Seeking(FileChannel channel) throws IOException {
      this.channel = channel;
      size = channel.size();
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
    }

    @Override
    public int read(byte[] into, int start, int count) throws IOException {
      return channel.read(ByteBuffer.wrap(into, start, count));
    }

    @Override
    public long skip(long count) throws IOException {
      long skipped = Math.max(0, Math.min(count, size - channel.position()));
      channel.position(channel.position() + skipped);
      return skipped;
    }
  }
}
