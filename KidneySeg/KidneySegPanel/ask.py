"""Questions to the user before a run."""

import qt
from slicer.i18n import tr as _

from . import texts


def ask(corrections):
    """Ask what a new run does with corrections."""
    listed = "\n".join(f"  {c.name} ({texts.CORRECTION[c.what]})" for c in corrections)
    box = qt.QMessageBox()
    box.setWindowTitle("KidneySeg")
    box.setText(_("You have corrected this result:\n\n{list}").format(list=listed))
    box.setInformativeText(
        _("What becomes of it in the new run? (Advanced, 'Corrections', decides for good.)")
    )
    buttons = {
        box.addButton(_("Keep mine"), qt.QMessageBox.AcceptRole): "keep",
        box.addButton(_("Replace"), qt.QMessageBox.DestructiveRole): "replace",
        box.addButton(_("New segmentation beside"), qt.QMessageBox.ActionRole): "beside",
    }
    box.addButton(qt.QMessageBox.Cancel)
    box.exec_()
    return buttons.get(box.clickedButton())
