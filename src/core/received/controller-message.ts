import type { ControllerMessage } from "../messages.ts";
import { machineDocument } from "./machine-document.ts";
import { byKind, list, noFit, record } from "./shape.ts";
import type { Shape } from "./shape.ts";

/** A site has few controllers; whoever names more is not believed. */
const controllersMax = 16;
const urlLengthMax = 500;

/** A controller's address as agents call it. Looked at as a text: URLs are not core's to parse. */
export const controllerUrl: Shape<string> = (value) => {
  const match =
    typeof value === "string" && value.length <= urlLengthMax
      ? /^wss:\/\/(?:\[[0-9a-f:.]+\]|[\w.-]+):(\d{1,5})\/v1\/agent$/i.exec(value)
      : null;
  const isPort = match !== null && Number(match[1]) <= 65_535;
  return isPort ? match[0] : noFit("no address of a controller");
};

/** A message as a controller sends it. */
export const controllerMessage: Shape<ControllerMessage> = byKind({
  document: record({ document: machineDocument }),
  controllers: record({ urls: list(controllerUrl, controllersMax) }),
});
