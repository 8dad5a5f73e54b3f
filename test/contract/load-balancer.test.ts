import { openRig } from "../rig/balancer.ts";
import { describeLoadBalancer } from "./load-balancer.ts";

describeLoadBalancer("HAProxy", () => openRig());
