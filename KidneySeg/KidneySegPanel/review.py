"""Review: all numbers, segments, removed parts, margins, and what a reader changed."""

import qt
import slicer
from slicer.i18n import tr as _

from . import texts, views

_ROW_HEIGHT = 24
_CANDIDATE_WIDGETS = ("candidateLabel", "candidateSelector", "restoreButton")
_MARGIN_WIDGETS = ("marginLabel", "marginSlider", "marginText")


class Review:
    """The section 'Review'."""

    def __init__(self, panel):
        self._panel, self.ui = panel, panel.ui
        self._centers, self._candidates = [], None
        clicks = {
            "copyButton": self.onCopy,
            "lockButton": self.onLock,
            "stepBackButton": self.onStepBack,
            "restoreButton": self.onRestore,
        }
        for name, slot in clicks.items():
            getattr(self.ui, name).connect("clicked()", slot)
        self.ui.diametersButton.connect("toggled(bool)", self.onDiameters)
        self.ui.candidateSelector.connect("activated(int)", self.onCandidate)
        self.ui.marginSlider.connect("valueChanged(int)", self.onMargin)
        self.ui.lesionTable.connect("cellClicked(int,int)", self.onRow)

    # ------------------------------------------------------------ showing

    def show(self, case):
        """Show a case, or nothing."""
        node = case.segmentation if case is not None else None
        numbers = case.numbers if case is not None else None
        self.ui.segmentsTable.setSegmentationNode(node)
        self.ui.segmentsTable.visible = node is not None
        self._fillTable(numbers)
        self._showCandidates(case)
        self.onMargin()
        self._showLines(case)
        changes = [texts.escaped(texts.change_text(c)) for c in case.changes] if case else []
        self.ui.changesLabel.text = "<br>".join([f"<b>{_('Changed by a reader')}</b>", *changes])
        self.ui.changesLabel.visible = bool(changes)
        self.ui.copyButton.enabled = numbers is not None
        self.ui.diametersButton.enabled = numbers is not None and not case.stale
        self.ui.lockButton.enabled = node is not None
        step = self._panel.session.last_step()
        self.ui.stepBackButton.enabled = step is not None and not self._panel.runner.isRunning
        self.ui.stepBackButton.toolTip = (
            _("Back to before {step}.").format(step=step)
            if step
            else _("Nothing to undo on this result.")
        )

    def _fillTable(self, numbers):
        """All numbers; lesions remember where they are."""
        table = self.ui.lesionTable
        self._centers = []
        table.visible = numbers is not None
        if numbers is None:
            table.setRowCount(0)
            return
        from KidneySegLib import mrml

        headers, rows = mrml.text_table(numbers.measurements)
        blocked = table.blockSignals(True)
        table.setColumnCount(len(headers))
        table.setHorizontalHeaderLabels([_(header) for header in headers])
        table.setRowCount(len(rows))
        for n, row in enumerate(rows):
            for column, text in enumerate(row):
                item = qt.QTableWidgetItem(text)
                if column > 1:
                    item.setTextAlignment(int(qt.Qt.AlignRight) | int(qt.Qt.AlignVCenter))
                item.setToolTip(row[-1] or text)
                table.setItem(n, column, item)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(_ROW_HEIGHT)
        table.resizeColumnsToContents()
        table.blockSignals(blocked)
        lesions = numbers.measurements.lesions
        first = len(rows) - len(lesions)
        self._centers = [(first + n, lesion.center_ras_mm) for n, lesion in enumerate(lesions)]

    def _showCandidates(self, case):
        """List what cleaning removed, where it removed anything."""
        found = candidates(case)
        listed = [(segment_id, name) for segment_id, name, _center in found]
        if listed != self._candidates:
            selector = self.ui.candidateSelector
            selector.clear()
            for segment_id, name in listed:
                selector.addItem(name, segment_id)
            self._candidates = listed
        for name in _CANDIDATE_WIDGETS:
            getattr(self.ui, name).visible = bool(found)
        self.ui.restoreButton.enabled = not self._panel.runner.isRunning

    def _showLines(self, case):
        """The button says whether lines are drawn; others than those of true numbers are hidden."""
        lines = []
        if case is not None:
            from KidneySegLib import mrml

            lines = mrml.diameter_lines(case.segmentation)
            mrml.hide_untrue_lines(slicer.mrmlScene, None if case.stale else case.segmentation)
        button = self.ui.diametersButton
        blocked = button.blockSignals(True)
        button.checked = bool(lines)
        button.blockSignals(blocked)

    # ------------------------------------------------------------ what the user does

    def onRow(self, row, column=0):
        """Show the clicked lesion in the slice views."""
        for line, center in self._centers:
            if line == row:
                self._panel.showPlace(center)

    def onCopy(self):
        """Copy the table with CT, segmentation and units, tabs between the cells."""
        from KidneySegLib import mrml

        case = self._panel.case
        headers, rows = mrml.text_table(case.numbers.measurements, ranges=True)
        lines = [texts.heading(case)]
        stale = texts.stale_text(case)
        if stale:
            lines.append(_("NOT CURRENT: {reason}").format(reason=stale))
        lines += ["\t".join(cells) for cells in ([_(header) for header in headers], *rows)]
        qt.QApplication.clipboard().setText("\n".join(lines))
        self._panel.say(_("The table was copied."))

    def onDiameters(self, checked):
        """Draw the diameters of every lesion, or take them away."""
        from KidneySegLib import mrml

        case = self._panel.case
        if case is None:
            return
        mrml.hide_diameters(case.segmentation)
        if checked and case.numbers is not None:
            mrml.show_diameters(case.numbers.measurements, case.segmentation)

    def onLock(self):
        """Lock the chosen segments, or unlock them."""
        from KidneySegLib import mrml

        case = self._panel.case
        chosen = self.ui.segmentsTable.selectedSegmentIDs()
        if case is None or not chosen:
            self._panel.say(_("Choose a segment in the list first."))
            return
        lock = not all(mrml.is_locked(case.segmentation, s) for s in chosen)
        names = []
        for segment_id in chosen:
            mrml.set_locked(case.segmentation, segment_id, lock)
            segment = case.segmentation.GetSegmentation().GetSegment(segment_id)
            names.append(segment.GetName())
        text = _("Locked: {names}. No new run changes it.") if lock else _("Unlocked: {names}.")
        self._panel.say(text.format(names=", ".join(names)))

    def onStepBack(self):
        """Undo the newest step on this result."""
        lost = [f"  {name}" for name in self._panel.session.loses()]
        if lost:
            text = _("These segments were changed after that step:\n\n{list}\n\nGo back?")
            if not slicer.util.confirmOkCancelDisplay(
                text.format(list="\n".join(lost)), "KidneySeg"
            ):
                return
        title = self._panel.session.step_back()
        self._panel.refresh()
        if title is None:
            self._panel.say(_("There is nothing to go back to."))
        else:
            self._panel.say(_("Back to before {step}.").format(step=title))

    def onCandidate(self, index=None):
        """Show the chosen candidate in the slice views."""
        from KidneySegLib import mrml

        case = self._panel.case
        if case is None:
            return
        chosen = self.ui.candidateSelector.currentData
        for segment_id, _name, center in candidates(case):
            display = mrml.candidates_of(case.segmentation).GetDisplayNode()
            display.SetVisibility(True)
            display.SetSegmentVisibility(segment_id, segment_id == chosen)
            if segment_id == chosen and not views.show_place(center, case.ct):
                self._panel.say(_("No slice view shows '{name}'.").format(name=case.ct_name))

    def onRestore(self):
        """Put the chosen candidate back, and measure again."""
        from KidneySegLib import mrml

        case, panel = self._panel.case, self._panel
        chosen = self.ui.candidateSelector.currentData
        if case is None or not chosen:
            panel.say(_("Choose a result and one of its removed parts first."), "error")
            return
        restored = None
        with panel.working():
            ct = panel.session.ct_to_measure()
            point = panel.session.begin_step(_("restoring"), case.segmentation)
            restored = mrml.restore_candidate(case.segmentation, chosen, ct)
            panel.session.end_step(point, case.segmentation)
            panel.correct.setTool(case.segmentation, restored, _("restored"))
        panel.refresh()
        if restored is not None:
            panel.runner.onMeasure()

    def onMargin(self, margin=None):
        """Parenchyma that a resection with this margin leaves, as the slider moves."""
        case = self._panel.case
        numbers = case.numbers if case is not None and not case.stale else None
        plans = numbers.resections if numbers is not None else ()
        wanted = self.ui.marginSlider.value if margin is None else margin
        chosen = [plan for plan in plans if plan.margin_mm == wanted]
        for name in _MARGIN_WIDGETS:
            getattr(self.ui, name).visible = bool(plans)
        self.ui.marginText.text = "<br>".join(map(texts.margin_text, chosen))


def candidates(case):
    """Segment ID, name and place of what cleaning removed of a case."""
    if case is None:
        return []
    from KidneySegLib import mrml

    return mrml.candidate_list(case.segmentation)
