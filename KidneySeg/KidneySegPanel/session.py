"""What belongs together: a CT, the result made on it, and whether its numbers are still true.

The panel shows what `Session.case` reads from the scene, and nothing else: no number is kept where
it could outlive the CT that it belongs to. Needs no Qt.
"""

from dataclasses import dataclass
from typing import Any

import slicer

from .nodes import is_ct, is_of, study_date

PLACED_ON = "KidneySeg.PlacedOn"
_MOST_STEPS = 10


@dataclass(frozen=True)
class Case:
    """The result that is chosen, as the scene holds it now.

    Attributes
    ----------
    segmentation : vtkMRMLSegmentationNode
    ct : vtkMRMLScalarVolumeNode or None
        That it was made on; None where it is gone, or not known.
    ct_name, ct_date : str
        Of that CT; the date (2020-01-31) is empty where it is not known.
    numbers : Measured or None
        None where nobody has measured it yet.
    stale : tuple of str
        Why the numbers are not those of now (see ``mrml.staleness``).
    corrections : tuple of Correction
    changes : list of dict
        What a reader changed, the oldest first.
    kidneys_only : bool
        Whether the run counted masses as kidney.
    """

    segmentation: Any
    ct: Any
    ct_name: str
    ct_date: str
    numbers: Any
    stale: tuple
    corrections: tuple
    changes: list
    kidneys_only: bool

    @property
    def moved(self):
        """Whether places in the numbers are not where they were."""
        return "moved" in self.stale or "earlier-version" in self.stale


class Session:
    """The choices of the panel, kept in line with each other, and steps to go back."""

    def __init__(self):
        self.parameters = None
        self.steps = []
        self._last = (None, None, None, None)

    def bind(self, parameters):
        """Begin with a scene's choices; None for none."""
        self.parameters, self.steps, self._last = parameters, [], (None, None, None, None)

    @property
    def ct(self):
        """CT that is chosen."""
        return self.parameters.inputVolume if self.parameters is not None else None

    @property
    def segmentation(self):
        """Result that is chosen; None makes a new one."""
        return self.parameters.outputSegmentation if self.parameters is not None else None

    # ---------------------------------------------------------------- choices that fit

    def settle(self):
        """Bring the choices into line after one of them has changed.

        A result brings its CT; a CT brings its newest result, its points and its box. Returns
        whether anything was changed.
        """
        if self.parameters is None or self._choices() == self._last == (None,) * 4:
            return False
        from KidneySegLib import mrml

        ct, made, points, roi = before = self._choices()
        if made is not None:
            made = mrml.owner_of_candidates(made) or made
        chosen = made is not self._last[1] and made is not None
        made_on = mrml.reference_volume(made) if made is not None else None
        if chosen and made_on is not None:
            ct = made_on
        new_ct = ct is not self._last[0]
        if new_ct and ct is not None and not chosen and made_on is not ct and not is_of(made, ct):
            made = next(iter(mrml.results_on(ct)[::-1]), None)
        if new_ct:
            points = self._placed_on(ct, "vtkMRMLMarkupsFiducialNode", points)
            roi = self._placed_on(ct, "vtkMRMLMarkupsROINode", roi)
        for node in (points, roi):
            if node is not None and ct is not None:
                node.SetNodeReferenceID(PLACED_ON, ct.GetID())
        self._last = (ct, made, points, roi)
        self._write(self._last)
        return self._last != before

    def _choices(self):
        """The four nodes that are chosen."""
        own = self.parameters
        return own.inputVolume, own.outputSegmentation, own.points, own.roi

    def _write(self, choices):
        """Store what differs."""
        names = ("inputVolume", "outputSegmentation", "points", "roi")
        for name, node in zip(names, choices, strict=True):
            if getattr(self.parameters, name) is not node:
                setattr(self.parameters, name, node)

    def _placed_on(self, ct, kind, chosen):
        """Markups that were placed on a CT: those chosen where they are, else the newest."""
        if ct is None:
            return None
        if chosen is not None and chosen.GetNodeReference(PLACED_ON) in (None, ct):
            return chosen
        nodes = slicer.util.getNodesByClass(kind)
        own = [node for node in nodes if node.GetNodeReference(PLACED_ON) is ct]
        return own[-1] if own else None

    def choose_first(self, shown=None):
        """Choose a CT where none is chosen: that in the slice views, else the first that is one."""
        if self.parameters is None or self.ct is not None or self.segmentation is not None:
            return
        nodes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
        cts = [node for node in nodes if is_ct(node)]
        if shown in cts or cts:
            self.parameters.inputVolume = shown if shown in cts else cts[0]

    def hints(self):
        """How many points and boxes the next run will use."""
        own = self.parameters
        if own is None:
            return 0, 0
        points = own.points.GetNumberOfControlPoints() if own.points is not None else 0
        return points, int(own.roi is not None and own.roi.GetNumberOfControlPoints() > 0)

    # ---------------------------------------------------------------- what is shown

    def case(self):
        """The chosen result as the scene holds it now; None where none is chosen."""
        made = self.segmentation
        if made is None:
            return None
        from KidneySegLib import mrml

        ct = mrml.reference_volume(made)
        numbers = mrml.stored_numbers(made)
        record = mrml.stored_record(made)["record"] or {}
        name = ct.GetName() if ct is not None else mrml.stored_ct_name(made)
        return Case(
            segmentation=made,
            ct=ct,
            ct_name=name,
            ct_date=study_date(ct),
            numbers=numbers,
            stale=mrml.why_stale(made) if numbers is not None else (),
            corrections=mrml.corrections(made),
            changes=mrml.stored_changes(made),
            kidneys_only=bool(record.get("settings", {}).get("kidneys_only")),
        )

    def ct_to_measure(self):
        """CT that the chosen result is measured on: its own, never another.

        Raises
        ------
        InputError
            If it is gone, or was never known and none is chosen.
        """
        from KidneySegLib import mrml
        from KidneySegLib.core.errors import InputError

        made = self.segmentation
        if made is None:
            raise InputError("No result is chosen. Choose one, or segment a CT.")
        ct = mrml.reference_volume(made)
        if ct is None:
            ct = self.ct  # the same one, loaded again; or both chosen, of what was drawn by hand
        if ct is None:
            raise InputError(
                f"The CT of '{made.GetName()}' is no longer in the scene. Load it again and choose "
                "it."
            )
        mrml.require_own_ct(made, ct)
        return ct

    # ---------------------------------------------------------------- steps back

    def begin_step(self, title, segmentation):
        """Remember a result before a step changes it; it counts from `end_step` on."""
        from KidneySegLib import mrml

        return mrml.Checkpoint(segmentation, title)

    def end_step(self, checkpoint, made):
        """Keep a checkpoint, with the segmentation that the step has changed or made."""
        from KidneySegLib.mrml import segments_now

        self.steps = [*self.steps, (checkpoint, made, segments_now(made))][-_MOST_STEPS:]

    def _newest_step(self):
        """The newest step of the chosen result, None where there is none."""
        made = self.segmentation
        mine = [step for step in self.steps if step[1] is made and made is not None]
        return mine[-1] if mine else None

    def step_back(self):
        """Undo the newest step on the chosen result; returns its title, None without one."""
        step = self._newest_step()
        if step is None:
            return None
        self.steps = [other for other in self.steps if other is not step]
        return step[0].title if step[0].restore(step[1]) else None

    def last_step(self):
        """Title of the step that `step_back` would undo; None where there is none."""
        step = self._newest_step()
        return step[0].title if step is not None else None

    def loses(self):
        """Names of segments changed since the newest step: going back would take that away."""
        from KidneySegLib.mrml import segments_now

        step = self._newest_step()
        if step is None:
            return []
        now, then = segments_now(step[1]), step[2]
        changed = [key for key in {**then, **now} if now.get(key) != then.get(key)]
        return [(now.get(key) or then[key])[0] for key in changed]
