import type { OrderFor } from "../controller/effects.ts";
import { limitsOf } from "../core/machines/limits.ts";
import type { Inventory } from "../ports/inventory.ts";
import type { Provider } from "../ports/provider.ts";
import type { Access } from "./access.ts";
import { sayFailure } from "./say.ts";

/** With a token to join by. */
export function ordersFor(
  { registrar, authority }: Access,
  inventory: Inventory,
  controllerUrl: string,
): OrderFor {
  return async ({ machine, role, number }) => {
    const token = await registrar.invite(machine, role);
    const limits = limitsOf(inventory.state().settings.site, role);
    const { certificate } = authority;
    return { name: machine, role, number, limits, token, controllerUrl, authority: certificate };
  };
}

/** Machines that were made when the controller had another address read of the new one where they look for it. */
export async function tellMachines(
  inventory: Inventory,
  provider: Provider,
  orderFor: OrderFor,
  signal: AbortSignal,
): Promise<void> {
  for (const { name, role, number, state } of inventory.state().machines.values()) {
    // One that is launching may have been made a moment ago, by a leader that has told us nothing since.
    if (state === "terminating") continue;
    try {
      const order = await orderFor({ kind: "launch", machine: name, role, number });
      await provider.launch(order, signal);
    } catch (cause) {
      sayFailure(cause);
    }
  }
}
