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

# rule, file, what stands there, what it becomes
MUTATIONS = [
    ("every_file_parses", STORAGE, "param location string", "param location string ="),
    ("every_file_parses", PARAMETERS, "param location = ", "param location = ("),
    ("modules_are_local_and_there", MAIN, "'modules/identity.bicep'", "'br/public:avm/res/x:1.0.0'"),
    ("modules_are_local_and_there", MAIN, "'modules/identity.bicep'", "'modules/identities.bicep'"),
    ("modules_are_local_and_there", EVENTS, "import { heardAccount }", "import { heardAccounts }"),
    ("modules_get_their_parameters", MAIN, "    mode: mode\n", ""),
    ("modules_get_their_parameters", MAIN, "    mode: mode\n", "    mode: mode\n    modus: mode\n"),
    ("outputs_that_are_read_are_there", MAIN, "storage.outputs.hostTables", "storage.outputs.tables"),
    ("outputs_that_are_read_are_there", MAIN, "network.?outputs.zones", "network.?outputs.dnsZones"),
    ("everything_that_is_declared_is_used", STORAGE, "param tags object", "param tags object\nparam sku string"),
    ("files_that_are_loaded_are_there", "infra/modules/workbook.bicep", "'../workbook.json'", "'workbook.json'"),
    ("a_type_has_one_version", "infra/modules/account.bicep", "Accounts@2025-01-01", "Accounts@2024-01-01"),
    ("parameters_explain_themselves", MAIN, "@description('Make a topic that outcome events are sent to.')\n", ""),
    ("parameter_files_fit", PARAMETERS, "using 'main.bicep'", "using 'events.bicep'"),
    ("parameter_files_fit", PARAMETERS, "param alertEmail", "param alertMail"),
    (
        "parameter_files_have_the_defaults_of_the_template",
        PARAMETERS,
        "'REGISTRAR_ATTEMPTS', '20'",
        "'REGISTRAR_ATTEMPTS', '5'",
    ),
    ("events_read_what_main_writes", MAIN, "output REGISTRAR_TOKEN", "output REGISTRAR_SUFFIX"),
    ("events_read_what_main_writes", "infra/events.bicepparam", "'REGISTRAR_HEARD_DROPS'", "'REGISTRAR_DROPS'"),
    ("events_read_what_main_writes", "tools/subscribe.py", '"REGISTRAR_APP_ID"', '"REGISTRAR_FUNCTION_APP_ID"'),
    ("azure_yaml_is_what_azd_reads", "azure.yaml", "module: main", "module: events"),
    ("azure_yaml_is_what_azd_reads", "azure.yaml", "azd: '>= 1.24.1'", "azd: '>= 1.20.0'"),
    ("a_source_has_one_topic", MAIN, "toLower(account.id)", "account.id"),
    ("two_installations_share_nothing", "infra/modules/workbook.bicep", ", suffix)", ")"),
    ("azure_yaml_is_what_azd_reads", "azure.yaml", "host: function", "host: appservice"),
    ("azure_yaml_is_what_azd_reads", "azure.yaml", "python3 tools/subscribe.py", "python3 tools/subscriptions.py"),
    ("azure_yaml_is_what_azd_reads", "azure.yaml", "  postdeploy:", "  postup:"),
    ("azure_yaml_is_what_azd_reads", APP, "'azd-service-name': 'registrar'", "'azd-service-name': 'app'"),
    ("the_package_holds_the_app", ".funcignore", "docs\n", "docs\npolicies\n"),
    ("the_package_holds_the_app", ".funcignore", "sandbox\n", ""),
    ("the_package_holds_the_app", ".funcignore", ".azure\n", ""),
    (
        "nothing_is_secret",
        STORAGE,
        "output hostName string = host.name",
        "output key string = host.listKeys().keys[0].value",
    ),
    (
        "nothing_is_secret",
        APP,
        "AZURE_CLIENT_ID: clientId",
        "AZURE_CLIENT_ID: clientId\n    AzureWebJobsStorage: hostBlobs",
    ),
    ("nothing_is_secret", JOBS, "endpointType: 'AzureFunction'", "endpointType: 'WebHook'"),
    ("nothing_is_secret", JOBS, "/functions/on_job_event'", "/functions/on_job_event?code=abc'"),
    ("nothing_is_secret", APP, "AZURE_CLIENT_ID: clientId", "STORAGE_CONNECTIONSTRING: hostBlobs"),
    ("nothing_is_secret", MAIN, "param alertEmail string = ''", "@secure()\nparam alertEmail string = ''"),
    ("resources_are_closed", STORAGE, "allowSharedKeyAccess: false", "allowSharedKeyAccess: true"),
    ("resources_are_closed", STORAGE, "minimumTlsVersion: 'TLS1_2'", "minimumTlsVersion: 'TLS1_0'"),
    ("resources_are_closed", STORAGE, "publicAccess: 'None'", "publicAccess: 'Blob'"),
    ("resources_are_closed", APP, "httpsOnly: true", "httpsOnly: false"),
    ("resources_are_closed", "infra/modules/outcomes.bicep", "disableLocalAuth: true", "disableLocalAuth: false"),
    ("resources_are_closed", "infra/modules/monitoring.bicep", "DisableLocalAuth: true", "DisableLocalAuth: false"),
    ("publishing_takes_no_password", APP, "name: 'scm'", "name: 'web'"),
    ("assignments_are_the_grants", ROLES, "resource telemetry 'Microsoft.Auth", "resource metrics 'Microsoft.Auth"),
    (
        "assignments_are_the_grants",
        "infra/modules/identity.bicep",
        "output id string",
        "resource own 'Microsoft.Authorization/roleAssignments@2022-04-01' = {\n  name: 'x'\n}\n\noutput id string",
    ),
    (
        "assignments_give_what_is_granted",
        ROLES,
        "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
        "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    ),
    ("assignments_give_what_is_granted", ROLES, "scope: policyContainer\n", "scope: ledgerAccount\n"),
    ("assignments_give_what_is_granted", ROLES, "/default/registrar-policies'", "/default/registrar-state'"),
    ("assignments_give_what_is_granted", ROLES, "principalId: deployer.id", "principalId: app"),
    ("assignments_give_what_is_granted", ROLES, "      condition: receiptsOnly\n", ""),
    ("assignments_give_what_is_granted", ROLES, "*.receipt.json", "*"),
    ("assignments_give_what_is_granted", ROLES, "blobs/write\\'}) AND", "blobs/delete\\'}) AND"),
    (
        "assignments_are_named_by_what_they_give",
        ROLES,
        "guid(hostAccount.id, app, blobOwner)",
        "guid(hostAccount.id, blobOwner)",
    ),
    ("assignments_are_named_by_what_they_give", ROLES, "    principalType: 'ServicePrincipal'\n", ""),
    ("shelves_are_the_ledgers", ROLES, "'registrar-quarantine']", "'registrar-policies']"),
    ("definitions_allow_what_the_code_does", DEFINITIONS, "workspaces/jobs/read'", "workspaces/jobs/*'"),
    ("definitions_allow_what_the_code_does", DEFINITIONS, "blobs/write'", "blobs/delete'"),
    ("definitions_allow_what_the_code_does", DEFINITIONS, "resource writerRole", "resource readerRole"),
    ("every_identity_is_given_its_roles", MAIN, "    jobTopic: jobTopic.outputs.principalId\n", ""),
    (
        "every_identity_is_given_its_roles",
        MAIN,
        "[for (account, i) in dropAccounts: dropTopics[i].outputs.principalId]",
        "[]",
    ),
    (
        "every_identity_is_given_its_roles",
        MAIN,
        "    app: identity.outputs.principalId\n    workspace:",
        "    app: identity.outputs.clientId\n    workspace:",
    ),
    ("the_app_starts_after_its_roles", MAIN, "dependsOn: [roles, ", "dependsOn: ["),
    ("containers_are_those_of_the_code", STORAGE, "'registrar-decisions'", "'registrar-decision'"),
    ("queues_are_those_of_the_code", STORAGE, "'registrar-work-poison'", "'registrar-poison'"),
    ("settings_are_those_that_are_read", APP, "REGISTRAR_CHAMPION_STAGE:", "REGISTRAR_STAGE:"),
    ("settings_are_those_that_are_read", APP, "    AzureWebJobsStorage__tableServiceUri: hostTables\n", ""),
    ("settings_have_values", APP, "REGISTRAR_MODE: mode", "REGISTRAR_MODE: 'act'"),
    ("threads_are_as_many_as_messages", APP, "THREAD_COUNT: '12'", "THREAD_COUNT: '4'"),
    ("parameters_have_the_defaults_of_the_code", MAIN, "param attempts int = 20", "param attempts int = 10"),
    ("parameters_have_the_defaults_of_the_code", MAIN, "@maxValue(3600)", "@maxValue(7200)"),
    ("parameters_have_the_defaults_of_the_code", MAIN, "@allowed(['act', 'observe'])", "@allowed(['act'])"),
    ("python_is_the_projects", APP, "version: '3.13'", "version: '3.12'"),
    ("python_is_the_projects", APP, "name: 'FC1', tier: 'FlexConsumption'", "name: 'Y1', tier: 'Dynamic'"),
    ("nothing_of_the_ledger_expires", STORAGE, "isVersioningEnabled: true", "isVersioningEnabled: false"),
    ("nothing_of_the_ledger_expires", STORAGE, "  parent: decisions\n", "  parent: state\n"),
    (
        "nothing_of_the_ledger_expires",
        STORAGE,
        "output hostName",
        "resource rule 'Microsoft.Storage/storageAccounts/managementPolicies@2025-01-01' = {\n}\n\noutput hostName",
    ),
    ("alerts_look_for_lines_that_are_logged", ALERTS, "startswith \\'swept: \\'", "startswith \\'sweep: \\'"),
    ("alerts_look_for_lines_that_are_logged", ALERTS, "Name == \\'quarantine_candidate\\'", "Name == \\'poison\\'"),
    ("alerts_look_for_lines_that_are_logged", WORKBOOK, "startswith 'counted '", "startswith 'outcome '"),
    ("alerts_exist_for_what_is_lost", ALERTS, "name: 'coverage'", "name: 'cover'"),
    ("alerts_exist_for_what_is_lost", ALERTS, "\\'DroppedEventCount\\'", "\\'MatchedEventCount\\'"),
    ("alerts_look_for_lines_that_are_logged", WORKBOOK, "'registrar.step.duration'", "'registrar.steps'"),
    ("alerts_miss_nothing_that_comes_late", ALERTS, "window: 'PT30M'", "window: 'PT15M'"),
    ("alerts_miss_nothing_that_comes_late", ALERTS, "evaluationFrequency: 'PT15M'", "evaluationFrequency: 'PT1H'"),
    (
        "subscriptions_keep_dead_letters",
        BLOBS,
        "blobContainerName: 'registrar-dead-letters'",
        "blobContainerName: 'dead'",
    ),
    ("subscriptions_keep_dead_letters", JOBS, "deadLetterWithResourceIdentity:", "deadLetterDestination:"),
    ("subscriptions_retry_within_bounds", JOBS, "maxDeliveryAttempts: 30", "maxDeliveryAttempts: 3"),
    ("subscriptions_retry_within_bounds", BLOBS, "eventTimeToLiveInMinutes: 1440", "eventTimeToLiveInMinutes: 14400"),
    ("subscriptions_go_to_a_function_or_the_queue", BLOBS, "queueName: 'registrar-work'", "queueName: 'work'"),
    ("subscriptions_go_to_a_function_or_the_queue", JOBS, "maxEventsPerBatch: 1,", "maxEventsPerBatch: 10,"),
    ("subscriptions_go_to_a_function_or_the_queue", JOBS, "TimeToLiveInSeconds: 604800", "TimeToLiveInSeconds: 60"),
    ("subscriptions_go_to_a_function_or_the_queue", JOBS, "delivery == 'queue' ? toQueue : null", "toQueue"),
    ("functions_that_hear_exist", BLOBS, "/functions/on_drop_event'", "/functions/on_blob_event'"),
    ("functions_that_hear_exist", "tools/subscribe.py", '"on_drop_event"', '"on_blob_event"'),
    (
        "subscriptions_hear_what_the_doors_take",
        JOBS,
        "LearningServices.RunCompleted'",
        "LearningServices.ModelRegistered'",
    ),
    (
        "filters_drop_nothing_by_accident",
        JOBS,
        "['Microsoft.MachineLearningServices.RunStatusChanged']",
        "['Microsoft.MachineLearningServices.RunStatusChanged', 'Microsoft.MachineLearningServices.RunCompleted']",
    ),
    ("filters_drop_nothing_by_accident", BLOBS, "'FlushWithClose', ", ""),
    ("prefixes_end_with_a_slash", EVENTS, "'${place.folder}/'", "place.folder"),
    ("prefixes_end_with_a_slash", EVENTS, "folder: 'azureml/'", "folder: 'azureml'"),
    ("prefixes_end_with_a_slash", BLOBS, "/blobs/${place.folder}'", "/blobs'"),
    ("own_writes_are_not_heard", EVENTS, "folder: 'azureml/'", "folder: 'registrar/'"),
    ("own_writes_are_not_heard", EVENTS, "?? '/model.manifest.json'", "?? '.json'"),
    ("subscriptions_can_be_told_apart", JOBS, "'registrar-completed-${token}'", "'registrar-completed'"),
]


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The templates, and what azd reads, in a folder of their own."""
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize(("rule", "file", "old", "new"), MUTATIONS)
def test_a_broken_template_breaks_the_rule(copied: Path, rule: str, file: str, old: str, new: str) -> None:
    text = (copied / file).read_text(encoding="utf-8")
    assert old in text

    (copied / file).write_text(text.replace(old, new), encoding="utf-8")

    assert list(rules()[rule](Project(copied)))


def test_every_rule_is_broken_once() -> None:
    of_the_code = {"grants_fit_what_the_code_writes"}  # reads no template

    assert {rule for rule, *_ in MUTATIONS} == rules().keys() - of_the_code
