// SPDX-License-Identifier: Apache-2.0
package org.randwire.space;

import static org.randwire.network.cell.CellOp.*;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.randwire.network.cell.CellOp;
import org.randwire.network.cell.CellOutput;
import org.randwire.network.randwire.NodeOp;
import org.randwire.network.randwire.Regime;
import org.randwire.space.StagedSpace.Family;

/** The design spaces of the papers, by name. */
public final class Spaces {

  /**
   * The paper's nine depths from 1 to 24 were not recovered. The plain log grid has 1 twice; these
   * are the nearest numbers that are all different.
   */
  private static final List<Integer> STANDARD_DEPTHS = List.of(1, 2, 3, 4, 6, 8, 12, 16, 24);

  /**
   * The paper's twelve widths from 16 to 256 were not recovered. These are the log grid, rounded to
   * multiples of 4.
   */
  private static final List<Integer> STANDARD_WIDTHS =
      List.of(16, 20, 28, 36, 44, 56, 72, 92, 120, 156, 200, 256);

  private static final List<Integer> POWERS_TO_4 = List.of(1, 2, 4);
  private static final List<Integer> POWERS_TO_16 = List.of(1, 2, 4, 8, 16);
  private static final List<Integer> POWERS_TO_32 = List.of(1, 2, 4, 8, 16, 32);
  private static final List<Integer> CELL_WIDTHS = List.of(16, 24, 32);
  private static final List<Integer> CELL_DEPTHS = List.of(4, 8, 12, 16, 20);
  private static final List<Integer> ANYNET_WIDTHS = ValueSets.range(8, 1024, 8);
  private static final List<Integer> ANYNET_DEPTHS = ValueSets.range(1, 16, 1);

  private static final Map<String, Supplier<DesignSpace>> BY_NAME = byName();

  private Spaces() {}

  private static Map<String, Supplier<DesignSpace>> byName() {
    Map<String, Supplier<DesignSpace>> spaces = new LinkedHashMap<>();
    spaces.put("vanilla", () -> standard("vanilla", Family.VANILLA));
    spaces.put("resnet", () -> standard("resnet", Family.RESNET));
    spaces.put(
        "resnext-a", () -> resNeXt("resnext-a", ValueSets.logarithmic(16, 256, 5), POWERS_TO_4));
    spaces.put(
        "resnext-b", () -> resNeXt("resnext-b", ValueSets.logarithmic(64, 1024, 5), POWERS_TO_16));
    spaces.put("nasnet", Spaces::nasNet);
    spaces.put("amoeba", Spaces::amoeba);
    spaces.put("pnas", Spaces::pnas);
    spaces.put("enas", Spaces::enas);
    spaces.put("darts", Spaces::darts);
    spaces.put("randwire", Spaces::randWire);
    spaces.put("anynet-a", () -> anyNet("anynet-a", "", false, false));
    spaces.put("anynet-b", () -> anyNet("anynet-b", ", one ratio", true, false));
    spaces.put("anynet-c", () -> anyNet("anynet-c", ", one ratio and group width", true, true));
    spaces.put("regnet", Spaces::regNet);
    return spaces;
  }

  /** The names of all spaces, the standard ones first. */
  public static List<String> names() {
    return List.copyOf(BY_NAME.keySet());
  }

  /** The space of a name, in lower case. */
  public static Optional<DesignSpace> find(String name) {
    return Optional.ofNullable(BY_NAME.get(name)).map(Supplier::get);
  }

  private static DesignSpace standard(String name, Family family) {
    return new StagedSpace(
        name,
        (family == Family.VANILLA ? "3x3 convolutions" : "basic residual blocks")
            + " in three stages (Radosavovic et al. 2019, Table 2). The paper's 9 depths and 12"
            + " widths are not known; these have its ends, numbers and spacing.",
        family,
        3,
        STANDARD_DEPTHS,
        STANDARD_WIDTHS,
        List.of(),
        List.of());
  }

  private static DesignSpace resNeXt(String name, List<Integer> widths, List<Integer> groups) {
    return new StagedSpace(
        name,
        "grouped bottleneck blocks in three stages (Radosavovic et al. 2019, Table 2).",
        Family.RESNEXT,
        3,
        POWERS_TO_16,
        widths,
        POWERS_TO_4,
        groups);
  }

  private static DesignSpace cells(String name, int nodes, CellOutput output, List<CellOp> ops) {
    return new CellSpace(
        name,
        "cells of "
            + nodes
            + " nodes in the layout of DARTS (Radosavovic et al. 2019, Table 3; ops as in the"
            + " authors' code).",
        ops,
        nodes,
        output,
        CELL_WIDTHS,
        CELL_DEPTHS);
  }

  private static DesignSpace nasNet() {
    return cells(
        "nasnet",
        5,
        CellOutput.LOOSE,
        List.of(
            SKIP,
            CONVOLUTION_3_BY_1,
            CONVOLUTION_7_BY_1,
            DILATED_3,
            AVERAGE_3,
            MAX_3,
            MAX_5,
            MAX_7,
            CONVOLUTION_1,
            CONVOLUTION_3,
            SEPARABLE_3,
            SEPARABLE_5,
            SEPARABLE_7));
  }

  private static DesignSpace amoeba() {
    return cells(
        "amoeba",
        5,
        CellOutput.LOOSE,
        List.of(
            SKIP,
            SEPARABLE_3,
            SEPARABLE_5,
            SEPARABLE_7,
            AVERAGE_3,
            MAX_3,
            DILATED_SEPARABLE_3,
            CONVOLUTION_7_BY_1));
  }

  private static DesignSpace pnas() {
    return cells(
        "pnas",
        5,
        CellOutput.ALL,
        List.of(
            SEPARABLE_3,
            SEPARABLE_5,
            SEPARABLE_7,
            CONVOLUTION_7_BY_1,
            SKIP,
            AVERAGE_3,
            MAX_3,
            DILATED_3));
  }

  private static DesignSpace enas() {
    return cells(
        "enas", 5, CellOutput.LOOSE, List.of(SKIP, SEPARABLE_3, SEPARABLE_5, AVERAGE_3, MAX_3));
  }

  private static DesignSpace darts() {
    return cells(
        "darts",
        4,
        CellOutput.ALL,
        List.of(NONE, MAX_3, AVERAGE_3, SKIP, SEPARABLE_3, SEPARABLE_5, DILATED_3, DILATED_5));
  }

  /** The generators of Xie et al. 2019, Figure 3. */
  private static DesignSpace randWire() {
    List<Wiring> wirings = new ArrayList<>();
    Stream.of(0.2, 0.4, 0.6, 0.8).forEach(p -> wirings.add(new Wiring(Wiring.Model.ER, 0, p)));
    Stream.of(1, 2, 3, 5, 7).forEach(m -> wirings.add(new Wiring(Wiring.Model.BA, m, 0)));
    for (int k : new int[] {2, 4, 6, 8}) {
      for (double p : new double[] {0, 0.25, 0.5, 0.75, 1}) {
        wirings.add(new Wiring(Wiring.Model.WS, k, p));
      }
    }
    return new RandWireSpace(
        "randwire",
        "randomly wired stages on CIFAR-10 (generators of Xie et al. 2019, Figure 3). The paper fixes"
            + " 32 nodes and one width; nodes, channels and the number of graphs are ours.",
        Regime.CIFAR,
        NodeOp.SEPARABLE,
        wirings,
        List.of(16, 24, 32),
        List.of(16, 24, 32, 48, 64),
        ValueSets.range(1, 1000, 1));
  }

  private static DesignSpace anyNet(
      String name, String shared, boolean sharesRatio, boolean sharesGroupWidth) {
    return new AnyNetSpace(
        name,
        "grouped bottleneck blocks in four stages"
            + shared
            + " (Radosavovic et al. 2020, section 3), with the first strides 1 for small images.",
        AnyNetFrame.SMALL_IMAGES,
        ANYNET_DEPTHS,
        ANYNET_WIDTHS,
        POWERS_TO_4,
        POWERS_TO_32,
        sharesRatio,
        sharesGroupWidth);
  }

  /** 64, 32, 32 and 256 values are what gives the paper's 3.0e8 with its 3 ratios and 6 widths. */
  private static DesignSpace regNet() {
    List<Double> multipliers = new ArrayList<>();
    for (int i = 0; i < 256; i++) {
      multipliers.add(Math.rint(1500 + 1500.0 * i / 255) / 1000);
    }
    return new RegNetSpace(
        "regnet",
        "AnyNets whose widths follow a line (Radosavovic et al. 2020, section 3.3). The paper gives"
            + " ranges and the size; the grids inside them are ours.",
        AnyNetFrame.SMALL_IMAGES,
        ValueSets.range(1, 64, 1),
        ValueSets.range(8, 256, 8),
        ValueSets.range(8, 256, 8),
        multipliers,
        POWERS_TO_4,
        POWERS_TO_32);
  }
}
