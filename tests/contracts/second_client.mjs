// A client that is not ours and not Python: Microsoft's JavaScript SDK reads one model version and prints it as JSON.
// Usage: node second_client.mjs SUBSCRIPTION RESOURCE_GROUP WORKSPACE MODEL VERSION
import { AzureMachineLearningWorkspaces } from "@azure/arm-machinelearning";

const [subscription, group, workspace, model, version] = process.argv.slice(2);

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

const client = new AzureMachineLearningWorkspaces(identity, subscription);
const found = await client.modelVersions.get(group, workspace, model, version);
const { modelUri, modelType, jobName, tags, properties, isArchived } = found.properties;
console.log(JSON.stringify({ id: found.id, modelUri, modelType, jobName, tags, properties, isArchived }));
