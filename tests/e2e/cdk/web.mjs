// The CDK's own pattern of a load-balanced Fargate service, with nothing said that it can choose itself.
// Usage: web.mjs FOLDER IMAGE: writes web.template.json and what belongs to it.
import { createRequire } from "node:module";

const require = createRequire(process.env.BERTH_CDK + "/");  // where the CDK is installed
const { App, Stack } = require("aws-cdk-lib");
const { ContainerImage } = require("aws-cdk-lib/aws-ecs");
const { ApplicationLoadBalancedFargateService } = require("aws-cdk-lib/aws-ecs-patterns");

const [folder, image] = process.argv.slice(2);
const app = new App({ outdir: folder, analyticsReporting: false });
const service = new ApplicationLoadBalancedFargateService(new Stack(app, "web"), "Service", {
  taskImageOptions: { image: ContainerImage.fromRegistry(image), containerPort: 80 },
});
service.targetGroup.configureHealthCheck({ path: "/api/health" });
app.synth();
