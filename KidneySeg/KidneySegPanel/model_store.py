"""The models of this user: what is known of one, import, removal."""

from pathlib import Path

import qt
import slicer
from slicer.i18n import tr as _

from . import texts


class ModelStore:
    """The menu beside the model."""

    def __init__(self, panel, choices):
        self._panel, self._choices, self.ui = panel, choices, panel.ui
        menu = qt.QMenu(self.ui.modelButton)
        for text, slot in (
            (_("About this model..."), self.onAbout),
            (_("Import from folder..."), self.onImport),
            (_("Import from file..."), self.onImportFile),
            (_("Import from the web..."), self.onImportAddress),
            (_("Public models..."), self.onKnown),
            (_("Remove this imported model"), self.onRemove),
        ):
            menu.addAction(text).connect("triggered()", slot)
        self.ui.modelButton.setMenu(menu)

    def onAbout(self):
        """Show the card of the chosen model; for our own no package is needed."""
        from KidneySegLib.core.errors import KidneySegError
        from KidneySegLib.models.registry import about_model, is_package

        try:
            name = self._choices.chosen()
            if is_package(name):
                text = about_model(name)
            else:
                from KidneySegLib.models.opening import open_model
                from KidneySegLib.models.store import described, entries

                text = described(open_model(name), entries().get(name))
        except KidneySegError as error:
            self._panel.say(texts.worded(error), "error")
            return
        self._show(text)

    def onKnown(self):
        """Show public models of other projects, and how to get them."""
        from KidneySegLib.models.known import known_models, known_text

        self._show("\n\n".join(known_text(model) for model in known_models()))

    def _show(self, text):
        """Show a text in the details."""
        self.ui.advancedSection.collapsed = False
        self._panel.support.log(text)

    def onImport(self):
        """Import a model that lies in a folder."""
        folder = qt.QFileDialog.getExistingDirectory(None, _("Folder of a model"))
        if folder:
            self._import(folder)

    def onImportFile(self):
        """Import a model from a ZIP file."""
        archive = qt.QFileDialog.getOpenFileName(None, _("Model"), "", "ZIP (*.zip)")
        if archive:
            self._import(archive)

    def onImportAddress(self):
        """Import a model from an address that the user gives; nothing is fetched otherwise."""
        question = _(
            "Address (https) of the model's ZIP file, and its sha256 after a space where its "
            "authors give one. It is fetched when you press OK:"
        )
        answer = qt.QInputDialog.getText(None, "KidneySeg", question)
        address, _space, digest = (answer or "").strip().partition(" ")
        if address:
            self._import(address, sha256=digest.strip() or None)

    def _import(self, source, sha256=None):
        """Copy a model into the user's folder, check it there, and choose it."""
        if not self._panel.support.packagesAreThere():
            return
        from KidneySegLib.models.registry import model_folders
        from KidneySegLib.models.store import free_name, import_model

        def say(what, share):
            self._panel.say(_("Importing: {share:.0f} %").format(share=100 * share))
            slicer.app.processEvents()

        name = free_name(Path(source), model_folders())
        with self._panel.working():
            self._panel.whole.enabled = False  # a second import or a run in the midst of this one
            try:
                entry = import_model(str(source), name=name, sha256=sha256, say=say)
            finally:
                self._panel.whole.enabled = True
            self._choices.offer(entry.name)
            size = entry.size_bytes / 1e6
            text = _("'{name}' was imported ({size:.0f} MB) and checked.")
            self._panel.say(text.format(name=entry.name, size=size))

    def onRemove(self):
        """Delete an imported model, when the user agrees."""
        from KidneySegLib.models.store import entries, remove

        name = self._panel.session.parameters.model
        entry = entries().get(name)
        if entry is None:
            self._panel.say(_("Only imported models can be removed; this one came with KidneySeg."))
            return
        text = _("Delete '{name}' ({size:.0f} MB) from this computer?")
        question = text.format(name=name, size=entry.size_bytes / 1e6)
        if not slicer.util.confirmOkCancelDisplay(question, "KidneySeg"):
            return
        with self._panel.working():
            remove(name)
            self._choices.withdraw(name)
            self._panel.say(_("'{name}' was deleted.").format(name=name))
