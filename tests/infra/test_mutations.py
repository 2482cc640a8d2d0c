"""Each rule finds what it is for: a copy of the templates is broken in one place, and that rule says so."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.infra.project import ROOT, Project
from tests.infra.test_rules import rules

if TYPE_CHECKING:
    from pathlib import Path

COPIED = ("infra", "tools", "azure.yaml", ".funcignore")
ROLES, STORAGE, APP = "infra/modules/roles.bicep", "infra/modules/storage.bicep", "infra/modules/app.bicep"
JOBS, BLOBS, EVENTS = "infra/modules/job-events.bicep", "infra/modules/blob-events.bicep", "infra/events.bicep"
MAIN, ALERTS, DEFINITIONS = "infra/main.bicep", "infra/modules/alerts.bicep", "infra/modules/definitions.bicep"
PARAMETERS, WORKBOOK = "infra/main.bicepparam", "infra/workbook.json"

# what breaks each rule: in a file, what stands there, and what it becomes
MUTATIONS = {
    "every_file_parses": [
        (STORAGE, "param location string", "param location string ="),
        (PARAMETERS, "param location = ", "param location = ("),
    ],
    "modules_are_local_and_there": [
        (MAIN, "'modules/identity.bicep'", "'br/public:avm/res/x:1.0.0'"),
        (MAIN, "'modules/identity.bicep'", "'modules/identities.bicep'"),
        (EVENTS, "import { heardAccount }", "import { heardAccounts }"),
    ],
    "modules_get_their_parameters": [
        (MAIN, "    mode: mode\n", ""),
        (MAIN, "    mode: mode\n", "    mode: mode\n    modus: mode\n"),
    ],
    "outputs_that_are_read_are_there": [
        (MAIN, "storage.outputs.hostTables", "storage.outputs.tables"),
        (MAIN, "network.?outputs.zones", "network.?outputs.dnsZones"),
    ],
    "everything_that_is_declared_is_used": [
        (STORAGE, "param tags object", "param tags object\nparam sku string"),
    ],
    "files_that_are_loaded_are_there": [
        ("infra/modules/workbook.bicep", "'../workbook.json'", "'workbook.json'"),
    ],
    "a_type_has_one_version": [
        ("infra/modules/account.bicep", "Accounts@2025-01-01", "Accounts@2024-01-01"),
    ],
    "parameters_explain_themselves": [
        (MAIN, "@description('Make a topic that outcome events are sent to.')\n", ""),
    ],
    "parameter_files_fit": [
        (PARAMETERS, "using 'main.bicep'", "using 'events.bicep'"),
        (PARAMETERS, "param alertEmail", "param alertMail"),
    ],
    "parameter_files_have_the_defaults_of_the_template": [
        (PARAMETERS, "'REGISTRAR_ATTEMPTS', '20'", "'REGISTRAR_ATTEMPTS', '5'"),
    ],
    "events_read_what_main_writes": [
        (MAIN, "output REGISTRAR_TOKEN", "output REGISTRAR_SUFFIX"),
        ("infra/events.bicepparam", "'REGISTRAR_HEARD_DROPS'", "'REGISTRAR_DROPS'"),
        ("tools/subscribe.py", '"REGISTRAR_APP_ID"', '"REGISTRAR_FUNCTION_APP_ID"'),
    ],
    "azure_yaml_is_what_azd_reads": [
        ("azure.yaml", "module: main", "module: events"),
        ("azure.yaml", "azd: '>= 1.24.1'", "azd: '>= 1.20.0'"),
        ("azure.yaml", "host: function", "host: appservice"),
        ("azure.yaml", "python3 tools/subscribe.py", "python3 tools/subscriptions.py"),
        ("azure.yaml", "  postdeploy:", "  postup:"),
        (APP, "'azd-service-name': 'registrar'", "'azd-service-name': 'app'"),
        (MAIN, "'azd-env-name': environmentName", "'environment': environmentName"),
    ],
    "a_source_has_one_topic": [
        (MAIN, "toLower(account.id)", "account.id"),
    ],
    "what_would_collide_is_made_one_by_one": [
        ("infra/modules/endpoints.bicep", "@batchSize(1)\nresource endpoints", "resource endpoints"),
        ("infra/modules/endpoints.bicep", "@batchSize(1)\nresource names", "resource names"),
        (BLOBS, "@batchSize(1)\n", ""),
    ],
    "what_takes_tags_has_them": [
        (MAIN, "union(resourceTags, {", "union({}, {"),
        (STORAGE, "  location: location\n  tags: tags\n", "  location: location\n"),
        (APP, "tags: union(tags, {", "tags: union({}, {"),
    ],
    "two_installations_share_nothing": [
        ("infra/modules/workbook.bicep", ", suffix)", ")"),
    ],
    "the_package_holds_the_app": [
        (".funcignore", "docs\n", "docs\npolicies\n"),
        (".funcignore", "sandbox\n", ""),
        (".funcignore", ".azure\n", ""),
    ],
    "nothing_is_secret": [
        (STORAGE, "output hostName string = host.name", "output key string = host.listKeys().keys[0].value"),
        (APP, "AZURE_CLIENT_ID: clientId", "AZURE_CLIENT_ID: clientId\n    AzureWebJobsStorage: hostBlobs"),
        (JOBS, "endpointType: 'AzureFunction'", "endpointType: 'WebHook'"),
        (JOBS, "/functions/on_job_event'", "/functions/on_job_event?code=abc'"),
        (APP, "AZURE_CLIENT_ID: clientId", "STORAGE_CONNECTIONSTRING: hostBlobs"),
        (MAIN, "param alertEmail string = ''", "@secure()\nparam alertEmail string = ''"),
    ],
    "resources_are_closed": [
        (STORAGE, "allowSharedKeyAccess: false", "allowSharedKeyAccess: true"),
        (STORAGE, "minimumTlsVersion: 'TLS1_2'", "minimumTlsVersion: 'TLS1_0'"),
        (STORAGE, "publicAccess: 'None'", "publicAccess: 'Blob'"),
        (APP, "httpsOnly: true", "httpsOnly: false"),
        ("infra/modules/outcomes.bicep", "disableLocalAuth: true", "disableLocalAuth: false"),
        ("infra/modules/monitoring.bicep", "DisableLocalAuth: true", "DisableLocalAuth: false"),
    ],
    "subnets_are_guarded": [
        ("infra/modules/network.bicep", "          networkSecurityGroup: { id: guard.id }\n", ""),
    ],
    "publishing_takes_no_password": [
        (APP, "name: 'scm'", "name: 'web'"),
    ],
    "assignments_are_the_grants": [
        (ROLES, "resource telemetry 'Microsoft.Auth", "resource metrics 'Microsoft.Auth"),
        (
            "infra/modules/identity.bicep",
            "output id string",
            "resource own 'Microsoft.Authorization/roleAssignments@2022-04-01' = {\n  name: 'x'\n}\n\noutput id string",
        ),
    ],
    "assignments_give_what_is_granted": [
        (ROLES, "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1", "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"),
        (ROLES, "scope: policyContainer\n", "scope: ledgerAccount\n"),
        (ROLES, "/default/registrar-policies'", "/default/registrar-state'"),
        (ROLES, "principalId: deployer.id", "principalId: app"),
        (ROLES, "      condition: receiptsOnly\n", ""),
        (ROLES, "*.receipt.json", "*"),
        (ROLES, "blobs/write\\'}) AND", "blobs/delete\\'}) AND"),
    ],
    "assignments_are_named_by_what_they_give": [
        (ROLES, "guid(hostAccount.id, app, blobOwner)", "guid(hostAccount.id, blobOwner)"),
        (ROLES, "    principalType: 'ServicePrincipal'\n", ""),
    ],
    "shelves_are_the_ledgers": [
        (ROLES, "'registrar-quarantine']", "'registrar-policies']"),
    ],
    "definitions_allow_what_the_code_does": [
        (DEFINITIONS, "workspaces/jobs/read'", "workspaces/jobs/*'"),
        (DEFINITIONS, "blobs/write'", "blobs/delete'"),
        (DEFINITIONS, "resource writerRole", "resource readerRole"),
    ],
    "every_identity_is_given_its_roles": [
        (MAIN, "    jobTopic: jobTopic.outputs.principalId\n", ""),
        (MAIN, "[for (account, i) in dropAccounts: dropTopics[i].outputs.principalId]", "[]"),
        (
            MAIN,
            "    app: identity.outputs.principalId\n    workspace:",
            "    app: identity.outputs.clientId\n    workspace:",
        ),
    ],
    "the_app_starts_after_its_roles": [
        (MAIN, "dependsOn: [roles, ", "dependsOn: ["),
    ],
    "containers_are_those_of_the_code": [
        (STORAGE, "'registrar-decisions'", "'registrar-decision'"),
    ],
    "queues_are_those_of_the_code": [
        (STORAGE, "'registrar-work-poison'", "'registrar-poison'"),
    ],
    "settings_are_those_that_are_read": [
        (APP, "REGISTRAR_CHAMPION_STAGE:", "REGISTRAR_STAGE:"),
        (APP, "    AzureWebJobsStorage__tableServiceUri: hostTables\n", ""),
    ],
    "settings_have_values": [
        (APP, "REGISTRAR_MODE: mode", "REGISTRAR_MODE: 'act'"),
    ],
    "threads_are_as_many_as_messages": [
        (APP, "THREAD_COUNT: '12'", "THREAD_COUNT: '4'"),
    ],
    "parameters_have_the_defaults_of_the_code": [
        (MAIN, "param attempts int = 20", "param attempts int = 10"),
        (MAIN, "@maxValue(3600)", "@maxValue(7200)"),
        (MAIN, "@allowed(['act', 'observe'])", "@allowed(['act'])"),
    ],
    "python_is_the_projects": [
        (APP, "version: '3.13'", "version: '3.12'"),
        (APP, "name: 'FC1', tier: 'FlexConsumption'", "name: 'Y1', tier: 'Dynamic'"),
    ],
    "nothing_of_the_ledger_expires": [
        (
            STORAGE,
            "containerDeleteRetentionPolicy: { enabled: true",
            "containerDeleteRetentionPolicy: { enabled: false",
        ),
        (STORAGE, "isVersioningEnabled: true", "isVersioningEnabled: false"),
        (STORAGE, "  parent: decisions\n", "  parent: state\n"),
        (
            STORAGE,
            "output hostName",
            "resource rule 'Microsoft.Storage/storageAccounts/managementPolicies@2025-01-01' = {\n}\n\noutput hostName",
        ),
    ],
    "alerts_look_for_lines_that_are_logged": [
        (ALERTS, "startswith \\'swept: \\'", "startswith \\'sweep: \\'"),
        (ALERTS, "Name == \\'quarantine_candidate\\'", "Name == \\'poison\\'"),
        (WORKBOOK, "startswith 'counted '", "startswith 'outcome '"),
        (WORKBOOK, "'registrar.step.duration'", "'registrar.steps'"),
    ],
    "alerts_exist_for_what_is_lost": [
        (ALERTS, "name: 'coverage'", "name: 'cover'"),
        (ALERTS, "\\'DroppedEventCount\\'", "\\'MatchedEventCount\\'"),
    ],
    "alerts_miss_nothing_that_comes_late": [
        (ALERTS, "window: 'PT30M'", "window: 'PT15M'"),
        (ALERTS, "evaluationFrequency: 'PT15M'", "evaluationFrequency: 'PT1H'"),
    ],
    "subscriptions_keep_dead_letters": [
        (BLOBS, "blobContainerName: 'registrar-dead-letters'", "blobContainerName: 'dead'"),
        (JOBS, "deadLetterWithResourceIdentity:", "deadLetterDestination:"),
    ],
    "subscriptions_retry_within_bounds": [
        (JOBS, "maxDeliveryAttempts: 30", "maxDeliveryAttempts: 3"),
        (BLOBS, "eventTimeToLiveInMinutes: 1440", "eventTimeToLiveInMinutes: 14400"),
    ],
    "subscriptions_go_to_a_function_or_the_queue": [
        (BLOBS, "/functions/on_drop_event'", "/functions/on_job_event'"),
        (JOBS, "endpointType: 'StorageQueue'", "endpointType: 'ServiceBusQueue'"),
        (BLOBS, "queueName: 'registrar-work'", "queueName: 'work'"),
        (JOBS, "maxEventsPerBatch: 1,", "maxEventsPerBatch: 10,"),
        (JOBS, "TimeToLiveInSeconds: 604800", "TimeToLiveInSeconds: 60"),
        (JOBS, "delivery == 'queue' ? toQueue : null", "toQueue"),
    ],
    "functions_that_hear_exist": [
        (BLOBS, "/functions/on_drop_event'", "/functions/on_blob_event'"),
        ("tools/subscribe.py", '"on_drop_event"', '"on_blob_event"'),
    ],
    "subscriptions_hear_what_the_doors_take": [
        (JOBS, "LearningServices.RunCompleted'", "LearningServices.ModelRegistered'"),
    ],
    "filters_drop_nothing_by_accident": [
        (
            JOBS,
            "['Microsoft.MachineLearningServices.RunStatusChanged']",
            "['Microsoft.MachineLearningServices.RunStatusChanged', 'Microsoft.MachineLearningServices.RunCompleted']",
        ),
        (BLOBS, "'FlushWithClose', ", ""),
    ],
    "prefixes_end_with_a_slash": [
        (BLOBS, "subjectBeginsWith: '/blobServices/default/containers/", "// '"),
        (EVENTS, "'${place.folder}/'", "place.folder"),
        (EVENTS, "folder: 'azureml/'", "folder: 'azureml'"),
        (BLOBS, "/blobs/${place.folder}'", "/blobs'"),
    ],
    "own_writes_are_not_heard": [
        (EVENTS, "folder: 'azureml/'", "folder: 'registrar/'"),
        (EVENTS, "?? '/model.manifest.json'", "?? '.json'"),
    ],
    "subscriptions_can_be_told_apart": [
        (JOBS, "'registrar-completed-${token}'", "'registrar-completed'"),
    ],
}


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The templates, and what azd reads, in a folder of their own."""
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_the_copy_keeps_every_rule(copied: Path) -> None:
    assert [complaint for rule in rules().values() for complaint in rule(Project(copied))] == []


@pytest.mark.parametrize(
    ("rule", "file", "old", "new"), [(rule, *one) for rule in MUTATIONS for one in MUTATIONS[rule]]
)
def test_a_broken_template_breaks_the_rule(copied: Path, rule: str, file: str, old: str, new: str) -> None:
    text = (copied / file).read_text(encoding="utf-8")
    assert old in text

    (copied / file).write_text(text.replace(old, new), encoding="utf-8")

    assert list(rules()[rule](Project(copied)))


def test_every_rule_is_broken_once() -> None:
    of_the_code = {"grants_fit_what_the_code_writes"}  # reads no template

    assert {rule for rule, broken in MUTATIONS.items() if broken} == rules().keys() - of_the_code
