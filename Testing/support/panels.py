"""What a user does on the panel, and a child process that does what a test says."""

from __future__ import annotations

import re
import sys
import time

import slicer

CHILD = """
import json, sys, time
import numpy as np
folder = sys.argv[-1]
def say(**event): print(json.dumps(event), flush=True)
say(event="progress", stage="segment", share=0.4, left_s=7.0)
{body}
"""
SUCCEED = """
import os, shutil, subprocess
if os.path.exists(folder + "/to_measure.npy"):  # to measure, the real child process is quick
    command = [sys.executable, "-m", "KidneySegLib.app.worker", folder]
    sys.exit(subprocess.run(command, stdin=sys.stdin).returncode)
for name in ("labels.npy", "rejected.npy", "result.json", "measured.json"):
    shutil.copy({source!r} + "/" + name, folder)
say(event="result")
"""


def program(folder, body: str) -> str:
    """A stand-in for PythonSlicer whose child process does what a body says."""
    script = folder / "child.py"
    script.write_text(CHILD.replace("{body}", body))
    path = folder / "PythonSlicer"
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{script}" "$@"\n')
    path.chmod(0o755)
    return str(path)


def wait(widget, seconds: float = 60.0) -> None:
    """Poll as the timer does, until every run is over, and look at the scene once more."""
    end = time.monotonic() + seconds
    while widget.runner.isRunning and time.monotonic() < end:
        widget.runner.onTimer()
        time.sleep(0.01)
    assert not widget.runner.isRunning
    widget.refresh()


def click(button) -> None:
    assert button.enabled, f"{button.objectName} is not enabled"
    button.click()


def run(widget) -> None:
    """Apply, and wait."""
    click(widget.ui.applyButton)
    assert widget.runner.isRunning, widget.ui.statusLabel.text
    wait(widget)


def measure(widget) -> None:
    """Measure again, and wait."""
    click(widget.ui.measureButton)
    assert widget.runner.isRunning, widget.ui.statusLabel.text
    wait(widget)


def answers(widget) -> list[str]:
    """Lines of the answer, as the label shows them."""
    text = re.sub(r" <a [^>]*>Show</a>", "", widget.ui.answerLabel.text)
    return [re.sub(r"<[^>]*>", "", line) for line in text.split("</p>") if line]


def add_views(ct) -> list:
    """The three slice views with a CT in the background (None for none)."""
    views = []
    for name in ("Sagittal", "Coronal", "Axial"):
        view = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSliceNode", name)
        view.SetLayoutName(name)
        view.SetOrientation(name)
        views.append(view)
        layers = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSliceCompositeNode", name)
        layers.SetLayoutName(name)
        if ct is not None:
            layers.SetBackgroundVolumeID(ct.GetID())
    return views


def places(views) -> list[float]:
    """R, A and S that three views show."""
    return [view.GetSliceToRAS().GetElement(axis, 3) for axis, view in enumerate(views)]


def scene_nodes() -> list[str]:
    scene = slicer.mrmlScene
    return [scene.GetNthNode(n).GetID() for n in range(scene.GetNumberOfNodes())]
