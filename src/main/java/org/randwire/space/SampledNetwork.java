// SPDX-License-Identifier: Apache-2.0
package org.randwire.space;

import java.util.Map;
import org.randwire.network.NetworkSpec;

/**
 * A network drawn from a design space.
 *
 * @param space name of the space
 * @param seed of the population
 * @param index position in it, from 0
 * @param tries networks drawn until this one met the constraint, itself included
 * @param settings the network as it stands in a configuration; equal ones are the same network
 */
public record SampledNetwork(
    String space,
    long seed,
    long index,
    int tries,
    Map<String, Object> settings,
    NetworkSpec spec,
    Complexity complexity) {}
