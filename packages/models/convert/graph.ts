/** Collects the nodes and constants of one net; every method hands back the name of the tensor it made. */

import { type Attributes, encodeModel, type Node, type Tensor, type Value } from "./onnx.js";

export class Graph {
  readonly #nodes: Node[] = [];
  readonly #initializers: Tensor[] = [];

  /** Adds an operator. Its output is numbered, unless it is one of the graph's outputs and so has a `name`. */
  node(operator: string, inputs: readonly string[], attributes: Attributes = {}, name?: string): string {
    const output = name ?? `${operator}_${this.#nodes.length}`;
    this.#nodes.push({ operator, inputs, output, attributes });
    return output;
  }

  /** Adds a tensor whose values lie in the file. */
  constant(data: Tensor["data"], shape: readonly number[] = [data.length], name?: string): string {
    const output = name ?? `constant_${this.#initializers.length}`;
    this.#initializers.push({ name: output, shape, data });
    return output;
  }

  scalar(value: number): string {
    return this.constant(Float32Array.of(value), []);
  }

  /** Integers, as the operators that take shapes, paddings and indices want them. */
  integers(...values: readonly number[]): string {
    return this.constant(BigInt64Array.from(values, BigInt));
  }

  encode(name: string, description: string, input: Value, outputs: readonly Value[]): Uint8Array {
    return encodeModel({ name, description, input, outputs, nodes: this.#nodes, initializers: this.#initializers });
  }
}
