"""XLSX files for tests: from rows, and from the XML of a sheet."""

import zipfile
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from typing import Any

import openpyxl

NAMESPACE = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
A1 = '<c r="A1" t="inlineStr"><is><t>contact_id</t></is></c>'


def workbook(*rows: Sequence[Any], change: Callable[[Any], object] = lambda _book: None) -> bytes:
    """A workbook with these rows, to which `change` has been done. Its sheet is called Sheet."""
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    change(made)
    file = BytesIO()
    made.save(file)
    return file.getvalue()


def rows_in_xml(xml: str) -> str:
    """The data of a sheet: a heading contact_id, and these rows."""
    return f'<sheetData><row r="1">{A1}</row>{xml}</sheetData>'


def book(sheet: str, **more: str) -> bytes:
    """A workbook with this XML as its sheet, and with more parts."""
    parts = {f"xl/{name}.xml": text for name, text in more.items()}
    xml = f"<worksheet {NAMESPACE}>{sheet}</worksheet>"
    return with_parts(workbook(), {"xl/worksheets/sheet1.xml": xml, **parts})


def with_parts(content: bytes, parts: Mapping[str, str]) -> bytes:
    """The workbook with these parts instead of its own, or beside them."""
    packed = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(content)) as old,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            if name not in parts:
                new.writestr(name, old.read(name))
        for name, text in parts.items():
            new.writestr(name, text)
    return packed.getvalue()
