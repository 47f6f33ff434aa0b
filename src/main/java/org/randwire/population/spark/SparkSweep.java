// SPDX-License-Identifier: Apache-2.0
package org.randwire.population.spark;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.randwire.population.SweepFolder;
import org.randwire.population.SweepTable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Trains a sweep on a Spark cluster: {@code spark-submit --class
 * org.randwire.population.spark.SparkSweep randwire.jar FOLDER [TASKS]}. The folder lies on storage
 * that all machines share and holds the drawn population ({@code sweep run --draw}). Each task is a
 * place that trains one member after the other until none is left; what it does is the same worker
 * as on one machine, and what the tasks share is the folder alone. Spark starts a task again
 * elsewhere if its executor or its worker dies; leases see to it that nothing is trained twice and
 * that what a lost worker had is taken over.
 */
public final class SparkSweep {

  /**
   * Setting of Spark's configuration: the class path of RandWire on the machines of the cluster; if
   * not given the jar of this class, which then has the same path on all of them.
   */
  static final String CLASS_PATH = "spark.randwire.classPath";

  private static final Logger LOGGER = LoggerFactory.getLogger(SparkSweep.class);

  private SparkSweep() {}

  /**
   * The driver.
   *
   * @param arguments the folder of the sweep and, optionally, the number of tasks; without it one
   *     for each place the cluster offers at the start
   * @throws IllegalArgumentException if the folder holds no sweep or the number is none
   */
  public static void main(String[] arguments) throws IOException, URISyntaxException {
    if (arguments.length < 1 || arguments.length > 2) {
      throw new IllegalArgumentException("usage: SparkSweep FOLDER [TASKS]");
    }
    Path path = Path.of(arguments[0]).toAbsolutePath();
    if (!SweepFolder.isSweep(path)) {
      throw new IllegalArgumentException(
          path + " holds no sweep; make one with: randwire sweep run SWEEP.yaml --draw");
    }
    SparkConf conf = new SparkConf();
    conf.setIfMissing("spark.app.name", "randwire sweep " + path.getFileName());
    try (JavaSparkContext spark = new JavaSparkContext(conf)) {
      int tasks = arguments.length == 2 ? tasks(arguments[1]) : places(spark, conf);
      run(spark, path, tasks, conf.get(CLASS_PATH, ownJar()));
    }
    SweepFolder folder = new SweepFolder(path);
    SweepTable.write(folder);
    LOGGER.info("{}: all is trained; randwire sweep resume writes the report", folder.table());
  }

  private static int tasks(String word) {
    try {
      int tasks = Integer.parseInt(word);
      if (tasks >= 1) {
        return tasks;
      }
    } catch (NumberFormatException e) {
      // said below
    }
    throw new IllegalArgumentException("TASKS must be a number of at least 1, found " + word);
  }

  private static int places(JavaSparkContext spark, SparkConf conf) {
    return Math.max(1, spark.defaultParallelism() / conf.getInt("spark.task.cpus", 1));
  }

  private static String ownJar() throws URISyntaxException {
    Path jar =
        Path.of(SparkSweep.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    if (!Files.exists(jar)) {
      throw new IllegalArgumentException("set " + CLASS_PATH + ": " + jar + " is not there");
    }
    return jar.toString();
  }

  private static void run(JavaSparkContext spark, Path folder, int tasks, String classPath) {
    List<Integer> places = IntStream.range(0, tasks).boxed().toList();
    WorkerTask task = new WorkerTask(folder.toString(), classPath);
    spark.parallelize(places, tasks).foreach(task::run);
  }
}
