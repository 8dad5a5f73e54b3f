import type { Command } from "./command.ts";
import { audit } from "./commands/audit.ts";
import { check } from "./commands/check.ts";
import { cost } from "./commands/cost.ts";
import { deploy } from "./commands/deploy.ts";
import { doctor } from "./commands/doctor.ts";
import { drill } from "./commands/drill.ts";
import { down } from "./commands/down.ts";
import { events } from "./commands/events.ts";
import { exportCommand } from "./commands/export.ts";
import { explain } from "./commands/explain.ts";
import { init } from "./commands/init.ts";
import { logs } from "./commands/logs.ts";
import { machine } from "./commands/machine.ts";
import { maintenance } from "./commands/maintenance.ts";
import { migrate } from "./commands/migrate.ts";
import { open } from "./commands/open.ts";
import { plan } from "./commands/plan.ts";
import { rebuild } from "./commands/rebuild.ts";
import { rollback } from "./commands/rollback.ts";
import { run } from "./commands/run.ts";
import { scale } from "./commands/scale.ts";
import { simulate } from "./commands/simulate.ts";
import { status } from "./commands/status.ts";
import { token } from "./commands/token.ts";
import { tune } from "./commands/tune.ts";
import { up } from "./commands/up.ts";
import { version } from "./commands/version.ts";
import { watch } from "./commands/watch.ts";

/** In the order of a site's life, as help shows them. */
export const commands: readonly Command[] = [
  init,
  check,
  plan,
  up,
  status,
  watch,
  deploy,
  rollback,
  scale,
  machine,
  maintenance,
  drill,
  events,
  audit,
  logs,
  run,
  explain,
  cost,
  simulate,
  tune,
  open,
  token,
  exportCommand,
  rebuild,
  migrate,
  doctor,
  down,
  version,
];
