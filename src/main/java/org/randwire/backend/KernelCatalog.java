// SPDX-License-Identifier: Apache-2.0
package org.randwire.backend;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
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

  private KernelCatalog(List<Entry> entries) {
    this.entries = List.copyOf(entries);
  }

  public List<Entry> entries() {
    return entries;
  }

  /** The first kernel that accepts the instruction, or nothing. */
  public Optional<Kernel> choose(Instruction instruction) {
    for (Entry entry : entries) {
      if (entry.primitive() == instruction.primitive().getClass()
          && entry.accepts().test(instruction)) {
        return Optional.of(entry.create().apply(instruction));
      }
    }
    return Optional.empty();
  }

  /** Whether any kernel accepts the instruction; the compiler asks before it fuses. */
  public boolean supports(Instruction instruction) {
    return entries.stream()
        .anyMatch(
            entry ->
                entry.primitive() == instruction.primitive().getClass()
                    && entry.accepts().test(instruction));
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
