// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.randwire.op.Instruction;
import org.randwire.op.Primitive;

/**
 * The one visible list of a backend's kernels, fastest first; the first that accepts an instruction
 * wins.
 */
public final class KernelCatalog {

  /**
   * One line of the list.
   *
   * @param accepts whether the kernel can run an instruction of this primitive: shapes, types
   */
  public record Entry(
      String name,
      Class<? extends Primitive> primitive,
      Predicate<Instruction> accepts,
      Function<Instruction, Kernel> create) {}

  private final List<Entry> entries;

  /** The same by primitive: the compiler asks several times for every instruction. */
  private final Map<Class<? extends Primitive>, List<Entry>> byPrimitive = new HashMap<>();

  private KernelCatalog(List<Entry> entries) {
    this.entries = List.copyOf(entries);
    for (Entry entry : entries) {
      byPrimitive.computeIfAbsent(entry.primitive(), p -> new ArrayList<>()).add(entry);
    }
  }

  public List<Entry> entries() {
    return entries;
  }

  /** The first kernel that accepts the instruction, or nothing. */
  public Optional<Kernel> choose(Instruction instruction) {
    Entry entry = find(instruction);
    return entry == null ? Optional.empty() : Optional.of(entry.create().apply(instruction));
  }

  /** Whether any kernel accepts the instruction; the compiler asks before it fuses. */
  public boolean supports(Instruction instruction) {
    return find(instruction) != null;
  }

  private @Nullable Entry find(Instruction instruction) {
    for (Entry entry : byPrimitive.getOrDefault(instruction.primitive().getClass(), List.of())) {
      if (entry.accepts().test(instruction)) {
        return entry;
      }
    }
    return null;
  }

  /** Collects the list in order. */
  public static final class Builder {
    private final List<Entry> entries = new ArrayList<>();

    public Builder add(
        String name,
        Class<? extends Primitive> primitive,
        Predicate<Instruction> accepts,
        Function<Instruction, Kernel> create) {
      entries.add(new Entry(name, primitive, accepts, create));
      return this;
    }

    public Builder add(
        String name, Class<? extends Primitive> primitive, Function<Instruction, Kernel> create) {
      return add(name, primitive, instruction -> true, create);
    }

    public KernelCatalog build() {
      return new KernelCatalog(entries);
    }
  }
}
