"""The answer: whose CT, one line a kidney and a lesion, and the worst warnings."""

import qt
from slicer.i18n import tr as _

from . import colors, texts, views
from .report_text import report_text

_FIRST_WARNINGS = 2
_ALL = "#all"


class Results:
    """The section 'Result'."""

    def __init__(self, panel):
        self._panel, self.ui = panel, panel.ui
        self.prepareViews = False
        self._places, self._shown, self._unfolded = [], None, False
        clicks = {
            "previousLesionButton": self.onPrevious,
            "nextLesionButton": self.onNext,
            "copyReportButton": self.onCopyReport,
            "exportButton": self.onExport,
        }
        for name, slot in clicks.items():
            getattr(self.ui, name).connect("clicked()", slot)
        self.ui.show3DButton.connect("toggled(bool)", self.onShow3D)
        self.ui.answerTable.connect("cellClicked(int,int)", self.onRow)
        self.ui.warningsLabel.connect("linkActivated(QString)", self.onLink)
        table = self.ui.answerTable
        table.horizontalHeader().hide()
        table.verticalHeader().hide()
        for key, slot in (("N", self.onNext), ("P", self.onPrevious), ("Space", self.onToggle)):
            shortcut = qt.QShortcut(table)
            shortcut.setKey(qt.QKeySequence(key))
            shortcut.setContext(qt.Qt.WidgetShortcut)
            shortcut.connect("activated()", slot)

    # ------------------------------------------------------------ showing

    def show(self, case):
        """Show a case, or that there is none."""
        there = case is not None
        if not there or self._shown is not case.segmentation:
            self._unfolded = False
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
        """One line a kidney and a lesion; each knows its place."""
        table, found = self.ui.answerTable, numbers.measurements if numbers is not None else None
        rows, self._places = [], []
        if found is not None:
            scores = {n.lesion_id: n for n in found.nephrometry}
            for side in found.sides:
                tip = texts.with_units(("parenchyma", "tumor", "cyst", "kidney"), side)
                rows.append((texts.kidney_line(side), tip))
                self._places.append((side.center_ras_mm, False))
            for lesion in found.lesions:
                line = texts.lesion_line(lesion, scores.get(lesion.id))
                rows.append((line, texts.with_units(("lesion",), lesion)))
                self._places.append((lesion.center_ras_mm, True))
        blocked = table.blockSignals(True)
        table.setColumnCount(1)
        table.setRowCount(len(rows))
        for n, (line, tip) in enumerate(rows):
            item = qt.QTableWidgetItem(line)
            item.setToolTip(tip)
            table.setItem(n, 0, item)
        table.horizontalHeader().setStretchLastSection(True)
        table.resizeRowsToContents()
        table.blockSignals(blocked)
        table.visible = bool(rows)
        height = 4 + sum(table.rowHeight(n) for n in range(len(rows)))
        table.setFixedHeight(max(height, 1))

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
        from KidneySegLib import mrml

        text = texts.escaped(texts.plain(finding))
        if finding.place_ras_mm is None or case.ct is None or case.moved:
            return text
        place = mrml.to_world(finding.place_ras_mm, case.ct)
        where = ",".join(f"{x:.1f}" for x in place)
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
        rows = self._lesionRows() or list(range(len(self._places)))[:1]
        if rows:
            views.show_place(self._places[rows[0]][0], self._panel.case.ct)
        if views.has_3d_view():
            self.ui.show3DButton.checked = True

    # ------------------------------------------------------------ what the user does

    def onLink(self, target):
        """Unfold the warnings, or show a place."""
        if target == _ALL:
            self._unfolded = not self._unfolded
            self._showWarnings(self._panel.case)
        else:
            self._panel.showPlace([float(x) for x in target.split(",")])

    def onRow(self, row, column=0):
        """Show the clicked kidney or lesion in the slice views."""
        if 0 <= row < len(self._places):
            self._panel.showPlace(self._places[row][0])

    def _lesionRows(self):
        """Lines that are lesions."""
        return [n for n, (_place, lesion) in enumerate(self._places) if lesion]

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
        row = self.ui.answerTable.currentRow()
        n = rows.index(row) + by if row in rows else (0 if by > 0 else -1)
        row = rows[n % len(rows)]
        self.ui.answerTable.setCurrentCell(row, 0)
        self.onRow(row)

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
