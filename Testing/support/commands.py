import json

from KidneySegLib.app import cli


def run(capsys, *arguments):
    code = cli.main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    return code, out, err


def record(folder):
    return json.loads((folder / "measurements.json").read_text(encoding="utf-8"))
