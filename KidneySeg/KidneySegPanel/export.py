"""A result of the scene as files: table, label map, surfaces, picture and report. Needs no Qt."""

from pathlib import Path

import slicer

_SPACES = """\
This CT lies under a transform that bends it, so there are two spaces:
  world/     coordinates of Slicer's scene, after the transform. Volumes, diameters and the report
             are of this space.
  ct_grid/   the grid of the CT's file, before the transform. Use it together with that file.
"""


def export(segmentationNode, volumeNode, folder):
    """Write a result into a folder; numbers that are out of date are taken anew.

    :param folder: where ``measurements.csv``, ``labels.nii.gz``, ``surfaces`` and, where matplotlib
        is there, ``overview.png`` and ``report.html`` go. Under a bent transform label map and
        surfaces are written in both spaces, ``world`` and ``ct_grid``, with a text that says so.
    :return: files and folders written.
    :raises InputError: if the segments were made on another CT.
    """
    from KidneySegLib import mrml
    from KidneySegLib.environment.requirements import installed_version
    from KidneySegLib.io.atomic import atomic_folder
    from KidneySegLib.report.table import write_csv

    mrml.require_own_ct(segmentationNode, volumeNode)
    labels = mrml.labels_from_segmentation(segmentationNode, volumeNode)
    world, ct = mrml.in_world(labels, volumeNode)
    numbers = _numbers(segmentationNode, volumeNode)
    bent = not mrml.is_linear(volumeNode)
    names = ["measurements.csv"]
    names += ["world", "ct_grid", "spaces.txt"] if bent else ["labels.nii.gz", "surfaces"]
    pictures = ["overview.png", "report.html"] if installed_version("matplotlib") else []
    with atomic_folder(folder, tuple(names + pictures)) as partial:
        write_csv(numbers.measurements, partial / names[0])
        if bent:
            (partial / "spaces.txt").write_text(_SPACES, encoding="utf-8")
            _write_shapes(world, segmentationNode, partial / "world", moved=True)
            _write_shapes(labels, segmentationNode, partial / "ct_grid", moved=False)
        else:
            _write_shapes(labels, segmentationNode, partial, moved=True)
        if pictures:
            _write_report(segmentationNode, ct, world, numbers, partial)
    return [folder / name for name in names + pictures]


def _numbers(segmentationNode, volumeNode):
    """Numbers of the table where they are true, else measured now."""
    from KidneySegLib import mrml

    stored = mrml.stored_numbers(segmentationNode)
    if stored is None or mrml.why_stale(segmentationNode):
        return mrml.measure_segmentation(segmentationNode, volumeNode)
    return stored


def _write_shapes(labels, segmentationNode, folder, *, moved):
    """Label map and surfaces into a folder.

    :param moved: surfaces after the segmentation's transform, else before it.
    """
    from KidneySegLib.io.segmentations import write_label_map

    (folder / "surfaces").mkdir(parents=True)
    write_label_map(labels, folder / "labels.nii.gz")
    transform = segmentationNode.GetTransformNodeID()
    if not moved:
        segmentationNode.SetAndObserveTransformNodeID(None)
    try:
        slicer.vtkSlicerSegmentationsModuleLogic.ExportSegmentsClosedSurfaceRepresentationToFiles(
            str(folder / "surfaces"), segmentationNode, None, "STL", True, 1.0, False
        )
    finally:
        if not moved:
            segmentationNode.SetAndObserveTransformNodeID(transform)


def _write_report(segmentationNode, ct, labels, numbers, folder):
    """Overview picture and the page that embeds it, in world coordinates."""
    from KidneySegLib import mrml
    from KidneySegLib.report.overview import write_overview
    from KidneySegLib.report.page import write_page

    record = mrml.stored_record(segmentationNode)
    record["findings"] = [finding.as_dict() for finding in numbers.findings]
    write_overview(ct, labels, numbers.measurements, folder / "overview.png")
    write_page(
        labels,
        numbers.measurements,
        record,
        folder / "overview.png",
        folder / "report.html",
        changes=mrml.stored_changes(segmentationNode),
        edited=bool(mrml.corrections(segmentationNode)),
    )


def names_of(paths):
    """Names of files, as a message lists them."""
    return ", ".join(Path(path).name for path in paths)
