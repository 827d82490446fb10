"""Parameters from words and files: every fault at once, and each where it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from decisionbook.data.declarations import Chapter, Parameter, load_chapter, parse_chapter
from decisionbook.data.limits import limits_of
from decisionbook.data.package import Package
from decisionbook.data.yaml_files import read_yaml
from decisionbook.errors import InputError
from decisionbook.project import Project
from decisionbook.runs.parameters import collect, convert


@pytest.fixture(scope="module")
def chapter(project: Project) -> Chapter:
    return load_chapter(project, "carbon_market")


@pytest.fixture(scope="module")
def package(project: Project) -> Package:
    return Package(project)


def told(chapter: Chapter, package: Package, words: list[str], file: Path | None = None) -> list[str]:
    with pytest.raises(InputError) as caught:
        collect(chapter, package, words, file)
    return [str(problem) for problem in caught.value.problems]


def written(folder: Path, text: str) -> Path:
    path = folder / "p.yml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("text", ["1_0", "٢", "1e999", "0x1", "1，0", "10²"])
def test_a_number_is_written_in_plain_digits(chapter: Chapter, package: Package, text: str) -> None:
    (fault,) = told(chapter, package, [f"years={text}"])
    assert fault.startswith(f"-p, parameter years: found {text!r}; expected a")


def test_digits_of_full_width_and_the_sign_of_the_unit_are_read() -> None:
    assert convert(Parameter("x", "number", 1, "m"), "２.５") == 2.5
    assert convert(Parameter("x", "number", 1, "m", unit="%"), "35 %") == 35
    with pytest.raises(ValueError, match="a number without %"):
        convert(Parameter("x", "number", 1, "m", unit="元"), "35%")


def test_a_word_that_is_no_number_hides_no_other_fault(chapter: Chapter, package: Package) -> None:
    faults = told(chapter, package, ["years=abc", "trading_days=9999", "yeers=1"])
    assert len(faults) == 3
    assert any("parameter trading_days: found 9999" in fault for fault in faults)


def test_a_fault_of_a_file_is_the_files(chapter: Chapter, package: Package, tmp_path: Path) -> None:
    file = written(tmp_path, 'years: "2"\ntrading_days: 99999\n')
    first, second = told(chapter, package, ["trading_days=0"], file)
    assert first.startswith(f"{file}, parameter years: found '2'")
    assert second.startswith("-p, parameter trading_days: found 0")
    (only,) = told(chapter, package, ["years=2"], file)
    assert only.startswith(f"{file}, parameter trading_days: found 99999")


def test_two_values_of_one_parameter_are_told(chapter: Chapter, package: Package) -> None:
    (fault,) = told(chapter, package, ["years=2", "trading_days=200", "years=3"])
    assert fault.startswith("-p, parameter years: found '2' and '3'; expected one value.")
    assert collect(chapter, package, ["years=2", "years=2"], None) == {"years": 2}


def test_a_date_without_quotes_is_a_period(chapter: Chapter, package: Package, tmp_path: Path) -> None:
    name = next(n for n, p in chapter.parameters.items() if p.type == "period")
    file = written(tmp_path, f"{name}: 2022-07-15\n")
    assert collect(chapter, package, ["years=2"], file) == {name: "2022-07-15", "years": 2}


def test_two_values_that_do_not_fit_are_the_fault_of_both(package: Package, tmp_path: Path) -> None:
    text = "title: 章\ntitle_en: x\npart: x\nsources: []\ndata_until: 2022\nstatus: current\nrules: [a < b]\nparameters:\n"
    declared = tmp_path / "c.yml"
    declared.write_text(f"{text}  a: {{type: integer, default: 1}}\n  b: {{type: integer, default: 9}}\n", encoding="utf-8")
    chapter = parse_chapter(declared, "c", "c.yml")
    file = written(tmp_path, "a: 5\n")
    assert told(chapter, package, ["b=3"], file)[0].startswith(f"{file} and -p: found a = 5, b = 3")
    assert told(chapter, package, ["b=0"])[0].startswith("-p: found a = 1, b = 0")


@pytest.mark.parametrize("text", ["1: 2\n", "null: 3\n", "years: [1, 2]\n", "years: .inf\n"])
def test_any_yaml_is_parameters_or_a_message(chapter: Chapter, package: Package, tmp_path: Path, text: str) -> None:
    assert told(chapter, package, [], written(tmp_path, text))


def test_a_folder_of_parameters_is_called_one(chapter: Chapter, package: Package, tmp_path: Path) -> None:
    assert told(chapter, package, [], tmp_path) == [f"{tmp_path}: found a folder; expected a YAML file. Name the file in it."]


# ---- YAML -------------------------------------------------------------------------------------


def test_keys_that_come_twice_are_named_with_their_lines(tmp_path: Path) -> None:
    file = written(tmp_path, "a: 1\nb: {c: 1, d: 2}\n'a': 2\nb:\n  - {c: 1,\n     c: 2}\n")
    with pytest.raises(InputError) as caught:
        read_yaml(file, "p.yml")
    assert [problem.found for problem in caught.value.problems] == [
        "the key 'a' in line 1 and again in line 3",
        "the key 'b' in line 2 and again in line 4",
        "the key 'c' in line 5 and again in line 6",
    ]


@pytest.mark.parametrize("text", ["1_0", "010", "0x1F", "1:30", "1_0.5", "0b1"])
def test_a_number_that_yaml_reads_as_another_is_told(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match=rf"p\.yml: found {text} in line 2; expected a number in plain digits"):
        read_yaml(written(tmp_path, f"a: 1\nb: {text}\n"), "p.yml")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("years: [2", "a [ that is never closed in line 1, column 8; expected YAML in UTF-8. Close it with ]."),
        ("b: 1\na: {b: 1\nc: 2", "a { that is never closed in line 2, column 4;"),
        ('b: 1\na: "x\n', "a quotation mark that is never closed in line 2, column 4;"),
        ("标题：某某\n参数: 1", "a colon where none can stand in line 2, column 3;"),
        ("a: 1\nb\n", "a line without a colon in line 3, column 1;"),
        ("a:\n\tb: 1", "a tab in line 2, column 1; expected YAML in UTF-8. Put blanks in its place."),
        ("a: @x", "the character '@' at the beginning of a text in line 1, column 4;"),
        ("a: *q", "a * before 'q', which nothing names with & in line 1, column 4;"),
        ("a:\n  b: 1\n c: 2", "a line or text that does not fit the lines above it in line 3, column 2;"),
        ("a: 1\n---\nb: 2", "a second document, after --- in line 2, column 1;"),
        ("a: !x 1", "the tag '!x' in line 1, column 4;"),
        ("<<: 1", "what YAML cannot read (expected a mapping or list of mappings for merging, but found scalar) in line 1"),
        ("a: 1\nb: \x07", r"the control character '\x07' in line 2;"),
        ("a: 1\nb: 2021-09-31", "2021-09-31 in line 2; expected a date that exists. Correct it, or put text in quotes."),
    ],
)
def test_what_is_no_yaml_is_told_by_line_and_column_in_plain_words(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        read_yaml(written(tmp_path, text), "p.yml")
    assert words in str(caught.value)
    assert "<" not in str(caught.value).replace("<<", "")


def test_a_yaml_file_in_another_encoding_names_the_line(tmp_path: Path) -> None:
    (tmp_path / "p.yml").write_bytes("a: 1\nb: 南宁\n".encode("gbk"))
    with pytest.raises(InputError, match=r"byte 0xc4 in line 2, which is no character; .* Save the file as UTF-8"):
        read_yaml(tmp_path / "p.yml", "p.yml")


def test_sound_yaml_is_what_it_says(tmp_path: Path) -> None:
    text = "a: &x {b: 0, c: -1.5e+3}\nd:\n  <<: *x\n  c: '010'\ne: [*x, *x]\nf: {<<: *x}\n"
    known = {"b": 0, "c": -1500.0}
    assert read_yaml(written(tmp_path, text), "p.yml") == {"a": known, "d": {"b": 0, "c": "010"}, "e": [known, known], "f": known}
    assert read_yaml(written(tmp_path, ""), "p.yml") is None


def test_a_declaration_with_a_key_twice_is_no_declaration(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.notebooks.mkdir()
    path = project.notebooks / "a.yml"
    path.write_text("title: a\ntitle: b\nlimits: {cell_seconds: 1, cell_seconds: 2}\n", encoding="utf-8")
    with pytest.raises(InputError, match="the key 'title' in line 1 and again in line 2"):
        parse_chapter(path, "a", "a.yml")
    with pytest.raises(InputError, match="the key 'cell_seconds' in line 3 and again in line 3"):
        limits_of(project, "a")
