"""The answer: whose CT, one line a kidney and a lesion, and the worst warnings."""

import qt
from slicer.i18n import tr as _

from . import colors, texts, views
from .answers import answers
from .report_text import report_text

_FIRST_WARNINGS = 2
_ALL, _ROW = "#all", "#row"


class Results:
    """The section 'Result'."""

    def __init__(self, panel):
        self._panel, self.ui = panel, panel.ui
        self.prepareViews = False
        self._answers, self._current = [], None
        self._shown, self._unfolded = None, False
        self._help = self.ui.answerLabel.toolTip
        clicks = {
            "previousLesionButton": self.onPrevious,
            "nextLesionButton": self.onNext,
            "copyReportButton": self.onCopyReport,
            "exportButton": self.onExport,
        }
        for name, slot in clicks.items():
            getattr(self.ui, name).connect("clicked()", slot)
        self.ui.show3DButton.connect("toggled(bool)", self.onShow3D)
        self.ui.warningsLabel.connect("linkActivated(QString)", self.onLink)
        label = self.ui.answerLabel
        label.connect("linkActivated(QString)", self.onLink)
        label.connect("linkHovered(QString)", self.onHover)
        for key, slot in (("N", self.onNext), ("P", self.onPrevious), ("Space", self.onToggle)):
            shortcut = qt.QShortcut(label)
            shortcut.setKey(qt.QKeySequence(key))
            shortcut.setContext(qt.Qt.WidgetShortcut)  # buttons need their Space
            shortcut.connect("activated()", slot)

    # ------------------------------------------------------------ showing

    def show(self, case):
        """Show a case, or that there is none."""
        there = case is not None
        if not there or self._shown is not case.segmentation:
            self._unfolded, self._current = False, None
        self._shown = case.segmentation if there else None
        numbers = case.numbers if there else None
        self._showHeading(case)
        self._fill(numbers)
        self._showWarnings(case)
        several = bool(self._lesionRows())
        self.ui.previousLesionButton.enabled = self.ui.nextLesionButton.enabled = several
        for name in ("copyReportButton", "exportButton"):
            getattr(self.ui, name).enabled = numbers is not None and case.ct is not None
        self._show3DButton(case)
        if self.prepareViews and numbers is not None:
            self._showFirst()

    def _showHeading(self, case):
        """Which CT and segmentation, and whether the numbers are still theirs."""
        if case is None:
            text = _("No result for this CT yet.")
            if self._panel.session.ct is None:
                text = _("No result yet.")
            self.ui.caseLabel.text = text
        else:
            text = f"<b>{texts.escaped(texts.heading(case))}</b>"
            if case.numbers is None:
                text += "<br>" + _("Not measured yet.")
            self.ui.caseLabel.text = text
        stale = texts.stale_text(case) if case is not None else ""
        color = colors.color("error", self.ui.staleLabel)
        self.ui.staleLabel.text = f"<b style='color:{color}'>{texts.escaped(stale)}</b>"
        self.ui.staleLabel.visible = bool(stale)
        self.ui.measureButton.visible = case is not None and (bool(stale) or case.numbers is None)

    def _fill(self, numbers):
        """One line a kidney and a lesion; each knows its numbers and its place."""
        self._answers = answers(numbers.measurements) if numbers is not None else []
        if self._current is not None and self._current >= len(self._answers):
            self._current = None
        link = colors.color("link", self.ui.answerLabel)
        lines = []
        for n, answer in enumerate(self._answers):
            line = texts.escaped(answer.line)
            line = f"<b>{line}</b>" if n == self._current else line
            show = f"<a style='color:{link}' href='{_ROW}{n}'>{_('Show')}</a>"
            lines.append(f"<p style='margin:3px 0'>{line} {show}</p>")
        self.ui.answerLabel.text = "".join(lines)
        self.ui.answerLabel.visible = bool(lines)

    def _showWarnings(self, case):
        """The two worst warnings; the others on a click."""
        findings = case.numbers.findings if case is not None and case.numbers is not None else ()
        warnings = [f for f in findings if f.severity.value == "warning"]
        others = [f for f in findings if f.severity.value == "info"]
        warnings.sort(key=lambda f: texts.rank(f.code))
        if case is not None and case.numbers is not None and not case.numbers.measurements.sides:
            others.insert(0, None)
        first = warnings if self._unfolded else warnings[:_FIRST_WARNINGS]
        color = colors.color("warning", self.ui.warningsLabel)
        parts = [f"<p style='color:{color}'>&#9888; {self._asHtml(f, case)}</p>" for f in first]
        if self._unfolded:
            parts += [f"<p>{self._asHtml(f, case)}</p>" for f in others if f is not None]
        if None in others and not warnings:
            parts.append(f"<p>{_('No kidney was found.')}</p>")
        hidden = len(warnings) - len(first) + (0 if self._unfolded else len(others))
        link = colors.color("link", self.ui.warningsLabel)
        if hidden:
            text = _("{count} more warnings and remarks").format(count=hidden)
            parts.append(f"<p><a style='color:{link}' href='{_ALL}'>{text}</a></p>")
        elif self._unfolded:
            parts.append(f"<p><a style='color:{link}' href='{_ALL}'>{_('Show fewer')}</a></p>")
        self.ui.warningsLabel.text = "".join(parts)
        self.ui.warningsLabel.visible = bool(parts)

    def _asHtml(self, finding, case):
        """A finding as rich text, with a link to the place that it speaks of."""
        text = texts.escaped(texts.plain(finding))
        if finding.place_ras_mm is None or case.ct is None or case.moved:
            return text
        where = ",".join(f"{x:.1f}" for x in finding.place_ras_mm)
        link = colors.color("link", self.ui.warningsLabel)
        return f"{text} <a style='color:{link}' href='{where}'>{_('Show')}</a>"

    def _show3DButton(self, case):
        """The button says what is: surfaces of this segmentation, shown or not."""
        button = self.ui.show3DButton
        display = case.segmentation.GetDisplayNode() if case is not None else None
        has = case is not None and case.segmentation.GetSegmentation().ContainsRepresentation(
            "Closed surface"
        )
        blocked = button.blockSignals(True)
        button.checked = bool(has and display is not None and display.GetVisibility3D())
        button.blockSignals(blocked)
        button.enabled = case is not None

    def _showFirst(self):
        """After a run: the largest lesion in the slice views, surfaces where 3D is shown."""
        self.prepareViews = False
        rows = self._lesionRows() or list(range(len(self._answers)))[:1]
        if rows:
            views.show_place(self._answers[rows[0]].place, self._panel.case.ct)
        if views.has_3d_view():
            self.ui.show3DButton.checked = True

    # ------------------------------------------------------------ what the user does

    def onLink(self, target):
        """Unfold the warnings, or show a line's place, or that of a finding."""
        if target == _ALL:
            self._unfolded = not self._unfolded
            self._showWarnings(self._panel.case)
        elif target.startswith(_ROW):
            self.onRow(int(target.removeprefix(_ROW)))
        else:
            self._panel.showPlace([float(x) for x in target.split(",")])

    def onHover(self, target):
        """All numbers of a line with their intervals, as tool tip."""
        row = int(target.removeprefix(_ROW)) if target.startswith(_ROW) else -1
        known = 0 <= row < len(self._answers)
        self.ui.answerLabel.toolTip = self._answers[row].numbers if known else self._help

    def onRow(self, row):
        """Show a kidney or lesion in the slice views."""
        if 0 <= row < len(self._answers):
            self._current = row
            self._fill(self._panel.case.numbers)
            self._panel.showPlace(self._answers[row].place)

    def _lesionRows(self):
        """Lines that are lesions."""
        return [n for n, answer in enumerate(self._answers) if answer.is_lesion]

    def onNext(self):
        """Show the next lesion."""
        self._step(1)

    def onPrevious(self):
        """Show the previous lesion."""
        self._step(-1)

    def _step(self, by):
        """Go to another lesion, around the end."""
        rows = self._lesionRows()
        if not rows:
            return
        n = rows.index(self._current) + by if self._current in rows else (0 if by > 0 else -1)
        self.onRow(rows[n % len(rows)])

    def onToggle(self):
        """Show or hide the segments."""
        case = self._panel.case
        if case is not None:
            display = case.segmentation.GetDisplayNode()
            display.SetVisibility(not display.GetVisibility())

    def onShow3D(self, checked):
        """Show or hide the surfaces."""
        case = self._panel.case
        if case is None:
            return
        if checked:
            case.segmentation.CreateClosedSurfaceRepresentation()
        case.segmentation.GetDisplayNode().SetVisibility3D(checked)

    def onCopyReport(self):
        """Copy the result as sentences."""
        qt.QApplication.clipboard().setText(report_text(self._panel.case))
        self._panel.say(_("The report text was copied."))

    def onExport(self):
        """Write everything into a folder."""
        from .export import names_of

        folder = qt.QFileDialog.getExistingDirectory(None, _("Folder for the results"))
        if not folder:
            return
        with self._panel.working():
            ct = self._panel.session.ct_to_measure()
            files = self._panel.logic.export(self._panel.case.segmentation, ct, folder)
            self._panel.say(_("Written: {names}.").format(names=names_of(files)))
