// A client that is not ours and not Python: Microsoft's JavaScript SDK reads one model version and prints it as JSON,
// or, given a job, first says that the version comes from it.
// Usage: node second_client.mjs SUBSCRIPTION RESOURCE_GROUP WORKSPACE MODEL VERSION [JOB]
import { AzureMachineLearningWorkspaces } from "@azure/arm-machinelearning";

const [subscription, group, workspace, model, version, job] = process.argv.slice(2);

const identity = {
  async getToken() {
    const url = new URL(process.env.IDENTITY_ENDPOINT);
    url.searchParams.set("api-version", "2019-08-01");
    url.searchParams.set("resource", "https://management.azure.com/");
    const answer = await fetch(url, { headers: { "X-IDENTITY-HEADER": process.env.IDENTITY_HEADER } });
    const body = await answer.json();
    return { token: body.access_token, expiresOnTimestamp: Number(body.expires_on) * 1000 };
  },
};

const place = [group, workspace, model, version];
const older = new AzureMachineLearningWorkspaces(identity, subscription);
if (job) {
  const { properties } = await older.modelVersions.get(...place);
  await older.modelVersions.createOrUpdate(...place, { properties: { ...properties, jobName: job } });
}
const found = await older.modelVersions.get(...place);
// This SDK's own types know no datasets, so they are read from the answer as it came.
let raw;
const newer = new AzureMachineLearningWorkspaces(identity, subscription, { apiVersion: "2025-12-01" });
await newer.modelVersions.get(...place, { onResponse: (answer) => (raw = JSON.parse(answer.bodyAsText)) });
const { modelUri, modelType, jobName, tags, properties, isArchived } = found.properties;
const { datasets } = raw.properties;
console.log(JSON.stringify({ id: found.id, modelUri, modelType, jobName, datasets, tags, properties, isArchived }));
