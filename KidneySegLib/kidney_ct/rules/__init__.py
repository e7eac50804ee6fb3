"""The rules of cleaning, in their order. A new one is a file beside these and a line here."""

from __future__ import annotations

from ...core.anatomy import Tissue
from ...models.info import Limits
from .base import Rule, own_limits
from .beside_places import BesidePlaces
from .bone import Bone, BoneLimits
from .far_from_kidney import FarFromKidney
from .foreign_mass import ForeignMass, ForeignMassLimits
from .fragment import Fragment
from .holes import Holes
from .mass_kind import MassKind
from .small_kidney import SmallKidney
from .small_lesion import SmallLesion, UncertainLesionLimits
from .uncertain_kidney import UncertainKidney, UncertainKidneyLimits
from .uncertain_part import UncertainPart, UncertainPartLimits
from .unwanted import Unwanted

__all__ = ["FROM_THE_MODEL", "Rule", "rules_for"]

FROM_THE_MODEL = {
    "bone": BoneLimits,
    "foreign-mass": ForeignMassLimits,
    "uncertain-kidney": UncertainKidneyLimits,
    "uncertain-part": UncertainPartLimits,
    "uncertain-lesion": UncertainLesionLimits,
}
"""Limits that depend on how sure a network is, by their names in ``model.json``."""


def rules_for(limits: Limits) -> list[Rule]:
    """All rules, with the limits of a model; a rule whose limits it does not bring is left out.

    Bone goes first, for a femur joined to a kidney would make it a large one. Masses foreign to the
    kidney go after what lies beside the places, since a mass may join parts of one kidney, and
    leave fragments. Kinds are settled before sizes, sizes before distances.
    """
    own = {name: own_limits(kind, limits.get(name)) for name, kind in FROM_THE_MODEL.items()}
    bone, foreign = own["bone"], own["foreign-mass"]
    kidneys, parts, lesions = (own[f"uncertain-{kind}"] for kind in ("kidney", "part", "lesion"))
    rules: list[Rule | None] = [
        Bone(bone) if bone else None,
        Fragment(),
        BesidePlaces(),
        Unwanted(),
        ForeignMass(foreign) if foreign else None,
        Fragment(),
        SmallKidney(),
        UncertainKidney(kidneys) if kidneys else None,
        MassKind(),
        SmallLesion(Tissue.TUMOR, lesions),
        SmallLesion(Tissue.CYST, lesions),
        FarFromKidney(),
        Holes(),
        UncertainPart(parts, kidneys) if parts else None,
    ]
    return [rule for rule in rules if rule is not None]
