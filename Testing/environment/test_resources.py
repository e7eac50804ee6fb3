from KidneySegLib.environment.resources import resource_folder


def test_what_ships_is_found_and_what_does_not_is_not():
    assert (resource_folder("Demo") / "demo_ct.nii.gz").is_file()
    assert (resource_folder("Models") / "kidneyseg-ct").is_dir()
    assert resource_folder("Nothing") is None
