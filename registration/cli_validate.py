"""`registrar validate`: what validation says of one artifact, here or in storage. Nothing is registered or changed."""

from __future__ import annotations

import json as text
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TransferSpeedColumn
from rich.table import Table

from registration import cli_opinions, manifest
from registration.artifacts import profiles, validation
from registration.artifacts.inventory import Artifact
from registration.artifacts.local import HERE, LocalStore
from registration.artifacts.reader import Traffic
from registration.artifacts.scan import Verdict
from registration.artifacts.validation import Validation
from registration.cli_options import Json
from registration.documents import load
from registration.errors import InputError, ManifestError, PolicyError
from registration.finding import Level
from registration.pages import count, plain
from registration.policy.artifact import SignaturePolicy
from registration.policy.drop import Limits
from registration.policy.folder import read_text
from registration.sources import drops, folder
from registration.target import BlobUrl, LocalPath, parse_target
from registration.terminal import shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from registration.artifacts.store import Files, Location
    from registration.artifacts.validation import Promise
    from registration.assets import Asset
    from registration.finding import Finding
    from registration.signatures.verification import Signer, Verified
    from registration.uris import Uri

Target = Annotated[
    str,
    typer.Argument(
        metavar="PATH|URL|URI",
        help="A file or folder here, https://ACCOUNT.blob.core.windows.net/CONTAINER/NAME, or of the configured "
        "workspace azureml:MODEL:VERSION, azureml://jobs/JOB/outputs/OUTPUT or another URI of files.",
        show_default=False,
    ),
]
ProfileName = Annotated[str, typer.Option("--profile", metavar="NAME", help="The names that pickles may refer to.")]
WithManifest = Annotated[
    bool, typer.Option("--manifest", help="Hold the files against the model.manifest.json among them, as a drop is.")
]
KeyFile = Annotated[
    Path | None,
    typer.Option("--key", metavar="FILE", help="The files must be signed with one of these public keys (PEM)."),
]
RootFile = Annotated[
    Path | None,
    typer.Option("--root", metavar="FILE", help="The files must be signed by --identity, as these roots say (PEM)."),
]
Identity = Annotated[str | None, typer.Option("--identity", metavar="NAME", help="Who the certificate must name.")]
Issuer = Annotated[str | None, typer.Option("--issuer", metavar="URL", help="Who authenticated the identity.")]
SecondOpinions = Annotated[
    bool, typer.Option("--second-opinions", help="Ask picklescan and modelscan too; the verdict stays ours.")
]
_COLOURS = {
    Verdict.SAFE: "green",
    Verdict.UNSAFE: "red",
    Verdict.UNSCANNABLE: "yellow",
    Level.UNSAFE: "red",
    Level.UNSCANNABLE: "yellow",
    Level.UNLISTED: "yellow",
    Level.NOTE: "dim",
}


type Azure = Callable[[Uri | Asset], tuple[Files, Location]]


def add_to(app: typer.Typer, *, blobs: Callable[[str], Files] | None = None, azure: Azure | None = None) -> None:
    """Add the command to `app`; `blobs` opens the storage of a cloud by its suffix, `azure` what a URI names."""
    opened, named = blobs or _signed_in, azure or _in_workspace

    @app.command()
    def validate(  # noqa: PLR0913 - a command has its options
        target: Target,
        *,
        profile: ProfileName = profiles.DEFAULT,
        manifest: WithManifest = False,
        key: KeyFile = None,
        root: RootFile = None,
        identity: Identity = None,
        issuer: Issuer = None,
        second_opinions: SecondOpinions = False,
        json: Json = False,
    ) -> None:
        """Look into one artifact and say whether it is safe. Nothing of it is ever loaded or run.

        What a file is, is told by its content. Every file is hashed; of large ones
        only what their format needs is read again. The verdict is safe, unsafe or
        unscannable. With --key or --root the signature beside the files must hold too.

        Exit status 0 if it is safe, 1 if it is not, 2 if that could not be found out.
        """
        panel = cli_opinions.asked_for(target, wanted=second_opinions)
        signer = _signer(key=key, root=root, identity=identity, issuer=issuer)
        case = replace(_case(target, opened, named, with_manifest=manifest), signer=signer)
        answer = _validated(case, profile, quietly=json)
        said = cli_opinions.heard(panel, case.artifact, Path(target), quietly=json)
        if json:
            typer.echo(text.dumps(answer.to_dict() | said.to_dict()))
        else:
            _show(answer)
            said.show()
        raise typer.Exit(0 if answer.verdict is Verdict.SAFE else 1)


@dataclass(frozen=True)
class _Case:
    """What is validated, what forbids to read a file, and what the listing tells."""

    store: Files
    location: Location
    artifact: Artifact
    promises: tuple[Promise, ...] = ()
    findings: tuple[Finding, ...] = ()
    noticed: tuple[Finding, ...] = ()
    manifest: bytes = b""
    signer: SignaturePolicy | None = None


@dataclass(frozen=True)
class _Answer:
    case: _Case
    profile: str
    found: Validation
    traffic: Traffic
    signers: tuple[Signer, ...] = ()

    @property
    def verdict(self) -> Verdict:
        return self.found.verdict

    @property
    def format(self) -> str:
        """Of the only file, or of the files together."""
        formats = self.found.formats
        return formats.get(
            "", next(iter(formats.values())) if len(self.case.artifact.files) == 1 and formats else "files"
        )

    def to_dict(self) -> dict[str, Any]:
        return {
            "verdict": self.verdict.value,
            "format": self.format,
            "profile": self.profile,
            "findings": [asdict(finding) for finding in self.found.findings],
            "digest": self.found.sha256,
            "files": [
                {
                    "path": file.path,
                    "size": file.size,
                    "sha256": self.found.digests.get(file.path),
                    "format": self.found.formats.get(file.path),
                }
                for file in self.case.artifact.files
            ],
            "bytes_read": self.traffic.bytes,
            "requests": self.traffic.requests,
            **({"signed_by": [asdict(signer) for signer in self.signers]} if self.case.signer else {}),
        }


def _case(target: str, blobs: Callable[[str], Files], azure: Azure, *, with_manifest: bool) -> _Case:
    store, location = _place(target, blobs, azure)
    artifact = Artifact.of(store.files(location))
    if not artifact.files:
        raise InputError(f"{shown(target)}: there are no files")
    case = _Case(store, location, artifact)
    return _promised(case) if with_manifest else case


def _place(named: str, blobs: Callable[[str], Files], azure: Azure) -> tuple[Files, Location]:
    target = parse_target(named)
    if isinstance(target, BlobUrl):
        return blobs(target.suffix), target.location
    if not isinstance(target, LocalPath):
        return azure(target)
    path = Path(target.path)
    if not path.exists():
        raise InputError(f"{shown(named)}: there is no such file or folder")
    return (LocalStore(path), HERE) if path.is_dir() else (LocalStore(path.parent), HERE / path.name)


def _promised(case: _Case) -> _Case:
    """The files that the manifest lists, and what it says of them."""
    listed = case.artifact.files
    found = next((file for file in listed if file.path == manifest.MANIFEST_NAME), None)
    if found is None:
        raise InputError(f"--manifest: there is no {manifest.MANIFEST_NAME} among the files")
    document = case.store.range(found, offset=0, length=manifest.MAX_BYTES + 1)
    try:
        said = manifest.parse(document, source=manifest.MANIFEST_NAME)
    except ManifestError as wrong:
        return replace(case, artifact=Artifact(()), findings=tuple(drops.invalid(wrong)))
    promises = drops.promises_of(said)
    artifact = folder.promised(listed, promises)
    sizes = tuple(promise.size for promise in promises)
    noticed = (*folder.too_much(sizes, Limits(), place="files"), *folder.unlisted(artifact, rejects=False))
    return replace(case, artifact=artifact, promises=promises, noticed=noticed, manifest=document)


def _validated(case: _Case, profile: str, *, quietly: bool) -> _Answer:
    chosen, traffic = profiles.named(profile), Traffic()
    if case.findings:
        return _Answer(case, profile, Validation(None, {}, case.findings), traffic)
    console = Console(stderr=True, quiet=quietly)
    columns = ("hashing and scanning", BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=case.artifact.size)
        found = validation.validate(
            case.store,
            case.artifact,
            model_type="custom_model",
            promises=case.promises,
            noticed=case.noticed,
            profile=chosen,
            traffic=traffic,
            progress=lambda count: progress.advance(task, count),
        )
    verified = _verified(case, found)
    found = replace(found, findings=(*verified.findings, *found.findings))
    return _Answer(case, profile, found, traffic, verified.signers)


def _signer(*, key: Path | None, root: Path | None, identity: str | None, issuer: str | None) -> SignaturePolicy | None:
    """What the options ask for, in a policy's words; None if they ask for no signature."""
    texts = {name: read_text(path, name=str(path)) for name, path in (("key", key), ("root", root)) if path is not None}
    said = texts | {name: text for name, text in (("identity", identity), ("issuer", issuer)) if text is not None}
    return load(SignaturePolicy, said, source="signature", error=PolicyError) if said else None


def _verified(case: _Case, found: Validation) -> Verified:
    """What the signatures come to, if any are asked for."""
    from registration.signatures.verification import Signed, Verified, verify  # noqa: PLC0415 - only where asked for

    if case.signer is None:
        return Verified()
    signed = Signed(case.store, case.location, case.artifact, found.digests if found.sha256 else None, case.manifest)
    return verify(case.signer.trust, signed, at=datetime.now(UTC))


def _show(answer: _Answer) -> None:
    console = Console(highlight=False)
    found = answer.found
    files = Table("file", "format", "bytes", "sha256", box=None, padding=(0, 2, 0, 0))
    for file in answer.case.artifact.files:
        digest = found.digests.get(file.path, "not read")
        files.add_row(plain(file.path), found.formats.get(file.path, ""), f"{file.size:,}", digest[:16])
    console.print(files)
    for finding in found.findings:
        colour = _COLOURS[finding.level]
        place = finding.place if finding.offset is None else f"{finding.place}, byte {finding.offset}"
        console.print(f"\n[{colour}]{finding.level.value}[/{colour}] [bold]{finding.code}[/bold]")
        for line in filter(None, (place, finding.message, finding.action)):
            console.print(f"  {shown(line)}", markup=False, soft_wrap=True)
    colour = _COLOURS[answer.verdict]
    console.print(f"\n[bold {colour}]{answer.verdict.value}[/bold {colour}]  profile {answer.profile}", soft_wrap=True)
    for signer in answer.signers:
        console.print(f"signed {shown(signer)}", markup=False, soft_wrap=True)
    console.print(f"digest {found.sha256 or 'none: not every file was read'}", soft_wrap=True)
    read, requests = count(answer.traffic.bytes, "byte"), count(answer.traffic.requests, "request")
    console.print(f"[dim]{read} read in {requests}[/dim]")


def _signed_in(suffix: str) -> Files:
    from registration import bootstrap  # noqa: PLC0415 - loads the Azure clients, which a local file does without

    return bootstrap.blobs(suffix)


def _in_workspace(named: Uri | Asset) -> tuple[Files, Location]:
    from registration import bootstrap  # noqa: PLC0415 - as above

    parts = bootstrap.parts()
    location = parts.places.of(named)
    if location is None:
        raise InputError(f"{shown(str(named))}: the workspace does not have it, or keeps it elsewhere")
    return parts.store, location
