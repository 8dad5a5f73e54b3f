/** What the program is asked to be. Each is loaded only when it is wanted: a command starts in no time. */
const [, , first = "", directory = ""] = process.argv;

switch (first) {
  case "agent": {
    const { runAgentProcess } = await import("./agent.ts");
    await runAgentProcess(directory);
    break;
  }
  case "controller": {
    const { runControllerProcess } = await import("./controller.ts");
    await runControllerProcess(directory);
    break;
  }
  default: {
    const { runCli } = await import("./cli.ts");
    await runCli(process.argv.slice(2));
  }
}
