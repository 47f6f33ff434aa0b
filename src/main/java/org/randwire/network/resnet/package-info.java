// SPDX-License-Identifier: Apache-2.0
/**
 * The standard networks of the design spaces paper (Radosavovic et al. 2019): Vanilla, ResNet and
 * ResNeXt, and the AnyNets and RegNets of the one after it (2020). {@link
 * org.randwire.network.resnet.ResNetSpec} is where to start.
 */
@NullMarked
package org.randwire.network.resnet;

import org.jspecify.annotations.NullMarked;
