from KidneySegLib.io.folders import files_below


def names(folder, **options):
    return [path.relative_to(folder).as_posix() for path in files_below(folder, **options)]


def test_files_are_sorted_links_followed_once_and_litter_left(tmp_path):
    for name in ("b/2", "b/1", "a/x", ".hidden/y", "._a"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "c").symlink_to(tmp_path / "b", target_is_directory=True)
    (tmp_path / "b" / "loop").symlink_to(tmp_path, target_is_directory=True)
    assert names(tmp_path) == ["a/x", "b/1", "b/2"]
    assert names(tmp_path, leave_out=[tmp_path / "b"]) == ["a/x"]
    assert "._a" in names(tmp_path, macos=True)
