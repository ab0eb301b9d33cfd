"""The generated documents: valid, the same every time, and true."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from assay.accounts.capability import ACCOUNTS
from assay.faces.openapi import document
from assay.faces.schema import documents, write
from assay.faces.tools import tools
from assay.kernel.catalogue import Catalogue
from assay.kernel.own import HOUSE, JOBS
from faces.toyroom import TOYS

CATALOGUE = Catalogue([TOYS, ACCOUNTS, JOBS, HOUSE])
MADE = document(CATALOGUE, "1")


def test_the_openapi_document_is_valid() -> None:
    OpenAPIV31SpecValidator(MADE).validate()
    for schema in MADE["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_operation_is_described() -> None:
    described = {operation["operationId"] for path in MADE["paths"].values() for operation in path.values()}
    assert described == {operation.name for operation in CATALOGUE}


def test_the_same_catalogue_gives_the_same_bytes(tmp_path: Path) -> None:
    assert json.dumps(documents(CATALOGUE)) == json.dumps(documents(Catalogue([TOYS, ACCOUNTS, JOBS, HOUSE])))
    assert {file.name for file in write(CATALOGUE, tmp_path)} == {"openapi.json", "tools.json", "events.json"}
    assert write(CATALOGUE, tmp_path) == []


def test_names_are_readable_and_every_reference_is_there() -> None:
    schemas = MADE["components"]["schemas"]
    assert {"ToyPage", "Toy", "Part", "Job", "Error"} <= schemas.keys() and not [n for n in schemas if n.endswith("_")]
    text = json.dumps(MADE)
    for part in text.split('"#/components/schemas/')[1:]:
        assert part.partition('"')[0] in schemas


def test_the_record_is_in_the_description() -> None:
    paint = MADE["paths"]["/api/v1/toys/{id}"]["put"]
    assert [p["name"] for p in paint["parameters"]] == ["id", "If-Match"]
    assert paint["requestBody"]["content"]["application/json"]["schema"]["required"] == ["colour"]
    assert {"404", "409", "428", "429", "401", "403", "422", "413"} <= paint["responses"].keys()
    listed = MADE["paths"]["/api/v1/toys"]
    tags = next(p for p in listed["get"]["parameters"] if p["name"] == "tags")
    assert (
        tags["schema"]["type"] == "array" and tags["explode"] and "Link" in listed["get"]["responses"]["200"]["headers"]
    )
    make = listed["post"]
    assert make["x-when"] == "a toy is missing" and make["x-needs"] == "toys:make" and make["x-effect"] == "write"
    assert make["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/MakeToy"}
    assert MADE["components"]["schemas"]["MakeToy"]["properties"]["secret"]["writeOnly"] is True
    assert "FindToy" not in MADE["components"]["schemas"]
    assert [p["name"] for p in make["parameters"]] == ["Idempotency-Key"]
    build = MADE["paths"]["/api/v1/toys:build"]["post"]
    assert (
        "multipart/form-data" in build["requestBody"]["content"] and "Location" in build["responses"]["202"]["headers"]
    )
    assert "text/event-stream" in MADE["paths"]["/api/v1/toys:count"]["get"]["responses"]["200"]["content"]
    assert MADE["paths"]["/api/v1/sign-in"]["post"]["security"] == []


def test_tools_are_those_that_say_when_to_use_them() -> None:
    listed = {tool["name"]: tool for tool in tools(CATALOGUE)}
    assert listed.keys() == {one.name.replace(".", "_") for one in CATALOGUE if one.when}
    for tool in listed.values():
        assert tool["inputSchema"]["type"] == tool["outputSchema"]["type"] == "object"
        Draft202012Validator.check_schema(tool["inputSchema"])
        Draft202012Validator.check_schema(tool["outputSchema"])
    assert listed["toys_list"]["annotations"]["readOnlyHint"] and not listed["toys_make"]["annotations"]["readOnlyHint"]
    assert listed["toys_smash"]["annotations"]["destructiveHint"]


def test_the_module_writes_the_documents(tmp_path: Path) -> None:
    arguments = [sys.executable, "-m", "assay.faces.schema", str(tmp_path), "faces.test_schema:CATALOGUE"]
    done = subprocess.run(
        arguments, cwd=Path(__file__).parents[1], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0 and (tmp_path / "tools.json").exists(), done.stderr
    assert subprocess.run(arguments[:3], capture_output=True, timeout=60, check=False).returncode == 2


@pytest.mark.parametrize("name", ["openapi.json", "tools.json"])
def test_a_recursive_answer_is_described_once(name: str) -> None:
    assert len(json.dumps(documents(CATALOGUE)[name])) < 400_000
