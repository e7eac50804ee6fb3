import json

from safetensors.torch import load_file, save_file

from KidneySegLib.models.manifest import MANIFEST, WEIGHTS, file_sha256


def edit(folder, change):
    data = json.loads((folder / MANIFEST).read_text())
    change(data)
    (folder / MANIFEST).write_text(json.dumps(data))


def edit_weights(folder, change):
    tensors = load_file(folder / WEIGHTS)
    change(tensors)
    save_file(tensors, folder / WEIGHTS)
    edit(folder, lambda d: d["weights"].update(sha256=file_sha256(folder / WEIGHTS)))
