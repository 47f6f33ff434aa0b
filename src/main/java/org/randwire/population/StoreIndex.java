// SPDX-License-Identifier: Apache-2.0
package org.randwire.population;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;

/**
 * An SQLite file of what the journals say, for quick answers and for queries of one's own. It may
 * be deleted at any time: the coordinator, its only writer, makes it again. Who cannot read it
 * reads the journals.
 */
final class StoreIndex implements AutoCloseable {

  private static final Logger LOGGER = LoggerFactory.getLogger(StoreIndex.class);
  private static final int VERSION = 3;

  private final SweepFolder folder;
  private final List<SweepMember> members;
  private @Nullable Connection connection;

  private StoreIndex(SweepFolder folder, List<SweepMember> members) {
    this.folder = folder;
    this.members = members;
  }

  /** Opens the index for writing; begins it anew from the journals. */
  static StoreIndex open(SweepFolder folder, List<SweepMember> members) {
    StoreIndex index = new StoreIndex(folder, members);
    index.connection = index.create();
    return index;
  }

  private static Connection connect(SweepFolder folder, boolean readOnly) throws SQLException {
    String options = readOnly ? "?open_mode=1" : "";
    return DriverManager.getConnection("jdbc:sqlite:file:" + folder.index() + options);
  }

  private @Nullable Connection create() {
    try {
      Files.deleteIfExists(folder.index());
      Files.deleteIfExists(folder.index().resolveSibling("index.sqlite-journal"));
      Connection made = connect(folder, false);
      try (Statement statement = made.createStatement()) {
        statement.execute("PRAGMA synchronous=OFF"); // it can be made again
        statement.execute("PRAGMA journal_mode=TRUNCATE");
        statement.execute("PRAGMA user_version=" + VERSION);
        statement.execute(
            "CREATE TABLE run(member INTEGER PRIMARY KEY, name TEXT, label TEXT, state TEXT,"
                + " cause TEXT, min_error REAL, last_error REAL, params INTEGER,"
                + " multiply_adds INTEGER, activations INTEGER, epochs INTEGER, seconds REAL,"
                + " attempts INTEGER, weights_hash TEXT, marks TEXT)");
        statement.execute("CREATE INDEX run_state ON run(state, cause, seconds)"); // for sums
        statement.execute(
            "CREATE TABLE attempt(member INTEGER, lease TEXT PRIMARY KEY, cause TEXT, message"
                + " TEXT, alone INTEGER, step INTEGER)");
        statement.execute("CREATE TABLE journal(name TEXT PRIMARY KEY, bytes INTEGER)");
        // One value for all members: fetching a row of each takes longer than all else status does.
        statement.execute("CREATE TABLE population(multiply_adds BLOB)");
      }
      made.setAutoCommit(false);
      ByteBuffer work = ByteBuffer.allocate(Math.multiplyExact(members.size(), Long.BYTES));
      members.forEach(member -> work.putLong(member.multiplyAdds()));
      try (PreparedStatement insert = made.prepareStatement("INSERT INTO population VALUES (?)")) {
        insert.setBytes(1, work.array());
        insert.execute();
      }
      made.commit();
      return made;
    } catch (SQLException | IOException e) {
      LOGGER.warn("{}: is left out: {}", folder.index(), e.toString());
      return null;
    }
  }

  /** Reads what is new in the journals and adds it. */
  void update(RunStore store) throws IOException {
    List<JsonNode> lines = new ArrayList<>();
    store.refresh(lines::add);
    if (!lines.isEmpty() && connection != null) {
      add(connection, lines, store);
    }
  }

  private void add(Connection connection, List<JsonNode> lines, RunStore store) {
    try {
      for (JsonNode line : lines) {
        add(connection, line);
      }
      try (PreparedStatement offsets =
          connection.prepareStatement("INSERT OR REPLACE INTO journal VALUES (?, ?)")) {
        for (Map.Entry<String, Long> journal : store.offsets().entrySet()) {
          offsets.setString(1, journal.getKey());
          offsets.setLong(2, journal.getValue());
          offsets.addBatch();
        }
        offsets.executeBatch();
      }
      connection.commit();
    } catch (SQLException e) {
      LOGGER.warn("{}: is left as it is for now: {}", folder.index(), e.toString());
      disconnect();
    }
  }

  private static void add(Connection connection, JsonNode line) throws SQLException {
    String kind = line.path("kind").asString();
    if (kind.equals(StoredRun.KIND)) {
      StoredRun run = StoredRun.of(line);
      try (PreparedStatement insert =
          connection.prepareStatement(
              "INSERT OR IGNORE INTO run VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)")) {
        insert.setInt(1, run.member());
        insert.setString(2, run.name());
        insert.setString(3, run.label());
        insert.setString(4, run.state().name());
        insert.setString(5, run.causeKind());
        insert.setObject(6, JournalLine.finite(run.minError()));
        insert.setObject(7, JournalLine.finite(run.lastError()));
        insert.setLong(8, run.params());
        insert.setLong(9, run.multiplyAdds());
        insert.setLong(10, run.activations());
        insert.setInt(11, run.epochs().size());
        insert.setDouble(12, run.seconds());
        insert.setInt(13, run.attempts());
        insert.setString(14, run.weightsHash());
        insert.setString(15, String.join("; ", run.marks()));
        insert.execute();
      }
    } else if (kind.equals(Attempt.KIND)) {
      Attempt attempt = Attempt.of(line);
      try (PreparedStatement insert =
          connection.prepareStatement("INSERT OR IGNORE INTO attempt VALUES (?,?,?,?,?,?)")) {
        insert.setInt(1, attempt.member());
        insert.setString(2, attempt.lease());
        insert.setString(3, attempt.cause().name());
        insert.setString(4, attempt.message());
        insert.setBoolean(5, attempt.alone());
        insert.setLong(6, attempt.step());
        insert.execute();
      }
    }
  }

  /**
   * Fills a store with what the index has, so that only what came since is to be read.
   *
   * @return multiply-adds of each member; null if there is no index that can be read, and then the
   *     store is as it was
   */
  static long @Nullable [] fill(SweepFolder folder, RunStore store) {
    if (!Files.isRegularFile(folder.index())) {
      return null;
    }
    List<RunStore.Finished> finished = new ArrayList<>();
    BitSet members = new BitSet();
    List<Attempt> attempts = new ArrayList<>();
    Map<String, Long> offsets = new HashMap<>();
    long[] work;
    try (Connection connection = connect(folder, true);
        Statement statement = connection.createStatement()) {
      statement.setQueryTimeout(1);
      connection.setAutoCommit(false); // one view of all tables
      try (ResultSet rows = statement.executeQuery("PRAGMA user_version")) {
        if (rows.getInt(1) != VERSION) {
          return null;
        }
      }
      try (ResultSet rows = statement.executeQuery("SELECT multiply_adds FROM population")) {
        LongBuffer longs = ByteBuffer.wrap(rows.getBytes(1)).asLongBuffer();
        work = new long[longs.remaining()];
        longs.get(work);
      }
      try (ResultSet rows =
          statement.executeQuery(
              "SELECT state, cause, count(*), sum(seconds) FROM run GROUP BY state, cause")) {
        while (rows.next()) {
          finished.add(
              new RunStore.Finished(
                  RunState.valueOf(rows.getString(1)),
                  rows.getString(2),
                  rows.getInt(3),
                  rows.getDouble(4)));
        }
      }
      // Runs of neighbours: the first of each has none before it, the last none behind it.
      String edges =
          "SELECT member FROM run WHERE member %s NOT IN (SELECT member FROM run) ORDER BY 1";
      try (Statement other = connection.createStatement();
          ResultSet firsts = statement.executeQuery(edges.formatted("- 1"));
          ResultSet lasts = other.executeQuery(edges.formatted("+ 1"))) {
        while (firsts.next() && lasts.next()) {
          members.set(firsts.getInt(1), lasts.getInt(1) + 1);
        }
      }
      try (ResultSet rows = statement.executeQuery("SELECT * FROM attempt")) {
        while (rows.next()) {
          attempts.add(
              new Attempt(
                  rows.getInt(1),
                  rows.getString(2),
                  Cause.valueOf(rows.getString(3)),
                  rows.getString(4),
                  rows.getBoolean(5),
                  rows.getLong(6)));
        }
      }
      try (ResultSet rows = statement.executeQuery("SELECT name, bytes FROM journal")) {
        while (rows.next()) {
          offsets.put(rows.getString(1), rows.getLong(2));
        }
      }
    } catch (SQLException | IllegalArgumentException e) {
      LOGGER.debug("{}: {}", folder.index(), e.toString());
      return null;
    }
    store.addFinished(members, finished);
    attempts.forEach(store::addAttempt);
    offsets.forEach(store::resumeAt);
    return work;
  }

  /** Closes it; one that was given up on the way, such as on a full disk, is made again first. */
  @Override
  public void close() {
    if (connection == null) {
      connection = create();
      if (connection != null) {
        try {
          update(new RunStore(folder.store(), 0));
        } catch (IOException e) {
          LOGGER.warn("{}: is not complete: {}", folder.index(), e.toString());
        }
      }
    }
    disconnect();
  }

  private void disconnect() {
    if (connection != null) {
      try {
        connection.close();
      } catch (SQLException e) {
        LOGGER.debug("{}: {}", folder.index(), e.toString());
      }
      connection = null;
    }
  }
}
