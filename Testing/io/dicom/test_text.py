import pytest

from KidneySegLib.io.dicom.text import (
    ARTERIAL,
    EXCRETORY,
    NEPHROGRAPHIC,
    NON_CONTRAST,
    PORTAL,
    SHARP,
    SOFT,
    UNKNOWN,
    cleaned,
    kernel_class,
    phase_of,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ABD PV 5.0 B30f", "ABD PV 5.0 B30f"),
        ("Müller^Hans ABDOMEN portalvenös", "ABDOMEN portalvenös"),
        ("CT 123456789 Thorax/Abdomen KM", "CT Thorax/Abdomen KM"),
        ("renal mass protocol for Mrs. Stone", "renal mass protocol"),
        ("Abdomen 12.03.58", "Abdomen"),
        ("ABD 31-12-49 portal", "ABD portal"),
        ("MRN 123-456-789 thorax 01/02/50", "thorax"),
        ("Abd 12_03_65 portal", "Abd portal"),
        ("MRN 123 456 789", ""),
        ("", ""),
    ],
)
def test_only_known_words_are_shown(text, shown):
    assert cleaned(text) == shown


def test_the_patients_own_name_goes_even_where_it_is_a_known_word():
    assert cleaned("ABDOMEN Lung 5.0", patient="Lung^Li") == "ABDOMEN 5.0"


@pytest.mark.parametrize(
    ("text", "phase"),
    [
        ("ABD PV 5.0 B30f", PORTAL),
        ("Abdomen venös 3.0", PORTAL),
        ("nephrogram 100s", NEPHROGRAPHIC),
        ("corticomedullary", ARTERIAL),
        ("ABD arteriell", ARTERIAL),
        ("urographic 10 min", EXCRETORY),
        ("KUB w/o contrast", NON_CONTRAST),
        ("Abdomen ohne KM", NON_CONTRAST),
        ("NATIV", NON_CONTRAST),
        ("Abdomen 5.0", ""),
        ("arterial and portal", ""),
    ],
)
def test_phases_by_their_words(text, phase):
    assert phase_of(text) == phase


@pytest.mark.parametrize(
    ("kernel", "description", "kind"),
    [
        ("B30f", "", SOFT),
        ("I31f\\3", "", SOFT),
        ("Br59", "", SHARP),
        ("B70f", "ABD", SHARP),
        ("STANDARD", "", SOFT),
        ("LUNG", "", SHARP),
        ("FC08", "", SOFT),
        ("FC52", "", SHARP),
        ("", "Thorax LUNG 1.0", SHARP),
        ("", "ABD soft 3.0", SOFT),
        ("", "ABD 5.0 B30f", SOFT),
        ("", "ABD 5.0", UNKNOWN),
        ("XYZ", "", UNKNOWN),
    ],
)
def test_kernels_by_vendor_and_word(kernel, description, kind):
    assert kernel_class(kernel, description) == kind
