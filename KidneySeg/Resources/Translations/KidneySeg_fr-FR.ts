<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="fr_FR">
  <context>
    <name>KidneySeg</name>
    <message>
      <source>Finds kidneys, renal tumors and cysts in CT and measures them. Research software, not a medical device: check every contour before using a number.</source>
      <translation>Trouve les reins, les tumeurs rénales et les kystes au scanner et les mesure. Logiciel de recherche, pas un dispositif médical : vérifiez chaque contour avant d'utiliser un chiffre.</translation>
    </message>
    <message>
      <source>Trained on BTCV, LiTS, TCIA and KiTS23 data; see the model card for sources, licenses and limits.</source>
      <translation>Entraîné sur des données de BTCV, LiTS, TCIA et KiTS23 ; sources, licences et limites dans la fiche du modèle.</translation>
    </message>
    <message>
      <source>CT</source>
      <translation>Scanner</translation>
    </message>
    <message>
      <source>&amp;CT:</source>
      <translation>&amp;Scanner :</translation>
    </message>
    <message>
      <source>The CT to segment. It is only read, never changed. Choosing it shows its newest result.</source>
      <translation>Le scanner à segmenter. Il est seulement lu, jamais modifié. Le choisir affiche son résultat le plus récent.</translation>
    </message>
    <message>
      <source>R&amp;esult:</source>
      <translation>&amp;Résultat :</translation>
    </message>
    <message>
      <source>The result that is shown, and that the next run fills. Choosing one also chooses its CT.</source>
      <translation>Le résultat affiché, que la prochaine exécution remplit. En choisir un choisit aussi son scanner.</translation>
    </message>
    <message>
      <source>New segmentation</source>
      <translation>Nouvelle segmentation</translation>
    </message>
    <message>
      <source>Load the CT that ships with KidneySeg (CC BY, one inserted tumor), or one of Slicer's own.</source>
      <translation>Charge le scanner livré avec KidneySeg (CC BY, une tumeur insérée), ou un de ceux de Slicer.</translation>
    </message>
    <message>
      <source>Try with samp&amp;le data</source>
      <translation>&amp;Essayer avec des données d'exemple</translation>
    </message>
    <message>
      <source>Segment the CT and measure.</source>
      <translation>Segmenter le scanner et mesurer.</translation>
    </message>
    <message>
      <source>Apply</source>
      <translation>Appliquer</translation>
    </message>
    <message>
      <source>How much of the run is done.</source>
      <translation>Avancement de l'exécution.</translation>
    </message>
    <message>
      <source>Result</source>
      <translation>Résultat</translation>
    </message>
    <message>
      <source>Measure the segments as they are now, after your corrections.</source>
      <translation>Mesure les segments tels qu'ils sont maintenant, après vos corrections.</translation>
    </message>
    <message>
      <source>Meas&amp;ure again</source>
      <translation>Re&amp;mesurer</translation>
    </message>
    <message>
      <source>One line a kidney and a lesion. Show goes there in the slice views; N and P go on, Space shows and hides the segments.</source>
      <translation>Une ligne par rein et par lésion. Montrer y va dans les vues de coupes ; N et P avancent, Espace montre et cache les segments.</translation>
    </message>
    <message>
      <source>Show the previous lesion in the slice views (P).</source>
      <translation>Montre la lésion précédente dans les vues de coupes (P).</translation>
    </message>
    <message>
      <source>Pre&amp;vious</source>
      <translation>&amp;Précédente</translation>
    </message>
    <message>
      <source>Show the next lesion in the slice views (N).</source>
      <translation>Montre la lésion suivante dans les vues de coupes (N).</translation>
    </message>
    <message>
      <source>&amp;Next</source>
      <translation>S&amp;uivante</translation>
    </message>
    <message>
      <source>Show the segments as smoothed surfaces in the 3D view.</source>
      <translation>Montre les segments en surfaces lissées dans la vue 3D.</translation>
    </message>
    <message>
      <source>Show &amp;3D</source>
      <translation>Montrer en &amp;3D</translation>
    </message>
    <message>
      <source>Write table (CSV), label map (NIfTI), surfaces (STL) and report (HTML) into a folder.</source>
      <translation>Écrit tableau (CSV), carte de labels (NIfTI), surfaces (STL) et rapport (HTML) dans un dossier.</translation>
    </message>
    <message>
      <source>Export...</source>
      <translation>Exporter...</translation>
    </message>
    <message>
      <source>Copy the result as sentences, to paste into a radiology report.</source>
      <translation>Copie le résultat en phrases, à coller dans un compte rendu.</translation>
    </message>
    <message>
      <source>Copy report te&amp;xt</source>
      <translation>&amp;Copier le texte du compte rendu</translation>
    </message>
    <message>
      <source>Review</source>
      <translation>Relecture</translation>
    </message>
    <message>
      <source>All numbers of sides and lesions. Click a lesion to see it in the slice views.</source>
      <translation>Tous les chiffres des côtés et des lésions. Cliquez sur une lésion pour la voir dans les vues de coupes.</translation>
    </message>
    <message>
      <source>Copy the table with its CT, segmentation and units, ready to paste into a spreadsheet.</source>
      <translation>Copie le tableau avec scanner, segmentation et unités, à coller dans un tableur.</translation>
    </message>
    <message>
      <source>Cop&amp;y table</source>
      <translation>C&amp;opier le tableau</translation>
    </message>
    <message>
      <source>Draw the largest diameters of every lesion, axial and in 3D.</source>
      <translation>Trace les plus grands diamètres de chaque lésion, axial et en 3D.</translation>
    </message>
    <message>
      <source>D&amp;iameters</source>
      <translation>&amp;Diamètres</translation>
    </message>
    <message>
      <source>Show or hide each segment.</source>
      <translation>Montre ou cache chaque segment.</translation>
    </message>
    <message>
      <source>Lock the chosen segment, or unlock it: no new run ever changes a locked one.</source>
      <translation>Verrouille le segment choisi, ou le libère : aucune exécution ne change un segment verrouillé.</translation>
    </message>
    <message>
      <source>Loc&amp;k</source>
      <translation>&amp;Verrouiller</translation>
    </message>
    <message>
      <source>Undo the newest run, restored part or click on this result.</source>
      <translation>Annule la dernière exécution, restauration ou le dernier clic sur ce résultat.</translation>
    </message>
    <message>
      <source>Step &amp;back</source>
      <translation>P&amp;as en arrière</translation>
    </message>
    <message>
      <source>Click into a tumor that was missed: it is outlined around the click, and measured.</source>
      <translation>Cliquez dans une tumeur manquée : elle est délimitée autour du clic et mesurée.</translation>
    </message>
    <message>
      <source>Add tumor</source>
      <translation>Ajouter une tumeur</translation>
    </message>
    <message>
      <source>Click into a lesion that is none: it becomes kidney or nothing, and all is measured again.</source>
      <translation>Cliquez dans une lésion qui n'en est pas une : elle devient rein ou rien, et tout est remesuré.</translation>
    </message>
    <message>
      <source>Remove lesion</source>
      <translation>Enlever la lésion</translation>
    </message>
    <message>
      <source>&amp;Removed:</source>
      <translation>E&amp;nlevé :</translation>
    </message>
    <message>
      <source>What cleaning took out, and why. Choose one to see it in the slice views.</source>
      <translation>Ce que le nettoyage a enlevé, et pourquoi. Choisissez-en un pour le voir dans les vues de coupes.</translation>
    </message>
    <message>
      <source>Put the chosen structure back into the segmentation, and measure again.</source>
      <translation>Remet la structure choisie dans la segmentation et remesure.</translation>
    </message>
    <message>
      <source>Restore</source>
      <translation>Restaurer</translation>
    </message>
    <message>
      <source>Mar&amp;gin:</source>
      <translation>Mar&amp;ge :</translation>
    </message>
    <message>
      <source>Healthy tissue that goes with the tumor, in mm. The text below says what stays.</source>
      <translation>Tissu sain enlevé avec la tumeur, en mm. Le texte dessous dit ce qui reste.</translation>
    </message>
    <message>
      <source>Correct contours</source>
      <translation>Corriger les contours</translation>
    </message>
    <message>
      <source>The numbers are marked as out of date after a stroke. Press Measure again when you are done.</source>
      <translation>Après un trait, les chiffres sont marqués comme périmés. Appuyez sur Remesurer quand vous avez fini.</translation>
    </message>
    <message>
      <source>Go to the module Segment Editor with this segmentation.</source>
      <translation>Va au module Segment Editor avec cette segmentation.</translation>
    </message>
    <message>
      <source>Open in Segment E&amp;ditor</source>
      <translation>Ouvr&amp;ir dans Segment Editor</translation>
    </message>
    <message>
      <source>Points and box</source>
      <translation>Points et boîte</translation>
    </message>
    <message>
      <source>When a kidney is missed, or something else is taken for one: click a point into each kidney, or draw a box around it. Points and boxes replace the automatic search.</source>
      <translation>Quand un rein est manqué, ou autre chose pris pour un rein : cliquez un point dans chaque rein, ou tracez une boîte autour. Points et boîtes remplacent la recherche automatique.</translation>
    </message>
    <message>
      <source>&amp;Points:</source>
      <translation>Poin&amp;ts :</translation>
    </message>
    <message>
      <source>Points inside kidneys, one or more each. They belong to the CT that they were placed on.</source>
      <translation>Points dans les reins, un ou plusieurs par rein. Ils appartiennent au scanner où ils ont été placés.</translation>
    </message>
    <message>
      <source>Search automatically</source>
      <translation>Recherche automatique</translation>
    </message>
    <message>
      <source>Click one point into each kidney; right-click ends.</source>
      <translation>Cliquez un point dans chaque rein ; clic droit pour finir.</translation>
    </message>
    <message>
      <source>Place</source>
      <translation>Placer</translation>
    </message>
    <message>
      <source>B&amp;ox:</source>
      <translation>&amp;Boîte :</translation>
    </message>
    <message>
      <source>Box around one kidney or both. It belongs to the CT that it was drawn on.</source>
      <translation>Boîte autour d'un rein ou des deux. Elle appartient au scanner où elle a été tracée.</translation>
    </message>
    <message>
      <source>No box</source>
      <translation>Pas de boîte</translation>
    </message>
    <message>
      <source>Click two opposite corners of a box around the kidney.</source>
      <translation>Cliquez deux coins opposés d'une boîte autour du rein.</translation>
    </message>
    <message>
      <source>Draw</source>
      <translation>Tracer</translation>
    </message>
    <message>
      <source>Advanced</source>
      <translation>Avancé</translation>
    </message>
    <message>
      <source>&amp;Model:</source>
      <translation>Modè&amp;le :</translation>
    </message>
    <message>
      <source>The network that segments. Its figures and license are one click away, at the right.</source>
      <translation>Le réseau qui segmente. Ses chiffres et sa licence sont à un clic, à droite.</translation>
    </message>
    <message>
      <source>About this model: figures, license, limits; import a model, or remove one.</source>
      <translation>Sur ce modèle : chiffres, licence, limites ; importer un modèle, ou en enlever un.</translation>
    </message>
    <message>
      <source>...</source>
      <translation>...</translation>
    </message>
    <message>
      <source>Lesions by:</source>
      <translation>Lésions par :</translation>
    </message>
    <message>
      <source>Whose tumors and cysts count. Another model's lesions are kept where a kidney of the model above is.</source>
      <translation>De quel modèle comptent les tumeurs et les kystes. Les lésions d'un autre modèle sont gardées là où se trouve un rein du modèle ci-dessus.</translation>
    </message>
    <message>
      <source>&amp;Quality:</source>
      <translation>&amp;Qualité :</translation>
    </message>
    <message>
      <source>Fast: one pass. Balanced: tiles overlap by half. Best: also mirrored passes.</source>
      <translation>Rapide : un passage. Équilibrée : tuiles chevauchées de moitié. Meilleure : aussi des passages en miroir.</translation>
    </message>
    <message>
      <source>Device:</source>
      <translation>Appareil :</translation>
    </message>
    <message>
      <source>Where the network runs. Automatic takes an NVIDIA or Apple GPU where torch can use one.</source>
      <translation>Où le réseau calcule. Automatique prend un GPU NVIDIA ou Apple si torch peut l'utiliser.</translation>
    </message>
    <message>
      <source>Re&amp;fine borders:</source>
      <translation>A&amp;ffiner les bords :</translation>
    </message>
    <message>
      <source>Move the outer borders of kidneys and those of cysts to the edges in the CT, at most 2 mm. Off by default: it moves contours that are good already away from experts' (see the documentation).</source>
      <translation>Déplace les bords externes des reins et ceux des kystes vers les contours du scanner, de 2 mm au plus. Désactivé par défaut : de bons contours s'éloignent de ceux des experts (voir la documentation).</translation>
    </message>
    <message>
      <source>Tumor&amp;s:</source>
      <translation>Tumeurs (&amp;k) :</translation>
    </message>
    <message>
      <source>Find more tumors, or fewer false ones. What each costs was measured and stands in the documentation. Only for the model that ships.</source>
      <translation>Trouver plus de tumeurs, ou moins de fausses. Ce que cela coûte a été mesuré et figure dans la documentation. Seulement pour le modèle fourni.</translation>
    </message>
    <message>
      <source>Corrections:</source>
      <translation>Corrections :</translation>
    </message>
    <message>
      <source>What a new run does with segments that you have corrected or deleted. Locked ones always stay.</source>
      <translation>Ce qu'une nouvelle exécution fait des segments corrigés ou supprimés. Les verrouillés restent toujours.</translation>
    </message>
    <message>
      <source>Count tumors and cysts as kidney: whole kidneys with their masses, no lesion segments.</source>
      <translation>Compte tumeurs et kystes comme rein : reins entiers avec leurs masses, sans segments de lésions.</translation>
    </message>
    <message>
      <source>Kidneys only, without lesions</source>
      <translation>Reins seuls, sans lésions</translation>
    </message>
    <message>
      <source>Segment every CT in the scene, one after the other, and put all numbers into one table.</source>
      <translation>Segmente tous les scanners de la scène l'un après l'autre, et met tous les chiffres dans un tableau.</translation>
    </message>
    <message>
      <source>Run on &amp;all loaded CTs</source>
      <translation>Tous les scanners c&amp;hargés</translation>
    </message>
    <message>
      <source>Install what KidneySeg needs and this Slicer has not. Asks before anything is installed.</source>
      <translation>Installe ce dont KidneySeg a besoin et que ce Slicer n'a pas. Demande avant.</translation>
    </message>
    <message>
      <source>Se&amp;t up...</source>
      <translation>Installer...</translation>
    </message>
    <message>
      <source>Install without a network, from a folder of wheels (see the documentation).</source>
      <translation>Installer sans réseau, depuis un dossier de wheels (voir la documentation).</translation>
    </message>
    <message>
      <source>From a folder...</source>
      <translation>Depuis un dossier...</translation>
    </message>
    <message>
      <source>Log: details of the last run, error or check.</source>
      <translation>Journal : détails de la dernière exécution, erreur ou vérification.</translation>
    </message>
    <message>
      <source>Copy the text above.</source>
      <translation>Copie le texte ci-dessus.</translation>
    </message>
    <message>
      <source>Copy log</source>
      <translation>Copier le journal</translation>
    </message>
    <message>
      <source>List torch, GPU, driver and memory, and copy the text for support.</source>
      <translation>Liste torch, GPU, pilote et mémoire, et copie le texte pour l'assistance.</translation>
    </message>
    <message>
      <source>Check computer</source>
      <translation>Vérifier l'ordinateur</translation>
    </message>
    <message>
      <source>Research software, not a medical device. Check every contour before using a number. Nothing leaves this computer.</source>
      <translation>Logiciel de recherche, pas un dispositif médical. Vérifiez chaque contour avant d'utiliser un chiffre. Rien ne quitte cet ordinateur.</translation>
    </message>
  </context>
  <context>
    <name>KidneySegPanel.all_cts</name>
    <message>
      <source>{count} frames of sequences become CTs of their own in the scene and are segmented too. Go on?</source>
      <translation>{count} images de séquences deviennent des scanners de la scène et sont aussi segmentées. Continuer ?</translation>
    </message>
    <message>
      <source>{count} CT(s) done: see the table '{name}'.</source>
      <translation>{count} scanner(s) terminé(s) : voir le tableau « {name} ».</translation>
    </message>
    <message>
      <source>{sequence}, frame {number}</source>
      <translation>{sequence}, image {number}</translation>
    </message>
    <message>
      <source>Not done: {names}.</source>
      <translation>Pas terminé : {names}.</translation>
    </message>
  </context>
  <context>
    <name>KidneySegPanel.answers</name>
    <message>
      <source>Right</source>
      <translation>Droite :</translation>
    </message>
    <message>
      <source>Left</source>
      <translation>Gauche :</translation>
    </message>
    <message>
      <source>Side unknown:</source>
      <translation>Côté inconnu :</translation>
    </message>
    <message>
      <source>tumor</source>
      <translation>tumeur</translation>
    </message>
    <message>
      <source>cyst</source>
      <translation>kyste</translation>
    </message>
    <message>
      <source>cut by the scan: at least this much</source>
      <translation>coupé par l'acquisition : au moins autant</translation>
    </message>
    <message>
      <source>{side} kidney</source>
      <translation>{side} rein</translation>
    </message>
    <message>
      <source>uncertain</source>
      <translation>incertain</translation>
    </message>
    <message>
      <source>cut by the scan</source>
      <translation>coupé par l'acquisition</translation>
    </message>
    <message>
      <source>{ml:.0f} mL parenchyma</source>
      <translation>{ml:.0f} mL de parenchyme</translation>
    </message>
    <message>
      <source>{mm:.0f} mm axial</source>
      <translation>{mm:.0f} mm en axial</translation>
    </message>
    <message>
      <source>{ml:.1f} mL</source>
      <translation>{ml:.1f} mL</translation>
    </message>
    <message>
      <source>{mm:.0f} mm long</source>
      <translation>{mm:.0f} mm de long</translation>
    </message>
  </context>
  <context>
    <name>KidneySegPanel.ask</name>
    <message>
      <source>What becomes of it in the new run? (Advanced, 'Corrections', decides for good.)</source>
      <translation>Qu'en devient-il dans la nouvelle exécution ? (Avancé, « Corrections », décide pour de bon.)</translation>
    </message>
    <message>
      <source>Keep mine</source>
      <translation>Garder les miennes</translation>
    </message>
    <message>
      <source>Replace</source>
      <translation>Remplacer</translation>
    </message>
    <message>
      <source>New segmentation beside</source>
      <translation>Nouvelle segmentation à côté</translation>
    </message>
    <message>
      <source>You have corrected this result:

{list}</source>
      <translation>Vous avez corrigé ce résultat :

{list}</translation>
    </message>
  </context>
  <context>
    <name>KidneySegPanel.clicks</name>
    <message>
      <source>Click</source>
      <translation>Clic</translation>
    </message>
    <message>
      <source>Click into the lesion in a slice view.</source>
      <translation>Cliquez dans la lésion dans une vue de coupe.</translation>
    </message>
    <message>
      <source>adding a tumor</source>
      <translation>l'ajout d'une tumeur</translation>
    </message>
    <message>
      <source>removing a lesion</source>
      <translation>l'enlèvement d'une lésion</translation>
    </message>
    <message>
      <source>click</source>
      <translation>clic</translation>
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
      <translation>Le scanner livré avec KidneySeg</translation>
    </message>
    <message>
      <source>CTLiver (Slicer downloads it)</source>
      <translation>CTLiver (Slicer le télécharge)</translation>
    </message>
    <message>
      <source>CTA abdomen, Panoramix (Slicer downloads it)</source>
      <translation>Angioscanner abdominal, Panoramix (Slicer le télécharge)</translation>
    </message>
    <message>
      <source>Load a CT: from the DICOM browser, or drag a file into this window.</source>
      <translation>Chargez un scanner : depuis le navigateur DICOM, ou glissez un fichier dans cette fenêtre.</translation>
    </message>
    <message>
      <source> The box is turned: the upright box around it is used.</source>
      <translation> La boîte est tournée : la boîte droite qui l'entoure est utilisée.</translation>
    </message>
    <message>
      <source>Kidney points</source>
      <translation>Points des reins</translation>
    </message>
    <message>
      <source>Kidney box</source>
      <translation>Boîte du rein</translation>
    </message>
    <message>
      <source>a box</source>
      <translation>une boîte</translation>
    </message>
    <message>
      <source>The next run looks only at {hints} (section 'Points and box').</source>
      <translation>La prochaine exécution ne regarde que {hints} (section « Points et boîte »).</translation>
    </message>
    <message>
      <source>{count} point(s)</source>
      <translation>{count} point(s)</translation>
    </message>
    <message>
      <source> and </source>
      <translation> et </translation>
    </message>
    <message>
      <source>'{name}' was not loaded: {error}</source>
      <translation>« {name} » n'a pas été chargé : {error}</translation>
    </message>
  </context>
  <context>
    <name>KidneySegPanel.install</name>
    <message>
      <source>These are installed in a version that does not work, and are REPLACED:

</source>
      <translation>Ceux-ci sont installés dans une version qui ne convient pas et sont REMPLACÉS :

</translation>
    </message>
    <message>
      <source>

Other extensions that use them may be affected.

</source>
      <translation>

D'autres extensions qui les utilisent peuvent être touchées.

</translation>
    </message>
    <message>
      <source>Nothing else that Slicer has is replaced. Go on?</source>
      <translation>Rien d'autre de Slicer n'est remplacé. Continuer ?</translation>
    </message>
    <message>
      <source>torch was not installed. Press Apply to try again.</source>
      <translation>torch n'a pas été installé. Appuyez sur Appliquer pour réessayer.</translation>
    </message>
    <message>
      <source>KidneySeg downloads and installs into Slicer:

{packages}

</source>
      <translation>KidneySeg télécharge et installe dans Slicer :

{packages}

</translation>
    </message>
    <message>
      <source>The extension 'PyTorch' is not installed. Install it in the Extensions Manager, restart Slicer, and press Apply again.</source>
      <translation>L'extension « PyTorch » n'est pas installée. Installez-la dans le gestionnaire d'extensions, redémarrez Slicer et appuyez de nouveau sur Appliquer.</translation>
    </message>
    <message>
      <source>pip could not install {names}: {reason}</source>
      <translation>pip n'a pas pu installer {names} : {reason}</translation>
    </message>
    <message>
      <source>The PyTorch extension could not install torch: {reason}</source>
      <translation>L'extension PyTorch n'a pas pu installer torch : {reason}</translation>
    </message>
  </context>
  <context>
    <name>KidneySegPanel.model_store</name>
    <message>
      <source>Address (https) of the model's ZIP file, and its sha256 after a space where its authors give one. It is fetched when you press OK:</source>
      <translation>Adresse (https) du fichier ZIP du modèle et, après une espace, son sha256 si ses auteurs l'indiquent. Il est téléchargé quand vous appuyez sur OK :</translation>
    </message>
    <message>
      <source>Delete '{name}' ({size:.0f} MB) from this computer?</source>
      <translation>Supprimer '{name}' ({size:.0f} Mo) de cet ordinateur ?</translation>
    </message>
    <message>
      <source>Folder of a model</source>
      <translation>Dossier d'un modèle</translation>
    </message>
    <message>
      <source>Model</source>
      <translation>Modèle</translation>
    </message>
    <message>
      <source>'{name}' was imported ({size:.0f} MB) and checked.</source>
      <translation>'{name}' a été importé ({size:.0f} Mo) et vérifié.</translation>
    </message>
    <message>
      <source>About this model...</source>
      <translation>À propos de ce modèle...</translation>
    </message>
    <message>
      <source>Import from folder...</source>
      <translation>Importer d'un dossier...</translation>
    </message>
    <message>
      <source>Import from file...</source>
      <translation>Importer d'un fichier...</translation>
    </message>
    <message>
      <source>Import from the web...</source>
      <translation>Importer d'Internet...</translation>
    </message>
    <message>
      <source>Public models...</source>
      <translation>Modèles publics...</translation>
    </message>
    <message>
      <source>Remove this imported model</source>
      <translation>Retirer ce modèle importé</translation>
    </message>
    <message>
      <source>Only imported models can be removed; this one came with KidneySeg.</source>
      <translation>Seuls les modèles importés peuvent être retirés ; celui-ci est venu avec KidneySeg.</translation>
    </message>
    <message>
      <source>Importing: {share:.0f} %</source>
      <translation>Importation : {share:.0f} %</translation>
    </message>
    <message>
      <source>'{name}' was deleted.</source>
      <translation>'{name}' a été supprimé.</translation>
    </message>
  </context>
  <context>
    <name>KidneySegPanel.models</name>
    <message>
      <source>Fast</source>
      <translation>Rapide</translation>
    </message>
    <message>
      <source>Balanced</source>
      <translation>Équilibrée</translation>
    </message>
    <message>
      <source>Best</source>
      <translation>Meilleure</translation>
    </message>
    <message>
      <source>Automatic</source>
      <translation>Automatique</translation>
    </message>
    <message>
      <source>NVIDIA GPU (CUDA)</source>
      <translation>GPU NVIDIA (CUDA)</translation>
    </message>
    <message>
      <source>Apple GPU (MPS)</source>
      <translation>GPU Apple (MPS)</translation>
    </message>
    <message>
      <source>CPU</source>
      <translation>CPU</translation>
    </message>
    <message>
      <source>Off</source>
      <translation>Désactivé</translation>
    </message>
    <message>
      <source>Level set</source>
      <translation>Ensemble de niveau</translation>
    </message>
    <message>
      <source>Active contour</source>
      <translation>Contour actif</translation>
    </message>
    <message>
      <source>Sensitive: more tumors</source>
      <translation>Sensible : plus de tumeurs</translation>
    </message>
    <message>
      <source>Standard</source>
      <translation>Standard</translation>
    </message>
    <message>
      <source>Specific: fewer false ones</source>
      <translation>Spécifique : moins de fausses</translation>
    </message>
    <message>
      <source>Ask at every run</source>
      <translation>Demander à chaque exécution</translation>
    </message>
    <message>
      <source>Keep mine</source>
      <translation>Garder les miennes</translation>
    </message>
    <message>
      <source>Replace</source>
      <translation>Remplacer</translation>
    </message>
    <message>
      <source>New segmentation beside</source>
      <translation>Nouvelle segmentation à côté</translation>
    </message>
    <message>
      <source>The same model</source>
      <translation>Le même modèle</translation>
    </message>
    <message>
      <source>about {seconds:.0f} s for this CT, by the last run on this computer</source>
      <translation>environ {seconds:.0f} s pour ce scanner, d'après la dernière exécution sur cet ordinateur</translation>
    </message>
    <message>
      <source>slower than a GPU; the first run measures how much on this computer</source>
      <translation>plus lent qu'avec un GPU ; la première exécution mesure de combien sur cet ordinateur</translation>
    </message>
    <message>
      <source>Runs on the CPU: {estimate}.</source>
      <translation>Calcule sur le CPU : {estimate}.</translation>
    </message>
    <message>
      <source>{name} (missing)</source>
      <translation>{name} (manquant)</translation>
    </message>
  </context>
  <context>
    <name>KidneySegPanel.outcome</name>
    <message>
      <source>the run</source>
      <translation>l'exécution</translation>
    </message>
    <message>
      <source>Measured.</source>
      <translation>Mesuré.</translation>
    </message>
    <message>
      <source>Done in {seconds:.0f} s.</source>
      <translation>Terminé en {seconds:.0f} s.</translation>
    </message>
    <message>
      <source>Canceled: the segmentation was removed.</source>
      <translation>Annulé : la segmentation a été enlevée.</translation>
    </message>
  </context>
  <context>
    <name>KidneySegPanel.panel</name>
    <message>
      <source> Details are in the log (Advanced).</source>
      <translation> Détails dans le journal (Avancé).</translation>
    </message>
    <message>
      <source>This result cannot be read ({error}). Segment the CT again.</source>
      <translation>Ce résultat est illisible ({error}). Segmentez à nouveau le scanner.</translation>
    </message>
    <message>
      <source>The CT was moved since: press Measure again, then the places are right.</source>
      <translation>Le scanner a été déplacé depuis : appuyez sur Remesurer, puis les lieux sont justes.</translation>
    </message>
    <message>
      <source>KidneySeg failed.</source>
      <translation>KidneySeg a échoué.</translation>
    </message>
    <message>
      <source>No slice view shows '{name}'.</source>
      <translation>Aucune vue de coupe ne montre « {name} ».</translation>
    </message>
  </context>
  <context>
    <name>KidneySegPanel.report_text</name>
    <message>
      <source>Measured with KidneySeg {version}. {disclaimer}</source>
      <translation>Mesuré avec KidneySeg {version}. {disclaimer}</translation>
    </message>
    <message>
      <source> No mass was found by the software.</source>
      <translation> Le logiciel n'a pas trouvé de masse.</translation>
    </message>
    <message>
      <source>; cut by the scan, at least this much</source>
      <translation>; coupé par l'acquisition, au moins autant</translation>
    </message>
    <message>
      <source>No kidney was found.</source>
      <translation>Aucun rein n'a été trouvé.</translation>
    </message>
    <message>
      <source>To be checked:</source>
      <translation>À vérifier :</translation>
    </message>
    <message>
      <source>Changed by a reader:</source>
      <translation>Modifié par un lecteur :</translation>
    </message>
    <message>
      <source> Masses were not looked for.</source>
      <translation> Les masses n'ont pas été recherchées.</translation>
    </message>
    <message>
      <source> No mass is in the segmentation.</source>
      <translation> Aucune masse dans la segmentation.</translation>
    </message>
    <message>
      <source>{mm:.0f} mm in the axial plane</source>
      <translation>{mm:.0f} mm dans le plan axial</translation>
    </message>
    <message>
      <source>{side} {kind}: {axial}, largest diameter {longest:.0f} mm, volume {volume} mL</source>
      <translation>{side} {kind} : {axial}, plus grand diamètre {longest:.0f} mm, volume {volume} mL</translation>
    </message>
    <message>
      <source>; uncertain.</source>
      <translation>; incertain.</translation>
    </message>
    <message>
      <source> of {date}</source>
      <translation> du {date}</translation>
    </message>
    <message>
      <source>CT '{name}'{date}, segmentation '{segmentation}'.</source>
      <translation>Scanner « {name} »{date}, segmentation « {segmentation} ».</translation>
    </message>
    <message>
      <source>{long:.0f} x {short:.0f} mm in the axial plane</source>
      <translation>{long:.0f} x {short:.0f} mm dans le plan axial</translation>
    </message>
    <message>
      <source>, {hu:.0f} HU</source>
      <translation>, {hu:.0f} UH</translation>
    </message>
    <message>
      <source>NOT CURRENT: {reason}</source>
      <translation>PÉRIMÉ : {reason}</translation>
    </message>
  </context>
  <context>
    <name>KidneySegPanel.results</name>
    <message>
      <source>No result for this CT yet.</source>
      <translation>Pas encore de résultat pour ce scanner.</translation>
    </message>
    <message>
      <source>The report text was copied.</source>
      <translation>Le texte du compte rendu a été copié.</translation>
    </message>
    <message>
      <source>Folder for the results</source>
      <translation>Dossier des résultats</translation>
    </message>
    <message>
      <source>No result yet.</source>
      <translation>Pas encore de résultat.</translation>
    </message>
    <message>
      <source>Show</source>
      <translation>Montrer</translation>
    </message>
    <message>
      <source>Not measured yet.</source>
      <translation>Pas encore mesuré.</translation>
    </message>
    <message>
      <source>{count} more warnings and remarks</source>
      <translation>{count} autres avertissements et remarques</translation>
    </message>
    <message>
      <source>No kidney was found.</source>
      <translation>Aucun rein n'a été trouvé.</translation>
    </message>
    <message>
      <source>Written: {names}.</source>
      <translation>Écrit : {names}.</translation>
    </message>
    <message>
      <source>Show fewer</source>
      <translation>En montrer moins</translation>
    </message>
  </context>
  <context>
    <name>KidneySegPanel.review</name>
    <message>
      <source>Nothing to undo on this result.</source>
      <translation>Rien à annuler sur ce résultat.</translation>
    </message>
    <message>
      <source>The table was copied.</source>
      <translation>Le tableau a été copié.</translation>
    </message>
    <message>
      <source>Locked: {names}. No new run changes it.</source>
      <translation>Verrouillé : {names}. Aucune exécution ne le change.</translation>
    </message>
    <message>
      <source>Unlocked: {names}.</source>
      <translation>Libéré : {names}.</translation>
    </message>
    <message>
      <source>These segments were changed after that step:

{list}

Go back?</source>
      <translation>Ces segments ont été modifiés après cette étape :

{list}

Revenir ?</translation>
    </message>
    <message>
      <source>Choose a segment in the list first.</source>
      <translation>Choisissez d'abord un segment dans la liste.</translation>
    </message>
    <message>
      <source>There is nothing to go back to.</source>
      <translation>Il n'y a rien à rétablir.</translation>
    </message>
    <message>
      <source>Choose a result and one of its removed parts first.</source>
      <translation>Choisissez d'abord un résultat et une de ses parties enlevées.</translation>
    </message>
    <message>
      <source>restoring</source>
      <translation>la restauration</translation>
    </message>
    <message>
      <source>restored</source>
      <translation>restauré</translation>
    </message>
    <message>
      <source>Back to before {step}.</source>
      <translation>Retour avant {step}.</translation>
    </message>
    <message>
      <source>Changed by a reader</source>
      <translation>Modifié par un lecteur</translation>
    </message>
    <message>
      <source>NOT CURRENT: {reason}</source>
      <translation>PÉRIMÉ : {reason}</translation>
    </message>
    <message>
      <source>No slice view shows '{name}'.</source>
      <translation>Aucune vue de coupe ne montre « {name} ».</translation>
    </message>
  </context>
  <context>
    <name>KidneySegPanel.runner</name>
    <message>
      <source>Starting...</source>
      <translation>Démarrage...</translation>
    </message>
    <message>
      <source>Cancel</source>
      <translation>Annuler</translation>
    </message>
    <message>
      <source>Apply</source>
      <translation>Appliquer</translation>
    </message>
    <message>
      <source>Segment the CT and measure.</source>
      <translation>Segmenter le scanner et mesurer.</translation>
    </message>
    <message>
      <source>Load a CT and choose it above.</source>
      <translation>Chargez un scanner et choisissez-le ci-dessus.</translation>
    </message>
    <message>
      <source>{stage}: {percent:.0f} %</source>
      <translation>{stage} : {percent:.0f} %</translation>
    </message>
    <message>
      <source>Canceled. The scene is as it was.</source>
      <translation>Annulé. La scène est comme avant.</translation>
    </message>
    <message>
      <source>, about {seconds:.0f} s left</source>
      <translation>, encore environ {seconds:.0f} s</translation>
    </message>
    <message>
      <source>Canceled. The numbers are as they were.</source>
      <translation>Annulé. Les chiffres sont comme avant.</translation>
    </message>
    <message>
      <source>Canceled. The segments are there, but not measured.</source>
      <translation>Annulé. Les segments sont là, mais pas mesurés.</translation>
    </message>
  </context>
  <context>
    <name>KidneySegPanel.support</name>
    <message>
      <source>Not installed. KidneySeg cannot run without these packages.</source>
      <translation>Non installé. KidneySeg ne peut pas fonctionner sans ces paquets.</translation>
    </message>
    <message>
      <source>Still missing: {names}. Restart Slicer and press Set up, or update them.</source>
      <translation>Manquent encore : {names}. Redémarrez Slicer et appuyez sur Installer, ou mettez-les à jour.</translation>
    </message>
    <message>
      <source>All Python packages that are needed are installed.</source>
      <translation>Tous les paquets Python nécessaires sont installés.</translation>
    </message>
    <message>
      <source>Folder of wheels</source>
      <translation>Dossier de wheels</translation>
    </message>
    <message>
      <source>Looking...</source>
      <translation>Recherche...</translation>
    </message>
    <message>
      <source>No answer; see Slicer's log.</source>
      <translation>Pas de réponse ; voir le journal de Slicer.</translation>
    </message>
    <message>
      <source>Copied. Paste it into your question to support.</source>
      <translation>Copié. Collez-le dans votre question à l'assistance.</translation>
    </message>
    <message>
      <source>Everything that is needed is installed.</source>
      <translation>Tout le nécessaire est installé.</translation>
    </message>
    <message>
      <source>Needed to run, not installed: {names}.</source>
      <translation>Nécessaires, non installés : {names}.</translation>
    </message>
    <message>
      <source>Optional, not installed: {names}.</source>
      <translation>Facultatifs, non installés : {names}.</translation>
    </message>
  </context>
  <context>
    <name>KidneySegPanel.texts</name>
    <message>
      <source>Checking the CT</source>
      <translation>Vérification du scanner</translation>
    </message>
    <message>
      <source>Loading the model</source>
      <translation>Chargement du modèle</translation>
    </message>
    <message>
      <source>Finding the kidneys</source>
      <translation>Recherche des reins</translation>
    </message>
    <message>
      <source>Segmenting</source>
      <translation>Segmentation</translation>
    </message>
    <message>
      <source>Looking at slices</source>
      <translation>Examen des coupes</translation>
    </message>
    <message>
      <source>Going back to the CT's grid</source>
      <translation>Retour à la grille du scanner</translation>
    </message>
    <message>
      <source>Cleaning</source>
      <translation>Nettoyage</translation>
    </message>
    <message>
      <source>Refining borders</source>
      <translation>Affinage des bords</translation>
    </message>
    <message>
      <source>Measuring</source>
      <translation>Mesure</translation>
    </message>
    <message>
      <source>Points and a box are set under 'Points and box'.</source>
      <translation>Points et boîte se placent sous « Points et boîte ».</translation>
    </message>
    <message>
      <source>Choose it under Review, 'Removed', and press 'Restore'.</source>
      <translation>Choisissez-le sous Relecture, « Enlevé », et appuyez sur « Restaurer ».</translation>
    </message>
    <message>
      <source>It stays if you do nothing; to remove it, press 'Remove lesion' and click into it.</source>
      <translation>Elle reste si vous ne faites rien ; pour l'enlever, appuyez sur « Enlever la lésion » et cliquez dedans.</translation>
    </message>
    <message>
      <source>Choose 'CPU' as device.</source>
      <translation>Choisissez « CPU » comme appareil.</translation>
    </message>
    <message>
      <source>Choose 'Standard' beside 'Tumors'.</source>
      <translation>Choisissez « Standard » à côté de « Tumeurs ».</translation>
    </message>
    <message>
      <source>The panel never replaces files: choose an empty folder.</source>
      <translation>Le panneau ne remplace jamais de fichiers : choisissez un dossier vide.</translation>
    </message>
    <message>
      <source>The segments were changed after these numbers were taken.</source>
      <translation>Les segments ont été modifiés après ces mesures.</translation>
    </message>
    <message>
      <source>The CT or the segmentation was moved after these numbers were taken: volumes and places are not right any more.</source>
      <translation>Le scanner ou la segmentation a été déplacé après ces mesures : volumes et lieux ne sont plus justes.</translation>
    </message>
    <message>
      <source>The CT's voxels were changed after these numbers were taken.</source>
      <translation>Les voxels du scanner ont été modifiés après ces mesures.</translation>
    </message>
    <message>
      <source>The CT of these numbers is no longer in the scene.</source>
      <translation>Le scanner de ces chiffres n'est plus dans la scène.</translation>
    </message>
    <message>
      <source>These numbers were taken by an earlier version of KidneySeg.</source>
      <translation>Ces chiffres viennent d'une version antérieure de KidneySeg.</translation>
    </message>
    <message>
      <source>edited</source>
      <translation>modifié</translation>
    </message>
    <message>
      <source>relabeled</source>
      <translation>requalifié</translation>
    </message>
    <message>
      <source>renamed</source>
      <translation>renommé</translation>
    </message>
    <message>
      <source>recolored</source>
      <translation>recoloré</translation>
    </message>
    <message>
      <source>deleted</source>
      <translation>supprimé</translation>
    </message>
    <message>
      <source>added</source>
      <translation>ajouté</translation>
    </message>
    <message>
      <source>locked</source>
      <translation>verrouillé</translation>
    </message>
    <message>
      <source>CT not known</source>
      <translation>scanner inconnu</translation>
    </message>
    <message>
      <source> Press Measure again.</source>
      <translation> Appuyez sur Remesurer.</translation>
    </message>
    <message>
      <source>{ct}{date}: {segmentation}</source>
      <translation>{ct}{date} : {segmentation}</translation>
    </message>
    <message>
      <source> Load the CT again and choose it to measure.</source>
      <translation> Rechargez le scanner et choisissez-le pour mesurer.</translation>
    </message>
    <message>
      <source>Margin {margin:.0f} mm: the {side} kidney loses {removed:.0f} mL</source>
      <translation>Marge {margin:.0f} mm : le rein ({side}) perd {removed:.0f} mL</translation>
    </message>
    <message>
      <source> (no share: the scan cuts a kidney).</source>
      <translation> (pas de part : l'acquisition coupe un rein).</translation>
    </message>
    <message>
      <source>{when}: {segment} {what} ({tool}), {before:.1f} to {after:.1f} mL</source>
      <translation>{when} : {segment} {what} ({tool}), {before:.1f} à {after:.1f} mL</translation>
    </message>
    <message>
      <source>{name} (removed)</source>
      <translation>{name} (enlevé)</translation>
    </message>
    <message>
      <source> and keeps {own:.0f} %</source>
      <translation> et garde {own:.0f} %</translation>
    </message>
    <message>
      <source>; {both:.0f} % of both stays.</source>
      <translation>; {both:.0f} % des deux restent.</translation>
    </message>
  </context>
  <context>
    <name>KidneySegPanel.watch</name>
    <message>
      <source>Canceled: the scene was closed.</source>
      <translation>Annulé : la scène a été fermée.</translation>
    </message>
    <message>
      <source>Canceled: the CT was removed from the scene.</source>
      <translation>Annulé : le scanner a été retiré de la scène.</translation>
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
