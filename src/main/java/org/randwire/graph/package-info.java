// SPDX-License-Identifier: Apache-2.0
/**
 * Random graph models, their orientation into directed acyclic graphs, and graph files; start at
 * {@link org.randwire.graph.GraphGenerator}.
 */
@NullMarked
package org.randwire.graph;

import org.jspecify.annotations.NullMarked;
