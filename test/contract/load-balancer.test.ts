import { openRig } from "../rig/balancer.ts";
import { describeBalancerLife } from "./balancer-life.ts";
import { describeLoadBalancer } from "./load-balancer.ts";

describeLoadBalancer("HAProxy", () => openRig());
describeBalancerLife("HAProxy", () => openRig());
