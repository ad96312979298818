"""The run of a review as a Workflow Run RO-Crate (https://w3id.org/ro/wfrun/workflow/0.5), validated where the validator can."""

import json
import logging
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from datajam.folders import write_text
from datajam.review.evidence import Evidence, Reviewed

PROFILES = (
    ("https://w3id.org/ro/wfrun/process/0.5", "Process Run Crate", "0.5"),
    ("https://w3id.org/ro/wfrun/workflow/0.5", "Workflow Run Crate", "0.5"),
    ("https://w3id.org/workflowhub/workflow-ro-crate/1.0", "Workflow RO-Crate", "1.0"),
)
_METADATA = "ro-crate-metadata.json"
_TERMS_OF_1_1 = {
    **{name: f"https://bioschemas.org/{name}" for name in ("ComputationalWorkflow", "FormalParameter")},
    **{name: f"https://bioschemas.org/ComputationalWorkflow#{name}" for name in ("input", "output")},
}
LARGEST = 50_000_000


def executed_name(one: Reviewed, number: int) -> str:
    """Where an executed notebook lies in the crate: numbered, in letters that every system and address takes.

    >>> executed_name(Reviewed("notebooks/01 <b>.ipynb"), 3)
    'executed/03_notebooks_01_b_.ipynb'
    """
    import re

    plain = re.sub(r"[^A-Za-z0-9.]+", "_", one.path.removesuffix(".ipynb"))[-80:]
    return f"executed/{number:02}_{plain.strip('.')}.ipynb"


def write(folder: Path, evidence: Evidence, verdict: str) -> str:
    """Write the crate of a review: the line that replays it, the notebooks as executed, inputs by hash; says if it is valid."""
    try:
        from rocrate.rocrate import ROCrate
    except ImportError:
        evidence.not_checked.append("No RO-Crate was written: rocrate is not installed.")
        return "not written"
    crate = ROCrate(version="1.1")
    crate.name = f"Review of {(evidence.settings or {}).get('project', {}).get('name', evidence.folder.name)}"
    crate.description = verdict
    crate.license = "As the project reviewed; see its LICENSE"
    crate.root_dataset["conformsTo"] = [_entity(crate, address, "CreativeWork", name=name, version=version)
                                        for address, name, version in PROFILES]  # fmt: skip
    with TemporaryDirectory() as made:
        workflow = _workflow(crate, Path(made), evidence)
        _action(crate, Path(made), evidence, workflow, verdict)
        crate.write(folder)
    return validated(folder)


def _entity(crate: Any, identifier: str, kind: str | list[str], **about: Any) -> Any:
    from rocrate.model.contextentity import ContextEntity

    return crate.add(ContextEntity(crate, identifier, properties={"@type": kind, **about}))


def _workflow(crate: Any, folder: Path, evidence: Evidence) -> Any:
    """The workflow: the line that makes the review again, with the parameters it took."""
    replay = folder / "replay.sh"
    write_text(
        replay, f"#!/bin/sh\n# Makes this review again. Lock: {evidence.lock or 'none'} {evidence.lock_sha256}\n{evidence.replay}\n"
    )
    workflow = crate.add_workflow(replay, "replay.sh", main=True, lang=_shell(crate))
    workflow["name"] = "datajam review"
    workflow["input"] = [_parameter(crate, name, value) for name, value in _parameters(evidence).items()]
    return workflow


def _shell(crate: Any) -> Any:
    from rocrate.model.computerlanguage import ComputerLanguage

    address = "https://pubs.opengroup.org/onlinepubs/9799919799/"
    return crate.add(ComputerLanguage(crate, "#sh", properties={"name": "POSIX shell", "identifier": address, "url": address}))


def _parameters(evidence: Evidence) -> dict[str, str]:
    about = (evidence.settings or {}).get("parameters", {})
    return {"origin": evidence.origin, "commit": evidence.commit or "none", **{name: str(value) for name, value in about.items()}}


def _parameter(crate: Any, name: str, value: str) -> Any:
    example = _entity(crate, f"#{name}-value", "PropertyValue", name=name, value=value or "not set")
    formal = _entity(crate, f"#{name}", "FormalParameter", name=name, additionalType="Text", workExample={"@id": example.id})
    formal["conformsTo"] = {"@id": "https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE"}
    example["exampleOfWork"] = {"@id": formal.id}
    return formal


def _action(crate: Any, folder: Path, evidence: Evidence, workflow: Any, verdict: str) -> None:
    """What was run: from the inputs, by their hash, to the notebooks as executed."""
    ended = datetime.now(UTC)
    begun = ended - timedelta(seconds=evidence.seconds)
    action = _entity(
        crate,
        "#review",
        "CreateAction",
        name=verdict,
        startTime=begun.isoformat(timespec="seconds"),
        endTime=ended.isoformat(timespec="seconds"),
        actionStatus={
            "@id": f"http://schema.org/{'Completed' if all(one.ran for one in evidence.notebooks) else 'Failed'}ActionStatus"
        },
    )
    action["instrument"] = workflow
    action["agent"] = _entity(crate, "#datajam", "SoftwareApplication", name="datajam review", url="https://w3id.org/ro/wfrun")
    action["object"] = [*({"@id": f"#{name}-value"} for name in _parameters(evidence)), *_inputs(crate, evidence)]
    action["result"] = list(_executed(crate, folder, evidence))
    crate.root_dataset["mentions"] = [action]


def _inputs(crate: Any, evidence: Evidence) -> list[Any]:
    """The project's files that were read, by hash; they are not copied."""
    read = {each.path: each.sha256 for one in evidence.notebooks for each in one.opened if each.sha256}
    return [_entity(crate, f"#input-{number}", "PropertyValue", name=path, propertyID="sha256", value=digest)
            for number, (path, digest) in enumerate(sorted(read.items()), start=1)]  # fmt: skip


def _executed(crate: Any, folder: Path, evidence: Evidence) -> Any:
    for number, one in enumerate(evidence.notebooks, start=1):
        text = json.dumps(one.now, indent=1, ensure_ascii=False) if one.now is not None else ""
        if text and len(text) <= LARGEST:
            path = folder / executed_name(one, number)
            path.parent.mkdir(exist_ok=True)
            write_text(path, text + "\n")
            name = executed_name(one, number)
            yield crate.add_file(path, name, properties={"name": one.path, "encodingFormat": "application/x-ipynb+json"})


def validated(folder: Path) -> str:
    """Whether a crate keeps what its profile requires, in words, by roc-validator and without a network.

    The validator would fetch the meaning of the terms from the network, and finds nothing wrong where it cannot: it is given
    the copy that comes with rocrate, with the two terms that RO-Crate 1.1, on which the profile stands, has elsewhere.
    """
    try:
        from rocrate_validator import services
        from rocrate_validator.models import Severity, ValidationSettings
    except ImportError:
        return "not validated: roc-validator is not installed"
    about = json.loads((folder / _METADATA).read_text(encoding="utf-8"))
    terms = json.loads((resources.files("rocrate") / "data" / "ro-crate.jsonld").read_text(encoding="utf-8"))["@context"]
    asked = {"profile_identifier": "workflow-run-crate-0.5", "requirement_severity": Severity.REQUIRED, "offline": True}
    given = {**asked, "rocrate_uri": str(folder), "metadata_dict": {**about, "@context": {**terms, **_TERMS_OF_1_1}}}
    logging.disable(logging.CRITICAL)
    try:
        found = services.validate(ValidationSettings(**given))
    except Exception as error:
        return f"not validated: roc-validator gave up ({type(error).__name__}: {str(error)[:100]})"
    finally:
        logging.disable(logging.NOTSET)
    if found.has_issues():
        return f"NOT valid as a Workflow Run Crate 0.5: {next(iter(found.get_issues())).message}"
    return "valid as a Workflow Run Crate 0.5 (roc-validator, without a network)"
