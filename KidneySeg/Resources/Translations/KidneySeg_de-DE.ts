<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de_DE">
  <context>
    <name>KidneySeg</name>
    <message>
      <source>Finds kidneys, renal tumors and cysts in CT and measures them. Research software, not a medical device: check every contour before using a number.</source>
      <translation>Findet Nieren, Nierentumoren und Zysten im CT und misst sie. Forschungssoftware, kein Medizinprodukt: Prüfen Sie jede Kontur, bevor Sie eine Zahl verwenden.</translation>
    </message>
    <message>
      <source>Trained on BTCV, LiTS, TCIA and KiTS23 data; see the model card for sources, licenses and limits.</source>
      <translation>Trainiert mit Daten von BTCV, LiTS, TCIA und KiTS23; Quellen, Lizenzen und Grenzen nennt die Modellkarte.</translation>
    </message>
    <message>
      <source>CT</source>
      <translation>CT</translation>
    </message>
    <message>
      <source>&amp;CT:</source>
      <translation>&amp;CT:</translation>
    </message>
    <message>
      <source>The CT to segment. It is only read, never changed. Choosing it shows its newest result.</source>
      <translation>Das CT, das segmentiert wird. Es wird nur gelesen, nie verändert. Mit der Auswahl erscheint sein neuestes Ergebnis.</translation>
    </message>
    <message>
      <source>R&amp;esult:</source>
      <translation>&amp;Ergebnis:</translation>
    </message>
    <message>
      <source>The result that is shown, and that the next run fills. Choosing one also chooses its CT.</source>
      <translation>Das Ergebnis, das gezeigt wird und das der nächste Lauf füllt. Mit ihm wird auch sein CT gewählt.</translation>
    </message>
    <message>
      <source>New segmentation</source>
      <translation>Neue Segmentierung</translation>
    </message>
    <message>
      <source>Load the CT that ships with KidneySeg (CC BY, one inserted tumor), or one of Slicer's own.</source>
      <translation>Lädt das CT, das mit KidneySeg kommt (CC BY, ein eingesetzter Tumor), oder eines von Slicer.</translation>
    </message>
    <message>
      <source>Try with samp&amp;le data</source>
      <translation>&amp;Mit Beispieldaten versuchen</translation>
    </message>
    <message>
      <source>Segment the CT and measure.</source>
      <translation>Das CT segmentieren und messen.</translation>
    </message>
    <message>
      <source>Apply</source>
      <translation>Anwenden</translation>
    </message>
    <message>
      <source>How much of the run is done.</source>
      <translation>Wie weit der Lauf ist.</translation>
    </message>
    <message>
      <source>Result</source>
      <translation>Ergebnis</translation>
    </message>
    <message>
      <source>Measure the segments as they are now, after your corrections.</source>
      <translation>Misst die Segmente, wie sie jetzt sind, nach Ihren Korrekturen.</translation>
    </message>
    <message>
      <source>Meas&amp;ure again</source>
      <translation>&amp;Neu messen</translation>
    </message>
    <message>
      <source>One line a kidney and a lesion. Show goes there in the slice views; N and P go on, Space shows and hides the segments.</source>
      <translation>Eine Zeile je Niere und Läsion. Zeigen geht in den Schichtansichten dorthin; N und P gehen weiter, die Leertaste zeigt und verbirgt die Segmente.</translation>
    </message>
    <message>
      <source>Show the previous lesion in the slice views (P).</source>
      <translation>Zeigt die vorige Läsion in den Schichtansichten (P).</translation>
    </message>
    <message>
      <source>Pre&amp;vious</source>
      <translation>&amp;Vorige</translation>
    </message>
    <message>
      <source>Show the next lesion in the slice views (N).</source>
      <translation>Zeigt die nächste Läsion in den Schichtansichten (N).</translation>
    </message>
    <message>
      <source>&amp;Next</source>
      <translation>Näc&amp;hste</translation>
    </message>
    <message>
      <source>Show the segments as smoothed surfaces in the 3D view.</source>
      <translation>Zeigt die Segmente als geglättete Oberflächen in der 3D-Ansicht.</translation>
    </message>
    <message>
      <source>Show &amp;3D</source>
      <translation>&amp;3D zeigen</translation>
    </message>
    <message>
      <source>Write table (CSV), label map (NIfTI), surfaces (STL) and report (HTML) into a folder.</source>
      <translation>Schreibt Tabelle (CSV), Labelkarte (NIfTI), Oberflächen (STL) und Bericht (HTML) in einen Ordner.</translation>
    </message>
    <message>
      <source>Export...</source>
      <translation>Exportieren...</translation>
    </message>
    <message>
      <source>Copy the result as sentences, to paste into a radiology report.</source>
      <translation>Kopiert das Ergebnis in Sätzen, zum Einfügen in einen Befund.</translation>
    </message>
    <message>
      <source>Copy report te&amp;xt</source>
      <translation>&amp;Befundtext kopieren</translation>
    </message>
    <message>
      <source>Review</source>
      <translation>Durchsicht</translation>
    </message>
    <message>
      <source>All numbers of sides and lesions. Click a lesion to see it in the slice views.</source>
      <translation>Alle Zahlen der Seiten und Läsionen. Ein Klick auf eine Läsion zeigt sie in den Schichtansichten.</translation>
    </message>
    <message>
      <source>Copy the table with its CT, segmentation and units, ready to paste into a spreadsheet.</source>
      <translation>Kopiert die Tabelle mit CT, Segmentierung und Einheiten, zum Einfügen in eine Tabellenkalkulation.</translation>
    </message>
    <message>
      <source>Cop&amp;y table</source>
      <translation>&amp;Tabelle kopieren</translation>
    </message>
    <message>
      <source>Draw the largest diameters of every lesion, axial and in 3D.</source>
      <translation>Zeichnet die größten Durchmesser jeder Läsion, axial und in 3D.</translation>
    </message>
    <message>
      <source>D&amp;iameters</source>
      <translation>&amp;Durchmesser</translation>
    </message>
    <message>
      <source>Show or hide each segment.</source>
      <translation>Zeigt oder verbirgt jedes Segment.</translation>
    </message>
    <message>
      <source>Lock the chosen segment, or unlock it: no new run ever changes a locked one.</source>
      <translation>Sperrt das gewählte Segment oder gibt es frei: Kein neuer Lauf ändert ein gesperrtes.</translation>
    </message>
    <message>
      <source>Loc&amp;k</source>
      <translation>&amp;Sperren</translation>
    </message>
    <message>
      <source>Undo the newest run, restored part or click on this result.</source>
      <translation>Nimmt den neuesten Lauf, das wiederhergestellte Teil oder den Klick an diesem Ergebnis zurück.</translation>
    </message>
    <message>
      <source>Step &amp;back</source>
      <translation>Sch&amp;ritt zurück</translation>
    </message>
    <message>
      <source>Click into a tumor that was missed: it is outlined around the click, and measured.</source>
      <translation>Klicken Sie in einen übersehenen Tumor: Er wird um den Klick herum umrissen und gemessen.</translation>
    </message>
    <message>
      <source>Add tumor</source>
      <translation>Tumor hinzufügen</translation>
    </message>
    <message>
      <source>Click into a lesion that is none: it becomes kidney or nothing, and all is measured again.</source>
      <translation>Klicken Sie in eine Läsion, die keine ist: Sie wird Niere oder nichts, und alles wird neu gemessen.</translation>
    </message>
    <message>
      <source>Remove lesion</source>
      <translation>Läsion entfernen</translation>
    </message>
    <message>
      <source>&amp;Removed:</source>
      <translation>Ent&amp;fernt:</translation>
    </message>
    <message>
      <source>What cleaning took out, and why. Choose one to see it in the slice views.</source>
      <translation>Was die Bereinigung herausnahm, und warum. Wählen Sie eines, um es in den Schichtansichten zu sehen.</translation>
    </message>
    <message>
      <source>Put the chosen structure back into the segmentation, and measure again.</source>
      <translation>Stellt die gewählte Struktur in der Segmentierung wieder her und misst neu.</translation>
    </message>
    <message>
      <source>Restore</source>
      <translation>Wiederherstellen</translation>
    </message>
    <message>
      <source>Mar&amp;gin:</source>
      <translation>R&amp;and:</translation>
    </message>
    <message>
      <source>Healthy tissue that goes with the tumor, in mm. The text below says what stays.</source>
      <translation>Gesundes Gewebe, das mit dem Tumor entfernt wird, in mm. Der Text darunter sagt, was bleibt.</translation>
    </message>
    <message>
      <source>Correct contours</source>
      <translation>Konturen korrigieren</translation>
    </message>
    <message>
      <source>The numbers are marked as out of date after a stroke. Press Measure again when you are done.</source>
      <translation>Nach einem Strich sind die Zahlen als überholt markiert. Drücken Sie Neu messen, wenn Sie fertig sind.</translation>
    </message>
    <message>
      <source>Go to the module Segment Editor with this segmentation.</source>
      <translation>Geht mit dieser Segmentierung zum Modul Segment Editor.</translation>
    </message>
    <message>
      <source>Open in Segment E&amp;ditor</source>
      <translation>&amp;Im Segment Editor öffnen</translation>
    </message>
    <message>
      <source>Points and box</source>
      <translation>Punkte und Box</translation>
    </message>
    <message>
      <source>When a kidney is missed, or something else is taken for one: click a point into each kidney, or draw a box around it. Points and boxes replace the automatic search.</source>
      <translation>Wenn eine Niere übersehen oder etwas anderes dafür gehalten wird: Klicken Sie einen Punkt in jede Niere, oder ziehen Sie eine Box darum. Punkte und Boxen ersetzen die automatische Suche.</translation>
    </message>
    <message>
      <source>&amp;Points:</source>
      <translation>&amp;Punkte:</translation>
    </message>
    <message>
      <source>Points inside kidneys, one or more each. They belong to the CT that they were placed on.</source>
      <translation>Punkte in den Nieren, je einer oder mehrere. Sie gehören zu dem CT, in das sie gesetzt wurden.</translation>
    </message>
    <message>
      <source>Search automatically</source>
      <translation>Automatisch suchen</translation>
    </message>
    <message>
      <source>Click one point into each kidney; right-click ends.</source>
      <translation>Klicken Sie einen Punkt in jede Niere; Rechtsklick beendet.</translation>
    </message>
    <message>
      <source>Place</source>
      <translation>Setzen</translation>
    </message>
    <message>
      <source>B&amp;ox:</source>
      <translation>B&amp;ox:</translation>
    </message>
    <message>
      <source>Box around one kidney or both. It belongs to the CT that it was drawn on.</source>
      <translation>Box um eine oder beide Nieren. Sie gehört zu dem CT, in dem sie gezogen wurde.</translation>
    </message>
    <message>
      <source>No box</source>
      <translation>Keine Box</translation>
    </message>
    <message>
      <source>Click two opposite corners of a box around the kidney.</source>
      <translation>Klicken Sie zwei gegenüberliegende Ecken einer Box um die Niere.</translation>
    </message>
    <message>
      <source>Draw</source>
      <translation>Ziehen</translation>
    </message>
    <message>
      <source>Advanced</source>
      <translation>Erweitert</translation>
    </message>
    <message>
      <source>&amp;Model:</source>
      <translation>Mode&amp;ll:</translation>
    </message>
    <message>
      <source>The network that segments. Its figures and license are one click away, at the right.</source>
      <translation>Das Netz, das segmentiert. Seine Kennzahlen und Lizenz sind einen Klick entfernt, rechts.</translation>
    </message>
    <message>
      <source>About this model: figures, license, limits; import a model, or remove one.</source>
      <translation>Über dieses Modell: Kennzahlen, Lizenz, Grenzen; ein Modell importieren oder entfernen.</translation>
    </message>
    <message>
      <source>...</source>
      <translation>...</translation>
    </message>
    <message>
      <source>Lesions by:</source>
      <translation>Herde durch:</translation>
    </message>
    <message>
      <source>Whose tumors and cysts count. Another model's lesions are kept where a kidney of the model above is.</source>
      <translation>Wessen Tumoren und Zysten zählen. Herde eines anderen Modells bleiben, wo eine Niere des Modells darüber liegt.</translation>
    </message>
    <message>
      <source>&amp;Quality:</source>
      <translation>&amp;Qualität:</translation>
    </message>
    <message>
      <source>Fast: one pass. Balanced: tiles overlap by half. Best: also mirrored passes.</source>
      <translation>Schnell: ein Durchgang. Ausgewogen: Kacheln überlappen zur Hälfte. Beste: auch gespiegelte Durchgänge.</translation>
    </message>
    <message>
      <source>Device:</source>
      <translation>Gerät:</translation>
    </message>
    <message>
      <source>Where the network runs. Automatic takes an NVIDIA or Apple GPU where torch can use one.</source>
      <translation>Wo das Netz rechnet. Automatisch nimmt eine NVIDIA- oder Apple-GPU, wo torch eine nutzen kann.</translation>
    </message>
    <message>
      <source>Re&amp;fine borders:</source>
      <translation>Ränder verfeinern:</translation>
    </message>
    <message>
      <source>Move the outer borders of kidneys and those of cysts to the edges in the CT, at most 2 mm. Off by default: it moves contours that are good already away from experts' (see the documentation).</source>
      <translation>Verschiebt die Außenränder der Nieren und die der Zysten an die Kanten im CT, höchstens 2 mm. Normalerweise aus: Gute Konturen rücken sonst von denen der Fachleute ab (siehe Dokumentation).</translation>
    </message>
    <message>
      <source>Tumor&amp;s:</source>
      <translation>T&amp;umoren:</translation>
    </message>
    <message>
      <source>Find more tumors, or fewer false ones. What each costs was measured and stands in the documentation. Only for the model that ships.</source>
      <translation>Mehr Tumoren finden, oder weniger falsche. Was beides kostet, wurde gemessen und steht in der Dokumentation. Nur für das mitgelieferte Modell.</translation>
    </message>
    <message>
      <source>Corrections:</source>
      <translation>Korrekturen:</translation>
    </message>
    <message>
      <source>What a new run does with segments that you have corrected or deleted. Locked ones always stay.</source>
      <translation>Was ein neuer Lauf mit Segmenten tut, die Sie korrigiert oder gelöscht haben. Gesperrte bleiben immer.</translation>
    </message>
    <message>
      <source>Count tumors and cysts as kidney: whole kidneys with their masses, no lesion segments.</source>
      <translation>Zählt Tumoren und Zysten zur Niere: ganze Nieren mit ihren Raumforderungen, keine Läsionssegmente.</translation>
    </message>
    <message>
      <source>Kidneys only, without lesions</source>
      <translation>Nur Nieren, ohne Läsionen</translation>
    </message>
    <message>
      <source>Segment every CT in the scene, one after the other, and put all numbers into one table.</source>
      <translation>Segmentiert alle CTs der Szene nacheinander und schreibt alle Zahlen in eine Tabelle.</translation>
    </message>
    <message>
      <source>Run on &amp;all loaded CTs</source>
      <translation>Alle &amp;geladenen CTs</translation>
    </message>
    <message>
      <source>Install what KidneySeg needs and this Slicer has not. Asks before anything is installed.</source>
      <translation>Installiert, was KidneySeg braucht und diesem Slicer fehlt. Fragt vorher.</translation>
    </message>
    <message>
      <source>Se&amp;t up...</source>
      <translation>Einrichten...</translation>
    </message>
    <message>
      <source>Install without a network, from a folder of wheels (see the documentation).</source>
      <translation>Ohne Netz installieren, aus einem Ordner mit Wheels (siehe Dokumentation).</translation>
    </message>
    <message>
      <source>From a folder...</source>
      <translation>Aus Ordner...</translation>
    </message>
    <message>
      <source>Log: details of the last run, error or check.</source>
      <translation>Protokoll: Einzelheiten des letzten Laufs, Fehlers oder der letzten Prüfung.</translation>
    </message>
    <message>
      <source>Copy the text above.</source>
      <translation>Kopiert den Text darüber.</translation>
    </message>
    <message>
      <source>Copy log</source>
      <translation>Protokoll kopieren</translation>
    </message>
    <message>
      <source>List torch, GPU, driver and memory, and copy the text for support.</source>
      <translation>Nennt torch, GPU, Treiber und Speicher und kopiert den Text für den Support.</translation>
    </message>
    <message>
      <source>Check computer</source>
      <translation>Computer prüfen</translation>
    </message>
    <message>
      <source>Research software, not a medical device. Check every contour before using a number. Nothing leaves this computer.</source>
      <translation>Forschungssoftware, kein Medizinprodukt. Prüfen Sie jede Kontur, bevor Sie eine Zahl verwenden. Nichts verlässt diesen Computer.</translation>
    </message>
  </context>
  <context>
    <name>KidneySegPanel.all_cts</name>
    <message>
      <source>{count} frames of sequences become CTs of their own in the scene and are segmented too. Go on?</source>
      <translation>{count} Bilder von Sequenzen werden eigene CTs der Szene und auch segmentiert. Weiter?</translation>
    </message>
    <message>
      <source>{count} CT(s) done: see the table '{name}'.</source>
      <translation>{count} CT(s) fertig: siehe Tabelle „{name}“.</translation>
    </message>
    <message>
      <source>{sequence}, frame {number}</source>
      <translation>{sequence}, Bild {number}</translation>
    </message>
    <message>
      <source>Not done: {names}.</source>
      <translation>Nicht fertig: {names}.</translation>
    </message>
  </context>
  <context>
    <name>KidneySegPanel.answers</name>
    <message>
      <source>Right</source>
      <translation>Rechts:</translation>
    </message>
    <message>
      <source>Left</source>
      <translation>Links:</translation>
    </message>
    <message>
      <source>Side unknown:</source>
      <translation>Seite unbekannt:</translation>
    </message>
    <message>
      <source>tumor</source>
      <translation>Tumor</translation>
    </message>
    <message>
      <source>cyst</source>
      <translation>Zyste</translation>
    </message>
    <message>
      <source>cut by the scan: at least this much</source>
      <translation>vom Scan abgeschnitten: mindestens so viel</translation>
    </message>
    <message>
      <source>{side} kidney</source>
      <translation>{side} Niere</translation>
    </message>
    <message>
      <source>uncertain</source>
      <translation>unsicher</translation>
    </message>
    <message>
      <source>cut by the scan</source>
      <translation>vom Scan abgeschnitten</translation>
    </message>
    <message>
      <source>{ml:.0f} mL parenchyma</source>
      <translation>{ml:.0f} mL Parenchym</translation>
    </message>
    <message>
      <source>{mm:.0f} mm axial</source>
      <translation>{mm:.0f} mm axial</translation>
    </message>
    <message>
      <source>{ml:.1f} mL</source>
      <translation>{ml:.1f} mL</translation>
    </message>
    <message>
      <source>{mm:.0f} mm long</source>
      <translation>{mm:.0f} mm lang</translation>
    </message>
  </context>
  <context>
    <name>KidneySegPanel.ask</name>
    <message>
      <source>What becomes of it in the new run? (Advanced, 'Corrections', decides for good.)</source>
      <translation>Was wird daraus im neuen Lauf? (Erweitert, „Korrekturen“, entscheidet für immer.)</translation>
    </message>
    <message>
      <source>Keep mine</source>
      <translation>Meine behalten</translation>
    </message>
    <message>
      <source>Replace</source>
      <translation>Ersetzen</translation>
    </message>
    <message>
      <source>New segmentation beside</source>
      <translation>Neue Segmentierung daneben</translation>
    </message>
    <message>
      <source>You have corrected this result:

{list}</source>
      <translation>Sie haben dieses Ergebnis korrigiert:

{list}</translation>
    </message>
  </context>
  <context>
    <name>KidneySegPanel.clicks</name>
    <message>
      <source>Click</source>
      <translation>Klick</translation>
    </message>
    <message>
      <source>Click into the lesion in a slice view.</source>
      <translation>Klicken Sie in einer Schichtansicht in die Läsion.</translation>
    </message>
    <message>
      <source>adding a tumor</source>
      <translation>dem Hinzufügen eines Tumors</translation>
    </message>
    <message>
      <source>removing a lesion</source>
      <translation>dem Entfernen einer Läsion</translation>
    </message>
    <message>
      <source>click</source>
      <translation>Klick</translation>
    </message>
  </context>
  <context>
    <name>KidneySegPanel.correct</name>
    <message>
      <source>Segment Editor, {effect}</source>
      <translation>Segment Editor, {effect}</translation>
    </message>
  </context>
  <context>
    <name>KidneySegPanel.inputs</name>
    <message>
      <source>The CT that ships with KidneySeg</source>
      <translation>Das CT, das mit KidneySeg kommt</translation>
    </message>
    <message>
      <source>CTLiver (Slicer downloads it)</source>
      <translation>CTLiver (Slicer lädt es herunter)</translation>
    </message>
    <message>
      <source>CTA abdomen, Panoramix (Slicer downloads it)</source>
      <translation>CTA Abdomen, Panoramix (Slicer lädt es herunter)</translation>
    </message>
    <message>
      <source>Load a CT: from the DICOM browser, or drag a file into this window.</source>
      <translation>Laden Sie ein CT: aus dem DICOM-Browser, oder ziehen Sie eine Datei in dieses Fenster.</translation>
    </message>
    <message>
      <source> The box is turned: the upright box around it is used.</source>
      <translation> Die Box ist gedreht: Verwendet wird die gerade Box darum.</translation>
    </message>
    <message>
      <source>Kidney points</source>
      <translation>Nierenpunkte</translation>
    </message>
    <message>
      <source>Kidney box</source>
      <translation>Nierenbox</translation>
    </message>
    <message>
      <source>a box</source>
      <translation>eine Box</translation>
    </message>
    <message>
      <source>The next run looks only at {hints} (section 'Points and box').</source>
      <translation>Der nächste Lauf sieht nur auf {hints} (Abschnitt „Punkte und Box“).</translation>
    </message>
    <message>
      <source>{count} point(s)</source>
      <translation>{count} Punkt(e)</translation>
    </message>
    <message>
      <source> and </source>
      <translation> und </translation>
    </message>
    <message>
      <source>'{name}' was not loaded: {error}</source>
      <translation>„{name}“ wurde nicht geladen: {error}</translation>
    </message>
  </context>
  <context>
    <name>KidneySegPanel.install</name>
    <message>
      <source>These are installed in a version that does not work, and are REPLACED:

</source>
      <translation>Diese sind in einer Version installiert, die nicht geht, und werden ERSETZT:

</translation>
    </message>
    <message>
      <source>

Other extensions that use them may be affected.

</source>
      <translation>

Andere Erweiterungen, die sie nutzen, können betroffen sein.

</translation>
    </message>
    <message>
      <source>Nothing else that Slicer has is replaced. Go on?</source>
      <translation>Sonst wird nichts ersetzt, was Slicer hat. Weiter?</translation>
    </message>
    <message>
      <source>torch was not installed. Press Apply to try again.</source>
      <translation>torch wurde nicht installiert. Drücken Sie Anwenden, um es noch einmal zu versuchen.</translation>
    </message>
    <message>
      <source>KidneySeg downloads and installs into Slicer:

{packages}

</source>
      <translation>KidneySeg lädt herunter und installiert in Slicer:

{packages}

</translation>
    </message>
    <message>
      <source>The extension 'PyTorch' is not installed. Install it in the Extensions Manager, restart Slicer, and press Apply again.</source>
      <translation>Die Erweiterung „PyTorch“ ist nicht installiert. Installieren Sie sie im Extensions Manager, starten Sie Slicer neu und drücken Sie noch einmal Anwenden.</translation>
    </message>
    <message>
      <source>pip could not install {names}: {reason}</source>
      <translation>pip konnte {names} nicht installieren: {reason}</translation>
    </message>
    <message>
      <source>The PyTorch extension could not install torch: {reason}</source>
      <translation>Die Erweiterung PyTorch konnte torch nicht installieren: {reason}</translation>
    </message>
  </context>
  <context>
    <name>KidneySegPanel.model_store</name>
    <message>
      <source>Address (https) of the model's ZIP file, and its sha256 after a space where its authors give one. It is fetched when you press OK:</source>
      <translation>Adresse (https) der ZIP-Datei des Modells, und nach einem Leerzeichen ihr sha256, wo die Autoren ihn angeben. Sie wird geladen, wenn Sie OK drücken:</translation>
    </message>
    <message>
      <source>Delete '{name}' ({size:.0f} MB) from this computer?</source>
      <translation>'{name}' ({size:.0f} MB) von diesem Computer löschen?</translation>
    </message>
    <message>
      <source>Folder of a model</source>
      <translation>Ordner eines Modells</translation>
    </message>
    <message>
      <source>Model</source>
      <translation>Modell</translation>
    </message>
    <message>
      <source>'{name}' was imported ({size:.0f} MB) and checked.</source>
      <translation>'{name}' wurde importiert ({size:.0f} MB) und geprüft.</translation>
    </message>
    <message>
      <source>About this model...</source>
      <translation>Über dieses Modell...</translation>
    </message>
    <message>
      <source>Import from folder...</source>
      <translation>Aus Ordner importieren...</translation>
    </message>
    <message>
      <source>Import from file...</source>
      <translation>Aus Datei importieren...</translation>
    </message>
    <message>
      <source>Import from the web...</source>
      <translation>Aus dem Internet importieren...</translation>
    </message>
    <message>
      <source>Public models...</source>
      <translation>Öffentliche Modelle...</translation>
    </message>
    <message>
      <source>Remove this imported model</source>
      <translation>Dieses importierte Modell entfernen</translation>
    </message>
    <message>
      <source>Only imported models can be removed; this one came with KidneySeg.</source>
      <translation>Nur importierte Modelle können entfernt werden; dieses kam mit KidneySeg.</translation>
    </message>
    <message>
      <source>Importing: {share:.0f} %</source>
      <translation>Import: {share:.0f} %</translation>
    </message>
    <message>
      <source>'{name}' was deleted.</source>
      <translation>'{name}' wurde gelöscht.</translation>
    </message>
  </context>
  <context>
    <name>KidneySegPanel.models</name>
    <message>
      <source>Fast</source>
      <translation>Schnell</translation>
    </message>
    <message>
      <source>Balanced</source>
      <translation>Ausgewogen</translation>
    </message>
    <message>
      <source>Best</source>
      <translation>Beste</translation>
    </message>
    <message>
      <source>Automatic</source>
      <translation>Automatisch</translation>
    </message>
    <message>
      <source>NVIDIA GPU (CUDA)</source>
      <translation>NVIDIA-GPU (CUDA)</translation>
    </message>
    <message>
      <source>Apple GPU (MPS)</source>
      <translation>Apple-GPU (MPS)</translation>
    </message>
    <message>
      <source>CPU</source>
      <translation>CPU</translation>
    </message>
    <message>
      <source>Off</source>
      <translation>Aus</translation>
    </message>
    <message>
      <source>Level set</source>
      <translation>Level Set</translation>
    </message>
    <message>
      <source>Active contour</source>
      <translation>Aktive Kontur</translation>
    </message>
    <message>
      <source>Sensitive: more tumors</source>
      <translation>Empfindlich: mehr Tumoren</translation>
    </message>
    <message>
      <source>Standard</source>
      <translation>Standard</translation>
    </message>
    <message>
      <source>Specific: fewer false ones</source>
      <translation>Spezifisch: weniger falsche</translation>
    </message>
    <message>
      <source>Ask at every run</source>
      <translation>Bei jedem Lauf fragen</translation>
    </message>
    <message>
      <source>Keep mine</source>
      <translation>Meine behalten</translation>
    </message>
    <message>
      <source>Replace</source>
      <translation>Ersetzen</translation>
    </message>
    <message>
      <source>New segmentation beside</source>
      <translation>Neue Segmentierung daneben</translation>
    </message>
    <message>
      <source>The same model</source>
      <translation>Dasselbe Modell</translation>
    </message>
    <message>
      <source>about {seconds:.0f} s for this CT, by the last run on this computer</source>
      <translation>etwa {seconds:.0f} s für dieses CT, nach dem letzten Lauf auf diesem Computer</translation>
    </message>
    <message>
      <source>slower than a GPU; the first run measures how much on this computer</source>
      <translation>langsamer als mit GPU; der erste Lauf misst, wie viel auf diesem Computer</translation>
    </message>
    <message>
      <source>Runs on the CPU: {estimate}.</source>
      <translation>Rechnet auf der CPU: {estimate}.</translation>
    </message>
    <message>
      <source>{name} (missing)</source>
      <translation>{name} (fehlt)</translation>
    </message>
  </context>
  <context>
    <name>KidneySegPanel.outcome</name>
    <message>
      <source>the run</source>
      <translation>dem Lauf</translation>
    </message>
    <message>
      <source>Measured.</source>
      <translation>Gemessen.</translation>
    </message>
    <message>
      <source>Done in {seconds:.0f} s.</source>
      <translation>Fertig in {seconds:.0f} s.</translation>
    </message>
    <message>
      <source>Canceled: the segmentation was removed.</source>
      <translation>Abgebrochen: Die Segmentierung wurde entfernt.</translation>
    </message>
  </context>
  <context>
    <name>KidneySegPanel.panel</name>
    <message>
      <source> Details are in the log (Advanced).</source>
      <translation> Einzelheiten stehen im Protokoll (Erweitert).</translation>
    </message>
    <message>
      <source>This result cannot be read ({error}). Segment the CT again.</source>
      <translation>Dieses Ergebnis ist nicht lesbar ({error}). Segmentieren Sie das CT noch einmal.</translation>
    </message>
    <message>
      <source>The CT was moved since: press Measure again, then the places are right.</source>
      <translation>Das CT wurde seither bewegt: Drücken Sie Neu messen, dann stimmen die Orte.</translation>
    </message>
    <message>
      <source>KidneySeg failed.</source>
      <translation>KidneySeg ist gescheitert.</translation>
    </message>
    <message>
      <source>No slice view shows '{name}'.</source>
      <translation>Keine Schichtansicht zeigt „{name}“.</translation>
    </message>
  </context>
  <context>
    <name>KidneySegPanel.report_text</name>
    <message>
      <source>Measured with KidneySeg {version}. {disclaimer}</source>
      <translation>Gemessen mit KidneySeg {version}. {disclaimer}</translation>
    </message>
    <message>
      <source> No mass was found by the software.</source>
      <translation> Die Software fand keine Raumforderung.</translation>
    </message>
    <message>
      <source>; cut by the scan, at least this much</source>
      <translation>; vom Scan abgeschnitten, mindestens so viel</translation>
    </message>
    <message>
      <source>No kidney was found.</source>
      <translation>Es wurde keine Niere gefunden.</translation>
    </message>
    <message>
      <source>To be checked:</source>
      <translation>Zu prüfen:</translation>
    </message>
    <message>
      <source>Changed by a reader:</source>
      <translation>Von einem Befunder geändert:</translation>
    </message>
    <message>
      <source> Masses were not looked for.</source>
      <translation> Nach Raumforderungen wurde nicht gesucht.</translation>
    </message>
    <message>
      <source> No mass is in the segmentation.</source>
      <translation> In der Segmentierung ist keine Raumforderung.</translation>
    </message>
    <message>
      <source>{mm:.0f} mm in the axial plane</source>
      <translation>{mm:.0f} mm in axialer Ebene</translation>
    </message>
    <message>
      <source>{side} {kind}: {axial}, largest diameter {longest:.0f} mm, volume {volume} mL</source>
      <translation>{side} {kind}: {axial}, größter Durchmesser {longest:.0f} mm, Volumen {volume} mL</translation>
    </message>
    <message>
      <source>; uncertain.</source>
      <translation>; unsicher.</translation>
    </message>
    <message>
      <source> of {date}</source>
      <translation> vom {date}</translation>
    </message>
    <message>
      <source>CT '{name}'{date}, segmentation '{segmentation}'.</source>
      <translation>CT „{name}“{date}, Segmentierung „{segmentation}“.</translation>
    </message>
    <message>
      <source>{long:.0f} x {short:.0f} mm in the axial plane</source>
      <translation>{long:.0f} x {short:.0f} mm in axialer Ebene</translation>
    </message>
    <message>
      <source>, {hu:.0f} HU</source>
      <translation>, {hu:.0f} HU</translation>
    </message>
    <message>
      <source>NOT CURRENT: {reason}</source>
      <translation>NICHT AKTUELL: {reason}</translation>
    </message>
  </context>
  <context>
    <name>KidneySegPanel.results</name>
    <message>
      <source>No result for this CT yet.</source>
      <translation>Noch kein Ergebnis für dieses CT.</translation>
    </message>
    <message>
      <source>The report text was copied.</source>
      <translation>Der Befundtext wurde kopiert.</translation>
    </message>
    <message>
      <source>Folder for the results</source>
      <translation>Ordner für die Ergebnisse</translation>
    </message>
    <message>
      <source>No result yet.</source>
      <translation>Noch kein Ergebnis.</translation>
    </message>
    <message>
      <source>Show</source>
      <translation>Zeigen</translation>
    </message>
    <message>
      <source>Not measured yet.</source>
      <translation>Noch nicht gemessen.</translation>
    </message>
    <message>
      <source>{count} more warnings and remarks</source>
      <translation>{count} weitere Warnungen und Hinweise</translation>
    </message>
    <message>
      <source>No kidney was found.</source>
      <translation>Es wurde keine Niere gefunden.</translation>
    </message>
    <message>
      <source>Written: {names}.</source>
      <translation>Geschrieben: {names}.</translation>
    </message>
    <message>
      <source>Show fewer</source>
      <translation>Weniger zeigen</translation>
    </message>
  </context>
  <context>
    <name>KidneySegPanel.review</name>
    <message>
      <source>Nothing to undo on this result.</source>
      <translation>An diesem Ergebnis ist nichts zurückzunehmen.</translation>
    </message>
    <message>
      <source>The table was copied.</source>
      <translation>Die Tabelle wurde kopiert.</translation>
    </message>
    <message>
      <source>Locked: {names}. No new run changes it.</source>
      <translation>Gesperrt: {names}. Kein neuer Lauf ändert das.</translation>
    </message>
    <message>
      <source>Unlocked: {names}.</source>
      <translation>Freigegeben: {names}.</translation>
    </message>
    <message>
      <source>These segments were changed after that step:

{list}

Go back?</source>
      <translation>Diese Segmente wurden nach diesem Schritt geändert:

{list}

Zurückgehen?</translation>
    </message>
    <message>
      <source>Choose a segment in the list first.</source>
      <translation>Wählen Sie zuerst ein Segment in der Liste.</translation>
    </message>
    <message>
      <source>There is nothing to go back to.</source>
      <translation>Es gibt nichts, wohin es zurückgeht.</translation>
    </message>
    <message>
      <source>Choose a result and one of its removed parts first.</source>
      <translation>Wählen Sie zuerst ein Ergebnis und eines seiner entfernten Teile.</translation>
    </message>
    <message>
      <source>restoring</source>
      <translation>dem Wiederherstellen</translation>
    </message>
    <message>
      <source>restored</source>
      <translation>wiederhergestellt</translation>
    </message>
    <message>
      <source>Back to before {step}.</source>
      <translation>Zurück vor {step}.</translation>
    </message>
    <message>
      <source>Changed by a reader</source>
      <translation>Von einem Befunder geändert</translation>
    </message>
    <message>
      <source>NOT CURRENT: {reason}</source>
      <translation>NICHT AKTUELL: {reason}</translation>
    </message>
    <message>
      <source>No slice view shows '{name}'.</source>
      <translation>Keine Schichtansicht zeigt „{name}“.</translation>
    </message>
  </context>
  <context>
    <name>KidneySegPanel.runner</name>
    <message>
      <source>Starting...</source>
      <translation>Beginnt...</translation>
    </message>
    <message>
      <source>Cancel</source>
      <translation>Abbrechen</translation>
    </message>
    <message>
      <source>Apply</source>
      <translation>Anwenden</translation>
    </message>
    <message>
      <source>Segment the CT and measure.</source>
      <translation>Das CT segmentieren und messen.</translation>
    </message>
    <message>
      <source>Load a CT and choose it above.</source>
      <translation>Laden Sie ein CT und wählen Sie es oben.</translation>
    </message>
    <message>
      <source>{stage}: {percent:.0f} %</source>
      <translation>{stage}: {percent:.0f} %</translation>
    </message>
    <message>
      <source>Canceled. The scene is as it was.</source>
      <translation>Abgebrochen. Die Szene ist, wie sie war.</translation>
    </message>
    <message>
      <source>, about {seconds:.0f} s left</source>
      <translation>, noch etwa {seconds:.0f} s</translation>
    </message>
    <message>
      <source>Canceled. The numbers are as they were.</source>
      <translation>Abgebrochen. Die Zahlen sind, wie sie waren.</translation>
    </message>
    <message>
      <source>Canceled. The segments are there, but not measured.</source>
      <translation>Abgebrochen. Die Segmente sind da, aber nicht gemessen.</translation>
    </message>
  </context>
  <context>
    <name>KidneySegPanel.support</name>
    <message>
      <source>Not installed. KidneySeg cannot run without these packages.</source>
      <translation>Nicht installiert. Ohne diese Pakete kann KidneySeg nicht laufen.</translation>
    </message>
    <message>
      <source>Still missing: {names}. Restart Slicer and press Set up, or update them.</source>
      <translation>Es fehlen noch: {names}. Starten Sie Slicer neu und drücken Sie Einrichten, oder aktualisieren Sie sie.</translation>
    </message>
    <message>
      <source>All Python packages that are needed are installed.</source>
      <translation>Alle nötigen Python-Pakete sind installiert.</translation>
    </message>
    <message>
      <source>Folder of wheels</source>
      <translation>Ordner mit Wheels</translation>
    </message>
    <message>
      <source>Looking...</source>
      <translation>Sieht nach...</translation>
    </message>
    <message>
      <source>No answer; see Slicer's log.</source>
      <translation>Keine Antwort; siehe Slicers Protokoll.</translation>
    </message>
    <message>
      <source>Copied. Paste it into your question to support.</source>
      <translation>Kopiert. Fügen Sie es in Ihre Frage an den Support ein.</translation>
    </message>
    <message>
      <source>Everything that is needed is installed.</source>
      <translation>Alles Nötige ist installiert.</translation>
    </message>
    <message>
      <source>Needed to run, not installed: {names}.</source>
      <translation>Nötig und nicht installiert: {names}.</translation>
    </message>
    <message>
      <source>Optional, not installed: {names}.</source>
      <translation>Wahlweise, nicht installiert: {names}.</translation>
    </message>
  </context>
  <context>
    <name>KidneySegPanel.texts</name>
    <message>
      <source>Checking the CT</source>
      <translation>Prüft das CT</translation>
    </message>
    <message>
      <source>Loading the model</source>
      <translation>Lädt das Modell</translation>
    </message>
    <message>
      <source>Finding the kidneys</source>
      <translation>Sucht die Nieren</translation>
    </message>
    <message>
      <source>Segmenting</source>
      <translation>Segmentiert</translation>
    </message>
    <message>
      <source>Looking at slices</source>
      <translation>Sieht Schichten an</translation>
    </message>
    <message>
      <source>Going back to the CT's grid</source>
      <translation>Geht auf das Gitter des CTs zurück</translation>
    </message>
    <message>
      <source>Cleaning</source>
      <translation>Bereinigt</translation>
    </message>
    <message>
      <source>Refining borders</source>
      <translation>Verfeinert Ränder</translation>
    </message>
    <message>
      <source>Measuring</source>
      <translation>Misst</translation>
    </message>
    <message>
      <source>Points and a box are set under 'Points and box'.</source>
      <translation>Punkte und eine Box werden unter „Punkte und Box“ gesetzt.</translation>
    </message>
    <message>
      <source>Choose it under Review, 'Removed', and press 'Restore'.</source>
      <translation>Wählen Sie es unter Durchsicht, „Entfernt“, und drücken Sie „Wiederherstellen“.</translation>
    </message>
    <message>
      <source>It stays if you do nothing; to remove it, press 'Remove lesion' and click into it.</source>
      <translation>Sie bleibt, wenn Sie nichts tun; um sie zu entfernen, drücken Sie „Läsion entfernen“ und klicken Sie hinein.</translation>
    </message>
    <message>
      <source>Choose 'CPU' as device.</source>
      <translation>Wählen Sie „CPU“ als Gerät.</translation>
    </message>
    <message>
      <source>Choose 'Standard' beside 'Tumors'.</source>
      <translation>Wählen Sie „Standard“ neben „Tumoren“.</translation>
    </message>
    <message>
      <source>The panel never replaces files: choose an empty folder.</source>
      <translation>Das Modul ersetzt nie Dateien: Wählen Sie einen leeren Ordner.</translation>
    </message>
    <message>
      <source>The segments were changed after these numbers were taken.</source>
      <translation>Die Segmente wurden nach diesen Messungen geändert.</translation>
    </message>
    <message>
      <source>The CT or the segmentation was moved after these numbers were taken: volumes and places are not right any more.</source>
      <translation>Das CT oder die Segmentierung wurde nach diesen Messungen bewegt: Volumina und Orte stimmen nicht mehr.</translation>
    </message>
    <message>
      <source>The CT's voxels were changed after these numbers were taken.</source>
      <translation>Die Voxel des CTs wurden nach diesen Messungen geändert.</translation>
    </message>
    <message>
      <source>The CT of these numbers is no longer in the scene.</source>
      <translation>Das CT dieser Zahlen ist nicht mehr in der Szene.</translation>
    </message>
    <message>
      <source>These numbers were taken by an earlier version of KidneySeg.</source>
      <translation>Diese Zahlen stammen von einer früheren Version von KidneySeg.</translation>
    </message>
    <message>
      <source>edited</source>
      <translation>bearbeitet</translation>
    </message>
    <message>
      <source>relabeled</source>
      <translation>umbenannt in der Art</translation>
    </message>
    <message>
      <source>renamed</source>
      <translation>umbenannt</translation>
    </message>
    <message>
      <source>recolored</source>
      <translation>umgefärbt</translation>
    </message>
    <message>
      <source>deleted</source>
      <translation>gelöscht</translation>
    </message>
    <message>
      <source>added</source>
      <translation>hinzugefügt</translation>
    </message>
    <message>
      <source>locked</source>
      <translation>gesperrt</translation>
    </message>
    <message>
      <source>CT not known</source>
      <translation>CT nicht bekannt</translation>
    </message>
    <message>
      <source> Press Measure again.</source>
      <translation> Drücken Sie Neu messen.</translation>
    </message>
    <message>
      <source>{ct}{date}: {segmentation}</source>
      <translation>{ct}{date}: {segmentation}</translation>
    </message>
    <message>
      <source> Load the CT again and choose it to measure.</source>
      <translation> Laden Sie das CT wieder und wählen Sie es, um zu messen.</translation>
    </message>
    <message>
      <source>Margin {margin:.0f} mm: the {side} kidney loses {removed:.0f} mL</source>
      <translation>Rand {margin:.0f} mm: Die Niere ({side}) verliert {removed:.0f} mL</translation>
    </message>
    <message>
      <source> (no share: the scan cuts a kidney).</source>
      <translation> (kein Anteil: Der Scan schneidet eine Niere ab).</translation>
    </message>
    <message>
      <source>{when}: {segment} {what} ({tool}), {before:.1f} to {after:.1f} mL</source>
      <translation>{when}: {segment} {what} ({tool}), {before:.1f} auf {after:.1f} mL</translation>
    </message>
    <message>
      <source>{name} (removed)</source>
      <translation>{name} (entfernt)</translation>
    </message>
    <message>
      <source> and keeps {own:.0f} %</source>
      <translation> und behält {own:.0f} %</translation>
    </message>
    <message>
      <source>; {both:.0f} % of both stays.</source>
      <translation>; {both:.0f} % beider bleiben.</translation>
    </message>
  </context>
  <context>
    <name>KidneySegPanel.watch</name>
    <message>
      <source>Canceled: the scene was closed.</source>
      <translation>Abgebrochen: Die Szene wurde geschlossen.</translation>
    </message>
    <message>
      <source>Canceled: the CT was removed from the scene.</source>
      <translation>Abgebrochen: Das CT wurde aus der Szene entfernt.</translation>
    </message>
  </context>
  <context>
    <name>KidneySegLib</name>
    <message>
      <source>The file does not say how large its voxels are; 1 mm was taken. Volumes and diameters are worth nothing until the size is known: load the original DICOM series.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Lesion {number} ({kind}, {ml:.1f} mL) is not seen by {missed}. Check whether it is there.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>The spine lies in front of the body: the position in the file is wrong, and right and left may be exchanged. Load the original DICOM series, or check the sides.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>The scan repeats itself: slices that lie {lag:.0f} mm apart show the same body. Two phases were probably put one above the other into one volume. Volumes of both would be added up. Split the volume, and segment one phase.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>What the labels call the {side} kidney lies on the other side of the body. Check the labels' sides and the image's position.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>The label of the {side} kidney lies on two kidneys, {high:.0f} mm apart from right to left. Its number probably means kidney without a side.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>{error} {advice} Say which scheme it follows.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>The {side} kidney measures {own:.0f} mL beside a {value} of {mass_ml:.0f} mL. Check whether the numbers of kidney and mass are exchanged, or the kidney is labeled as a mass.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Slices are {value:.1f} mm thick: small lesions may be missed and volumes are less certain. Prefer slices of 5 mm or less.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>The slices are shifted against each other by {shear:.1f} degrees (gantry tilt). Volumes allow for it; diameters are measured in mm in the patient.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>The volume is tilted by {tilt:.0f} degrees against the patient's axes. The model has seen such images only up to about 20 degrees: check the result.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>{span} The densities were clipped to a window before they reached KidneySeg: contrast phase and lesion densities are less certain.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>The borders of {moved} of {len} cysts were refined, the others kept.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>The outer border of {which} was refined: {change}.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>The network's outer border of {which} was kept: {reason}.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>A structure of {volume_ml:.0f} mL around {place_text} looks like bone, and the network is not sure of it: it was left out (ID {id}). If it is a kidney, take it back, or click into every kidney.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>A mass of {volume_ml:.0f} mL was kept although it touches no kidney: it may have replaced one, or belong to another organ. Check it.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>A {tissue} of {volume_ml:.1f} mL around {place_text} was left out (ID {id}): the network is not sure that any of it belongs to a kidney. It may be bowel, another organ, or a tumor of a kind that the network does not know. Look at it. If it is a kidney's, take it back, or click into it and into every kidney.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>A {tissue} of {volume_ml:.1f} mL inside a kidney, around {place_text}, was counted as kidney (ID {id}): the network is not sure of any of it. It may be a tumor of a kind that the network does not know. Look at it, and take it back if it is a lesion.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>A kidney component of only {total_ml:.1f} mL was kept. Check whether it is a shrunken kidney or a mistake.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>The network is not sure of a kidney of {value:.0f} mL (mean probability {percent:.0f} %). Check whether it is one.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>At least {sum:.0f} mL that are called kidney are uncertain: they lie more than {reach_mm:g} mm from where the network is sure of kidney or mass{largest} around {place_text}. Check whether it is bowel, liver, spleen or stomach; what is nearer may be, too.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>One kidney crosses the midline (horseshoe or fused kidney?). It was cut at the midline for the volumes per side only.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>One kidney lies {drop_mm:.0f} mm lower than another: a pelvic or transplanted kidney, or a mistake. Check it.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>{count} separate kidneys were found on the {side}. Check whether this is a third kidney, a split kidney, or a mistake.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>The scan cuts the body on one side, so its midline is not seen: right and left may be swapped. Check the sides.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>The model tells {count} other structures that lie only partly in what was looked at ({listed}). They are left out: their volumes would be wrong. The model's own way, over the whole scan, gives them whole.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>The model '{name}' has no limits for uncertain findings ({listed}): bone, bowel and other organs may stay, without a warning. Check every contour.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Masses that may not come from a kidney: {listed}. Such a mass may be of the adrenal gland, bowel, liver, spleen or the tissue behind, and only touch the kidney. Check it first: by shape alone nobody can tell.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Cystic masses that are not homogeneous fluid: {listed}. One contrast phase does not tell whether they enhance. Read wall, septa and nodules yourself; no Bosniak class is given.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Densities that such tissue does not have: {listed} ({least_kidney_hu:.0f} to {high:.0f} HU are possible in a kidney). The CT's rescale to HU is wrong, or something else was taken for it. Do not use these volumes before you know.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Lesions with fat inside their contour: {listed}. The contour may spill into the fat around the kidney, so that volume and diameters are too large; or it is an angiomyolipoma. Check the contour.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Longer than most lesions of their volume: {listed}. It may be two that touch, taken as one, or the rim of something else. Check it before using a diameter.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>The network is not sure of {count}: {kind} of {volume_ml:.1f} mL, probability {percent:.0f} %, around {place_text}. What the table calls unsure may be healthy tissue, another organ, or a lesion of the other kind. Check it before using its volume.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Called tumor, but as low in density as fluid: {listed}. It may be a cyst, or a tumor that is cystic, necrotic, or holds fat. Check its kind.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Called cyst, but denser than fluid: {listed}. It may be a tumor, a cyst with blood or protein, or a filled calyx; a single phase does not tell. Check its kind.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>The contrast phase looks {phase} (kidneys {kidney_hu:.0f} HU). The model is weak there: lesions in particular may be missed.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>No kidney was found {where}. If there is one, click into it, or draw a box around it.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Cysts make up {cyst_ml:.0f} mL of the {side} kidney, parenchyma {parenchyma_ml:.0f} mL: polycystic disease, a very large cyst, or a dilated pelvis. The model was not trained for it; check every contour.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>The {side} kidney reaches the end of the scan: it is incomplete, and its volumes are lower bounds.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>Only a {side} kidney was found. The other one may be absent, outside the scan, or missed. If you see it, click into every kidney.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>A smaller kidney-like structure ({volume_ml:.0f} mL) around {place_text} was left out. If it is a kidney, click into it and into the others.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>The {side} kidney measures {parenchyma_ml:.0f} mL; {low:.0f} to {high:.0f} mL are usual. Check its contour.</source>
      <translation type="unfinished" />
    </message>
    <message>
      <source>The terminology of {listed} names no side: its parts count for the side that they lie on. Set the side in the Segment Editor where that is wrong.</source>
      <translation type="unfinished" />
    </message>
  </context>
</TS>
