// SPDX-License-Identifier: Apache-2.0
package org.randwire.cli.config;

import static java.util.Objects.requireNonNull;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.randwire.cli.config.Place.Layer;
import org.randwire.cli.config.RunConfig.Augmentation;
import org.randwire.cli.config.RunConfig.CellOutput;
import org.randwire.cli.config.RunConfig.CellStem;
import org.randwire.cli.config.RunConfig.Cells;
import org.randwire.cli.config.RunConfig.Colours;
import org.randwire.cli.config.RunConfig.Data;
import org.randwire.cli.config.RunConfig.DataName;
import org.randwire.cli.config.RunConfig.DecayTarget;
import org.randwire.cli.config.RunConfig.Device;
import org.randwire.cli.config.RunConfig.EdgeDrop;
import org.randwire.cli.config.RunConfig.EdgeDropScope;
import org.randwire.cli.config.RunConfig.Generator;
import org.randwire.cli.config.RunConfig.Network;
import org.randwire.cli.config.RunConfig.NodeOperation;
import org.randwire.cli.config.RunConfig.Precision;
import org.randwire.cli.config.RunConfig.RandomWiring;
import org.randwire.cli.config.RunConfig.Schedule;
import org.randwire.cli.config.RunConfig.ScheduleName;
import org.randwire.cli.config.RunConfig.Stages;
import org.randwire.cli.config.RunConfig.Statistics;
import org.randwire.cli.config.RunConfig.Training;

/** Checked values by key, each with its place, on their way into a {@link RunConfig}. */
final class ConfigValues {

  private record Setting(Object value, Place place) {}

  private final Map<String, Setting> settings = new HashMap<>();

  ConfigValues() {
    for (ConfigKey key : ConfigSchema.KEYS) {
      settings.put(key.path(), new Setting(key.defaultValue(), Place.BUILT_IN));
    }
  }

  /** Sets a value unless a higher layer has set it. */
  void offer(String path, Object value, Place place) {
    Setting current = requireNonNull(settings.get(path));
    if (place.layer().compareTo(current.place().layer()) >= 0) {
      settings.put(path, new Setting(value, place));
    }
  }

  Place place(String path) {
    return setting(path).place();
  }

  /** Places of the values that are not built-in defaults. */
  Map<String, Place> places() {
    Map<String, Place> places = new HashMap<>();
    settings.forEach(
        (path, setting) -> {
          if (setting.place().layer() != Layer.DEFAULT) {
            places.put(path, setting.place());
          }
        });
    return places;
  }

  String text(String path) {
    return (String) setting(path).value();
  }

  RunConfig toConfig() {
    return new RunConfig(
        longInteger("seed"),
        choice("device", Device.class),
        integer("threads"),
        choice("precision", Precision.class),
        flag("fusion"),
        flag("recompute"),
        network(),
        data(),
        training());
  }

  private Network network() {
    return new Network(
        text("network.name"),
        integer("network.channels"),
        choice("network.nodeOp", NodeOperation.class),
        number("network.edgeWeightInit"),
        new EdgeDrop(
            number("network.edgeDrop.probability"),
            choice("network.edgeDrop.scope", EdgeDropScope.class)),
        number("network.dropout"),
        new RandomWiring(
            choice("network.graph.generator", Generator.class),
            integer("network.graph.nodes"),
            integer("network.graph.k"),
            number("network.graph.p"),
            integer("network.graph.m"),
            longInteger("network.graph.seed"),
            flag("network.graph.networkxSeed"),
            texts("network.graph.files")),
        new Stages(
            integers("network.depths"),
            integers("network.widths"),
            integers("network.bottleneckRatios"),
            integers("network.groups"),
            integers("network.strides"),
            integer("network.stemWidth"),
            integer("network.stemStride")),
        new Cells(
            choice("network.cell.stem", CellStem.class),
            integer("network.cell.width"),
            integer("network.cell.depth"),
            texts("network.cell.normal"),
            texts("network.cell.reduction"),
            choice("network.cell.output", CellOutput.class),
            number("network.cell.auxiliaryWeight"),
            number("network.cell.dropPath")));
  }

  private Data data() {
    return new Data(
        choice("data.name", DataName.class),
        text("data.path"),
        integer("data.batch"),
        integer("data.evaluationBatch"),
        integer("data.limit"),
        integer("data.size"),
        integer("data.classes"),
        integer("data.examples"),
        integer("data.threads"),
        number("data.badShare"));
  }

  private Training training() {
    return new Training(
        integer("training.epochs"),
        longInteger("training.steps"),
        integer("training.accumulate"),
        text("training.init"),
        new Schedule(
            choice("training.schedule.name", ScheduleName.class),
            number("training.schedule.base"),
            number("training.schedule.warmupEpochs"),
            integers("training.schedule.milestones"),
            number("training.schedule.gamma")),
        number("training.momentum"),
        flag("training.nesterov"),
        number("training.weightDecay"),
        choice("training.decayOn", DecayTarget.class),
        number("training.labelSmoothing"),
        number("training.gradientClip"),
        number("training.ema"),
        choice("training.augment", Augmentation.class),
        number("training.cropScale"),
        new Colours(
            number("training.colours.brightness"),
            number("training.colours.contrast"),
            number("training.colours.saturation"),
            number("training.colours.lighting")),
        integer("training.cutout"),
        choice("training.statistics", Statistics.class),
        number("training.checkpointEveryMinutes"),
        longInteger("training.checkpointEverySteps"),
        integer("training.evaluateEvery"),
        flag("training.tensorboard"));
  }

  private Setting setting(String path) {
    return requireNonNull(settings.get(path), path);
  }

  private long longInteger(String path) {
    return (Long) setting(path).value();
  }

  private int integer(String path) {
    return Math.toIntExact(longInteger(path));
  }

  private double number(String path) {
    return (Double) setting(path).value();
  }

  private boolean flag(String path) {
    return (Boolean) setting(path).value();
  }

  private List<?> list(String path) {
    return (List<?>) setting(path).value();
  }

  private List<String> texts(String path) {
    return list(path).stream().map(String.class::cast).toList();
  }

  private List<Integer> integers(String path) {
    return list(path).stream().map(value -> Math.toIntExact((Long) value)).toList();
  }

  private <E extends Enum<E>> E choice(String path, Class<E> type) {
    return Enum.valueOf(type, text(path).toUpperCase(Locale.ROOT));
  }
}
